//! Flex Interactions: <https://www.twilio.com/docs/flex/developer/conversations/interactions-api>.

mod channel;
mod invite;
mod participant;
mod routing;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use channel::{Channel, ChannelResource, ChannelStatus};
pub use invite::Invite;
pub use participant::{Participant, ParticipantKind};
pub use routing::Routing;

use super::Twilio;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, ParticipantSid};

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
