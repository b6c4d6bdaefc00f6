//! TaskRouter: <https://www.twilio.com/docs/taskrouter/api>.

mod tasks;
mod workers;

pub use tasks::{AssignmentStatus, Reservation, ReservationStatus, Task};
pub use workers::{Queue, Worker};
