//! The exactly-once gate, one Durable Object per key: keeps the record that `once/ledger.rs`
//! changes, wakes those who wait, and does what is due.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::RefUnwindSafe;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::runtime::{Question, pause};
use super::{app, clock};
use crate::base::date::Millis;
use crate::base::json;
use crate::once::ledger::{Record, Reply, step};

/// Where the record is in the object's storage.
const RECORD: &str = "record";

/// The exactly-once gate of one key.
#[durable_object(alarm)]
pub struct Gate {
    state: State,
    env: Env,
    /// What the storage holds, once it has been read.
    record: RefCell<Option<Record>>,
    is_read: Cell<bool>,
    /// Counts the changes: whoever waits is woken by the next one.
    changes: Cell<u32>,
    waiting: RefCell<Vec<Waker>>,
}

impl RefUnwindSafe for Gate {}

impl DurableObject for Gate {
    fn new(state: State, env: Env) -> Self {
        app(&env); // sets the clock
        Self {
            state,
            env,
            record: RefCell::default(),
            is_read: Cell::default(),
            changes: Cell::default(),
            waiting: RefCell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let text = request.text().await?;
        let Ok(Question { ask, wait }) = serde_json::from_str(&text) else {
            return Response::error("This is no question.", 400);
        };
        self.read().await?;
        let deadline = clock::now() + wait;
        loop {
            // From here to the write nothing is awaited: one at a time.
            let now = clock::now();
            let (reply, record) = step(self.record.borrow().clone(), ask.clone(), now);
            if let Reply::Wait(until) = reply
                && until.min(deadline) > now
            {
                self.changed_within(Duration::from_millis(until.min(deadline) - now)).await;
                continue;
            }
            if !matches!(reply, Reply::Wait(_) | Reply::Nothing) {
                self.keep(record).await?;
            }
            return Response::ok(json::write(&reply));
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.read().await?;
        let known = self.record.borrow().clone();
        let Some(mut record) = known else { return Response::empty() };
        if let Some(what) = record.due(clock::now()).map(str::to_owned) {
            let is_done = app(&self.env).alarm(&what).await;
            // Somebody may have been here meanwhile.
            let newest = self.record.borrow().clone().unwrap_or(record);
            let is_stranded;
            (record, is_stranded) = newest.tried(is_done, clock::now());
            if is_stranded {
                app(&self.env).stranded();
            }
        }
        if let Some(next) = record.next_alarm(clock::now()) {
            // Also when nothing has changed: the alarm that has just rung is used up.
            self.store(record).await?;
            self.set_alarm(next).await?;
        } else {
            self.record.take();
            self.state.storage().delete_all().await?;
        }
        Response::empty()
    }
}

impl Gate {
    /// Reads the storage. The platform lets nobody else in meanwhile.
    async fn read(&self) -> Result<()> {
        if !self.is_read.get() {
            let kept: Option<String> = self.state.storage().get(RECORD).await?;
            let record = kept.map(|text| serde_json::from_str(&text)).transpose();
            *self.record.borrow_mut() = record?;
            self.is_read.set(true);
        }
        Ok(())
    }

    /// Keeps a record, and wakes this object when it has to be looked at.
    async fn keep(&self, record: Record) -> Result<()> {
        let alarm = record.alarm();
        if self.store(record).await? { self.set_alarm(alarm).await } else { Ok(()) }
    }

    /// Stores a record, in memory at once, and wakes who waits; whether anything has changed. The
    /// platform holds answers back until it is written.
    async fn store(&self, record: Record) -> Result<bool> {
        if self.record.borrow().as_ref() == Some(&record) {
            return Ok(false);
        }
        let text = json::write(&record);
        self.record.replace(Some(record));
        self.changes.set(self.changes.get().wrapping_add(1));
        self.waiting.take().into_iter().for_each(Waker::wake);
        self.state.storage().put(RECORD, text).await?;
        Ok(true)
    }

    async fn set_alarm(&self, at: Millis) -> Result<()> {
        // An offset from now, not a date.
        let left = Duration::from_millis(at.saturating_sub(clock::now()));
        self.state.storage().set_alarm(Duration::from_millis(clock::span(left).into())).await
    }

    /// Waits until the record changes, or until the time is up.
    async fn changed_within(&self, time: Duration) {
        let (seen, mut timer) = (self.changes.get(), pin!(pause(time)));
        poll_fn(|task| {
            if self.changes.get() != seen {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(task.waker().clone());
            timer.as_mut().poll(task)
        })
        .await;
    }
}
