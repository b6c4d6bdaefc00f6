//! Tasks and their reservations.

use futures_util::future::join_all;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::base::attributes::{MAX_TASK, merge};
use crate::base::date::{self, Millis};
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::view;
use crate::base::runtime::Answer;
use crate::base::sid::{
    ChannelSid, QueueSid, ReservationSid, Sid as _, TaskSid, WorkerSid, WorkflowSid,
};
use crate::base::text::encode;
use crate::twilio::{Retry, Twilio};

/// A task: <https://www.twilio.com/docs/taskrouter/api/task>.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// `WT…`
    pub sid: TaskSid,
    /// How far it has got.
    pub assignment_status: AssignmentStatus,
    /// The unique name of its task channel: `voice`, `chat`, …
    pub task_channel_unique_name: Option<String>,
    /// The attributes, a JSON object as text; listings leave out large ones.
    attributes: Option<String>,
    /// The workflow that decides who is asked.
    pub workflow_sid: Option<WorkflowSid>,
    /// Whom it was made for, if for one worker or queue.
    pub routing_target: Option<String>,
    /// The queue that it is in, or was last.
    pub task_queue_sid: Option<QueueSid>,
    /// That queue's name.
    pub task_queue_friendly_name: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "date::optional")]
    pub date_created: Option<Millis>,
    /// The version, for `If-Match`; byte for byte as Twilio wrote it.
    #[serde(skip)]
    pub etag: Option<String>,
}

/// How far a task has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssignmentStatus {
    /// Nobody is being asked yet.
    Pending,
    /// Somebody is being asked.
    Reserved,
    /// Somebody has it.
    Assigned,
    /// Whoever had it is finishing their notes.
    Wrapping,
    /// Done.
    Completed,
    /// Over without anybody.
    Canceled,
    /// What Twilio may add one day.
    #[serde(other)]
    Unknown,
}

impl Task {
    /// Reads what Twilio answers of one task.
    #[track_caller]
    pub fn read(answer: Answer) -> Result<Self> {
        let task: Self = json::read(&answer.body)?;
        Ok(Self { etag: answer.etag, ..task })
    }

    /// The attributes as text. Those that a listing has left out are an error: nothing may
    /// be concluded from their absence.
    pub fn attributes(&self) -> Result<&str> {
        self.attributes.as_deref().ok_or_else(|| Error::unreadable("attributes"))
    }

    /// The attributes as a view. Those that a listing has left out are an error.
    pub fn view<T: DeserializeOwned + Default>(&self) -> Result<T> {
        self.attributes().map(view)
    }

    /// Somebody is being asked, or has it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_waiting() || self.assignment_status == AssignmentStatus::Assigned
    }

    /// It is over: nobody has it, and nobody will.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.assignment_status, AssignmentStatus::Completed | AssignmentStatus::Canceled)
    }

    /// Whether it was made for this worker alone, in this workflow. Nobody can change that
    /// afterwards.
    #[must_use]
    pub fn is_for(&self, worker: &WorkerSid, workflow: &WorkflowSid) -> bool {
        self.routing_target.as_deref() == Some(worker.as_str())
            && self.workflow_sid.as_ref() == Some(workflow)
    }

    /// Somebody may still be asked to take it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.assignment_status, AssignmentStatus::Pending | AssignmentStatus::Reserved)
    }
}

/// A reservation: <https://www.twilio.com/docs/taskrouter/api/reservations>.
#[derive(Clone, Debug, Deserialize)]
pub struct Reservation {
    /// `WR…`
    pub sid: ReservationSid,
    /// What became of it.
    pub reservation_status: ReservationStatus,
    /// The task.
    pub task_sid: TaskSid,
    /// Whose it is.
    pub worker_sid: Option<WorkerSid>,
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReservationStatus {
    /// The worker is being asked.
    Pending,
    /// The worker has the task.
    Accepted,
    /// The worker declined.
    Rejected,
    /// The worker did not answer.
    Timeout,
    /// The task was canceled.
    Canceled,
    /// Another worker was faster.
    Rescinded,
    /// The worker is finishing their notes.
    Wrapping,
    /// The worker is done.
    Completed,
    /// What Twilio may add one day.
    #[serde(other)]
    Unknown,
}

impl Twilio<'_> {
    /// FetchTask.
    pub async fn task(self, sid: &TaskSid) -> Result<Task> {
        let url = self.workspace_url(format_args!("Tasks/{sid}"))?;
        Task::read(self.get(url).await?)
    }

    /// FetchTask, if a listing has left the attributes out: nothing may be concluded from their
    /// absence. A task that is gone meanwhile is `None`.
    pub async fn whole(self, listed: Task) -> Result<Option<Task>> {
        if listed.attributes.is_some() {
            return Ok(Some(listed));
        }
        unless_gone(self.task(&listed.sid).await)
    }

    /// FetchTask: whether somebody is being asked to take it, or has it.
    pub async fn is_open(self, sid: &TaskSid) -> Result<bool> {
        Ok(unless_gone(self.task(sid).await)?.is_some_and(|task| task.is_open()))
    }

    /// FetchTask, of several at the same time. One that is gone is `None`.
    pub async fn tasks<'s>(
        self,
        sids: impl IntoIterator<Item = &'s TaskSid>,
    ) -> Vec<Result<Option<Task>>> {
        let found = sids.into_iter().map(async |sid| unless_gone(self.task(sid).await));
        join_all(found).await
    }

    /// ListTask by an expression over the attributes. Twilio allows three of these a second.
    pub async fn tasks_where(self, expression: &str) -> Result<Vec<Task>> {
        let query = format!("EvaluateTaskAttributes={}&PageSize=50", encode(expression));
        let url = self.workspace_url(format_args!("Tasks?{query}"))?;
        self.list(url, "tasks", 2).await
    }

    /// ListTask: those of a chat, as far as Twilio still has them.
    pub async fn tasks_of_channel(self, channel: &ChannelSid) -> Result<Vec<Task>> {
        self.tasks_where(&format!("flexInteractionChannelSid == \"{channel}\"")).await
    }

    /// ListTask: those that were made for this worker in this workflow, by an expression over
    /// the attributes.
    pub async fn tasks_for(
        self,
        worker: &WorkerSid,
        workflow: &WorkflowSid,
        expression: &str,
    ) -> Result<Vec<Task>> {
        let query = format!(
            "EvaluateTaskAttributes={}&RoutingTarget={worker}&WorkflowSid={workflow}&PageSize=50",
            encode(expression)
        );
        self.list(self.workspace_url(format_args!("Tasks?{query}"))?, "tasks", 2).await
    }

    /// CreateTask.
    pub async fn create_task(self, fields: &[(&str, &str)]) -> Result<Task> {
        let url = self.workspace_url("Tasks")?;
        Task::read(self.create(url, fields).await?)
    }

    /// UpdateTask: another assignment status, with the reason for it.
    pub async fn set_task_status(self, sid: &TaskSid, status: &str, reason: &str) -> Result<Task> {
        let url = self.workspace_url(format_args!("Tasks/{sid}"))?;
        Task::read(self.post(url, &[("AssignmentStatus", status), ("Reason", reason)]).await?)
    }

    /// Ends a task that is open: who was being asked is no longer asked, who has it wraps
    /// up. Answers the task as it is then; a task that is gone is fine.
    pub async fn close_task(self, mut found: Task, reason: &str) -> Result<Option<Task>> {
        // It may be accepted or canceled while we look: once more, on fresh data.
        for _ in 0..3 {
            let status = match found.assignment_status {
                AssignmentStatus::Pending | AssignmentStatus::Reserved => "canceled",
                AssignmentStatus::Assigned => "wrapping",
                _ => return Ok(Some(found)),
            };
            match self.set_task_status(&found.sid, status, reason).await {
                Err(error) if error.is_wrong_state() || error.is_stale() => {
                    match unless_gone(self.task(&found.sid).await)? {
                        Some(task) => found = task,
                        None => return Ok(None),
                    }
                }
                answer => return unless_gone(answer),
            }
        }
        Err(Error::Busy.into())
    }

    /// Merges `update` into the attributes of a task that was just read
    /// ([`crate::base::attributes::merge`]). Others' writes are never lost: a stale write is
    /// repeated on fresh data. Answers what Twilio says: the task ([`Task::read`]) as it is then.
    pub async fn merge_task_attributes(self, mut found: Task, update: &str) -> Result<Answer> {
        for _ in 0..5 {
            let merged = merge(found.attributes()?, update)?;
            if merged.len() > MAX_TASK {
                return Err(Error::bad(
                    "attributesUpdate",
                    "makes the attributes longer than 4 KB",
                ));
            }
            let url = self.workspace_url(format_args!("Tasks/{}", found.sid))?;
            let mut call = self.call("POST", url, &[("Attributes", &merged)]);
            call.if_match = found.etag.take();
            match self.send(call, Retry::Safe).await {
                Err(error) if error.is_stale() => found = self.task(&found.sid).await?,
                answer => return answer,
            }
        }
        Err(Error::Busy.into())
    }

    /// ListTaskReservation: those of one worker.
    pub async fn task_reservations(
        self,
        task: &TaskSid,
        worker: &WorkerSid,
    ) -> Result<Vec<Reservation>> {
        let query = format!("WorkerSid={worker}&PageSize=50");
        let url = self.workspace_url(format_args!("Tasks/{task}/Reservations?{query}"))?;
        self.list(url, "reservations", 2).await
    }

    /// ListTaskReservation: whether anybody has accepted a task and not let it go yet.
    pub async fn is_accepted(self, task: &TaskSid) -> Result<bool> {
        let query = "ReservationStatus=accepted&PageSize=50";
        let url = self.workspace_url(format_args!("Tasks/{task}/Reservations?{query}"))?;
        let accepted = unless_gone(self.list::<Reservation>(url, "reservations", 1).await)?;
        Ok(accepted.is_some_and(|accepted| !accepted.is_empty()))
    }

    /// ListWorkerReservation.
    pub async fn worker_reservations(self, worker: &WorkerSid) -> Result<Vec<Reservation>> {
        let url =
            self.workspace_url(format_args!("Workers/{worker}/Reservations?PageSize=1000"))?;
        self.list(url, "reservations", 2).await
    }
}
