//! A Twilio that follows a script, a KV namespace and a gate in memory, a clock that moves
//! only when somebody sleeps.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::rc::Rc;

use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flex_edge::App;
use flex_edge::base::config::Config;
use flex_edge::base::error::{Error, Result};
use flex_edge::base::http::{Request, Response};
use flex_edge::base::params::pairs;
use flex_edge::base::runtime::{Answer, Call, Claim, Grant, KvPage, Limit, Lost, Runtime, Watch};
use flex_edge::once::ledger::{self, Ask, Record, Reply};
use futures_util::future::LocalBoxFuture;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

pub const ACCOUNT: &str = "AC0000000000000000000000000000acc0";
pub const WORKSPACE: &str = "WS00000000000000000000000000000001";
pub const ALICE: &str = "WK00000000000000000000000000000001";
pub const ORIGIN: &str = "https://edge.example.com";
pub const TASKROUTER: &str =
    "https://taskrouter.twilio.com/v1/Workspaces/WS00000000000000000000000000000001";
pub const API: &str =
    "https://api.twilio.com/2010-04-01/Accounts/AC0000000000000000000000000000acc0";

/// What the script says to one call.
enum Line {
    Answer { status: u16, body: String, etag: Option<String>, retry_after: Option<u64> },
    Lost,
}

/// Calls that are expected, with what is said to them.
pub struct Script(VecDeque<(String, Line)>);

impl Script {
    /// The same of something else.
    pub fn renamed(self, from: &str, to: &str) -> Self {
        let lines = self.0.into_iter();
        Self(lines.map(|(call, line)| (call.replace(from, to), line)).collect())
    }
}

#[derive(Default)]
pub struct World {
    script: RefCell<VecDeque<(String, Line)>>,
    pub calls: RefCell<Vec<String>>,
    pub kv: RefCell<BTreeMap<String, (String, Option<String>)>>,
    pub kv_operations: RefCell<Vec<String>>,
    gate: RefCell<BTreeMap<String, Record>>,
    /// So many of the next claims fail.
    pub broken_claims: Cell<u32>,
    /// During this call somebody else has a turn at this gate.
    meanwhile: RefCell<Option<(String, String)>>,
    /// How often who did what is limited, this minute.
    pub limited: RefCell<BTreeMap<String, u32>>,
    pub slept: Cell<u64>,
    pub lines: RefCell<Vec<String>>,
    behind: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
    /// What was performed, without the times in it, and its results.
    performed: RefCell<Vec<(String, Done)>>,
}

/// What came of an operation.
#[derive(Clone, Debug)]
enum Done {
    Fetched(Result<Answer, Lost>),
    Got(Option<String>),
    Listed(KvPage),
    Claimed(Claim),
    /// The gate could not be asked.
    Unclaimed,
    Limited(bool),
    Nothing,
}

/// The service in a scripted world.
pub struct Fake {
    pub world: Rc<World>,
    settings: Vec<(&'static str, String)>,
}

impl Default for Fake {
    fn default() -> Self {
        let settings = [
            ("TWILIO_ACCOUNT_SID", ACCOUNT),
            ("TWILIO_AUTH_TOKEN", "auth-token"),
            ("TWILIO_FLEX_WORKSPACE_SID", WORKSPACE),
            ("TWILIO_FLEX_INTERNAL_CALL_WORKFLOW_SID", "WW00000000000000000000000000000001"),
            ("TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID", "WW00000000000000000000000000000002"),
            ("TWILIO_FLEX_OUTBOUND_WORKFLOW_SID", "WW00000000000000000000000000000003"),
        ];
        let settings = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { world: Rc::default(), settings }
    }
}

impl Fake {
    /// Adds or, with an empty value, removes a setting.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.settings.push((name, value.to_owned()));
        }
        self
    }

    /// The next call must be this one: method, URL, and after a blank the decoded form or
    /// the JSON body; `If-Match` in brackets at the end. It gets this answer.
    pub fn on(self, call: &str, status: u16, body: &str) -> Self {
        self.line(call, Line::Answer { status, body: body.into(), etag: None, retry_after: None })
    }

    /// The same, with an `ETag`.
    pub fn on_with_etag(self, call: &str, etag: &str, body: &str) -> Self {
        let etag = Some(etag.to_owned());
        self.line(call, Line::Answer { status: 200, body: body.into(), etag, retry_after: None })
    }

    /// The same, refused with `Retry-After`.
    pub fn on_later(self, call: &str, status: u16, retry_after: u64) -> Self {
        let body = format!(r#"{{"code":20429,"message":"later","status":{status}}}"#);
        self.line(call, Line::Answer { status, body, etag: None, retry_after: Some(retry_after) })
    }

    /// The next call must be this one, and its connection breaks.
    pub fn on_lost(self, call: &str) -> Self {
        self.line(call, Line::Lost)
    }

    /// The token check, for an agent called alice.
    pub fn on_token(self) -> Self {
        self.on_token_of("alice", ALICE, "agent")
    }

    /// The token check.
    pub fn on_token_of(self, identity: &str, worker: &str, role: &str) -> Self {
        let call = format!(
            r#"POST https://iam.twilio.com/v1/Accounts/{ACCOUNT}/Tokens/validate {{"token":"a.flex.token.of.alice"}}"#
        );
        let body = format!(
            r#"{{"valid":true,"code":0,"message":null,"expiration":"2099-01-01T00:00:00Z","realm_user_id":"u","identity":"{identity}","roles":["{role}"],"worker_sid":"{worker}"}}"#
        );
        self.on(&call, 200, &body)
    }

    /// Another service in the same world, with the settings of every day.
    pub fn again(&self) -> Self {
        Self { world: Rc::clone(&self.world), ..Self::default() }
    }

    /// Another service in the same world, with the same settings.
    pub fn again_with(&self) -> Self {
        Self { world: Rc::clone(&self.world), settings: self.settings.clone() }
    }

    /// The script so far, to be appended to another one.
    pub fn take_script(&self) -> Script {
        Script(self.world.script.take())
    }

    /// Goes on with another script.
    pub fn append(self, script: Script) -> Self {
        self.world.script.borrow_mut().extend(script.0);
        self
    }

    fn line(self, call: &str, line: Line) -> Self {
        self.world.script.borrow_mut().push_back((call.to_owned(), line));
        self
    }

    pub fn app(&self) -> App {
        self.app_in(Box::new(Shared(Rc::clone(&self.world))))
    }

    pub fn app_in(&self, runtime: Box<dyn Runtime>) -> App {
        let get = |name: &str| {
            let found = self.settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        App::new(Config::read(get), runtime, 1)
    }

    /// Hands in one request. The whole script must have been played afterwards.
    ///
    /// Then the same happens again, but every answer is held back, and they are released in
    /// this order or that: it may ask for nothing else, must answer the same, and must have
    /// waited for all that it has changed.
    pub fn handle(&self, request: Request) -> Response {
        let began = self.world.now();
        self.world.performed.take();
        let response = handle(&self.app(), request.clone());
        self.go_on();
        self.played();
        let performed = self.world.performed.take();
        for (order, choose) in ORDERS {
            let held = Rc::new(Held { began, ..Held::default() });
            held.left.replace(performed.clone());
            let app = self.app_in(Box::new(HeldBack(Rc::clone(&held))));
            let again = held.wait_for(app.handle(request.clone()), choose);
            assert_eq!(again, response, "answers released {order}");
            loop {
                let Some(work) = held.behind.borrow_mut().pop() else { break };
                held.wait_for(work, choose);
            }
            let waiting = held.waiting.borrow();
            let writes: Vec<_> = waiting.iter().map(|held| &held.operation).collect();
            assert!(writes.is_empty(), "answered, and did not wait for: {writes:#?}");
        }
        response
    }

    /// What goes on behind the answers comes to its end.
    pub fn go_on(&self) {
        loop {
            let work: Vec<_> = self.world.behind.take();
            if work.is_empty() {
                return;
            }
            work.into_iter().for_each(now);
        }
    }

    /// A gate does what is due there by itself, when it is time; whether it is done.
    pub fn alarm(&self, key: &str) -> bool {
        let (at, what) = self.world.watched(key).unwrap();
        self.world.slept.set(self.world.slept.get().max(at));
        let is_done = now(self.app().alarm(&what));
        self.played();
        is_done
    }

    /// Asserts that the whole script has been played.
    pub fn played(&self) {
        let left: Vec<_> =
            self.world.script.borrow().iter().map(|(call, _)| call.clone()).collect();
        assert!(left.is_empty(), "Twilio was never asked: {left:#?}");
    }
}

/// Which of the answers that are held back is released next, of so many.
type Choose = fn(usize) -> usize;
const ORDERS: [(&str, Choose); 3] =
    [("first come first", |_| 0), ("last come first", |n| n - 1), ("from the middle", |n| n / 2)];

/// Takes a future one step further.
pub fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

/// Runs a future that never has to wait.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let Poll::Ready(value) = poll(future.as_mut()) else { panic!("the fake never waits") };
    value
}

/// Answers a request.
pub fn handle(app: &App, request: Request) -> Response {
    now(app.handle(request))
}

/// A form `POST`.
pub fn post(path: &str, body: &str) -> Request {
    Request {
        method: "POST".into(),
        url: format!("{ORIGIN}{path}"),
        content_type: "application/x-www-form-urlencoded".into(),
        body: body.into(),
        ..Request::default()
    }
}

/// A JSON `POST`.
pub fn post_json(path: &str, body: &str) -> Request {
    Request { content_type: "application/json".into(), ..post(path, body) }
}

/// A `GET`.
pub fn get(path: &str) -> Request {
    Request { method: "GET".into(), url: format!("{ORIGIN}{path}"), ..Request::default() }
}

/// Signs a request as Twilio does.
pub fn signed(mut request: Request) -> Request {
    let mut fields = pairs(&request.body);
    fields.sort();
    let mut mac = Hmac::<Sha1>::new_from_slice(b"auth-token").unwrap();
    mac.update(request.url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    request.signature = STANDARD.encode(mac.finalize().into_bytes());
    request
}

/// The body of an answer, read.
pub fn json(response: &Response) -> serde_json::Value {
    serde_json::from_str(&response.body).unwrap_or_else(|_| panic!("no JSON: {}", response.body))
}

struct Shared(Rc<World>);

/// The call as the script has it: method, URL, decoded form or JSON body, `If-Match`.
fn describe(call: &Call) -> String {
    let mut text = format!("{} {}", call.method, call.url);
    if call.content_type == "application/json" {
        text += &format!(" {}", call.body);
    } else if !call.body.is_empty() {
        let fields = pairs(&call.body);
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        text += &format!(" {}", fields.join("&"));
    }
    if let Some(etag) = &call.if_match {
        text += &format!(" [{etag}]");
    }
    if call.with_webhooks {
        text += " [webhooks]";
    }
    text
}

/// Leaves the request for the check against Twilio's OpenAPI documents
/// (`tests/openapi.mjs`).
fn record(call: &Call) {
    let Ok(path) = std::env::var("FLEX_EDGE_REQUESTS") else { return };
    if call.url.contains("cloudflare.com/") {
        return;
    }
    let line = serde_json::json!({
        "method": call.method,
        "url": call.url,
        "headers": { "content-type": call.content_type, "if-match": call.if_match, "x-twilio-webhook-enabled": call.with_webhooks.then_some("true"), "authorization": call.authorization },
        "body": call.body,
    });
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

impl World {
    fn now(&self) -> u64 {
        1_800_000_000_000 + self.slept.get()
    }

    fn fetch(&self, call: &Call, timeout: Duration) -> Result<Answer, Lost> {
        assert!((1..=10_000).contains(&timeout.as_millis()));
        record(call);
        let text = describe(call);
        self.calls.borrow_mut().push(text.clone());
        let other = self.meanwhile.borrow_mut().take_if(|(during, _)| *during == text);
        if let Some((_, key)) = other {
            self.give_up(&key);
        }
        let Some((expected, line)) = self.script.borrow_mut().pop_front() else {
            panic!("a call too many: {text}")
        };
        assert_eq!(text, expected);
        let Line::Answer { status, body, etag, retry_after } = line else { return Err(Lost) };
        Ok(Answer { status, etag, retry_after, body })
    }

    fn kv_list(&self, prefix: &str, cursor: &str) -> KvPage {
        let kv = self.kv.borrow();
        let found = kv.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > cursor);
        let found: Vec<_> = found.take(1001).collect();
        let cursor = (found.len() > 1000).then(|| found[999].0.clone());
        let key = |(key, (_, metadata)): &(&String, &(String, Option<String>))| {
            ((*key).clone(), metadata.clone().unwrap_or_default())
        };
        KvPage { keys: found.iter().take(1000).map(key).collect(), cursor }
    }

    fn kv(&self, operation: &str, key: &str) {
        assert!(key.len() <= 512, "KV keys have at most 512 bytes");
        self.kv_operations.borrow_mut().push(format!("{operation} {key}"));
    }

    fn gate(&self, key: &str, ask: Ask) -> Reply {
        let mut gate = self.gate.borrow_mut();
        let (reply, record) = ledger::step(gate.remove(key), ask, self.now());
        gate.insert(key.into(), record);
        reply
    }

    /// Somebody begins something, and is at it for so many milliseconds at most; which grant that is.
    pub fn begin(&self, key: &str, lease: u64) -> u32 {
        let ask = Ask::Claim { lease, watch: None, over: None };
        let Reply::Granted { attempt, .. } = self.gate(key, ask) else {
            panic!("somebody is at {key}")
        };
        attempt
    }

    /// Somebody ends what they have begun.
    pub fn settle(&self, key: &str, attempt: u32, outcome: &str) {
        let (outcome, keep) = (Some(outcome.to_owned()), 24 * 3_600_000);
        self.gate(key, Ask::Settle { attempt, outcome, keep });
    }

    /// Something has been done, and this is what came of it.
    pub fn keep(&self, key: &str, outcome: &str) {
        let attempt = self.begin(key, 1_000);
        self.settle(key, attempt, outcome);
    }

    /// During this call somebody else has a turn at this gate.
    pub fn meanwhile(&self, call: &str, key: &str) {
        self.meanwhile.replace(Some((call.to_owned(), key.to_owned())));
    }

    /// Somebody has tried it, and nothing came of it.
    pub fn give_up(&self, key: &str) {
        let attempt = self.begin(key, 1_000);
        self.gate(key, Ask::Settle { attempt, outcome: None, keep: 60_000 });
    }

    /// The keys that were claimed.
    pub fn claimed(&self) -> Vec<String> {
        self.gate.borrow().keys().cloned().collect()
    }

    /// What has to happen at a gate by itself, and when.
    pub fn watched(&self, key: &str) -> Option<(u64, String)> {
        let due = self.gate.borrow().get(key)?.watch.clone()?;
        Some((due.at - 1_800_000_000_000, due.what))
    }

    fn perform(&self, operation: String, done: Done) -> Done {
        self.performed.borrow_mut().push((operation, done.clone()));
        done
    }
}

#[async_trait(?Send)]
impl Runtime for Shared {
    async fn fetch(&self, call: &Call, timeout: Duration) -> Result<Answer, Lost> {
        let answer = self.0.fetch(call, timeout);
        fetched(self.0.perform(describe(call), Done::Fetched(answer)))
    }

    async fn kv_get(&self, key: &str) -> Result<Option<String>> {
        self.0.kv("get", key);
        let value = self.0.kv.borrow().get(key).map(|(value, _)| value.clone());
        Ok(got(self.0.perform(format!("get {key}"), Done::Got(value))))
    }

    async fn kv_put(
        &self,
        key: &str,
        value: &str,
        metadata: &str,
        _: Option<Duration>,
    ) -> Result<()> {
        self.0.kv("put", key);
        let metadata_kept = (!metadata.is_empty()).then(|| metadata.to_owned());
        self.0.kv.borrow_mut().insert(key.into(), (value.into(), metadata_kept));
        self.0.perform(format!("put {key} {value} {metadata}"), Done::Nothing);
        Ok(())
    }

    async fn kv_delete(&self, key: &str) -> Result<()> {
        self.0.kv("delete", key);
        self.0.kv.borrow_mut().remove(key);
        self.0.perform(format!("delete {key}"), Done::Nothing);
        Ok(())
    }

    async fn kv_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage> {
        self.0.kv("list", prefix);
        let page = self.0.kv_list(prefix, cursor.unwrap_or_default());
        Ok(listed(self.0.perform(format!("list {prefix} {cursor:?}"), Done::Listed(page))))
    }

    async fn claim(
        &self,
        key: &str,
        lease: Duration,
        _: Duration,
        watch: Option<Watch>,
        over: Option<String>,
    ) -> Result<Claim> {
        let left = self.0.broken_claims.get();
        if left > 0 {
            self.0.broken_claims.set(left - 1);
            return claimed(self.0.perform(format!("claim {key}"), Done::Unclaimed));
        }
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap();
        let watch = watch.map(|watch| (millis(watch.after), watch.what));
        let claim = match self.0.gate(key, Ask::Claim { lease: millis(lease), watch, over }) {
            Reply::Granted { attempt, tries } => Claim::Granted(Grant { attempt, tries }),
            Reply::Done(outcome) => Claim::Done(outcome),
            Reply::Nothing => Claim::Nothing,
            Reply::Wait(_) | Reply::Settled => Claim::Busy,
        };
        claimed(self.0.perform(format!("claim {key}"), Done::Claimed(claim)))
    }

    async fn settle(
        &self,
        key: &str,
        attempt: u32,
        outcome: Option<String>,
        keep: Duration,
    ) -> Result<()> {
        let keep = u64::try_from(keep.as_millis()).unwrap();
        self.0.gate(key, Ask::Settle { attempt, outcome, keep });
        self.0.perform(format!("settle {key}"), Done::Nothing);
        Ok(())
    }

    async fn limit(&self, limit: Limit, caller: &str) -> Result<bool> {
        let key = format!("{} {caller}", limit.binding());
        let most = if limit == Limit::WebchatStarts { 20 } else { 60 };
        let mut limited = self.0.limited.borrow_mut();
        let count = limited.entry(key.clone()).or_default();
        *count += 1;
        let done = self.0.perform(format!("limit {key}"), Done::Limited(*count <= most));
        Ok(is_within(done))
    }

    async fn sleep(&self, pause: Duration) {
        let slept = u64::try_from(pause.as_millis()).unwrap();
        self.0.slept.set(self.0.slept.get() + slept);
        self.0.perform("sleep".into(), Done::Nothing);
    }

    fn behind(&self, work: LocalBoxFuture<'static, ()>) {
        self.0.behind.borrow_mut().push(work);
    }

    fn now(&self) -> u64 {
        self.0.now()
    }

    fn log(&self, line: &str) {
        self.0.lines.borrow_mut().push(line.to_owned());
    }
}

fn fetched(done: Done) -> Result<Answer, Lost> {
    let Done::Fetched(answer) = done else { panic!("{done:?}") };
    answer
}

fn got(done: Done) -> Option<String> {
    let Done::Got(value) = done else { panic!("{done:?}") };
    value
}

fn listed(done: Done) -> KvPage {
    let Done::Listed(page) = done else { panic!("{done:?}") };
    page
}

fn is_within(done: Done) -> bool {
    let Done::Limited(is_within) = done else { panic!("{done:?}") };
    is_within
}

fn claimed(done: Done) -> Result<Claim> {
    match done {
        Done::Claimed(claim) => Ok(claim),
        Done::Unclaimed => Err(Error::internal("the platform failed")),
        done => panic!("{done:?}"),
    }
}

/// The outside once more: it knows what happened, and holds its answers back.
#[derive(Default)]
struct Held {
    began: u64,
    /// How often the time was asked for.
    asked: Cell<u64>,
    left: RefCell<Vec<(String, Done)>>,
    waiting: RefCell<Vec<Rc<HeldAnswer>>>,
    behind: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
}

impl Held {
    /// Takes a future to its end, releasing the answers it waits for as `choose` says.
    fn wait_for<F: Future>(&self, future: F, choose: Choose) -> F::Output {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return value;
            }
            let mut waiting = self.waiting.borrow_mut();
            assert!(!waiting.is_empty(), "it waits for nothing");
            let at = choose(waiting.len());
            waiting.remove(at).release();
        }
    }
}

impl Held {
    /// The next thing that happened of this kind.
    fn take(&self, operation: &str) -> (String, Done) {
        let mut left = self.left.borrow_mut();
        let at = left.iter().position(|(known, _)| known == operation);
        left.remove(at.unwrap_or_else(|| panic!("asked for something else: {operation}")))
    }
}

struct HeldAnswer {
    operation: String,
    done: Done,
    is_released: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl HeldAnswer {
    fn release(&self) {
        self.is_released.set(true);
        self.waker.take().into_iter().for_each(Waker::wake);
    }
}

struct HeldBack(Rc<Held>);

impl HeldBack {
    async fn perform(&self, operation: String) -> Done {
        let (operation, done) = self.0.take(&operation);
        let held = Rc::new(HeldAnswer {
            operation,
            done,
            is_released: Cell::default(),
            waker: RefCell::default(),
        });
        self.0.waiting.borrow_mut().push(Rc::clone(&held));
        std::future::poll_fn(|task| {
            held.waker.replace(Some(task.waker().clone()));
            if held.is_released.get() { Poll::Ready(held.done.clone()) } else { Poll::Pending }
        })
        .await
    }
}

#[async_trait(?Send)]
impl Runtime for HeldBack {
    async fn fetch(&self, call: &Call, _: Duration) -> Result<Answer, Lost> {
        fetched(self.perform(describe(call)).await)
    }

    async fn kv_get(&self, key: &str) -> Result<Option<String>> {
        Ok(got(self.perform(format!("get {key}")).await))
    }

    async fn kv_put(
        &self,
        key: &str,
        value: &str,
        metadata: &str,
        _: Option<Duration>,
    ) -> Result<()> {
        self.perform(format!("put {key} {value} {metadata}")).await;
        Ok(())
    }

    async fn kv_delete(&self, key: &str) -> Result<()> {
        self.perform(format!("delete {key}")).await;
        Ok(())
    }

    async fn kv_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage> {
        Ok(listed(self.perform(format!("list {prefix} {cursor:?}")).await))
    }

    async fn claim(
        &self,
        key: &str,
        _: Duration,
        _: Duration,
        _: Option<Watch>,
        _: Option<String>,
    ) -> Result<Claim> {
        claimed(self.perform(format!("claim {key}")).await)
    }

    async fn settle(&self, key: &str, _: u32, _: Option<String>, _: Duration) -> Result<()> {
        self.perform(format!("settle {key}")).await;
        Ok(())
    }

    async fn limit(&self, limit: Limit, caller: &str) -> Result<bool> {
        Ok(is_within(self.perform(format!("limit {} {caller}", limit.binding())).await))
    }

    async fn sleep(&self, _: Duration) {
        self.perform("sleep".into()).await;
    }

    fn behind(&self, work: LocalBoxFuture<'static, ()>) {
        self.0.behind.borrow_mut().push(work);
    }

    fn now(&self) -> u64 {
        // Time goes on, which nobody may see.
        let asked = self.0.asked.replace(self.0.asked.get() + 1);
        self.0.began + asked
    }

    fn log(&self, _: &str) {}
}
