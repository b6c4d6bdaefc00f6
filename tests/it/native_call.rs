//! Calls between agents that Flex runs: tickets, TwiML, and calls that nobody takes.

use flex_edge::base::http::{Request, Response};
use flex_edge::base::text::{base64url, from_base64url};

use crate::fixtures::{BOB, GONE, WRONG_STATE};
use crate::support::{ALICE, API, Fake, TASKROUTER, get, json, post, signed};

const APP: &str = "AP00000000000000000000000000000001";
const WORKFLOW: &str = "WW00000000000000000000000000000001";
const TASK: &str = "WT000000000000000000000000000000b1";
const CALL: &str = "CA000000000000000000000000000000b1";
const OTHER: &str = "CA000000000000000000000000000000b2";
const WR: &str = "WR00000000000000000000000000000001";
const QUEUE: &str = "WQ00000000000000000000000000000001";

fn edge() -> Fake {
    Fake::default().with("TWILIO_FLEX_INTERNAL_CALL_APP_SID", APP)
}

fn worker(sid: &str, name: &str, available: bool) -> String {
    let attributes = serde_json::json!({ "full_name": name }).to_string();
    serde_json::json!({ "sid": sid, "friendly_name": "login", "attributes": attributes, "available": available })
        .to_string()
}

fn channel(name: &str, available: bool, free: u32) -> String {
    format!(
        r#"{{"channels":[{{"task_channel_unique_name":"{name}","available":{available},"available_capacity_percentage":{free}}}],"meta":{{}}}}"#
    )
}

fn of(worker: &str) -> String {
    format!("GET {TASKROUTER}/Workers/{worker}")
}

fn with_agents(fake: Fake, available: bool, channels: &str) -> Fake {
    read_agents(fake.on_token(), available, channels)
}

fn read_agents(fake: Fake, available: bool, channels: &str) -> Fake {
    fake.on(&of(ALICE), 200, &worker(ALICE, "Alice", true))
        .on(&of(BOB), 200, &worker(BOB, "Bob & \"Co\" <b>", available))
        .on(&format!("{}/Channels?PageSize=1000", of(BOB)), 200, channels)
}

fn start(fake: &Fake, fields: &str) -> Response {
    fake.handle(post("/internal-call/start", &format!("Token=a.flex.token.of.alice&{fields}")))
}

/// A ticket for a call of Alice's to Bob, and the id that joins its tasks.
fn ticket(fake: Fake) -> (Fake, String, String) {
    let fake = with_agents(fake, true, &channel("voice", true, 100));
    let answer = json(&start(&fake, &format!("workerSid={BOB}")));
    let destination = answer["destination"].as_str().unwrap();
    let ticket = destination.strip_prefix(&format!("app:{APP}?t=")).unwrap().to_owned();
    let conversations = &answer["taskAttributes"]["conversations"];
    (fake, ticket, conversations["conversation_id"].as_str().unwrap().to_owned())
}

fn arrive(fake: &Fake, ticket: &str, call: &str) -> Response {
    fake.handle(signed(post("/voice/internal-call", &format!("CallSid={call}&t={ticket}"))))
}

const REJECT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Reject/></Response>";

#[test]
fn an_agent_who_is_free_can_be_called_by_a_ticket() {
    let fake = with_agents(edge(), true, &channel("voice", true, 50));
    let fake = fake.with("TWILIO_FLEX_OUTBOUND_QUEUE_SID", QUEUE);
    let response = start(&fake, &format!("workerSid={BOB}"));
    let answer = json(&response);
    assert_eq!(response.status, 200, "{answer}");
    assert_eq!(
        (answer["success"].as_bool(), answer["queueSid"].as_str()),
        (Some(true), Some(QUEUE))
    );
    assert_eq!(answer["taskAttributes"]["internal_call"], "native");
    assert_eq!(answer["taskAttributes"]["name"], "Bob & \"Co\" <b>");
    let destination = answer["destination"].as_str().unwrap();
    let ticket = destination.strip_prefix(&format!("app:{APP}?t=")).unwrap();
    assert!(ticket.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
}

#[test]
fn each_ticket_is_another_one() {
    let fake = with_agents(edge(), true, &channel("voice", true, 50));
    let app = fake.app();
    let ask = || {
        let request =
            post("/internal-call/start", &format!("Token=a.flex.token.of.alice&workerSid={BOB}"));
        json(&crate::support::handle(&app, request))["destination"].as_str().unwrap().to_owned()
    };
    let first = ask();
    // The token is believed for a minute.
    let fake = read_agents(fake, true, &channel("voice", true, 50));
    assert_ne!(ask(), first);
    fake.played();
}

#[test]
fn who_cannot_be_called_is_told_with_the_reason() {
    let voice = channel("voice", true, 100);
    let cases = [
        (with_agents(edge(), false, &voice), "unavailable"),
        (with_agents(edge(), true, &channel("voice", true, 0)), "busy"),
        (with_agents(edge(), true, &channel("voice", false, 100)), "busy"),
        (with_agents(edge(), true, &channel("chat", true, 100)), "busy"),
        (
            edge()
                .on_token()
                .on(&of(ALICE), 200, &worker(ALICE, "Alice", true))
                .on(&of(BOB), 404, GONE)
                .on(&format!("{}/Channels?PageSize=1000", of(BOB)), 404, GONE),
            "unknown",
        ),
    ];
    for (fake, reason) in cases {
        let response = start(&fake, &format!("workerSid={BOB}"));
        let answer = json(&response);
        assert_eq!((response.status, answer["reason"].as_str()), (409, Some(reason)), "{answer}");
        assert!(answer["destination"].is_null());
    }
    let response = start(&edge().on_token(), &format!("workerSid={ALICE}"));
    assert_eq!((response.status, json(&response)["reason"].as_str()), (409, Some("self")));
}

#[test]
fn one_of_agent_and_queue_is_called_and_only_with_the_settings() {
    for fields in
        ["", &format!("workerSid={BOB}&queueSid={QUEUE}"), "workerSid=null", "workerSid=WT1"]
    {
        let response = start(&edge().on_token(), fields);
        assert_eq!((response.status, json(&response)["field"].as_str()), (400, Some("workerSid")));
    }
    let response = start(&Fake::default().on_token(), &format!("workerSid={BOB}"));
    assert_eq!(response.status, 500);
    assert_eq!(json(&response)["missing"][0], "TWILIO_FLEX_INTERNAL_CALL_APP_SID");
    assert_eq!(arrive(&Fake::default(), "x", CALL).status, 500);
}

#[test]
fn twilios_failures_make_no_ticket() {
    let calls = [
        (of(ALICE), worker(ALICE, "Alice", true)),
        (of(BOB), worker(BOB, "Bob", true)),
        (format!("{}/Channels?PageSize=1000", of(BOB)), channel("voice", true, 100)),
    ];
    for (status, ours) in [(400, 400), (403, 502), (429, 429), (500, 502), (503, 503)] {
        for failing in 0..calls.len() {
            let mut fake = edge().on_token();
            for (n, (call, body)) in calls.iter().enumerate() {
                // Twilio asks for a pause that nobody can wait for.
                fake = if n == failing {
                    fake.on_later(call, status, 60)
                } else {
                    fake.on(call, 200, body)
                };
            }
            let response = start(&fake, &format!("workerSid={BOB}"));
            assert_eq!(response.status, ours, "{status} to {}", calls[failing].0);
            assert!(json(&response)["destination"].is_null());
        }
    }
}

#[test]
fn the_call_waits_as_the_called_agents_task() {
    let (fake, ticket, conversation) = ticket(edge());
    let first = arrive(&fake, &ticket, CALL);
    let task = format!(
        r#"{{"internal_call":"native","worker_sid":"{BOB}","name":"Alice","caller_worker_sid":"{ALICE}","conversations":{{"conversation_id":"{conversation}"}}}}"#
    );
    assert_eq!(
        first.body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Enqueue workflowSid=\"{WORKFLOW}\" \
             waitUrl=\"https://edge.example.com/voice/internal-call/ring\" \
             action=\"https://edge.example.com/voice/internal-call/left\">\
             <Task timeout=\"60\">{task}</Task></Enqueue></Response>"
        )
    );
    // Twilio delivers it again, also when the ticket's time is up by then.
    assert_eq!(arrive(&fake, &ticket, CALL), first);
    fake.world.slept.set(61_000);
    assert_eq!(arrive(&fake, &ticket, CALL), first);
}

#[test]
fn a_ticket_is_used_once_and_within_a_minute() {
    let (fake, ticket, _) = ticket(edge());
    assert!(arrive(&fake, &ticket, CALL).body.contains("<Enqueue"));
    assert_eq!(arrive(&fake, &ticket, OTHER).body, REJECT, "used");
    let (fake, ticket, _) = self::ticket(edge());
    fake.world.slept.set(60_000);
    assert_eq!(arrive(&fake, &ticket, CALL).body, REJECT, "late");
    let (fake, ticket, _) = self::ticket(edge());
    fake.world.slept.set(59_000);
    assert!(arrive(&fake, &ticket, CALL).body.contains("<Enqueue"));
}

#[test]
fn what_is_no_ticket_of_ours_opens_nothing() {
    let (fake, ticket, _) = ticket(edge());
    let text = String::from_utf8(from_base64url(&ticket).unwrap()).unwrap();
    let (seal, inside) = text.split_once(' ').unwrap();
    let eve = "WK000000000000000000000000000000ee";
    let forged = [
        String::new(),
        "x".to_owned(),
        ticket[1..].to_owned(),
        format!("{ticket}A"),
        base64url(inside.as_bytes()),
        base64url(format!("{seal} {}", inside.replace(BOB, eve)).as_bytes()),
        base64url(format!("{seal} {}", inside.replace(ALICE, eve)).as_bytes()),
        base64url(format!(" {inside}").as_bytes()),
        base64url(format!("{} {inside}", "0".repeat(40)).as_bytes()),
    ];
    for ticket in &forged {
        assert_eq!(arrive(&fake, ticket, CALL).body, REJECT, "{ticket}");
    }
    // An agent dials the application by hand.
    let by_hand = format!("CallSid={CALL}&To=app:{APP}&worker_sid={BOB}&caller_worker_sid={ALICE}");
    let response = fake.handle(signed(post("/voice/internal-call", &by_hand)));
    assert_eq!(response.body, REJECT);
    // Of another account.
    let foreign = edge().with("TWILIO_AUTH_TOKEN", "another-token");
    let (_, foreign, _) = self::ticket(foreign);
    assert_eq!(arrive(&fake, &foreign, CALL).body, REJECT);
    assert!(arrive(&fake, &ticket, CALL).body.contains("<Enqueue"), "the good one is unused");
}

#[test]
fn a_url_that_an_agent_has_named_takes_no_ticket_for_anybody() {
    // Twilio signs what it tells of a conference, with a body that says nothing of a ticket.
    let (fake, ticket, _) = ticket(edge());
    let of_own_call = format!("CallSid={CALL}&StatusCallbackEvent=participant-join");
    let told = |path: String, body: &str| fake.handle(signed(post(&path, body)));
    let path = format!("/voice/internal-call?CallSid={OTHER}&t={ticket}");
    assert_eq!(told(path, "StatusCallbackEvent=conference-start").status, 400);
    assert_eq!(told(format!("/voice/internal-call?t={ticket}"), &of_own_call).body, REJECT);
    let got = get(&format!("/voice/internal-call?CallSid={OTHER}&t={ticket}"));
    assert_eq!(fake.handle(signed(got)).status, 405);
    // A parameter of the call that is named like one of Twilio's own.
    for body in [
        format!("CallSid={CALL}&t={ticket}&CallSid={OTHER}"),
        format!("CallSid={OTHER}&t={ticket}&CallSid={CALL}"),
    ] {
        assert_eq!(told("/voice/internal-call".to_owned(), &body).status, 400);
    }
    assert!(arrive(&fake, &ticket, CALL).body.contains("<Enqueue"), "nobody has used it");
}

#[test]
fn during_a_rotation_of_the_auth_token_tickets_hold() {
    let old = edge().with("TWILIO_AUTH_TOKEN", "old-token");
    let (_, ticket, _) = ticket(old);
    let rotated = edge().with("TWILIO_AUTH_TOKEN_SECONDARY", "old-token");
    assert!(arrive(&rotated, &ticket, CALL).body.contains("<Enqueue"));
}

#[test]
fn a_queue_is_called_by_its_name() {
    let queues = format!(
        r#"{{"task_queues":[{{"sid":"{QUEUE}","friendly_name":"Sales","target_workers":"1==1"}}],"meta":{{}}}}"#
    );
    let ask = |queues: &str| {
        edge().on_token().on(&of(ALICE), 200, &worker(ALICE, "Alice", true)).on(
            &format!("GET {TASKROUTER}/TaskQueues?PageSize=1000"),
            200,
            queues,
        )
    };
    let fake = ask(&queues);
    let answer = json(&start(&fake, &format!("queueSid={QUEUE}")));
    assert_eq!(answer["taskAttributes"]["name"], "Sales");
    let ticket = answer["destination"].as_str().unwrap().split_once("?t=").unwrap().1;
    let body = arrive(&fake, ticket, CALL).body;
    assert!(
        body.contains(r#""internal_call":"native-queue","callToQueue":"Sales","name":"Alice""#)
    );
    let response = start(&ask(r#"{"task_queues":[],"meta":{}}"#), &format!("queueSid={QUEUE}"));
    assert_eq!((response.status, json(&response)["reason"].as_str()), (409, Some("unknown")));
}

#[test]
fn a_long_name_is_cut() {
    let fake = edge()
        .on_token()
        .on(&of(ALICE), 200, &worker(ALICE, &"é".repeat(500), true))
        .on(&of(BOB), 200, &worker(BOB, "Bob", true))
        .on(&format!("{}/Channels?PageSize=1000", of(BOB)), 200, &channel("voice", true, 100));
    let answer = json(&start(&fake, &format!("workerSid={BOB}")));
    assert!(answer["destination"].as_str().unwrap().len() < 600);
}

fn plays(path: &str, body: &str) -> String {
    let response = Fake::default().handle(signed(post(path, body)));
    assert_eq!(response.status, 200);
    response.body.split_once("<Response>").unwrap().1.to_owned()
}

#[test]
fn who_waits_hears_the_ringing_tone_and_words_where_it_cannot_be_fetched() {
    let tone = |origin: &str| {
        format!(
            "<Play loop=\"0\">{origin}/voice/internal-call/ringback.wav</Play>\
             <Say language=\"en-US\">Calling. Please wait.</Say>\
             <Say language=\"pt-BR\">Chamando. Aguarde, por favor.</Say>\
             <Pause length=\"10\"/></Response>"
        )
    };
    for body in ["CallSid=CA1&QueueTime=0", "CallSid=CA1&QueueTime=12", ""] {
        assert_eq!(plays("/voice/internal-call/ring", body), tone("https://edge.example.com"));
    }
    // Where Twilio was told to ask.
    let public = "https://tunnel.example.com";
    let seen = post("/voice/internal-call/ring", "");
    let given =
        Request { url: seen.url.replace("https://edge.example.com", public), ..seen.clone() };
    let request = Request { signature: signed(given).signature, ..seen };
    let answer = Fake::default().with("PUBLIC_URL", public).handle(request).body;
    assert!(answer.ends_with(&tone(public)), "{answer}");
}

#[test]
fn who_was_not_served_is_told_so() {
    let left = |result: &str| plays("/voice/internal-call/left", &format!("QueueResult={result}"));
    for result in ["bridged", "bridging-in-process", "hangup", "redirected-from-bridged"] {
        assert_eq!(left(result), "<Hangup/></Response>", "{result}");
    }
    for result in ["redirected", "leave", "error", "system-error", "queue-full", ""] {
        let said = left(result);
        assert!(
            said.contains("not available") && said.ends_with("<Hangup/></Response>"),
            "{result}"
        );
    }
}

/// What TaskRouter tells of the task; `more` are members of its attributes.
fn tell(fake: &Fake, kind: &str, workflow: &str, attributes: &str) -> Response {
    let body = format!(
        "EventType={kind}&TaskSid={TASK}&WorkflowSid={workflow}&TaskChannelUniqueName=voice&TaskAttributes={attributes}&ReservationSid={WR}"
    );
    fake.handle(signed(post("/taskrouter/events", &body)))
}

fn attributes(conversation: &str, call: &str, more: &str) -> String {
    format!(
        r#"{{"internal_call":"native","worker_sid":"{BOB}","call_sid":"{call}","conversations":{{"conversation_id":"{conversation}"}}{more}}}"#
    )
}

/// A call that waits: the ticket is used, the task is made.
fn waits() -> (Fake, String) {
    let (fake, ticket, conversation) = ticket(edge());
    assert!(arrive(&fake, &ticket, CALL).body.contains("<Enqueue"));
    let attributes = attributes(&conversation, CALL, "");
    assert_eq!(tell(&fake, "task.created", WORKFLOW, &attributes).status, 204);
    (fake, attributes)
}

fn read(fake: Fake, status: &str, attributes: &str) -> Fake {
    let task =
        serde_json::json!({ "sid": TASK, "assignment_status": status, "attributes": attributes });
    fake.on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &task.to_string())
}

fn hung_up(fake: Fake) -> Fake {
    fake.on(&format!("POST {API}/Calls/{CALL}.json Status=completed"), 200, "{}")
}

fn canceled(fake: Fake) -> Fake {
    let call = format!(
        "POST {TASKROUTER}/Tasks/{TASK} AssignmentStatus=canceled&Reason=Nobody took the call between agents"
    );
    let task =
        serde_json::json!({ "sid": TASK, "assignment_status": "canceled", "attributes": "{}" });
    fake.on(&call, 200, &task.to_string())
}

#[test]
fn who_is_not_answered_is_let_go() {
    for kind in ["reservation.rejected", "reservation.timeout", "reservation.canceled"] {
        let (fake, attributes) = waits();
        let fake = canceled(hung_up(read(fake, "pending", &attributes)));
        assert_eq!(tell(&fake, kind, WORKFLOW, &attributes).status, 204, "{kind}");
        fake.go_on();
        fake.played();
        // Once for each event.
        assert_eq!(tell(&fake, kind, WORKFLOW, &attributes).status, 204);
        fake.go_on();
    }
    for kind in ["task.canceled", "task.deleted", "task.system-deleted"] {
        let (fake, attributes) = waits();
        let fake = hung_up(read(fake, "canceled", &attributes));
        tell(&fake, kind, WORKFLOW, &attributes);
        fake.go_on();
        fake.played();
    }
}

#[test]
fn a_task_or_call_that_is_gone_is_no_failure() {
    let (fake, attributes) = waits();
    let over = r#"{"code":21220,"message":"Call is not in-progress","status":400}"#;
    let fake = fake.on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 404, GONE).on(
        &format!("POST {API}/Calls/{CALL}.json Status=completed"),
        400,
        over,
    );
    tell(&fake, "task.canceled", WORKFLOW, &attributes);
    fake.go_on();
    fake.played();
    assert!(fake.world.watched(&format!("not-taken/{TASK}")).is_none(), "nothing is left to do");
}

#[test]
fn a_call_that_somebody_has_had_goes_on() {
    // A transfer that is declined: the attributes tell of a conference.
    let taken = |attributes: &str| {
        attributes.replace(r#""worker_sid""#, r#""conference":{"sid":"CF1"},"worker_sid""#)
    };
    let (fake, attributes) = waits();
    tell(&fake, "reservation.rejected", WORKFLOW, &taken(&attributes));
    fake.go_on();
    // The event is older than the task.
    let fake = read(fake, "pending", &taken(&attributes));
    tell(&fake, "reservation.rejected", WORKFLOW, &attributes);
    fake.go_on();
    fake.played();
    for status in ["assigned", "wrapping"] {
        let (fake, attributes) = waits();
        let fake = read(fake, status, &attributes);
        tell(&fake, "reservation.rejected", WORKFLOW, &attributes);
        fake.go_on();
        fake.played();
    }
}

#[test]
fn nobody_ends_a_call_by_writing_attributes() {
    // Made in another workflow, for another call than the ticket's, for a queue, by nobody.
    let (fake, ticket, conversation) = ticket(edge());
    assert!(arrive(&fake, &ticket, CALL).body.contains("<Enqueue"));
    let own = attributes(&conversation, CALL, "");
    tell(&fake, "task.created", "WW00000000000000000000000000000003", &own);
    tell(&fake, "task.created", WORKFLOW, &attributes(&conversation, OTHER, ""));
    tell(&fake, "task.created", WORKFLOW, &attributes("another", CALL, ""));
    tell(&fake, "task.created", WORKFLOW, &own.replace("native", "native-queue"));
    for kind in ["reservation.rejected", "task.canceled"] {
        tell(&fake, kind, WORKFLOW, &own);
        fake.go_on();
    }
    // A second task for a call, by somebody who knows what it is called.
    let (fake, own) = waits();
    let second = "WT000000000000000000000000000000b2";
    for kind in ["task.created", "reservation.rejected", "task.canceled"] {
        let body = format!(
            "EventType={kind}&TaskSid={second}&WorkflowSid={WORKFLOW}&TaskAttributes={own}"
        );
        fake.handle(signed(post("/taskrouter/events", &body)));
        fake.go_on();
    }
    // Once it is known whose call it is, what is written later says nothing.
    let (fake, attributes) = waits();
    tell(&fake, "task.created", WORKFLOW, &attributes.replace(CALL, OTHER));
    let fake = canceled(hung_up(read(fake, "reserved", &attributes)));
    tell(&fake, "reservation.timeout", WORKFLOW, &attributes.replace(CALL, OTHER));
    fake.go_on();
    fake.played();
}

#[test]
fn the_gate_tries_again_what_failed() {
    let (fake, attributes) = waits();
    let hang_up = format!("POST {API}/Calls/{CALL}.json Status=completed");
    let wrong = format!(
        "POST {TASKROUTER}/Tasks/{TASK} AssignmentStatus=canceled&Reason=Nobody took the call between agents"
    );
    let fake =
        read(fake, "pending", &attributes).on(&hang_up, 500, "{}").on(&wrong, 400, WRONG_STATE);
    let fake = read(fake, "canceled", &attributes);
    tell(&fake, "reservation.rejected", WORKFLOW, &attributes);
    fake.go_on();
    fake.played();
    let fake = hung_up(read(fake, "canceled", &attributes));
    assert!(fake.alarm(&format!("not-taken/{WR}")));
}

#[test]
fn what_is_just_being_noted_is_not_taken_for_nothing() {
    let (fake, attributes) = waits();
    let second = "WT000000000000000000000000000000b3";
    let owner = fake.world.begin(&format!("native-task/{second}"), 13_000);
    let body = format!(
        "EventType=reservation.rejected&TaskSid={second}&WorkflowSid={WORKFLOW}&TaskAttributes={attributes}&ReservationSid={WR}"
    );
    assert_eq!(fake.handle(signed(post("/taskrouter/events", &body))).status, 204);
    let key = format!("not-taken/{WR}");
    assert!(fake.world.watched(&key).is_some());
    fake.world.settle(&format!("native-task/{second}"), owner, &format!("\"{CALL}\""));
    let over =
        serde_json::json!({ "sid": second, "assignment_status": "canceled", "attributes": "{}" });
    let read = format!("GET {TASKROUTER}/Tasks/{second}");
    let fake = hung_up(fake.on(&read, 200, &over.to_string()));
    assert!(fake.alarm(&key));
    // A task whose call is just getting in.
    let fake = edge();
    fake.world.begin("native-call/c9", 13_000);
    let made = self::attributes("c9", CALL, "");
    assert_eq!(tell(&fake, "task.created", WORKFLOW, &made).status, 503);
}
