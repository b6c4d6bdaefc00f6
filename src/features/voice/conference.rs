//! A voice conference: who is added to it, held, muted, removed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::phone::{is_number, is_sip};
use crate::base::sid::CallSid;
use crate::base::text::hex;
use crate::flex::access::{self, Room};
use crate::flex::agent::Agent;
use crate::once;
use crate::twilio::resource::camel_case;
use crate::twilio::voice::Change;

/// How long a dialled party is remembered for duplicates of the request.
const REMEMBER: Duration = Duration::from_secs(30);

/// What is read of a participant.
#[derive(Deserialize)]
struct Participant {
    call_sid: Option<CallSid>,
    label: Option<String>,
}

impl Participant {
    fn read(participant: &RawValue) -> Result<Self> {
        json::read(participant.get())
    }
}

/// A participant, for all plugins: some read `participantsResponse`, others `callSid`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownParticipant {
    #[serde(skip_serializing_if = "Option::is_none")]
    call_sid: Option<CallSid>,
    participants_response: Box<RawValue>,
}

impl ShownParticipant {
    fn new(participant: &RawValue) -> Result<Self> {
        let call_sid = Participant::read(participant)?.call_sid;
        Ok(Self { call_sid, participants_response: camel_case(participant)? })
    }
}

/// What `add-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// The conference: the plugins call it so.
    task_sid: Room,
    to: String,
    from: String,
}

/// `add-participant`: somebody is dialled into a conference, once.
///
/// 1. Who is dialled has to be an E.164 number or a SIP address.
/// 2. Of the same request sent several times, one goes on; the others get its answer.
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
    let label = hex(&Sha256::digest(&key));
    let added = once::once(cx, &key, REMEMBER, async |attempt| {
        let room = access::live_conference(cx, agent, "taskSid", &ask.task_sid).await?;
        let twilio = cx.twilio();
        let look = async || {
            for person in twilio.people_as_they_are(&room).await? {
                if Participant::read(&person)?.label.as_deref() == Some(&label) {
                    return Ok(Some(person));
                }
            }
            Ok(None)
        };
        let fields = [
            ("From", from),
            ("To", to),
            ("EarlyMedia", "true"),
            ("EndConferenceOnExit", "false"),
            ("Label", &label),
        ];
        once::make(cx, attempt, look, async || twilio.add_person(&room, &fields).await).await
    });
    let shown = ShownParticipant::new(&added.await?.into_inner())?;
    if let Some(call) = &shown.call_sid {
        cx.note(call);
        access::remember_call(cx, agent, call);
    }
    Ok(Done::with(shown))
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

/// Changes a participant.
///
/// 1. The conference is found and the agent's part in it checked. The plugins of a called
///    agent may send its name, the caller's task SID.
/// 2. Twilio changes the participant; a failure is the agent's to see.
async fn change(
    cx: &Context,
    agent: &Agent,
    conference: &Room,
    participant: &CallSid,
    change: Change<'_>,
) -> Result<Done<ShownParticipant>> {
    let room = access::conference(cx, agent, "conference", conference).await?;
    let changed = cx.twilio().change_person(&room, participant, change).await?;
    Ok(Done::with(ShownParticipant::new(&changed)?))
}

/// What `hold-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    conference: Room,
    participant: CallSid,
    hold: bool,
    /// The music.
    hold_url: Option<String>,
}

/// `hold-participant`: a participant is put on hold or taken off it.
pub async fn hold(cx: &Context, agent: &Agent, ask: Hold) -> Result<Done<ShownParticipant>> {
    let music = ask.hold_url.as_deref().filter(|_| ask.hold);
    change(cx, agent, &ask.conference, &ask.participant, Change::Hold(ask.hold, music)).await
}

/// What `mute-participant` takes.
#[derive(Deserialize)]
pub struct Mute {
    conference: Room,
    participant: CallSid,
    muted: bool,
}

/// `mute-participant`: a participant is muted or heard again.
pub async fn mute(cx: &Context, agent: &Agent, ask: Mute) -> Result<Done<ShownParticipant>> {
    change(cx, agent, &ask.conference, &ask.participant, Change::Muted(ask.muted)).await
}

/// What `update-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    conference: Room,
    participant: CallSid,
    end_conference_on_exit: bool,
}

/// `update-participant`: whether the conference ends when this participant leaves.
pub async fn update(cx: &Context, agent: &Agent, ask: Update) -> Result<Done<ShownParticipant>> {
    change(
        cx,
        agent,
        &ask.conference,
        &ask.participant,
        Change::EndConferenceOnExit(ask.end_conference_on_exit),
    )
    .await
}

/// What `remove-participant` takes.
#[derive(Deserialize)]
pub struct Remove {
    conference: Room,
    participant: CallSid,
}

/// What `remove-participant` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    participants_response: bool,
}

/// `remove-participant`: a participant has to leave the conference.
///
/// One that has left already is fine: the plugins send the request again after a lost
/// connection.
pub async fn remove(cx: &Context, agent: &Agent, ask: Remove) -> Result<Done<Removed>> {
    let room = access::conference(cx, agent, "conference", &ask.conference).await?;
    cx.twilio().remove_person(&room, &ask.participant).await?;
    Ok(Done::with(Removed { participants_response: true }))
}
