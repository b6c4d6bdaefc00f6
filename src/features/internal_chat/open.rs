//! Opening a chat: there is one per pair of agents, with both in it.

use super::{MARK, chat_name, identity, is_identity, is_marked};
use crate::Context;
use crate::auth::FlexCall;
use crate::error::{Error, Result, Settle as _, Stop};
use crate::gate;
use crate::json::{self, Object};
use crate::runtime::{Answer, Millis, Response, SECOND};
use crate::sid::Sid;
use crate::store;
use crate::twilio::conversations::Conversation;
use crate::twilio::unless_gone;

/// How long a second click gets the first one's answer.
const REMEMBER: Millis = 5 * SECOND;

/// `open`: finds the chat with another agent, or makes it, and puts both in.
///
/// The unique name lets Twilio itself refuse a second chat of the pair, so every step may be
/// repeated; the gate keeps two requests from doing the same at the same time.
///
/// 1. Look for the other agent, and for the chat by its name.
/// 2. Make the chat if there is none. If somebody was faster, for example the plugin in the
///    other agent's browser, take theirs.
/// 3. A conversation by that name which is no chat of these agents is left alone: 409. So is
///    a closed one, which Twilio lets nobody change any more.
/// 4. Put in who is missing: a chat that was left half made is repaired.
///
/// A failure is the agent's to see; the next try goes on from where this one has got.
pub fn open(cx: &Context, call: &FlexCall) -> Result<Response> {
    let me = identity(&call.agent)?;
    let other = call.params.text("participant")?;
    if other == me {
        return Err(Error::bad("participant", "is yourself"));
    }
    if !is_identity(other) {
        return Err(unknown());
    }
    let name = chat_name(me, other);
    let key = ["internal-chat/", &store::part(&name)].concat();
    let body = gate::once(cx, &key, REMEMBER, |_| open_once(cx, me, other, &name))?;
    Ok(Response::json(200, body))
}

fn unknown() -> Stop {
    Error::bad("participant", "is no agent's identity")
}

fn open_once(cx: &Context, me: &str, other: &str, name: &str) -> Result<String> {
    let twilio = cx.twilio();
    let contact = ["client:", other].concat();
    let (workers, found) = (twilio.workers_at(&contact), twilio.conversation(name));
    let is_agent = |worker: &&str| {
        let attributes = json::at(worker, &["attributes"]).unwrap_or_default();
        json::at(&attributes, &["contact_uri"]).as_ref() == Some(&contact)
    };
    let workers = workers?.body;
    if !Object::parse(&workers).unwrap_or_default().list("workers").iter().any(is_agent) {
        return Err(unknown());
    }
    let found = match unless_gone(found)? {
        Some(found) => Some(Conversation::read(&found.body)?).filter(|chat| chat.state != "closed"),
        None => None,
    };
    let mut is_new = found.is_none();
    let chat = if let Some(chat) = found {
        chat
    } else {
        let attributes = json::object().text(MARK, MARK).end();
        let fields =
            [("UniqueName", name), ("FriendlyName", "internal-chat"), ("Attributes", &attributes)];
        let mut made = twilio.create_conversation(&fields).settled()?;
        if made.as_ref().is_err_and(|error| error.is_taken()) {
            is_new = false;
            made = twilio.conversation(name).settled()?;
            if made.as_ref().is_err_and(|error| error.is_gone()) {
                return Err(Error::Busy.into());
            }
        }
        Conversation::read(&made?.body)?
    };
    cx.note(&chat.sid);
    let members = if is_new { Vec::new() } else { twilio.conversation_participants(&chat.sid)? };
    let is_customers = members.iter().any(String::is_empty);
    if chat.state == "closed" || is_customers || !is_marked(&chat.attributes) {
        return Err(Error::refused(
            409,
            "A conversation that cannot be used has the name of this chat.",
            vec![("conversationSid", json::quoted(chat.sid.as_str()))],
        ));
    }
    if chat.state == "inactive" {
        twilio.update_conversation(&chat.sid, &[("State", "active")])?;
    }
    let put_in = |identity| put_in(cx, &chat.sid, identity, &members);
    let (one, two) = (put_in(me), put_in(other));
    for result in [one.settled()?, two.settled()?] {
        let Err(error) = result else { continue };
        // Somebody else has put them in, or it was us and the answer got lost.
        let members = if error.is_taken() {
            twilio.conversation_participants(&chat.sid)?
        } else {
            Vec::new()
        };
        if !is_in(me, &members) || !is_in(other, &members) {
            return Err(error.into());
        }
    }
    Ok(json::object()
        .flag("success", true)
        .text("conversationSid", chat.sid.as_str())
        .text("uniqueName", name)
        .flag("created", is_new)
        .end())
}

fn put_in(cx: &Context, chat: &Sid, identity: &str, members: &[String]) -> Result<Answer> {
    if is_in(identity, members) {
        return Ok(Answer::default());
    }
    cx.twilio().add_member(chat, identity)
}

fn is_in(identity: &str, members: &[String]) -> bool {
    members.iter().any(|member| member == identity)
}
