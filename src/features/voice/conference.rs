//! A voice conference: who is added to it, held, muted, removed.

mod add;
mod participant;

use serde::{Deserialize, Serialize};

pub use add::add;

use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::sid::{CallSid, TaskSid};
use crate::flex::access::{self, Room};
use crate::flex::agent::Agent;
use crate::twilio::voice::Change;
use participant::ShownParticipant;

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
    /// The plugins leave it out as long as Flex has not loaded it.
    conference: Option<Room>,
    participant: CallSid,
    /// The task whose conference it is, for supervisors.
    task_sid: Option<TaskSid>,
    hold: bool,
    /// The music.
    hold_url: Option<String>,
}

/// `hold-participant`: a participant is put on hold or taken off it. Without a conference it is
/// that of the agent's which the participant is in; who may act on any can name its task.
pub async fn hold(cx: &Context, agent: &Agent, ask: Hold) -> Result<Done<ShownParticipant>> {
    let music = ask.hold_url.as_deref().filter(|_| ask.hold);
    let hold = Change::Hold(ask.hold, music);
    let by_task = ask.task_sid.filter(|_| access::is_unlimited(cx, agent)).map(Room::Task);
    if let Some(conference) = ask.conference.or(by_task) {
        return change(cx, agent, &conference, &ask.participant, hold).await;
    }
    let room = access::own_room_with(cx, agent, "conference", &ask.participant).await?;
    let changed = cx.twilio().change_person(&room, &ask.participant, hold).await?;
    Ok(Done::with(ShownParticipant::new(&changed)?))
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
