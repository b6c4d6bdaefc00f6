//! What is known of a call, and handing it over.

use crate::fixtures::*;
use crate::support::{API, TASKROUTER, handle, json, post};

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
    let request =
        || post("/external-transfer/get-call-properties", &format!("Token=T&callSid={LEG}"));
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
    let expression =
        format!("call_sid == \"{LEG}\" OR conference.participants.customer == \"{LEG}\"");
    let tasks = format!(
        "GET {TASKROUTER}/Tasks?EvaluateTaskAttributes={}&PageSize=50",
        flex_edge::base::text::encode(&expression)
    );
    let play = format!(
        "POST {API}/Calls/{LEG}.json Twiml=<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Dial>+15551230002</Dial></Response>"
    );
    let children = format!("GET {API}/Calls.json?ParentCallSid={LEG}&PageSize=50");
    let listed = |tasks: &str| format!(r#"{{"tasks":[{tasks}],"meta":{{}}}}"#);
    let mine = || {
        alice().on(&tasks, 200, &listed(&task("assigned", "{}"))).on(
            &of_worker(),
            200,
            &reservations("accepted"),
        )
    };
    let fields = format!("callSid={LEG}&to=%2B15551230002&from=");
    let fake = mine().on(&play, 200, &call("x"));
    assert_eq!(json(&fake.handle(post(path, &format!("Token=T&{fields}"))))["success"], true);
    assert_eq!(fake.on_token().handle(post(path, &format!("Token=T&{fields}"))).status, 200);
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
    let rooms = format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000");
    let fake = alice().on(&tasks, 200, &listed("")).on(&of_worker(), 200, &no_reservations());
    let fake = fake.on(&of_worker(), 200, &no_reservations()).on(&rooms, 200, &live_rooms());
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
