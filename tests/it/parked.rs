//! Conversations are parked and come back.

use flex_edge::base::http::Response;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use crate::fixtures::{BOB, GONE, alice, ask, dave};
use crate::support::{ALICE, Fake, ORIGIN, TASKROUTER, WORKSPACE, json, now, post, signed};

const FLEX: &str = "https://flex-api.twilio.com/v1/Interactions";
const CONVERSATIONS: &str = "https://conversations.twilio.com/v1/Conversations";
const SYNC: &str = "https://sync.twilio.com/v1/Services/IS00000000000000000000000000000001/Maps";
const KD: &str = "KD00000000000000000000000000000001";
const UO: &str = "UO00000000000000000000000000000001";
const UT: &str = "UT00000000000000000000000000000001";
const CH: &str = "CH00000000000000000000000000000001";
const WH: &str = "WH00000000000000000000000000000001";
const WT: &str = "WT00000000000000000000000000000001";
const WW: &str = "WW00000000000000000000000000000007";
const WQ: &str = "WQ00000000000000000000000000000007";
const KG: &str = "KG00000000000000000000000000000001";
/// The id of the first parking of an instance.
pub const ID: &str = "beeb8da1658eec67";
const PARK: &str = "/features/park-interaction/flex/park-interaction";
const UNPARK: &str = "/features/park-interaction/flex/unpark-interaction";
const WEBHOOK: &str = "/features/park-interaction/common/unpark-interaction";

fn fields() -> String {
    format!(
        "channelSid={UO}&interactionSid={KD}&participantSid={UT}&conversationSid={CH}&channelType=sms&taskSid={WT}&workflowSid=WW00000000000000000000000000000001&taskChannelUniqueName=chat&queueName=Browsers&queueSid=WQ00000000000000000000000000000001&taskAttributes=%7B%7D&workerSid={ALICE}&createUpdateSyncMapItem=false"
    )
}

fn participant(sid: &str, worker: &str) -> String {
    format!(
        r#"{{"sid":"{sid}","type":"agent","routing_properties":{{"worker_sid":"{worker}","task_sid":"{WT}"}}}}"#
    )
}

fn participants(fake: Fake, listed: &str) -> Fake {
    let listed = format!(r#"{{"participants":[{listed}],"meta":{{}}}}"#);
    fake.on(&format!("GET {FLEX}/{KD}/Channels/{UO}/Participants?PageSize=100"), 200, &listed)
}

const OWN: &str = r#"{"from":"+15551230001","customerName":"Ana","conversationSid":"CH00000000000000000000000000000001","flexChannelInviteSid":"KG1","direction":"outbound","transferTargetSid":"WK1"}"#;

fn task(status: &str) -> String {
    serde_json::json!({
        "sid": WT, "assignment_status": status, "attributes": OWN, "workflow_sid": WW,
        "task_queue_sid": WQ, "task_queue_friendly_name": "Everyone", "task_channel_unique_name": "sms"
    })
    .to_string()
}

fn conversation(attributes: &str) -> String {
    serde_json::json!({ "sid": CH, "state": "active", "attributes": attributes }).to_string()
}

fn read() -> String {
    format!("GET {CONVERSATIONS}/{CH}")
}

/// What an agent's part is known by is read.
fn scene(fake: Fake, listed: &str, status: &str, attributes: &str) -> Fake {
    participants(fake, listed)
        .on(&format!("GET {TASKROUTER}/Tasks/{WT}"), 200, &task(status))
        .on(&format!("GET {CONVERSATIONS}/{CH}/Participants/alice"), 200, "{}")
        .on(&read(), 200, &conversation(attributes))
}

fn back(extra: &str) -> String {
    format!(
        r#"{{"from":"+15551230001","customerName":"Ana","conversationSid":"{CH}","direction":"inbound","originalRouting":{{"queueName":"Everyone","queueSid":"{WQ}","workerSid":"{ALICE}"}},"parkId":"{ID}"{extra}}}"#
    )
}

fn note_by(worker: &str) -> String {
    format!(
        r#"{{"id":"{ID}","at":1800000000000,"by":"{worker}","interactionSid":"{KD}","channelSid":"{UO}","participantSid":"{UT}","taskSid":"{WT}","workflowSid":"{WW}","queueSid":"{WQ}","taskChannel":"sms","attributes":{}}}"#,
        back("")
    )
}

fn sealed(note: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"auth-token").unwrap();
    mac.update(format!("a parked conversation\n{CH}\n{note}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The conversation's attributes with the note.
pub fn noted() -> String {
    let (note, seal) = (note_by(ALICE), sealed(&note_by(ALICE)));
    format!(
        r#"{{"theirs":1.50,"flexEdgeParked":{{"note":{},"seal":"{seal}"}}}}"#,
        serde_json::to_string(&note).unwrap()
    )
}

const THEIRS: &str = r#"{"theirs":1.50}"#;

fn write_note() -> String {
    format!("POST {CONVERSATIONS}/{CH} Attributes={}", noted())
}

fn take_back() -> String {
    format!("POST {CONVERSATIONS}/{CH} Attributes={THEIRS}")
}

fn url() -> String {
    format!("{ORIGIN}{WEBHOOK}?interactionSid={KD}&channelSid={UO}&parkId={ID}")
}

fn arm() -> String {
    format!(
        "POST {CONVERSATIONS}/{CH}/Webhooks Target=webhook&Configuration.Url={}&Configuration.Method=post&Configuration.Filters=onMessageAdded",
        url()
    )
}

fn webhook() -> String {
    serde_json::json!({
        "sid": WH, "conversation_sid": CH, "configuration": { "url": url() },
        "date_created": "2027-01-15T08:00:00Z"
    })
    .to_string()
}

fn webhooks(listed: &str) -> String {
    format!(r#"{{"webhooks":[{listed}],"meta":{{}}}}"#)
}

fn read_webhooks() -> String {
    format!("GET {CONVERSATIONS}/{CH}/Webhooks?PageSize=5")
}

fn disarm() -> String {
    format!("DELETE {CONVERSATIONS}/{CH}/Webhooks/{WH}")
}

fn take_out() -> String {
    format!("POST {FLEX}/{KD}/Channels/{UO}/Participants/{UT} Status=closed")
}

fn own() -> String {
    participant(UT, ALICE)
}

fn noted_scene() -> Fake {
    scene(alice(), &own(), "assigned", THEIRS).on(&write_note(), 200, "{}")
}

fn parked(fake: &Fake) -> Response {
    fake.handle(post(PARK, &format!("Token=a.flex.token.of.alice&{}", fields())))
}

#[test]
fn parking_takes_four_round_trips_and_touches_nothing_of_others() {
    let fake = noted_scene().on(&arm(), 201, &webhook()).on(&take_out(), 200, "{}");
    let answer = parked(&fake);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(json(&answer)["webhook"]["conversationSid"], CH);
    assert_eq!(json(&answer)["webhook"]["dateCreated"], "2027-01-15T08:00:00.000Z");
    // A second click.
    let again = fake.again().on_token();
    assert_eq!(parked(&again).body, answer.body);
    // The list.
    let list = json(&ask(fake.again().on_token(), "/parked/list", ""));
    assert_eq!(list["parked"][0]["conversationSid"], CH);
    assert_eq!(list["parked"][0]["customer"], "Ana");
    assert_eq!(list["parked"][0]["webhookSid"], WH);
    assert_eq!(list["parked"][0]["parkedAt"], "2027-01-15T08:00:00.000Z");
    let others = fake.again().on_token_of("bob", BOB, "agent");
    assert_eq!(json(&ask(others, "/parked/list", ""))["parked"], serde_json::json!([]));
}

#[test]
fn the_templates_list_in_sync_is_kept_with_an_end_of_life() {
    let items = format!("{SYNC}/ParkedInteractions_{ALICE}/Items");
    let data = serde_json::json!({
        "interactionSid": KD, "flexInteractionChannelSid": UO, "channelType": "sms",
        "participantSid": UT, "workflowSid": WW, "taskChannelUniqueName": "sms",
        "taskAttributes": OWN, "webhookSid": WH
    });
    let data = format!(
        r#"{{"interactionSid":{},"flexInteractionChannelSid":{},"channelType":"sms","participantSid":{},"workflowSid":{},"taskChannelUniqueName":"sms","taskAttributes":{},"webhookSid":{},"parkId":"{ID}"}}"#,
        data["interactionSid"],
        data["flexInteractionChannelSid"],
        data["participantSid"],
        data["workflowSid"],
        data["taskAttributes"],
        data["webhookSid"]
    );
    let add = format!("POST {items} Key={CH}&Data={data}&ItemTtl=2592000");
    let update = format!("POST {items}/{CH} Data={data}&ItemTtl=2592000");
    let make = format!("POST {SYNC} UniqueName=ParkedInteractions_{ALICE}");
    let wanted =
        format!("Token=a.flex.token.of.alice&{}", fields().replace("Item=false", "Item=true"));
    let fake = || {
        noted_scene()
            .with("TWILIO_SYNC_SERVICE_SID", "IS00000000000000000000000000000001")
            .on(&arm(), 201, &webhook())
            .on(&take_out(), 200, "{}")
    };
    let park = |fake: Fake| fake.handle(post(PARK, &wanted)).status;
    assert_eq!(park(fake().on(&add, 201, "{}")), 200);
    let taken = r#"{"code":54208,"message":"taken","status":409}"#;
    assert_eq!(park(fake().on(&add, 409, taken).on(&update, 200, "{}")), 200);
    let fresh = fake().on(&add, 404, GONE).on(&make, 201, "{}").on(&add, 201, "{}");
    assert_eq!(park(fresh), 200);
    // A list is a list: parked is what is parked.
    assert_eq!(park(fake().on(&add, 403, "{}")), 200);
    // Not wanted.
    assert_eq!(parked(&fake()).status, 200);
}

#[test]
fn the_own_part_counts_whoever_the_browser_names() {
    let other = participant("UT00000000000000000000000000000009", BOB);
    let fake = scene(alice(), &format!("{other},{}", own()), "assigned", THEIRS)
        .on(&write_note(), 200, "{}")
        .on(&arm(), 201, &webhook())
        .on(&take_out(), 200, "{}");
    let body = fields().replace(UT, "UT00000000000000000000000000000009");
    assert_eq!(ask(fake, PARK, &body).status, 200);
}

#[test]
fn who_takes_no_part_parks_nothing() {
    let others = participant(UT, BOB);
    // Not in the channel.
    let fake = scene(alice(), &others, "assigned", THEIRS).on(&read(), 200, &conversation(THEIRS));
    assert_eq!(ask(fake, PARK, &fields()).status, 403);
    // Not in the conversation.
    let fake = participants(alice(), &own())
        .on(&format!("GET {TASKROUTER}/Tasks/{WT}"), 200, &task("assigned"))
        .on(&format!("GET {CONVERSATIONS}/{CH}/Participants/alice"), 404, GONE)
        .on(&read(), 200, &conversation(THEIRS));
    assert_eq!(ask(fake, PARK, &fields()).status, 403);
    // The task is another's, or done.
    let foreign = own().replace(WT, "WT00000000000000000000000000000009");
    let fake = scene(alice(), &foreign, "assigned", THEIRS);
    let answer = ask(fake, PARK, &fields());
    assert_eq!((answer.status, json(&answer)["field"].as_str()), (400, Some("taskSid")));
    for status in ["wrapping", "completed", "canceled", "pending"] {
        let fake = scene(alice(), &own(), status, THEIRS);
        assert_eq!(ask(fake, PARK, &fields()).status, 409, "{status}");
    }
}

#[test]
fn participant_task_and_conversation_belong_together() {
    let field = |fake: Fake, fields: &str| {
        let answer = ask(fake, PARK, fields);
        (answer.status, json(&answer)["field"].as_str().unwrap_or_default().to_owned())
    };
    // The participant has no task.
    let own = own().replace(&format!(r#","task_sid":"{WT}""#), "");
    let fake = scene(alice(), &own, "assigned", THEIRS);
    assert_eq!(field(fake, &fields()), (400, "participantSid".to_owned()));
    // The conversation is that of another task, or the task has none.
    let other = "CH00000000000000000000000000000009";
    for attributes in [OWN.replace(CH, other), "{}".to_owned()] {
        let task = serde_json::json!({ "sid": WT, "assignment_status": "assigned", "attributes": attributes });
        let fake = participants(alice(), &self::own())
            .on(&format!("GET {TASKROUTER}/Tasks/{WT}"), 200, &task.to_string())
            .on(&format!("GET {CONVERSATIONS}/{CH}/Participants/alice"), 200, "{}")
            .on(&read(), 200, &conversation(THEIRS));
        assert_eq!(field(fake, &fields()), (400, "conversationSid".to_owned()));
    }
}

#[test]
fn a_supervisor_parks_for_others() {
    let fake = participants(dave(), &own())
        .on(&format!("GET {TASKROUTER}/Tasks/{WT}"), 200, &task("assigned"))
        .on(&read(), 200, &conversation(THEIRS))
        .on(&write_note(), 200, "{}")
        .on(&arm(), 201, &webhook())
        .on(&take_out(), 200, "{}");
    assert_eq!(ask(fake, PARK, &fields()).status, 200);
}

#[test]
fn every_field_is_named() {
    for field in fields().split('&') {
        let (name, _) = field.split_once('=').unwrap();
        let rest: Vec<_> =
            fields().split('&').filter(|other| *other != field).map(str::to_owned).collect();
        let answer = ask(alice(), PARK, &rest.join("&"));
        assert_eq!((answer.status, json(&answer)["field"].as_str()), (400, Some(name)));
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_happened() {
    let long = format!(r#"{{"theirs":"{}"}}"#, "x".repeat(16_000));
    let fake = scene(alice(), &own(), "assigned", &long);
    assert_eq!(ask(fake, PARK, &fields()).status, 422);
}

#[test]
fn a_failure_takes_back_what_was_done() {
    // The note.
    let fake = scene(alice(), &own(), "assigned", THEIRS).on(&write_note(), 403, "{}");
    assert_eq!(ask(fake, PARK, &fields()).status, 502);
    // The webhook: Twilio's code reaches the client.
    let full = r#"{"code":50388,"message":"too many","status":400}"#;
    let fake = noted_scene().on(&arm(), 400, full).on(&read(), 200, &conversation(&noted())).on(
        &take_back(),
        200,
        "{}",
    );
    let answer = ask(fake, PARK, &fields());
    assert_eq!((answer.status, json(&answer)["twilioErrorCode"].as_u64()), (400, Some(50388)));
    // Taking out.
    let read_task = format!("GET {TASKROUTER}/Tasks/{WT}");
    let fake = noted_scene().on(&arm(), 201, &webhook()).on(&take_out(), 400, "{}");
    let fake = participants(fake, &own()).on(&read_task, 200, &task("assigned"));
    let fake = participants(fake, &own())
        .on(&read_task, 200, &task("assigned"))
        .on(&disarm(), 204, "")
        .on(&read(), 200, &conversation(&noted()))
        .on(&take_back(), 200, "{}");
    let answer = fake.handle(post(PARK, &format!("Token=a.flex.token.of.alice&{}", fields())));
    assert_eq!(answer.status, 400);
    assert_eq!(
        json(&ask(fake.again().on_token(), "/parked/list", ""))["parked"],
        serde_json::json!([])
    );
}

#[test]
fn a_note_that_could_not_be_taken_back_counts_no_more() {
    let full = r#"{"code":50388,"message":"too many","status":400}"#;
    let fake = noted_scene().on(&arm(), 400, full).on(&read(), 200, &conversation(&noted())).on(
        &take_back(),
        403,
        "{}",
    );
    assert_eq!(parked(&fake).status, 400);
    // The next one is parked besides: the older note in its place is not what is parked.
    let newer = "0123456789abcdef";
    let fake = reads(fallback_set_in(&fake), &noted());
    let fake = falls_back(&noted(), fake, "sms", "\"sms\"", newer);
    let query = format!("interactionSid={KD}&channelSid={UO}&parkId={newer}");
    let request = signed(post(&format!("{WEBHOOK}?{query}"), &message("%2B15551230001")));
    assert_eq!(fake.handle(request).status, 200);
}

#[test]
fn a_lost_answer_of_arming_is_looked_for() {
    for known in [true, false] {
        let listed = if known { webhook() } else { String::new() };
        let fake = noted_scene().on_lost(&arm()).on(&read_webhooks(), 200, &webhooks(&listed));
        let fake = if known { fake } else { fake.on(&arm(), 201, &webhook()) };
        let answer = ask(fake.on(&take_out(), 200, "{}"), PARK, &fields());
        assert_eq!((answer.status, json(&answer)["webhook"]["sid"].as_str()), (200, Some(WH)));
    }
}

#[test]
fn when_it_is_unknown_whether_the_agent_is_out_the_way_back_stays() {
    let broken = format!("GET {FLEX}/{KD}/Channels/{UO}/Participants?PageSize=100");
    let fake = noted_scene()
        .on(&arm(), 201, &webhook())
        .on(&take_out(), 400, "{}")
        .on(&broken, 403, "{}")
        .on(&broken, 403, "{}")
        .on(&format!("GET {TASKROUTER}/Tasks/{WT}"), 200, &task("assigned"));
    assert_eq!(parked(&fake).status, 502);
    // The same request again finds that all is done.
    let other = participant("UT00000000000000000000000000000009", BOB);
    let fake = scene(fake.again().on_token(), &other, "wrapping", &noted())
        .on(&read(), 200, &conversation(&noted()))
        .on(&read_webhooks(), 200, &webhooks(&webhook()));
    let answer = parked(&fake);
    assert_eq!((answer.status, json(&answer)["webhook"]["sid"].as_str()), (200, Some(WH)));
    // Not when it has come back since, and only the note was left.
    let fake =
        scene(alice(), &other, "wrapping", &noted()).on(&read(), 200, &conversation(&noted()));
    fake.world.keep(&format!("unpark/{CH}/{ID}"), &invited());
    assert_eq!(parked(&fake).status, 403);
}

fn invite(attributes: &str, more: &str) -> String {
    format!(
        r#"POST {FLEX}/{KD}/Channels/{UO}/Invites Routing={{"properties":{{"workspace_sid":"{WORKSPACE}","workflow_sid":"{WW}",{more}"task_channel_unique_name":"sms","attributes":{attributes}}}}}"#
    )
}

/// The task of an invite.
const INVITED: &str = "WT00000000000000000000000000000005";

fn invited() -> String {
    format!(
        r#"{{"sid":"{KG}","interaction_sid":"{KD}","channel_sid":"{UO}","routing":{{"properties":{{"sid":"{INVITED}"}}}}}}"#
    )
}

/// Who is invited.
fn invites(fake: Fake, listed: &str) -> Fake {
    let listed = format!(r#"{{"invites":[{listed}],"meta":{{}}}}"#);
    fake.on(&format!("GET {FLEX}/{KD}/Channels/{UO}/Invites?PageSize=50"), 200, &listed)
}

/// The invite of a parking, as Twilio lists it.
fn listed_invite(id: &str, status: &str) -> String {
    format!(
        r#"{{"sid":"{KG}","routing":{{"properties":{{"sid":"{INVITED}","assignment_status":"{status}","attributes":{{"parkId":"{id}"}}}}}}}}"#
    )
}

/// Nobody is in the channel, and nobody is invited.
fn nobody(fake: Fake) -> Fake {
    invites(participants(fake, ""), "")
}

/// A task is read.
fn look_at(fake: Fake, sid: &str, status: &str) -> Fake {
    fake.on(&format!("GET {TASKROUTER}/Tasks/{sid}"), 200, &task(status).replace(WT, sid))
}

/// What is left of the parking is looked at.
fn look_at_left(fake: Fake, attributes: &str, listed: &str) -> Fake {
    reads(fake, attributes).on(&read_webhooks(), 200, &webhooks(listed))
}

/// Webhook and note go.
fn clean(fake: Fake) -> Fake {
    look_at_left(fake, &noted(), &webhook()).on(&disarm(), 204, "").on(&take_back(), 200, "{}")
}

fn reads(fake: Fake, attributes: &str) -> Fake {
    fake.on(&read(), 200, &conversation(attributes))
}

fn same_worker() -> String {
    format!(r#""queue_sid":"{WQ}","worker_sid":"{ALICE}","#)
}

fn by_hand(fake: &Fake) -> Response {
    let body = format!(
        "Token=a.flex.token.of.alice&ConversationSid={CH}&WebhookSid={WH}&RouteToSameWorker=true"
    );
    fake.handle(post(UNPARK, &body))
}

#[test]
fn who_has_parked_it_brings_it_back_to_themselves() {
    let fake =
        nobody(reads(alice(), &noted())).on(&invite(&back(""), &same_worker()), 200, &invited());
    let fake = clean(fake);
    let answer = by_hand(&fake);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(json(&answer)["status"], 200);
    assert_eq!(json(&answer)["participantInvite"]["interactionSid"], KD);
    // What others have written meanwhile stays.
    let more = noted().replace("1.50", "2");
    let invited_anew =
        || nobody(reads(alice(), &noted())).on(&invite(&back(""), &same_worker()), 200, &invited());
    let keep = take_back().replace("1.50", "2");
    let fake = look_at_left(invited_anew(), &more, &webhook()).on(&disarm(), 204, "");
    assert_eq!(by_hand(&fake.on(&keep, 200, "{}")).status, 200);
    // Also what one of ours has written between the reading and the writing.
    let fake = invited_anew();
    fake.world.meanwhile(&disarm(), &format!("conversation/{CH}"));
    let fake = look_at_left(fake, &noted(), &webhook()).on(&disarm(), 204, "");
    assert_eq!(by_hand(&reads(fake, &more).on(&keep, 200, "{}")).status, 200);
}

#[test]
fn who_asks_again_gets_the_same_answer_until_it_is_parked_anew() {
    let fake =
        nobody(reads(alice(), &noted())).on(&invite(&back(""), &same_worker()), 200, &invited());
    let fake = clean(fake);
    let first = by_hand(&fake);
    let again = by_hand(&reads(fake.again().on_token(), THEIRS));
    assert_eq!((again.status, &again.body), (200, &first.body));
    // Another parking has another webhook.
    let other = reads(fake.again().on_token(), THEIRS);
    let body = format!(
        "Token=a.flex.token.of.alice&ConversationSid={CH}&WebhookSid=WH00000000000000000000000000000002"
    );
    assert_eq!(other.handle(post(UNPARK, &body)).status, 409);
}

#[test]
fn nobody_else_brings_it_back_but_supervisors() {
    let bob = reads(Fake::default().on_token_of("bob", BOB, "agent"), &noted());
    assert_eq!(by_hand(&bob).status, 403);
    let dave =
        nobody(reads(dave(), &noted())).on(&invite(&back(""), &same_worker()), 200, &invited());
    assert_eq!(by_hand(&clean(dave)).status, 200);
}

#[test]
fn a_note_that_is_not_ours_brings_nothing_back_by_hand() {
    // Whoever writes their name into the note breaks the seal.
    let forged = noted().replace(ALICE, BOB);
    for agent in [Fake::default().on_token_of("bob", BOB, "agent"), alice(), dave()] {
        let answer = by_hand(&reads(agent, &forged));
        assert_eq!((answer.status, json(&answer)["reason"].as_str()), (409, Some("onlyByMessage")));
    }
}

#[test]
fn what_is_not_parked_is_off_the_list() {
    for gone in [false, true] {
        let fake = if gone {
            alice().on(&read(), 404, GONE)
        } else {
            alice().on(&read(), 200, &conversation(THEIRS))
        };
        assert_eq!(by_hand(&fake).status, 409);
    }
}

#[test]
fn an_older_parking_takes_no_newer_one_off_the_list() {
    let sync = "IS00000000000000000000000000000001";
    let item = format!("{SYNC}/ParkedInteractions_{ALICE}/Items/{CH}");
    let parked_as = |id: &str| format!(r#"{{"revision":"7","data":{{"parkId":"{id}"}}}}"#);
    for (in_sync, goes) in [(ID, true), ("newer", false)] {
        // It is parked again, and what is left of this parking goes only now.
        let fake = parked_world().with("TWILIO_SYNC_SERVICE_SID", sync);
        let fake = fake.with("INTERNAL_CHAT_CLEANUP_CALLS", "22"); // for one of them
        let entry = fake.world.kv.borrow()[&format!("parked/{ALICE}/{CH}/{ID}")].clone();
        let newer = format!("parked/{ALICE}/{CH}/newer");
        fake.world.kv.borrow_mut().insert(newer.clone(), entry);
        fake.world.keep(&format!("unpark/{CH}/{ID}"), &invited());
        let fake =
            look_at_left(fake, THEIRS, "").on(&format!("GET {item}"), 200, &parked_as(in_sync));
        let fake = if goes { fake.on(&format!("DELETE {item} [7]"), 204, "") } else { fake };
        let fake = tick(fake);
        assert!(!is_listed(&fake));
        assert!(fake.world.kv.borrow().contains_key(&newer));
    }
}

#[test]
fn whoever_goes_last_does_not_end_what_is_parked() {
    let task = format!("GET {TASKROUTER}/Tasks/{WT}");
    let end =
        format!("POST {TASKROUTER}/Tasks/{WT} AssignmentStatus=completed&Reason=Ended by an agent");
    let close = format!("POST {FLEX}/{KD}/Channels/{UO} Status=closed");
    let chat = format!(r#"{{"flexInteractionSid":"{KD}","flexInteractionChannelSid":"{UO}"}}"#);
    let chat = serde_json::json!({
        "sid": WT, "assignment_status": "assigned", "attributes": chat, "routing_target": null
    });
    let channel = format!(r#"{{"sid":"{UO}","status":"active"}}"#);
    for is_over in [false, true] {
        let known = |fake: Fake| {
            fake.world.keep(&format!("conversation-of/{UO}"), &format!("\"{CH}\""));
            if is_over {
                fake.world.keep(&format!("unpark/{CH}/{ID}"), &invited());
            }
            fake.on(&read(), 200, &conversation(&noted()))
        };
        // Who leaves. A colleague, with a part of their own, has parked it.
        let colleague = participant("UT00000000000000000000000000000009", ALICE);
        let fake = known(invites(participants(alice(), &colleague), ""));
        let out = take_out().replace(UT, "UT00000000000000000000000000000009");
        let fake = fake.on(if is_over { &close } else { &out }, 200, "{}");
        let fields = format!(
            "flexInteractionSid={KD}&flexInteractionChannelSid={UO}&flexInteractionParticipantSid=UT00000000000000000000000000000009"
        );
        let leave = "/features/conversation-transfer/flex/remove-participant";
        let answer = fake.handle(post(leave, &format!("Token=a.flex.token.of.alice&{fields}")));
        assert_eq!(answer.status, 200);
        // Who ends their task.
        let dave = Fake::default().on_token_of("dave", BOB, "supervisor");
        let fake = dave.on(&task, 200, &chat.to_string()).on(
            &format!("GET {FLEX}/{KD}/Channels/{UO}"),
            200,
            &channel,
        );
        let fake = known(invites(participants(fake, &own()), ""));
        let fake = if is_over { fake.on(&close, 200, "{}") } else { fake };
        let fake = fake.on(&end, 200, &chat.to_string());
        let fields = format!("taskSid={WT}&assignmentStatus=completed");
        let end = "/taskrouter/update-task-assignment-status";
        let answer = fake.handle(post(end, &format!("Token=a.flex.token.of.alice&{fields}")));
        assert_eq!(answer.status, 200);
    }
}

#[test]
fn a_failed_invite_leaves_all_as_it_was() {
    let fake = nobody(reads(alice(), &noted())).on(&invite(&back(""), &same_worker()), 403, "{}");
    assert_eq!(by_hand(&fake).status, 502);
}

#[test]
fn a_lost_answer_of_inviting_is_looked_for() {
    let fake = nobody(reads(alice(), &noted())).on_lost(&invite(&back(""), &same_worker()));
    let fake = look_at(invites(fake, &listed_invite(ID, "pending")), INVITED, "pending");
    let answer = by_hand(&clean(fake));
    assert_eq!(
        (answer.status, json(&answer)["participantInvite"]["sid"].as_str()),
        (200, Some(KG))
    );
}

/// Another agent, with a task of their own.
fn other_agent() -> String {
    participant("UT00000000000000000000000000000009", BOB).replace(WT, OTHER)
}

const OTHER: &str = "WT00000000000000000000000000000009";

#[test]
fn nobody_is_invited_to_a_chat_in_which_somebody_is() {
    let there = |fake: Fake, is_invited: bool| {
        let (agents, invited) = if is_invited {
            (String::new(), listed_invite("another", "pending").replace(INVITED, OTHER))
        } else {
            (other_agent(), String::new())
        };
        let fake = invites(participants(reads(fake, &noted()), &agents), &invited);
        clean(look_at(fake, OTHER, if is_invited { "pending" } else { "assigned" }))
    };
    for is_invited in [false, true] {
        let fake = there(alice(), is_invited);
        assert_eq!(by_hand(&fake).status, 409);
        // What stood there counts no more.
        assert!(fake.world.claimed().contains(&format!("unpark/{CH}/{ID}")));
        let fake = there(Fake::default(), is_invited);
        assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    }
    // Nor to one whose note is lost.
    let fake = reads(fallback_set(), THEIRS);
    let fake = look_at(invites(participants(fake, &other_agent()), ""), OTHER, "assigned");
    let fake = look_at_left(fake, THEIRS, &webhook()).on(&disarm(), 204, "");
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
}

#[test]
fn by_hand_no_webhook_goes_but_the_parkings_own() {
    let foreign = |url: &str| {
        serde_json::json!({ "sid": "WH00000000000000000000000000000009", "configuration": { "url": url } })
            .to_string()
    };
    let others = [
        foreign("https://example.com/their/own"),
        foreign(&url().replace(ID, "0123456789abcdef")),
        foreign(&format!("https://example.com/x?parkId={ID}")),
    ];
    let listed = format!("{},{}", others.join(","), webhook());
    let fake =
        nobody(reads(alice(), &noted())).on(&invite(&back(""), &same_worker()), 200, &invited());
    let fake =
        look_at_left(fake, &noted(), &listed).on(&disarm(), 204, "").on(&take_back(), 200, "{}");
    let body = format!(
        "Token=a.flex.token.of.alice&ConversationSid={CH}&WebhookSid=WH00000000000000000000000000000009&RouteToSameWorker=true"
    );
    assert_eq!(fake.handle(post(UNPARK, &body)).status, 200);
}

/// The conversation has come back, and neither note nor webhook could be taken away.
fn left() -> Fake {
    let fake = nobody(reads(alice(), &noted()))
        .on(&invite(&back(""), &same_worker()), 200, &invited())
        .on(&read(), 200, &conversation(&noted()))
        .on(&read_webhooks(), 403, "{}")
        .on(&take_back(), 403, "{}");
    assert_eq!(by_hand(&fake).status, 200);
    fake.again().on_token()
}

#[test]
fn a_note_that_was_left_asks_nobody_while_its_invite_is_open() {
    for status in ["pending", "assigned"] {
        let answer = by_hand(&clean(look_at(reads(left(), &noted()), INVITED, status)));
        assert_eq!(
            (answer.status, json(&answer)["participantInvite"]["sid"].as_str()),
            (200, Some(KG))
        );
    }
}

#[test]
fn a_note_that_was_left_brings_the_customer_back_when_its_invite_is_over() {
    let stale = || look_at(reads(left(), &noted()), INVITED, "completed");
    // Nobody is there.
    let other = invited().replace(KG, "KG00000000000000000000000000000002");
    let fake = nobody(stale()).on(&invite(&back(""), &same_worker()), 200, &other);
    let answer = by_hand(&clean(fake));
    assert_eq!(
        (answer.status, json(&answer)["participantInvite"]["sid"].as_str()),
        (200, Some("KG00000000000000000000000000000002"))
    );
    // Somebody else has it by now.
    let fake = look_at(invites(participants(stale(), &other_agent()), ""), OTHER, "assigned");
    assert_eq!(by_hand(&clean(fake)).status, 409);
}

#[test]
fn a_failed_read_while_cleaning_up_keeps_nobody_waiting() {
    let fake = nobody(reads(alice(), &noted()))
        .on(&invite(&back(""), &same_worker()), 200, &invited())
        .on(&read(), 403, "{}")
        .on(&read_webhooks(), 200, &webhooks(&webhook()))
        .on(&disarm(), 204, "");
    assert_eq!(by_hand(&fake).status, 200);
    // The gate of the attributes is free.
    let fake = clean(look_at(reads(fake.again().on_token(), &noted()), INVITED, "pending"));
    assert_eq!(by_hand(&fake).status, 200);
}

fn message(author: &str) -> String {
    format!(
        "EventType=onMessageAdded&ConversationSid={CH}&WebhookSid={WH}&Author={author}&Source=SMS"
    )
}

fn said(fake: &Fake, body: &str) -> Response {
    let query = format!("interactionSid={KD}&channelSid={UO}&parkId={ID}");
    fake.handle(signed(post(&format!("{WEBHOOK}?{query}"), body)))
}

fn come_back(fake: Fake) -> Fake {
    clean(nobody(reads(fake, &noted())).on(&invite(&back(""), ""), 200, &invited()))
}

#[test]
fn the_customers_message_brings_it_back_once() {
    let fake = come_back(Fake::default());
    let body = message("%2B15551230001");
    assert_eq!(said(&fake, &body).status, 200);
    assert_eq!(said(&fake, &body).status, 200, "again");
    let app = fake.app();
    for _ in 0..5 {
        let request = signed(post(WEBHOOK, &body));
        assert_eq!(crate::support::handle(&app, request).status, 200);
    }
    fake.go_on();
    fake.played();
}

#[test]
fn message_and_agent_at_once_are_one_invite() {
    let fake = come_back(Fake::default());
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    // The agent has read the note just before it went.
    let fake = look_at(reads(fake.again().on_token(), &noted()), INVITED, "pending");
    let fake = look_at_left(fake, THEIRS, "");
    let answer = by_hand(&fake);
    assert_eq!(
        (answer.status, json(&answer)["participantInvite"]["sid"].as_str()),
        (200, Some(KG))
    );
}

#[test]
fn it_comes_back_in_turns_with_who_leaves_the_chat() {
    let key = format!("unpark/{CH}/{WH}/{}", digest("+15551230001"));
    let fake = look_at_left(nobody(reads(Fake::default(), &noted())), &noted(), "");
    fake.world.begin(&format!("leave/{UO}"), 60_000);
    // Nobody is invited while somebody may be leaving; the gate tries again.
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    assert!(fake.world.watched(&key).is_some());
}

#[test]
fn only_customers_messages_bring_it_back() {
    for body in
        [message("system"), message("%2B15551230001").replace("onMessageAdded", "onMessageUpdated")]
    {
        assert_eq!(said(&Fake::default(), &body).status, 200);
    }
    let member = r#"{"participants":[{"sid":"MB00000000000000000000000000000001","identity":"bob"}],"meta":{}}"#;
    let worker = format!(
        r#"{{"workers":[{{"sid":"{BOB}","attributes":"{{\"contact_uri\":\"client:bob\"}}"}}],"meta":{{}}}}"#
    );
    let fake = Fake::default()
        .on(&read(), 200, &conversation(&noted()))
        .on(&format!("GET {CONVERSATIONS}/{CH}/Participants?PageSize=100"), 200, member)
        .on(
            &format!("GET {TASKROUTER}/Workers?TargetWorkersExpression=contact_uri%20%3D%3D%20%22client%3Abob%22&PageSize=50"),
            200,
            &worker,
        );
    assert_eq!(said(&nobody(fake), &message("bob")).status, 200);
}

#[test]
fn a_webhook_without_a_parking_goes() {
    let fake = reads(Fake::default(), THEIRS).on(&disarm(), 204, "");
    let request = signed(post(WEBHOOK, &message("%2B15551230001")));
    assert_eq!(fake.handle(request).status, 200);
}

const FALLBACK: &str = "WW00000000000000000000000000000009";

fn fallback_set() -> Fake {
    Fake::default().with("TWILIO_FLEX_INBOUND_WORKFLOW_SID", FALLBACK)
}

fn fallback_set_in(fake: &Fake) -> Fake {
    fake.again().with("TWILIO_FLEX_INBOUND_WORKFLOW_SID", FALLBACK)
}

/// The customer goes to the fallback workflow.
fn falls_back(attributes: &str, fake: Fake, medium: &str, task_channel: &str, id: &str) -> Fake {
    let plain = format!(r#"{{"conversationSid":"{CH}","parkId":"{id}"}}"#);
    let invite = invite(&plain, "").replace(WW, FALLBACK).replace("\"sms\"", task_channel);
    let fake = nobody(fake)
        .on(
            &format!("GET {FLEX}/{KD}/Channels/{UO}"),
            200,
            &format!(r#"{{"sid":"{UO}","status":"active","type":"{medium}"}}"#),
        )
        .on(&invite, 200, &invited());
    look_at_left(fake, attributes, &webhook().replace(ID, id)).on(&disarm(), 204, "")
}

#[test]
fn a_customer_whose_note_is_lost_comes_back_all_the_same() {
    let body = message("%2B15551230001");
    for (medium, task_channel) in [("sms", "\"sms\""), ("whatsapp", "\"chat\"")] {
        let fake = falls_back(THEIRS, reads(fallback_set(), THEIRS), medium, task_channel, ID);
        assert_eq!(said(&fake, &body).status, 200);
        // A redelivery by another webhook of the same parking.
        let other = body.replace(WH, "WH00000000000000000000000000000002");
        let fake = look_at(nobody(reads(fake.again_with(), THEIRS)), INVITED, "pending");
        let fake = look_at_left(fake, THEIRS, "");
        assert_eq!(said(&fake, &other).status, 200);
    }
}

#[test]
fn an_older_note_in_the_newer_ones_place_does_not_keep_the_customer_away() {
    let older = "0123456789abcdef";
    let note = note_by(ALICE).replace(ID, older);
    let seal = sealed(&note);
    let stale = format!(
        r#"{{"flexEdgeParked":{{"note":{},"seal":"{seal}"}}}}"#,
        serde_json::to_string(&note).unwrap()
    );
    let fake = fallback_set();
    fake.world.keep(&format!("unpark/{CH}/{older}"), &invited());
    let fake = falls_back(&stale, reads(fake, &stale), "sms", "\"sms\"", ID);
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    // One that still counts is what is parked now.
    let invite = invite(&back(""), "").replace(ID, older);
    let fake = nobody(reads(Fake::default(), &stale)).on(&invite, 200, &invited());
    let fake = look_at_left(fake, &stale, &webhook().replace(ID, older)).on(&disarm(), 204, "").on(
        &format!("POST {CONVERSATIONS}/{CH} Attributes={{}}"),
        200,
        "{}",
    );
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
}

#[test]
fn an_agent_who_was_never_taken_out_gets_no_second_task() {
    let who = digest("+15551230001");
    let seen = |fake: Fake, status: &str| {
        let listed = |fake: Fake| invites(participants(fake, &own()), "");
        look_at(listed(listed(reads(fake, &noted()))), WT, status)
    };
    // They may be on their way out: the way back stays, and the gate looks again.
    let fake = look_at_left(seen(Fake::default(), "assigned"), &noted(), &webhook());
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    assert!(fake.world.watched(&format!("unpark/{CH}/{WH}/{who}")).is_some());
    // A while later they still have it: parking was not done.
    let fake = Fake::default();
    fake.world.slept.set(15_000);
    let fake = clean(seen(fake, "assigned"));
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    // One who is listed although they are out does not keep the customer away.
    let fake = seen(Fake::default(), "wrapping").on(&invite(&back(""), ""), 200, &invited());
    assert_eq!(said(&clean(fake), &message("%2B15551230001")).status, 200);
}

#[test]
fn a_note_of_the_end_of_time_is_read() {
    let note = note_by(ALICE).replace("1800000000000", &u64::MAX.to_string());
    let seal = sealed(&note);
    let far = format!(
        r#"{{"flexEdgeParked":{{"note":{},"seal":"{seal}"}}}}"#,
        serde_json::to_string(&note).unwrap()
    );
    let listed = |fake: Fake| invites(participants(fake, &own()), "");
    let fake = look_at(listed(listed(reads(Fake::default(), &far))), WT, "assigned");
    let fake = look_at_left(fake, &far, &webhook());
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
}

#[test]
fn whatever_fails_the_gate_brings_it_back_later() {
    let who = digest("+15551230001");
    let key = format!("unpark/{CH}/{WH}/{who}");
    // Somebody has just written in it: that it is gone is believed the second time.
    let fake = nobody(Fake::default().on(&read(), 404, GONE));
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    let fake = nobody(fake.on(&read(), 404, GONE));
    assert!(fake.alarm(&key));
    let failed = || {
        let fake = nobody(reads(Fake::default(), &noted())).on(&invite(&back(""), ""), 403, "{}");
        look_at_left(fake, &noted(), &webhook())
    };
    let fake = failed();
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    assert!(fake.world.watched(&key).is_some());
    // First what the webhook's channel has; then what an earlier try has left.
    let fake = nobody(invites(nobody(reads(fake, &noted())), ""));
    let fake = clean(fake.on(&invite(&back(""), ""), 200, &invited()));
    assert!(fake.alarm(&key));
    assert!(fake.world.watched(&key).is_none());
    // The invite that was made is found; one that is over is no invite.
    for status in ["pending", "canceled"] {
        let fake = failed();
        assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
        let fake = nobody(reads(fake, &noted()));
        let fake = invites(fake, &listed_invite(ID, status));
        let fake = if status == "pending" {
            look_at(fake, INVITED, status)
        } else {
            let fake = invites(participants(fake, ""), &listed_invite(ID, status));
            fake.on(&invite(&back(""), ""), 200, &invited())
        };
        assert!(clean(fake).alarm(&key));
    }
    // Without the note too: what the URL says is remembered.
    let fake = nobody(reads(fallback_set(), THEIRS)).on(
        &format!("GET {FLEX}/{KD}/Channels/{UO}"),
        403,
        "{}",
    );
    let fake = look_at_left(fake, THEIRS, &webhook());
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
    let fake = invites(nobody(reads(fake.again_with(), THEIRS)), "");
    let fake = falls_back(THEIRS, fake, "sms", "\"sms\"", ID);
    assert!(fake.alarm(&key));
}

fn digest(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_note_whose_seal_is_lost_still_brings_the_customer_back() {
    let forged = noted().replace("Everyone", "Somebody");
    let fake = falls_back(&forged, reads(fallback_set(), &forged), "sms", "\"sms\"", ID);
    let fake = fake.on(&take_back(), 200, "{}");
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
}

#[test]
fn an_unsealed_note_does_not_say_into_whose_channel() {
    let forged = noted()
        .replace(KD, "KD00000000000000000000000000000066")
        .replace(UO, "UO00000000000000000000000000000066")
        .replace(r#"taskChannel\":\"sms"#, r#"taskChannel\":\"voice"#);
    let fake = falls_back(&forged, reads(fallback_set(), &forged), "sms", "\"sms\"", ID);
    let fake = fake.on(&take_back(), 200, "{}");
    assert_eq!(said(&fake, &message("%2B15551230001")).status, 200);
}

/// It is parked; the world of that.
fn parked_world() -> Fake {
    let fake = noted_scene().on(&arm(), 201, &webhook()).on(&take_out(), 200, "{}");
    assert_eq!(parked(&fake).status, 200);
    fake.again_with()
}

/// What the cron reads of a parked conversation.
fn swept(fake: Fake, message: &str, armed: &str) -> Fake {
    let messages = format!(r#"{{"messages":[{message}],"meta":{{}}}}"#);
    fake.on(&format!("GET {CONVERSATIONS}/{CH}/Messages?Order=desc&PageSize=50"), 200, &messages)
        .on(&read_webhooks(), 200, &webhooks(armed))
}

/// Whether this author is a customer is read.
fn reads_who(fake: Fake, author: &str, members: &str) -> Fake {
    reads(fake, &noted())
        .on(&format!("GET {CONVERSATIONS}/{CH}/Participants?PageSize=100"), 200, members)
        .on(
            &format!("GET {TASKROUTER}/Workers?TargetWorkersExpression=contact_uri%20%3D%3D%20%22client%3A{author}%22&PageSize=50"),
            200,
            r#"{"workers":[],"meta":{}}"#,
        )
}

/// A run of the cron: there are no internal chats.
fn tick(mut fake: Fake) -> Fake {
    for state in ["active", "inactive"] {
        let none = r#"{"conversations":[],"meta":{}}"#;
        fake = fake.on(&format!("GET {CONVERSATIONS}?State={state}&PageSize=100"), 200, none);
    }
    now(fake.app().tick());
    fake.played();
    fake.again_with()
}

fn written(author: &str, at: &str) -> String {
    format!(r#"{{"author":"{author}","body":"?","date_created":"{at}"}}"#)
}

/// Just before and just after it was parked.
const BEFORE: &str = "2027-01-15T07:59:59Z";
const AFTER: &str = "2027-01-15T08:00:01Z";

fn is_listed(fake: &Fake) -> bool {
    fake.world.kv.borrow().contains_key(&format!("parked/{ALICE}/{CH}/{ID}"))
}

#[test]
fn the_cron_leaves_alone_what_rests() {
    let mut fake = parked_world();
    for message in [String::new(), written("+15551230001", BEFORE), written("system", AFTER)] {
        fake = tick(swept(fake, &message, &webhook()));
        assert!(is_listed(&fake));
    }
    // Nothing is parked: nothing is asked.
    tick(Fake::default());
}

#[test]
fn a_message_that_no_webhook_has_told_of_brings_it_back_too() {
    let fake = swept(parked_world(), &written("+15551230001", AFTER), &webhook());
    let fake = nobody(reads(fake, &noted())).on(&invite(&back(""), ""), 200, &invited());
    let fake = tick(clean(fake));
    assert!(!is_listed(&fake));
    // Also when the note is lost; then the next run takes it off the list.
    let fake = parked_world().with("TWILIO_FLEX_INBOUND_WORKFLOW_SID", FALLBACK);
    let fake = swept(fake, &written("+15551230001", AFTER), "");
    let fake = tick(falls_back(THEIRS, reads(fake, THEIRS), "sms", "\"sms\"", ID));
    assert!(is_listed(&fake));
    let fake = tick(look_at_left(fake, THEIRS, ""));
    assert!(!is_listed(&fake));
}

#[test]
fn a_machine_that_has_answered_does_not_hide_the_customer() {
    let messages = [written("bot", AFTER), written("+15551230001", AFTER)].join(",");
    let fake = swept(parked_world(), &messages, &webhook());
    let bot = reads_who(fake, "bot", r#"{"participants":[],"meta":{}}"#);
    let fake = nobody(reads(nobody(bot), &noted())).on(&invite(&back(""), ""), 200, &invited());
    assert!(!is_listed(&tick(clean(fake))));
    // Nor that the webhook is gone.
    let fake = swept(parked_world(), &written("bot", AFTER), "");
    let fake = nobody(reads_who(fake, "bot", r#"{"participants":[],"meta":{}}"#));
    let fake = reads(fake, &noted()).on(&arm(), 201, &webhook());
    assert!(is_listed(&tick(fake)));
}

#[test]
fn a_webhook_that_is_gone_is_armed_again_until_the_parking_is_over() {
    let fake = reads(swept(parked_world(), &written("+15551230001", BEFORE), ""), &noted());
    let fake = tick(fake.on(&arm(), 201, &webhook()));
    assert!(is_listed(&fake));
    // What is left of a parking that is over goes.
    fake.world.keep(&format!("unpark/{CH}/{ID}"), &invited());
    assert!(!is_listed(&tick(clean(fake))));
    let closed = conversation(&noted()).replace("active", "closed");
    assert!(!is_listed(&tick(swept(parked_world(), "", "").on(&read(), 200, &closed))));
    let gone =
        |fake: Fake| {
            fake.on(&format!("GET {CONVERSATIONS}/{CH}/Messages?Order=desc&PageSize=50"), 404, GONE)
                .on(&read_webhooks(), 404, GONE)
        };
    assert!(!is_listed(&tick(gone(parked_world()))));
}

#[test]
fn a_run_of_the_cron_goes_on_where_the_last_one_has_stopped() {
    let fake = parked_world();
    let (value, entry) = fake.world.kv.borrow()[&format!("parked/{ALICE}/{CH}/{ID}")].clone();
    let sid = |n: u32| format!("CH{n:032x}");
    for n in 2..=25 {
        let key = format!("parked/{ALICE}/{}", sid(n));
        fake.world.kv.borrow_mut().insert(key, (value.clone(), entry.clone()));
    }
    // An older version's entry says too little.
    let old = r#"{"interactionSid":"x"}"#.to_owned();
    let key = format!("parked/{ALICE}/{}", sid(99));
    fake.world.kv.borrow_mut().insert(key, (String::new(), Some(old)));
    let looked = |mut fake: Fake, numbers: std::ops::RangeInclusive<u32>| {
        for n in numbers {
            let script = swept(Fake::default(), "", &webhook()).take_script();
            let calls = script.renamed(CH, &sid(n));
            fake = fake.append(calls);
        }
        tick(fake)
    };
    let fake = fake.with("INTERNAL_CHAT_CLEANUP_CALLS", "100");
    let fake = looked(fake, 1..=20);
    let fake = looked(fake, 21..=25);
    // With fewer calls it stops earlier: the clean-up has the rest.
    let fake = fake.with("INTERNAL_CHAT_CLEANUP_CALLS", "25");
    let fake = looked(fake, 1..=3);
    looked(fake, 4..=6);
}

#[test]
fn a_parked_conversation_that_fails_keeps_no_other_waiting() {
    let fake = parked_world();
    let first = format!("GET {CONVERSATIONS}/{CH}/Messages?Order=desc&PageSize=50");
    let other = "CH00000000000000000000000000000002";
    let entry = fake.world.kv.borrow()[&format!("parked/{ALICE}/{CH}/{ID}")].clone();
    fake.world.kv.borrow_mut().insert(format!("parked/{ALICE}/{other}"), entry);
    let script = swept(Fake::default(), "", &webhook()).take_script();
    let fake = fake.on(&first, 403, "{}").on(&read_webhooks(), 200, &webhooks(&webhook()));
    let fake = tick(fake.append(script.renamed(CH, other)));
    assert!(is_listed(&fake));
    assert!(fake.world.lines.borrow().iter().any(|line| line.contains("not looked after")));
}
