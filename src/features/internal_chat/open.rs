//! Opening a chat: there is one per pair of agents, with both in it.

use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};

use super::name::{MARK, chat_name, identity, is_identity, is_marked};
use super::store;
use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::sid::ConversationSid;
use crate::flex::agent::Agent;
use crate::flex::attributes::WorkerAttributes;
use crate::once::once;
use crate::twilio::conversations::{Conversation, ConversationState, Member};

/// How long a second click gets the first one's answer.
const REMEMBER: Duration = Duration::from_secs(5);

/// What `open` takes.
#[derive(Deserialize)]
pub struct Open {
    /// The identity of the other agent.
    participant: String,
}

/// What `open` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    conversation_sid: ConversationSid,
    unique_name: String,
    created: bool,
}

/// `open`: finds the chat with another agent, or makes it, and puts both in.
///
/// The unique name lets Twilio itself refuse a second chat of the pair, so every step may be
/// repeated; the gate keeps two requests from doing the same at the same time.
///
/// 1. Look for the other agent, and for the chat by its name.
/// 2. Make the chat if there is none. If somebody was faster, for example the plugin in the
///    other agent's browser, take theirs.
/// 3. A conversation by that name which is no chat of these agents, or in which anybody else
///    reads along, is left alone: 409. So is a closed one, which Twilio lets nobody change any more.
/// 4. Put in who is missing: a chat that was left half made is repaired.
///
/// A failure is the agent's to see; the next try goes on from where this one has got.
pub async fn open(cx: &Context, agent: &Agent, ask: Open) -> Result<Done<Opened>> {
    let (me, other) = (identity(agent)?, ask.participant.as_str());
    if other == me {
        return Err(Error::bad("participant", "is yourself"));
    }
    if !is_identity(other) {
        return Err(unknown());
    }
    let name = chat_name(me, other);
    let key = format!("internal-chat/{}", store::part(&name));
    let opened = once(cx, &key, REMEMBER, async |_| open_once(cx, me, other, &name).await);
    opened.await.map(|opened| Done::with(opened.into_inner()))
}

fn unknown() -> Box<Error> {
    Error::bad("participant", "is no agent's identity")
}

async fn open_once(cx: &Context, me: &str, other: &str, name: &str) -> Result<Opened> {
    let twilio = cx.twilio();
    let contact = format!("client:{other}");
    let (workers, found) = join!(twilio.workers_at(&contact), twilio.conversation(name));
    let is_agent = |uri: Option<String>| uri.as_ref() == Some(&contact);
    if !workers?.iter().any(|worker| is_agent(worker.view::<WorkerAttributes>().contact_uri)) {
        return Err(unknown());
    }
    let (chat, is_new) = match unless_gone(found)?.filter(|chat| !is_closed(chat)) {
        Some(chat) => (chat, false),
        None => make(cx, name).await?,
    };
    cx.note(&chat.sid);
    let members = if is_new { Vec::new() } else { twilio.members(&chat.sid).await? };
    // A customer, or somebody who would read along.
    let is_foreign = |member: &Member| ![Some(me), Some(other)].contains(&member.chatter());
    if is_closed(&chat) || members.iter().any(is_foreign) || !is_marked(&chat) {
        let message = "A conversation that cannot be used has the name of this chat.";
        return Err(Error::refused(409, message).with("conversationSid", chat.sid.to_string()));
    }
    if chat.state == Some(ConversationState::Inactive) {
        twilio.update_conversation(&chat.sid, &[("State", "active")]).await?;
    }
    let put_in = |identity| put_in(cx, &chat.sid, identity, &members);
    let (one, two) = join!(put_in(me), put_in(other));
    for result in [one, two] {
        let Err(error) = result else { continue };
        // Somebody else has put them in, or it was us and the answer got lost.
        let members = if error.is_taken() { twilio.members(&chat.sid).await? } else { Vec::new() };
        if !is_in(me, &members) || !is_in(other, &members) {
            return Err(error);
        }
    }
    Ok(Opened { conversation_sid: chat.sid, unique_name: name.to_owned(), created: is_new })
}

fn is_closed(chat: &Conversation) -> bool {
    chat.state == Some(ConversationState::Closed)
}

/// Makes the chat, or takes the one that somebody else has just made; whether it is new.
async fn make(cx: &Context, name: &str) -> Result<(Conversation, bool)> {
    let attributes = json::write(&MARK);
    let fields =
        [("UniqueName", name), ("FriendlyName", "internal-chat"), ("Attributes", &attributes)];
    match cx.twilio().create_conversation(&fields).await {
        Err(error) if error.is_taken() => {
            match unless_gone(cx.twilio().conversation(name).await)? {
                Some(chat) => Ok((chat, false)),
                None => Err(Error::Busy.into()),
            }
        }
        made => Ok((made?, true)),
    }
}

async fn put_in(
    cx: &Context,
    chat: &ConversationSid,
    identity: &str,
    members: &[Member],
) -> Result<()> {
    if is_in(identity, members) {
        return Ok(());
    }
    cx.twilio().add_member(chat, identity).await
}

fn is_in(identity: &str, members: &[Member]) -> bool {
    members.iter().any(|member| member.chatter() == Some(identity))
}
