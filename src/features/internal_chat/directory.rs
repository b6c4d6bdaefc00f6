//! The directory: every worker of the workspace, searched in memory.
//!
//! All workers are read at once and kept for a while, so that a keystroke costs Twilio
//! nothing. A search by worker expression would be allowed three times a second for all
//! agents together, and nothing that is searched for can break what is not an expression.

use std::cell::RefCell;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::date::Millis;
use crate::base::error::Result;
use crate::base::json;
use crate::base::members::lenient;
use crate::flex::agent::Agent;
use crate::flex::attributes::text;
use crate::twilio::taskrouter::Worker;

/// How long the list counts as fresh.
const FRESH: Millis = 30_000;
/// How long it may be shown when there is no newer one.
const STALE: Millis = 10 * 60_000;
/// How long what was read before a failure is built upon.
const PARTIAL: Millis = 60_000;
/// A reader counts as dead so long after its request came in; one that comes in later takes
/// over.
const READING: Millis = 11_000;
/// How long nobody reads when reading has failed and there is an old list.
const PAUSE: Millis = 5_000;
/// How often those who wait for somebody else's reading look again.
const LOOK: Duration = Duration::from_millis(20);
/// As many workers are kept at most.
const MOST_WORKERS: usize = 20_000;
const DEFAULT_LIMIT: usize = 50;
const MOST_AT_ONCE: usize = 200;

/// The workers, as last read.
#[derive(Default)]
struct Directory(RefCell<Known>);

#[derive(Default)]
struct Known {
    agents: Vec<Entry>,
    /// When its reading began.
    read: Option<Millis>,
    /// What has been read of the next list.
    partial: Partial,
    /// Somebody reads, or nobody is to read, until then.
    reading: Millis,
}

/// A list that is being read.
#[derive(Default)]
struct Partial {
    since: Millis,
    agents: Vec<Entry>,
    /// The URL of the next page.
    next: Option<String>,
}

/// An agent, and what is searched.
struct Entry {
    /// Name, e-mail address and login in small letters.
    searched: String,
    agent: Colleague,
}

/// An agent as answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Colleague {
    worker_sid: String,
    name: String,
    contact_uri: Option<String>,
    image: Option<String>,
    email: Option<String>,
    activity: Option<String>,
    available: bool,
}

/// What `list-agents` takes.
#[derive(Deserialize)]
pub struct ListAgents {
    /// A part of name, e-mail address or login.
    search: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    limit: Option<u64>,
}

/// What `list-agents` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentPage {
    agents: Vec<Colleague>,
    next_cursor: Option<String>,
}

/// `list-agents`: agents by name or e-mail address, a page at a time.
///
/// Read on, `nextCursor` for `nextCursor`, it is every worker once, in the order of their
/// names. A worker without a contact URI is in it and cannot be chatted with.
pub async fn list_agents(cx: &Context, _: &Agent, ask: ListAgents) -> Result<Done<AgentPage>> {
    let search = ask.search.unwrap_or_default().to_lowercase();
    let after = ask.cursor.unwrap_or_default();
    let limit = ask.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT);
    let limit = limit.clamp(1, MOST_AT_ONCE);
    let directory = cx.memory::<Directory>();
    refresh(cx, &directory).await?;
    let known = directory.0.borrow();
    let start = known.agents.partition_point(|entry| entry.key() <= after);
    let behind = known.agents.get(start..).unwrap_or_default();
    let mut found = behind.iter().filter(|entry| entry.searched.contains(search.trim()));
    let page: Vec<&Entry> = found.by_ref().take(limit).collect();
    let next_cursor = found.next().and(page.last()).map(|last| last.key());
    let agents = page.iter().map(|entry| entry.agent.clone()).collect();
    Ok(Done::with(AgentPage { agents, next_cursor }))
}

/// Sees to it that there is a list that may be shown.
///
/// One request reads; others show the old list meanwhile, or wait when there is none. When
/// reading fails, the old list is shown for some minutes more, and what has been read so
/// far is not read again.
async fn refresh(cx: &Context, directory: &Directory) -> Result<()> {
    let look = || {
        let (known, now) = (directory.0.borrow(), cx.now());
        if known.reading <= now && !known.is_within(FRESH, now) {
            return Some(Turn::Read);
        }
        known.is_within(STALE, now).then_some(Turn::Show)
    };
    if cx.until(LOOK, look).await? == Turn::Show {
        return Ok(());
    }
    directory.0.borrow_mut().begin(cx.now());
    let result = read(cx, directory).await;
    directory.0.borrow_mut().end(cx.now(), result)
}

/// What a request has to do.
#[derive(PartialEq, Eq)]
enum Turn {
    Read,
    Show,
}

impl Known {
    fn is_within(&self, age: Millis, now: Millis) -> bool {
        self.read.is_some_and(|read| now < read + age)
    }

    fn begin(&mut self, now: Millis) {
        self.reading = now + READING;
        if now >= self.partial.since + PARTIAL {
            self.partial = Partial { since: now, ..Partial::default() };
        }
    }

    /// Reading has ended.
    fn end(&mut self, now: Millis, result: Result<()>) -> Result<()> {
        self.reading = 0;
        let Err(error) = result else {
            let Partial { since, mut agents, .. } = std::mem::take(&mut self.partial);
            agents.sort_by_cached_key(Entry::key);
            agents.dedup_by_key(|entry| entry.key());
            self.agents = agents;
            self.read = Some(since);
            return Ok(());
        };
        if !error.is_passing() {
            self.partial = Partial::default();
        }
        if self.is_within(STALE, now) {
            self.reading = now + PAUSE;
            return Ok(());
        }
        Err(error)
    }
}

/// Reads the workers that are missing yet. Each page that has come is kept, so that the next
/// reader goes on behind it.
async fn read(cx: &Context, directory: &Directory) -> Result<()> {
    loop {
        let next = directory.0.borrow().partial.next.clone();
        let page = cx.twilio().workers_page(next).await?;
        let partial = &mut directory.0.borrow_mut().partial;
        // One that cannot be read keeps no other from being found.
        let read = page.items.iter().map(|item| json::read(item.get()));
        let workers = read.filter_map(|worker| cx.unless_unreadable("worker not listed", worker));
        partial.agents.extend(workers.map(Entry::of));
        partial.next = page.next;
        if partial.next.is_none() || partial.agents.len() >= MOST_WORKERS {
            return Ok(());
        }
    }
}

/// What the directory reads of a worker's attributes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    #[serde(deserialize_with = "text")]
    full_name: Option<String>,
    #[serde(deserialize_with = "text")]
    email: Option<String>,
    #[serde(deserialize_with = "text")]
    contact_uri: Option<String>,
    #[serde(deserialize_with = "lenient")]
    image_url: Option<String>,
}

impl Entry {
    /// Attributes may be missing or be no JSON at all.
    fn of(worker: Worker) -> Self {
        let attributes: Attributes = worker.view();
        let login = worker.friendly_name.unwrap_or_default();
        let email = attributes.email;
        let name = attributes.full_name.unwrap_or_else(|| login.clone());
        let searched = format!("{name} {} {login}", email.as_deref().unwrap_or_default());
        let agent = Colleague {
            worker_sid: worker.sid.to_string(),
            name,
            contact_uri: attributes.contact_uri,
            image: attributes.image_url.filter(|url| !url.is_empty()),
            email,
            activity: worker.activity_name,
            available: worker.available.unwrap_or_default(),
        };
        Self { searched: searched.to_lowercase(), agent }
    }

    /// By what agents are sorted, and pages continued.
    fn key(&self) -> String {
        format!("{} {}", self.searched, self.agent.worker_sid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_without_anything_is_listed_by_login() {
        for attributes in [
            r#""attributes":"{broken""#,
            r#""attributes":null"#,
            r#""attributes":"[]""#,
            r#""x":1"#,
        ] {
            let sid = "WK00000000000000000000000000000001";
            let worker = format!(r#"{{"sid":"{sid}","friendly_name":"Heidi",{attributes}}}"#);
            let agent = Entry::of(serde_json::from_str(&worker).unwrap()).agent;
            let nothing = (None, None, None, None, false);
            let Colleague { contact_uri, image, email, activity, available, .. } = agent.clone();
            assert_eq!((agent.worker_sid.as_str(), agent.name.as_str()), (sid, "Heidi"));
            assert_eq!((contact_uri, image, email, activity, available), nothing);
        }
    }
}
