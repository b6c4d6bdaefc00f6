//! Calling the customer from a chat: the exact requests that Twilio gets.

use crate::support::{ALICE, Fake, TASKROUTER, handle, json, post};
use flex_edge::base::text::encode;

const CHAT: &str = "WT000000000000000000000000000000d1";
const CALL: &str = "WT000000000000000000000000000000d2";

fn task(sid: &str, status: &str, attributes: &str) -> String {
    serde_json::json!({ "sid": sid, "assignment_status": status, "attributes": attributes })
        .to_string()
}

fn list(key: &str, items: &[String]) -> String {
    format!(r#"{{"{key}":[{}],"meta":{{"next_page_url":null}}}}"#, items.join(","))
}

fn open_calls() -> String {
    format!(
        "GET {TASKROUTER}/Tasks?EvaluateTaskAttributes={}&PageSize=50",
        encode(&format!("dialedFromTaskSid == \"{CHAT}\""))
    )
}

fn reservation(status: &str) -> String {
    format!(r#"{{"reservation_status":"{status}","task_sid":"{CHAT}"}}"#)
}

fn reservations() -> String {
    format!("GET {TASKROUTER}/Tasks/{CHAT}/Reservations?WorkerSid={ALICE}&PageSize=50")
}

/// The reads of step 1, with these attributes of the chat and the agent.
fn reads(fake: Fake, chat: &str, agent: &str, open: Option<&str>) -> Fake {
    let reservation = reservation("accepted");
    let worker = serde_json::json!({ "sid": ALICE, "attributes": agent }).to_string();
    let fake = fake
        .on_token()
        .on(&format!("GET {TASKROUTER}/Tasks/{CHAT}"), 200, &task(CHAT, "assigned", chat))
        .on(&reservations(), 200, &list("reservations", &[reservation]))
        .on(&format!("GET {TASKROUTER}/Workers/{ALICE}"), 200, &worker);
    match open {
        Some(open) => fake.on(&open_calls(), 200, open),
        None => fake,
    }
}

const SMS: &str = r#"{"customerAddress":"+5511999998888","customerName":"Ana","conversations":{"conversation_id":"WT000000000000000000000000000000aa"}}"#;
const AGENT: &str = r#"{"phone":"+15550001111"}"#;

fn attributes(to: &str) -> String {
    format!(
        r#"{{"direction":"outbound","outbound_to":"{to}","to":"{to}","from":"+15550001111","name":"Ana","conversations":{{"conversation_id":"WT000000000000000000000000000000aa"}},"dialedFromTaskSid":"{CHAT}"}}"#
    )
}

fn create(to: &str) -> String {
    format!(
        "POST {TASKROUTER}/Tasks WorkflowSid=WW00000000000000000000000000000003&RoutingTarget={ALICE}&TaskChannel=voice&Attributes={}",
        attributes(to)
    )
}

fn dial(fake: &Fake, more: &str) -> (u16, serde_json::Value) {
    let response = fake.handle(post("/dial", &format!("Token=T&taskSid={CHAT}{more}")));
    (response.status, json(&response))
}

#[test]
fn the_customers_number_is_dialled_with_the_agents_caller_id() {
    let fake = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[]))).on(
        &create("+5511999998888"),
        201,
        &task(CALL, "reserved", "{}"),
    );
    let (status, body) = dial(&fake, "");
    assert_eq!(status, 201);
    assert_eq!(
        body,
        serde_json::json!({"success":true,"taskSid":CALL,"to":"+5511999998888","from":"+15550001111","conversationId":"WT000000000000000000000000000000aa"})
    );
    // The same again: the same answer, as long as the call is open.
    let again = reads(fake, SMS, AGENT, Some(&list("tasks", &[]))).on(
        &format!("GET {TASKROUTER}/Tasks/{CALL}"),
        200,
        &task(CALL, "assigned", "{}"),
    );
    assert_eq!(dial(&again, ""), (201, body));
    // Another number is refused, and so is the same one after half a minute.
    let other = reads(again, SMS, AGENT, Some(&list("tasks", &[]))).on(
        &format!("GET {TASKROUTER}/Tasks/{CALL}"),
        200,
        &task(CALL, "assigned", "{}"),
    );
    let (status, body) = dial(&other, "&to=%2B5511999990000");
    assert_eq!((status, body["taskSid"].as_str()), (409, Some(CALL)));
    other.world.slept.set(31_000);
    let later = reads(other, SMS, AGENT, Some(&list("tasks", &[]))).on(
        &format!("GET {TASKROUTER}/Tasks/{CALL}"),
        200,
        &task(CALL, "assigned", "{}"),
    );
    assert_eq!(dial(&later, "").0, 409);
    // It ends: the chat is free at once.
    let ended = reads(later, SMS, AGENT, Some(&list("tasks", &[])))
        .on(&format!("GET {TASKROUTER}/Tasks/{CALL}"), 200, &task(CALL, "wrapping", "{}"))
        .on(
            &create("+5511999998888"),
            201,
            &task("WT000000000000000000000000000000d3", "reserved", "{}"),
        );
    let (status, body) = dial(&ended, "");
    assert_eq!(
        (status, body["taskSid"].as_str()),
        (201, Some("WT000000000000000000000000000000d3"))
    );
}

#[test]
fn an_open_call_is_in_the_way() {
    let open = task(CALL, "assigned", &attributes("+5511999998888"));
    let (status, body) =
        dial(&reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[open]))), "");
    assert_eq!(
        (status, body["taskSid"].as_str(), body["success"].as_bool()),
        (409, Some(CALL), Some(false))
    );
    let ended = task(CALL, "completed", &attributes("+5511999998888"));
    let fake = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[ended]))).on(
        &create("+5511999998888"),
        201,
        &task("WT000000000000000000000000000000d3", "reserved", "{}"),
    );
    assert_eq!(dial(&fake, "").0, 201);
}

#[test]
fn a_lost_answer_is_looked_for() {
    let found = task(CALL, "reserved", &attributes("+5511999998888"));
    let (alice, bob) = (ALICE, "WK00000000000000000000000000000002");
    let (now, long_ago) = ("2027-01-15T07:59:59Z", "2027-01-15T07:59:00Z");
    for (worker, made, expected) in [(alice, now, 201), (bob, now, 409), (alice, long_ago, 409)] {
        let more = format!(r#"{{"routing_target":"{worker}","date_created":"{made}","#);
        let found = found.replacen('{', &more, 1);
        let lost = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[])))
            .on_lost(&create("+5511999998888"))
            .on(&open_calls(), 200, &list("tasks", std::slice::from_ref(&found)));
        let (status, body) = dial(&lost, "");
        assert_eq!((status, body["taskSid"].as_str()), (expected, Some(CALL)));
        // The same when the request is sent again, and the call is listed by then.
        let listed = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[found])));
        let (status, body) = dial(&listed, "");
        assert_eq!((status, body["taskSid"].as_str()), (expected, Some(CALL)));
    }
    let nothing = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[])))
        .on_lost(&create("+5511999998888"))
        .on(&open_calls(), 200, &list("tasks", &[]))
        .on(&create("+5511999998888"), 201, &task(CALL, "reserved", "{}"));
    assert_eq!(dial(&nothing, "").0, 201);
}

#[test]
fn without_a_reservation_nothing_happens() {
    let fake = Fake::default()
        .on_token()
        .on(&format!("GET {TASKROUTER}/Tasks/{CHAT}"), 200, &task(CHAT, "assigned", SMS))
        .on(&reservations(), 200, &list("reservations", &[reservation("rejected")]))
        .on(&format!("GET {TASKROUTER}/Workers/{ALICE}"), 200, r#"{"attributes":"{}"}"#)
        .on(&open_calls(), 200, &list("tasks", &[]));
    assert_eq!(dial(&fake, "").0, 403);
}

#[test]
fn the_queue_is_recorded_when_there_is_one() {
    let fake = Fake::default()
        .with("TWILIO_FLEX_OUTBOUND_QUEUE_SID", "WQ00000000000000000000000000000009");
    let create =
        format!("{}&TaskQueueSid=WQ00000000000000000000000000000009", create("+5511999998888"));
    let fake = reads(fake, SMS, AGENT, Some(&list("tasks", &[]))).on(
        &create,
        201,
        &task(CALL, "reserved", "{}"),
    );
    assert_eq!(dial(&fake, "").0, 201);
}

/// Whom and from where, by `/resolve-dial`.
fn resolve(fake: Fake, chat: &str, agent: &str, more: &str) -> (u16, serde_json::Value) {
    let fake = reads(fake, chat, agent, None);
    let app = fake.app();
    let response = handle(&app, post("/resolve-dial", &format!("Token=T&taskSid={CHAT}{more}")));
    (response.status, json(&response))
}

#[test]
fn numbers_and_where_they_lead() {
    // Attributes of the chat, what Lookup is asked and answers, and the destination.
    type Row = (&'static str, Option<(&'static str, &'static str)>, Result<&'static str, u16>);
    let table: [Row; 14] = [
        (r#"{"customerAddress":"+491701234567"}"#, None, Ok("+491701234567")),
        (r#"{"customerAddress":"whatsapp:+5511999998888"}"#, None, Ok("+5511999998888")),
        (r#"{"from":"sms:+15551230001"}"#, None, Ok("+15551230001")),
        (r#"{"from":"Ana Souza","customers":{"phone":"+15551230001"}}"#, None, Ok("+15551230001")),
        (
            r#"{"customerAddress":"ana@example.com","customers":{"phone":"(11) 99999-8888"}}"#,
            Some((
                "11999998888?CountryCode=BR",
                r#"{"valid":true,"phone_number":"+5511999998888"}"#,
            )),
            Ok("+5511999998888"),
        ),
        // Without the ninth digit, as Lookup answers it.
        (
            r#"{"customers":{"phone":"11 9999-8888"}}"#,
            Some((
                "1199998888?CountryCode=BR",
                r#"{"valid":true,"phone_number":"+5511999998888"}"#,
            )),
            Ok("+5511999998888"),
        ),
        (r#"{"from":"+1 (555) 123-0001"}"#, None, Ok("+15551230001")),
        (
            r#"{"from":"12345"}"#,
            Some((
                "12345?CountryCode=BR",
                r#"{"valid":false,"phone_number":"+5512345","validation_errors":["TOO_SHORT"]}"#,
            )),
            Err(422),
        ),
        (
            r#"{"from":"+0123456789"}"#,
            Some((
                "%2B0123456789",
                r#"{"valid":false,"validation_errors":["INVALID_COUNTRY_CODE"]}"#,
            )),
            Err(422),
        ),
        (r#"{"customerAddress":"messenger:1234567890"}"#, None, Err(422)),
        (r#"{"customerAddress":"ana@example.com","from":"Ana"}"#, None, Err(422)),
        (r#"{"from":"112"}"#, None, Err(422)),
        (r#"{"from":"\"><script>"}"#, None, Err(422)),
        ("{}", None, Err(422)),
    ];
    for (chat, lookup, expected) in table {
        let fake = reads(Fake::default().with("DEFAULT_COUNTRY", "br"), chat, AGENT, None);
        let fake = match lookup {
            Some((path, answer)) => fake.on(
                &format!("GET https://lookups.twilio.com/v2/PhoneNumbers/{path}"),
                200,
                answer,
            ),
            None => fake,
        };
        let response = fake.handle(post("/resolve-dial", &format!("Token=T&taskSid={CHAT}")));
        let body = json(&response);
        match expected {
            Ok(to) => assert_eq!((response.status, body["to"].as_str()), (200, Some(to)), "{chat}"),
            Err(status) => {
                assert_eq!(response.status, status, "{chat}");
                assert_eq!(body["success"], false);
                if let Some((_, answer)) = lookup {
                    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
                    assert_eq!(body["validationErrors"], answer["validation_errors"], "{chat}");
                }
            }
        }
    }
}

#[test]
fn caller_ids_in_their_order() {
    let own = r#"{"selectedCallerId":"+15550002222","phone":"+15550001111"}"#;
    let both = || Fake::default().with("TWILIO_FLEX_CALLER_ID", "+15550003333");
    for (fake, agent, expected) in [
        (both(), own, "+15550002222"),
        (both(), AGENT, "+15550001111"),
        (both(), r#"{"phone":"soon","selectedCallerId":""}"#, "+15550003333"),
        (both(), "no json", "+15550003333"),
    ] {
        let (status, body) = resolve(fake, SMS, agent, "");
        assert_eq!((status, body["from"].as_str()), (200, Some(expected)), "{agent}");
    }
    let (status, body) = resolve(Fake::default(), SMS, "{}", "");
    assert_eq!((status, body["field"].as_str()), (400, Some("callerId")));
    for bad in ["anonymous", "client:alice", "%2B0123", "%2B1555000111122223", "%2B15550001111%0a"]
    {
        let response = Fake::default()
            .on_token()
            .handle(post("/dial", &format!("Token=T&taskSid={CHAT}&callerId={bad}")));
        assert_eq!(
            (response.status, json(&response)["field"].as_str()),
            (400, Some("callerId")),
            "{bad}"
        );
    }
}

#[test]
fn a_given_number_wins_and_hostile_ones_are_refused_unasked() {
    let (status, body) = resolve(Fake::default(), SMS, AGENT, "&to=whatsapp:%2B15551230009");
    assert_eq!((status, body["to"].as_str()), (200, Some("+15551230009")));
    assert_eq!(body["attributes"]["outbound_to"], "+15551230009");
    for hostile in [
        "%22%3E%3CSay%3E",
        "../../Accounts",
        "%2B1555123000x",
        "-",
        "%2B",
        "client:bob",
        "sip:a@b",
        &"1".repeat(40),
    ] {
        let (status, body) = resolve(
            Fake::default().with("DEFAULT_COUNTRY", "US"),
            SMS,
            AGENT,
            &format!("&to={hostile}"),
        );
        assert_eq!((status, body["field"].as_str()), (422, Some("to")), "{hostile}");
    }
    // A national number means nothing without a country.
    assert_eq!(resolve(Fake::default(), SMS, AGENT, "&to=11999998888").0, 422);
}
