//! TaskRouter: <https://www.twilio.com/docs/taskrouter/api>.

use super::{Api, Page, Repeat, Twilio, object, read_all, unexpected, unless_gone};
use crate::attributes;
use crate::date;
use crate::error::{Error, Result, Settle as _, Settled};
use crate::json;
use crate::params::encode;
use crate::runtime::{Answer, Call};
use crate::sid::Sid;

/// A task: <https://www.twilio.com/docs/taskrouter/api/task>.
#[derive(Clone, Debug)]
pub struct Task {
    /// `WT…`
    pub sid: Sid,
    /// `pending`, `reserved`, `assigned`, `wrapping`, `completed` or `canceled`.
    pub assignment_status: String,
    /// The unique name of its task channel: `voice`, `chat`, …
    pub channel: String,
    /// The attributes, a JSON object as text.
    pub attributes: String,
    /// Whom it was made for, if for one worker or queue.
    pub routing_target: String,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<u64>,
    /// The version, for `If-Match`; byte for byte as Twilio wrote it.
    pub etag: Option<String>,
}

impl Task {
    /// Reads a task; the boxed one is cheap to hand on.
    pub fn read(text: &str, etag: Option<String>) -> Result<Box<Self>> {
        let task = object(text)?;
        Ok(Box::new(Self {
            sid: Sid::member(&task, "sid", "WT").ok_or_else(unexpected)?,
            assignment_status: task.text_or_empty("assignment_status"),
            channel: task.text_or_empty("task_channel_unique_name"),
            attributes: task.text("attributes").unwrap_or_else(|| "{}".to_owned()),
            routing_target: task.text_or_empty("routing_target"),
            created: task.text("date_created").and_then(|date| date::from_iso(&date)),
            etag,
        }))
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

    /// The SID at the end of a path of attributes.
    #[must_use]
    pub fn sid(&self, prefix: &str, path: &[&str]) -> Option<Sid> {
        Sid::parse(prefix, &self.text(path)?)
    }

    /// The text at the end of a path of attributes.
    #[must_use]
    pub fn text(&self, path: &[&str]) -> Option<String> {
        json::at(&self.attributes, path).filter(|text| !text.is_empty())
    }
}

/// What became of a task that was asked for; one that is gone is `None`.
pub type Found = (Sid, Settled<Option<Box<Task>>>);

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
    /// The worker is being asked, or has the task.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.status.as_str(), "pending" | "accepted" | "wrapping")
    }
}

impl Twilio<'_> {
    fn as_task(self, call: Call, repeat: Repeat) -> Result<Box<Task>> {
        let answer = self.send(call, repeat)?;
        Task::read(&answer.body, answer.etag)
    }

    /// FetchTask.
    pub fn task(self, sid: &Sid) -> Result<Box<Task>> {
        self.as_task(self.call("GET", Api::Workspace, &["Tasks/", sid.as_str()], &[]), Repeat::Safe)
    }

    /// FetchTask: whether somebody is being asked to take it, or has it.
    pub fn is_open(self, sid: &Sid) -> Result<bool> {
        Ok(unless_gone(self.task(sid))?.is_some_and(|task| task.is_open()))
    }

    /// FetchTask, of several at the same time.
    pub fn tasks(self, sids: &[Sid]) -> Result<Vec<Found>> {
        let mut asked = Vec::with_capacity(sids.len());
        for sid in sids {
            asked.push((sid, unless_gone(self.task(sid))));
        }
        let mut found = Vec::with_capacity(sids.len());
        for (sid, task) in asked {
            found.push((sid.clone(), task.settled()?));
        }
        Ok(found)
    }

    /// ListTask by an expression over the attributes. Twilio allows three of these a second.
    pub fn tasks_where(self, expression: &str) -> Result<Vec<Box<Task>>> {
        let path = &["Tasks?EvaluateTaskAttributes=", &encode(expression), "&PageSize=50"];
        let tasks = self.list(Api::Workspace, path, "tasks", 2)?;
        read_all(&tasks, |task| Task::read(task, None))
    }

    /// CreateTask.
    pub fn create_task(self, fields: &[(&str, &str)]) -> Result<Box<Task>> {
        self.as_task(self.call("POST", Api::Workspace, &["Tasks"], fields), Repeat::Creates)
    }

    /// UpdateTask: another assignment status, with the reason for it.
    pub fn set_task_status(self, sid: &Sid, status: &str, reason: &str) -> Result<Box<Task>> {
        let fields = [("AssignmentStatus", status), ("Reason", reason)];
        self.as_task(
            self.call("POST", Api::Workspace, &["Tasks/", sid.as_str()], &fields),
            Repeat::Safe,
        )
    }

    /// Ends a task that is open: who was being asked is no longer asked, who has it wraps
    /// up. Answers the task as it is then; a task that is gone is fine.
    pub fn close_task(self, mut found: Box<Task>, reason: &str) -> Result<Option<Box<Task>>> {
        // It may be accepted or canceled while we look: once more, on fresh data.
        for _ in 0..3 {
            let status = match found.assignment_status.as_str() {
                "pending" | "reserved" => "canceled",
                "assigned" => "wrapping",
                _ => return Ok(Some(found)),
            };
            match self.set_task_status(&found.sid, status, reason).settled()? {
                Err(error) if error.is_wrong_state() || error.is_stale() => {
                    match unless_gone(self.task(&found.sid))? {
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
    /// ([`attributes::merge`]). Others' writes are never lost: a stale write is repeated on
    /// fresh data. Answers the task as Twilio has it then.
    pub fn merge_task_attributes(self, mut found: Box<Task>, update: &str) -> Result<Answer> {
        for _ in 0..5 {
            let merged = attributes::merge(&found.attributes, update)?;
            let mut call = self.call(
                "POST",
                Api::Workspace,
                &["Tasks/", found.sid.as_str()],
                &[("Attributes", &merged)],
            );
            call.if_match = found.etag.as_deref();
            match self.send(call, Repeat::Safe).settled()? {
                Err(error) if error.is_stale() => found = self.task(&found.sid)?,
                answer => return Ok(answer?),
            }
        }
        Err(Error::Busy.into())
    }

    /// ListTaskQueue: all of them, each as Twilio has it.
    pub fn queues(self) -> Result<Vec<String>> {
        self.list(Api::Workspace, &["TaskQueues?PageSize=1000"], "task_queues", 5)
    }

    /// ListWorkerChannel.
    pub fn worker_channels(self, worker: &Sid) -> Result<Vec<String>> {
        let path = &["Workers/", worker.as_str(), "/Channels?PageSize=1000"];
        self.list(Api::Workspace, path, "channels", 1)
    }

    /// UpdateWorkerChannel; answers the channel as Twilio has it.
    pub fn update_worker_channel(
        self,
        worker: &Sid,
        channel: &Sid,
        fields: &[(&str, &str)],
    ) -> Result<Answer> {
        let parts = ["Workers/", worker.as_str(), "/Channels/", channel.as_str()];
        self.post(Api::Workspace, &parts, fields)
    }

    /// Puts the members of `update` over a worker's attributes ([`attributes::overwrite`]);
    /// answers the worker as Twilio has it. A stale write is repeated on fresh data.
    pub fn overwrite_worker_attributes(self, worker: &Sid, update: &str) -> Result<Answer> {
        for _ in 0..5 {
            let found = self.worker(worker)?;
            let current = json::at(&found.body, &["attributes"]).unwrap_or_default();
            let attributes = attributes::overwrite(&current, update)?;
            let path = &["Workers/", worker.as_str()];
            let mut call = self.call("POST", Api::Workspace, path, &[("Attributes", &attributes)]);
            call.if_match = found.etag.as_deref();
            match self.send(call, Repeat::Safe).settled()? {
                Err(error) if error.is_stale() => {}
                answer => return Ok(answer?),
            }
        }
        Err(Error::Busy.into())
    }

    /// FetchWorker: the worker as Twilio has it.
    fn worker(self, sid: &Sid) -> Result<Answer> {
        self.get(Api::Workspace, &["Workers/", sid.as_str()])
    }

    /// FetchWorker: the worker's attributes.
    pub fn worker_attributes(self, sid: &Sid) -> Result<String> {
        Ok(object(&self.worker(sid)?.body)?.text_or_empty("attributes"))
    }

    /// ListWorker: a page of all workers.
    pub fn workers_page(self, path: Option<String>) -> Result<Page> {
        let path = path.as_deref().unwrap_or("Workers?PageSize=500");
        self.page(Api::Workspace, &[path], "workers")
    }

    /// ListWorker by contact URI, which must have no quote or backslash. Twilio allows three
    /// of these a second.
    pub fn workers_at(self, contact: &str) -> Result<Answer> {
        let expression = encode(&["contact_uri == \"", contact, "\""].concat());
        self.get(Api::Workspace, &["Workers?TargetWorkersExpression=", &expression, "&PageSize=50"])
    }

    /// Whether a worker is being asked to take a task, or has it. One that is gone nobody has.
    pub fn has_task(self, worker: &Sid, task: &Sid) -> Result<bool> {
        let reservations = unless_gone(self.task_reservations(task, worker))?;
        Ok(reservations.is_some_and(|all| all.iter().any(Reservation::is_live)))
    }

    /// ListTaskReservation: those of one worker.
    pub fn task_reservations(self, task: &Sid, worker: &Sid) -> Result<Vec<Reservation>> {
        let parts =
            ["Tasks/", task.as_str(), "/Reservations?WorkerSid=", worker.as_str(), "&PageSize=50"];
        self.reservations(&parts)
    }

    /// ListWorkerReservation.
    pub fn worker_reservations(self, worker: &Sid) -> Result<Vec<Reservation>> {
        self.reservations(&["Workers/", worker.as_str(), "/Reservations?PageSize=1000"])
    }

    fn reservations(self, path: &[&str]) -> Result<Vec<Reservation>> {
        let reservations = self.list(Api::Workspace, path, "reservations", 2)?;
        read_all(&reservations, |text| {
            let reservation = object(text)?;
            Ok(Reservation {
                status: reservation.text_or_empty("reservation_status"),
                task: reservation.text_or_empty("task_sid"),
            })
        })
    }
}
