//! TaskRouter's events: nobody is left alone.

use flex_edge::base::http::{Kind, Response};

use crate::fixtures::GONE;
use crate::parked::{ID, noted};
use crate::support::{API, Fake, TASKROUTER, WORKSPACE, get, json, post, signed};

const FLEX: &str = "https://flex-api.twilio.com/v1/Interactions";
const CONVERSATIONS: &str = "https://conversations.twilio.com/v1/Conversations";
const KD: &str = "KD00000000000000000000000000000001";
const UO: &str = "UO00000000000000000000000000000001";
const CH: &str = "CH00000000000000000000000000000001";
const WW: &str = "WW00000000000000000000000000000009";
/// Where agents make tasks.
const OUTBOUND: &str = "WW00000000000000000000000000000003";
const LOST: &str = "WT000000000000000000000000000000f1";
const OTHER: &str = "WT000000000000000000000000000000f2";
const CALLER: &str = "WT000000000000000000000000000000c1";
const CALLEE: &str = "WT000000000000000000000000000000c2";
const ROOM: &str = "CF00000000000000000000000000000001";
const WR: &str = "WR00000000000000000000000000000001";

fn edge() -> Fake {
    Fake::default().with("TWILIO_FLEX_INBOUND_WORKFLOW_SID", WW)
}

fn body(kind: &str, task: &str, attributes: &str) -> String {
    let attributes = attributes.replace('&', "%26").replace('+', "%2B");
    format!(
        "EventType={kind}&TaskSid={task}&TaskChannelUniqueName=chat&WorkflowSid={WW}&TaskAttributes={attributes}&Sid=EV1&ReservationSid={WR}"
    )
}

fn tell(fake: &Fake, kind: &str, task: &str, attributes: &str) -> Response {
    fake.handle(signed(post("/taskrouter/events", &body(kind, task, attributes))))
}

fn customer() -> String {
    format!(
        r#"{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","from":"+15551230001","transferTargetSid":"WK1","transferTargetType":"worker","flexChannelInviteSid":"KG1","direction":"outbound"}}"#
    )
}

fn channel(fake: Fake, status: &str) -> Fake {
    let channel = format!(r#"{{"sid":"{UO}","status":"{status}"}}"#);
    fake.on(&format!("GET {FLEX}/{KD}/Channels/{UO}"), 200, &channel)
}

fn participants(fake: Fake, listed: &str) -> Fake {
    let listed = format!(r#"{{"participants":[{listed}],"meta":{{}}}}"#);
    fake.on(&format!("GET {FLEX}/{KD}/Channels/{UO}/Participants?PageSize=100"), 200, &listed)
}

fn invites(fake: Fake, listed: &str) -> Fake {
    let listed = format!(r#"{{"invites":[{listed}],"meta":{{}}}}"#);
    fake.on(&format!("GET {FLEX}/{KD}/Channels/{UO}/Invites?PageSize=50"), 200, &listed)
}

/// Nobody is there, and nobody is invited.
fn alone(fake: Fake) -> Fake {
    invites(participants(channel(fake, "active"), ""), "")
}

/// The tasks of the channel, by what they say.
fn waiting(fake: Fake, listed: &str) -> Fake {
    let listed = format!(r#"{{"tasks":[{listed}],"meta":{{}}}}"#);
    let about = format!("flexInteractionChannelSid%20%3D%3D%20%22{UO}%22");
    let list = format!("GET {TASKROUTER}/Tasks?EvaluateTaskAttributes={about}&PageSize=50");
    fake.on(&list, 200, &listed)
}

/// The same, and no task of the channel waits: the lost one was its first.
fn first(fake: Fake) -> Fake {
    waiting(alone(fake), &task(LOST, "canceled"))
}

fn invite_of(task: &str) -> String {
    format!(
        r#"POST {FLEX}/{KD}/Channels/{UO}/Invites Routing={{"properties":{{"workspace_sid":"{WORKSPACE}","workflow_sid":"{WW}","task_channel_unique_name":"chat","attributes":{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","from":"+15551230001","direction":"inbound","fallbackFrom":"{task}"}}}}}}"#
    )
}

fn invite() -> String {
    invite_of(LOST)
}

fn invited() -> String {
    format!(
        r#"{{"sid":"KG00000000000000000000000000000001","routing":{{"properties":{{"sid":"{OTHER}"}}}}}}"#
    )
}

/// An invite as it is listed.
fn listed(task: &str) -> String {
    format!(
        r#"{{"sid":"KG00000000000000000000000000000002","routing":{{"properties":{{"sid":"{task}"}}}}}}"#
    )
}

fn task(sid: &str, status: &str) -> String {
    serde_json::json!({ "sid": sid, "assignment_status": status, "attributes": "{}" }).to_string()
}

fn read_task(sid: &str) -> String {
    format!("GET {TASKROUTER}/Tasks/{sid}")
}

#[test]
fn an_event_of_no_interest_costs_no_call_and_is_answered_as_taskrouter_wants() {
    for kind in
        ["task.created", "reservation.accepted", "reservation.failed", "worker.activity.update", ""]
    {
        let answer = tell(&edge(), kind, LOST, &customer());
        assert_eq!((answer.status, answer.kind, &*answer.body), (204, Kind::Json, ""), "{kind}");
    }
    for kind in ["task.canceled", "task.deleted", "reservation.rejected"] {
        assert_eq!(tell(&edge(), kind, LOST, "{}").status, 204);
        assert_eq!(tell(&edge(), kind, LOST, "odd").status, 204);
    }
    // A conversation whose agent declined goes on to the next one.
    assert_eq!(tell(&edge(), "reservation.rejected", LOST, &customer()).status, 204);
}

#[test]
fn health_says_when_the_last_event_came_written_once_a_minute() {
    let fake = edge();
    assert!(json(&fake.handle(get("/health")))["lastTaskRouterEvent"].is_null());
    let app = fake.app();
    for _ in 0..5 {
        let request = signed(post("/taskrouter/events", &body("task.created", LOST, "{}")));
        assert_eq!(crate::support::handle(&app, request).status, 204);
        fake.go_on();
    }
    let puts = |fake: &Fake| {
        fake.world.kv_operations.borrow().iter().filter(|line| line.starts_with("put")).count()
    };
    assert_eq!(puts(&fake), 1);
    fake.world.slept.set(60_000);
    let request = signed(post("/taskrouter/events", &body("task.created", LOST, "{}")));
    crate::support::handle(&app, request);
    fake.go_on();
    assert_eq!(puts(&fake), 2);
    let health = json(&fake.handle(get("/health")));
    assert_eq!(health["lastTaskRouterEvent"], "2027-01-15T08:01:00.000Z");
}

#[test]
fn a_customer_whom_nobody_took_goes_to_the_fallback_once() {
    for kind in ["task.canceled", "task.deleted", "task.system-deleted"] {
        let fake = first(edge()).on(&invite(), 200, &invited());
        assert_eq!(tell(&fake, kind, LOST, &customer()).status, 204);
        // The same event again, and the next event of the same task.
        assert_eq!(tell(&fake, kind, LOST, &customer()).status, 204);
        assert_eq!(tell(&fake, "task.deleted", LOST, &customer()).status, 204);
    }
}

#[test]
fn the_fallback_workflow_is_the_one_that_is_set() {
    let other = "WW00000000000000000000000000000008";
    let fake = Fake::default().with("TWILIO_FLEX_FALLBACK_WORKFLOW_SID", other);
    // The task is one of the channel's, whatever its workflow is.
    let fake = invites(participants(channel(fake, "active"), ""), &listed(LOST)).on(
        &invite().replace(WW, other),
        200,
        &invited(),
    );
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    let fake = Fake::default();
    let answer = tell(&fake, "task.canceled", LOST, &customer());
    assert_eq!(json(&answer)["missing"][0], "TWILIO_FLEX_INBOUND_WORKFLOW_SID");
}

#[test]
fn who_has_an_agent_or_an_open_invite_stays() {
    for status in ["closed", "failed"] {
        let fake = invites(participants(channel(edge(), status), ""), "");
        assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    }
    // The customer may write again in one that rests; one that is being made is looked at later.
    for status in ["inactive", "transferring"] {
        let fake = invites(participants(channel(edge(), status), ""), "");
        let fake = waiting(fake, "").on(&invite(), 200, &invited());
        assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    }
    let fake = invites(participants(channel(edge(), "setup"), ""), "");
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    assert!(fake.world.watched(&format!("fallback/{LOST}")).is_some());
    let agent = format!(
        r#"{{"sid":"UT00000000000000000000000000000001","type":"agent","routing_properties":{{"worker_sid":"WK00000000000000000000000000000001","task_sid":"{OTHER}"}}}}"#
    );
    let with_agent = || invites(participants(channel(edge(), "active"), &agent), "");
    let fake = waiting(with_agent(), "").on(&read_task(OTHER), 200, &task(OTHER, "assigned"));
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    // Who is finishing their notes is no company.
    let fake = waiting(with_agent(), "").on(&read_task(OTHER), 200, &task(OTHER, "wrapping")).on(
        &invite(),
        200,
        &invited(),
    );
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    let both = format!("{},{}", listed(OTHER), listed(LOST));
    let fake = invites(participants(channel(edge(), "active"), ""), &both).on(
        &read_task(OTHER),
        200,
        &task(OTHER, "pending"),
    );
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
}

/// Agents write what they like into the attributes of tasks of their own making.
#[test]
fn a_task_that_was_never_the_channels_brings_nobody_there() {
    let body = body("task.canceled", LOST, &customer()).replace(WW, OUTBOUND);
    let fake = alone(edge());
    let answer = fake.handle(signed(post("/taskrouter/events", &body)));
    assert_eq!(answer.status, 204);
    // Nor a chat's task that names another channel, which has had invites of its own.
    let fake = invites(participants(channel(edge(), "active"), ""), &listed(OTHER));
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
}

/// A browser can make a task in any workflow, with any attributes.
#[test]
fn a_task_that_says_to_be_the_first_is_not_while_another_one_waits() {
    let fake = waiting(alone(edge()), &task(OTHER, "pending"));
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
}

/// Twilio signs what it fetches from any URL that an agent names for the music on hold.
#[test]
fn what_only_the_url_says_has_not_happened() {
    let path = format!("/taskrouter/events?{}", body("task.canceled", LOST, &customer()));
    assert_eq!(edge().handle(signed(get(&path))).status, 405);
    let hold = "CallSid=CA00000000000000000000000000000001";
    assert_eq!(edge().handle(signed(post(&path, hold))).status, 204);
}

#[test]
fn at_most_three_times_an_hour_then_the_log_says_stranded() {
    let fake = edge();
    let lost = |at: usize| format!("WT0000000000000000000000000000000{at}");
    let mut fake = fake;
    for at in 1..=3 {
        fake = first(fake).on(&invite_of(&lost(at)), 200, &invited());
        assert_eq!(tell(&fake, "task.canceled", &lost(at), &customer()).status, 204);
    }
    fake = first(fake);
    assert_eq!(tell(&fake, "task.canceled", &lost(4), &customer()).status, 204);
    assert!(fake.world.lines.borrow().iter().any(|line| line.contains("stranded")));
    fake.world.slept.set(fake.world.slept.get() + 3_600_000);
    fake = first(fake).on(&invite_of(&lost(5)), 200, &invited());
    assert_eq!(tell(&fake, "task.canceled", &lost(5), &customer()).status, 204);
}

#[test]
fn who_falls_back_takes_turns_with_who_leaves_and_who_cancels() {
    let key = format!("fallback/{LOST}");
    let fake = edge();
    fake.world.begin(&format!("leave/{UO}"), 10_000);
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    // Once they are done the gate looks who is there.
    assert!(fake.world.watched(&key).is_some());
    let fake = invites(first(fake), "").on(&invite(), 200, &invited());
    assert!(fake.alarm(&key));
}

#[test]
fn a_lost_answer_is_looked_for_and_a_failure_is_tried_again_by_the_gate() {
    let made = format!(
        r#"{{"sid":"KG00000000000000000000000000000001","routing":{{"properties":{{"sid":"{OTHER}","attributes":{{"fallbackFrom":"{LOST}"}}}}}}}}"#
    );
    let fake = invites(first(edge()).on_lost(&invite()), &made);
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    let key = format!("fallback/{LOST}");
    assert!(fake.world.watched(&key).is_none());

    let fake = first(edge()).on(&invite(), 403, "{}");
    assert_eq!(tell(&fake, "task.canceled", LOST, &customer()).status, 204);
    assert!(fake.world.watched(&key).is_some());
    let fake = invites(first(fake), "").on(&invite(), 200, &invited());
    assert!(fake.alarm(&key));
    assert!(fake.world.watched(&key).is_none());
}

#[test]
fn a_parked_conversation_is_left_to_rest() {
    // Without our seal the note says nothing.
    let attributes = format!(
        r#"{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","conversationSid":"{CH}"}}"#
    );
    let note = serde_json::json!({ "flexEdgeParked": { "note": "{}", "seal": "00" } });
    let conversation =
        serde_json::json!({ "sid": CH, "state": "active", "attributes": note.to_string() });
    let routing = format!(
        r#"POST {FLEX}/{KD}/Channels/{UO}/Invites Routing={{"properties":{{"workspace_sid":"{WORKSPACE}","workflow_sid":"{WW}","task_channel_unique_name":"chat","attributes":{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","conversationSid":"{CH}","fallbackFrom":"{LOST}"}}}}}}"#
    );
    let read = format!("GET {CONVERSATIONS}/{CH}");
    let fake = alone(edge()).on(&read, 200, &conversation.to_string());
    let fake = waiting(fake, "").on(&routing, 200, &invited());
    assert_eq!(tell(&fake, "task.canceled", LOST, &attributes).status, 204);
}

#[test]
fn a_note_that_is_left_of_a_parking_keeps_nobody_from_being_caught() {
    let attributes = format!(
        r#"{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","conversationSid":"{CH}"}}"#
    );
    let routing = format!(
        r#"POST {FLEX}/{KD}/Channels/{UO}/Invites Routing={{"properties":{{"workspace_sid":"{WORKSPACE}","workflow_sid":"{WW}","task_channel_unique_name":"chat","attributes":{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","conversationSid":"{CH}","fallbackFrom":"{LOST}"}}}}}}"#
    );
    let conversation = serde_json::json!({ "sid": CH, "state": "active", "attributes": noted() });
    let read = format!("GET {CONVERSATIONS}/{CH}");
    let parked = alone(edge()).on(&read, 200, &conversation.to_string());
    assert_eq!(tell(&parked, "task.canceled", LOST, &attributes).status, 204);
    let back = alone(edge()).on(&read, 200, &conversation.to_string());
    back.world.keep(&format!("unpark/{CH}/{ID}"), r#"{"sid":"KG1"}"#);
    let back = waiting(back, "").on(&routing, 200, &invited());
    assert_eq!(tell(&back, "task.canceled", LOST, &attributes).status, 204);
}

#[test]
fn whose_channel_it_is_that_was_parked_does_not_stand_in_attributes() {
    let conversation = serde_json::json!({ "sid": CH, "state": "active", "attributes": noted() });
    let another = CH.replace('1', "2");
    for said in ["", &format!(r#""conversationSid":"{another}","#)] {
        let attributes =
            format!(r#"{{{said}"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}"}}"#);
        let fake = match said {
            "" => alone(edge()),
            _ => alone(edge()).on(
                &format!("GET {CONVERSATIONS}/{another}"),
                200,
                &serde_json::json!({ "sid": another, "attributes": "{}" }).to_string(),
            ),
        };
        fake.world.keep(&format!("conversation-of/{UO}"), &format!("\"{CH}\""));
        let fake = fake.on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation.to_string());
        assert_eq!(tell(&fake, "task.canceled", LOST, &attributes).status, 204);
    }
}

/// Whoever has once parked it under another conversation of theirs keeps no later parking from
/// being seen: a note with our seal is our own word wherever it stands.
#[test]
fn a_sealed_note_counts_whatever_was_kept_of_the_channel() {
    let attributes = format!(
        r#"{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","conversationSid":"{CH}"}}"#
    );
    let another = CH.replace('1', "2");
    let conversation = |sid: &str, attributes: &str| {
        serde_json::json!({ "sid": sid, "state": "active", "attributes": attributes }).to_string()
    };
    let fake = alone(edge())
        .on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation(CH, &noted()))
        .on(&format!("GET {CONVERSATIONS}/{another}"), 200, &conversation(&another, "{}"));
    fake.world.keep(&format!("conversation-of/{UO}"), &format!("\"{another}\""));
    assert_eq!(tell(&fake, "task.canceled", LOST, &attributes).status, 204);
}

#[test]
fn what_does_not_fit_is_left_out() {
    let long = "x".repeat(4_000);
    let attributes = format!(
        r#"{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}","from":"+15551230001","note":"{long}"}}"#
    );
    let routing = format!(
        r#"POST {FLEX}/{KD}/Channels/{UO}/Invites Routing={{"properties":{{"workspace_sid":"{WORKSPACE}","workflow_sid":"{WW}","task_channel_unique_name":"chat","attributes":{{"from":"+15551230001","fallbackFrom":"{LOST}"}}}}}}"#
    );
    let fake = first(edge()).on(&routing, 200, &invited());
    assert_eq!(tell(&fake, "task.canceled", LOST, &attributes).status, 204);
}

fn call_of(caller: &str) -> String {
    format!(r#"{{"client_call":true,"conferenceSid":"{caller}"}}"#)
}

/// A world in which we have let CALLEE ring for CALLER.
fn ringing(for_one: bool) -> Fake {
    let fake = edge();
    let ring = format!(r#"{{"callee":"{CALLEE}","isForOne":{for_one}}}"#);
    fake.world.keep(&format!("internal-call/{CALLER}"), &ring);
    fake
}

fn call(fake: Fake, caller: &str, callee: &str) -> Fake {
    let room = format!(r#"{{"sid":"{ROOM}","friendly_name":"{CALLER}","status":"in-progress"}}"#);
    fake.on(&read_task(CALLER), 200, &task(CALLER, caller))
        .on(&read_task(CALLEE), 200, &task(CALLEE, callee))
        .on(
            &format!("GET {API}/Conferences.json?FriendlyName={CALLER}&PageSize=20"),
            200,
            &format!(r#"{{"conferences":[{room}],"next_page_uri":null}}"#),
        )
}

fn end_room() -> String {
    format!("POST {API}/Conferences/{ROOM}.json Status=completed")
}

fn cancel(sid: &str) -> String {
    format!(
        "POST {TASKROUTER}/Tasks/{sid} AssignmentStatus=canceled&Reason=The call between agents came to nothing"
    )
}

#[test]
fn a_called_agent_who_does_not_take_it_leaves_nobody_with_the_music() {
    for kind in ["reservation.rejected", "reservation.timeout", "reservation.canceled"] {
        let fake = call(ringing(true), "assigned", "pending").on(&end_room(), 200, "{}").on(
            &cancel(CALLEE),
            200,
            &task(CALLEE, "canceled"),
        );
        assert_eq!(tell(&fake, kind, CALLEE, &call_of(CALLER)).status, 204, "{kind}");
        assert_eq!(tell(&fake, kind, CALLEE, &call_of(CALLER)).status, 204, "{kind}: again");
    }
}

#[test]
fn a_queues_call_goes_on_to_the_next_agent() {
    assert_eq!(tell(&ringing(false), "reservation.rejected", CALLEE, &call_of(CALLER)).status, 204);
    let fake = call(ringing(false), "assigned", "canceled").on(&end_room(), 200, "{}");
    assert_eq!(tell(&fake, "task.canceled", CALLEE, &call_of(CALLER)).status, 204);
}

#[test]
fn a_call_that_goes_on_goes_on() {
    for status in ["assigned", "wrapping", "completed"] {
        let fake = call(ringing(true), "assigned", status);
        let said = tell(&fake, "reservation.timeout", CALLEE, &call_of(CALLER));
        assert_eq!(said.status, 204, "{status}");
    }
}

#[test]
fn what_attributes_say_of_others_calls_counts_for_nothing() {
    // Whoever has written a stranger's call onto their own task, and declines it.
    for kind in ["reservation.rejected", "task.canceled"] {
        assert_eq!(tell(&ringing(true), kind, OTHER, &call_of(CALLER)).status, 204);
        assert_eq!(tell(&edge(), kind, OTHER, &call_of(CALLER)).status, 204);
        assert_eq!(tell(&edge(), kind, OTHER, r#"{"client_call":true}"#).status, 204);
    }
    // A caller's task that is offered to its caller.
    let said = tell(&ringing(true), "reservation.rejected", CALLER, r#"{"client_call":true}"#);
    assert_eq!(said.status, 204);
}

#[test]
fn the_end_of_one_task_ends_the_other_and_the_room() {
    for (about, attributes) in
        [(CALLEE, call_of(CALLER)), (CALLER, r#"{"client_call":true}"#.to_owned())]
    {
        let fake = call(ringing(true), "canceled", "reserved").on(&end_room(), 200, "{}").on(
            &cancel(CALLEE),
            200,
            &task(CALLEE, "canceled"),
        );
        assert_eq!(tell(&fake, "task.canceled", about, &attributes).status, 204);
    }
    // Without a room the tasks are ended here; what is gone is fine.
    let fake = ringing(true)
        .on(&read_task(CALLER), 404, GONE)
        .on(&read_task(CALLEE), 200, &task(CALLEE, "pending"))
        .on(
            &format!("GET {API}/Conferences.json?FriendlyName={CALLER}&PageSize=20"),
            200,
            r#"{"conferences":[],"next_page_uri":null}"#,
        )
        .on(&cancel(CALLEE), 200, &task(CALLEE, "canceled"));
    assert_eq!(tell(&fake, "task.deleted", CALLER, r#"{"client_call":true}"#).status, 204);
}

#[test]
fn a_call_of_which_no_task_is_over_goes_on() {
    let fake = call(ringing(true), "assigned", "assigned");
    assert_eq!(tell(&fake, "task.canceled", CALLEE, &call_of(CALLER)).status, 204);
    assert!(fake.world.watched(&format!("give-up/{CALLEE}")).is_some());
}

#[test]
fn a_call_that_cannot_be_ended_now_is_ended_by_the_gate() {
    let fake = call(ringing(true), "assigned", "pending").on(&end_room(), 400, "{}").on(
        &cancel(CALLEE),
        200,
        &task(CALLEE, "canceled"),
    );
    assert_eq!(tell(&fake, "reservation.rejected", CALLEE, &call_of(CALLER)).status, 204);
    let key = format!("give-up/{WR}");
    assert!(fake.world.watched(&key).is_some());
    let fake = call(fake, "assigned", "canceled").on(&end_room(), 200, "{}");
    assert!(fake.alarm(&key));
    assert!(fake.world.watched(&key).is_none());
}

#[test]
fn a_call_that_just_begins_to_ring_is_not_taken_for_none() {
    let fake = edge();
    let (ring, key) = (format!("internal-call/{CALLER}"), format!("give-up/{WR}"));
    let owner = fake.world.begin(&ring, 13_000);
    assert_eq!(tell(&fake, "reservation.rejected", CALLEE, &call_of(CALLER)).status, 204);
    assert!(fake.world.watched(&key).is_some());
    fake.world.settle(&ring, owner, &format!(r#"{{"callee":"{CALLEE}","isForOne":true}}"#));
    let fake = call(fake, "assigned", "canceled").on(&end_room(), 200, "{}");
    assert!(fake.alarm(&key));
    assert!(fake.world.watched(&key).is_none());
}
