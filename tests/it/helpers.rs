//! Conferences, calls, queues, channels, tasks and workers: the exact requests that Twilio
//! gets.

use flex_edge::runtime::Response;

use crate::support::{ALICE, API, Fake, TASKROUTER, handle, json, post};

const TASK: &str = "WT000000000000000000000000000000a1";
const ROOM: &str = "CF00000000000000000000000000000001";
const LEG: &str = "CA00000000000000000000000000000001";
const BOB: &str = "WK00000000000000000000000000000002";
const GONE: &str = r#"{"code":20404,"message":"gone","status":404}"#;
const WRONG_STATE: &str = r#"{"code":20001,"message":"wrong state","status":400}"#;

fn alice() -> Fake {
    Fake::default().on_token()
}

fn dave() -> Fake {
    Fake::default().on_token_of("dave", "WK00000000000000000000000000000004", "supervisor")
}

fn reservations(status: &str) -> String {
    format!(
        r#"{{"reservations":[{{"reservation_status":"{status}","task_sid":"{TASK}"}}],"meta":{{"next_page_url":null}}}}"#
    )
}

fn no_reservations() -> String {
    r#"{"reservations":[],"meta":{}}"#.to_owned()
}

fn of_task() -> String {
    format!("GET {TASKROUTER}/Tasks/{TASK}/Reservations?WorkerSid={ALICE}&PageSize=50")
}

fn of_worker() -> String {
    format!("GET {TASKROUTER}/Workers/{ALICE}/Reservations?PageSize=1000")
}

fn task(status: &str, attributes: &str) -> String {
    serde_json::json!({ "sid": TASK, "assignment_status": status, "attributes": attributes })
        .to_string()
}

fn room(status: &str) -> String {
    format!(r#"{{"sid":"{ROOM}","friendly_name":"{TASK}","status":"{status}"}}"#)
}

fn participant() -> String {
    format!(r#"{{"call_sid":"{LEG}","conference_sid":"{ROOM}","end_conference_on_exit":false}}"#)
}

fn ask(fake: Fake, path: &str, fields: &str) -> Response {
    fake.handle(post(path, &format!("Token=T&{fields}")))
}

/// An agent who is in ROOM, because its task is theirs.
fn in_room(fake: Fake) -> Fake {
    fake.on(&format!("GET {API}/Conferences/{ROOM}.json"), 200, &room("in-progress")).on(
        &of_worker(),
        200,
        &reservations("accepted"),
    )
}

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
        flex_edge::params::encode(&expression)
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

#[test]
fn a_number_is_valid_when_the_account_may_dial_it() {
    let path = "/common/flex/phone-numbers/validate-phone-number";
    let lookup =
        |number: &str| format!("GET https://lookups.twilio.com/v2/PhoneNumbers/%2B{number}");
    let valid = |number: &str, code: &str, country: &str| {
        format!(
            r#"{{"valid":true,"calling_country_code":"{code}","country_code":"{country}","phone_number":"+{number}","validation_errors":[]}}"#
        )
    };
    let countries = |code: &str| {
        format!(
            "GET https://voice.twilio.com/v1/DialingPermissions/Countries?CountryCode={code}&PageSize=1000"
        )
    };
    let prefixes = |country: &str| {
        format!(
            "GET https://voice.twilio.com/v1/DialingPermissions/Countries/{country}/HighRiskSpecialPrefixes?PageSize=1000"
        )
    };
    let rows = |country: &str, low: bool, high: bool| {
        format!(
            r#"{{"content":[{{"iso_code":"{country}","low_risk_numbers_enabled":{low},"high_risk_special_numbers_enabled":{high}}}],"meta":{{}}}}"#
        )
    };
    let risky = r#"{"content":[{"prefix":"+49180"}],"meta":{}}"#;
    let none = r#"{"content":[],"meta":{}}"#;
    for (number, code, country, asked, answer, reason) in [
        ("15551230001", "1", "CA", "US", rows("US", true, true), None),
        ("4930123456", "49", "DE", "DE", rows("DE", true, false), None),
        (
            "4918012345",
            "49",
            "DE",
            "DE",
            rows("DE", true, false),
            Some("HIGH_RISK_SPECIAL_NUMBER_DISABLED"),
        ),
        ("4418012345", "44", "GB", "GB", rows("GB", false, true), Some("COUNTRY_DISABLED")),
        ("9991234567", "999", "XX", "XX", none.to_owned(), Some("COUNTRY_UNKNOWN")),
    ] {
        let fake = alice()
            .on(&lookup(number), 200, &valid(number, code, country))
            .on(&countries(code), 200, &answer)
            .on(&prefixes(asked), 200, risky);
        let body = json(&ask(fake, path, &format!("phoneNumber=%2B{number}")));
        assert_eq!(
            (&body["success"], &body["valid"]),
            (&true.into(), &reason.is_none().into()),
            "{number}"
        );
        assert_eq!(body["invalidReason"].as_str(), reason, "{number}");
    }
    let fake = alice().on(
        &lookup("1"),
        200,
        r#"{"valid":false,"validation_errors":["TOO_SHORT","NOT_A_NUMBER"]}"#,
    );
    let body = json(&ask(fake, path, "phoneNumber=%2B1"));
    assert_eq!(
        (body["valid"].as_bool(), body["invalidReason"].as_str()),
        (Some(false), Some("TOO_SHORT, NOT_A_NUMBER"))
    );
    let fake =
        alice().on(&lookup("15551230001"), 429, r#"{"code":20429,"message":"later","status":429}"#);
    let fake = fake.on(&lookup("15551230001"), 400, "{}");
    assert_eq!(ask(fake, path, "phoneNumber=%2B15551230001").status, 400);
    assert_eq!(ask(alice(), path, "").status, 400);
}

#[test]
fn the_accounts_numbers_are_listed() {
    let path = "/common/flex/phone-numbers/list-phone-numbers";
    let numbers = format!("GET {API}/IncomingPhoneNumbers.json?PageSize=1000");
    let next = format!("GET {API}/IncomingPhoneNumbers.json?PageSize=1000&Page=1");
    let page = r#"{"incoming_phone_numbers":[{"friendly_name":"é","phone_number":"+1"}],"next_page_uri":"/2010-04-01/Accounts/AC0000000000000000000000000000acc0/IncomingPhoneNumbers.json?PageSize=1000&Page=1"}"#;
    let last = r#"{"incoming_phone_numbers":[{"friendly_name":null,"phone_number":"+2"}],"next_page_uri":null}"#;
    let body = json(&ask(
        alice().on(&numbers, 200, page).on(&next, 200, last),
        path,
        "IncludeOutgoing=false",
    ));
    assert_eq!(
        body["phoneNumbers"],
        serde_json::json!([{"friendlyName":"é","phoneNumber":"+1"},{"friendlyName":null,"phoneNumber":"+2"}])
    );
    let fake = alice().on(&numbers, 200, last).on(
        &format!("GET {API}/OutgoingCallerIds.json?PageSize=1000"),
        200,
        r#"{"outgoing_caller_ids":[{"friendly_name":"f","phone_number":"+3"}]}"#,
    );
    let body = json(&ask(fake, path, "IncludeOutgoing=true"));
    assert_eq!(body["phoneNumbers"][1], serde_json::json!({"friendlyName":"f","phoneNumber":"+3"}));
}

#[test]
fn queues_are_listed_over_all_pages_up_to_a_thousand() {
    let first = format!("GET {TASKROUTER}/TaskQueues?PageSize=1000");
    let second = format!("GET {TASKROUTER}/TaskQueues?PageSize=1000&PageToken=x");
    let queue = r#"{"sid":"WQ1","friendly_name":"Café","target_workers":"1==1","extra":1}"#;
    let many = vec![queue; 600].join(",");
    let page = format!(
        r#"{{"task_queues":[{many}],"meta":{{"next_page_url":"https://taskrouter.twilio.com/v1/Workspaces/WS00000000000000000000000000000001/TaskQueues?PageSize=1000&PageToken=x"}}}}"#
    );
    let last = format!(r#"{{"task_queues":[{many}],"meta":{{"next_page_url":null}}}}"#);
    for path in ["/common/flex/taskrouter/get-queues", "/taskrouter/get-queues"] {
        let body = json(&ask(alice().on(&first, 200, &page).on(&second, 200, &last), path, ""));
        assert_eq!(body["queues"].as_array().unwrap().len(), 1000);
        assert_eq!(
            body["queues"][0],
            serde_json::json!({"targetWorkers":"1==1","friendlyName":"Café","sid":"WQ1"})
        );
    }
}

#[test]
fn channels_are_the_workers_own_or_the_supervisors_business() {
    let list = |worker| format!("GET {TASKROUTER}/Workers/{worker}/Channels?PageSize=1000");
    let channel = r#"{"sid":"WC1","task_channel_unique_name":"chat","configured_capacity":3}"#;
    let channels = format!(r#"{{"channels":[{channel}],"meta":{{}}}}"#);
    let read = "/taskrouter/get-worker-channels";
    let body =
        json(&ask(alice().on(&list(ALICE), 200, &channels), read, &format!("workerSid={ALICE}")));
    assert_eq!(body["workerChannels"][0]["taskChannelUniqueName"], "chat");
    assert_eq!(ask(alice(), read, &format!("workerSid={BOB}")).status, 403);
    assert_eq!(
        ask(dave().on(&list(BOB), 200, &channels), read, &format!("workerSid={BOB}")).status,
        200
    );
    assert_eq!(ask(alice(), read, "").status, 400);

    const CHANNEL: &str = "WC00000000000000000000000000000001";
    let update = |worker| {
        format!("POST {TASKROUTER}/Workers/{worker}/Channels/{CHANNEL} Capacity=2&Available=true")
    };
    let path = "/common/flex/taskrouter/update-worker-channel";
    let fields = format!("workerChannelSid={CHANNEL}&capacity=2&available=true");
    let body = json(&ask(alice().on(&update(ALICE), 200, channel), path, &fields));
    assert_eq!(body["workerChannelCapacity"]["configuredCapacity"], 3);
    assert_eq!(ask(alice(), path, &format!("{fields}&workerSid={BOB}")).status, 403);
    assert_eq!(
        ask(dave().on(&update(BOB), 200, channel), path, &format!("{fields}&workerSid={BOB}"))
            .status,
        200
    );
    for bad in [
        "capacity=2&available=true",
        &format!("workerChannelSid={CHANNEL}&capacity=-1&available=true"),
        &format!("workerChannelSid={CHANNEL}&capacity=1&available=maybe"),
    ] {
        assert_eq!(ask(alice(), path, bad).status, 400, "{bad}");
    }
}

#[test]
fn attributes_are_merged_with_if_match_and_again_on_fresh_data() {
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    let path = "/common/flex/taskrouter/update-task-attributes";
    let update = flex_edge::params::encode(r#"{"a":[9],"gone":null,"to":"x"}"#);
    let fields = format!("taskSid={TASK}&attributesUpdate={update}");
    let write = |kept: &str, etag: &str| {
        format!(
            r#"POST {TASKROUTER}/Tasks/{TASK} Attributes={{"a":[9,2],"to":"x","k":{kept}}} [{etag}]"#
        )
    };
    let before =
        |kept: &str| task("assigned", &format!(r#"{{"a":[1,2],"gone":1,"to":"x","k":{kept}}}"#));
    for status in ["pending", "accepted", "wrapping", "completed"] {
        let fake = alice()
            .on_with_etag(&get, "\"3\"", &before("1.50"))
            .on(&of_task(), 200, &reservations(status))
            .on(&write("1.50", "\"3\""), 412, r#"{"code":20412,"message":"stale","status":412}"#)
            .on_with_etag(&get, "\"4\"", &before("[]"))
            .on(&write("[]", "\"4\""), 200, &before("[]"));
        assert_eq!(ask(fake, path, &fields).body, r#"{"success":true}"#);
    }
    for status in ["rejected", "timeout", "canceled", "rescinded"] {
        let fake = alice().on(&get, 200, &before("1")).on(&of_task(), 200, &reservations(status));
        assert_eq!(ask(fake, path, &fields).status, 403, "{status}");
    }
    let fake = dave().on_with_etag(&get, "\"3\"", &before("1")).on(
        &write("1", "\"3\""),
        200,
        &before("1"),
    );
    assert_eq!(ask(fake, "/taskrouter/update-task-attributes", &fields).status, 200);
    for bad in ["", "1", "[1]", "{", "%22a%22", "null"] {
        assert_eq!(
            ask(alice(), path, &format!("taskSid={TASK}&attributesUpdate={bad}")).status,
            400,
            "{bad}"
        );
    }
}

#[test]
fn agents_cannot_change_what_decides_who_may_touch_a_task() {
    let path = "/taskrouter/update-task-attributes";
    for update in [
        r#"{"client_call":true}"#,
        r#"{"conference":{"participants":{"customer":"CA1"}}}"#,
        r#"{"to":null}"#,
        r#"{"to":"client:eve"}"#,
        r#"{"flexInteractionSid":"KD1"}"#,
    ] {
        let fake = alice()
            .on(
                &format!("GET {TASKROUTER}/Tasks/{TASK}"),
                200,
                &task("assigned", r#"{"to":"client:bob"}"#),
            )
            .on(&of_task(), 200, &reservations("accepted"));
        let fields =
            format!("taskSid={TASK}&attributesUpdate={}", flex_edge::params::encode(update));
        assert_eq!(ask(fake, path, &fields).status, 403, "{update}");
    }
}

#[test]
fn a_task_ends_in_the_ways_that_plugins_need() {
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    let set = |status: &str| {
        format!("POST {TASKROUTER}/Tasks/{TASK} AssignmentStatus={status}&Reason=Ended by an agent")
    };
    let path = "/common/flex/taskrouter/update-task-assignment-status";
    let fields = |status: &str| format!("taskSid={TASK}&assignmentStatus={status}");
    let mine = || {
        alice().on(&get, 200, &task("assigned", "{}")).on(
            &of_task(),
            200,
            &reservations("accepted"),
        )
    };
    for status in ["canceled", "wrapping", "completed"] {
        let fake = mine().on(&set(status), 200, &task(status, "{}"));
        assert_eq!(ask(fake, path, &fields(status)).body, r#"{"success":true}"#);
        let gone = mine().on(&set(status), 404, GONE);
        assert_eq!(ask(gone, path, &fields(status)).status, 200);
        let there =
            mine().on(&set(status), 400, WRONG_STATE).on(&get, 200, &task("completed", "{}"));
        assert_eq!(ask(there, path, &fields(status)).status, 200);
        // It is not claimed that an invite was canceled that has just been accepted.
        let not_there =
            mine().on(&set(status), 400, WRONG_STATE).on(&get, 200, &task("assigned", "{}"));
        assert_eq!(ask(not_there, path, &fields(status)).status, 400);
        let gone = alice().on(&get, 404, GONE).on(&of_task(), 404, GONE);
        assert_eq!(ask(gone, path, &fields(status)).status, 200);
    }
    for status in ["pending", "reserved", "assigned", "", "null", "Canceled"] {
        assert_eq!(ask(alice(), path, &fields(status)).status, 400, "{status}");
    }
}

#[test]
fn an_invite_can_be_canceled_by_the_agents_of_its_conversation() {
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    let path = "/taskrouter/update-task-assignment-status";
    let set = format!(
        "POST {TASKROUTER}/Tasks/{TASK} AssignmentStatus=canceled&Reason=Ended by an agent"
    );
    let invite = |worker: &str| {
        format!(r#"{{"flexInteractionSid":"KD1","workerSidsInConversation":["{BOB}","{worker}"]}}"#)
    };
    let cancel = |status: &str, attributes: &str, wanted: &str| {
        let fake = alice().on(&get, 200, &task(status, attributes)).on(
            &of_task(),
            200,
            &no_reservations(),
        );
        ask(fake, path, &format!("taskSid={TASK}&assignmentStatus={wanted}")).status
    };
    let jp = format!(r#"{{"flexInteractionSid":"KD1","ignoreWorkerContactUri":"{ALICE}"}}"#);
    assert_eq!(cancel("assigned", &invite(ALICE), "canceled"), 403);
    assert_eq!(cancel("reserved", &invite(ALICE), "completed"), 403);
    assert_eq!(cancel("reserved", &invite(BOB), "canceled"), 403);
    assert_eq!(
        cancel("pending", &format!(r#"{{"workerSidsInConversation":["{ALICE}"]}}"#), "canceled"),
        403
    );
    for (status, attributes) in [("pending", invite(ALICE)), ("reserved", jp)] {
        let fake = alice().on(&get, 200, &task(status, &attributes)).on(
            &of_task(),
            200,
            &no_reservations(),
        );
        let fake = fake.on(&set, 200, &task("canceled", &attributes));
        assert_eq!(
            ask(fake, path, &format!("taskSid={TASK}&assignmentStatus=canceled")).status,
            200
        );
    }
}

#[test]
fn worker_attributes_are_put_over_the_others_with_if_match() {
    let path = "/common/flex/taskrouter/update-worker-attributes";
    let get = |worker| format!("GET {TASKROUTER}/Workers/{worker}");
    let worker = |attributes: &str| {
        serde_json::json!({ "sid": ALICE, "attributes": attributes, "friendly_name": "a" })
            .to_string()
    };
    let update = flex_edge::params::encode(r#"{"a":{"y":2}}"#);
    let before = worker(r#"{"a":{"x":1},"n":null,"k":1.50}"#);
    let write = |worker, etag| {
        format!(
            r#"POST {TASKROUTER}/Workers/{worker} Attributes={{"a":{{"y":2}},"n":null,"k":1.50}} [{etag}]"#
        )
    };
    let fake = alice()
        .on_with_etag(&get(ALICE), "\"1\"", &before)
        .on(&write(ALICE, "\"1\""), 412, "{}")
        .on_with_etag(&get(ALICE), "\"2\"", &before)
        .on(&write(ALICE, "\"2\""), 200, &before);
    let body = json(&ask(fake, path, &format!("workerSid={ALICE}&attributesUpdate={update}")));
    assert_eq!((&body["success"], &body["worker"]["friendlyName"]), (&true.into(), &"a".into()));
    assert_eq!(
        ask(alice(), path, &format!("workerSid={BOB}&attributesUpdate={update}")).status,
        403
    );
    for name in ["roles", "routing", "contact_uri"] {
        let update = flex_edge::params::encode(&format!(r#"{{"{name}":{{}}}}"#));
        assert_eq!(
            ask(alice(), path, &format!("workerSid={ALICE}&attributesUpdate={update}")).status,
            403
        );
    }
    let fake =
        dave().on_with_etag(&get(BOB), "\"1\"", &before).on(&write(BOB, "\"1\""), 200, &before);
    assert_eq!(ask(fake, path, &format!("workerSid={BOB}&attributesUpdate={update}")).status, 200);
}
