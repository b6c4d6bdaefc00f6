//! Agents chat with each other: KV operations counted, and the exact requests that Twilio
//! gets.

use flex_edge::base::text::encode;

use crate::support::{Fake, TASKROUTER, handle, json, now, post};

const CHATS: &str = "https://conversations.twilio.com/v1/Conversations";
const CHAT: &str = "CH00000000000000000000000000000001";
const DAY: u64 = 24 * 60 * 60 * 1000;

/// One agent's request in a world that goes on.
fn ask(fake: Fake, identity: &str, path: &str, fields: &str) -> (Fake, u16, serde_json::Value) {
    fake.world.kv_operations.borrow_mut().clear();
    let fake = fake.on_token_of(identity, "WK00000000000000000000000000000001", "agent");
    let response = fake.handle(post(
        &format!("/internal-chat/{path}"),
        &format!("Token=a.flex.token.of.alice&{fields}"),
    ));
    let body = json(&response);
    (fake, response.status, body)
}

fn pin(fake: Fake, name: &str) -> (Fake, u16, serde_json::Value) {
    ask(fake, "alice", "pin", &format!("conversation={}", encode(name)))
}

fn operations(fake: &Fake) -> Vec<String> {
    fake.world
        .kv_operations
        .borrow()
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn pins_are_listed_oldest_first_with_one_kv_operation_each() {
    let mut fake = Fake::default();
    for (turn, name) in ["alice+zoe", "alice+bob", "aaron+alice"].into_iter().enumerate() {
        fake.world.slept.set(turn as u64 + 1);
        let (after, status, _) = pin(fake, name);
        assert_eq!((status, operations(&after)), (200, vec!["list".to_owned(), "put".into()]));
        fake = after;
    }
    // Again: nothing to write, and the place is kept.
    let (fake, status, body) = pin(fake, "alice+zoe");
    assert_eq!((status, operations(&fake)), (200, vec!["list".to_owned()]));
    assert_eq!(body["pins"], serde_json::json!(["alice+zoe", "alice+bob", "aaron+alice"]));
    for _ in 0..2 {
        let (after, status, _) = ask(fake.again(), "alice", "unpin", "conversation=alice%2Bzoe");
        assert_eq!((status, operations(&after)), (200, vec!["delete".to_owned()]));
    }
    let (fake, _, body) = ask(fake, "alice", "list-pins", "");
    assert_eq!(
        body,
        serde_json::json!({ "success": true, "pins": ["alice+bob", "aaron+alice"], "skipped": [] })
    );
    assert_eq!(operations(&fake), ["list"]);
    // Others have their own.
    let (_, _, body) = ask(fake, "bob", "list-pins", "");
    assert_eq!(body["pins"], serde_json::json!([]));
}

#[test]
fn names_of_every_kind_come_back_the_same() {
    let long = "ü".repeat(200);
    let names =
        ["b%2B+o", "100%", "名前 👋", "\"q\\'", "a/b?c#d", "Z", long.as_str(), &"👋".repeat(200)];
    let mut fake = Fake::default();
    let mut expected = Vec::new();
    for (turn, other) in names.iter().enumerate() {
        fake.world.slept.set(turn as u64);
        let name =
            if "alice" < *other { format!("alice+{other}") } else { format!("{other}+alice") };
        let (after, status, _) = pin(fake, &name);
        assert_eq!(status, 200, "{name}");
        fake = after;
        expected.push(name);
    }
    for (_, metadata) in fake.world.kv.borrow().values() {
        let metadata = serde_json::to_string(metadata.as_ref().unwrap()).unwrap();
        assert!(metadata.len() <= 1024, "KV takes 1,024 bytes of metadata");
    }
    let (mut fake, _, body) = ask(fake, "alice", "list-pins", "");
    assert_eq!(body["pins"], serde_json::json!(expected));
    for name in &expected {
        fake = ask(fake, "alice", "unpin", &format!("conversation={}", encode(name))).0;
    }
    assert!(fake.world.kv.borrow().is_empty());
    // What KV cannot hold is refused, not cut off.
    for other in ["x".repeat(1100), "\u{1f}".to_owned(), "a\u{1e}b".to_owned(), "é".repeat(600)] {
        let (after, status, body) = pin(fake, &format!("alice+{other}"));
        assert_eq!(
            (status, body["field"].as_str()),
            (
                if other < "alice".into() { 403 } else { 400 },
                if other < "alice".into() { None } else { Some("conversation") }
            )
        );
        assert!(after.world.kv.borrow().is_empty());
        fake = after;
    }
}

#[test]
fn only_ones_own_chats_can_be_pinned() {
    let mut fake = Fake::default();
    for name in [
        "bob+carol",
        "alice",
        "alice+",
        "+alice",
        "alice+alice",
        "zoe+alice",
        "alicex+bob",
        "ali+bob",
    ] {
        for path in ["pin", "unpin"] {
            let (after, status, _) =
                ask(fake, "alice", path, &format!("conversation={}", encode(name)));
            assert_eq!((status, operations(&after).len()), (403, 0), "{name}");
            fake = after;
        }
    }
    let (fake, status, body) = ask(fake, "alice", "pin", "conversation=null");
    assert_eq!((status, body["field"].as_str()), (400, Some("conversation")));
    let (fake, status, body) = ask(fake, "alice", "pin", "conversations=%7B%7D");
    assert_eq!((status, body["field"].as_str()), (400, Some("conversations")));
    let (_, status, _) = ask(fake, "a+b", "list-pins", "");
    assert_eq!(status, 403);
}

#[test]
fn a_list_is_moved_in_and_a_hundred_is_the_limit() {
    let mut names: Vec<String> = (0..99).map(|number| format!("alice+bob{number:03}")).collect();
    names.insert(1, "bob+carol".into()); // of another user of the same browser
    names.insert(2, names[0].clone());
    names.push("alice+last".into());
    names.push("alice+too-much".into());
    let list = serde_json::to_string(&names).unwrap();
    let (fake, status, body) =
        ask(Fake::default(), "alice", "pin", &format!("conversations={}", encode(&list)));
    assert_eq!(
        (status, &body["skipped"]),
        (200, &serde_json::json!(["bob+carol", "alice+too-much"]))
    );
    assert_eq!(operations(&fake).iter().filter(|operation| *operation == "put").count(), 100);
    let (fake, status, body) = pin(fake, "alice+too-much");
    assert_eq!((status, &body["limit"]), (422, &serde_json::json!(100)));
    let (fake, status, _) = pin(fake, "alice+last");
    assert_eq!(status, 200, "pinned already");
    let (_, _, body) = ask(fake, "alice", "list-pins", "");
    let pins = body["pins"].as_array().unwrap();
    assert_eq!(
        (pins.len(), &pins[0], &pins[1], &pins[99]),
        (100, &"alice+bob000".into(), &"alice+bob001".into(), &"alice+last".into())
    );
}

#[test]
fn more_than_one_kv_page_is_read() {
    let fake = Fake::default();
    for number in 0..2300u64 {
        let (key, metadata) =
            (format!("pin/alice/x{number:05}"), format!("{} x{number:05}", 5000 - number));
        fake.world.kv.borrow_mut().insert(key, (String::new(), Some(metadata)));
    }
    let (fake, _, body) = ask(fake, "alice", "list-pins", "");
    let pins = body["pins"].as_array().unwrap();
    assert_eq!(
        (pins.len(), &pins[0], &pins[2299]),
        (2300, &"alice+x02299".into(), &"alice+x00000".into())
    );
    assert_eq!(operations(&fake), ["list", "list", "list"]);
}

fn worker(number: u32, attributes: &str) -> String {
    serde_json::json!({
        "sid": format!("WK{number:032}"), "friendly_name": format!("login{number}"), "attributes": attributes,
        "activity_name": "Available", "available": true,
    })
    .to_string()
}

fn list(key: &str, items: &[String], next: Option<&str>) -> String {
    format!(
        r#"{{"{key}":[{}],"meta":{{"next_page_url":{}}}}}"#,
        items.join(","),
        serde_json::json!(next)
    )
}

fn directory() -> Fake {
    let first = [
        worker(
            1,
            r#"{"full_name":"Zoë Öst","email":"zoe@example.com","contact_uri":"client:zoe","image_url":"https://x/z.png"}"#,
        ),
        worker(2, "{broken"),
    ];
    let second = [worker(3, r#"{"full_name":"Ann \"Q\" O'Brien","contact_uri":"client:ann"}"#)];
    Fake::default()
        .on(
            &format!("GET {TASKROUTER}/Workers?PageSize=500"),
            200,
            &list(
                "workers",
                &first,
                Some(&format!("{TASKROUTER}/Workers?PageSize=500&Page=1&PageToken=PT1")),
            ),
        )
        .on(
            &format!("GET {TASKROUTER}/Workers?PageSize=500&Page=1&PageToken=PT1"),
            200,
            &list("workers", &second, None),
        )
}

#[test]
fn the_directory_is_read_once_and_searched_in_memory() {
    let call = |search: &str| {
        post(
            "/internal-chat/list-agents",
            &format!("Token=a.flex.token.of.alice&search={}", encode(search)),
        )
    };
    let fake = Fake::default().on_token().append(directory().take_script());
    let app = fake.app();
    let names = |search: &str| {
        let body = json(&handle(&app, call(search)));
        assert_eq!(body["success"], true, "{body}");
        body["agents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|agent| agent["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["Ann \"Q\" O'Brien", "login2", "Zoë Öst"]);
    for (search, found) in [
        ("zoë ö", "Zoë Öst"),
        ("ZOE@EXAMPLE", "Zoë Öst"),
        ("\"q\" o'b", "Ann \"Q\" O'Brien"),
        ("login2", "login2"),
    ] {
        assert_eq!(names(search), [found], "{search}");
    }
    for hostile in ["\" OR 1==1 OR \"", "' OR '1'=='1", "a\\", "%", "WK0000", ") AND (", "\u{1e}"] {
        assert!(names(hostile).is_empty(), "{hostile}");
    }
    fake.played();
}

#[test]
fn pages_go_on_where_they_stopped_and_an_old_list_beats_none() {
    let fake = Fake::default().on_token().append(directory().take_script());
    let app = fake.app();
    let ask = |fields: &str| {
        json(&handle(
            &app,
            post("/internal-chat/list-agents", &format!("Token=a.flex.token.of.alice&{fields}")),
        ))
    };
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    for _ in 0..3 {
        let body = ask(&format!("limit=1&cursor={}", encode(&cursor)));
        seen.push(body["agents"][0].clone());
        assert_eq!(body["agents"].as_array().unwrap().len(), 1);
        cursor = body["nextCursor"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!(cursor, "", "that was all");
    assert_eq!(
        seen[2],
        serde_json::json!({"workerSid":"WK00000000000000000000000000000001","name":"Zoë Öst","contactUri":"client:zoe",
            "image":"https://x/z.png","email":"zoe@example.com","activity":"Available","available":true})
    );
    assert_eq!(seen[1]["contactUri"], serde_json::Value::Null);
    // Half a minute later Twilio is out of order.
    fake.world.slept.set(fake.world.slept.get() + 31_000);
    let refused = fake.on(&format!("GET {TASKROUTER}/Workers?PageSize=500"), 500, "{}");
    assert_eq!(ask("")["agents"].as_array().unwrap().len(), 3);
    assert_eq!(ask("")["agents"].as_array().unwrap().len(), 3, "and is left in peace for a while");
    refused.played();
}

#[test]
fn what_was_read_before_a_failure_is_not_read_again() {
    let page = format!("{TASKROUTER}/Workers?PageSize=500&Page=1&PageToken=PT1");
    let fake = Fake::default()
        .on_token()
        .on(
            &format!("GET {TASKROUTER}/Workers?PageSize=500"),
            200,
            &list("workers", &[worker(1, "{}")], Some(&page)),
        )
        .on(&format!("GET {page}"), 500, "{}")
        .on(&format!("GET {page}"), 200, &list("workers", &[worker(2, "{}")], None));
    let app = fake.app();
    let request = || post("/internal-chat/list-agents", "Token=a.flex.token.of.alice");
    assert_eq!(handle(&app, request()).status, 502);
    assert_eq!(json(&handle(&app, request()))["agents"].as_array().unwrap().len(), 2);
    fake.played();
}

fn chat(name: &str, attributes: &str, state: &str, updated: u64) -> String {
    let date = flex_edge::base::date::iso(updated);
    serde_json::json!({ "sid": CHAT, "unique_name": name, "attributes": attributes, "state": state, "date_updated": date }).to_string()
}

const MARKED: &str = r#"{"internalChat":"internalChat"}"#;

fn members(identities: &[&str]) -> String {
    let items: Vec<_> = identities
        .iter()
        .map(|identity| format!(r#"{{"identity":"{identity}","messaging_binding":null}}"#))
        .collect();
    list("participants", &items, None)
}

fn lookup(identity: &str) -> String {
    format!(
        "GET {TASKROUTER}/Workers?TargetWorkersExpression={}&PageSize=50",
        encode(&format!("contact_uri == \"client:{identity}\""))
    )
}

fn is_worker(identity: &str) -> String {
    list("workers", &[worker(2, &format!(r#"{{"contact_uri":"client:{identity}"}}"#))], None)
}

fn open(fake: Fake, participant: &str) -> (u16, serde_json::Value) {
    let response = fake.handle(post(
        "/internal-chat/open",
        &format!("Token=a.flex.token.of.alice&participant={}", encode(participant)),
    ));
    (response.status, json(&response))
}

fn opening() -> Fake {
    Fake::default().on_token().on(&lookup("bob"), 200, &is_worker("bob"))
}

#[test]
fn opening_makes_the_chat_that_the_plugin_would_make() {
    let fake = opening()
        .on(&format!("GET {CHATS}/alice%2Bbob"), 404, "{}")
        .on(
            &format!(
                "POST {CHATS} UniqueName=alice+bob&FriendlyName=internal-chat&Attributes={MARKED}"
            ),
            201,
            &chat("alice+bob", MARKED, "active", 0),
        )
        .on(&format!("POST {CHATS}/{CHAT}/Participants Identity=alice"), 201, "{}")
        .on(&format!("POST {CHATS}/{CHAT}/Participants Identity=bob"), 201, "{}");
    let body = serde_json::json!({ "success": true, "conversationSid": CHAT, "uniqueName": "alice+bob", "created": true });
    let again = fake.again();
    assert_eq!(open(fake, "bob"), (200, body.clone()));
    // From the other side, at the same moment: the same, and nothing asked.
    let other = again.on_token_of("bob", "WK00000000000000000000000000000002", "agent");
    let response =
        other.handle(post("/internal-chat/open", "Token=a.flex.token.of.alice&participant=alice"));
    assert_eq!(json(&response), body);
}

#[test]
fn somebody_faster_and_somebody_missing_are_no_trouble() {
    let taken = r#"{"code":50353,"message":"taken","status":409}"#;
    let fake = opening()
        .on(&format!("GET {CHATS}/alice%2Bbob"), 404, "{}")
        .on(
            &format!(
                "POST {CHATS} UniqueName=alice+bob&FriendlyName=internal-chat&Attributes={MARKED}"
            ),
            409,
            taken,
        )
        .on(&format!("GET {CHATS}/alice%2Bbob"), 200, &chat("alice+bob", MARKED, "inactive", 0))
        .on(&format!("GET {CHATS}/{CHAT}/Participants?PageSize=100"), 200, &members(&["alice"]))
        .on(&format!("POST {CHATS}/{CHAT} State=active"), 200, "{}")
        .on(&format!("POST {CHATS}/{CHAT}/Participants Identity=bob"), 409, r#"{"code":50437}"#)
        .on(
            &format!("GET {CHATS}/{CHAT}/Participants?PageSize=100"),
            200,
            &members(&["alice", "bob"]),
        );
    let (status, body) = open(fake, "bob");
    assert_eq!((status, &body["created"]), (200, &false.into()));
}

#[test]
fn conversations_that_are_no_chat_of_these_two_are_left_alone() {
    let customer =
        r#"{"participants":[{"identity":null,"messaging_binding":{"address":"+1555"}}],"meta":{}}"#;
    for (attributes, members) in [
        ("{}", members(&["alice", "bob"])),
        ("{broken", members(&[])),
        (MARKED, customer.into()),
        // Whoever may make conversations has made it, and would read along.
        (MARKED, members(&["eve"])),
        (MARKED, members(&["alice", "bob", "eve"])),
    ] {
        let fake = opening()
            .on(
                &format!("GET {CHATS}/alice%2Bbob"),
                200,
                &chat("alice+bob", attributes, "active", 0),
            )
            .on(&format!("GET {CHATS}/{CHAT}/Participants?PageSize=100"), 200, &members);
        let (status, body) = open(fake, "bob");
        assert_eq!((status, &body["conversationSid"]), (409, &CHAT.into()), "{attributes}");
    }
    // Closed is final, and nobody's history is deleted to make room.
    let taken = r#"{"code":50353,"message":"taken","status":409}"#;
    let closed = chat("alice+bob", MARKED, "closed", 0);
    let fake = opening()
        .on(&format!("GET {CHATS}/alice%2Bbob"), 200, &closed)
        .on(
            &format!(
                "POST {CHATS} UniqueName=alice+bob&FriendlyName=internal-chat&Attributes={MARKED}"
            ),
            409,
            taken,
        )
        .on(&format!("GET {CHATS}/alice%2Bbob"), 200, &closed)
        .on(&format!("GET {CHATS}/{CHAT}/Participants?PageSize=100"), 200, &members(&[]));
    assert_eq!(open(fake, "bob").0, 409);
}

#[test]
fn nobody_chats_with_strangers_or_with_themselves() {
    for participant in ["alice", "", "a+b", "a\"b", "a\\", "\u{1f}", &"x".repeat(513)] {
        let (status, body) = open(Fake::default().on_token(), participant);
        assert_eq!((status, body["field"].as_str()), (400, Some("participant")), "{participant}");
    }
    for workers in [
        list("workers", &[], None),
        is_worker("BOB"),
        list("workers", &[worker(1, "{broken")], None),
    ] {
        let fake = Fake::default().on_token().on(&lookup("bob"), 200, &workers).on(
            &format!("GET {CHATS}/alice%2Bbob"),
            404,
            "{}",
        );
        let (status, body) = open(fake, "bob");
        assert_eq!((status, body["field"].as_str()), (400, Some("participant")));
    }
}

const FIRST: &str = "?State=active&PageSize=100";

/// A run that stops somewhere.
fn tick(fake: &Fake) {
    let app = fake.app();
    now(app.tick());
    fake.played();
}

/// A run that ends the round.
fn tick_to_the_end(fake: Fake) -> Fake {
    let inactive = format!("GET {CHATS}?State=inactive&PageSize=100");
    let fake = fake.on(&inactive, 200, &list("conversations", &[], None));
    tick(&fake);
    assert!(place(&fake).starts_with("\n\n"), "the round is over");
    fake
}

fn old(fake: &Fake) -> u64 {
    flex_edge_now(fake) - 31 * DAY
}

fn flex_edge_now(fake: &Fake) -> u64 {
    1_800_000_000_000 + fake.world.slept.get()
}

fn messages(at: u64) -> String {
    list("messages", &[format!(r#"{{"date_created":"{}"}}"#, flex_edge::base::date::iso(at))], None)
}

/// Where the clean-up goes on: page, last one there, last failure.
fn place(fake: &Fake) -> String {
    let kept = fake.world.kv.borrow().get("clean-up").map(|(text, _)| text.clone());
    let place: serde_json::Value = serde_json::from_str(&kept.unwrap_or("{}".into())).unwrap();
    let part = |name: &str| place[name].as_str().unwrap_or_default().to_owned();
    format!("{}\n{}\n{}", part("page"), part("after"), part("failed"))
}

fn idle(fake: Fake) -> Fake {
    let old = old(&fake);
    fake.on(
        &format!("GET {CHATS}{FIRST}"),
        200,
        &list("conversations", &[chat("alice+bob", MARKED, "active", old)], None),
    )
    .on(&format!("GET {CHATS}/{CHAT}/Messages?Order=desc&PageSize=1"), 200, &messages(old))
    .on(
        &format!("GET {CHATS}/{CHAT}/Participants?PageSize=100"),
        200,
        &members(&["alice", "bob"]),
    )
}

#[test]
fn an_idle_chat_is_closed_and_gives_its_name_free() {
    let close = format!("POST {CHATS}/{CHAT} State=closed&UniqueName=closed-{CHAT}");
    let fake = idle(Fake::default()).on(&close, 200, "{}").on(
        &format!("GET {CHATS}{FIRST}"),
        200,
        &list("conversations", &[], None),
    );
    tick_to_the_end(fake);
    // Somebody else has closed it meanwhile.
    let fake = idle(Fake::default())
        .on(&close, 400, r#"{"code":50377,"message":"closed","status":400}"#)
        .on(&format!("GET {CHATS}{FIRST}"), 200, &list("conversations", &[], None));
    tick_to_the_end(fake);
}

#[test]
fn what_is_no_idle_chat_costs_no_call_and_stays() {
    let fake = Fake::default();
    let (old, fresh) = (old(&fake), flex_edge_now(&fake) - 29 * DAY);
    let chats = [
        chat("alice+bob", MARKED, "active", fresh),
        chat("alice+bob", "{}", "active", old),
        chat("bob+alice", MARKED, "active", old),
        chat("+15550001", MARKED, "active", old),
        chat("a+b+c", MARKED, "active", old),
        chat("", MARKED, "active", old),
        r#"{"sid":"CH00000000000000000000000000000001","unique_name":"a+b","attributes":"{\"internalChat\":1}","date_updated":"soon"}"#.into(),
        "7".into(),
    ];
    let fake = fake.on(&format!("GET {CHATS}{FIRST}"), 200, &list("conversations", &chats, None));
    tick_to_the_end(fake);
}

#[test]
fn pinned_used_and_strange_chats_stay() {
    for pinned in ["pin/alice/bob", "pin/bob/alice"] {
        let fake = Fake::default();
        fake.world.kv.borrow_mut().insert(pinned.into(), (String::new(), Some("1 x".into())));
        let chats = [chat("alice+bob", MARKED, "active", old(&fake))];
        tick_to_the_end(fake.on(
            &format!("GET {CHATS}{FIRST}"),
            200,
            &list("conversations", &chats, None),
        ));
    }
    let customer =
        r#"{"participants":[{"identity":null,"messaging_binding":{"address":"+1555"}}],"meta":{}}"#;
    let fake = Fake::default();
    let (old, fresh) = (old(&fake), flex_edge_now(&fake) - DAY);
    let first = || {
        Fake::default().on(
            &format!("GET {CHATS}{FIRST}"),
            200,
            &list("conversations", &[chat("alice+bob", MARKED, "active", old)], None),
        )
    };
    let newest = format!("GET {CHATS}/{CHAT}/Messages?Order=desc&PageSize=1");
    tick_to_the_end(first().on(&newest, 200, &messages(fresh)));
    tick_to_the_end(first().on(&newest, 200, r#"{"messages":[{"date_created":null}],"meta":{}}"#));
    let fake = first().on(&newest, 200, r#"{"messages":[{"date_created":"soon"}],"meta":{}}"#);
    tick(&fake);
    assert_eq!(place(&fake), format!("\n\n{CHAT}"));
    for members in [customer.into(), members(&["alice", "visitor"])] {
        let fake = first().on(&newest, 200, &messages(old));
        tick_to_the_end(fake.on(
            &format!("GET {CHATS}/{CHAT}/Participants?PageSize=100"),
            200,
            &members,
        ));
    }
}

#[test]
fn a_failed_run_goes_on_at_the_chat_that_failed_and_then_past_it() {
    let close = format!("POST {CHATS}/{CHAT} State=closed&UniqueName=closed-{CHAT}");
    let fake = idle(Fake::default()).on(&close, 500, "{}");
    tick(&fake);
    assert_eq!(place(&fake), format!("\n\n{CHAT}"));
    let fake = idle(fake).on(&close, 500, "{}");
    let fake = tick_to_the_end(fake);
    let fake = idle(fake).on(&close, 200, "{}").on(
        &format!("GET {CHATS}{FIRST}"),
        200,
        &list("conversations", &[], None),
    );
    tick_to_the_end(fake);
}

#[test]
fn a_page_that_twilio_forgot_is_given_up_and_an_unreachable_one_is_kept() {
    let page = format!("{CHATS}{FIRST}&PageToken=PT7");
    for (status, kept) in [(400, "\n\n".to_owned()), (500, format!("{page}\nCH1\n"))] {
        let fake = Fake::default().on(&format!("GET {page}"), status, "{}");
        let kept_place = serde_json::json!({ "page": page, "after": "CH1" }).to_string();
        fake.world.kv.borrow_mut().insert("clean-up".into(), (kept_place, None));
        tick(&fake);
        assert_eq!(place(&fake), kept, "{status}");
    }
}

#[test]
fn a_run_makes_no_call_too_many() {
    // One page and one chat are four calls; a second chat would be too much.
    let fake = Fake::default().with("INTERNAL_CHAT_CLEANUP_CALLS", "4");
    let fake = idle(fake).on(
        &format!("POST {CHATS}/{CHAT} State=closed&UniqueName=closed-{CHAT}"),
        200,
        "{}",
    );
    tick(&fake);
    // Repeated calls count.
    let fake = Fake::default().with("INTERNAL_CHAT_CLEANUP_CALLS", "4");
    let first = format!("GET {CHATS}{FIRST}");
    let fake = fake.on_later(&first, 429, 1).on_later(&first, 429, 1);
    let old = old(&fake);
    let chats = list("conversations", &[chat("alice+bob", MARKED, "active", old)], None);
    tick(&fake.on(&first, 200, &chats));
}
