//! TaskRouter: <https://www.twilio.com/docs/taskrouter/api>.

use super::{Repeat, Twilio, object, unexpected};
use crate::attributes;
use crate::error::{Error, Result};
use crate::json;
use crate::params::encode;
use crate::runtime::Answer;
use crate::sid::Sid;

const PRODUCT: &str = "taskrouter";

/// A task: <https://www.twilio.com/docs/taskrouter/api/task>.
#[derive(Clone, Debug)]
pub struct Task {
    /// `WT…`
    pub sid: Sid,
    /// `pending`, `reserved`, `assigned`, `wrapping`, `completed` or `canceled`.
    pub assignment_status: String,
    /// The attributes, a JSON object as text.
    pub attributes: String,
    /// The version, for `If-Match`; byte for byte as Twilio wrote it.
    pub etag: Option<String>,
}

impl Task {
    fn read(text: &str, etag: Option<String>) -> Result<Self> {
        let task = object(text)?;
        Ok(Self {
            sid: task.text("sid").and_then(|sid| Sid::parse("WT", &sid)).ok_or_else(unexpected)?,
            assignment_status: task.text("assignment_status").unwrap_or_default(),
            attributes: task.text("attributes").unwrap_or_else(|| "{}".to_owned()),
            etag,
        })
    }

    /// Somebody is being asked, or has it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_waiting() || self.assignment_status == "assigned"
    }

    /// Somebody may still be asked to take it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.assignment_status.as_str(), "pending" | "reserved")
    }

    /// The text at the end of a path of attributes.
    #[must_use]
    pub fn text(&self, path: &[&str]) -> Option<String> {
        json::at(&self.attributes, path).filter(|text| !text.is_empty())
    }
}

/// A worker: <https://www.twilio.com/docs/taskrouter/api/worker>.
#[derive(Clone, Debug)]
pub struct Worker {
    /// The attributes, a JSON object as text.
    pub attributes: String,
}

/// A reservation: <https://www.twilio.com/docs/taskrouter/api/reservations>.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// `pending`, `accepted`, `rejected`, `timeout`, `canceled`, `rescinded`, `wrapping` or
    /// `completed`.
    pub status: String,
    /// `WT…`
    pub task: String,
}

impl Reservation {
    fn read(text: &String) -> Result<Self> {
        let reservation = object(text)?;
        Ok(Self {
            status: reservation.text("reservation_status").unwrap_or_default(),
            task: reservation.text("task_sid").unwrap_or_default(),
        })
    }

    /// The worker is being asked, or has the task.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.status.as_str(), "pending" | "accepted" | "wrapping")
    }
}

impl Twilio<'_> {
    /// The path of something in the workspace.
    fn workspace_path(&self, rest: &str) -> Result<String> {
        Ok(format!("/v1/Workspaces/{}/{rest}", self.0.app.config.workspace()?))
    }

    fn task_path(&self, sid: &Sid) -> Result<String> {
        self.workspace_path(&format!("Tasks/{sid}"))
    }

    /// FetchTask.
    pub async fn task(&self, sid: &Sid) -> Result<Task> {
        task(self.get(PRODUCT, &self.task_path(sid)?).await?)
    }

    /// ListTask by an expression over the attributes. Twilio allows three of these a second.
    pub async fn tasks_where(&self, expression: &str) -> Result<Vec<Task>> {
        let query = format!("Tasks?EvaluateTaskAttributes={}&PageSize=50", encode(expression));
        let path = self.workspace_path(&query)?;
        let tasks = self.list(PRODUCT, &path, "tasks", 2).await?;
        tasks.iter().map(|task| Task::read(task, None)).collect()
    }

    /// CreateTask.
    pub async fn create_task(&self, fields: &[(&str, &str)]) -> Result<Task> {
        task(self.create(PRODUCT, &self.workspace_path("Tasks")?, fields).await?)
    }

    /// UpdateTask: another assignment status, with the reason for it.
    pub async fn set_task_status(&self, sid: &Sid, status: &str, reason: &str) -> Result<Task> {
        let fields = [("AssignmentStatus", status), ("Reason", reason)];
        task(self.post(PRODUCT, &self.task_path(sid)?, &fields).await?)
    }

    /// Ends a task that is open: who was being asked is no longer asked, who has it wraps
    /// up. Answers the task as it is then; a task that is gone is fine.
    pub async fn close_task(&self, mut found: Task, reason: &str) -> Result<Option<Task>> {
        // It may be accepted or canceled while we look: once more, on fresh data.
        for _ in 0..3 {
            let status = match found.assignment_status.as_str() {
                "pending" | "reserved" => "canceled",
                "assigned" => "wrapping",
                _ => return Ok(Some(found)),
            };
            match self.set_task_status(&found.sid, status, reason).await {
                Ok(task) => return Ok(Some(task)),
                Err(error) if error.is_gone() => return Ok(None),
                Err(error) if error.is_wrong_state() || error.is_stale() => match self.task(&found.sid).await {
                    Ok(task) => found = task,
                    Err(error) if error.is_gone() => return Ok(None),
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Merges `update` into the attributes of a task that was just read
    /// ([`attributes::merge`]). Others' writes are never lost: a stale write is repeated on
    /// fresh data.
    pub async fn merge_task_attributes(&self, mut found: Task, update: &str) -> Result<Task> {
        let path = self.task_path(&found.sid)?;
        for _ in 0..5 {
            let merged = attributes::merge(&found.attributes, update)?;
            let mut call = self.call("POST", PRODUCT, &path, &[("Attributes", &merged)]);
            call.if_match.clone_from(&found.etag);
            match self.send(call, Repeat::Safe).await {
                Err(error) if error.is_stale() => found = self.task(&found.sid).await?,
                answer => return task(answer?),
            }
        }
        Err(Error::Busy)
    }

    /// FetchWorker.
    pub async fn worker(&self, sid: &Sid) -> Result<Worker> {
        let answer = self.get(PRODUCT, &self.workspace_path(&format!("Workers/{sid}"))?).await?;
        let attributes = object(&answer.body)?.text("attributes");
        Ok(Worker { attributes: attributes.unwrap_or_else(|| "{}".to_owned()) })
    }

    /// ListTaskReservation: those of one worker.
    pub async fn task_reservations(&self, task: &Sid, worker: &Sid) -> Result<Vec<Reservation>> {
        let query = format!("Tasks/{task}/Reservations?WorkerSid={worker}&PageSize=50");
        let list = self.list(PRODUCT, &self.workspace_path(&query)?, "reservations", 1).await?;
        list.iter().map(Reservation::read).collect()
    }

    /// ListWorkerReservation.
    pub async fn worker_reservations(&self, worker: &Sid) -> Result<Vec<Reservation>> {
        let query = format!("Workers/{worker}/Reservations?PageSize=1000");
        let list = self.list(PRODUCT, &self.workspace_path(&query)?, "reservations", 2).await?;
        list.iter().map(Reservation::read).collect()
    }
}

fn task(answer: Answer) -> Result<Task> {
    Task::read(&answer.body, answer.etag)
}
