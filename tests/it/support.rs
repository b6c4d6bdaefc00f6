//! A Twilio that follows a script, a KV namespace and a gate in memory, a clock that moves
//! only when somebody sleeps.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io::Write as _;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use flex_edge::error::Result;
use flex_edge::gate::{self, Ask, Record, Reply};
use flex_edge::runtime::{Answer, Call, Claim, KvPage, Lost, Request, Response, Runtime};
use flex_edge::{App, Config};
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

#[derive(Default)]
pub struct World {
    script: RefCell<VecDeque<(String, Line)>>,
    pub calls: RefCell<Vec<String>>,
    pub kv: RefCell<BTreeMap<String, (String, Option<String>)>>,
    pub kv_operations: RefCell<Vec<String>>,
    gate: RefCell<BTreeMap<String, Record>>,
    pub slept: Cell<u64>,
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
            r#"POST https://iam.twilio.com/v1/Accounts/{ACCOUNT}/Tokens/validate {{"token":"T"}}"#
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
        let settings = self.settings.clone();
        let get = move |name: &str| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, v)| v.clone())
        };
        App::new(Config::read(get), Box::new(Shared(Rc::clone(&self.world))), 1)
    }

    /// Hands in one request. The whole script must have been played afterwards.
    pub fn handle(&self, request: Request) -> Response {
        let response = now(self.app().handle(request));
        self.played();
        response
    }

    /// Asserts that the whole script has been played.
    pub fn played(&self) {
        let left: Vec<_> =
            self.world.script.borrow().iter().map(|(call, _)| call.clone()).collect();
        assert!(left.is_empty(), "Twilio was never asked: {left:#?}");
    }
}

/// Runs a future that never has to wait.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the fake never waits"),
    }
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
    let mut fields = flex_edge::params::pairs(&request.body);
    fields.sort();
    let mut mac = Hmac::<Sha1>::new_from_slice(b"auth-token").unwrap();
    mac.update(request.url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    request.signature = Base64::encode_string(&mac.finalize().into_bytes());
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
        let fields = flex_edge::params::pairs(&call.body);
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        text += &format!(" {}", fields.join("&"));
    }
    if let Some(etag) = &call.if_match {
        text += &format!(" [{etag}]");
    }
    text
}

/// Leaves the request for the check against Twilio's OpenAPI documents
/// (`tests/openapi.mjs`).
fn record(call: &Call) {
    let Ok(path) = std::env::var("FLEX_EDGE_REQUESTS") else { return };
    let line = serde_json::json!({
        "method": call.method,
        "url": call.url,
        "headers": { "content-type": call.content_type, "if-match": call.if_match, "authorization": call.authorization },
        "body": call.body,
    });
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[async_trait::async_trait(?Send)]
impl Runtime for Shared {
    async fn fetch(&self, call: Call) -> std::result::Result<Answer, Lost> {
        record(&call);
        assert!(call.timeout > Duration::ZERO && call.timeout <= Duration::from_secs(10));
        let text = describe(&call);
        self.0.calls.borrow_mut().push(text.clone());
        let Some((expected, line)) = self.0.script.borrow_mut().pop_front() else {
            panic!("a call too many: {text}")
        };
        assert_eq!(text, expected);
        match line {
            Line::Answer { status, body, etag, retry_after } => {
                Ok(Answer { status, etag, retry_after, body })
            }
            Line::Lost => Err(Lost),
        }
    }

    async fn kv_get(&self, key: &str) -> Result<Option<String>> {
        self.0.kv_operations.borrow_mut().push(format!("get {key}"));
        Ok(self.0.kv.borrow().get(key).map(|(value, _)| value.clone()))
    }

    async fn kv_put(
        &self,
        key: &str,
        value: &str,
        metadata: Option<&str>,
        _: Option<Duration>,
    ) -> Result<()> {
        assert!(key.len() <= 512, "KV keys have at most 512 bytes");
        self.0.kv_operations.borrow_mut().push(format!("put {key}"));
        self.0.kv.borrow_mut().insert(key.into(), (value.into(), metadata.map(str::to_owned)));
        Ok(())
    }

    async fn kv_delete(&self, key: &str) -> Result<()> {
        self.0.kv_operations.borrow_mut().push(format!("delete {key}"));
        self.0.kv.borrow_mut().remove(key);
        Ok(())
    }

    async fn kv_list(&self, prefix: &str, cursor: Option<&str>) -> Result<KvPage> {
        self.0.kv_operations.borrow_mut().push(format!("list {prefix}"));
        let kv = self.0.kv.borrow();
        let after = cursor.unwrap_or_default();
        let found = kv.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after);
        let mut keys: Vec<_> = found
            .take(1001)
            .map(|(key, (_, data))| (key.clone(), data.clone().unwrap_or_default()))
            .collect();
        let cursor = (keys.len() > 1000).then(|| {
            keys.truncate(1000);
            keys[999].0.clone()
        });
        Ok(KvPage { keys, cursor })
    }

    async fn claim(&self, key: &str, lease: Duration, _: Duration) -> Result<Claim> {
        let lease = u64::try_from(lease.as_millis()).unwrap();
        let mut gate = self.0.gate.borrow_mut();
        let (reply, record) = gate::step(gate.remove(key), Ask::Claim { lease }, self.now());
        gate.insert(key.into(), record);
        Ok(match reply {
            Reply::Granted(attempt) => Claim::Granted { attempt },
            Reply::Done(outcome) => Claim::Done(outcome),
            Reply::Wait(_) | Reply::Settled => Claim::Busy,
        })
    }

    async fn settle(
        &self,
        key: &str,
        attempt: u32,
        outcome: Option<&str>,
        keep: Duration,
    ) -> Result<()> {
        let keep = u64::try_from(keep.as_millis()).unwrap();
        let outcome = outcome.map(str::to_owned);
        let mut gate = self.0.gate.borrow_mut();
        let (_, record) =
            gate::step(gate.remove(key), Ask::Settle { attempt, outcome, keep }, self.now());
        gate.insert(key.into(), record);
        Ok(())
    }

    async fn sleep(&self, pause: Duration) {
        self.0.slept.set(self.0.slept.get() + u64::try_from(pause.as_millis()).unwrap());
    }

    fn now(&self) -> u64 {
        1_800_000_000_000 + self.0.slept.get()
    }
}
