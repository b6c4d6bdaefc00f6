//! What is known of a call, and handing it over.

use flex_edge::App;
use flex_edge::base::http::Request;

use crate::fixtures::*;
use crate::support::{API, Fake, TASKROUTER, handle, json, post};

fn call(to: &str) -> String {
    format!(
        r#"{{"sid":"{LEG}","to":"{to}","from":"+15550009999","status":"ringing","date_created":"Fri, 20 Aug 2010 01:13:42 +0000"}}"#
    )
}

fn live_rooms() -> String {
    format!(
        r#"{{"conferences":[{{"sid":"CF00000000000000000000000000000009","friendly_name":"x","status":"in-progress"}},{}],"next_page_uri":null}}"#,
        room("in-progress")
    )
}

#[test]
fn a_call_is_told_to_those_who_share_a_conference_with_it() {
    let get = format!("GET {API}/Calls/{LEG}.json");
    let rooms = format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000");
    let inside = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let with = |reserved: String| {
        alice().on(&get, 200, &call("+15551230001")).on(&of_worker(), 200, &reserved).on(
            &rooms,
            200,
            &live_rooms(),
        )
    };
    for path in [
        "/common/flex/programmable-voice/get-call-properties",
        "/external-transfer/get-call-properties",
    ] {
        let fields = format!("callSid={LEG}");
        let response =
            ask(with(reservations("accepted")).on(&inside, 200, &participant()), path, &fields);
        let body = json(&response);
        assert_eq!((response.status, body["to"].as_str()), (200, Some("+15551230001")));
        assert_eq!(body["callProperties"]["dateCreated"], "2010-08-20T01:13:42.000Z");
        assert_eq!(
            ask(with(reservations("accepted")).on(&inside, 404, GONE), path, &fields).status,
            403
        );
        assert_eq!(ask(with(reservations("completed")), path, &fields).status, 403);
        // The agent's own leg is in no list of rooms while it is alone.
        let own = alice()
            .on(&get, 200, &call("client:alice"))
            .on(&of_worker(), 200, &no_reservations())
            .on(&rooms, 200, &live_rooms());
        assert_eq!(ask(own, path, &fields).status, 200);
        assert_eq!(ask(dave().on(&get, 200, &call("x")), path, &fields).status, 200);
        let off = alice().with("ACCESS_CHECKS", "off").on(&get, 200, &call("x"));
        assert_eq!(ask(off, path, &fields).status, 200);
        assert_eq!(ask(alice(), path, "callSid=null").status, 400);
    }
}

#[test]
fn within_a_second_a_call_is_asked_for_once() {
    let fake = dave().on(&format!("GET {API}/Calls/{LEG}.json"), 200, &call("x"));
    let app = fake.app();
    let request = || {
        post(
            "/external-transfer/get-call-properties",
            &format!("Token=a.flex.token.of.alice&callSid={LEG}"),
        )
    };
    let first = handle(&app, request());
    let second = handle(&app, request());
    assert_eq!((first.status, &first.body), (200, &second.body));
    fake.played();
    fake.world.slept.set(fake.world.slept.get() + 1_001);
    let fake = fake.on(&format!("GET {API}/Calls/{LEG}.json"), 200, &call("y"));
    assert_eq!(json(&handle(&app, request()))["to"], "y");
    fake.played();
}

#[test]
fn a_call_is_handed_over_once_and_by_its_agent() {
    let path = "/common/flex/programmable-voice/cold-transfer";
    let play = format!(
        "POST {API}/Calls/{LEG}.json Twiml=<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Dial>+15551230002</Dial></Response>"
    );
    let children = format!("GET {API}/Calls.json?ParentCallSid={LEG}&PageSize=50");
    let rooms = format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000");
    let inside = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let mine = || {
        alice().on(&of_worker(), 200, &reservations("accepted")).on(&rooms, 200, &live_rooms()).on(
            &inside,
            200,
            &participant(),
        )
    };
    let fields = format!("callSid={LEG}&to=%2B15551230002&from=");
    let fake = mine().on(&play, 200, &call("x"));
    assert_eq!(
        json(&fake.handle(post(path, &format!("Token=a.flex.token.of.alice&{fields}"))))["success"],
        true
    );
    assert_eq!(
        fake.on_token().handle(post(path, &format!("Token=a.flex.token.of.alice&{fields}"))).status,
        200
    );
    let dialled = r#"{"calls":[{"to":"+15551230002","status":"no-answer"}]}"#;
    assert_eq!(ask(mine().on_lost(&play).on(&children, 200, dialled), path, &fields).status, 200);
    // What another transfer has dialled is not what this one has.
    let earlier = r#"{"to":"+15551230002","status":"completed","date_created":"Fri, 15 Jan 2027 07:58:59 +0000"}"#;
    for other in ["", earlier, r#"{"to":"+15551239999","status":"in-progress"}"#] {
        let found = format!(r#"{{"calls":[{other}]}}"#);
        let fake = mine().on_lost(&play).on(&children, 200, &found).on(&play, 200, "{}");
        assert_eq!(ask(fake, path, &fields).status, 200, "{other}");
    }
    // Nobody's call, in nobody's room.
    let fake = alice().on(&of_worker(), 200, &no_reservations()).on(&rooms, 200, &live_rooms());
    assert_eq!(ask(fake, path, &fields).status, 403);
    assert_eq!(
        ask(
            dave().on(&play, 400, r#"{"code":21220,"message":"over","status":400}"#),
            path,
            &fields
        )
        .status,
        400
    );
    for bad in ["to=", "to=bob", "to=app:AP1", "to=%2B15551230002&from=%22%3E%3CHangup/%3E"] {
        assert_eq!(ask(alice(), path, &format!("callSid={LEG}&{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn whoever_has_no_part_in_a_call_now_hands_it_to_nobody() {
    let path = "/common/flex/programmable-voice/cold-transfer";
    let fields = format!("callSid={LEG}&to=%2B15551230002");
    let rooms = format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000");
    let inside = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let with = |status| {
        alice().on(&of_worker(), 200, &reservations(status)).on(&rooms, 200, &live_rooms())
    };
    for former in ["pending", "completed", "rejected", "timeout", "canceled", "rescinded"] {
        assert_eq!(ask(with(former), path, &fields).status, 403, "{former}");
    }
    let accepted = format!(
        "GET {TASKROUTER}/Tasks/{TASK}/Reservations?ReservationStatus=accepted&PageSize=50"
    );
    let handed_over = with("wrapping").on(&accepted, 200, &reservations("accepted"));
    assert_eq!(ask(handed_over, path, &fields).status, 403);
    let play = format!(
        "POST {API}/Calls/{LEG}.json Twiml=<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Dial>+15551230002</Dial></Response>"
    );
    let last_one = with("wrapping")
        .on(&accepted, 200, &no_reservations())
        .on(&inside, 200, &participant())
        .on(&play, 200, "{}");
    assert_eq!(ask(last_one, path, &fields).status, 200);
    // The call is in another room than the agent's.
    let elsewhere = with("accepted").on(&inside, 404, GONE);
    assert_eq!(ask(elsewhere, path, &fields).status, 403);
}

#[test]
fn a_room_of_one_is_found_by_the_name_of_its_task() {
    let path = "/common/flex/programmable-voice/get-call-properties";
    let get = format!("GET {API}/Calls/{LEG}.json");
    let rooms = format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000");
    let named = format!("GET {API}/Conferences.json?FriendlyName={TASK}&PageSize=20");
    let inside = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let mine = || {
        alice()
            .on(&get, 200, &call("+15551230001"))
            .on(&of_worker(), 200, &reservations("accepted"))
            .on(&rooms, 200, r#"{"conferences":[]}"#)
    };
    let found = format!(r#"{{"conferences":[{}]}}"#, room("init"));
    let fake = mine()
        .on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &task("assigned", "{}"))
        .on(&named, 200, &found)
        .on(&inside, 200, &participant());
    assert_eq!(ask(fake, path, &format!("callSid={LEG}")).status, 200);
    // The task says that its room is another's; our record knows nothing of that.
    let says = r#"{"conferenceSid":"WT000000000000000000000000000000c9"}"#;
    let fake = mine().on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &task("assigned", says));
    assert_eq!(ask(fake, path, &format!("callSid={LEG}")).status, 403);
    // A chat has no room.
    let chat = format!(
        r#"{{"sid":"{TASK}","assignment_status":"assigned","task_channel_unique_name":"chat","attributes":"{{}}"}}"#
    );
    let fake = mine().on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &chat);
    assert_eq!(ask(fake, path, &format!("callSid={LEG}")).status, 403);
}

/// The request for a cold transfer.
fn transferred() -> Request {
    let path = "/common/flex/programmable-voice/cold-transfer";
    post(path, &format!("Token=a.flex.token.of.alice&callSid={LEG}&to=%2B15551230002"))
}

/// The conferences that are going on.
fn live() -> String {
    format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000")
}

/// The calls that the transferred one has dialled.
fn children() -> String {
    format!("GET {API}/Calls.json?ParentCallSid={LEG}&PageSize=50")
}

/// A cold transfer that was allowed, and of which nobody knows whether it has worked.
fn lost_transfer() -> (Fake, App) {
    let play = format!(
        "POST {API}/Calls/{LEG}.json Twiml=<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Dial>+15551230002</Dial></Response>"
    );
    let fake = alice()
        .on(&of_worker(), 200, &reservations("accepted"))
        .on(&live(), 200, &live_rooms())
        .on(&format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json"), 200, &participant())
        .on_lost(&play)
        .on(&children(), 500, "{}");
    let app = fake.app();
    assert_eq!(handle(&app, transferred()).status, 502);
    (fake, app)
}

#[test]
fn a_transfer_that_may_have_worked_is_looked_for_when_its_request_comes_again() {
    let (fake, app) = lost_transfer();
    // The call has left the agent's room meanwhile.
    let dialled = r#"{"calls":[{"to":"+15551230002","status":"ringing"}]}"#;
    let fake = fake.on(&children(), 200, dialled);
    assert_eq!(handle(&app, transferred()).status, 200);
    fake.played();
}

#[test]
fn what_an_agent_was_told_of_a_call_gives_no_right_to_hand_it_over() {
    let path = "/common/flex/programmable-voice/cold-transfer";
    let rooms = format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000");
    let inside = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let fake = alice()
        .on(&format!("GET {API}/Calls/{LEG}.json"), 200, &call("+15551230001"))
        .on(&of_worker(), 200, &reservations("accepted"))
        .on(&rooms, 200, &live_rooms())
        .on(&inside, 200, &participant());
    let app = fake.app();
    let fields = format!("Token=a.flex.token.of.alice&callSid={LEG}");
    let told = post("/common/flex/programmable-voice/get-call-properties", &fields);
    assert_eq!(handle(&app, told).status, 200);
    // The agent has left since, and asks twice.
    let fields = format!("{fields}&to=%2B15551230002");
    let mut fake = fake;
    for _ in 0..2 {
        fake =
            fake.on(&of_worker(), 200, &reservations("completed")).on(&rooms, 200, &live_rooms());
        assert_eq!(handle(&app, post(path, &fields)).status, 403);
    }
    fake.played();
}

#[test]
fn a_transfer_that_has_not_worked_is_not_made_up_for_by_who_has_left() {
    let (fake, app) = lost_transfer();
    let fake = fake
        .on(&children(), 200, r#"{"calls":[]}"#)
        .on(&of_worker(), 200, &reservations("completed"))
        .on(&live(), 200, &live_rooms());
    assert_eq!(handle(&app, transferred()).status, 403);
    fake.played();
}
