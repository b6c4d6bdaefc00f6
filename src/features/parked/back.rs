//! How a parked conversation comes back.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::left::Left;
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::lenient;
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, InviteSid, TaskSid};
use crate::flex::alarm::Parking;
use crate::flex::chat::{self, Company};
use crate::flex::parked::{self as note, Note};
use crate::once;
use crate::twilio::interactions::{Channel, Invite, Routing};
use crate::twilio::resource::camel_case;
use crate::twilio::taskrouter::AssignmentStatus;

/// How long parking may take: whoever is listed may still be on their way out, in milliseconds.
const PARKING: Millis = 15_000;

/// The invite as twilio-node shows it; none when there was somebody already.
pub type Invited = Option<Box<RawValue>>;

/// A parking that ends.
pub struct Back<'a> {
    /// The conversation.
    pub conversation: &'a ConversationSid,
    /// Which parking it is.
    pub id: &'a str,
    /// The channel.
    pub channel: Channel,
    /// What is noted on it, if that is ours.
    pub note: Option<&'a Note>,
    /// Back to who has parked it, and to nobody else.
    pub to_same_worker: bool,
}

impl<'a> Back<'a> {
    /// Of this note, which is ours: as the parked task was routed.
    #[must_use]
    pub fn of_note(conversation: &'a ConversationSid, note: &'a Note) -> Self {
        let (id, channel) = (&*note.id, note.channel());
        Self { conversation, id, channel, note: Some(note), to_same_worker: false }
    }

    /// Of this parking, whose note is lost: as a customer whom nobody took.
    #[must_use]
    pub fn of_webhook(conversation: &'a ConversationSid, parking: &'a Parking) -> Self {
        let (id, channel) = (&*parking.id, channel(parking));
        Self { conversation, id, channel, note: None, to_same_worker: false }
    }

    /// Invites, once for each parking. Whoever asks for it sees to what is left then.
    ///
    /// 1. What an earlier request has done counts while somebody can take its invite, or has taken
    ///    it.
    /// 2. Else see [`Self::invite`]; who is `seen` in the channel need not be read again. A failure:
    ///    all is as before.
    pub async fn bring(&self, cx: &Context, seen: Option<Company>) -> Result<Invited> {
        let is_over = async |invited: &Invited| {
            let Some(invited) = invited else { return Ok(true) };
            let invite = serde_json::from_str::<Invite>(invited.get()).ok();
            match invite.as_ref().and_then(Invite::task) {
                Some(task) => cx.twilio().is_open(task).await.map(|is_open| !is_open),
                None => Ok(false), // nobody is asked twice on a guess
            }
        };
        let (key, seen) = (note::gate(self.conversation, self.id), Cell::new(seen));
        // Nobody leaves it meanwhile: who is the last one ends it.
        let turn = chat::turn(&self.channel);
        let work = async |attempt| {
            let invite =
                async |turn| self.invite(cx, attempt, seen.take().filter(|_| turn == 1)).await;
            once::in_turn(cx, &turn, invite).await
        };
        let invited = once::once_until_over(cx, &key, note::REMEMBER, is_over, work).await?;
        Ok(invited.into_inner())
    }

    /// What is left when it is back.
    #[must_use]
    pub fn left(&self) -> Left {
        Left {
            conversation: self.conversation.clone(),
            id: self.id.to_owned(),
            by: self.note.map(|note| note.by.clone()),
        }
    }

    /// 1. Somebody before us may have invited: look for that invite first.
    /// 2. At the same time: read who is in the channel, and who is invited. Whoever has parked it
    ///    may be on their way out: look again. When they are still there after a while, parking
    ///    was not done.
    /// 3. They, or somebody else, is there or asked to come: nobody is invited.
    /// 4. Invite. When the answer is lost, look for it.
    async fn invite(&self, cx: &Context, attempt: u32, seen: Option<Company>) -> Result<Invited> {
        let twilio = cx.twilio();
        let look = async || self.earlier_invite(cx).await;
        if attempt > 1
            && let Some(invite) = look().await?
        {
            return Ok(Some(invite));
        }
        let is_fresh = |seen: &Company| attempt == 1 && !self.is_listed(seen);
        let company = match seen.filter(is_fresh) {
            Some(seen) => seen,
            None => Company::read(cx, &self.channel).await?,
        };
        if let Some(note) = self.note
            && self.is_listed(&company)
            && is_in_their_hands(cx, note).await?
        {
            let is_recent = cx.now() < note.at.saturating_add(PARKING);
            return if is_recent { Err(Error::Busy.into()) } else { Ok(None) };
        }
        let parked = self.note.map(|note| (&note.participant_sid, &note.task_sid));
        let (participant, task) = parked.unzip();
        if company.is_anybody_left(cx, &self.channel, participant, task).await? {
            return Ok(None);
        }
        let routing = self.routing(cx).await?;
        let make = async || {
            let invite = twilio.create_invite_as_is(&self.channel, &routing).await?;
            camel_case(&invite)
        };
        once::make(cx, 1, look, make).await.map(Some)
    }

    /// Whether whoever has parked it is listed.
    fn is_listed(&self, company: &Company) -> bool {
        let parked = self.note.map(|note| &note.participant_sid);
        company.participants.iter().any(|participant| Some(&participant.sid) == parked)
    }

    /// The invite that an earlier try of this parking has left, if somebody can still take it,
    /// or has.
    async fn earlier_invite(&self, cx: &Context) -> Result<Invited> {
        let is_ours = |made: &Made| made.park_id.as_deref() == Some(self.id);
        let Some(invite) = chat::invite_where(cx, &self.channel, is_ours).await? else {
            return Ok(None);
        };
        if let Some(task) = invite.task()
            && (invite.is_over() || !cx.twilio().is_open(task).await?)
        {
            return Ok(None);
        }
        Ok(Some(json::raw(&Known {
            routing: KnownRouting { properties: KnownTask { sid: invite.task() } },
            sid: &invite.sid,
            interaction_sid: &self.channel.interaction,
            channel_sid: &self.channel.sid,
        })))
    }

    async fn routing(&self, cx: &Context) -> Result<String> {
        if let Some(note) = self.note {
            let routing =
                Routing::by(cx, &note.workflow_sid, &note.task_channel, note.attributes.get())?;
            let same = self.to_same_worker;
            let routing = if same { routing.to(&note.by, &note.queue_sid) } else { routing };
            return Ok(routing.parameter());
        }
        let workflow = cx.config().fallback_workflow()?;
        let channel = cx.twilio().channel(&self.channel).await?;
        let plain = json::write(&Plain { conversation_sid: self.conversation, park_id: self.id });
        Ok(Routing::by(cx, workflow, channel.task_channel(), &plain)?.parameter())
    }
}

/// The channel of a parking.
pub fn channel(parking: &Parking) -> Channel {
    let Parking { interaction, channel, .. } = parking.clone();
    Channel { interaction, sid: channel }
}

/// Whether the agent who has parked it has their task in their hands: one who is listed then was
/// never taken out.
async fn is_in_their_hands(cx: &Context, note: &Note) -> Result<bool> {
    let task = unless_gone(cx.twilio().task(&note.task_sid).await)?;
    Ok(task.is_some_and(|task| task.assignment_status == AssignmentStatus::Assigned))
}

/// What a task is told whose parking's note is lost.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plain<'a> {
    conversation_sid: &'a ConversationSid,
    park_id: &'a str,
}

/// Which parking has made an invite.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Made {
    #[serde(deserialize_with = "lenient")]
    park_id: Option<String>,
}

/// An invite that an earlier try has left, as twilio-node shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Known<'a> {
    sid: &'a InviteSid,
    interaction_sid: &'a InteractionSid,
    channel_sid: &'a ChannelSid,
    routing: KnownRouting<'a>,
}

#[derive(Serialize)]
struct KnownRouting<'a> {
    properties: KnownTask<'a>,
}

#[derive(Serialize)]
struct KnownTask<'a> {
    sid: Option<&'a TaskSid>,
}
