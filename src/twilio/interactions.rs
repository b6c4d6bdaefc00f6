//! Flex Interactions: <https://www.twilio.com/docs/flex/developer/conversations/interactions-api>.

mod routing;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use routing::Routing;

use super::Twilio;
use super::taskrouter::AssignmentStatus;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::view;
use crate::base::sid::{
    ChannelSid, ConversationSid, InteractionSid, InviteSid, ParticipantSid, TaskSid, WorkerSid,
};

/// An interaction that has been accepted; whether its channel comes up shows later.
#[derive(Clone, Debug, Deserialize)]
pub struct Interaction {
    /// `KD…`
    pub sid: InteractionSid,
    channel: InteractionChannel,
}

#[derive(Clone, Debug, Deserialize)]
struct InteractionChannel {
    sid: ChannelSid,
}

impl Interaction {
    /// Its channel.
    #[must_use]
    pub fn into_channel(self) -> Channel {
        Channel { interaction: self.sid, sid: self.channel.sid }
    }
}

/// By what a customer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// Short messages.
    Sms,
    /// WhatsApp.
    Whatsapp,
    /// Facebook Messenger.
    Messenger,
    /// Google's Business Messages.
    Gbm,
    /// A page in the web.
    Web,
    /// Something else that chats.
    Chat,
}

/// The channel of an interaction that a customer begins.
#[derive(Serialize)]
struct NewChannel<'a> {
    r#type: Medium,
    initiated_by: &'static str,
    properties: NewChannelProperties<'a>,
}

#[derive(Serialize)]
struct NewChannelProperties<'a> {
    media_channel_sid: &'a ConversationSid,
}

/// A channel of an interaction: both SIDs name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// `KD…`
    pub interaction: InteractionSid,
    /// `UO…`
    pub sid: ChannelSid,
}

/// A channel as Twilio has it.
#[derive(Clone, Debug, Deserialize)]
pub struct ChannelResource {
    /// Whether it is going on.
    pub status: ChannelStatus,
    r#type: Option<String>,
    /// Why it could not be made: <https://www.twilio.com/docs/api/errors>.
    pub error_code: Option<u64>,
}

impl ChannelResource {
    /// The unique name of the task channel that is usual for it.
    #[must_use]
    pub fn task_channel(&self) -> &'static str {
        if self.r#type.as_deref() == Some("sms") { "sms" } else { "chat" }
    }
}

/// Whether a channel is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelStatus {
    /// It is being made.
    Setup,
    /// It is going on.
    Active,
    /// It could not be made.
    Failed,
    /// It rests.
    Inactive,
    /// It is over.
    Closed,
    /// It is being handed over.
    Transferring,
    /// What Twilio may add one day.
    #[serde(other)]
    Unknown,
}

/// A participant of a channel.
#[derive(Clone, Debug, Deserialize)]
pub struct Participant {
    /// `UT…`
    pub sid: ParticipantSid,
    /// What they are in it.
    #[serde(rename = "type")]
    pub kind: ParticipantKind,
    routing_properties: Option<RoutingProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RoutingProperties {
    worker_sid: Option<WorkerSid>,
    task_sid: Option<TaskSid>,
}

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParticipantKind {
    /// Somebody who listens or helps.
    Supervisor,
    /// The customer.
    Customer,
    /// Somebody from outside.
    External,
    /// An agent.
    Agent,
    /// Twilio does not say, or says something new.
    #[serde(other)]
    Unknown,
}

impl Participant {
    /// The agent or supervisor.
    #[must_use]
    pub fn worker(&self) -> Option<&WorkerSid> {
        self.routing_properties.as_ref()?.worker_sid.as_ref()
    }

    /// The task that brought them in.
    #[must_use]
    pub fn task(&self) -> Option<&TaskSid> {
        self.routing_properties.as_ref()?.task_sid.as_ref()
    }

    /// Talks to the customer for us. A supervisor who only listens does not.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.kind == ParticipantKind::Agent
            || (self.kind == ParticipantKind::Unknown && self.worker().is_some())
    }
}

/// An invite to a channel.
#[derive(Clone, Debug, Deserialize)]
pub struct Invite {
    /// `KG…`
    pub sid: InviteSid,
    routing: Option<InviteRouting>,
}

#[derive(Clone, Debug, Deserialize)]
struct InviteRouting {
    properties: Option<InviteTask>,
}

#[derive(Clone, Debug, Deserialize)]
struct InviteTask {
    sid: Option<TaskSid>,
    assignment_status: Option<AssignmentStatus>,
    attributes: Option<Box<RawValue>>,
    /// Seconds since 1970.
    date_created: Option<Box<RawValue>>,
}

impl Invite {
    fn properties(&self) -> Option<&InviteTask> {
        self.routing.as_ref()?.properties.as_ref()
    }

    /// The task that it made.
    #[must_use]
    pub fn task(&self) -> Option<&TaskSid> {
        self.properties()?.sid.as_ref()
    }

    /// Whether Twilio says that its task is over. When it does not, the task may be over
    /// nevertheless.
    #[must_use]
    pub fn is_over(&self) -> bool {
        use AssignmentStatus::{Canceled, Completed, Wrapping};
        let status = self.properties().and_then(|task| task.assignment_status);
        matches!(status, Some(Canceled | Completed | Wrapping))
    }

    /// That task's attributes when it was made, as a view. Twilio has them as an object, and
    /// as an object's text; nothing when a listing leaves them out.
    #[must_use]
    pub fn view<T: DeserializeOwned + Default>(&self) -> Option<T> {
        let attributes = self.properties()?.attributes.as_deref()?;
        if attributes.get() == "null" {
            return None;
        }
        Some(match serde_json::from_str::<String>(attributes.get()) {
            Ok(text) => view(&text),
            Err(_) => view(attributes.get()),
        })
    }

    /// When its task was made, as far as Twilio says so.
    fn created(&self) -> Option<u64> {
        serde_json::from_str(self.properties()?.date_created.as_deref()?.get()).ok()
    }
}

impl Twilio<'_> {
    fn channel_url(self, channel: &Channel, rest: &str) -> String {
        let Channel { interaction, sid } = channel;
        self.url("flex-api", format_args!("/v1/Interactions/{interaction}/Channels/{sid}{rest}"))
    }

    /// CreateInteraction: a customer has written in this conversation. Each time makes a new
    /// one, and a task.
    pub async fn create_interaction(
        self,
        medium: Medium,
        conversation: &ConversationSid,
        routing: &str,
    ) -> Result<Interaction> {
        let channel = json::write(&NewChannel {
            r#type: medium,
            initiated_by: "customer",
            properties: NewChannelProperties { media_channel_sid: conversation },
        });
        let url = self.url("flex-api", "/v1/Interactions");
        let fields = [("Channel", channel.as_str()), ("Routing", routing)];
        json::read(&self.create(url, &fields).await?.body)
    }

    /// FetchInteractionChannel.
    pub async fn channel(self, channel: &Channel) -> Result<ChannelResource> {
        json::read(&self.get(self.channel_url(channel, "")).await?.body)
    }

    /// ListInteractionChannelParticipant.
    pub async fn channel_participants(self, channel: &Channel) -> Result<Vec<Participant>> {
        let url = self.channel_url(channel, "/Participants?PageSize=100");
        self.list(url, "participants", 2).await
    }

    /// ListInteractionChannelInvite, the newest first. Twilio lists the oldest first, and
    /// promises no order.
    pub async fn channel_invites(self, channel: &Channel) -> Result<Vec<Invite>> {
        let url = self.channel_url(channel, "/Invites?PageSize=50");
        let mut invites: Vec<Invite> = self.list(url, "invites", 10).await?;
        invites.sort_by_key(Invite::created);
        invites.reverse();
        Ok(invites)
    }

    /// CreateInteractionChannelInvite: makes a task, routed as `routing` says.
    pub async fn create_invite(self, channel: &Channel, routing: &str) -> Result<Invite> {
        json::read(self.create_invite_as_is(channel, routing).await?.get())
    }

    /// The same; answers the invite as Twilio has it.
    pub async fn create_invite_as_is(
        self,
        channel: &Channel,
        routing: &str,
    ) -> Result<Box<RawValue>> {
        let url = self.channel_url(channel, "/Invites");
        json::read(&self.create(url, &[("Routing", routing)]).await?.body)
    }

    /// UpdateInteractionChannelParticipant: takes one out. Whether they are out is what
    /// counts, not how Twilio answered.
    pub async fn remove_channel_participant(
        self,
        channel: &Channel,
        participant: &ParticipantSid,
    ) -> Result<()> {
        self.part(channel, participant, "closed").await
    }

    /// UpdateInteractionChannelParticipant: one hands over. With `TRANSFER_WRAP_UP` they are
    /// listed on and finish their notes, else they are out.
    pub async fn release_channel_participant(
        self,
        channel: &Channel,
        participant: &ParticipantSid,
    ) -> Result<()> {
        let wraps_up = self.cx.config().transfer_wrap_up;
        self.part(channel, participant, if wraps_up { "wrapup" } else { "closed" }).await
    }

    async fn part(
        self,
        channel: &Channel,
        participant: &ParticipantSid,
        status: &str,
    ) -> Result<()> {
        let url = self.channel_url(channel, &format!("/Participants/{participant}"));
        let Err(error) = self.post(url, &[("Status", status)]).await else { return Ok(()) };
        let Ok(listed) = unless_gone(self.channel_participants(channel).await) else {
            return Err(error);
        };
        let is_it = |other: &Participant| other.sid == *participant;
        let Some(listed) = listed.into_iter().flatten().find(is_it) else { return Ok(()) };
        // Twilio may list those who are out: their task tells.
        let is_refused = matches!(*error, Error::Twilio { status: 400 | 404 | 409, .. });
        match listed.task().filter(|_| is_refused) {
            Some(task) if self.is_open(task).await.is_ok_and(|is_open| !is_open) => Ok(()),
            _ => Err(error),
        }
    }

    /// UpdateInteractionChannel: ends it, and the tasks and the conversation with it.
    /// Whether it is over is what counts, not how Twilio answered.
    pub async fn close_channel(self, channel: &Channel) -> Result<()> {
        let url = self.channel_url(channel, "");
        let Err(error) = self.post(url, &[("Status", "closed")]).await else { return Ok(()) };
        match unless_gone(self.channel(channel).await) {
            Ok(None | Some(ChannelResource { status: ChannelStatus::Closed, .. })) => Ok(()),
            _ => Err(error),
        }
    }
}
