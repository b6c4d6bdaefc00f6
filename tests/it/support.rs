//! A Twilio that follows a script, a KV namespace and a gate in memory, a clock that moves
//! only when somebody sleeps.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::rc::Rc;

use base64ct::{Base64, Encoding as _};
use flex_edge::context::FIELD;
use flex_edge::gate::{self, Ask, Record};
use flex_edge::runtime::{Request, Response, Runtime};
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
    pub lines: RefCell<Vec<String>>,
    /// What was performed, without what differs from run to run, and its results.
    performed: RefCell<Vec<(String, String)>>,
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

    pub fn app(&self) -> Rc<App> {
        self.app_in(Box::new(Shared(Rc::clone(&self.world))))
    }

    pub fn app_in(&self, runtime: Box<dyn Runtime>) -> Rc<App> {
        let settings = self.settings.clone();
        let get = move |name: &str| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, v)| v.clone())
        };
        Rc::new(App::new(Config::read(get), runtime, 1))
    }

    /// Hands in one request. The whole script must have been played afterwards.
    ///
    /// Then the same happens again, but every result has to be waited for, and they arrive
    /// in this order or that: it may ask for nothing else, must answer the same, and must have
    /// waited for all that it has changed.
    pub fn handle(&self, request: Request) -> Response {
        let began = self.world.now();
        self.world.performed.take();
        let response = handle(&self.app(), request.clone());
        self.played();
        let performed = self.world.performed.take();
        let first = |_: usize| 0_usize;
        let last = |waiting: usize| waiting - 1;
        let middle = |waiting: usize| waiting / 2;
        for order in [&first as &dyn Fn(usize) -> usize, &last, &middle] {
            let outside = Rc::new(Waiting { began, ..Waiting::default() });
            outside.left.replace(performed.clone());
            let app = self.app_in(Box::new(Later(Rc::clone(&outside))));
            let cx = app.begin(request.clone());
            let again = loop {
                if let Some(response) = app.run(&cx) {
                    break response;
                }
                let waiting = outside.results.borrow().len();
                assert!(waiting > 0, "it waits for nothing");
                let (id, _, result) = outside.results.borrow_mut().remove(order(waiting));
                cx.resume(id, result);
            };
            assert_eq!(again, response);
            let results = outside.results.borrow();
            let unseen = results.iter().map(|(_, operation, _)| operation);
            let reads = ["fetch\u{1f}GET\u{1f}", "kv_get\u{1f}", "kv_list\u{1f}"];
            let is_read =
                |operation: &&String| reads.iter().any(|read| operation.starts_with(read));
            let writes: Vec<_> = unseen.filter(|operation| !is_read(operation)).collect();
            assert!(writes.is_empty(), "not waited for: {writes:#?}");
        }
        response
    }

    /// Asserts that the whole script has been played.
    pub fn played(&self) {
        let left: Vec<_> =
            self.world.script.borrow().iter().map(|(call, _)| call.clone()).collect();
        assert!(left.is_empty(), "Twilio was never asked: {left:#?}");
    }
}

/// Answers a request: the fake never lets it wait.
pub fn handle(app: &Rc<App>, request: Request) -> Response {
    app.run(&app.begin(request)).unwrap_or_else(|| panic!("the fake never waits"))
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

/// A call to Twilio.
struct Call {
    method: &'static str,
    url: String,
    authorization: String,
    content_type: String,
    if_match: Option<String>,
    body: String,
}

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

impl World {
    fn now(&self) -> u64 {
        1_800_000_000_000 + self.slept.get()
    }

    fn fetch(
        &self,
        [method, url, authorization, content_type, if_match, body]: [&str; 6],
    ) -> Option<String> {
        let call = Call {
            method: ["GET", "POST", "DELETE"].into_iter().find(|known| *known == method).unwrap(),
            url: url.into(),
            authorization: authorization.into(),
            content_type: content_type.into(),
            if_match: (!if_match.is_empty()).then(|| if_match.to_owned()),
            body: body.into(),
        };
        record(&call);
        let text = describe(&call);
        self.calls.borrow_mut().push(text.clone());
        let Some((expected, line)) = self.script.borrow_mut().pop_front() else {
            panic!("a call too many: {text}")
        };
        assert_eq!(text, expected);
        let Line::Answer { status, body, etag, retry_after } = line else { return None };
        let retry_after = retry_after.map(|seconds| seconds.to_string()).unwrap_or_default();
        let etag = etag.unwrap_or_default();
        Some([&status.to_string(), &*etag, &retry_after, &body].join("\u{1f}"))
    }

    fn kv_list(&self, prefix: &str, cursor: &str) -> String {
        let kv = self.kv.borrow();
        let found = kv.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > cursor);
        let found: Vec<_> = found.take(1001).collect();
        let next = if found.len() > 1000 { found[999].0.as_str() } else { "" };
        let keys = found.iter().take(1000).map(|(key, (_, metadata))| {
            format!("\u{1e}{key}\u{1f}{}", metadata.as_deref().unwrap_or_default())
        });
        [next.to_owned(), keys.collect()].concat()
    }

    fn kv(&self, operation: &str, key: &str) {
        self.kv_operations.borrow_mut().push(format!("{operation} {key}"));
    }

    fn gate(&self, key: &str, ask: &str) -> String {
        let mut gate = self.gate.borrow_mut();
        let (reply, record) = gate::step(gate.remove(key), Ask::parse(ask).unwrap(), self.now());
        gate.insert(key.into(), record);
        reply.text()
    }
}

impl Runtime for Shared {
    fn perform(&self, _: u32, operation: &str) -> Option<String> {
        let fields: Vec<&str> = operation.split(FIELD).collect();
        let world = &self.0;
        let result = match *fields.as_slice() {
            ["fetch", method, url, authorization, content_type, if_match, body, timeout] => {
                assert!((1..=10_000).contains(&timeout.parse::<u64>().unwrap()));
                world.fetch([method, url, authorization, content_type, if_match, body])
            }
            ["kv_get", key] => {
                world.kv("get", key);
                let kv = world.kv.borrow();
                Some(kv.get(key).map(|(value, _)| format!("+{value}")).unwrap_or_default())
            }
            ["kv_put", key, value, metadata] => {
                assert!(key.len() <= 512, "KV keys have at most 512 bytes");
                world.kv("put", key);
                let metadata = (!metadata.is_empty()).then(|| metadata.to_owned());
                world.kv.borrow_mut().insert(key.into(), (value.into(), metadata));
                Some(String::new())
            }
            ["kv_delete", key] => {
                world.kv("delete", key);
                world.kv.borrow_mut().remove(key);
                Some(String::new())
            }
            ["kv_list", prefix, cursor] => {
                world.kv("list", prefix);
                Some(world.kv_list(prefix, cursor))
            }
            ["gate", key, _, ask, _] => Some(world.gate(key, ask)),
            ["sleep", _, pause] => {
                world.slept.set(world.slept.get() + pause.parse::<u64>().unwrap());
                Some(String::new())
            }
            _ => panic!("no operation: {operation}"),
        };
        let result = result.map(|result| format!("+{result}")).unwrap_or_default();
        world.performed.borrow_mut().push((constant(operation), result.clone()));
        Some(result)
    }

    fn now(&self) -> u64 {
        self.0.now()
    }

    fn log(&self, line: &str) {
        self.0.lines.borrow_mut().push(line.to_owned());
    }
}

/// An operation without the times in it.
fn constant(operation: &str) -> String {
    let fields: Vec<&str> = operation.split(FIELD).collect();
    let length = match fields[0] {
        "fetch" => 7,
        "gate" => 3,
        "sleep" => 2,
        _ => fields.len(),
    };
    fields[..length].join("\u{1f}")
}

/// The outside once more: it knows what happened, and keeps its results back.
#[derive(Default)]
struct Waiting {
    began: u64,
    /// How often the time was asked for.
    asked: Cell<u64>,
    left: RefCell<Vec<(String, String)>>,
    /// Number, operation and result of what is under way.
    results: RefCell<Vec<(u32, String, String)>>,
}

struct Later(Rc<Waiting>);

impl Runtime for Later {
    fn perform(&self, id: u32, operation: &str) -> Option<String> {
        let operation = constant(operation);
        let mut left = self.0.left.borrow_mut();
        let at = left.iter().position(|(known, _)| *known == operation);
        let at = at.unwrap_or_else(|| panic!("asked for something else: {operation}"));
        let (operation, result) = left.remove(at);
        self.0.results.borrow_mut().push((id, operation, result));
        None
    }

    fn now(&self) -> u64 {
        // Time goes on, which no handler may see.
        let asked = self.0.asked.replace(self.0.asked.get() + 1);
        self.0.began + asked
    }

    fn log(&self, _: &str) {}
}
