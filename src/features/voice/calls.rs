//! Calls by themselves: what is known of one, and handing it over.

use std::rc::Rc;
use std::time::Duration;

use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::answer::{Done, Nothing, done};
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::memory::Cache;
use crate::base::params::pairs;
use crate::base::phone::{is_number, is_sip, with_plus};
use crate::base::sid::{ApplicationSid, CallSid, Sid as _};
use crate::base::twiml::{el, response};
use crate::flex::access;
use crate::flex::agent::Agent;
use crate::once;
use crate::twilio::resource::camel_case;
use crate::twilio::voice::{CallLeg, CallStatus};

/// How long a call's properties are told again without asking: the plugins ask once a second
/// for each party that is being dialled.
const FRESH: Millis = 1_000;
/// How long a transfer is remembered for duplicates of the request.
const REMEMBER: Duration = Duration::from_secs(30);
/// How old what an earlier try of a cold transfer has dialled can be.
const SAME_TRANSFER: Millis = 60_000;
/// The longest document that Twilio takes as text, in bytes as counted here.
const MAX_TWIML: usize = 4_000;

/// The calls asked for lately.
#[derive(Default)]
struct Known(Cache<CallSid, Rc<RawValue>, 200>);

/// The transfers that were allowed and begun lately, by their gates' keys.
#[derive(Default)]
struct Begun(Cache<String, (), 200>);

/// What `get-call-properties` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    call_sid: CallSid,
}

/// What `get-call-properties` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownCall {
    sid: CallSid,
    to: Option<String>,
    from: Option<String>,
    status: Option<String>,
    call_properties: Box<RawValue>,
}

/// What is told of a call besides itself.
#[derive(Deserialize)]
struct Told {
    to: Option<String>,
    from: Option<String>,
    status: Option<String>,
}

/// `get-call-properties`: a call as Twilio has it, at most a second old.
///
/// The call has to be the agent's own leg, one that the agent has just had dialled, or one
/// in a conference that the agent takes part in.
pub async fn properties(cx: &Context, agent: &Agent, ask: Properties) -> Result<Done<ShownCall>> {
    let sid = ask.call_sid;
    let is_free = access::is_unlimited(cx, agent) || access::is_remembered_call(cx, agent, &sid);
    let (call, told) = if is_free {
        fetch(cx, &sid).await?
    } else {
        let (fetched, part) = join!(fetch(cx, &sid), access::call(cx, agent, &sid));
        let (call, told) = fetched?;
        let own = Some(agent.contact_uri());
        if told.to != own && told.from != own {
            part?;
            access::remember_call(cx, agent, &sid);
        }
        (call, told)
    };
    Ok(Done::with(ShownCall {
        sid,
        to: told.to,
        from: told.from,
        status: told.status,
        call_properties: camel_case(&call)?,
    }))
}

/// A call, at most a second old.
async fn fetch(cx: &Context, sid: &CallSid) -> Result<(Rc<RawValue>, Told)> {
    let known = cx.memory::<Known>();
    let call = if let Some(call) = known.0.get(sid, cx.now()) {
        call
    } else {
        let call: Rc<RawValue> = cx.twilio().call_leg(sid).await?.into();
        known.0.put(sid.clone(), Rc::clone(&call), cx.now() + FRESH, cx.now());
        call
    };
    let told = json::read(call.get())?;
    Ok((call, told))
}

/// What `cold-transfer` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColdTransfer {
    call_sid: CallSid,
    #[serde(deserialize_with = "with_plus")]
    to: String,
    /// The caller ID.
    #[serde(default, deserialize_with = "with_plus")]
    from: Option<String>,
}

/// `cold-transfer`: a call is handed to a number, a SIP address or a TwiML application, once.
///
/// 1. The target becomes TwiML, as a tree: nothing in it can break out.
/// 2. Of the same request sent several times, one goes on; the others get its answer.
/// 3. An earlier try of the agent's that was allowed may have taken the call out of its
///    conference: then that is all. It is looked for by the calls that the call has dialled.
/// 4. The call has to be in a conference that the agent takes part in.
/// 5. Twilio plays the document to the call. When it is unknown whether it does, the calls
///    that it has dialled are looked at before it is played again.
pub async fn cold_transfer(
    cx: &Context,
    agent: &Agent,
    ask: ColdTransfer,
) -> Result<Done<Nothing>> {
    let (sid, to, from) = (&ask.call_sid, ask.to.as_str(), ask.from.as_deref());
    let twiml = target(to, from)?;
    let key = format!("cold-transfer/{}/{sid}/{to}/{}", agent.key(), from.unwrap_or_default());
    let begun = cx.memory::<Begun>();
    once::once(cx, &key, REMEMBER, async |attempt| {
        let look = async || {
            let dialled = cx.twilio().dialled_by(sid).await?;
            Ok(dialled.iter().any(|call| is_of_transfer(cx, call, to)).then_some(()))
        };
        let was_allowed = attempt > 1 && begun.0.get(&key, cx.now()).is_some();
        if was_allowed && look().await?.is_some() {
            return Ok(());
        }
        if !access::is_unlimited(cx, agent) {
            access::call(cx, agent, sid).await?;
        }
        begun.0.put(key.clone(), (), cx.now() + SAME_TRANSFER, cx.now());
        once::make(cx, attempt, look, async || cx.twilio().play(sid, &twiml).await).await
    })
    .await?;
    Ok(done())
}

/// Whether a cold transfer to this target has dialled the call. Another transfer may have been
/// before.
fn is_of_transfer(cx: &Context, call: &CallLeg, to: &str) -> bool {
    call.date_created.is_none_or(|made| made + SAME_TRANSFER > cx.started())
        && (call.to.as_deref() == Some(to)
            || (call.status.is_some_and(CallStatus::is_live) && !is_number(to)))
}

/// The document that dials `to`.
fn target(to: &str, from: Option<&str>) -> Result<String> {
    let unknown =
        || Error::bad("to", "is neither a number in E.164 form, a SIP address nor app:AP…");
    let mut dial = el("Dial");
    if let Some(from) = from {
        if !is_number(from) && !is_sip(from) {
            return Err(Error::bad("from", "is neither a number in E.164 form nor a SIP address"));
        }
        dial = dial.attr("callerId", from);
    }
    let dial = if is_number(to) {
        dial.text(to)
    } else if is_sip(to) {
        dial.child(el("Sip").text(to))
    } else {
        let app = to.strip_prefix("app:").ok_or_else(unknown)?;
        let (app, query) = app.split_once('?').unwrap_or((app, ""));
        let app = ApplicationSid::parse(app).ok_or_else(unknown)?;
        let mut application = el("Application").child(el("ApplicationSid").text(app.as_str()));
        for (name, value) in pairs(query) {
            application =
                application.child(el("Parameter").attr("name", &name).attr("value", &value));
        }
        dial.child(application)
    };
    let twiml = response(dial);
    if twiml.len() > MAX_TWIML { Err(Error::bad("to", "is too long")) } else { Ok(twiml) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_become_twiml_and_nothing_breaks_out() {
        let inner = |to: &str, from| {
            let twiml = target(to, from).unwrap();
            twiml.split_once("<Response>").unwrap().1.replace("</Response>", "")
        };
        assert_eq!(inner("+15551230001", None), "<Dial>+15551230001</Dial>");
        assert_eq!(
            inner("+15551230001", Some("+15550009999")),
            "<Dial callerId=\"+15550009999\">+15551230001</Dial>"
        );
        assert_eq!(
            inner("sip:a@b?X=1&Y='2'", None),
            "<Dial><Sip>sip:a@b?X=1&amp;Y='2'</Sip></Dial>"
        );
        let app = "AP0123456789abcdef0123456789abcdef";
        assert_eq!(
            inner(&format!("app:{app}?name=%22%3E%3CHangup/%3E&b=a+b%26c"), None),
            format!(
                "<Dial><Application><ApplicationSid>{app}</ApplicationSid>\
                 <Parameter name=\"name\" value=\"&quot;>&lt;Hangup/>\"/><Parameter name=\"b\" value=\"a b&amp;c\"/>\
                 </Application></Dial>"
            )
        );
        for bad in ["</Dial>", "app:AP1", "app:", "client:bob", "5551230001", "sip:a@b</Sip>"] {
            assert!(target(bad, None).is_err(), "{bad}");
        }
        assert!(target("+15551230001", Some("\"><Hangup/>")).is_err());
        assert!(target(&format!("app:{app}?a={}", "x".repeat(4000)), None).is_err());
    }
}
