//! One agent calls another, and Flex runs the call: both sides are Flex's own.
//!
//! The caller makes an outbound call to our TwiML application, with a ticket. The application
//! is the Worker: it puts the call into the called agent's queue, as if a customer had called.

mod start;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

pub use start::start;

use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::http::Response;
use crate::base::json;
use crate::base::sid::{CallSid, WorkerSid};
use crate::base::twiml::{Element, el, response, responses};
use crate::flex::caller::Webhook;
use crate::flex::native_call::{self, Callee, NATIVE, NATIVE_QUEUE, Ticket};

/// As long may a task wait for somebody to take it, in seconds.
const PATIENCE: &str = "60";
/// The ringing tone, a static file beside `/voice/internal-call/ring`.
const RINGBACK: &str = "ringback.wav";

/// What `/voice/internal-call` takes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Arrival {
    call_sid: CallSid,
    /// The ticket.
    #[serde(rename = "t")]
    ticket: Option<String>,
}

/// The attributes of the called agent's task.
#[derive(Serialize)]
struct Attributes<'a> {
    internal_call: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_sid: Option<&'a WorkerSid>,
    /// What the workflow of internal calls knows a queue by.
    #[serde(rename = "callToQueue", skip_serializing_if = "Option::is_none")]
    queue: Option<&'a str>,
    name: &'a str,
    caller_worker_sid: &'a WorkerSid,
    conversations: Conversations<'a>,
}

/// What joins tasks in Flex Insights.
#[derive(Serialize)]
struct Conversations<'a> {
    conversation_id: &'a str,
}

/// `/voice/internal-call`: somebody has called the application.
///
/// 1. Use the ticket. Without a good one the call is rejected, whoever it is. When the gate
///    cannot be asked the call fails: nobody may come in twice.
/// 2. Wait in the queue as the task that the ticket tells of. No `client_call` in it: what the
///    plugins do with calls of their own must leave this one alone.
pub async fn arrive(cx: &Context, webhook: &Webhook<'_>, ask: Arrival) -> Result<Response> {
    cx.config().require(Feature::NativeInternalCall)?;
    let ticket = ask.ticket.unwrap_or_default();
    let Some(ticket) = native_call::redeem(cx, &ticket, &ask.call_sid).await? else {
        return Ok(Response::twiml(response(el("Reject"))));
    };
    let workflow = cx.config().internal_call_workflow()?.to_string();
    let task = el("Task").attr("timeout", PATIENCE).text(&json::write(&attributes(&ticket)));
    let enqueue = el("Enqueue")
        .attr("workflowSid", &workflow)
        .attr("waitUrl", &webhook.sibling("internal-call/ring"))
        .attr("action", &webhook.sibling("internal-call/left"))
        .child(task);
    Ok(Response::twiml(response(enqueue)))
}

fn attributes(ticket: &Ticket) -> Attributes<'_> {
    let (internal_call, worker_sid, queue) = match &ticket.callee {
        Callee::Worker(sid) => (NATIVE, Some(sid), None),
        Callee::Queue(name) => (NATIVE_QUEUE, None, Some(name.as_str())),
    };
    Attributes {
        internal_call,
        worker_sid,
        queue,
        name: &ticket.name,
        caller_worker_sid: &ticket.caller,
        conversations: Conversations { conversation_id: &ticket.conversation },
    }
}

/// `/voice/internal-call/ring`: the ringing tone, until somebody takes the call. Twilio asks
/// again at the end: only what follows the tone has one, and it is reached only when the tone
/// cannot be fetched. Then nobody must think that the line is dead.
pub async fn ring(_: &Context, webhook: &Webhook<'_>, _: IgnoredAny) -> Result<Response> {
    let tone = el("Play").attr("loop", "0").text(&webhook.sibling(RINGBACK));
    let [english, portuguese] = say("Calling. Please wait.", "Chamando. Aguarde, por favor.");
    let pause = el("Pause").attr("length", "10");
    Ok(Response::twiml(responses([tone, english, portuguese, pause])))
}

/// What `/voice/internal-call/left` takes:
/// <https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Left {
    queue_result: Option<String>,
}

/// `/voice/internal-call/left`: the call waits no longer. Who has been talking, or has hung up,
/// needs no words.
pub async fn left(_: &Context, _: &Webhook<'_>, ask: Left) -> Result<Response> {
    let has_been_served = matches!(
        ask.queue_result.as_deref(),
        Some("bridged" | "bridging-in-process" | "hangup" | "redirected-from-bridged")
    );
    let hang_up = el("Hangup");
    if has_been_served {
        return Ok(Response::twiml(response(hang_up)));
    }
    let [english, portuguese] =
        say("Your colleague is not available.", "Seu colega não está disponível.");
    Ok(Response::twiml(responses([english, portuguese, hang_up])))
}

/// It is not known which language the caller speaks.
fn say(english: &str, portuguese: &str) -> [Element; 2] {
    [("en-US", english), ("pt-BR", portuguese)]
        .map(|(language, text)| el("Say").attr("language", language).text(text))
}
