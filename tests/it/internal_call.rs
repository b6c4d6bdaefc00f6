//! One agent calls another: the exact requests that Twilio gets.

use crate::fixtures::{dave, no_reservations, of_worker};
use crate::support::{ALICE, API, Fake, TASKROUTER, json, now, post, signed};

const CALLER: &str = "WT000000000000000000000000000000c1";
const CALLEE: &str = "WT000000000000000000000000000000c2";
const ROOM: &str = "CF00000000000000000000000000000001";
/// The workflow of the caller's task, and of the callee's.
const OUTBOUND: &str = "WW00000000000000000000000000000003";
const INTERNAL: &str = "WW00000000000000000000000000000001";
const LEG: &str = "CA00000000000000000000000000000001";

fn task(sid: &str, status: &str, attributes: &str) -> String {
    let workflow = if sid == CALLER { OUTBOUND } else { INTERNAL };
    serde_json::json!({ "sid": sid, "assignment_status": status, "workflow_sid": workflow, "attributes": attributes })
        .to_string()
}

fn caller(more: &str) -> String {
    let attributes = format!(
        r#"{{"to":"client:bob","from":"client:alice","targetWorker":"client:alice","fromName":"Alice","client_call":true,"direction":"outbound"{more}}}"#
    );
    task(CALLER, "assigned", &attributes)
}

fn joined() -> flex_edge::base::http::Request {
    let body = format!(
        "StatusCallbackEvent=participant-join&FriendlyName={CALLER}&ConferenceSid={ROOM}&CallSid={LEG}"
    );
    signed(post("/voice/call-outbound-join", &body))
}

#[test]
fn the_callers_leg_enters_a_room_named_after_its_task() {
    let response = Fake::default().handle(signed(post(
        &format!("/voice/agent-outbound-join?taskSid={CALLER}"),
        "CallSid=CA1",
    )));
    assert_eq!(
        response.body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Dial><Conference \
             statusCallback=\"https://edge.example.com/voice/call-outbound-join#rc=3&amp;rp=ct,rt,5xx\" \
             statusCallbackEvent=\"join end\" endConferenceOnExit=\"true\">{CALLER}</Conference></Dial></Response>"
        )
    );
}

#[test]
fn hostile_room_names_never_reach_the_twiml() {
    for name in [
        "",
        "null",
        "undefined",
        "room",
        "WT1</Conference>",
        "WT000000000000000000000000000000c1x",
        "CF00000000000000000000000000000001",
    ] {
        let path = format!(
            "/voice/agent-join-conference?conferenceName={}",
            flex_edge::base::text::encode(name)
        );
        let response = Fake::default().handle(signed(post(&path, "CallSid=CA1")));
        assert_eq!(response.status, 400, "{name}");
        assert_eq!(json(&response)["field"], "conferenceName");
    }
}

#[test]
fn joining_reads_creates_and_links() {
    let fake = Fake::default()
        .on_with_etag(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), "\"3\"", &caller(&format!(r#","worker_call_sid":"{LEG}","kept":[1.50]"#)))
        .on(
            &format!(
                r#"POST {TASKROUTER}/Tasks WorkflowSid=WW00000000000000000000000000000001&TaskChannel=voice&Attributes={{"to":"client:bob","name":"Alice","from":"client:alice","targetWorker":"client:bob","autoAnswer":"false","conferenceSid":"{CALLER}","conference":{{"sid":"{ROOM}","friendlyName":"{CALLER}"}},"internal":"true","client_call":true}}&Priority=0&Timeout=86400"#
            ),
            201,
            &task(CALLEE, "pending", "{}"),
        )
        .on(
            &format!(
                r#"POST {TASKROUTER}/Tasks/{CALLER} Attributes={{"to":"client:bob","from":"client:alice","targetWorker":"client:alice","fromName":"Alice","client_call":true,"direction":"outbound","worker_call_sid":"{LEG}","kept":[1.50],"conference":{{"sid":"{ROOM}","participants":{{"worker":"{LEG}","taskSid":"{CALLEE}"}}}}}} ["3"]"#
            ),
            200,
            &caller(""),
        );
    assert_eq!(fake.handle(joined()).status, 200);
    // Again, at the same gate: nothing more than a look at the task.
    let again = fake.on_with_etag(
        &format!("GET {TASKROUTER}/Tasks/{CALLER}"),
        "\"3\"",
        &caller(&format!(r#","worker_call_sid":"{LEG}""#)),
    );
    assert_eq!(again.handle(joined()).status, 200);
}

#[test]
fn a_task_that_is_no_internal_call_is_left_alone() {
    for event in ["participant-join", "conference-end"] {
        let fake = Fake::default().on(
            &format!("GET {TASKROUTER}/Tasks/{CALLER}"),
            200,
            &task(CALLER, "assigned", r#"{"from":"+15550001"}"#),
        );
        let body = format!(
            "StatusCallbackEvent={event}&FriendlyName={CALLER}&ConferenceSid={ROOM}&CallSid={LEG}"
        );
        assert_eq!(fake.handle(signed(post("/voice/call-outbound-join", &body))).status, 200);
    }
}

#[test]
fn without_a_target_the_caller_is_let_go() {
    let no_target =
        task(CALLER, "assigned", &format!(r#"{{"client_call":true,"worker_call_sid":"{LEG}"}}"#));
    let fake = Fake::default().on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &no_target).on(
        &format!("POST {API}/Conferences/{ROOM}.json Status=completed"),
        200,
        "{}",
    );
    let response = fake.handle(joined());
    assert_eq!((response.status, json(&response)["field"].as_str()), (400, Some("to")));
}

#[test]
fn the_end_ends_both_tasks() {
    let linked = caller(&format!(
        r#","conference":{{"sid":"{ROOM}","participants":{{"taskSid":"{CALLEE}"}}}}"#
    ));
    let callee =
        task(CALLEE, "reserved", &format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#));
    let fake = Fake::default()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &linked)
        .on(&format!("POST {TASKROUTER}/Tasks/{CALLER} AssignmentStatus=wrapping&Reason=The conference is complete"), 200, &linked)
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &callee)
        .on(&format!("POST {TASKROUTER}/Tasks/{CALLEE} AssignmentStatus=canceled&Reason=The conference is complete"), 200, &callee);
    let body =
        format!("StatusCallbackEvent=conference-end&FriendlyName={CALLER}&ConferenceSid={ROOM}");
    assert_eq!(fake.handle(signed(post("/voice/call-outbound-join", &body))).status, 200);
}

/// Twilio delivers again what is answered with 5xx, and nothing else.
#[test]
fn an_end_that_something_is_in_the_way_of_is_delivered_again() {
    let wrap_up = format!(
        "POST {TASKROUTER}/Tasks/{CALLER} AssignmentStatus=wrapping&Reason=The conference is complete"
    );
    let body =
        format!("StatusCallbackEvent=conference-end&FriendlyName={CALLER}&ConferenceSid={ROOM}");
    let fake = Fake::default()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &caller(""))
        .on(&wrap_up, 409, r#"{"code":20409,"message":"busy"}"#)
        .on(&by_mark(), 200, &nobody());
    assert_eq!(fake.handle(signed(post("/voice/call-outbound-join", &body))).status, 503);
    // And when it is never delivered again, the gate does it.
    let key = format!("ended/{CALLER}/{ROOM}");
    assert!(fake.world.watched(&key).is_some());
    let wrapping = task(CALLER, "wrapping", r#"{"client_call":true}"#);
    let fake = fake
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &caller(""))
        .on(&wrap_up, 200, &wrapping)
        .on(&by_mark(), 200, &nobody());
    assert!(fake.alarm(&key));
}

#[test]
fn a_late_join_ends_what_still_rings_for_a_caller_who_has_left() {
    let attributes = format!(
        r#"{{"client_call":true,"to":"client:bob","worker_call_sid":"{LEG}","conference":{{"participants":{{"taskSid":"{CALLEE}"}}}}}}"#
    );
    let callee =
        task(CALLEE, "reserved", &format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#));
    let end = format!(
        "POST {TASKROUTER}/Tasks/{CALLEE} AssignmentStatus=canceled&Reason=The conference is complete"
    );
    let fake = Fake::default()
        .on(
            &format!("GET {TASKROUTER}/Tasks/{CALLER}"),
            200,
            &task(CALLER, "wrapping", &attributes),
        )
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &callee)
        .on(&end, 200, &callee);
    assert_eq!(fake.handle(joined()).status, 200);
}

#[test]
fn a_task_that_names_anothers_call_ends_nothing() {
    let mine = format!(r#"{{"client_call":true,"to":"client:alice","conferenceSid":"{CALLER}"}}"#);
    let other = caller(
        r#","conference":{"participants":{"taskSid":"WT000000000000000000000000000000c9"}}"#,
    );
    let rooms = |name: &str| format!("GET {API}/Conferences.json?FriendlyName={name}&PageSize=20");
    let room = format!(r#"{{"conferences":[{{"sid":"{ROOM}","status":"in-progress"}}]}}"#);
    let fake = Fake::default()
        .on_token()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &task(CALLEE, "assigned", &mine))
        .on(&rooms(CALLEE), 200, r#"{"conferences":[]}"#)
        .on(&of_worker(), 200, &no_reservations())
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &other)
        .on(&rooms(CALLER), 200, &room);
    let body = format!("Token=a.flex.token.of.alice&taskSid={CALLEE}");
    assert_eq!(fake.handle(post("/voice/cleanup-rejected-task", &body)).status, 403);
}

#[test]
fn a_forged_or_changed_event_is_refused() {
    let genuine = joined();
    for changed in [
        flex_edge::base::http::Request {
            body: genuine.body.replace(LEG, "CA00000000000000000000000000000002"),
            ..genuine.clone()
        },
        flex_edge::base::http::Request { url: format!("{}?x=1", genuine.url), ..genuine.clone() },
        flex_edge::base::http::Request { signature: String::new(), ..genuine.clone() },
        flex_edge::base::http::Request {
            content_type: "application/json".into(),
            body: "{}".into(),
            ..genuine.clone()
        },
    ] {
        assert_eq!(Fake::default().handle(changed).status, 403);
    }
    let fetched = flex_edge::base::http::Request { method: "GET".into(), ..genuine };
    assert_eq!(Fake::default().handle(fetched).status, 405);
}

/// Somebody else's leg.
const OTHER_LEG: &str = "CA00000000000000000000000000000002";

fn other_joined() -> flex_edge::base::http::Request {
    let body = format!(
        "StatusCallbackEvent=participant-join&FriendlyName={CALLER}&ConferenceSid={ROOM}&CallSid={OTHER_LEG}"
    );
    signed(post("/voice/call-outbound-join", &body))
}

fn people(legs: &[&str]) -> String {
    let legs: Vec<_> = legs.iter().map(|leg| serde_json::json!({ "call_sid": leg })).collect();
    serde_json::json!({ "participants": legs }).to_string()
}

fn list_people() -> String {
    format!("GET {API}/Conferences/{ROOM}/Participants.json?PageSize=250")
}

fn end_room() -> String {
    format!("POST {API}/Conferences/{ROOM}.json Status=completed")
}

#[test]
fn a_room_whose_caller_has_left_ends_only_when_the_leg_is_alone_in_it() {
    let left = task(
        CALLER,
        "wrapping",
        &format!(
            r#"{{"client_call":true,"worker_call_sid":"{LEG}","conference":{{"sid":"{ROOM}"}}}}"#
        ),
    );
    let read = |fake: Fake| fake.on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &left);
    let company = read(Fake::default()).on(
        &list_people(),
        200,
        &people(&["CA00000000000000000000000000000003", OTHER_LEG]),
    );
    assert_eq!(company.handle(other_joined()).status, 200);
    let alone = read(Fake::default()).on(&list_people(), 200, &people(&[OTHER_LEG])).on(
        &end_room(),
        200,
        "{}",
    );
    assert_eq!(alone.handle(other_joined()).status, 200);
}

#[test]
fn a_task_that_goes_while_its_leg_is_looked_for_lets_the_leg_go() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let fake = Fake::default()
        .on(&get, 200, &caller(""))
        .on(&get, 404, r#"{"code":20404,"message":"gone","status":404}"#)
        .on(&list_people(), 200, &people(&[LEG]))
        .on(&end_room(), 200, "{}");
    assert_eq!(fake.handle(joined()).status, 200);
}

fn by_mark() -> String {
    format!(
        "GET {TASKROUTER}/Tasks?EvaluateTaskAttributes={}&PageSize=50",
        flex_edge::base::text::encode(&format!("conferenceSid == \"{CALLER}\""))
    )
}

fn nobody() -> String {
    r#"{"tasks":[],"meta":{}}"#.to_owned()
}

const GATE: &str = "internal-call/WT000000000000000000000000000000c1";

/// The callee's task is never made: Twilio has answered nothing but 500.
fn unanswered() -> (Fake, String) {
    let create = format!(
        r#"POST {TASKROUTER}/Tasks WorkflowSid=WW00000000000000000000000000000001&TaskChannel=voice&Attributes={{"to":"client:bob","name":"Alice","from":"client:alice","targetWorker":"client:bob","autoAnswer":"false","conferenceSid":"{CALLER}","conference":{{"sid":"{ROOM}","friendlyName":"{CALLER}"}},"internal":"true","client_call":true}}&Priority=0&Timeout=86400"#
    );
    let fake = Fake::default()
        .on(
            &format!("GET {TASKROUTER}/Tasks/{CALLER}"),
            200,
            &caller(&format!(r#","worker_call_sid":"{LEG}""#)),
        )
        .on(&create, 500, "{}")
        .on(&by_mark(), 200, &nobody())
        .on(&create, 500, "{}")
        .on(&by_mark(), 200, &nobody());
    assert_eq!(fake.handle(joined()).status, 502);
    let (at, what) = fake.world.watched(GATE).unwrap();
    assert!((20_000..21_000).contains(&at), "{at}");
    assert_eq!(what, format!(r#"{{"letGo":{{"conference":"{ROOM}","caller":"{CALLER}"}}}}"#));
    (fake, what)
}

/// What the gate's alarm comes to.
fn alarm(fake: &Fake, what: &str) -> bool {
    let is_done = now(fake.app().alarm(what));
    fake.played();
    is_done
}

#[test]
fn a_caller_for_whom_nobody_rings_is_let_go_by_the_gate() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let read = |fake: Fake| fake.on(&get, 200, &caller("")).on(&by_mark(), 200, &nobody());
    let (fake, what) = unanswered();
    let fake = read(fake).on(&list_people(), 200, &people(&[LEG])).on(&end_room(), 200, "{}");
    assert!(alarm(&fake, &what));
    // They have company meanwhile: another agent, or a number they have dialled.
    let fake = read(fake).on(&list_people(), 200, &people(&[LEG, OTHER_LEG]));
    assert!(alarm(&fake, &what));
    // The room is over.
    let fake = read(fake).on(&list_people(), 404, r#"{"code":20404,"status":404}"#);
    assert!(alarm(&fake, &what));
    // The task is gone, and the room is not.
    let fake = fake
        .on(&get, 404, r#"{"code":20404,"status":404}"#)
        .on(&by_mark(), 200, &nobody())
        .on(&list_people(), 200, &people(&[LEG]))
        .on(&end_room(), 404, r#"{"code":20404,"status":404}"#);
    assert!(alarm(&fake, &what));
}

#[test]
fn the_gate_lets_nobody_go_for_whom_somebody_rings() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let callee =
        task(CALLEE, "reserved", &format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#));
    let rings = format!(r#"{{"tasks":[{callee}],"meta":{{}}}}"#);
    let (fake, what) = unanswered();
    let fake = fake.on(&get, 200, &caller("")).on(&by_mark(), 200, &rings).on(
        &link_without_leg(),
        200,
        &caller(""),
    );
    assert!(alarm(&fake, &what));
    // But for a caller who has left nobody rings on.
    let (fake, what) = unanswered();
    let end = format!(
        "POST {TASKROUTER}/Tasks/{CALLEE} AssignmentStatus=canceled&Reason=The conference is complete"
    );
    let left = task(CALLER, "wrapping", r#"{"client_call":true}"#);
    let fake = fake.on(&get, 200, &left).on(&by_mark(), 200, &rings).on(&end, 200, &callee);
    assert!(alarm(&fake, &what));
}

/// The link to the callee's task, written when the caller's leg is not known.
fn link_without_leg() -> String {
    let mine: serde_json::Value = serde_json::from_str(&caller("")).unwrap();
    let mine = mine["attributes"].as_str().unwrap().trim_end_matches('}');
    format!(
        r#"POST {TASKROUTER}/Tasks/{CALLER} Attributes={mine},"conference":{{"sid":"{ROOM}","participants":{{"taskSid":"{CALLEE}"}}}}}}"#
    )
}

fn listed(callee: &str) -> String {
    format!(r#"{{"tasks":[{callee}],"meta":{{}}}}"#)
}

#[test]
fn who_is_found_to_ring_can_decline() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let mark =
        |target: &str| format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"{target}}}"#);
    let one = mark(r#","targetWorker":"client:bob""#);
    let callee = |status| task(CALLEE, status, &one);
    let mine = caller(&format!(r#","worker_call_sid":"{LEG}""#));
    let attributes =
        serde_json::from_str::<serde_json::Value>(&mine).unwrap()["attributes"].clone();
    let link = format!(
        r#"POST {TASKROUTER}/Tasks/{CALLER} Attributes={},"conference":{{"sid":"{ROOM}","participants":{{"worker":"{LEG}","taskSid":"{CALLEE}"}}}}}}"#,
        attributes.as_str().unwrap().trim_end_matches('}')
    );
    let (fake, what) = unanswered();
    // The link fails once more: nothing is settled, and the gate goes on.
    let found =
        |fake: Fake| fake.on(&get, 200, &mine).on(&by_mark(), 200, &listed(&callee("reserved")));
    let fake = found(fake).on_later(&link, 503, 60);
    assert!(!alarm(&fake, &what));
    assert!(fake.world.watched(GATE).is_some());
    let fake = found(fake).on(&link, 200, &mine);
    assert!(alarm(&fake, &what));
    assert!(fake.world.watched(GATE).is_none());
    // Now they decline, and the caller is let go.
    let event = format!(
        "EventType=reservation.rejected&TaskSid={CALLEE}&TaskAttributes={one}&ReservationSid=WR00000000000000000000000000000001"
    );
    let live = format!(
        r#"{{"conferences":[{{"sid":"{ROOM}","friendly_name":"{CALLER}","status":"in-progress"}}]}}"#
    );
    let fake = fake
        .on(&get, 200, &mine)
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &callee("canceled"))
        .on(&rooms_named(CALLER), 200, &live)
        .on(&end_room(), 200, "{}");
    assert_eq!(fake.handle(signed(post("/taskrouter/events", &event))).status, 204);
}

#[test]
fn a_callee_who_has_been_asked_in_vain_does_not_keep_the_caller_waiting() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    for status in ["canceled", "completed", "wrapping"] {
        let callee =
            task(CALLEE, status, &format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#));
        let (fake, what) = unanswered();
        let fake = fake
            .on(&get, 200, &caller(""))
            .on(&by_mark(), 200, &listed(&callee))
            .on(&list_people(), 200, &people(&[LEG]))
            .on(&end_room(), 200, "{}");
        assert!(alarm(&fake, &what), "{status}");
    }
}

#[test]
fn a_call_whose_link_cannot_be_written_can_be_declined_all_the_same() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let callee =
        task(CALLEE, "pending", &format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#));
    let (fake, what) = unanswered();
    let fake = fake.on(&get, 200, &caller("")).on(&by_mark(), 200, &listed(&callee)).on(
        &link_without_leg(),
        400,
        r#"{"code":20001,"message":"too long","status":400}"#,
    );
    assert!(alarm(&fake, &what));
    assert!(fake.world.watched(GATE).is_none());
    // By the link, when there is one already: nothing is written.
    let linked = caller(&format!(r#","conference":{{"participants":{{"taskSid":"{CALLEE}"}}}}"#));
    let (fake, what) = unanswered();
    let fake =
        fake.on(&get, 200, &linked).on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &callee);
    assert!(alarm(&fake, &what));
    assert!(fake.world.watched(GATE).is_none());
}

#[test]
fn a_called_agents_task_that_is_over_rings_for_nobody() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let over = |status: &str| {
        let attributes = format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#);
        let callee = task(CALLEE, status, &attributes);
        format!(r#"{{"tasks":[{callee}],"meta":{{}}}}"#)
    };
    for status in ["canceled", "completed", "wrapping"] {
        let (fake, what) = unanswered();
        let read = |fake: Fake| fake.on(&get, 200, &caller("")).on(&by_mark(), 200, &over(status));
        let fake = read(fake).on(&list_people(), 200, &people(&[LEG])).on(&end_room(), 200, "{}");
        assert!(alarm(&fake, &what));
        // Somebody else is with the caller.
        let fake = read(fake).on(&list_people(), 200, &people(&[LEG, OTHER_LEG]));
        assert!(alarm(&fake, &what));
    }
}

#[test]
fn what_the_gate_could_not_do_it_tries_again() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let (fake, what) = unanswered();
    let fake = fake.on(&get, 500, "{}");
    assert!(!alarm(&fake, &what));
    let fake = fake.on(&get, 200, &caller("")).on(&by_mark(), 500, "{}");
    assert!(!alarm(&fake, &what));
    let fake = fake.on(&get, 200, &caller("")).on(&by_mark(), 200, &nobody()).on(
        &list_people(),
        500,
        "{}",
    );
    assert!(!alarm(&fake, &what));
    let fake = fake
        .on(&get, 200, &caller(""))
        .on(&by_mark(), 200, &nobody())
        .on(&list_people(), 200, &people(&[LEG]))
        .on(&end_room(), 500, "{}");
    assert!(!alarm(&fake, &what));
    for nonsense in ["", "{}", r#"{"letGo":{"conference":"CF1","caller":"WT1"}}"#] {
        assert!(!alarm(&Fake::default(), nonsense), "{nonsense}");
    }
}

#[test]
fn the_gate_watches_over_a_caller_whose_task_cannot_be_read() {
    let get = format!("GET {TASKROUTER}/Tasks/{CALLER}");
    let fake = Fake::default().on(&get, 500, "{}");
    assert_eq!(fake.handle(joined()).status, 502);
    let (_, what) = fake.world.watched(GATE).unwrap();
    // It is a conference of Flex's own, after all.
    let fake = fake.on(&get, 200, &task(CALLER, "assigned", r#"{"from":"+15550001"}"#));
    assert!(alarm(&fake, &what));
}

#[test]
fn a_callee_whose_attributes_a_listing_leaves_out_is_read_before_another_is_made() {
    let create = format!(
        r#"POST {TASKROUTER}/Tasks WorkflowSid=WW00000000000000000000000000000001&TaskChannel=voice&Attributes={{"to":"client:bob","name":"Alice","from":"client:alice","targetWorker":"client:bob","autoAnswer":"false","conferenceSid":"{CALLER}","conference":{{"sid":"{ROOM}","friendlyName":"{CALLER}"}},"internal":"true","client_call":true}}&Priority=0&Timeout=86400"#
    );
    let listed = format!(
        r#"{{"tasks":[{{"sid":"{CALLEE}","assignment_status":"pending","attributes":null}}],"meta":{{}}}}"#
    );
    let callee =
        task(CALLEE, "pending", &format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#));
    let mine = format!(
        r#"{{"client_call":true,"to":"client:bob","from":"client:alice","targetWorker":"client:alice","fromName":"Alice","worker_call_sid":"{LEG}"}}"#
    );
    let link = format!(
        r#"POST {TASKROUTER}/Tasks/{CALLER} Attributes={},"conference":{{"sid":"{ROOM}","participants":{{"worker":"{LEG}","taskSid":"{CALLEE}"}}}}}}"#,
        mine.trim_end_matches('}')
    );
    let fake = Fake::default()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &task(CALLER, "assigned", &mine))
        .on_lost(&create)
        .on(&by_mark(), 200, &listed)
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &callee)
        .on(&link, 200, &caller(""));
    assert_eq!(fake.handle(joined()).status, 200);
}

// --- Who may end a call -------------------------------------------------------------------

/// A world in which the caller's task lets somebody ring: `client:bob` or `queue:Sales`.
fn ringing(to: &str) -> Fake {
    let target = match to.strip_prefix("queue:") {
        Some(queue) => format!(r#""callToQueue":"{queue}""#),
        None => format!(r#""targetWorker":"{to}""#),
    };
    let mine = format!(r#"{{"to":"{to}","client_call":true,"worker_call_sid":"{LEG}"}}"#);
    let mine = task(CALLER, "assigned", &mine);
    let fake = Fake::default()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &mine)
        .on(
            &format!(
                r#"POST {TASKROUTER}/Tasks WorkflowSid={INTERNAL}&TaskChannel=voice&Attributes={{"to":"{to}","name":null,"from":null,{target},"autoAnswer":"false","conferenceSid":"{CALLER}","conference":{{"sid":"{ROOM}","friendlyName":"{CALLER}"}},"internal":"true","client_call":true}}&Priority=0&Timeout=86400"#
            ),
            201,
            &task(CALLEE, "pending", "{}"),
        )
        .on(
            &format!(
                r#"POST {TASKROUTER}/Tasks/{CALLER} Attributes={{"to":"{to}","client_call":true,"worker_call_sid":"{LEG}","conference":{{"sid":"{ROOM}","participants":{{"worker":"{LEG}","taskSid":"{CALLEE}"}}}}}}"#
            ),
            200,
            &mine,
        );
    assert_eq!(fake.handle(joined()).status, 200);
    fake
}

fn reserved(task: &str, status: &str) -> String {
    format!(
        r#"{{"reservations":[{{"sid":"WR00000000000000000000000000000001","reservation_status":"{status}","task_sid":"{task}"}}],"meta":{{}}}}"#
    )
}

fn rooms_named(name: &str) -> String {
    format!("GET {API}/Conferences.json?FriendlyName={name}&PageSize=20")
}

fn accepted_by_anybody(task: &str) -> String {
    format!("GET {TASKROUTER}/Tasks/{task}/Reservations?ReservationStatus=accepted&PageSize=50")
}

const NO_ROOM: &str = r#"{"conferences":[]}"#;

fn its_room() -> String {
    format!(
        r#"{{"conferences":[{{"sid":"{ROOM}","friendly_name":"{CALLER}","status":"in-progress"}}]}}"#
    )
}

/// The callee's task, as it is when the agent who asks has written what they like into it.
fn forged_callee(status: &str) -> String {
    let attributes = format!(
        r#"{{"client_call":true,"to":"client:alice","targetWorker":"client:alice","conferenceSid":"{CALLER}"}}"#
    );
    task(CALLEE, status, &attributes)
}

/// alice asks to clean up the callee's task, having these reservations.
fn clean_up_callee(fake: Fake, status: &str, reservations: &str) -> Fake {
    fake.on_token()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &forged_callee(status))
        .on(&rooms_named(CALLEE), 200, NO_ROOM)
        .on(&of_worker(), 200, reservations)
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &caller(""))
        .on(&rooms_named(CALLER), 200, &its_room())
}

fn clean_up(fake: &Fake, task: &str) -> u16 {
    fake.handle(post(
        "/voice/cleanup-rejected-task",
        &format!("Token=a.flex.token.of.alice&taskSid={task}"),
    ))
    .status
}

#[test]
fn whoever_was_called_and_has_not_come_ends_what_waits_for_them() {
    let cancel = format!(
        "POST {TASKROUTER}/Tasks/{CALLEE} AssignmentStatus=canceled&Reason=The internal call was rejected"
    );
    for (task_is, reservation_is) in
        [("reserved", "pending"), ("completed", "completed"), ("pending", "rejected")]
    {
        let asked =
            || {
                clean_up_callee(ringing("client:bob"), task_is, &reserved(CALLEE, reservation_is))
                    .on(&accepted_by_anybody(CALLEE), 200, &no_reservations())
            };
        let close = |fake: Fake| match task_is {
            "completed" => fake,
            _ => fake.on(&cancel, 200, &forged_callee("canceled")),
        };
        let alone =
            close(asked().on(&list_people(), 200, &people(&[LEG])).on(&end_room(), 200, "{}"));
        assert_eq!(clean_up(&alone, CALLEE), 200, "{reservation_is}");
        // The caller talks to somebody else by now: that goes on.
        let company = close(asked().on(&list_people(), 200, &people(&[LEG, OTHER_LEG])));
        assert_eq!(clean_up(&company, CALLEE), 200, "{reservation_is}");
        // Another agent has taken the call.
        let taken = clean_up_callee(
            ringing("client:bob"),
            task_is,
            &reserved(CALLEE, reservation_is),
        )
        .on(&accepted_by_anybody(CALLEE), 200, &reserved(CALLEE, "accepted"));
        assert_eq!(clean_up(&taken, CALLEE), 403, "{reservation_is}");
    }
}

#[test]
fn whoever_has_the_callees_task_ends_the_call() {
    for to in ["client:bob", "queue:Sales"] {
        let has = |status| clean_up_callee(ringing(to), "assigned", &reserved(CALLEE, status));
        let fake = has("accepted").on(&end_room(), 200, "{}");
        assert_eq!(clean_up(&fake, CALLEE), 200);
        let alone = has("wrapping").on(&accepted_by_anybody(CALLEE), 200, &no_reservations()).on(
            &end_room(),
            200,
            "{}",
        );
        assert_eq!(clean_up(&alone, CALLEE), 200);
    }
    // They have handed it over.
    let fake = clean_up_callee(ringing("queue:Sales"), "assigned", &reserved(CALLEE, "wrapping"))
        .on(&accepted_by_anybody(CALLEE), 200, &reserved(CALLEE, "accepted"));
    assert_eq!(clean_up(&fake, CALLEE), 403);
}

#[test]
fn strangers_and_those_a_queue_only_asks_end_no_call() {
    let elsewhere = reserved("WT000000000000000000000000000000c9", "accepted");
    let fake = clean_up_callee(ringing("client:bob"), "reserved", &elsewhere);
    assert_eq!(clean_up(&fake, CALLEE), 403);
    for status in ["pending", "rejected", "timeout", "rescinded", "completed"] {
        let fake = clean_up_callee(ringing("queue:Sales"), "reserved", &reserved(CALLEE, status));
        assert_eq!(clean_up(&fake, CALLEE), 403, "{status}");
    }
    // A task of their own that only says it is the callee's.
    let own = "WT000000000000000000000000000000c9";
    let says = task(
        own,
        "assigned",
        &format!(r#"{{"client_call":true,"to":"client:alice","conferenceSid":"{CALLER}"}}"#),
    );
    let fake = ringing("client:bob")
        .on_token()
        .on(&format!("GET {TASKROUTER}/Tasks/{own}"), 200, &says)
        .on(&rooms_named(own), 200, NO_ROOM)
        .on(&of_worker(), 200, &elsewhere)
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &caller(""))
        .on(&rooms_named(CALLER), 200, &its_room());
    assert_eq!(clean_up(&fake, own), 403);
}

/// alice asks to clean up the caller's task, having these reservations.
fn clean_up_caller(fake: Fake, found: &str, reservations: &str) -> Fake {
    fake.on_token()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, found)
        .on(&rooms_named(CALLER), 200, &its_room())
        .on(&of_worker(), 200, reservations)
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &forged_callee("assigned"))
}

#[test]
fn whoever_calls_ends_their_call_and_no_other() {
    let mine = caller("");
    let fake = clean_up_caller(ringing("client:bob"), &mine, &reserved(CALLER, "accepted")).on(
        &end_room(),
        200,
        "{}",
    );
    assert_eq!(clean_up(&fake, CALLER), 200);
    // It is made for them, and they decline their own call.
    let made_for = |worker: &str| {
        serde_json::json!({ "sid": CALLER, "assignment_status": "reserved", "routing_target": worker, "attributes": r#"{"client_call":true}"# })
            .to_string()
    };
    let cancel = format!(
        "POST {TASKROUTER}/Tasks/{CALLER} AssignmentStatus=canceled&Reason=The internal call was rejected"
    );
    let asked = |worker| {
        Fake::default()
            .on_token()
            .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &made_for(worker))
            .on(&rooms_named(CALLER), 200, NO_ROOM)
            .on(&of_worker(), 200, &reserved(CALLER, "pending"))
            .on(&by_mark(), 200, &nobody())
    };
    let fake = asked(ALICE).on(&cancel, 200, &made_for(ALICE));
    assert_eq!(clean_up(&fake, CALLER), 200);
    // A customer's task that is offered to them, and that they have marked.
    assert_eq!(clean_up(&asked("WQ00000000000000000000000000000001"), CALLER), 403);
    // Somebody else's call, whatever its attributes say.
    let theirs = task(
        CALLER,
        "assigned",
        r#"{"client_call":true,"to":"client:alice","targetWorker":"client:alice"}"#,
    );
    let fake = clean_up_caller(ringing("client:bob"), &theirs, &no_reservations());
    assert_eq!(clean_up(&fake, CALLER), 403);
}

#[test]
fn a_task_of_another_workflow_is_nobodys_callee() {
    // A customer's task, marked by an agent whom it is offered to.
    let marked = serde_json::json!({ "sid": CALLEE, "assignment_status": "reserved", "workflow_sid": OUTBOUND, "attributes": format!(r#"{{"client_call":true,"conferenceSid":"{CALLER}"}}"#) });
    let mine = caller("");
    let ended = task(CALLER, "wrapping", r#"{"client_call":true}"#);
    let fake = Fake::default()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &mine)
        .on(&format!("POST {TASKROUTER}/Tasks/{CALLER} AssignmentStatus=wrapping&Reason=The conference is complete"), 200, &ended)
        .on(&by_mark(), 200, &format!(r#"{{"tasks":[{marked}],"meta":{{}}}}"#));
    let body =
        format!("StatusCallbackEvent=conference-end&FriendlyName={CALLER}&ConferenceSid={ROOM}");
    assert_eq!(fake.handle(signed(post("/voice/call-outbound-join", &body))).status, 200);
}

#[test]
fn supervisors_end_any_internal_call_and_nothing_else() {
    let fake = dave()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &caller(""))
        .on(&rooms_named(CALLER), 200, &its_room())
        .on(&by_mark(), 200, &nobody())
        .on(&end_room(), 200, "{}");
    assert_eq!(clean_up(&fake, CALLER), 200);
    let fake = dave()
        .on(
            &format!("GET {TASKROUTER}/Tasks/{CALLER}"),
            200,
            &task(CALLER, "assigned", r#"{"from":"+15550001"}"#),
        )
        .on(&rooms_named(CALLER), 200, &its_room());
    assert_eq!(clean_up(&fake, CALLER), 403);
}

// --- Who is in a call ----------------------------------------------------------------------

#[test]
fn a_called_agent_is_in_the_callers_room_by_our_own_record() {
    let hold = format!("POST {API}/Conferences/{ROOM}/Participants/{LEG}.json Hold=true");
    let participant = format!(r#"{{"call_sid":"{LEG}"}}"#);
    let room = format!(r#"{{"sid":"{ROOM}","friendly_name":"{CALLER}","status":"in-progress"}}"#);
    for (conference, get, found) in [
        (ROOM, format!("GET {API}/Conferences/{ROOM}.json"), room.clone()),
        (CALLER, rooms_named(CALLER), its_room()),
    ] {
        let body = format!(
            "Token=a.flex.token.of.alice&conference={conference}&participant={LEG}&hold=true"
        );
        let request = || post("/voice/hold-participant", &body);
        let asks = |fake: Fake, status| {
            fake.on_token().on(&get, 200, &found).on(&of_worker(), 200, &reserved(CALLEE, status))
        };
        let accepted = asks(ringing("client:bob"), "accepted").on(&hold, 200, &participant);
        assert_eq!(accepted.handle(request()).status, 200, "{conference}");
        for status in ["pending", "rejected", "completed"] {
            let fake = asks(ringing("client:bob"), status);
            assert_eq!(fake.handle(request()).status, 403, "{conference} {status}");
        }
        // Nobody was called from there, whatever a task's attributes say.
        assert_eq!(asks(Fake::default(), "accepted").handle(request()).status, 403);
    }
}

#[test]
fn a_called_agent_finds_the_callers_leg_in_the_callers_room() {
    let call = format!(
        r#"{{"sid":"{LEG}","to":"client:carol","from":"+15550001","status":"in-progress"}}"#
    );
    let inside = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let asks = |fake: Fake| {
        fake.on_token()
            .on(&format!("GET {API}/Calls/{LEG}.json"), 200, &call)
            .on(&of_worker(), 200, &reserved(CALLEE, "accepted"))
            .on(
                &format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000"),
                200,
                &its_room(),
            )
            .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &forged_callee("assigned"))
    };
    let request = || {
        post(
            "/external-transfer/get-call-properties",
            &format!("Token=a.flex.token.of.alice&callSid={LEG}"),
        )
    };
    let fake = asks(ringing("client:bob")).on(&rooms_named(CALLER), 200, &its_room()).on(
        &inside,
        200,
        &format!(r#"{{"call_sid":"{LEG}"}}"#),
    );
    assert_eq!(fake.handle(request()).status, 200);
    // Without our record the attributes of the agent's own task count for nothing.
    assert_eq!(asks(Fake::default()).handle(request()).status, 403);
}

#[test]
fn a_caller_whose_task_is_gone_is_let_go_when_the_callee_declines() {
    let fake = ringing("client:bob")
        .on_token()
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLEE}"), 200, &forged_callee("reserved"))
        .on(&rooms_named(CALLEE), 200, NO_ROOM)
        .on(&of_worker(), 200, &reserved(CALLEE, "pending"))
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 404, r#"{"code":20404,"status":404}"#)
        .on(&rooms_named(CALLER), 200, &its_room())
        .on(&accepted_by_anybody(CALLEE), 200, &no_reservations())
        .on(&list_people(), 200, &people(&[LEG]))
        .on(&end_room(), 200, "{}")
        .on(
            &format!("POST {TASKROUTER}/Tasks/{CALLEE} AssignmentStatus=canceled&Reason=The internal call was rejected"),
            200,
            &forged_callee("canceled"),
        );
    assert_eq!(clean_up(&fake, CALLEE), 200);
}

#[test]
fn a_caller_who_hangs_up_waits_for_nobody_who_is_just_being_called() {
    let fake = dave();
    fake.world.begin(GATE, 13_000);
    let fake = fake
        .on(&format!("GET {TASKROUTER}/Tasks/{CALLER}"), 200, &caller(""))
        .on(
            &format!("GET {API}/Conferences.json?FriendlyName={CALLER}&PageSize=20"),
            200,
            &format!(r#"{{"conferences":[{{"sid":"{ROOM}","friendly_name":"{CALLER}","status":"in-progress"}}]}}"#),
        )
        .on(&by_mark(), 200, &nobody())
        .on(&end_room(), 200, "{}");
    let body = format!("Token=a.flex.token.of.alice&taskSid={CALLER}");
    assert_eq!(fake.handle(post("/voice/cleanup-rejected-task", &body)).status, 200);
}
