//! A voice conference: who is added to it, held, muted, removed.

use sha2::{Digest as _, Sha256};

use crate::Context;
use crate::access;
use crate::auth::{FlexCall, hex};
use crate::error::{Error, Result, Stop};
use crate::features::calls::{is_number, is_sip};
use crate::gate;
use crate::json;
use crate::runtime::{Millis, Response, SECOND};
use crate::sid::Sid;
use crate::twilio::{camel_case, unless_gone};

/// How long a dialled party is remembered for duplicates of the request.
pub const REMEMBER: Millis = 30 * SECOND;

/// `add-participant`: somebody is dialled into a conference, once.
///
/// `taskSid` is the conference: the peers' plugins call it so. Twilio would open a room for
/// any other name and dial into that.
///
/// 1. Who is dialled has to be an E.164 number or a SIP address.
/// 2. Of the same request sent several times, one goes on; the others get its answer.
/// 3. The conference has to be going on, and the agent to take part in it.
/// 4. Twilio dials. When it is unknown whether it does, and when an earlier owner of the
///    request failed, the participant is looked for by its label before it is dialled again.
pub fn add(cx: &Context, call: &FlexCall) -> Result<Response> {
    let name = call.params.text("taskSid")?;
    let to = call.params.text("to")?;
    let from = call.params.text("from")?;
    if !is_number(to) && !is_sip(to) {
        return Err(not_dialable());
    }
    if !is_number(from) && (is_number(to) || !(is_sip(from) || is_client(from))) {
        return Err(Error::bad("from", "is not a number in E.164 form"));
    }
    let key = ["add-participant/", call.agent.key(), "/", name, "/", to, "/", from].concat();
    let label = hex(&Sha256::digest(key.as_bytes()));
    let added = gate::once(cx, &key, REMEMBER, |attempt| {
        let room = access::live_conference(cx, &call.agent, "taskSid", name)?;
        let twilio = cx.twilio();
        let look = || {
            let is_it =
                |person: &String| json::at(person, &["label"]).is_some_and(|known| known == label);
            Ok(twilio.people(&room)?.into_iter().find(is_it))
        };
        let fields = [
            ("From", from),
            ("To", to),
            ("EarlyMedia", "true"),
            ("EndConferenceOnExit", "false"),
            ("Label", &label),
        ];
        gate::make(cx, attempt, &look, &|| Ok(twilio.add_participant(&room, &fields)?.body))
    });
    let participant = added?;
    if let Some(sid) = json::at(&participant, &["call_sid"]).and_then(|sid| Sid::parse("CA", &sid))
    {
        cx.note(&sid);
        cx.app.calls.allow(cx, &call.agent, &sid);
    }
    Ok(answer(&participant))
}

/// The refusal that the peers' plugins tell from others by Twilio's number for it.
fn not_dialable() -> Stop {
    Error::Twilio {
        status: 400,
        code: Some(13223),
        message: "to: is neither a number in E.164 form nor a SIP address".to_owned(),
        page: Some("https://www.twilio.com/docs/api/errors/13223".to_owned()),
        retry_after: None,
    }
    .into()
}

fn is_client(text: &str) -> bool {
    text.strip_prefix("client:")
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()))
}

/// `hold-participant`: a participant is put on hold or taken off it.
pub fn hold(cx: &Context, call: &FlexCall) -> Result<Response> {
    change(cx, call, "hold", "Hold")
}

/// `mute-participant`: a participant is muted or heard again.
pub fn mute(cx: &Context, call: &FlexCall) -> Result<Response> {
    change(cx, call, "muted", "Muted")
}

/// `update-participant`: whether the conference ends when this participant leaves.
pub fn update(cx: &Context, call: &FlexCall) -> Result<Response> {
    change(cx, call, "endConferenceOnExit", "EndConferenceOnExit")
}

/// `remove-participant`: a participant has to leave the conference.
///
/// One that has left already is fine: the plugins send the request again after a lost
/// connection.
pub fn remove(cx: &Context, call: &FlexCall) -> Result<Response> {
    change(cx, call, "", "")
}

/// Sets one flag of a participant; without a flag, removes the participant.
///
/// 1. The conference is found and the agent's part in it checked. The plugins of a called
///    agent may send the conference's name, the caller's task SID.
/// 2. Twilio changes the participant; a failure is the agent's to see.
fn change(cx: &Context, call: &FlexCall, flag: &str, field: &str) -> Result<Response> {
    let name = call.params.text("conference")?;
    let participant = cx.sid(&call.params, "participant", "CA")?;
    let value = !flag.is_empty() && call.params.flag(flag)?;
    let hold_url = call.params.optional_text("holdUrl")?.filter(|_| value && field == "Hold");
    let conference = access::conference(cx, &call.agent, "conference", name)?;
    let twilio = cx.twilio();
    if flag.is_empty() {
        unless_gone(twilio.remove_participant(&conference, &participant))?;
        let body = json::object().flag("success", true).flag("participantsResponse", true).end();
        return Ok(Response::json(200, body));
    }
    let fields =
        [(field, if value { "true" } else { "false" }), ("HoldUrl", hold_url.unwrap_or_default())];
    let fields = if hold_url.is_some() { &fields[..] } else { &fields[..1] };
    Ok(answer(&twilio.update_participant(&conference, &participant, fields)?.body))
}

/// The participant for all peers: T reads `participantsResponse`, D `callSid`.
fn answer(participant: &str) -> Response {
    let body = json::object()
        .flag("success", true)
        .optional_text("callSid", json::at(participant, &["call_sid"]).as_deref())
        .raw("participantsResponse", &camel_case(participant))
        .end();
    Response::json(200, body)
}
