//! Calling the customer from a chat.

use crate::Context;
use crate::access;
use crate::auth::FlexCall;
use crate::config::{Feature, OUTBOUND_QUEUE, OUTBOUND_WORKFLOW};
use crate::error::{Error, Result, Stop};
use crate::features::calls::is_number;
use crate::gate;
use crate::json::{self, Object};
use crate::runtime::{Millis, Response, SECOND};
use crate::sid::Sid;
use crate::twilio::taskrouter::Task;

/// How long the same request gets the first one's answer.
const SAME: Millis = 30 * SECOND;
/// How long a chat's gate remembers the call that it let through.
const REMEMBER: Millis = 5 * 60 * SECOND;

/// Whom to call, from where, and on whose behalf.
struct Plan {
    chat: Sid,
    to: String,
    from: String,
    attributes: String,
}

/// `resolve-dial`: whom `dial` would call, and from where. Nothing happens.
pub fn resolve(cx: &Context, call: &FlexCall) -> Result<Response> {
    let (plan, _) = plan(cx, call, false)?;
    let body = json::object()
        .flag("success", true)
        .text("to", &plan.to)
        .text("from", &plan.from)
        .raw("attributes", &plan.attributes)
        .end();
    Ok(Response::json(200, body))
}

/// `dial`: creates the task of a call to the chat's customer.
///
/// 1. Check the agent's part in the chat, find number and caller ID ([`plan`]), and look for
///    a call that was dialled from this chat and is still open: that one is in the way.
/// 2. One request at a time goes on for a chat. The same request again gets the same
///    answer; another one is refused while the call is open. A call that has ended steps
///    aside at once.
/// 3. Create the task. When it is unknown whether that worked, look before trying again.
pub fn dial(cx: &Context, call: &FlexCall) -> Result<Response> {
    cx.app.config.require(Feature::Dial)?;
    let worker = call.agent.worker()?;
    let (plan, open) = plan(cx, call, true)?;
    let key = ["dial/", plan.chat.as_str()].concat();
    let task_in = |outcome: &str| {
        let known = Object::parse(outcome).unwrap_or_default();
        Sid::member(&known, "taskSid", "WT")
            .ok_or_else(|| Error::internal("the gate kept something else"))
    };
    // The listing may be older than the call: the task itself tells.
    let is_over = |outcome: &str| Ok(!cx.twilio().is_open(&task_in(outcome)?)?);
    let work = |attempt| {
        let task = match &open {
            Some(open) => adopt(cx, &plan, worker, open),
            None => create(cx, &plan, worker, attempt),
        }?;
        Ok(answer(&plan, &task).text("worker", worker.as_str()).number("at", cx.now()).end())
    };
    let (outcome, is_ours) = gate::once_until_over(cx, &key, REMEMBER, &is_over, &work)?;
    let task = task_in(&outcome)?;
    cx.note(&task);
    let known = Object::parse(&outcome).unwrap_or_default();
    let is_same = known.text_or_empty("to") == plan.to
        && known.text_or_empty("from") == plan.from
        && known.text_or_empty("worker") == worker.as_str()
        && known.number("at").is_some_and(|at| cx.now() < at + SAME);
    if !is_ours && !is_same {
        return Err(in_the_way(&task));
    }
    Ok(Response::json(201, answer(&plan, &task).end()))
}

fn answer(plan: &Plan, task: &Sid) -> json::Writer {
    let conversation = json::at(&plan.attributes, &["conversations", "conversation_id"]);
    let mut answer = json::object();
    answer
        .flag("success", true)
        .text("taskSid", task.as_str())
        .text("to", &plan.to)
        .text("from", &plan.from)
        .optional_text("conversationId", conversation.as_deref());
    answer
}

fn in_the_way(task: &Sid) -> Stop {
    let message = "A call dialled from this chat is still open.";
    Error::refused(409, message, vec![("taskSid", json::quoted(task.as_str()))])
}

/// The open call that was dialled from this chat.
fn open_call(cx: &Context, chat: &Sid) -> Result<Option<Box<Task>>> {
    let tasks =
        cx.twilio().tasks_where(&["dialedFromTaskSid == \"", chat.as_str(), "\""].concat())?;
    let is_its = |task: &Task| {
        task.is_open() && task.text(&["dialedFromTaskSid"]).as_deref() == Some(chat.as_str())
    };
    Ok(tasks.into_iter().find(|task| is_its(task)))
}

/// An open call is the answer to the request that has made it, and in the way of others.
fn adopt(cx: &Context, plan: &Plan, worker: &Sid, open: &Task) -> Result<Sid> {
    let is_same = open.routing_target == worker.as_str()
        && open.text(&["outbound_to"]).as_ref() == Some(&plan.to)
        && open.text(&["from"]).as_ref() == Some(&plan.from)
        && open.created.is_some_and(|at| cx.now() < at + SAME);
    if is_same { Ok(open.sid.clone()) } else { Err(in_the_way(&open.sid)) }
}

/// Creates the call's task. The task's attributes lead back to the chat, so that one whose
/// answer was lost is found.
fn create(cx: &Context, plan: &Plan, worker: &Sid, attempt: u32) -> Result<Sid> {
    let config = &cx.app.config;
    let queue = config.sid(OUTBOUND_QUEUE);
    // No IgnoreCapacity: like Flex's own outbound calls, it reaches an agent who is busy.
    let fields = [
        ("WorkflowSid", config.sid(OUTBOUND_WORKFLOW)),
        ("RoutingTarget", worker.as_str()),
        ("TaskChannel", "voice"),
        ("Attributes", &plan.attributes),
        ("TaskQueueSid", queue),
    ];
    let fields = if queue.is_empty() { &fields[..4] } else { &fields[..] };
    let look = || match open_call(cx, &plan.chat)? {
        Some(found) => adopt(cx, plan, worker, &found).map(Some),
        None => Ok(None),
    };
    gate::make(cx, attempt, &look, &|| Ok(cx.twilio().create_task(fields)?.sid))
}

/// Finds out whom to call and from where; with `look`, also the open call of this chat.
///
/// 1. Read the chat's task, the agent's reservation on it and the agent, all at once.
/// 2. The number: `to`, or the customer's. Lookup reads one that is not E.164.
/// 3. The caller ID: `callerId`, the agent's `selectedCallerId` or `phone`, the default.
fn plan(cx: &Context, call: &FlexCall, look: bool) -> Result<(Plan, Option<Box<Task>>)> {
    let chat = cx.sid(&call.params, "taskSid", "WT")?;
    let to = call.params.optional_text("to")?;
    let caller_id = call.params.optional_text("callerId")?;
    if caller_id.is_some_and(|id| !is_number(id)) {
        return Err(Error::bad("callerId", "must be a number in E.164 form"));
    }
    let twilio = cx.twilio();
    let worker = call.agent.worker()?;
    let task = twilio.task(&chat);
    let access = if access::is_unlimited(cx, &call.agent) {
        Ok(true)
    } else {
        twilio.has_task(worker, &chat)
    };
    let agent =
        if caller_id.is_some() { Ok(String::new()) } else { twilio.worker_attributes(worker) };
    let open = if look { open_call(cx, &chat) } else { Ok(None) };
    let task = task?;
    if !access? {
        return Err(Error::forbidden("You have no reservation on this task."));
    }
    let to = match to {
        Some(to) => to.to_owned(),
        None => customers_number(&task)?,
    };
    let agent: String = agent?;
    let own =
        || ["selectedCallerId", "phone"].into_iter().filter_map(|name| json::at(&agent, &[name]));
    let from = caller_id.map(str::to_owned).or_else(|| own().find(|id| is_number(id))).or(cx
        .app
        .config
        .caller_id
        .clone());
    let from = from.ok_or_else(|| {
        Error::bad(
            "callerId",
            "is missing, and neither the agent nor TWILIO_FLEX_CALLER_ID has one",
        )
    })?;
    let to = destination(cx, &to)?;
    let name =
        task.text(&["customerName"]).or(task.text(&["customers", "name"])).or(task.text(&["name"]));
    let conversation = task.text(&["conversations", "conversation_id"]);
    let conversation = conversation.as_deref().unwrap_or(chat.as_str());
    let attributes = json::object()
        .text("direction", "outbound")
        .text("outbound_to", &to)
        .text("to", &to)
        .text("from", &from)
        .text("name", name.as_deref().unwrap_or(&to))
        .raw("conversations", &json::object().text("conversation_id", conversation).end())
        .text("dialedFromTaskSid", chat.as_str())
        .end();
    Ok((Plan { chat, to, from, attributes }, open?))
}

/// The customer's number, as the channels have it: SMS and WhatsApp as their address, web
/// chat and e-mail at best among the customer's data.
fn customers_number(task: &Task) -> Result<String> {
    let addresses = [&["customerAddress"][..], &["from"], &["customers", "phone"]];
    let numbers = addresses.into_iter().filter_map(|path| task.text(path));
    let number = numbers.filter_map(|address| digits(&address)).find(|number| number.len() > 3);
    number.ok_or_else(|| unprocessable("This conversation's channel has no phone number.", "[]"))
}

/// A number without its channel and punctuation; nothing when it is none.
fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let bare =
        ["whatsapp:", "sms:", "tel:"].into_iter().find_map(|channel| text.strip_prefix(channel));
    let bare = bare.unwrap_or(text).trim();
    let mut number = String::with_capacity(bare.len());
    for c in bare.chars() {
        match c {
            '0'..='9' => number.push(c),
            '+' if number.is_empty() => number.push(c),
            ' ' | '(' | ')' | '-' | '.' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    (number.len() <= 32 && number.len() > usize::from(number.starts_with('+'))).then_some(number)
}

/// The number in E.164 form. Lookup reads national ones by `DEFAULT_COUNTRY`, and knows
/// each country's habits, such as Brazil's ninth digit.
fn destination(cx: &Context, to: &str) -> Result<String> {
    let Some(number) = digits(to) else {
        return Err(unprocessable("to: is not a phone number.", r#"["NOT_A_NUMBER"]"#));
    };
    if is_number(&number) {
        return Ok(number);
    }
    let country = cx.app.config.default_country.as_deref().filter(|_| !number.starts_with('+'));
    if country.is_none() && !number.starts_with('+') {
        return Err(unprocessable(
            "to: is not in E.164 form, and DEFAULT_COUNTRY is not set.",
            "[]",
        ));
    }
    let answer = cx.twilio().phone_number(&number, country)?;
    let lookup = Object::parse(&answer.body).unwrap_or_default();
    let found = lookup.text("phone_number").filter(|found| is_number(found));
    if let Some(found) = found.filter(|_| lookup.flag("valid") == Some(true)) {
        return Ok(found);
    }
    let reasons = lookup.raw("validation_errors").unwrap_or("[]");
    Err(unprocessable("to: is not a valid phone number.", reasons))
}

/// `reasons`: Lookup's, as a JSON list.
fn unprocessable(message: &str, reasons: &str) -> Stop {
    let details = vec![("validationErrors", reasons.to_owned()), ("field", json::quoted("to"))];
    Error::refused(422, message, details)
}
