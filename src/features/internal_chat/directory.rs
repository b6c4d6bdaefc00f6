//! The directory: every worker of the workspace, searched in memory.
//!
//! All workers are read at once and kept for a while, so that a keystroke costs Twilio
//! nothing. A search by worker expression would be allowed three times a second for all
//! agents together, and nothing that is searched for can break what is not an expression.

use std::cell::RefCell;
use std::collections::BinaryHeap;

use crate::Context;
use crate::auth::FlexCall;
use crate::error::{Error, Result, Settle as _, Settled};
use crate::json::{self, Object};
use crate::runtime::{Millis, Response, SECOND};

/// How long the list counts as fresh.
const FRESH: Millis = 30 * SECOND;
/// How long it may be shown when there is no newer one.
const STALE: Millis = 10 * 60 * SECOND;
/// How long what was read before a failure is built upon.
const PARTIAL: Millis = 60 * SECOND;
/// A reader counts as dead so long after its request came in; one that comes in later takes
/// over.
const READING: Millis = 11 * SECOND;
/// How long nobody reads when reading has failed and there is an old list.
const PAUSE: Millis = 5 * SECOND;
/// How often those who wait for somebody else's reading look again.
const LOOK: Millis = 20;
/// As many workers are kept at most.
const MOST_WORKERS: usize = 20_000;
const DEFAULT_LIMIT: u64 = 50;
const MOST_AT_ONCE: u64 = 200;

/// The workers, as last read.
#[derive(Default)]
pub struct Directory(RefCell<Known>);

#[derive(Default)]
struct Known {
    agents: Vec<Entry>,
    /// When its reading began.
    read: Option<u64>,
    /// What has been read of the next list.
    partial: Option<Partial>,
    /// The id of the request that reads.
    reader: String,
    /// It counts as alive until then.
    reading: u64,
}

/// A list that is being read.
#[derive(Default)]
struct Partial {
    since: u64,
    agents: Vec<Entry>,
    /// Path and query of the next page.
    next: Option<String>,
    /// All of it is here.
    is_whole: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Name, e-mail address and login in small letters, and the SID: what is searched,
    /// sorted by and continued after.
    key: String,
    /// The agent as answered.
    json: String,
}

/// `list-agents`: agents by name or e-mail address, a page at a time.
///
/// Read on, `nextCursor` for `nextCursor`, it is every worker once, in the order of their
/// names. A worker without a contact URI is in it and cannot be chatted with.
pub fn list_agents(cx: &Context, call: &FlexCall) -> Result<Response> {
    let search = small(call.params.optional_text("search")?.unwrap_or_default());
    let after = call.params.optional_text("cursor")?.unwrap_or_default();
    let limit =
        call.params.optional_number("limit")?.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST_AT_ONCE);
    refresh(cx)?;
    let known = cx.app.directory.0.borrow();
    let start = known.agents.partition_point(|entry| entry.key.as_str() <= after);
    let (mut agents, mut last, mut next) = (Vec::new(), None, None);
    for entry in known.agents.iter().skip(start).filter(|entry| entry.has(search.trim())) {
        if agents.len() as u64 == limit {
            next = last;
            break;
        }
        agents.push(entry.json.clone());
        last = Some(entry.key.as_str());
    }
    let body = json::object()
        .flag("success", true)
        .raw("agents", &json::array(&agents))
        .optional_text("nextCursor", next)
        .end();
    Ok(Response::json(200, body))
}

/// Sees to it that there is a list that may be shown.
///
/// One request reads; others show the old list meanwhile, or wait when there is none. When
/// reading fails, the old list is shown for some minutes more, and what has been read so
/// far is not read again.
fn refresh(cx: &Context) -> Result<()> {
    let directory = &cx.app.directory.0;
    loop {
        if directory.borrow_mut().starts(cx) {
            let result = read(cx).settled()?;
            return directory.borrow_mut().end(cx.app.runtime.now(), result);
        }
        if directory.borrow().is_usable(cx.now()) {
            return Ok(());
        }
        if !cx.wait("", LOOK)? {
            return Err(Error::Busy.into());
        }
        cx.forget(); // the next look needs nothing of this one
    }
}

impl Known {
    fn is_within(&self, age: u64, now: u64) -> bool {
        self.read.is_some_and(|read| now < read + age)
    }

    /// Whether the list may be shown while somebody reads a newer one, or none can be read.
    fn is_usable(&self, now: u64) -> bool {
        self.is_within(STALE, now)
    }

    /// Whether this request reads: it does so already, or it is time and nobody else does.
    fn starts(&mut self, cx: &Context) -> bool {
        let now = cx.now();
        let is_reader = self.reader == cx.id;
        if !is_reader && (self.is_within(FRESH, now) || self.reading > now) {
            return false;
        }
        if !is_reader {
            self.reader.clone_from(&cx.id);
            self.reading = now + READING;
            let partial = self.partial.take().filter(|partial| now < partial.since + PARTIAL);
            self.partial = Some(partial.unwrap_or(Partial { since: now, ..Partial::default() }));
        }
        true
    }

    /// Reading has ended.
    fn end(&mut self, now: u64, result: Settled<()>) -> Result<()> {
        self.reading = 0;
        self.reader.clear();
        match result {
            Ok(()) => {
                let partial = self.partial.take().unwrap_or_default();
                // A heap sorts as well as `sort` does, in a tenth of the code.
                self.agents = BinaryHeap::from(partial.agents).into_sorted_vec();
                self.agents.dedup();
                self.read = Some(partial.since);
                Ok(())
            }
            Err(error) => {
                if !error.is_passing() {
                    self.partial = None;
                }
                if self.is_usable(now) {
                    self.reading = now + PAUSE;
                    return Ok(());
                }
                Err(error.into())
            }
        }
    }
}

/// Reads the workers that are missing yet. Each page that has come is kept in the directory,
/// so that the next run asks for the one behind it.
fn read(cx: &Context) -> Result<()> {
    loop {
        let next = match &cx.app.directory.0.borrow().partial {
            Some(partial) if !partial.is_whole => partial.next.clone(),
            _ => return Ok(()),
        };
        let page = cx.twilio().workers_page(next)?;
        if let Some(partial) = &mut cx.app.directory.0.borrow_mut().partial {
            partial.agents.extend(page.items.iter().filter_map(|worker| Entry::read(worker)));
            partial.is_whole = page.next.is_none() || partial.agents.len() >= MOST_WORKERS;
            partial.next = page.next;
        }
        cx.forget(); // the page is in the directory
    }
}

impl Entry {
    /// Reads a worker. Attributes may be missing or be no JSON at all.
    fn read(worker: &str) -> Option<Self> {
        let worker = Object::parse(worker)?;
        let sid = worker.text("sid")?;
        let login = worker.text_or_empty("friendly_name");
        let attributes = worker.text_or_empty("attributes");
        let attributes = Object::parse(&attributes).unwrap_or_default();
        let text = |name| attributes.text(name).filter(|text| !text.is_empty());
        let (name, email) = (text("full_name"), text("email"));
        let name = name.as_deref().unwrap_or(&login);
        let searched = [name, " ", email.as_deref().unwrap_or_default(), " ", &login].concat();
        Some(Self {
            key: [&small(&searched), " ", &sid].concat(),
            json: json::object()
                .text("workerSid", &sid)
                .text("name", name)
                .optional_text("contactUri", text("contact_uri").as_deref())
                .optional_text("image", text("image_url").as_deref())
                .optional_text("email", email.as_deref())
                .optional_text("activity", worker.text("activity_name").as_deref())
                .flag("available", worker.flag("available").unwrap_or_default())
                .end(),
        })
    }

    /// Whether the text occurs in name, e-mail address or login.
    fn has(&self, text: &str) -> bool {
        let end = self.key.len().saturating_sub(35);
        let searched = self.key.as_bytes().get(..end).unwrap_or_default();
        text.is_empty() || searched.windows(text.len()).any(|part| part == text.as_bytes())
    }
}

/// Small letters of European languages; the tables for all languages would be a tenth of
/// the Worker.
fn small(text: &str) -> String {
    let small = |c: char| {
        let by = match c {
            'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ρ' | 'Σ'..='Ϋ' | 'А'..='Я' => 32,
            'Ѐ'..='Џ' => 80,
            'Ā'..='ķ' | 'Ŋ'..='ŷ' => 1 - u32::from(c) % 2,
            'Ĺ'..='ň' | 'Ź'..='ž' => u32::from(c) % 2,
            _ => 0,
        };
        char::from_u32(u32::from(c) + by).unwrap_or(c)
    };
    text.chars().map(small).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_are_small() {
        for text in [
            "Alice",
            "ÈVE GÜL ÖØÞ×ß",
            "ŁUKASZ Čapek ŽIŽKA ŹŹ Ňĺ",
            "Ωμέγα ΑΒΓ",
            "Дмитрий Ѓорѓи",
            "名前 👋 ÿ",
        ] {
            let ours: Vec<char> = small(text).chars().collect();
            let theirs: Vec<char> = text.to_lowercase().chars().collect();
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn a_worker_without_anything_is_listed_by_login() {
        for attributes in [
            r#""attributes":"{broken""#,
            r#""attributes":null"#,
            r#""attributes":"[]""#,
            r#""x":1"#,
        ] {
            let worker = format!(r#"{{"sid":"WK1","friendly_name":"Heidi",{attributes}}}"#);
            let entry = Entry::read(&worker).unwrap();
            assert_eq!(
                entry.json,
                r#"{"workerSid":"WK1","name":"Heidi","contactUri":null,"image":null,"email":null,"activity":null,"available":false}"#
            );
        }
        assert!(Entry::read("[]").is_none());
    }
}
