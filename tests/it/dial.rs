//! Calling the customer from a chat: the exact requests that Twilio gets.

use crate::support::{ALICE, Fake, TASKROUTER, handle, json, post};
use flex_edge::base::text::encode;

const CHAT: &str = "WT000000000000000000000000000000d1";
const WORKFLOW: &str = "WW00000000000000000000000000000003";
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
        "GET {TASKROUTER}/Tasks?EvaluateTaskAttributes={}&RoutingTarget={ALICE}&WorkflowSid={WORKFLOW}&PageSize=50",
        encode(&format!("dialedFromTaskSid == \"{CHAT}\""))
    )
}

fn reservation(status: &str) -> String {
    format!(
        r#"{{"sid":"WR00000000000000000000000000000001","reservation_status":"{status}","task_sid":"{CHAT}"}}"#
    )
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

/// A call that Alice has dialled from the chat, as a listing has it.
fn own_call(sid: &str, status: &str) -> String {
    call_of(sid, status, ALICE, WORKFLOW, Some(&attributes("+5511999998888")))
}

fn call_of(
    sid: &str,
    status: &str,
    worker: &str,
    workflow: &str,
    attributes: Option<&str>,
) -> String {
    serde_json::json!({
        "sid": sid, "assignment_status": status, "attributes": attributes,
        "routing_target": worker, "workflow_sid": workflow,
    })
    .to_string()
}

fn dial(fake: &Fake, more: &str) -> (u16, serde_json::Value) {
    let response =
        fake.handle(post("/dial", &format!("Token=a.flex.token.of.alice&taskSid={CHAT}{more}")));
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
    // The same again: the same answer, whatever became of the call.
    let again = reads(fake, SMS, AGENT, Some(&list("tasks", &[])));
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
    let open = own_call(CALL, "assigned");
    let (status, body) =
        dial(&reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[open]))), "");
    assert_eq!(
        (status, body["taskSid"].as_str(), body["success"].as_bool()),
        (409, Some(CALL), Some(false))
    );
    let ended = own_call(CALL, "completed");
    let fake = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[ended]))).on(
        &create("+5511999998888"),
        201,
        &task("WT000000000000000000000000000000d3", "reserved", "{}"),
    );
    assert_eq!(dial(&fake, "").0, 201);
}

#[test]
fn a_lost_answer_is_looked_for() {
    let found = own_call(CALL, "reserved");
    let (now, long_ago) = ("2027-01-15T07:59:59Z", "2027-01-15T07:59:00Z");
    for (made, expected) in [(now, 201), (long_ago, 409)] {
        let more = format!(r#"{{"date_created":"{made}","#);
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
fn a_call_that_somebody_else_claims_to_have_dialled_is_not_in_the_way() {
    const BOB: &str = "WK00000000000000000000000000000002";
    let claimed = attributes("+5511999998888");
    for (worker, workflow) in [(BOB, WORKFLOW), (ALICE, "WW00000000000000000000000000000009")] {
        let other = call_of(CALL, "assigned", worker, workflow, Some(&claimed));
        let fake = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[other]))).on(
            &create("+5511999998888"),
            201,
            &task("WT000000000000000000000000000000d3", "reserved", "{}"),
        );
        assert_eq!(dial(&fake, "").0, 201);
    }
}

#[test]
fn what_a_listing_leaves_out_is_read_before_another_call_is_made() {
    let bare = call_of(CALL, "assigned", ALICE, WORKFLOW, None);
    let listed =
        || reads(Fake::default(), SMS, AGENT, Some(&list("tasks", std::slice::from_ref(&bare))));
    let get = format!("GET {TASKROUTER}/Tasks/{CALL}");
    let (status, body) = dial(&listed().on(&get, 200, &own_call(CALL, "assigned")), "");
    assert_eq!((status, body["taskSid"].as_str()), (409, Some(CALL)));
    let other = call_of(CALL, "assigned", ALICE, WORKFLOW, Some("{}"));
    let fake = listed().on(&get, 200, &other).on(
        &create("+5511999998888"),
        201,
        &task("WT000000000000000000000000000000d3", "reserved", "{}"),
    );
    assert_eq!(dial(&fake, "").0, 201);
}

#[test]
fn a_request_that_is_sent_again_dials_once_although_the_call_has_ended() {
    let fake = reads(Fake::default(), SMS, AGENT, Some(&list("tasks", &[]))).on(
        &create("+5511999998888"),
        201,
        &task(CALL, "reserved", "{}"),
    );
    let first = dial(&fake, "");
    fake.world.slept.set(29_000);
    let again = reads(fake, SMS, AGENT, Some(&list("tasks", &[])));
    assert_eq!(dial(&again, ""), first);
    again.world.slept.set(31_000);
    let later = reads(again, SMS, AGENT, Some(&list("tasks", &[])))
        .on(&format!("GET {TASKROUTER}/Tasks/{CALL}"), 200, &task(CALL, "completed", "{}"))
        .on(
            &create("+5511999998888"),
            201,
            &task("WT000000000000000000000000000000d3", "reserved", "{}"),
        );
    assert_eq!(dial(&later, "").1["taskSid"], "WT000000000000000000000000000000d3");
}

#[test]
fn without_a_part_in_the_chat_nothing_happens() {
    let accepted = format!(
        "GET {TASKROUTER}/Tasks/{CHAT}/Reservations?ReservationStatus=accepted&PageSize=50"
    );
    for status in
        ["pending", "rejected", "timeout", "canceled", "rescinded", "completed", "wrapping"]
    {
        let fake = Fake::default()
            .on_token()
            .on(&format!("GET {TASKROUTER}/Tasks/{CHAT}"), 200, &task(CHAT, "assigned", SMS))
            .on(&reservations(), 200, &list("reservations", &[reservation(status)]));
        let fake = match status {
            "wrapping" => {
                fake.on(&accepted, 200, &list("reservations", &[reservation("accepted")]))
            }
            _ => fake,
        };
        let fake = fake
            .on(&format!("GET {TASKROUTER}/Workers/{ALICE}"), 200, r#"{"attributes":"{}"}"#)
            .on(&open_calls(), 200, &list("tasks", &[]));
        assert_eq!(dial(&fake, "").0, 403, "{status}");
    }
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
    let response = handle(
        &app,
        post("/resolve-dial", &format!("Token=a.flex.token.of.alice&taskSid={CHAT}{more}")),
    );
    (response.status, json(&response))
}

#[test]
fn numbers_and_where_they_lead() {
    // Attributes of the chat, what Lookup is asked and answers, and the destination.
    type Row = (&'static str, Option<(&'static str, &'static str)>, Result<&'static str, u16>);
    let table: [Row; 19] = [
        (r#"{"customerAddress":"+491701234567"}"#, None, Ok("+491701234567")),
        (r#"{"customerAddress":"whatsapp:+5511999998888"}"#, None, Ok("+5511999998888")),
        (r#"{"from":"sms:+15551230001"}"#, None, Ok("+15551230001")),
        (r#"{"from":"Ana Souza","customers":{"phone":"+15551230001"}}"#, None, Ok("+15551230001")),
        (
            r#"{"customerAddress":"ana@example.com","customers":{"phone":"(11) 99999-8888"}}"#,
            Some((
                "%2811%29%2099999-8888?CountryCode=BR",
                r#"{"valid":true,"phone_number":"+5511999998888"}"#,
            )),
            Ok("+5511999998888"),
        ),
        // Without the ninth digit, as Lookup answers it.
        (
            r#"{"customers":{"phone":"11 9999-8888"}}"#,
            Some((
                "11%209999-8888?CountryCode=BR",
                r#"{"valid":true,"phone_number":"+5511999998888"}"#,
            )),
            Ok("+5511999998888"),
        ),
        (
            r#"{"from":"+1 (555) 123-0001"}"#,
            Some((
                "%2B1%20%28555%29%20123-0001?CountryCode=BR",
                r#"{"valid":true,"phone_number":"+15551230001"}"#,
            )),
            Ok("+15551230001"),
        ),
        (
            r#"{"from":"+44 (0)20 7183 8750"}"#,
            Some((
                "%2B44%20%280%2920%207183%208750?CountryCode=BR",
                r#"{"valid":true,"phone_number":"+442071838750"}"#,
            )),
            Ok("+442071838750"),
        ),
        (r#"{"customerAddress":"whatsapp:+551187654321"}"#, None, Ok("+5511987654321")),
        (r#"{"customerAddress":"+551187654321"}"#, None, Ok("+551187654321")),
        (r#"{"customerAddress":"whatsapp:+5215512345678"}"#, None, Ok("+525512345678")),
        (r#"{"customerAddress":"whatsapp:+5491123456789"}"#, None, Ok("+5491123456789")),
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
                "%2B0123456789?CountryCode=BR",
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
        let response = fake
            .handle(post("/resolve-dial", &format!("Token=a.flex.token.of.alice&taskSid={CHAT}")));
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
        let response = Fake::default().on_token().handle(post(
            "/dial",
            &format!("Token=a.flex.token.of.alice&taskSid={CHAT}&callerId={bad}"),
        ));
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
