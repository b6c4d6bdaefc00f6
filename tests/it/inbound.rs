//! Conversations come in.

use flex_edge::base::http::Response;
use flex_edge::flex::verified::Verified;

use crate::fixtures::GONE;
use crate::support::{Fake, TASKROUTER, WORKSPACE, json, post, signed};

const CONVERSATIONS: &str = "https://conversations.twilio.com/v1/Conversations";
const INTERACTIONS: &str = "https://flex-api.twilio.com/v1/Interactions";
const CH: &str = "CH00000000000000000000000000000001";
const MB: &str = "MB00000000000000000000000000000001";
const WH: &str = "WH00000000000000000000000000000001";
const KD: &str = "KD00000000000000000000000000000001";
const UO: &str = "UO00000000000000000000000000000001";
const WW: &str = "WW00000000000000000000000000000009";
const TASK: &str = "WT00000000000000000000000000000009";

fn edge() -> Fake {
    Fake::default().with("TWILIO_FLEX_INBOUND_WORKFLOW_SID", WW)
}

fn message(author: &str) -> String {
    format!(
        "EventType=onMessageAdded&ConversationSid={CH}&WebhookSid={WH}&ParticipantSid={MB}&Author={author}&Body=hi"
    )
}

fn write(fake: Fake, body: &str) -> Response {
    fake.handle(signed(post("/conversations/inbound", body)))
}

fn conversation(state: &str, attributes: &str) -> String {
    serde_json::json!({ "sid": CH, "state": state, "attributes": attributes }).to_string()
}

fn member(identity: Option<&str>, address: Option<&str>) -> String {
    let binding = address.map(|address| serde_json::json!({ "address": address }));
    let member = serde_json::json!({
        "sid": MB, "identity": identity, "messaging_binding": binding, "attributes": "{}"
    });
    serde_json::json!({ "participants": [member], "meta": {} }).to_string()
}

fn read_members() -> String {
    format!("GET {CONVERSATIONS}/{CH}/Participants?PageSize=100")
}

/// The conversation and its customer are read.
fn seen(fake: Fake, address: &str) -> Fake {
    fake.on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation("active", "{}")).on(
        &read_members(),
        200,
        &member(None, Some(address)),
    )
}

fn create(medium: &str, channel: &str, attributes: &str) -> String {
    format!(
        r#"POST {INTERACTIONS} Channel={{"type":"{medium}","initiated_by":"customer","properties":{{"media_channel_sid":"{CH}"}}}}&Routing={{"properties":{{"workspace_sid":"{WORKSPACE}","workflow_sid":"{WW}","task_channel_unique_name":"{channel}","attributes":{attributes}}}}}"#
    )
}

fn sms() -> String {
    create(
        "sms",
        "sms",
        &format!(
            r#"{{"from":"+15551230001","customerAddress":"+15551230001","customerName":"+15551230001","customers":{{"phone":"+15551230001"}},"channelType":"sms","conversationSid":"{CH}"}}"#
        ),
    )
}

fn made() -> String {
    format!(r#"{{"sid":"{KD}","channel":{{"type":"sms","sid":"{UO}"}},"routing":{{}}}}"#)
}

fn look() -> String {
    format!("GET {INTERACTIONS}/{KD}/Channels/{UO}")
}

fn channel(status: &str) -> String {
    format!(r#"{{"sid":"{UO}","status":"{status}","error_code":null}}"#)
}

fn take_off() -> String {
    format!("DELETE {CONVERSATIONS}/{CH}/Webhooks/{WH}")
}

fn find() -> String {
    format!(
        "GET {TASKROUTER}/Tasks?EvaluateTaskAttributes=conversationSid%20%3D%3D%20%22{CH}%22&PageSize=50"
    )
}

fn found(status: &str) -> String {
    let attributes = serde_json::json!({
        "conversationSid": CH, "flexInteractionSid": KD, "flexInteractionChannelSid": UO
    });
    serde_json::json!({
        "tasks": [{ "sid": TASK, "assignment_status": status, "attributes": attributes.to_string() }],
        "meta": {}
    })
    .to_string()
}

fn is_watched(fake: &Fake) -> bool {
    fake.world.watched(&format!("inbound/{CH}/{MB}")).is_some()
}

#[test]
fn a_short_message_becomes_an_interaction_in_two_round_trips() {
    let fake = seen(edge(), "+15551230001")
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    let answer = fake.handle(signed(post("/conversations/inbound", &message("%2B15551230001"))));
    assert_eq!((answer.status, json(&answer)["success"].as_bool()), (200, Some(true)));
    assert!(!is_watched(&fake));
}

#[test]
fn the_answer_waits_for_the_gate_alone() {
    let fake = edge();
    let app = fake.app();
    let answer = crate::support::handle(
        &app,
        signed(post("/conversations/inbound", &message("%2B15551230001"))),
    );
    assert_eq!(answer.status, 200);
    assert!(fake.world.calls.borrow().is_empty());
    assert!(is_watched(&fake), "the gate knows before the answer is given");
}

#[test]
fn ten_messages_at_once_are_one_interaction() {
    let fake = seen(edge(), "+15551230001")
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    let app = fake.app();
    for _ in 0..10 {
        let body = message("%2B15551230001");
        let answer = crate::support::handle(&app, signed(post("/conversations/inbound", &body)));
        assert_eq!(answer.status, 200);
    }
    fake.go_on();
    fake.played();
}

#[test]
fn a_message_that_slips_through_only_takes_the_webhook_off() {
    let fake = seen(edge(), "+15551230001")
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 400, "{}");
    let body = message("%2B15551230001");
    assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
    let fake = fake.on(&take_off(), 404, GONE);
    assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
    // Another customer of the same conversation, weeks later.
    fake.world.slept.set(fake.world.slept.get() + 14 * 24 * 3_600_000);
    let other = body.replace(MB, "MB00000000000000000000000000000002");
    let members = member(None, Some("+15551230002"));
    let members = members.replace(MB, "MB00000000000000000000000000000002");
    let fake = fake
        .on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation("active", "{}"))
        .on(&read_members(), 200, &members)
        .on(&take_off(), 204, "");
    assert_eq!(fake.handle(signed(post("/conversations/inbound", &other))).status, 200);
}

#[test]
fn the_webhook_is_found_by_where_it_calls() {
    let hooks = serde_json::json!({ "webhooks": [
        { "sid": "WH00000000000000000000000000000002", "configuration": { "url": "https://other/x" } },
        { "sid": "WH00000000000000000000000000000003", "configuration": { "flow_sid": "FW1" } },
        { "sid": WH, "configuration": { "url": "https://edge.example.com/conversations/inbound?a=1" } },
    ], "meta": {} });
    let fake = seen(edge(), "+15551230001")
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&format!("GET {CONVERSATIONS}/{CH}/Webhooks?PageSize=5"), 200, &hooks.to_string())
        .on(&take_off(), 204, "");
    let body = message("%2B15551230001").replace(&format!("&WebhookSid={WH}"), "");
    assert_eq!(write(fake, &body).status, 200);
}

#[test]
fn the_medium_follows_the_customers_binding() {
    for (address, medium, channel_name, customers, customer) in [
        ("whatsapp:+5511987654321", "whatsapp", "chat", r#"{"phone":"+5511987654321"}"#, "Ana"),
        ("messenger:123", "messenger", "chat", r#"{"name":"Ana"}"#, "Ana"),
        ("+15551230001", "sms", "sms", r#"{"phone":"+15551230001"}"#, "Ana"),
    ] {
        let attributes = format!(
            r#"{{"from":"{address}","customerAddress":"{address}","customerName":"{customer}","customers":{customers},"channelType":"{medium}","conversationSid":"{CH}"}}"#
        );
        for name in [
            "&ProfileName=Ana",
            "&ChannelMetadata=%7B%22data%22%3A%7B%22context%22%3A%7B%22ProfileName%22%3A%22Ana%22%7D%7D%7D",
        ] {
            let fake = seen(edge(), address)
                .on(&create(medium, channel_name, &attributes), 200, &made())
                .on(&look(), 200, &channel("active"))
                .on(&take_off(), 204, "");
            let author = address.replace('+', "%2B");
            assert_eq!(write(fake, &format!("{}{name}", message(&author))).status, 200);
        }
    }
}

fn workers(identity: &str) -> String {
    format!(
        "GET {TASKROUTER}/Workers?TargetWorkersExpression=contact_uri%20%3D%3D%20%22client%3A{identity}%22&PageSize=50"
    )
}

const NO_WORKERS: &str = r#"{"workers":[],"meta":{}}"#;

/// A visitor's chat, whose attributes say what was asked, becomes a task with these attributes.
fn web_chat(asked: &str, attributes: &str) -> Fake {
    edge()
        .on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation("active", asked))
        .on(&read_members(), 200, &member(Some("visitor"), None))
        .on(&workers("visitor"), 200, NO_WORKERS)
        .on(&create("web", "chat", attributes), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "")
}

#[test]
fn a_web_customer_has_what_was_asked_before_the_chat() {
    let asked = r#"{"pre_engagement_data":{"friendlyName":"Ana","query":"?"},"more":1}"#;
    let attributes = format!(
        r#"{{"from":"Ana","customerAddress":"visitor","customerName":"Ana","customers":{{"name":"Ana"}},"channelType":"web","conversationSid":"{CH}","pre_engagement_data":{{"friendlyName":"Ana","query":"?"}}}}"#
    );
    let fake = web_chat(asked, &attributes);
    assert_eq!(write(fake, &message("visitor")).status, 200);
}

#[test]
fn what_the_site_says_of_a_visitor_counts_under_our_seal_for_their_identity_alone() {
    let token = |name: &str| (name == "TWILIO_AUTH_TOKEN").then(|| "auth-token".to_owned());
    let config = flex_edge::base::config::Config::read(token);
    let site = Verified { name: Some("Ana Archer".into()), email: Some("a@b.example".into()) };
    let plain = r#""customerName":"Ana","customers":{"name":"Ana"}"#;
    let known =
        r#""customerName":"Ana Archer","customers":{"name":"Ana Archer","email":"a@b.example"}"#;
    let end = r#","verified":{"name":"Ana Archer","email":"a@b.example"}"#;
    let sealed = site.sealed(&config, "visitor");
    for (verified, from, names, end) in [
        (sealed.as_str(), "Ana Archer", known, end),
        (&site.sealed(&config, "another"), "Ana", plain, ""),
        (&sealed.replace("Ana Archer", "The Boss"), "Ana", plain, ""),
        (r#"{"name":"The Boss"}"#, "Ana", plain, ""),
        ("true", "Ana", plain, ""),
    ] {
        let asked =
            format!(r#"{{"pre_engagement_data":{{"friendlyName":"Ana","verified":{verified}}}}}"#);
        let attributes = format!(
            r#"{{"from":"{from}","customerAddress":"visitor",{names},"channelType":"web","conversationSid":"{CH}","pre_engagement_data":{{"friendlyName":"Ana"}}{end}}}"#
        );
        let fake = web_chat(&asked, &attributes);
        assert_eq!(write(fake, &message("visitor")).status, 200, "{verified}");
    }
}

#[test]
fn what_was_asked_is_cut_to_a_sane_length() {
    let long = "é".repeat(6_000);
    let asked = serde_json::json!({ "pre_engagement_data": {
        "friendlyName": long, "query": long, "room": long, "small": [1]
    } });
    let name = "é".repeat(128);
    let answer = "é".repeat(500);
    let attributes = format!(
        r#"{{"from":"{name}","customerAddress":"visitor","customerName":"{name}","customers":{{"name":"{name}"}},"channelType":"web","conversationSid":"{CH}","pre_engagement_data":{{"friendlyName":"{answer}","query":"{answer}","small":[1]}}}}"#
    );
    let fake = web_chat(&asked.to_string(), &attributes);
    assert_eq!(write(fake, &message("visitor")).status, 200);
}

#[test]
fn what_is_no_customers_message_opens_nothing() {
    for body in [
        message("%2B15551230001").replace("onMessageAdded", "onMessageUpdated"),
        message("%2B15551230001").replace("onMessageAdded", "onParticipantAdded"),
        message("system"),
        message("%2B15551230001").replace("EventType=onMessageAdded&", ""),
        format!("EventType=onMessageAdded&ConversationSid={CH}"),
    ] {
        let answer = write(edge(), &body);
        assert_eq!(answer.status, 200, "{body}");
    }
    let agent = edge()
        .on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation("active", "{}"))
        .on(&read_members(), 200, &member(Some("alice"), None))
        .on(
            &workers("alice"),
            200,
            r#"{"workers":[{"sid":"WK00000000000000000000000000000001","attributes":"{\"contact_uri\":\"client:alice\"}"}],"meta":{}}"#,
        );
    assert_eq!(agent.handle(signed(post("/conversations/inbound", &message("alice")))).status, 200);
    // The next one costs nothing.
    assert_eq!(agent.handle(signed(post("/conversations/inbound", &message("alice")))).status, 200);
    // Somebody who is not in it, a bot for example.
    let bot = edge()
        .on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation("active", "{}"))
        .on(&read_members(), 200, &member(None, Some("+15551230001")))
        .on(&workers("bot"), 200, NO_WORKERS);
    let body = message("bot").replace(&format!("&ParticipantSid={MB}"), "");
    assert_eq!(write(bot, &body).status, 200);
}

#[test]
fn who_is_not_listed_yet_is_looked_for_again() {
    let fake = edge()
        .on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation("active", "{}"))
        .on(&read_members(), 200, r#"{"participants":[],"meta":{}}"#);
    let body = message("%2B15551230001");
    assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
    assert!(is_watched(&fake));
    let fake = seen(fake, "+15551230001").on(&sms(), 200, &made());
    let fake = fake.on(&look(), 200, &channel("active")).on(&take_off(), 204, "");
    assert!(fake.alarm(&format!("inbound/{CH}/{MB}")));
    assert!(!is_watched(&fake));
}

#[test]
fn closed_conversations_and_internal_chats_open_nothing() {
    for (state, attributes) in [("closed", "{}"), ("active", r#"{"internalChat":"internalChat"}"#)]
    {
        let fake = edge()
            .on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation(state, attributes))
            .on(&read_members(), 200, &member(None, Some("+15551230001")));
        assert_eq!(write(fake, &message("%2B15551230001")).status, 200);
    }
}

#[test]
fn a_lost_answer_is_looked_for_and_nothing_is_opened_twice() {
    let fake = seen(edge(), "+15551230001")
        .on_lost(&sms())
        .on(&find(), 200, &found("pending"))
        .on(&look(), 200, &channel("active"))
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    assert_eq!(write(fake, &message("%2B15551230001")).status, 200);
    for status in [500, 503] {
        let fake = seen(edge(), "+15551230001")
            .on(&sms(), status, "{}")
            .on(&find(), 200, r#"{"tasks":[],"meta":{}}"#)
            .on(&sms(), 200, &made())
            .on(&look(), 200, &channel("active"))
            .on(&take_off(), 204, "");
        assert_eq!(write(fake, &message("%2B15551230001")).status, 200);
    }
}

#[test]
fn what_was_lost_is_looked_for_once_it_can_show() {
    let fake = seen(edge(), "+15551230001")
        .on_lost(&sms())
        .on(&find(), 200, &found("pending"))
        .on(&look(), 200, &channel("active"))
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    let body = message("%2B15551230001");
    assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
    assert_eq!(fake.world.slept.get(), 2_000);
}

#[test]
fn what_may_have_been_made_is_looked_for_before_it_is_made_hours_later() {
    let body = message("%2B15551230001");
    let message = || signed(post("/conversations/inbound", &body));
    // The gate's longest pause is an hour. The search fails too, as long as Twilio is away.
    let fake = seen(edge(), "+15551230001").on_lost(&sms()).on(&find(), 403, "{}");
    assert_eq!(fake.handle(message()).status, 200);
    let fake = seen(fake, "+15551230001").on(&find(), 403, "{}");
    fake.world.slept.set(fake.world.slept.get() + 61 * 60_000);
    assert_eq!(fake.handle(message()).status, 200);
    let fake = seen(fake, "+15551230001").on(&find(), 200, &found("pending"));
    fake.world.slept.set(fake.world.slept.get() + 61 * 60_000);
    let looked = fake.on(&look(), 200, &channel("active")).on(&look(), 200, &channel("active"));
    let fake = looked.on(&take_off(), 204, "");
    assert_eq!(fake.handle(message()).status, 200);
    assert!(!is_watched(&fake));
}

#[test]
fn a_gate_that_could_not_be_asked_is_asked_once_more() {
    let body = message("%2B15551230001");
    let message = || signed(post("/conversations/inbound", &body));
    let fake = seen(edge(), "+15551230001")
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    fake.world.broken_claims.set(1);
    assert_eq!(fake.handle(message()).status, 200);
    // Twilio hears of it that nobody knows of the message.
    let fake = edge();
    fake.world.broken_claims.set(2);
    assert_eq!(fake.handle(message()).status, 500);
}

#[test]
fn attributes_that_a_listing_leaves_out_are_fetched() {
    let listed = format!(
        r#"{{"tasks":[{{"sid":"{TASK}","assignment_status":"pending","attributes":null}}],"meta":{{}}}}"#
    );
    let tasks: serde_json::Value = serde_json::from_str(&found("pending")).unwrap();
    let fake = seen(edge(), "+15551230001")
        .on_lost(&sms())
        .on(&find(), 200, &listed)
        .on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &tasks["tasks"][0].to_string())
        .on(&look(), 200, &channel("active"))
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    assert_eq!(write(fake, &message("%2B15551230001")).status, 200);
}

#[test]
fn a_task_that_vanishes_while_it_is_fetched_is_none() {
    let listed = format!(
        r#"{{"tasks":[{{"sid":"{TASK}","assignment_status":"canceled","attributes":null}}],"meta":{{}}}}"#
    );
    let fake = seen(edge(), "+15551230001")
        .on(&sms(), 500, "{}")
        .on(&find(), 200, &listed)
        .on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 404, GONE)
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    assert_eq!(write(fake, &message("%2B15551230001")).status, 200);
}

#[test]
fn a_channel_that_fails_is_told_and_tried_once_more() {
    let fake = seen(edge(), "+15551230001")
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("setup"))
        .on(&look(), 200, &channel("failed").replace("null", "19025"))
        .on(&sms(), 200, &made())
        .on(&look(), 200, &channel("active"))
        .on(&take_off(), 204, "");
    assert_eq!(
        fake.handle(signed(post("/conversations/inbound", &message("%2B15551230001")))).status,
        200
    );
    let lines = fake.world.lines.borrow();
    assert!(lines.iter().any(|line| line.contains("interaction failed") && line.contains("19025")));
    assert!(!lines.iter().any(|line| line.contains("1555")), "no numbers in the log");
}

/// What is seen of a channel of which nobody knows whether it stands.
fn uncertain(fake: Fake, is_unknown: bool) -> Fake {
    if is_unknown {
        return fake.on(&look(), 403, "{}");
    }
    (0..4).fold(fake, |fake, _| fake.on(&look(), 200, &channel("setup")))
}

/// The Interaction was accepted, and nobody has seen its channel stand.
fn accepted(is_unknown: bool) -> Fake {
    let fake = uncertain(seen(edge(), "+15551230001").on(&sms(), 200, &made()), is_unknown);
    let body = message("%2B15551230001");
    assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
    assert!(is_watched(&fake), "nobody looks again");
    fake
}

#[test]
fn a_channel_that_nobody_has_seen_stand_is_looked_at_again_and_not_made_again() {
    let key = format!("inbound/{CH}/{MB}");
    for is_unknown in [false, true] {
        // The webhook stays: the customer's next message looks too.
        let fake = uncertain(seen(accepted(is_unknown), "+15551230001"), is_unknown);
        let body = message("%2B15551230001");
        assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
        assert!(is_watched(&fake));
        let fake = seen(fake, "+15551230001").on(&look(), 200, &channel("active"));
        assert!(fake.on(&take_off(), 204, "").alarm(&key));
    }
    // It was seen to fail later: then there is none, and one is made.
    let fake = seen(accepted(false), "+15551230001").on(&look(), 200, &channel("failed"));
    let fake = fake.on(&sms(), 200, &made()).on(&look(), 200, &channel("active"));
    let fake = fake.on(&take_off(), 204, "");
    assert!(fake.alarm(&key));
    assert!(!is_watched(&fake));
}

#[test]
fn what_an_older_version_has_kept_of_an_interaction_counts() {
    let fake = edge();
    fake.world.keep(&format!("inbound/{CH}"), "null");
    let fake = seen(fake, "+15551230001").on(&take_off(), 204, "");
    assert_eq!(write(fake, &message("%2B15551230001")).status, 200);
}

#[test]
fn whatever_fails_the_gate_does_it_again_and_finds_what_was_left() {
    let reads: [fn(Fake) -> Fake; 4] = [
        |fake| {
            let broken = |fake: Fake| fake.on(&format!("GET {CONVERSATIONS}/{CH}"), 400, "{}");
            broken(fake).on(&read_members(), 200, &member(None, Some("+15551230001")))
        },
        |fake| {
            let conversation = conversation("active", "{}");
            fake.on(&format!("GET {CONVERSATIONS}/{CH}"), 200, &conversation).on(
                &read_members(),
                403,
                "{}",
            )
        },
        |fake| {
            seen(fake, "+15551230001").on(&sms(), 429, "{}").on(&sms(), 429, "{}").on(
                &sms(),
                429,
                "{}",
            )
        },
        // Somebody has just written in it.
        |fake| {
            let read = format!("GET {CONVERSATIONS}/{CH}");
            fake.on(&read, 404, GONE).on(&read_members(), 404, GONE)
        },
    ];
    for (at, read) in reads.into_iter().enumerate() {
        let fake = read(edge());
        let body = message("%2B15551230001");
        assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
        assert!(is_watched(&fake), "{at}");
        let fake = seen(fake, "+15551230001");
        let fake = if at == 2 { fake.on(&find(), 200, r#"{"tasks":[],"meta":{}}"#) } else { fake };
        let fake = fake.on(&sms(), 200, &made()).on(&look(), 200, &channel("active")).on(
            &take_off(),
            204,
            "",
        );
        assert!(fake.alarm(&format!("inbound/{CH}/{MB}")));
        assert!(!is_watched(&fake), "{at}");
    }
}

#[test]
fn a_conversation_that_is_gone_is_looked_for_once_more() {
    let gone = |fake: Fake| {
        let read = format!("GET {CONVERSATIONS}/{CH}");
        fake.on(&read, 404, GONE).on(&read_members(), 404, GONE)
    };
    let fake = gone(edge());
    let body = message("%2B15551230001");
    assert_eq!(fake.handle(signed(post("/conversations/inbound", &body))).status, 200);
    assert!(is_watched(&fake));
    let fake = gone(fake);
    assert!(fake.alarm(&format!("inbound/{CH}/{MB}")));
    assert!(!is_watched(&fake));
}

#[test]
fn without_its_workflow_it_says_so() {
    let answer = write(Fake::default(), &message("%2B15551230001"));
    assert_eq!(answer.status, 500);
    assert_eq!(json(&answer)["missing"][0], "TWILIO_FLEX_INBOUND_WORKFLOW_SID");
}
