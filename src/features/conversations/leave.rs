//! An agent leaves a conversation, and the last one ends it.

use futures_util::join;
use serde::{Deserialize, Serialize};

use super::invites;
use crate::base::answer::Done;
use crate::base::context::{Context, join_ok};
use crate::base::error::Result;
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, ParticipantSid};
use crate::flex::agent::Agent;
use crate::flex::chat::Company;
use crate::flex::{access, chat, parked};
use crate::once;
use crate::twilio::conversations::Conversation;
use crate::twilio::interactions::{Channel, Participant};

/// What `remove-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leave {
    flex_interaction_sid: InteractionSid,
    flex_interaction_channel_sid: ChannelSid,
    flex_interaction_participant_sid: ParticipantSid,
    conversation_sid: Option<ConversationSid>,
}

/// What `remove-participant` answers.
#[derive(Serialize)]
pub struct Left {
    message: &'static str,
}

const HAS_LEFT: &str = "The participant is not in the conversation any more.";
const LEAVES: &str = "The participant has left the conversation.";
const WAS_THE_LAST: &str = "The last agent has left, and the conversation is over.";

/// `remove-participant`: an agent leaves the conversation; the last one ends it.
///
/// 1. At the same time: read the participants, the invites and the conversation. Somebody who
///    is not in it any more has left. Check the agent's part.
/// 2. Leavers of one channel take turns, so that the last one knows to be it: what is known
///    from before is read again if somebody has just had a turn.
/// 3. Ask whether another agent is there or one is invited ([`Company::is_anybody_left`]). A
///    failure: nothing has changed.
/// 4. If so, or when the conversation is parked, take this one out. Else end the channel, and this
///    agent's part with it: the customer's next message starts a new interaction. A failure is the
///    agent's to see; nobody has left then.
pub async fn leave(cx: &Context, agent: &Agent, ask: Leave) -> Result<Done<Left>> {
    let channel =
        Channel { interaction: ask.flex_interaction_sid, sid: ask.flex_interaction_channel_sid };
    let (participant, conversation) =
        (&ask.flex_interaction_participant_sid, ask.conversation_sid.as_ref());
    let scene = Scene::read(cx, agent, &channel, conversation).await?;
    let message = if scene.part_of(cx, agent, participant)?.is_none() {
        HAS_LEFT
    } else {
        once::in_turn(cx, &chat::turn(&channel), async |attempt| {
            let scene = if attempt > 1 {
                Scene::read(cx, agent, &channel, conversation).await?
            } else {
                scene
            };
            scene.leave(cx, agent, &channel, participant).await
        })
        .await?
    };
    Ok(Done::with(Left { message }))
}

/// Who is there, and who may come.
struct Scene {
    company: Company,
    conversation: Option<Conversation>,
}

impl Scene {
    async fn read(
        cx: &Context,
        agent: &Agent,
        channel: &Channel,
        conversation: Option<&ConversationSid>,
    ) -> Result<Self> {
        let (company, conversation) =
            join!(Company::read(cx, channel), invites::conversation(cx, agent, conversation));
        Ok(Self { company: company?, conversation })
    }

    /// The participant, if they are there and the agent may take them out: themselves; as a
    /// supervisor any other of us; and as a participant another agent.
    fn part_of(
        &self,
        cx: &Context,
        agent: &Agent,
        participant: &ParticipantSid,
    ) -> Result<Option<&Participant>> {
        let Some(own) = self.company.participants.iter().find(|p| p.sid == *participant) else {
            return Ok(None);
        };
        match access::removal(cx, agent, own) {
            Err(_) if own.is_agent() && cx.config().agents_may_remove_agents => {
                access::interaction(cx, agent, &self.company.participants)?;
            }
            answer => answer?,
        }
        Ok(Some(own))
    }

    async fn leave(
        self,
        cx: &Context,
        agent: &Agent,
        channel: &Channel,
        participant: &ParticipantSid,
    ) -> Result<&'static str> {
        let Some(own) = self.part_of(cx, agent, participant)? else { return Ok(HAS_LEFT) };
        let goes_themselves = agent.is(own) && own.is_agent();
        if !agent.is(own) {
            chat::may_act(cx, agent, &self.company.participants).await?;
        }
        let (twilio, company) = (cx.twilio(), &self.company);
        let is_last = own.is_agent()
            && !company.is_anybody_left(cx, channel, Some(&own.sid), own.task()).await?;
        if is_last && !parked::rests(cx, channel, self.conversation.as_ref()).await? {
            twilio.close_channel(channel).await?;
            return Ok(WAS_THE_LAST);
        }
        let noted = match &self.conversation {
            Some(conversation) => invites::tasks(conversation.attributes()?),
            None => Vec::new(),
        };
        let removed = async {
            if goes_themselves {
                twilio.release_channel_participant(channel, participant).await
            } else {
                twilio.remove_channel_participant(channel, participant).await
            }
        };
        let pruned = async {
            if let Some(conversation) = self.conversation.filter(|_| !noted.is_empty()) {
                invites::prune(cx, &conversation.sid, invites::dead(cx, &noted)).await;
            }
            Ok(())
        };
        join_ok(removed, pruned).await?;
        Ok(LEAVES)
    }
}
