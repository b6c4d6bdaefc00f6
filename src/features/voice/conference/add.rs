//! Somebody is dialled into a conference.

use std::cell::Cell;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::participant::{Participant, ShownParticipant};
use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::phone::{is_number, is_sip, with_plus};
use crate::base::sid::{CallSid, ConferenceSid};
use crate::flex::access::{self, Room};
use crate::flex::agent::Agent;
use crate::once;
use crate::twilio::voice::{CallLeg, CallStatus};

/// How long a dialled party is remembered for duplicates of the request.
const REMEMBER: Duration = Duration::from_secs(30);

/// What `add-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// The conference: the plugins call it so.
    task_sid: Room,
    #[serde(deserialize_with = "with_plus")]
    to: String,
    #[serde(deserialize_with = "with_plus")]
    from: String,
}

/// `add-participant`: somebody is dialled into a conference, once.
///
/// 1. Who is dialled has to be an E.164 number or a SIP address.
/// 2. Of the same request sent several times, one goes on; the others get its answer, unless
///    that call is over by then.
/// 3. The conference has to be going on, and the agent to take part in it: Twilio would open
///    a room for any other name and dial into that.
/// 4. Twilio dials. When it is unknown whether it does, and when an earlier owner of the
///    request failed, the participant is looked for by its label before it is dialled again.
pub async fn add(cx: &Context, agent: &Agent, ask: Add) -> Result<Done<ShownParticipant>> {
    let (to, from) = (ask.to.as_str(), ask.from.as_str());
    if !is_number(to) && !is_sip(to) {
        return Err(not_dialable());
    }
    if !is_number(from) && (is_number(to) || !(is_sip(from) || is_client(from))) {
        return Err(Error::bad("from", "is not a number in E.164 form"));
    }
    let key = format!("add-participant/{}/{}/{to}/{from}", agent.key(), ask.task_sid);
    // The call in whose place the next one comes.
    let over = Cell::new(None);
    let is_over = async |added: &ShownParticipant| {
        let is_over = is_over(cx, added).await?;
        over.set(added.call_sid.clone().filter(|_| is_over));
        Ok(is_over)
    };
    let dial = async |attempt| {
        let room = access::live_conference(cx, agent, "taskSid", &ask.task_sid).await?;
        let label = label(&key, over.take());
        let fields = [
            ("From", from),
            ("To", to),
            ("EarlyMedia", "true"),
            ("EndConferenceOnExit", "false"),
            ("Label", &label),
        ];
        let look = async || labelled(cx, &room, &label).await;
        let make = async || cx.twilio().add_person(&room, &fields).await;
        let added = ShownParticipant::new(&once::make(cx, attempt, look, make).await?)?;
        added.call_sid.as_ref().ok_or_else(|| Error::unreadable("call_sid"))?;
        Ok(added)
    };
    let added = once::once_until_over(cx, &key, REMEMBER, is_over, dial).await?;
    let added = added.into_inner();
    if let Some(call) = &added.call_sid {
        cx.note(call);
        access::remember_call(cx, agent, call);
    }
    Ok(Done::with(added))
}

/// The label of a party, by the request for it and the call in whose place it comes.
fn label(key: &str, over: Option<CallSid>) -> String {
    let hash = match over {
        None => Sha256::digest(key),
        Some(call) => Sha256::digest(format!("{key}/{call}")),
    };
    hex::encode(hash)
}

/// The participant with this label.
async fn labelled(
    cx: &Context,
    room: &ConferenceSid,
    label: &str,
) -> Result<Option<Box<RawValue>>> {
    for person in cx.twilio().people_as_they_are(room).await? {
        if Participant::read(&person)?.label.as_deref() == Some(label) {
            return Ok(Some(person));
        }
    }
    Ok(None)
}

/// Whether a dialled party's call is over. When nobody can say, it is taken to go on: dialling
/// twice is worse.
async fn is_over(cx: &Context, added: &ShownParticipant) -> Result<bool> {
    let Some(call) = &added.call_sid else { return Ok(false) };
    match unless_gone(cx.twilio().call_leg(call).await) {
        Ok(None) => Ok(true),
        Ok(Some(call)) => {
            let status = json::read::<CallLeg>(call.get())?.status;
            Ok(status.is_some_and(CallStatus::is_over))
        }
        Err(error) if error.is_passing() => Ok(false),
        Err(error) => Err(error),
    }
}

/// The refusal that the plugins tell from others by Twilio's number for it.
fn not_dialable() -> Box<Error> {
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
