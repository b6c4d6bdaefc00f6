//! Flex Interactions: <https://www.twilio.com/docs/flex/developer/conversations/interactions-api>.

use super::{Api, Twilio, object, read_all, unexpected, unless_gone};
use crate::error::{Result, Settle as _};
use crate::json;
use crate::runtime::Answer;
use crate::sid::Sid;

/// A channel of an interaction: both SIDs name it.
#[derive(Clone, Debug)]
pub struct Channel {
    /// `KD…`
    pub interaction: Sid,
    /// `UO…`
    pub sid: Sid,
}

/// A participant of a channel.
#[derive(Clone, Debug)]
pub struct Participant {
    /// `UT…`
    pub sid: Sid,
    /// `supervisor`, `customer`, `external`, `agent` or `unknown`.
    pub kind: String,
    /// The agent or supervisor.
    pub worker: Option<Sid>,
    /// The task that brought them in.
    pub task: Option<Sid>,
}

impl Participant {
    /// Talks to the customer for us. A supervisor who only listens does not.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.kind == "agent" || (self.kind == "unknown" && self.worker.is_some())
    }
}

/// An invite to a channel.
#[derive(Clone, Debug)]
pub struct Invite {
    /// `KG…`
    pub sid: String,
    /// The task that it made.
    pub task: Option<Sid>,
    /// That task's attributes when it was made.
    pub attributes: String,
}

impl Invite {
    fn read(text: &str) -> Result<Self> {
        let invite = object(text)?;
        let task = invite
            .object("routing")
            .and_then(|routing| routing.object("properties"))
            .unwrap_or_default();
        Ok(Self {
            sid: invite.text_or_empty("sid"),
            task: Sid::member(&task, "sid", "WT"),
            attributes: task.text_or_empty("attributes"),
        })
    }
}

impl Twilio<'_> {
    fn post_to_channel(
        self,
        channel: &Channel,
        rest: &[&str],
        fields: &[(&str, &str)],
    ) -> Result<Answer> {
        self.post(Api::Flex, &[&channel_path(channel, rest)], fields)
    }

    /// ListInteractionChannelParticipant.
    pub fn channel_participants(self, channel: &Channel) -> Result<Vec<Participant>> {
        let path = channel_path(channel, &["/Participants?PageSize=100"]);
        let participants = self.list(Api::Flex, &[&path], "participants", 2)?;
        read_all(&participants, |text| {
            let participant = object(text)?;
            let routing = participant.object("routing_properties").unwrap_or_default();
            Ok(Participant {
                sid: Sid::member(&participant, "sid", "UT").ok_or_else(unexpected)?,
                kind: participant.text_or_empty("type"),
                worker: Sid::member(&routing, "worker_sid", "WK"),
                task: Sid::member(&routing, "task_sid", "WT"),
            })
        })
    }

    /// ListInteractionChannelInvite.
    pub fn channel_invites(self, channel: &Channel) -> Result<Vec<Invite>> {
        let path = channel_path(channel, &["/Invites?PageSize=50"]);
        let invites = self.list(Api::Flex, &[&path], "invites", 10)?;
        read_all(&invites, Invite::read)
    }

    /// CreateInteractionChannelInvite: makes a task, routed as `routing` says.
    pub fn create_invite(self, channel: &Channel, routing: &str) -> Result<Invite> {
        let invite = self.create(
            Api::Flex,
            &[&channel_path(channel, &["/Invites"])],
            &[("Routing", routing)],
        );
        Invite::read(&invite?.body)
    }

    /// UpdateInteractionChannelParticipant: takes one out. Whether they are out is what
    /// counts, not how Twilio answered.
    pub fn remove_channel_participant(self, channel: &Channel, participant: &Sid) -> Result<()> {
        let parts = ["/Participants/", participant.as_str()];
        let removed = self.post_to_channel(channel, &parts, &[("Status", "closed")]);
        let Err(error) = removed.settled()? else { return Ok(()) };
        match unless_gone(self.channel_participants(channel)).settled()? {
            Ok(listed) if !listed.iter().flatten().any(|other| other.sid == *participant) => Ok(()),
            _ => Err(error.into()),
        }
    }

    /// UpdateInteractionChannel: ends it, and the tasks and the conversation with it.
    /// Whether it is over is what counts, not how Twilio answered.
    pub fn close_channel(self, channel: &Channel) -> Result<()> {
        let closed = self.post_to_channel(channel, &[], &[("Status", "closed")]);
        let Err(error) = closed.settled()? else { return Ok(()) };
        match unless_gone(self.get(Api::Flex, &[&channel_path(channel, &[])])).settled()? {
            Ok(None) => Ok(()),
            Ok(Some(found)) if json::at(&found.body, &["status"]).as_deref() == Some("closed") => {
                Ok(())
            }
            _ => Err(error.into()),
        }
    }
}

fn channel_path(channel: &Channel, rest: &[&str]) -> String {
    [
        "/v1/Interactions/",
        channel.interaction.as_str(),
        "/Channels/",
        channel.sid.as_str(),
        &rest.concat(),
    ]
    .concat()
}
