//! An agent's part in tasks, by the facts of their reservations.

use super::denied;
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::sid::TaskSid;
use crate::flex::caller::Agent;
use crate::twilio::taskrouter::{Reservation, ReservationStatus};

/// What an agent has to do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// They have it: accepted, or wrapping up while nobody else has accepted it.
    Holds,
    /// They are asked whether they take it.
    Offered,
    /// They had it, or were asked.
    Former,
    /// Nothing.
    None,
}

impl Part {
    /// By the agent's own reservations on the task.
    async fn by(cx: &Context, task: &TaskSid, own: &[&Reservation]) -> Result<Self> {
        let is = |status| own.iter().any(|reservation| reservation.reservation_status == status);
        if is(ReservationStatus::Accepted) {
            return Ok(Self::Holds);
        }
        // Who has handed it over wraps up while somebody else has it.
        if is(ReservationStatus::Wrapping) && !cx.twilio().is_accepted(task).await? {
            return Ok(Self::Holds);
        }
        if is(ReservationStatus::Pending) {
            return Ok(Self::Offered);
        }
        Ok(if own.is_empty() { Self::None } else { Self::Former })
    }
}

/// The agent's part in a task. In one that is gone nobody has any.
pub async fn part(cx: &Context, agent: &Agent, task: &TaskSid) -> Result<Part> {
    let own = unless_gone(cx.twilio().task_reservations(task, agent.worker()?).await)?;
    let own = own.unwrap_or_default();
    Part::by(cx, task, &own.iter().collect::<Vec<_>>()).await
}

/// Checks that the agent has the task now.
pub async fn holds(cx: &Context, agent: &Agent, task: &TaskSid) -> Result<()> {
    if part(cx, agent, task).await? == Part::Holds { Ok(()) } else { Err(denied("task")) }
}

/// All reservations of an agent.
pub struct Reservations(Vec<Reservation>);

impl Reservations {
    /// Reads them.
    pub async fn of(cx: &Context, agent: &Agent) -> Result<Self> {
        cx.twilio().worker_reservations(agent.worker()?).await.map(Self)
    }

    /// The agent's part in a task.
    pub async fn part(&self, cx: &Context, task: &TaskSid) -> Result<Part> {
        let own: Vec<_> = self.0.iter().filter(|own| own.task_sid == *task).collect();
        Part::by(cx, task, &own).await
    }

    /// The tasks that the agent has accepted, newest part first; which of them they still hold
    /// [`Reservations::part`] says.
    #[must_use]
    pub fn accepted(&self) -> Vec<&TaskSid> {
        let mut tasks = Vec::new();
        for status in [ReservationStatus::Accepted, ReservationStatus::Wrapping] {
            for own in self.0.iter().filter(|own| own.reservation_status == status) {
                if !tasks.contains(&&own.task_sid) {
                    tasks.push(&own.task_sid);
                }
            }
        }
        tasks
    }
}
