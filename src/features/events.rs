//! TaskRouter's events: nobody is left alone.
//!
//! A conversation stays open without an agent when an invited agent declines, a workflow times
//! out or a task is canceled; a caller hears music for ever when the called agent's browser is
//! gone. TaskRouter tells of it, and leaves the rest to the application.

mod calls;
mod fallback;
mod native;
mod webhook;

use std::cell::Cell;
use std::time::Duration;

use serde::Deserialize;

pub use calls::again as give_up_again;
pub use fallback::again as fall_back_again;
pub use native::again as not_taken_again;

use crate::base::context::Context;
use crate::base::date::{Millis, millis};
use crate::base::error::Result;
use crate::base::http::Response;
use crate::base::members::view;
use crate::base::memory::Cache;
use crate::base::sid::{ReservationSid, TaskSid, WorkflowSid};
use crate::flex::alarm::{Call, Lost, Native};
use crate::flex::attributes::{CallAttributes, ChatTask};
use crate::flex::caller::Webhook;
use crate::flex::native_call::NativeAttributes;

/// Where KV has the time of the last event, as milliseconds since 1970.
const LAST: &str = "events/last";
/// How often that is written at most.
const LAST_EVERY: Duration = Duration::from_mins(1);
/// What the event callback takes:
/// <https://www.twilio.com/docs/taskrouter/api/event/reference>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    event_type: Option<String>,
    task_sid: Option<TaskSid>,
    task_attributes: Option<String>,
    task_channel_unique_name: Option<String>,
    workflow_sid: Option<WorkflowSid>,
    reservation_sid: Option<ReservationSid>,
}

/// What an event says about a task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It has been made.
    Made,
    /// It is over without having been done.
    Over,
    /// Somebody who was asked did not take it.
    NotTaken,
}

/// `events`: something happened in the workspace.
///
/// 1. Note when the last event came, behind the answer.
/// 2. A task of a call between agents that is over, or that the called agent did not take:
///    the call ends ([`calls`]).
/// 3. The same of a call that Flex runs ([`native`]). When its task is made, it is noted whose
///    call it is: nobody can have written anything into it by then.
/// 4. A task of a conversation that is over: the customer goes to the fallback ([`fallback`]).
/// 5. All other events cost nothing.
///
/// What is to be done goes on behind the answer, and the gate does it again if nothing comes
/// of it.
pub async fn event(cx: &Context, _: &Webhook<'_>, event: Event) -> Result<Response> {
    note_time(cx);
    let said = match event.event_type.as_deref() {
        Some("task.created") => Said::Made,
        Some("task.canceled" | "task.deleted" | "task.system-deleted") => Said::Over,
        Some("reservation.rejected" | "reservation.timeout" | "reservation.canceled") => {
            Said::NotTaken
        }
        _ => return Ok(Response::no_content()),
    };
    let Some(task) = event.task_sid else { return Ok(Response::no_content()) };
    let text = event.task_attributes.unwrap_or_default();
    let call: CallAttributes = view(&text);
    let native: NativeAttributes = view(&text);
    if said == Said::Made {
        native::made(cx, &task, event.workflow_sid.as_ref(), native).await?;
        return Ok(Response::no_content());
    }
    let reservation = event.reservation_sid.filter(|_| said == Said::NotTaken);
    let event_key = reservation.map_or_else(|| task.to_string(), |sid| sid.to_string());
    let ended = if native.is_callee() && !native.was_taken() {
        native::not_taken(cx, Native { task: task.clone(), event: event_key }).await
    } else if call.client_call && !native.is_callee() {
        let (event, is_over) = (event_key, said == Said::Over);
        let call = match call.conference_sid.filter(|caller| *caller != task) {
            Some(caller) => Call { caller, callee: Some(task.clone()), is_over, event },
            None => Call { caller: task.clone(), callee: None, is_over, event },
        };
        calls::give_up(cx, call).await
    } else {
        Ok(())
    };
    // Whoever writes the mark of a call onto a chat's task keeps nobody from catching the customer.
    if said == Said::Over {
        let chat: ChatTask = view(&text);
        if let Some(channel) = chat.channel() {
            let lost = Lost {
                attributes: fallback::attributes(&text, &task),
                task,
                interaction: channel.interaction,
                channel: channel.sid,
                conversation: chat.conversation_sid,
                workflow: event.workflow_sid,
                task_channel: event.task_channel_unique_name.unwrap_or_else(|| "chat".to_owned()),
            };
            fallback::fall_back(cx, lost).await?;
        }
    }
    ended.map(|()| Response::no_content())
}

/// When this instance has last written that an event came.
#[derive(Default)]
struct Written(Cell<Millis>);

fn note_time(cx: &Context) {
    let (written, now) = (cx.memory::<Written>(), cx.started());
    if written.0.get() + millis(LAST_EVERY) > now {
        return;
    }
    written.0.set(now);
    cx.behind(webhook::NAME, async move |cx| {
        cx.runtime().kv_put(LAST, &now.to_string(), "", None).await
    });
}

/// How long it is told again without asking KV: anybody may ask.
const SEEN: Millis = 10_000;

/// When the last event came, as it was told lately.
#[derive(Default)]
struct LastSeen(Cache<(), Option<Millis>, 1>);

/// When the last event came, give or take a minute.
pub async fn last(cx: &Context) -> Result<Option<Millis>> {
    let memory = cx.memory::<LastSeen>();
    if let Some(known) = memory.0.get(&(), cx.now()) {
        return Ok(known);
    }
    let last = cx.runtime().kv_get(LAST).await?.and_then(|time| time.parse().ok());
    memory.0.put((), last, cx.now() + SEEN, cx.now());
    Ok(last)
}
