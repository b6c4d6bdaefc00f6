//! Workers, their channels, and queues.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::base::attributes::overwrite;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::members::{Members, view};
use crate::base::sid::{QueueSid, WorkerChannelSid, WorkerSid};
use crate::base::text::encode;
use crate::twilio::{Page, Retry, Twilio};

/// A worker: <https://www.twilio.com/docs/taskrouter/api/worker>.
#[derive(Clone, Debug, Deserialize)]
pub struct Worker {
    /// `WK…`
    pub sid: WorkerSid,
    /// The login name.
    pub friendly_name: Option<String>,
    /// The attributes, a JSON object as text; a worker may have none.
    pub attributes: Option<String>,
    /// The name of the activity.
    pub activity_name: Option<String>,
    /// Whether that activity is one in which work is offered.
    pub available: Option<bool>,
    /// The version, for `If-Match`.
    #[serde(skip)]
    etag: Option<String>,
}

impl Worker {
    /// The attributes as a view.
    #[must_use]
    pub fn view<T: DeserializeOwned + Default>(&self) -> T {
        view(self.attributes.as_deref().unwrap_or_default())
    }
}

/// A worker's channel: <https://www.twilio.com/docs/taskrouter/api/worker-channel>.
#[derive(Clone, Debug, Deserialize)]
pub struct WorkerChannel {
    /// The unique name of its task channel: `voice`, `chat`, …
    pub task_channel_unique_name: String,
    /// Whether tasks of this channel are offered.
    pub available: bool,
    /// How much of its capacity is free.
    pub available_capacity_percentage: u32,
}

/// A queue: <https://www.twilio.com/docs/taskrouter/api/task-queue>.
#[derive(Clone, Debug, Deserialize)]
pub struct Queue {
    /// `WQ…`
    pub sid: QueueSid,
    /// The name.
    pub friendly_name: Option<String>,
    /// The expression that says who works for it.
    pub target_workers: Option<String>,
}

impl Twilio<'_> {
    /// ListTaskQueue: all of them.
    pub async fn queues(self) -> Result<Vec<Queue>> {
        let url = self.workspace_url("TaskQueues?PageSize=1000")?;
        self.list(url, "task_queues", 5).await
    }

    /// ListWorkerChannel, each as Twilio has it.
    pub async fn worker_channels(self, worker: &WorkerSid) -> Result<Vec<Box<RawValue>>> {
        let url = self.workspace_url(format_args!("Workers/{worker}/Channels?PageSize=1000"))?;
        self.list_as_it_is(url, "channels", 1).await
    }

    /// ListWorkerChannel.
    pub async fn channels_of(self, worker: &WorkerSid) -> Result<Vec<WorkerChannel>> {
        let url = self.workspace_url(format_args!("Workers/{worker}/Channels?PageSize=1000"))?;
        self.list(url, "channels", 1).await
    }

    /// UpdateWorkerChannel; answers the channel as Twilio has it.
    pub async fn update_worker_channel(
        self,
        worker: &WorkerSid,
        channel: &WorkerChannelSid,
        fields: &[(&str, &str)],
    ) -> Result<Box<RawValue>> {
        let url = self.workspace_url(format_args!("Workers/{worker}/Channels/{channel}"))?;
        json::read(&self.post(url, fields).await?.body)
    }

    /// FetchWorker.
    pub async fn worker(self, sid: &WorkerSid) -> Result<Worker> {
        let answer = self.get(self.workspace_url(format_args!("Workers/{sid}"))?).await?;
        Ok(Worker { etag: answer.etag, ..json::read(&answer.body)? })
    }

    /// Puts the members of `update` over a worker's attributes
    /// ([`crate::base::attributes::overwrite`]); answers the worker as Twilio has it. A stale
    /// write is repeated on fresh data. What is no JSON object cannot be put together with
    /// anything: `409`.
    pub async fn overwrite_worker_attributes(
        self,
        worker: &WorkerSid,
        update: &str,
    ) -> Result<Box<RawValue>> {
        for _ in 0..5 {
            let found = self.worker(worker).await?;
            let current = found.attributes.as_deref().unwrap_or_default();
            if Members::parse_attributes(current).is_none() {
                let message = "The worker's attributes are no JSON object, and stay as they are.";
                return Err(Error::refused(409, message));
            }
            let attributes = overwrite(current, update)?;
            let url = self.workspace_url(format_args!("Workers/{worker}"))?;
            let mut call = self.call("POST", url, &[("Attributes", &attributes)]);
            call.if_match = found.etag;
            match self.send(call, Retry::Safe).await {
                Err(error) if error.is_stale() => {}
                answer => return json::read(&answer?.body),
            }
        }
        Err(Error::Busy.into())
    }

    /// ListWorker: a page of all workers, each as Twilio has it; without a URL the first one.
    pub async fn workers_page(self, url: Option<String>) -> Result<Page> {
        let first = self.workspace_url("Workers?PageSize=500")?;
        self.page(url.unwrap_or(first), "workers").await
    }

    /// ListWorker by contact URI, which must have no quote or backslash. Twilio allows three
    /// of these a second.
    pub async fn workers_at(self, contact_uri: &str) -> Result<Vec<Worker>> {
        let expression = encode(&format!("contact_uri == \"{contact_uri}\""));
        let query = format!("TargetWorkersExpression={expression}&PageSize=50");
        self.list(self.workspace_url(format_args!("Workers?{query}"))?, "workers", 1).await
    }
}
