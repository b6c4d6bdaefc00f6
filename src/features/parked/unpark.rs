//! An agent brings a parked conversation back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::back::Back;
use super::list;
use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{ConversationSid, WebhookSid};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::flex::parked as note;
use crate::once;
use crate::twilio::conversations::{Conversation, ConversationState};

/// Its path, which is the name in the log of what goes on behind the answer.
const NAME: &str = "/features/park-interaction/flex/unpark-interaction";
/// How long the answer is given to the agent who asks the same again.
const REMEMBER_ANSWER: Duration = Duration::from_secs(30);

/// What `unpark-interaction` takes of an agent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unpark {
    conversation_sid: ConversationSid,
    /// Which webhook goes is known by its URL.
    webhook_sid: Option<WebhookSid>,
    /// Back to who has parked it, and to nobody else.
    #[serde(default)]
    route_to_same_worker: bool,
}

/// What it answers.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unparked {
    status: u16,
    participant_invite: Box<RawValue>,
}

/// `unpark-interaction` of an agent: the conversation comes back.
///
/// 1. Read the conversation and its note. One that is not parked is off the agent's list; who has
///    just brought it back gets the same answer again. A note that is not known to be ours says
///    nothing: the customer's message brings it back.
/// 2. Only who has parked it, and supervisors, go on.
/// 3. Invite, once for each parking ([`Back::bring`]). A failure: all is as before. When there is
///    somebody already, nobody is invited.
/// 4. Note and webhook go behind the answer ([`Left`](super::left::Left)).
pub async fn by_agent(cx: &Context, agent: &Agent, ask: Unpark) -> Result<Done<Unparked>> {
    let sid = &ask.conversation_sid;
    let conversation = unless_gone(cx.twilio().conversation(sid.to_string().as_str()).await)?;
    let is_over = |c: &Conversation| c.state == Some(ConversationState::Closed);
    let found = conversation.as_ref().filter(|c| !is_over(c)).and_then(|c| note::of(cx, c));
    // Each parking has a webhook of its own.
    let same = ask.webhook_sid.map(|w| format!("unpark-by-hand/{sid}/{w}/{}", agent.key()));
    let Some(found) = found else {
        if let Some(same) = &same
            && let Some(unparked) = once::known(cx, same).await?
        {
            return Ok(Done::with(unparked));
        }
        if let Some(worker) = agent.worker_sid() {
            list::clear(cx, worker, sid).await;
        }
        return Err(Error::refused(409, "This conversation is not parked."));
    };
    if !found.is_ours {
        let message = "Only the customer's next message brings this conversation back.";
        return Err(Error::refused(409, message).with("reason", "onlyByMessage"));
    }
    if agent.worker_sid() != Some(&found.note.by) && !access::is_unlimited(cx, agent) {
        return Err(Error::forbidden("You have not parked this conversation."));
    }
    let to_same_worker = ask.route_to_same_worker;
    let back = Back { to_same_worker, ..Back::of_note(sid, &found.note) };
    let invited = back.bring(cx, None).await?;
    back.left().clean_up_behind(cx, NAME);
    let Some(participant_invite) = invited else {
        let message = "This conversation is not parked: an agent is there, or asked to come.";
        return Err(Error::refused(409, message));
    };
    let unparked = Unparked { status: 200, participant_invite };
    if let Some(same) = same {
        let work = async |_| Ok(unparked.clone());
        if let Err(error) = once::once(cx, &same, REMEMBER_ANSWER, work).await {
            cx.warn("unparking not remembered", &error);
        }
    }
    Ok(Done::with(unparked))
}
