//! Who is added to a conference, held, muted, removed: the exact requests that Twilio gets.

use crate::fixtures::*;
use crate::support::{ALICE, API, TASKROUTER, json, post};

#[test]
fn adding_dials_into_the_conference_that_is_going_on() {
    let expected = |label: &str| {
        format!(
            "POST {API}/Conferences/{ROOM}/Participants.json From=+15550009999&To=+15551230001&EarlyMedia=true&EndConferenceOnExit=false&Label={label}"
        )
    };
    let label = expected_label();
    for path in [
        "/common/flex/programmable-voice/add-participant",
        "/external-transfer/add-conference-participant",
    ] {
        let fake = in_room(alice()).on(&expected(&label), 201, &participant());
        let response =
            ask(fake, path, &format!("taskSid={ROOM}&to=%2B15551230001&from=%2B15550009999"));
        let body = json(&response);
        assert_eq!((response.status, &body["success"]), (200, &true.into()));
        assert_eq!(
            (body["callSid"].as_str(), body["participantsResponse"]["callSid"].as_str()),
            (Some(LEG), Some(LEG))
        );
        assert_eq!(body["participantsResponse"]["endConferenceOnExit"], false);
    }
}

/// What the service derives from agent, conference, numbers: the SHA-256 of the gate's key.
fn expected_label() -> String {
    use sha2::Digest as _;
    let key = format!("add-participant/{ALICE}/{ROOM}/+15551230001/+15550009999");
    sha2::Sha256::digest(key.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn an_add_that_may_have_worked_is_looked_for_before_it_is_sent_again() {
    let label = expected_label();
    let dial = format!(
        "POST {API}/Conferences/{ROOM}/Participants.json From=+15550009999&To=+15551230001&EarlyMedia=true&EndConferenceOnExit=false&Label={label}"
    );
    let look = format!("GET {API}/Conferences/{ROOM}/Participants.json?PageSize=250");
    let nobody = format!(r#"{{"participants":[{{"label":null}},{}]}}"#, participant());
    let there = format!(r#"{{"participants":[{{"label":"{label}","call_sid":"{LEG}"}}]}}"#);
    let fields = format!("taskSid={ROOM}&to=%2B15551230001&from=%2B15550009999");
    let path = "/external-transfer/add-conference-participant";
    let found = in_room(alice()).on_lost(&dial).on(&look, 200, &there);
    assert_eq!(ask(found, path, &fields).status, 200);
    let not_found = in_room(alice()).on(&dial, 503, "{}").on(&look, 200, &nobody).on(
        &dial,
        201,
        &participant(),
    );
    assert_eq!(ask(not_found, path, &fields).status, 200);
    // Twice lost and not to be found: it is said to have failed, and the next looks first.
    let fake = in_room(alice())
        .on_lost(&dial)
        .on(&look, 200, &nobody)
        .on_lost(&dial)
        .on(&look, 200, &nobody);
    let response = fake.handle(post(path, &format!("Token=T&{fields}")));
    assert_eq!(response.status, 504);
    let fake = in_room(fake.on_token()).on(&look, 200, &there);
    assert_eq!(fake.handle(post(path, &format!("Token=T&{fields}"))).status, 200);
    // And whoever asks after that gets the same answer, at the cost of the token check.
    let response = fake.on_token().handle(post(path, &format!("Token=T&{fields}")));
    assert_eq!(json(&response)["callSid"], LEG);
}

#[test]
fn nobody_is_dialled_into_a_room_that_is_not_there() {
    let path = "/common/flex/programmable-voice/add-participant";
    let numbers = "to=%2B15551230001&from=%2B15550009999";
    for name in
        ["", "null", "undefined", "room", "CF1", "WT1%2F..", "MZ00000000000000000000000000000001"]
    {
        let response = ask(alice(), path, &format!("taskSid={name}&{numbers}"));
        assert_eq!(
            (response.status, json(&response)["field"].as_str()),
            (400, Some("taskSid")),
            "{name}"
        );
    }
    let over = alice()
        .on(&format!("GET {API}/Conferences/{ROOM}.json"), 200, &room("completed"))
        .on(&of_worker(), 200, &reservations("accepted"));
    assert_eq!(ask(over, path, &format!("taskSid={ROOM}&{numbers}")).status, 400);
    let over = dave().on(&format!("GET {API}/Conferences/{ROOM}.json"), 404, GONE);
    assert_eq!(ask(over, path, &format!("taskSid={ROOM}&{numbers}")).status, 400);
    for (to, from) in [
        ("5551230001", "%2B15550009999"),
        ("client:bob", "%2B15550009999"),
        ("app:AP1", "x"),
        ("%2B1555", "x"),
    ] {
        let response = ask(alice(), path, &format!("taskSid={ROOM}&to={to}&from={from}"));
        assert_eq!(
            (response.status, &json(&response)["twilioErrorCode"]),
            (400, &13223.into()),
            "{to}"
        );
    }
    let response =
        ask(alice(), path, &format!("taskSid={ROOM}&to=%2B15551230001&from=client:alice"));
    assert_eq!(json(&response)["field"], "from");
}

#[test]
fn strangers_change_nothing_in_a_conference() {
    for (path, fields) in [
        (
            "/common/flex/programmable-voice/add-participant",
            format!("taskSid={ROOM}&to=%2B15551230001&from=%2B15550009999"),
        ),
        (
            "/common/flex/programmable-voice/hold-participant",
            format!("conference={ROOM}&participant={LEG}&hold=true"),
        ),
        (
            "/common/flex/programmable-voice/mute-participant",
            format!("conference={ROOM}&participant={LEG}&muted=true"),
        ),
        (
            "/common/flex/programmable-voice/update-participant",
            format!("conference={ROOM}&participant={LEG}&endConferenceOnExit=true"),
        ),
        (
            "/common/flex/programmable-voice/remove-participant",
            format!("conference={ROOM}&participant={LEG}"),
        ),
    ] {
        let fake = alice()
            .on(&format!("GET {API}/Conferences/{ROOM}.json"), 200, &room("in-progress"))
            .on(&of_worker(), 200, &no_reservations())
            .on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &task("assigned", "{}"));
        assert_eq!(ask(fake, path, &fields).status, 403, "{path}");
    }
}

#[test]
fn flags_of_participants_are_set_on_all_paths() {
    for (path, field, sent) in [
        ("/common/flex/programmable-voice/mute-participant", "muted", "Muted"),
        (
            "/common/flex/programmable-voice/update-participant",
            "endConferenceOnExit",
            "EndConferenceOnExit",
        ),
        (
            "/external-transfer/update-conference-participant",
            "endConferenceOnExit",
            "EndConferenceOnExit",
        ),
        ("/external-transfer/hold-conference-participant", "hold", "Hold"),
    ] {
        for value in ["true", "false"] {
            let url =
                format!("POST {API}/Conferences/{ROOM}/Participants/{LEG}.json {sent}={value}");
            let fake = in_room(alice()).on(&url, 200, &participant());
            // Nothing but a hold has a URL.
            let fields = format!("conference={ROOM}&participant={LEG}&{field}={value}&holdUrl=");
            let response = ask(fake, path, &fields);
            assert_eq!(json(&response)["participantsResponse"]["callSid"], LEG, "{path}");
        }
        for fields in [
            "participant=CA1&conference=x",
            &format!("conference={ROOM}&participant={LEG}"),
            &format!("conference={ROOM}&participant={LEG}&{field}=1"),
        ] {
            assert_eq!(ask(alice(), path, fields).status, 400, "{path} {fields}");
        }
    }
    let url = format!(
        "POST {API}/Conferences/{ROOM}/Participants/{LEG}.json Hold=true&HoldUrl=https://x.example/a"
    );
    let fields =
        format!("conference={ROOM}&participant={LEG}&hold=true&holdUrl=https://x.example/a");
    let response =
        ask(in_room(alice()).on(&url, 200, &participant()), "/voice/hold-participant", &fields);
    assert_eq!(response.status, 200);
    // D's failures were {} with status 200.
    let url = format!("POST {API}/Conferences/{ROOM}/Participants/{LEG}.json Hold=true");
    let fields = format!("conference={ROOM}&participant={LEG}&hold=true");
    let response = ask(in_room(alice()).on(&url, 404, GONE), "/internal-call/hold-call", &fields);
    assert_eq!((response.status, &json(&response)["twilioErrorCode"]), (404, &20404.into()));
}

#[test]
fn removing_somebody_who_has_left_is_fine() {
    let url = format!("DELETE {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let fields = format!("conference={ROOM}&participant={LEG}");
    for path in [
        "/common/flex/programmable-voice/remove-participant",
        "/external-transfer/remove-conference-participant",
    ] {
        for (status, body) in [(204, ""), (404, GONE)] {
            let response = ask(in_room(alice()).on(&url, status, body), path, &fields);
            assert_eq!(
                (response.status, &json(&response)["participantsResponse"]),
                (200, &true.into())
            );
        }
        assert_eq!(ask(in_room(alice()).on(&url, 500, "{}"), path, &fields).status, 502);
    }
}
