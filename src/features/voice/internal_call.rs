//! One agent calls another inside Flex.
//!
//! The caller's softphone enters a conference named after the caller's task. When its leg
//! is in, a second task rings the called agent; when they accept, their leg enters the same
//! conference. The end of the conference ends both tasks.

mod callee;
mod ended;
mod joined;
mod let_go;
mod rejected;

use std::time::Duration;

use serde::Deserialize;

pub use ended::ended;
pub use let_go::let_go;
pub use rejected::cleanup;

use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::http::Response;
use crate::base::sid::{CallSid, ConferenceSid, Sid as _, TaskSid};
use crate::base::twiml::{el, response};
use crate::flex::alarm::Alarm;
use crate::flex::caller::Webhook;
use crate::once;

/// When the gate ends the tasks of a conference itself: Twilio has given up telling of it.
const WATCH_END: Duration = Duration::from_secs(20);
/// How long it is remembered that they were ended.
const REMEMBER_END: Duration = Duration::from_mins(10);

/// Have Twilio deliver a failed callback again, which it does not do by default
/// (<https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>).
const RETRY: &str = "#rc=3&rp=ct,rt,5xx";

/// What `agent-outbound-join` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallerLeg {
    /// The caller's task.
    task_sid: TaskSid,
}

/// `agent-outbound-join`: the calling agent's leg enters the conference.
pub async fn caller_leg(_: &Context, webhook: &Webhook<'_>, ask: CallerLeg) -> Result<Response> {
    Ok(enter(webhook, &ask.task_sid))
}

/// What `agent-join-conference` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalleeLeg {
    /// The caller's task, whose name the conference bears.
    conference_name: TaskSid,
}

/// `agent-join-conference`: the called agent's leg enters the caller's conference.
///
/// It brings its own status callback: Twilio honours that of the first to enter, and if the
/// called agent is the first, the caller has left and nobody else would ever know.
pub async fn callee_leg(_: &Context, webhook: &Webhook<'_>, ask: CalleeLeg) -> Result<Response> {
    Ok(enter(webhook, &ask.conference_name))
}

fn enter(webhook: &Webhook<'_>, room: &TaskSid) -> Response {
    let callback = webhook.sibling(&format!("call-outbound-join{RETRY}"));
    let conference = el("Conference")
        .attr("statusCallback", &callback)
        .attr("statusCallbackEvent", "join end")
        .attr("endConferenceOnExit", "true")
        .text(room.as_str());
    Response::twiml(response(el("Dial").child(conference)))
}

/// What `call-outbound-join` takes:
/// <https://www.twilio.com/docs/voice/twiml/conference#statuscallbackevent>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    status_callback_event: Option<String>,
    /// The conference's name.
    friendly_name: Option<String>,
    conference_sid: Option<ConferenceSid>,
    /// Who has entered.
    call_sid: Option<CallSid>,
}

/// `call-outbound-join`: something happened in the conference.
pub async fn conference_event(
    cx: &Context,
    _: &Webhook<'_>,
    event: Event,
) -> Result<Done<Nothing>> {
    // Only conferences named after a task are ours.
    let Some(caller) = event.friendly_name.as_deref().and_then(TaskSid::parse) else {
        return Ok(done());
    };
    let missing = |field: &str| Error::bad(field, "is missing");
    let happened = match event.status_callback_event.as_deref() {
        Some("participant-join") => {
            let room = event.conference_sid.ok_or_else(|| missing("ConferenceSid"))?;
            let leg = event.call_sid.ok_or_else(|| missing("CallSid"))?;
            joined::joined(cx, &caller, &room, &leg).await
        }
        Some("conference-end") => end(cx, &caller, event.conference_sid.as_ref()).await,
        _ => Ok(()),
    };
    happened.map_err(deliver_again)?;
    Ok(done())
}

/// Ends the tasks of a conference that is over. Twilio tells of it within some seconds or never
/// again: the gate sees to it when nothing has come of it by then.
async fn end(cx: &Context, caller: &TaskSid, room: Option<&ConferenceSid>) -> Result<()> {
    let room = room.map(ToString::to_string).unwrap_or_default();
    let watch = Alarm::Ended { caller: caller.clone() }.after(WATCH_END);
    let work = async |_| ended(cx, caller).await;
    once::once_watched(cx, &format!("ended/{caller}/{room}"), REMEMBER_END, Some(watch), work)
        .await
        .map(drop)
}

/// Twilio delivers an event again when the answer is 5xx, and only then.
fn deliver_again(error: Box<Error>) -> Box<Error> {
    if error.is_passing() && error.status() < 500 { Error::Busy.into() } else { error }
}
