//! Webchat: who may start one, what their token says, how long it is refreshed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flex_edge::base::config::Secret;
use flex_edge::base::http::{Request, Response};
use flex_edge::base::jwt;
use serde_json::{Value, json};

use crate::fixtures::GONE;
use crate::support::{ACCOUNT, Fake, get, handle, json, post_json};

const SITE: &str = "https://shop.example.com";
const KEY: &str = "SK00000000000000000000000000000001";
const SERVICE: &str = "IS00000000000000000000000000000001";
const ADDRESS: &str = "IG00000000000000000000000000000001";
const CH: &str = "CH00000000000000000000000000000001";
const CONVERSATIONS: &str = "https://conversations.twilio.com/v1/Conversations";
const SITEVERIFY: &str = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
const NOW: u64 = 1_800_000_000;
const HOUR: u64 = 3_600;
const WELCOME: &str = "An agent will be with you in just a moment.";

fn edge() -> Fake {
    Fake::default()
        .with("TWILIO_API_KEY", KEY)
        .with("TWILIO_API_SECRET", "api-secret")
        .with("TWILIO_CONVERSATIONS_SERVICE_SID", SERVICE)
        .with("TWILIO_WEBCHAT_ADDRESS_SID", ADDRESS)
        .with("ALLOWED_ORIGINS", &format!("https://other.example.com, {SITE}"))
}

fn from_site(path: &str, body: &Value) -> Request {
    Request {
        origin: SITE.into(),
        address: "203.0.113.7".into(),
        ..post_json(path, &body.to_string())
    }
}

fn start(form: &Value) -> Request {
    from_site("/initWebchat", &json!({ "formData": form }))
}

fn refresh(token: &str) -> Request {
    from_site("/refreshToken", &json!({ "token": token }))
}

fn create(name: &str, engagement: &str) -> String {
    format!(
        "POST https://flex-api.twilio.com/v2/WebChats AddressSid={ADDRESS}&ChatFriendlyName=Webchat widget&CustomerFriendlyName={name}&PreEngagementData={engagement}"
    )
}

fn made(identity: &str) -> String {
    json!({ "conversation_sid": CH, "identity": identity }).to_string()
}

fn read() -> String {
    format!("GET {CONVERSATIONS}/{CH}")
}

fn conversation(state: &str) -> String {
    json!({ "sid": CH, "state": state, "attributes": "{}" }).to_string()
}

fn sign(secret: &str, header: &Value, claims: &Value) -> String {
    jwt::sign(&Secret::new(secret), header, claims)
}

fn part(token: &str, at: usize) -> Value {
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap();
    serde_json::from_slice(&part).unwrap()
}

fn token_of(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.body);
    json(response)["token"].as_str().unwrap().to_owned()
}

/// Ana's chat, which has begun.
fn begun() -> (Fake, String) {
    let fake = edge().on(&create("Ana", r#"{"friendlyName":"Ana"}"#), 201, &made("ana-1"));
    let token = token_of(&handle(&fake.app(), start(&json!({ "friendlyName": "Ana" }))));
    (fake, token)
}

#[test]
fn a_chat_is_started_in_one_round_trip() {
    let engagement = r#"{"friendlyName":"Ana","email":"a@example.com","n":1.50}"#;
    let fake = edge().on(&create("Ana", engagement), 201, &made("ana-1"));
    let body = r#"{"formData":{"email":"a@example.com","friendlyName":" Ana ","n":1.50}}"#;
    let answer = fake.handle(Request { body: body.into(), ..start(&json!({})) });
    assert_eq!((answer.status, answer.allow_origin.as_str()), (200, SITE));
    let told = json(&answer);
    assert_eq!(told["conversationSid"], CH);
    assert_eq!(told["expiration"], (NOW + 6 * HOUR) * 1000);
    let token = told["token"].as_str().unwrap();
    let header = json!({ "alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1" });
    let claims = json!({
        "jti": format!("{KEY}-{NOW}"),
        "grants": { "identity": "ana-1", "chat": { "service_sid": SERVICE } },
        "iat": NOW, "exp": NOW + 6 * HOUR, "iss": KEY, "sub": ACCOUNT
    });
    assert_eq!((part(token, 0), part(token, 1)), (header, claims));
}

#[test]
fn tokens_are_those_of_twilio_node() {
    let Ok(path) = std::env::var("FLEX_EDGE_TOKENS") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 10);
    for case in cases {
        let given = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let fake = edge()
            .with("TWILIO_ACCOUNT_SID", &given("account"))
            .with("TWILIO_API_KEY", &given("key"))
            .with("TWILIO_API_SECRET", &given("secret"))
            .with("TWILIO_CONVERSATIONS_SERVICE_SID", &given("service"))
            .with("TWILIO_REGION", &given("region"))
            .with("WEBCHAT_TOKEN_SECONDS", &case["ttl"].to_string());
        let host = match given("region").as_str() {
            "" => "flex-api".to_owned(),
            region => format!("flex-api.{region}"),
        };
        let call = create("Customer", r#"{"friendlyName":"Customer"}"#);
        let call = call.replace("flex-api", &host);
        let fake = fake.on(&call, 201, &made(&given("identity")));
        let token = token_of(&fake.handle(start(&json!({}))));
        let twilios = given("token");
        assert_eq!(part(&token, 0), part(&twilios, 0));
        assert_eq!(part(&token, 1), part(&twilios, 1));
        let read = jwt::verify::<Value>(&Secret::new(&given("secret")), &twilios);
        assert_eq!(read.unwrap().1, part(&twilios, 1));
    }
}

#[test]
fn only_allowed_origins_start_and_refresh() {
    for path in ["/initWebchat", "/refreshToken"] {
        for origin in [
            "",
            "null",
            "*",
            "https://evil.example",
            "https://shop.example.com.evil",
            "http://shop.example.com",
            "HTTPS://SHOP.EXAMPLE.COM",
        ] {
            let request = Request { origin: origin.into(), ..from_site(path, &json!({})) };
            let answer = edge().handle(request);
            assert_eq!(answer.status, 403, "{path} {origin}");
            assert_eq!(answer.allow_origin, "https://other.example.com");
        }
        let off = edge().with("ALLOWED_ORIGINS", "");
        let answer = off.handle(from_site(path, &json!({})));
        assert_eq!((answer.status, &json(&answer)["missing"]), (500, &json!(["ALLOWED_ORIGINS"])));
        let health = off.handle(get("/health"));
        assert_eq!(
            (health.status, &json(&health)["features"]["webchat"]["configured"]),
            (503, &json!(false))
        );
    }
}

#[test]
fn who_asks_too_often_waits_a_minute() {
    let fake = edge();
    let app = fake.app();
    let bad =
        |address: &str| Request { address: address.into(), ..start(&json!({ "friendlyName": 1 })) };
    for _ in 0..20 {
        assert_eq!(handle(&app, bad("203.0.113.7")).status, 400);
    }
    let answer = handle(&app, bad("203.0.113.7"));
    assert_eq!(
        (answer.status, answer.retry_after, json(&answer)["success"].as_bool()),
        (429, Some(60), Some(false))
    );
    assert_eq!(handle(&app, bad("203.0.113.8")).status, 400, "another address");
    for host in 1..=20 {
        assert_eq!(handle(&app, bad(&format!("2001:db8:1:2::{host}"))).status, 400);
    }
    assert_eq!(handle(&app, bad("2001:db8:1:2:ffff::1")).status, 429, "one network");
    for _ in 0..60 {
        assert_eq!(handle(&app, refresh("x")).status, 403);
    }
    assert_eq!(handle(&app, refresh("x")).status, 429);
}

#[test]
fn bad_forms_are_named_and_cost_nothing() {
    for (form, field) in [
        (json!("x"), "formData"),
        (json!([]), "formData"),
        (Value::Null, "formData"),
        (json!({ "friendlyName": 5 }), "formData.friendlyName"),
        (json!({ "friendlyName": "é".repeat(65) }), "formData.friendlyName"),
        (json!({ "friendlyName": "a\nb" }), "formData.friendlyName"),
        (json!({ "query": {} }), "formData.query"),
        (json!({ "more": "x".repeat(8 * 1024) }), "formData"),
        (json!({ "userToken": "x" }), "formData.userToken"),
    ] {
        let answer = edge().handle(start(&form));
        assert_eq!((answer.status, json(&answer)["field"].as_str()), (400, Some(field)), "{form}");
    }
    assert_eq!(edge().handle(from_site("/refreshToken", &json!({}))).status, 400);
    let longest = "é".repeat(64);
    let engagement = json!({ "friendlyName": longest }).to_string();
    let fake = edge().on(&create(&longest, &engagement), 201, &made("x"));
    assert_eq!(fake.handle(start(&json!({ "friendlyName": longest }))).status, 200);
}

#[test]
fn nobody_vouches_for_themselves() {
    let fake = edge().on(&create("Ana", r#"{"friendlyName":"Ana"}"#), 201, &made("x"));
    let form = json!({ "verified": { "name": "The Boss" }, "friendlyName": "Ana" });
    assert_eq!(fake.handle(start(&form)).status, 200);
}

fn message(author: &str, body: &str) -> String {
    format!("POST {CONVERSATIONS}/{CH}/Messages Author={author}&Body={body}")
}

fn messages() -> String {
    format!("GET {CONVERSATIONS}/{CH}/Messages?Order=desc&PageSize=50")
}

fn asking() -> (Fake, Request) {
    let form = json!({ "friendlyName": "Ana", "query": "My order?" });
    let engagement = r#"{"friendlyName":"Ana","query":"My order?"}"#;
    (edge().on(&create("Ana", engagement), 201, &made("ana-1")), start(&form))
}

#[test]
fn the_question_and_the_welcome_are_written_behind_the_answer() {
    let (fake, request) = asking();
    let fake = fake.on(&format!("{} [webhooks]", message("ana-1", "My order?")), 201, "{}").on(
        &message("Concierge", &format!("Welcome Ana! {WELCOME}")),
        201,
        "{}",
    );
    assert_eq!(fake.handle(request).status, 200);
}

#[test]
fn a_question_whose_answer_is_lost_is_written_once() {
    let (fake, request) = asking();
    let there = json!({ "messages": [{ "author": "ana-1", "body": "My order?" }], "meta": {} });
    let fake = fake
        .on_lost(&format!("{} [webhooks]", message("ana-1", "My order?")))
        .on(&messages(), 200, &there.to_string())
        .on(&message("Concierge", &format!("Welcome Ana! {WELCOME}")), 503, "{}")
        .on(&messages(), 200, &there.to_string())
        .on(&message("Concierge", &format!("Welcome Ana! {WELCOME}")), 201, "{}");
    assert_eq!(fake.handle(request).status, 200);
}

#[test]
fn the_gate_sees_to_a_question_of_which_nothing_came() {
    let (fake, request) = asking();
    assert_eq!(handle(&fake.app(), request).status, 200); // and then it dies
    let gate = fake.world.claimed().into_iter().find(|key| key.contains(CH)).unwrap();
    assert!(!gate.contains("order"));
    let fake = fake
        .on(&messages(), 200, r#"{"messages":[],"meta":{}}"#)
        .on(&format!("{} [webhooks]", message("ana-1", "My order?")), 201, "{}")
        .on(&message("Concierge", &format!("Welcome Ana! {WELCOME}")), 201, "{}");
    assert!(fake.alarm(&gate));
}

#[test]
fn failures_do_not_tell_what_twilio_says() {
    let ana = json!({ "friendlyName": "Ana" });
    let call = create("Ana", r#"{"friendlyName":"Ana"}"#);
    let refused = r#"{"code":20404,"message":"IG… of AC… is not there","more_info":"https://x"}"#;
    for (status, expected) in [
        (400, 502),
        (401, 502),
        (403, 502),
        (404, 502),
        (409, 502),
        (412, 502),
        (500, 502),
        (503, 503),
    ] {
        let answer = edge().on(&call, status, refused).handle(start(&ana));
        assert_eq!(answer.status, expected);
        assert!(!answer.body.contains("IG…") && !answer.body.contains("20404"), "{}", answer.body);
    }
    assert_eq!(edge().on_lost(&call).handle(start(&ana)).status, 504);
    let later = edge().on_later(&call, 429, 1).on(&call, 201, &made("x"));
    assert_eq!(later.handle(start(&ana)).status, 200);
}

#[test]
fn turnstile_is_asked_once_when_it_is_set() {
    let ana = |response: &str| json!({ "friendlyName": "Ana", "cf-turnstile-response": response });
    let edge = || edge().with("TURNSTILE_SECRET", "ts");
    let verify = format!("POST {SITEVERIFY} secret=ts&response=ok&remoteip=203.0.113.7");
    let call = create("Ana", r#"{"friendlyName":"Ana"}"#);
    let fake = edge().on(&verify, 200, r#"{"success":true}"#).on(&call, 201, &made("x"));
    assert_eq!(fake.handle(start(&ana("ok"))).status, 200);
    assert_eq!(edge().handle(start(&json!({}))).status, 400);
    assert_eq!(edge().handle(start(&ana(&"x".repeat(2049)))).status, 400);
    for (body, status) in [
        (r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#, 403),
        (r#"{"success":false,"error-codes":["invalid-input-secret"]}"#, 500),
        ("oops", 503),
    ] {
        assert_eq!(
            edge().on(&verify, 200, body).handle(start(&ana("ok"))).status,
            status,
            "{body}"
        );
    }
    assert_eq!(edge().on_lost(&verify).handle(start(&ana("ok"))).status, 503);
}

#[test]
fn a_token_is_refreshed_and_the_conversation_is_believed_for_a_minute() {
    let (fake, token) = begun();
    fake.world.slept.set(HOUR * 1000);
    let fake = fake.on(&read(), 200, &conversation("active"));
    let app = fake.app();
    let again = token_of(&handle(&app, refresh(&token)));
    let told = handle(&app, refresh(&again));
    assert_eq!(json(&told)["expiration"], (NOW + 7 * HOUR) * 1000);
    assert_eq!(json(&told)["conversationSid"], Value::Null);
    fake.played();
    let fake = fake.on(&read(), 200, &conversation("closed"));
    fake.world.slept.set(HOUR * 1000 + 60_000);
    assert_eq!(handle(&app, refresh(&again)).status, 403, "the chat is over");
    fake.played();
}

#[test]
fn refreshing_ends_with_the_conversation_and_after_a_week() {
    for (status, body, expected) in
        [(200, conversation("closed"), 403), (404, GONE.to_owned(), 403), (500, String::new(), 502)]
    {
        let (fake, token) = begun();
        assert_eq!(
            fake.again_with().on(&read(), status, &body).handle(refresh(&token)).status,
            expected
        );
    }
    // That it is gone is not believed for longer than this once.
    let (fake, token) = begun();
    let gone = fake.again_with().on(&read(), 404, GONE).on(&read(), 200, &conversation("active"));
    let app = gone.app();
    assert_eq!([403, 200], [(); 2].map(|()| handle(&app, refresh(&token)).status));
    let (fake, first) = begun();
    let (mut token, week) = (first, 7 * 24 * HOUR);
    for hour in (5..7 * 24).step_by(5) {
        fake.world.slept.set(hour * HOUR * 1000);
        let next = fake.again_with().on(&read(), 200, &conversation("active"));
        token = token_of(&handle(&next.app(), refresh(&token)));
    }
    assert_eq!(part(&token, 1)["exp"], NOW + week, "the last one ends with the week");
    fake.world.slept.set((week + 1) * 1000);
    assert_eq!(handle(&fake.app(), refresh(&token)).status, 403);
}

#[test]
fn no_other_token_becomes_one_of_webchat() {
    let (fake, token) = begun();
    let (header, claims) = (part(&token, 0), part(&token, 1));
    let with = |place: &str, value: Value| {
        let mut changed = json!({ "header": header, "claims": claims });
        *changed.pointer_mut(place).unwrap_or(&mut Value::Null) = value.clone();
        if changed.pointer(place).is_none() {
            let (parent, name) = place.rsplit_once('/').unwrap();
            changed.pointer_mut(parent).unwrap()[name] = value;
        }
        sign("api-secret", &changed["header"], &changed["claims"])
    };
    let mut forged = vec![
        sign("other", &header, &claims),
        with("/header/alg", json!("HS512")),
        with("/header/alg", json!("none")),
        with("/header/typ", json!("JOSE")),
        with("/header/cty", json!("twilio-sid")),
        with("/header/cty", Value::Null),
        with("/claims/iss", json!("SK00000000000000000000000000000002")),
        with("/claims/sub", json!("AC00000000000000000000000000000001")),
        with("/claims/exp", json!(NOW)),
        with("/claims/grants/chat/service_sid", json!("IS00000000000000000000000000000002")),
        with("/claims/grants/voice", json!({ "incoming": { "allow": true } })),
        with("/claims/grants/chat", Value::Null),
        with("/claims/grants/identity", json!("somebody-else")),
        with("/claims/grants/identity", Value::Null),
        token.rsplit_once('.').unwrap().0.to_owned() + ".",
        "x".to_owned(),
    ];
    forged.push(format!("{token}x"));
    for forged in forged {
        let answer = handle(&fake.app(), refresh(&forged));
        assert_eq!(answer.status, 403, "{forged}");
    }
    let fake = fake.on(&read(), 200, &conversation("active"));
    assert_eq!(handle(&fake.app(), refresh(&token)).status, 200);
}

const SITE_SECRET: &str = "site-secret";

fn user(claims: &Value) -> Value {
    json!({ "friendlyName": "Somebody", "userToken": sign(SITE_SECRET, &json!({ "alg": "HS256" }), claims) })
}

fn signed_in() -> Fake {
    edge().with("WEBCHAT_USER_SECRET", SITE_SECRET)
}

/// What Twilio is told of the visitor's new chat.
fn asked_for(fake: &Fake) -> Vec<(String, String)> {
    let calls = fake.world.calls.borrow();
    let call = calls.iter().find(|call| call.contains("/v2/WebChats")).unwrap();
    let fields = call.rsplit_once(' ').map_or("", |_| call.split_once("WebChats ").unwrap().1);
    fields
        .split('&')
        .map(|field| field.split_once('=').unwrap())
        .map(|(n, v)| (n.into(), v.into()))
        .collect()
}

/// The identity, and the sealed name and e-mail, of somebody who is signed in.
fn identity_and_engagement(claims: &Value) -> (String, String) {
    // The script has to know what is computed: it is asked for, and then looked at.
    let fake = signed_in();
    let app = fake.app();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        handle(&app, start(&user(claims)))
    }));
    assert!(result.is_err(), "the script is empty");
    let fields = asked_for(&fake);
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).unwrap().1.clone();
    (field("Identity"), field("PreEngagementData"))
}

fn create_for(identity: &str, engagement: &str) -> String {
    format!("{}&Identity={identity}", create("Ana Archer", engagement))
}

fn ana() -> Value {
    json!({ "sub": "customer-42", "exp": NOW + HOUR, "name": "Ana Archer", "email": "ana@example.com" })
}

#[test]
fn who_is_signed_in_gets_the_same_open_chat_again() {
    let (identity, engagement) = identity_and_engagement(&ana());
    assert!(identity.starts_with("webchat-") && !identity.contains("42"), "{identity}");
    assert!(
        engagement.contains(r#""friendlyName":"Ana Archer""#) && !engagement.contains("userToken")
    );
    let fake = signed_in().on(&create_for(&identity, &engagement), 201, &made(&identity));
    let first = fake.handle(start(&user(&ana())));
    assert_eq!(part(&token_of(&first), 1)["grants"]["identity"], *identity);
    let app = fake.again_with().app();
    let fake =
        fake.on(&read(), 200, &conversation("active")).on(&read(), 200, &conversation("active"));
    for _ in 0..2 {
        let again = handle(&app, start(&user(&ana())));
        assert_eq!(json(&again)["conversationSid"], CH);
    }
    fake.played();
    // Days later the gate has forgotten it, and KV has not.
    fake.world.slept.set(3 * 24 * HOUR * 1000);
    let later = json!({ "sub": "customer-42", "exp": NOW + 3 * 24 * HOUR + 60 });
    let fake = fake.on(&read(), 200, &conversation("inactive"));
    let again = handle(&app, start(&user(&later)));
    assert_eq!(json(&again)["conversationSid"], CH);
    fake.played();
}

#[test]
fn who_is_signed_in_gets_a_new_chat_when_the_last_one_is_over() {
    let (identity, engagement) = identity_and_engagement(&ana());
    let fake = signed_in().on(&create_for(&identity, &engagement), 201, &made(&identity));
    assert_eq!(fake.handle(start(&user(&ana()))).status, 200);
    let other = "CH00000000000000000000000000000002";
    let body = json!({ "conversation_sid": other, "identity": identity }).to_string();
    let fake = fake.on(&read(), 200, &conversation("closed")).on(
        &create_for(&identity, &engagement),
        201,
        &body,
    );
    let answer = handle(&fake.app(), start(&user(&ana())));
    assert_eq!(json(&answer)["conversationSid"], other);
    fake.played();
}

#[test]
fn who_is_signed_in_gets_no_chat_that_an_agent_has_just_ended() {
    let (identity, engagement) = identity_and_engagement(&ana());
    let fake = signed_in().on(&create_for(&identity, &engagement), 201, &made(&identity));
    let app = fake.app();
    assert_eq!(handle(&app, start(&user(&ana()))).status, 200);
    // The same instance has seen it open 40 seconds ago. It is asked for once, what is over stays so.
    fake.world.slept.set(40_000);
    let other = "CH00000000000000000000000000000002";
    let body = json!({ "conversation_sid": other, "identity": identity }).to_string();
    let fake = fake.on(&read(), 200, &conversation("closed")).on(
        &create_for(&identity, &engagement),
        201,
        &body,
    );
    assert_eq!(json(&handle(&app, start(&user(&ana()))))["conversationSid"], other);
    fake.played();
}

#[test]
fn a_chat_whose_answer_is_lost_is_looked_for() {
    let (identity, engagement) = identity_and_engagement(&ana());
    let look = format!(
        "GET https://conversations.twilio.com/v1/ParticipantConversations?Identity={identity}&PageSize=50"
    );
    let over = json!({ "conversation_sid": "CH00000000000000000000000000000009", "conversation_state": "closed" });
    let open = json!({ "conversation_sid": CH, "conversation_state": "active" });
    let found = json!({ "conversations": [over, open], "meta": {} }).to_string();
    let fake = signed_in().on_lost(&create_for(&identity, &engagement)).on(&look, 200, &found);
    assert_eq!(json(&fake.handle(start(&user(&ana()))))["conversationSid"], CH);
}

#[test]
fn tokens_of_the_site_are_read_strictly() {
    let now = NOW;
    for claims in [
        json!({ "exp": now + HOUR }),
        json!({ "sub": "", "exp": now + HOUR }),
        json!({ "sub": 42, "exp": now + HOUR }),
        json!({ "sub": "x".repeat(257), "exp": now + HOUR }),
        json!({ "sub": "a" }),
        json!({ "sub": "a", "exp": now }),
        json!({ "sub": "a", "exp": now + 24 * HOUR + 1 }),
        json!({ "sub": "a", "exp": now + HOUR, "nbf": now + 1 }),
    ] {
        assert_eq!(signed_in().handle(start(&user(&claims))).status, 403, "{claims}");
    }
    for (secret, alg) in
        [("other", "HS256"), ("", "HS256"), (SITE_SECRET, "none"), ("api-secret", "HS256")]
    {
        let token = sign(secret, &json!({ "alg": alg }), &ana());
        let answer = signed_in().handle(start(&json!({ "userToken": token })));
        assert_eq!(answer.status, 403, "{secret} {alg}");
    }
}

#[test]
fn nothing_of_a_visitor_is_logged() {
    let (fake, token) = begun();
    let app = fake.app();
    for request in [
        start(&json!({ "friendlyName": 5, "email": "a@b.example" })),
        refresh(&token),
        refresh("secret-x"),
    ] {
        let fake = fake.again_with().on(&read(), 200, &conversation("active"));
        handle(&fake.app(), request);
        let _ = fake.take_script();
    }
    drop(app);
    let lines = fake.world.lines.take().join("\n");
    for secret in [token.as_str(), "Ana", "a@b.example", "secret-x", "203.0.113.7", "api-secret"] {
        assert!(!lines.contains(secret), "{secret}");
    }
}
