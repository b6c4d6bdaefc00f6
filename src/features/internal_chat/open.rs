//! Opening a chat: there is one per pair of agents, with both in it.

use std::time::Duration;

use futures_util::future::join;

use super::{MARK, chat_name, identity, is_identity, is_marked};
use crate::Context;
use crate::auth::FlexCall;
use crate::error::{Error, Result};
use crate::gate;
use crate::json;
use crate::runtime::Response;
use crate::sid::Sid;
use crate::store;
use crate::twilio::unless_gone;

/// How long a second click gets the first one's answer.
const REMEMBER: Duration = Duration::from_secs(5);

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
pub async fn open(cx: &Context<'_>, call: FlexCall) -> Result<Response> {
    let me = identity(&call.agent)?;
    let other = call.params.text("participant")?;
    if other == me {
        return Err(Error::bad("participant", "is yourself"));
    }
    if !is_identity(&other) {
        return Err(unknown());
    }
    let name = chat_name(me, &other);
    let key = ["internal-chat/", &store::part(&name)].concat();
    let body =
        gate::once(cx, &key, REMEMBER, async |_| open_once(cx, me, &other, &name).await).await?;
    Ok(Response::json(200, body))
}

fn unknown() -> Box<Error> {
    Error::bad("participant", "is no agent's identity")
}

async fn open_once(cx: &Context<'_>, me: &str, other: &str, name: &str) -> Result<String> {
    let twilio = cx.twilio();
    let contact = ["client:", other].concat();
    let (workers, found) = join(twilio.workers_at(&contact), twilio.conversation(name)).await;
    let is_agent = |worker: &String| {
        let attributes = json::at(worker, &["attributes"]).unwrap_or_default();
        json::at(&attributes, &["contact_uri"]).as_ref() == Some(&contact)
    };
    if !workers?.iter().any(is_agent) {
        return Err(unknown());
    }
    let found = unless_gone(found)?.filter(|chat| chat.state != "closed");
    let mut is_new = found.is_none();
    let chat = if let Some(chat) = found {
        chat
    } else {
        let attributes = json::object().text(MARK, MARK).end();
        let fields =
            [("UniqueName", name), ("FriendlyName", "internal-chat"), ("Attributes", &attributes)];
        match twilio.create_conversation(&fields).await {
            Err(error) if error.is_taken() => {
                is_new = false;
                unless_gone(twilio.conversation(name).await)?.ok_or(Error::Busy)?
            }
            made => made?,
        }
    };
    cx.note(&chat.sid);
    let members =
        if is_new { Vec::new() } else { twilio.conversation_participants(chat.sid).await? };
    let is_customers = members.iter().any(String::is_empty);
    if chat.state == "closed" || is_customers || !is_marked(&chat.attributes) {
        return Err(Error::Conflict {
            message: "A conversation that cannot be used has the name of this chat.".to_owned(),
            details: vec![("conversationSid", json::quoted(chat.sid.as_str()))],
        }
        .into());
    }
    if chat.state == "inactive" {
        twilio.update_conversation(chat.sid, &[("State", "active")]).await?;
    }
    let has = |identity: &str| members.iter().any(|member| member == identity);
    let (one, two) =
        join(put_in(cx, chat.sid, me, has(me)), put_in(cx, chat.sid, other, has(other))).await;
    one.and(two)?;
    let body = json::object()
        .flag("success", true)
        .text("conversationSid", chat.sid.as_str())
        .text("uniqueName", name);
    Ok(body.flag("created", is_new).end())
}

async fn put_in(cx: &Context<'_>, chat: Sid, identity: &str, is_there: bool) -> Result<()> {
    if is_there {
        return Ok(());
    }
    match cx.twilio().add_member(chat, identity).await {
        Err(error) if error.is_taken() => {
            let members = cx.twilio().conversation_participants(chat).await?;
            let is_there = members.iter().any(|member| member == identity);
            if is_there { Ok(()) } else { Err(error) }
        }
        added => added.map(drop),
    }
}
