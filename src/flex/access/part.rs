//! An agent's part in tasks, by the facts of their reservations.

use crate::base::context::Context;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::TaskSid;
use crate::flex::agent::Agent;
use crate::twilio::taskrouter::{Reservation, ReservationStatus};

/// The refusal of who takes no part in something.
pub fn denied(what: &str) -> Box<Error> {
    Error::forbidden(&format!("You take no part in this {what}."))
}

/// Whether this agent may act on anything.
#[must_use]
pub fn is_unlimited(cx: &Context, agent: &Agent) -> bool {
    !cx.config().access_checks || agent.is_supervisor()
}

/// What an agent has to do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// They have it: accepted, or wrapping up while nobody else has accepted it.
    Has,
    /// They had it.
    Had,
    /// They are or were asked whether they take it, and have not taken it.
    Asked,
    /// Nothing.
    None,
}

impl Part {
    /// By the agent's own reservations on the task.
    async fn by(cx: &Context, task: &TaskSid, own: &[&Reservation]) -> Result<Self> {
        use ReservationStatus::{Accepted, Completed, Wrapping};
        let is = |status| own.iter().any(|reservation| reservation.reservation_status == status);
        if is(Accepted) {
            return Ok(Self::Has);
        }
        if is(Wrapping) {
            // Who has handed it over wraps up while somebody else has it.
            let is_others = cx.twilio().is_accepted(task).await?;
            return Ok(if is_others { Self::Had } else { Self::Has });
        }
        if is(Completed) {
            return Ok(Self::Had);
        }
        Ok(if own.is_empty() { Self::None } else { Self::Asked })
    }
}

/// The agent's part in a task. In one that is gone nobody has any.
pub async fn part(cx: &Context, agent: &Agent, task: &TaskSid) -> Result<Part> {
    let own = unless_gone(cx.twilio().task_reservations(task, agent.worker()?).await)?;
    let own = own.unwrap_or_default();
    Part::by(cx, task, &own.iter().collect::<Vec<_>>()).await
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
