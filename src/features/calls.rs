//! Calls by themselves: what is known of one, handing it over, and telephone numbers.

use std::cell::RefCell;

use crate::Context;
use crate::access;
use crate::auth::{Agent, FlexCall};
use crate::date;
use crate::error::{Error, Result};
use crate::features::conference::REMEMBER;
use crate::features::workspace::show_list;
use crate::gate;
use crate::json::{self, Object};
use crate::params;
use crate::runtime::{Millis, Response, SECOND};
use crate::sid::Sid;
use crate::twilio::taskrouter::Reservation;
use crate::twilio::{camel_case, unless_gone};
use crate::twiml::{el, response};

/// How long a call's properties are told again without asking: the peers' plugins ask once a
/// second for each party that is being dialled.
const FRESH: Millis = SECOND;
/// How long an agent's part in a call is believed.
const ALLOWED: Millis = 60 * SECOND;
/// As many calls are remembered.
const CAPACITY: usize = 200;
/// How old what an earlier try of a cold transfer has dialled can be.
const SAME_TRANSFER: Millis = 60 * SECOND;
/// The longest document that Twilio takes as text, in bytes as counted here.
const MAX_TWIML: usize = 4_000;

/// What is known of the calls asked for lately.
#[derive(Default)]
pub struct Calls {
    known: RefCell<Vec<(Sid, u64, String)>>,
    allowed: RefCell<Vec<(Sid, u64, String)>>,
}

impl Calls {
    /// Remembers that the agent takes part in the call.
    pub fn allow(&self, cx: &Context, agent: &Agent, call: &Sid) {
        remember(&self.allowed, (call.clone(), cx.now() + ALLOWED, agent.key().to_owned()));
    }

    fn is_allowed(&self, cx: &Context, agent: &Agent, call: &Sid) -> bool {
        let is_it = |(sid, until, key): &(Sid, u64, String)| {
            sid == call && *until > cx.now() && key == agent.key()
        };
        self.allowed.borrow().iter().any(is_it)
    }

    fn known(&self, cx: &Context, call: &Sid) -> Option<String> {
        let known = self.known.borrow();
        let found = known.iter().rev().find(|(sid, until, _)| sid == call && *until > cx.now());
        found.map(|(_, _, call)| call.clone())
    }
}

fn remember(list: &RefCell<Vec<(Sid, u64, String)>>, item: (Sid, u64, String)) {
    let mut list = list.borrow_mut();
    list.retain(|(sid, _, text)| *sid != item.0 || *text != item.2);
    if list.len() >= CAPACITY {
        list.remove(0);
    }
    list.push(item);
}

/// `get-call-properties`: a call as Twilio has it, at most a second old.
///
/// The call has to be the agent's own leg, one that the agent has just had dialled, or one
/// in a conference that the agent takes part in.
pub fn properties(cx: &Context, call: &FlexCall) -> Result<Response> {
    let sid = cx.sid(&call.params, "callSid", "CA")?;
    let memory = &cx.app.calls;
    let is_free = access::is_unlimited(cx, &call.agent) || memory.is_allowed(cx, &call.agent, &sid);
    let fetched = match memory.known(cx, &sid) {
        Some(known) => Ok(known),
        None => cx.twilio().call_leg(&sid).map(|answer| answer.body),
    };
    let found = if is_free {
        fetched?
    } else {
        let access = access::call(cx, &call.agent, &sid);
        let found = fetched?;
        let own = ["client:", &call.agent.identity].concat();
        if json::at(&found, &["to"]).as_ref() != Some(&own)
            && json::at(&found, &["from"]).as_ref() != Some(&own)
        {
            access?;
            memory.allow(cx, &call.agent, &sid);
        }
        found
    };
    let call = Object::parse(&found).unwrap_or_default();
    let body = json::object()
        .flag("success", true)
        .text("sid", sid.as_str())
        .raw("to", call.raw("to").unwrap_or("null"))
        .raw("from", call.raw("from").unwrap_or("null"))
        .raw("status", call.raw("status").unwrap_or("null"))
        .raw("callProperties", &camel_case(&found))
        .end();
    if memory.known(cx, &sid).is_none() {
        remember(&memory.known, (sid, cx.now() + FRESH, found));
    }
    Ok(Response::json(200, body))
}

/// `cold-transfer`: a call is handed to a number, a SIP address or a TwiML application, once.
///
/// 1. The target becomes TwiML, as a tree: nothing in it can break out.
/// 2. Of the same request sent several times, one goes on; the others get its answer.
/// 3. The call has to belong to a task of the agent's, or be in a conference that they take
///    part in.
/// 4. Twilio plays the document to the call. When it is unknown whether it does, the calls
///    that it has dialled are looked at before it is played again.
pub fn cold_transfer(cx: &Context, call: &FlexCall) -> Result<Response> {
    let sid = cx.sid(&call.params, "callSid", "CA")?;
    let to = call.params.text("to")?;
    let from = call.params.optional_text("from")?;
    let twiml = target(to, from)?;
    let from = from.unwrap_or_default();
    let key = ["cold-transfer/", call.agent.key(), "/", sid.as_str(), "/", to, "/", from].concat();
    gate::once(cx, &key, REMEMBER, |attempt| {
        if !access::is_unlimited(cx, &call.agent) {
            owns(cx, &call.agent, &sid)?;
        }
        let twilio = cx.twilio();
        let look = || {
            let is_it = |call: &String| {
                let call = Object::parse(call).unwrap_or_default();
                let status = call.text_or_empty("status");
                let is_live = matches!(status.as_str(), "queued" | "ringing" | "in-progress");
                let made = call.text("date_created").and_then(|date| date::from_rfc2822(&date));
                // Another transfer of this call may have been before.
                made.is_none_or(|made| made + SAME_TRANSFER > cx.now())
                    && (call.text_or_empty("to") == to || (is_live && !is_number(to)))
            };
            Ok(twilio.dialled_by(&sid)?.into_iter().find(is_it))
        };
        gate::make(cx, attempt, &look, &|| Ok(twilio.play(&sid, &twiml)?.body))
            .map(|_| String::new())
    })?;
    Ok(Response::success())
}

/// Checks that the call belongs to a task that the agent has. Flex notes the customer's
/// call on the task; a call that is noted nowhere has to be in the agent's conference.
fn owns(cx: &Context, agent: &Agent, call: &Sid) -> Result<()> {
    let sid = call.as_str();
    let noted =
        ["call_sid == \"", sid, "\" OR conference.participants.customer == \"", sid, "\""].concat();
    let twilio = cx.twilio();
    let (tasks, reservations) =
        (twilio.tasks_where(&noted), twilio.worker_reservations(agent.worker()?));
    let (tasks, reservations) = (tasks?, reservations?);
    let is_mine =
        |r: &Reservation| r.is_live() && tasks.iter().any(|task| task.sid.as_str() == r.task);
    if reservations.iter().any(is_mine) { Ok(()) } else { access::call(cx, agent, call) }
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
        let app = Sid::parse("AP", app).ok_or_else(unknown)?;
        let mut application = el("Application").child(el("ApplicationSid").text(app.as_str()));
        for (name, value) in params::pairs(query) {
            application =
                application.child(el("Parameter").attr("name", &name).attr("value", &value));
        }
        dial.child(application)
    };
    let twiml = response(dial);
    if twiml.len() > MAX_TWIML { Err(Error::bad("to", "is too long")) } else { Ok(twiml) }
}

/// Whether this is a telephone number in E.164 form.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    matches!(digits.len(), 7..=15)
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Whether this is a SIP address.
#[must_use]
pub fn is_sip(text: &str) -> bool {
    let address = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:"));
    let parts = address.and_then(|address| address.split_once('@'));
    parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        && text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\'))
}

/// `validate-phone-number`: whether a number is one, and may be dialled from this account.
///
/// 1. Lookup says whether it is one and where.
/// 2. The account's dialing permissions say whether it may be dialled; with the beginnings
///    of that country's high-risk special numbers, read at the same time.
pub fn validate_number(cx: &Context, call: &FlexCall) -> Result<Response> {
    let number = call.params.text("phoneNumber")?;
    let twilio = cx.twilio();
    let found = twilio.phone_number(number, None)?.body;
    let found = Object::parse(&found).unwrap_or_default();
    let reason = match (found.flag("valid"), found.text("calling_country_code")) {
        (Some(true), Some(code)) => {
            // Canada's permissions are those of the United States.
            let country = found.text_or_empty("country_code");
            let country = if country == "CA" { "US" } else { &country };
            let (permissions, prefixes) =
                (twilio.dialing_permissions(&code), twilio.high_risk_prefixes(country));
            let permissions = permissions?;
            let is_there =
                |p: &&String| json::at(p, &["iso_code"]).is_some_and(|code| code == country);
            let number = found.text_or_empty("phone_number");
            let permission = permissions.iter().find(is_there).or(permissions.first());
            match permission.and_then(|p| Object::parse(p)) {
                None => Some("COUNTRY_UNKNOWN".to_owned()),
                Some(p) if p.flag("low_risk_numbers_enabled") != Some(true) => {
                    Some("COUNTRY_DISABLED".to_owned())
                }
                Some(p) if p.flag("high_risk_special_numbers_enabled") == Some(true) => None,
                Some(_) => {
                    let begins = |p: &String| {
                        json::at(p, &["prefix"]).is_some_and(|p| number.starts_with(&p))
                    };
                    let is_risky = unless_gone(prefixes)?.unwrap_or_default().iter().any(begins);
                    is_risky.then(|| "HIGH_RISK_SPECIAL_NUMBER_DISABLED".to_owned())
                }
            }
        }
        (Some(true), None) => Some("COUNTRY_UNKNOWN".to_owned()),
        _ => {
            let errors = found.texts("validation_errors");
            Some(errors.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
    };
    let body = json::object()
        .flag("success", true)
        .flag("valid", reason.is_none())
        .optional_text("invalidReason", reason.as_deref())
        .end();
    Ok(Response::json(200, body))
}

/// `list-phone-numbers`: the account's numbers and, if asked for, its verified caller IDs.
pub fn list_numbers(cx: &Context, call: &FlexCall) -> Result<Response> {
    let twilio = cx.twilio();
    let numbers = if call.params.optional_flag("IncludeOutgoing")? == Some(true) {
        let (numbers, caller_ids) = (twilio.phone_numbers(), twilio.caller_ids());
        [numbers?, caller_ids?].concat()
    } else {
        twilio.phone_numbers()?
    };
    Ok(show_list(&numbers, "phoneNumbers", |number| {
        let number = Object::parse(number).unwrap_or_default();
        let raw = |name| number.raw(name).unwrap_or("null");
        json::object()
            .raw("friendlyName", raw("friendly_name"))
            .raw("phoneNumber", raw("phone_number"))
            .end()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_e164_numbers_and_sip_addresses_are_dialled() {
        for good in ["+15551230001", "+4915112345678", "+123456789012345"] {
            assert!(is_number(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "15551230001",
            "+05551230001",
            "+1555",
            "+1234567890123456",
            "+1555 123",
            "+1555123000a",
            "null",
        ] {
            assert!(!is_number(bad), "{bad}");
        }
        for good in ["sip:a@b", "sips:alice@example.com;transport=tls", "sip:a@b.c?X-Id=1&X=2"] {
            assert!(is_sip(good), "{good}");
        }
        for bad in [
            "sip:",
            "sip:a",
            "sip:@b",
            "sip:a@",
            "sip:a@b\"",
            "sip:a@b<",
            "sip:a b@c",
            "client:a@b",
            "a@b",
        ] {
            assert!(!is_sip(bad), "{bad}");
        }
    }

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
