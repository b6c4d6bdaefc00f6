//! An agent's part in voice conferences, which Flex names by the SID of their task.

use std::fmt;

use futures_util::join;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::part::{Part, Reservations, denied, is_unlimited};
use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::{ConferenceSid, Sid as _, TaskSid};
use crate::flex::agent::Agent;
use crate::flex::ring;
use crate::twilio::voice::Conference;

/// A conference as the plugins name it: by its SID or, as Flex names its voice conferences,
/// by the SID of the task.
#[derive(Clone, Debug)]
pub enum Room {
    /// `CF…`
    Conference(ConferenceSid),
    /// `WT…`
    Task(TaskSid),
}

impl<'de> Deserialize<'de> for Room {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let conference = ConferenceSid::parse(&name).map(Self::Conference);
        let room = conference.or_else(|| TaskSid::parse(&name).map(Self::Task));
        room.ok_or_else(|| D::Error::custom("is neither a CF… nor a WT… SID"))
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conference(sid) => sid.fmt(f),
            Self::Task(sid) => sid.fmt(f),
        }
    }
}

/// Whether the agent takes part in the room that bears this task's name: they hold that task,
/// or the one that we have let ring for it.
async fn is_in_room_of(cx: &Context, own: &Reservations, name: &TaskSid) -> Result<bool> {
    if own.part(cx, name).await? == Part::Has {
        return Ok(true);
    }
    match ring::known(cx, name).await? {
        Some(ring) => Ok(own.part(cx, &ring.callee).await? == Part::Has),
        None => Ok(false),
    }
}

/// Finds the conference, and checks that the agent takes part in it.
pub async fn conference(
    cx: &Context,
    agent: &Agent,
    field: &str,
    room: &Room,
) -> Result<ConferenceSid> {
    find_conference(cx, agent, field, room, false).await
}

/// The same; one that is over is refused, also to supervisors.
pub async fn live_conference(
    cx: &Context,
    agent: &Agent,
    field: &str,
    room: &Room,
) -> Result<ConferenceSid> {
    find_conference(cx, agent, field, room, true).await
}

async fn find_conference(
    cx: &Context,
    agent: &Agent,
    field: &str,
    room: &Room,
    must_live: bool,
) -> Result<ConferenceSid> {
    let found = match room {
        Room::Conference(sid) => conference_by_sid(cx, agent, sid, must_live).await?,
        Room::Task(name) => conference_by_name(cx, agent, name).await?,
    };
    found.ok_or_else(|| Error::bad(field, "names no conference that is going on"))
}

/// The live conference that bears this task's name, after the check.
async fn conference_by_name(
    cx: &Context,
    agent: &Agent,
    name: &TaskSid,
) -> Result<Option<ConferenceSid>> {
    let rooms = if is_unlimited(cx, agent) {
        cx.twilio().conferences_named(name).await?
    } else {
        let (rooms, own) = join!(cx.twilio().conferences_named(name), Reservations::of(cx, agent));
        if !is_in_room_of(cx, &own?, name).await? {
            return Err(denied("conference"));
        }
        rooms?
    };
    Ok(rooms.into_iter().find(Conference::is_live).map(|room| room.sid))
}

/// The conference with this SID, after the check; nothing when it is gone or over.
async fn conference_by_sid(
    cx: &Context,
    agent: &Agent,
    sid: &ConferenceSid,
    must_live: bool,
) -> Result<Option<ConferenceSid>> {
    let twilio = cx.twilio();
    let is_there = |found: &Conference| !must_live || found.is_live();
    if is_unlimited(cx, agent) {
        if !must_live {
            return Ok(Some(sid.clone()));
        }
        let found = unless_gone(twilio.conference(sid).await)?.filter(is_there);
        return Ok(found.map(|found| found.sid));
    }
    let (found, own) = join!(twilio.conference(sid), Reservations::of(cx, agent));
    let Some(found) = unless_gone(found)?.filter(is_there) else { return Ok(None) };
    let name = found.friendly_name.as_deref().and_then(TaskSid::parse);
    let name = name.ok_or_else(|| denied("conference"))?;
    if is_in_room_of(cx, &own?, &name).await? {
        Ok(Some(found.sid))
    } else {
        Err(denied("conference"))
    }
}
