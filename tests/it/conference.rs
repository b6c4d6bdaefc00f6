//! Who is added to a conference, held, muted, removed: the exact requests that Twilio gets.

use crate::fixtures::*;
use crate::support::{ALICE, API, Fake, TASKROUTER, json, post};

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

/// The same for who comes in the place of a call that is over.
fn label_after(call: &str) -> String {
    use sha2::Digest as _;
    let key = format!("add-participant/{ALICE}/{ROOM}/+15551230001/+15550009999/{call}");
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
    let response = fake.handle(post(path, &format!("Token=a.flex.token.of.alice&{fields}")));
    assert_eq!(response.status, 504);
    let fake = in_room(fake.on_token()).on(&look, 200, &there);
    assert_eq!(
        fake.handle(post(path, &format!("Token=a.flex.token.of.alice&{fields}"))).status,
        200
    );
    // And whoever asks after that, while it rings, gets the same answer.
    let rings = format!(r#"{{"sid":"{LEG}","status":"ringing"}}"#);
    let fake = fake.on_token().on(&format!("GET {API}/Calls/{LEG}.json"), 200, &rings);
    let response = fake.handle(post(path, &format!("Token=a.flex.token.of.alice&{fields}")));
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
            .on(&of_worker(), 200, &no_reservations());
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
        ("/common/flex/programmable-voice/hold-conference-participant", "hold", "Hold"),
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
    // The dialpad add-on's own Functions answer a failure with {} and status 200.
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

const ADD: &str = "/common/flex/programmable-voice/add-participant";
const HOLD: &str = "/common/flex/programmable-voice/hold-participant";

fn hold_leg() -> String {
    format!("POST {API}/Conferences/{ROOM}/Participants/{LEG}.json Hold=true")
}

#[test]
fn the_same_number_is_dialled_again_when_the_first_call_is_over() {
    let fields =
        format!("Token=a.flex.token.of.alice&taskSid={ROOM}&to=%2B15551230001&from=%2B15550009999");
    let dial = |label: &str| {
        format!(
            "POST {API}/Conferences/{ROOM}/Participants.json From=+15550009999&To=+15551230001&EarlyMedia=true&EndConferenceOnExit=false&Label={label}"
        )
    };
    let second = "CA00000000000000000000000000000002";
    let of = |leg: &str| format!(r#"{{"call_sid":"{leg}","conference_sid":"{ROOM}"}}"#);
    let fake = in_room(alice()).on(&dial(&expected_label()), 201, &of(LEG));
    assert_eq!(json(&fake.handle(post(ADD, &fields)))["callSid"], LEG);
    let call = |leg: &str| format!("GET {API}/Calls/{leg}.json");
    let is = |status: &str| format!(r#"{{"status":"{status}"}}"#);
    // It rings or talks: the same answer.
    for live in ["queued", "ringing", "in-progress", "initiated"] {
        let fake = fake.again().on_token().on(&call(LEG), 200, &is(live));
        assert_eq!(json(&fake.handle(post(ADD, &fields)))["callSid"], LEG, "{live}");
    }
    // Twilio does not know it any more, or says that it is over: a new one, with a label of its own.
    let label = label_after(LEG);
    for over in ["busy", "no-answer", "failed", "canceled", "completed"] {
        let fake = in_room(Fake::default().on_token()).on(&dial(&expected_label()), 201, &of(LEG));
        fake.handle(post(ADD, &fields));
        let fake = in_room(fake.on_token().on(&call(LEG), 200, &is(over)));
        let fake = fake.on(&dial(&label), 201, &of(second));
        assert_eq!(json(&fake.handle(post(ADD, &fields)))["callSid"], second, "{over}");
        let fake = fake.on_token().on(&call(second), 200, &is("ringing"));
        assert_eq!(json(&fake.handle(post(ADD, &fields)))["callSid"], second, "{over}");
    }
}

#[test]
fn who_was_dialled_in_anothers_place_is_not_dialled_twice() {
    let fields =
        format!("Token=a.flex.token.of.alice&taskSid={ROOM}&to=%2B15551230001&from=%2B15550009999");
    let dial = |label: &str| {
        format!(
            "POST {API}/Conferences/{ROOM}/Participants.json From=+15550009999&To=+15551230001&EarlyMedia=true&EndConferenceOnExit=false&Label={label}"
        )
    };
    let second = "CA00000000000000000000000000000002";
    let of = |leg: &str| format!(r#"{{"call_sid":"{leg}","conference_sid":"{ROOM}"}}"#);
    let call = |leg: &str| format!("GET {API}/Calls/{leg}.json");
    let label = label_after(LEG);
    let first = in_room(alice()).on(&dial(&expected_label()), 201, &of(LEG));
    first.handle(post(ADD, &fields));
    let at = |fake: Fake, second: u64| {
        fake.world.slept.set(second * 1_000);
        fake.on_token()
    };
    let fake = in_room(at(first, 25).on(&call(LEG), 200, r#"{"status":"busy"}"#));
    let fake = fake.on(&dial(&label), 201, &of(second));
    assert_eq!(json(&fake.handle(post(ADD, &fields)))["callSid"], second);
    // The first one is forgotten by now, and the answer about the second one was lost.
    let fake = at(fake, 31).on(&call(second), 200, r#"{"status":"ringing"}"#);
    assert_eq!(json(&fake.handle(post(ADD, &fields)))["callSid"], second);
}

#[test]
fn who_may_have_been_dialled_in_anothers_place_is_looked_for() {
    let fields =
        format!("Token=a.flex.token.of.alice&taskSid={ROOM}&to=%2B15551230001&from=%2B15550009999");
    let label = label_after(LEG);
    let dial = |label: &str| {
        format!(
            "POST {API}/Conferences/{ROOM}/Participants.json From=+15550009999&To=+15551230001&EarlyMedia=true&EndConferenceOnExit=false&Label={label}"
        )
    };
    let second = "CA00000000000000000000000000000002";
    let of = |leg: &str| format!(r#"{{"call_sid":"{leg}","conference_sid":"{ROOM}"}}"#);
    let look = format!("GET {API}/Conferences/{ROOM}/Participants.json?PageSize=250");
    let over =
        |fake: Fake| fake.on(&format!("GET {API}/Calls/{LEG}.json"), 200, r#"{"status":"busy"}"#);
    let fake = in_room(alice()).on(&dial(&expected_label()), 201, &of(LEG));
    fake.handle(post(ADD, &fields));
    let fake = in_room(over(fake.on_token())).on_lost(&dial(&label)).on(&look, 500, "{}");
    assert_eq!(fake.handle(post(ADD, &fields)).status, 502);
    // Another request for the same knows whose place it was.
    fake.world.slept.set(31_000);
    let there = format!(r#"{{"participants":[{{"label":"{label}","call_sid":"{second}"}}]}}"#);
    let fake = in_room(over(fake.on_token())).on(&look, 200, &there);
    assert_eq!(json(&fake.handle(post(ADD, &fields)))["callSid"], second);
}

#[test]
fn a_plus_that_a_form_has_made_a_blank_of_is_a_plus() {
    let dial = format!(
        "POST {API}/Conferences/{ROOM}/Participants.json From=+15550009999&To=+15551230001&EarlyMedia=true&EndConferenceOnExit=false&Label={}",
        expected_label()
    );
    let fake = in_room(alice()).on(&dial, 201, &participant());
    let fields = format!("taskSid={ROOM}&to=+15551230001&from=+15550009999");
    assert_eq!(ask(fake, "/external-transfer/add-conference-participant", &fields).status, 200);
    for to in ["++15551230001", "+%2B15551230001", "+sip:a@b", "+"] {
        let fields = format!("taskSid={ROOM}&to={to}&from=%2B15550009999");
        assert_eq!(ask(alice(), ADD, &fields).status, 400, "{to}");
    }
}

#[test]
fn who_has_no_part_in_the_conference_now_changes_nothing_in_it() {
    let accepted = format!(
        "GET {TASKROUTER}/Tasks/{TASK}/Reservations?ReservationStatus=accepted&PageSize=50"
    );
    let named = format!("GET {API}/Conferences.json?FriendlyName={TASK}&PageSize=20");
    let rooms = format!(r#"{{"conferences":[{}]}}"#, room("in-progress"));
    for (conference, get, found) in [
        (ROOM, format!("GET {API}/Conferences/{ROOM}.json"), room("in-progress")),
        (TASK, named, rooms),
    ] {
        let with =
            |status| alice().on(&get, 200, &found).on(&of_worker(), 200, &reservations(status));
        let fields = format!("conference={conference}&participant={LEG}&hold=true");
        for former in ["pending", "completed", "rejected", "timeout", "canceled", "rescinded"] {
            assert_eq!(ask(with(former), HOLD, &fields).status, 403, "{former}");
        }
        let handed_over = with("wrapping").on(&accepted, 200, &reservations("accepted"));
        assert_eq!(ask(handed_over, HOLD, &fields).status, 403);
        let last_one = with("wrapping").on(&accepted, 200, &no_reservations());
        assert_eq!(ask(last_one.on(&hold_leg(), 200, &participant()), HOLD, &fields).status, 200);
        let holder = with("accepted").on(&hold_leg(), 200, &participant());
        assert_eq!(ask(holder, HOLD, &fields).status, 200);
    }
}

#[test]
fn without_a_conference_the_participants_room_is_held() {
    let listed = format!("GET {API}/Conferences.json?Status=in-progress&PageSize=1000");
    let live = format!(r#"{{"conferences":[{}]}}"#, room("in-progress"));
    let inside = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    for conference in ["", "conference=undefined&", "conference=null&", "conference=&"] {
        let fields = format!("{conference}participant={LEG}&hold=true");
        let mine =
            || alice().on(&of_worker(), 200, &reservations("accepted")).on(&listed, 200, &live);
        let fake = mine().on(&inside, 200, &participant()).on(&hold_leg(), 200, &participant());
        assert_eq!(ask(fake, "/voice/hold-participant", &fields).status, 200, "{conference}");
        // It is not in a room of the agent's.
        let fake = mine().on(&inside, 404, GONE);
        assert_eq!(ask(fake, "/voice/hold-participant", &fields).status, 403, "{conference}");
        let stranger = alice().on(&of_worker(), 200, &no_reservations()).on(&listed, 200, &live);
        assert_eq!(ask(stranger, "/voice/hold-participant", &fields).status, 403, "{conference}");
    }
    // A supervisor may say which by the task.
    let named = format!("GET {API}/Conferences.json?FriendlyName={TASK}&PageSize=20");
    let fields = format!("conference=undefined&taskSid={TASK}&participant={LEG}&hold=true");
    let fake = dave().on(&named, 200, &live).on(&hold_leg(), 200, &participant());
    assert_eq!(ask(fake, "/voice/hold-participant", &fields).status, 200);
    // An agent's room need not bear the name of their task: the participant decides.
    let fake = alice()
        .on(&of_worker(), 200, &reservations("accepted"))
        .on(&listed, 200, &live)
        .on(&inside, 200, &participant())
        .on(&hold_leg(), 200, &participant());
    assert_eq!(ask(fake, "/voice/hold-participant", &fields).status, 200);
    // A supervisor who is in no room has to say which.
    let supervisor = Fake::default()
        .on_token_of("dave", "WK00000000000000000000000000000004", "supervisor")
        .on(
            &of_worker().replace(ALICE, "WK00000000000000000000000000000004"),
            200,
            &no_reservations(),
        )
        .on(&listed, 200, &live);
    let response =
        ask(supervisor, "/voice/hold-participant", &format!("participant={LEG}&hold=true"));
    assert_eq!((response.status, json(&response)["field"].as_str()), (400, Some("conference")));
}

#[test]
fn an_added_party_without_a_call_is_no_success() {
    let dial = format!(
        "POST {API}/Conferences/{ROOM}/Participants.json From=+15550009999&To=+15551230001&EarlyMedia=true&EndConferenceOnExit=false&Label={}",
        expected_label()
    );
    let fields = format!("taskSid={ROOM}&to=%2B15551230001&from=%2B15550009999");
    for unreadable in ["{}", r#"{"call_sid":null}"#, r#"{"call_sid":"x"}"#, "[]", "1"] {
        let response = ask(in_room(alice()).on(&dial, 201, unreadable), ADD, &fields);
        assert_eq!(response.status, 500, "{unreadable}: {}", response.body);
    }
}
