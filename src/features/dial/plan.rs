//! Whom to call, from where, and on whose behalf.

use futures_util::join;
use serde::{Deserialize, Serialize};

use super::chat::Chat;
use super::number;
use super::open::open_call;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::members::view;
use crate::base::phone::{is_number, with_plus};
use crate::base::sid::TaskSid;
use crate::flex::access::{self, Part};
use crate::flex::agent::Agent;
use crate::flex::attributes::text;
use crate::twilio::taskrouter::Task;

/// What `dial` and `resolve-dial` take.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dial {
    task_sid: TaskSid,
    #[serde(default, deserialize_with = "with_plus")]
    to: Option<String>,
    #[serde(default, deserialize_with = "with_plus")]
    caller_id: Option<String>,
}

/// Whom to call, from where, and on whose behalf.
pub struct Plan {
    /// The chat's task.
    pub chat: TaskSid,
    /// The customer's number.
    pub to: String,
    /// The caller ID.
    pub from: String,
    /// What the call's task says.
    pub attributes: Attributes,
}

/// The attributes of the call's task, as Flex reads them of outbound calls.
#[derive(Serialize)]
pub struct Attributes {
    direction: &'static str,
    outbound_to: String,
    to: String,
    from: String,
    name: String,
    /// What joins the call to the chat in Flex Insights.
    pub conversations: Conversations,
    #[serde(rename = "dialedFromTaskSid")]
    dialed_from_task_sid: TaskSid,
}

/// What joins tasks in Flex Insights.
#[derive(Serialize)]
pub struct Conversations {
    /// The id that they share.
    pub conversation_id: String,
}

/// Attributes of an agent that say from which number they call.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CallerIds {
    #[serde(rename = "selectedCallerId", deserialize_with = "text")]
    selected_caller_id: Option<String>,
    #[serde(deserialize_with = "text")]
    phone: Option<String>,
}

/// Finds out whom to call and from where; with `look`, also the open call of this chat.
///
/// 1. Read the chat's task, the agent's reservation on it and the agent, all at once.
/// 2. The number: `to`, or the customer's. Lookup reads one that is not E.164.
/// 3. The caller ID: `callerId`, the agent's `selectedCallerId` or `phone`, the default.
pub async fn plan(
    cx: &Context,
    agent: &Agent,
    ask: Dial,
    look: bool,
) -> Result<(Plan, Option<Task>)> {
    if ask.caller_id.as_deref().is_some_and(|id| !is_number(id)) {
        return Err(Error::bad("callerId", "must be a number in E.164 form"));
    }
    let (twilio, worker) = (cx.twilio(), agent.worker()?);
    let (chat, may, caller_ids, open) = join!(
        twilio.task(&ask.task_sid),
        async {
            if access::is_unlimited(cx, agent) {
                return Ok(true);
            }
            access::part(cx, agent, &ask.task_sid).await.map(|part| part == Part::Has)
        },
        async {
            match ask.caller_id {
                Some(_) => Ok(CallerIds::default()),
                None => twilio.worker(worker).await.map(|worker| worker.view()),
            }
        },
        async { if look { open_call(cx, worker, &ask.task_sid).await } else { Ok(None) } },
    );
    let chat: Chat = view(chat?.attributes()?);
    if !may? {
        return Err(Error::forbidden("You have no reservation on this task."));
    }
    let to = match ask.to {
        Some(to) => to,
        None => number::of_customer(&chat)?,
    };
    let from = caller_id(cx, ask.caller_id, caller_ids?)?;
    let to = number::destination(cx, &to).await?;
    let attributes = attributes(chat, &ask.task_sid, &to, &from);
    Ok((Plan { chat: ask.task_sid, to, from, attributes }, open?))
}

fn caller_id(cx: &Context, asked: Option<String>, own: CallerIds) -> Result<String> {
    let own = [own.selected_caller_id, own.phone].into_iter().flatten().find(|id| is_number(id));
    asked.or(own).or_else(|| cx.config().caller_id.clone()).ok_or_else(|| {
        let problem = "is missing, and neither the agent nor TWILIO_FLEX_CALLER_ID has one";
        Error::bad("callerId", problem)
    })
}

fn attributes(chat: Chat, chat_sid: &TaskSid, to: &str, from: &str) -> Attributes {
    let name = chat.customer_name.or(chat.customers.name).or(chat.name);
    let conversation_id =
        chat.conversations.conversation_id.unwrap_or_else(|| chat_sid.to_string());
    Attributes {
        direction: "outbound",
        outbound_to: to.to_owned(),
        to: to.to_owned(),
        from: from.to_owned(),
        name: name.unwrap_or_else(|| to.to_owned()),
        conversations: Conversations { conversation_id },
        dialed_from_task_sid: chat_sid.clone(),
    }
}
