//! Conversations change hands: the exact requests that Twilio gets.

use crate::support::{ALICE, Fake, TASKROUTER, json, post, post_json};
use flex_edge::base::http::Response;
use flex_edge::base::text::form;
use serde_json::Value;

const INVITE: &str = "/features/conversation-transfer/flex/invite-participant";
const LEAVE: &str = "/features/conversation-transfer/flex/remove-participant";
const UPDATE: &str = "/common/flex/conversations/update-attributes";

const BOB: &str = "WK00000000000000000000000000000002";
const QUEUE: &str = "WQ00000000000000000000000000000007";
const INTERACTION: &str = "KD000000000000000000000000000000e1";
const CHANNEL_SID: &str = "UO000000000000000000000000000000e1";
const CHANNEL: &str = "https://flex-api.twilio.com/v1/Interactions/KD000000000000000000000000000000e1/Channels/UO000000000000000000000000000000e1";
const CONVERSATION_SID: &str = "CH000000000000000000000000000000e1";
const CONVERSATION: &str =
    "https://conversations.twilio.com/v1/Conversations/CH000000000000000000000000000000e1";
/// The participants: the customer, Alice, Bob.
const CUSTOMER: &str = "UT000000000000000000000000000000e0";
const OWN: &str = "UT000000000000000000000000000000e1";
const OTHER: &str = "UT000000000000000000000000000000e2";
/// The tasks of Alice and Bob, of the new invite, and of one that nobody can accept any more.
const TASK: &str = "WT000000000000000000000000000000e1";
const BOBS_TASK: &str = "WT000000000000000000000000000000e2";
const ASKED_AGAIN: &str = "WT000000000000000000000000000000e9";
const NEW_TASK: &str = "WT000000000000000000000000000000e3";
const DEAD_TASK: &str = "WT000000000000000000000000000000e4";
const NEW: &str = "KG000000000000000000000000000000e3";

/// Others' values: neither the number nor the escape would survive being read and written.
const FOREIGN: &str = r#""survey":{"deep":[1.50,{"x":null}]},"note":"\u00e9\/""#;

fn list(key: &str, items: &[String]) -> String {
    format!(r#"{{"{key}":[{}],"meta":{{"next_page_url":null}}}}"#, items.join(","))
}

fn participant(sid: &str, kind: &str, worker: &str, task: &str) -> String {
    format!(
        r#"{{"sid":"{sid}","type":"{kind}","routing_properties":{{"worker_sid":"{worker}","task_sid":"{task}"}}}}"#
    )
}

fn customer() -> String {
    format!(r#"{{"sid":"{CUSTOMER}","type":"customer","routing_properties":null}}"#)
}

fn alice() -> String {
    participant(OWN, "agent", ALICE, TASK)
}

fn bob() -> String {
    participant(OTHER, "agent", BOB, BOBS_TASK)
}

fn task(sid: &str, status: &str) -> String {
    format!(
        r#"{{"sid":"{sid}","assignment_status":"{status}","task_channel_unique_name":"chat","attributes":"{{}}"}}"#
    )
}

/// An invite as Twilio shows it.
fn invite(attributes: &str) -> String {
    serde_json::json!({
        "sid": NEW,
        "routing": { "properties": { "sid": NEW_TASK, "attributes": attributes } },
    })
    .to_string()
}

fn conversation(attributes: &str) -> String {
    serde_json::json!({ "sid": CONVERSATION_SID, "attributes": attributes }).to_string()
}

fn refused(status: u16, code: u32) -> String {
    format!(
        r#"{{"code":{code},"message":"Twilio says no","more_info":"https://x","status":{status}}}"#
    )
}

/// The reads, one by one.
trait Reads {
    fn participants(self, who: &[String]) -> Fake;
    fn invites(self, invites: &[String]) -> Fake;
    fn worker(self, worker: &str, contact: &str) -> Fake;
    fn task(self, sid: &str, status: &str) -> Fake;
    fn conversation(self, attributes: &str) -> Fake;
    fn member_and_conversation(self, attributes: &str) -> Fake;
}

impl Reads for Fake {
    fn participants(self, who: &[String]) -> Fake {
        let call = format!("GET {CHANNEL}/Participants?PageSize=100");
        self.on(&call, 200, &list("participants", who))
    }

    fn invites(self, invites: &[String]) -> Fake {
        let call = format!("GET {CHANNEL}/Invites?PageSize=50");
        self.on(&call, 200, &list("invites", invites))
    }

    fn worker(self, worker: &str, contact: &str) -> Fake {
        let attributes = format!(r#"{{"contact_uri":"{contact}"}}"#);
        let body = serde_json::json!({ "sid": worker, "attributes": attributes }).to_string();
        self.on(&format!("GET {TASKROUTER}/Workers/{worker}"), 200, &body)
    }

    fn task(self, sid: &str, status: &str) -> Fake {
        self.on(&format!("GET {TASKROUTER}/Tasks/{sid}"), 200, &task(sid, status))
    }

    fn conversation(self, attributes: &str) -> Fake {
        self.on(&format!("GET {CONVERSATION}"), 200, &conversation(attributes))
    }

    fn member_and_conversation(self, attributes: &str) -> Fake {
        self.on(&format!("GET {CONVERSATION}/Participants/alice"), 200, "{}")
            .conversation(attributes)
    }
}

/// What Alice's task has: a value of others, what an earlier transfer has left, and a link.
fn attributes() -> String {
    format!(
        r#"{{"conversationSid":"{CONVERSATION_SID}","vip":[1.50],"direction":"outbound","transferId":"old","transferTargetSid":"WK0","transferQueueName":"Old","transferTargetType":"queue","ignoreWorkerContactUri":"old","workerSidsInConversation":["WK0"],"flexChannelInviteSid":"KG0","conversations":{{"case":"c1","conversation_id":"old"}}}}"#
    )
}

/// The call that makes the new task: on which task channel, of which conversation, who is in
/// it, and the transfer's own attributes.
fn create(channel: &str, id: &str, workers: &str, more: &str) -> String {
    format!(
        r#"POST {CHANNEL}/Invites Routing={{"properties":{{"workspace_sid":"WS00000000000000000000000000000001","workflow_sid":"WW00000000000000000000000000000002","task_channel_unique_name":"{channel}","attributes":{{"conversationSid":"{CONVERSATION_SID}","vip":[1.50],"direction":"inbound","conversations":{{"case":"c1","conversation_id":"{id}"}},"workerSidsInConversation":[{workers}],{more}}}}}}}"#
    )
}

fn to_bob(mark: &str, contact: &str) -> String {
    format!(
        r#""transferTargetSid":"{BOB}","transferTargetType":"worker","transferId":"{mark}","ignoreWorkerContactUri":"{contact}""#
    )
}

fn cold_mark() -> String {
    format!("{OWN}/{BOB}")
}

/// Alice's cold invite of Bob.
fn cold_create() -> String {
    create("sms", "conv-1", &format!(r#""{ALICE}""#), &to_bob(&cold_mark(), "client:alice"))
}

/// The same, warm, at this time.
fn warm_create(time: u64) -> String {
    let mark = format!("{ALICE}/{BOB}/{time}");
    create("sms", "conv-1", &format!(r#""{ALICE}""#), &to_bob(&mark, "client:alice"))
}

fn remove(participant: &str) -> String {
    format!("POST {CHANNEL}/Participants/{participant} Status=closed")
}

type Fields = Vec<(&'static str, String)>;

/// As the template's plugin asks.
fn invite_fields(leaving: &str) -> Fields {
    vec![
        ("Token", "a.flex.token.of.alice".to_owned()),
        ("taskSid", TASK.to_owned()),
        ("conversationId", "conv-1".to_owned()),
        ("conversationSid", CONVERSATION_SID.to_owned()),
        ("jsonAttributes", attributes()),
        ("transferTargetSid", BOB.to_owned()),
        ("transferQueueName", String::new()),
        ("transferWorkerName", "Bob \"B\"".to_owned()),
        ("workersToIgnore", format!(r#"{{"workerSidsInConversation":["{ALICE}"]}}"#)),
        ("flexInteractionSid", INTERACTION.to_owned()),
        ("flexInteractionChannelSid", CHANNEL_SID.to_owned()),
        ("removeFlexInteractionParticipantSid", leaving.to_owned()),
        ("taskChannelUniqueName", "sms".to_owned()),
    ]
}

fn leave_fields(participant: &str) -> Fields {
    vec![
        ("Token", "a.flex.token.of.alice".to_owned()),
        ("flexInteractionSid", INTERACTION.to_owned()),
        ("flexInteractionChannelSid", CHANNEL_SID.to_owned()),
        ("flexInteractionParticipantSid", participant.to_owned()),
        ("conversationSid", CONVERSATION_SID.to_owned()),
    ]
}

fn update_fields(attributes: &str) -> Fields {
    vec![
        ("Token", "a.flex.token.of.alice".to_owned()),
        ("conversationSid", CONVERSATION_SID.to_owned()),
        ("attributes", attributes.to_owned()),
    ]
}

/// The fields with another value for one of them.
fn but(mut fields: Fields, name: &str, value: &str) -> Fields {
    let (_, field) = fields.iter_mut().find(|(known, _)| *known == name).unwrap();
    value.clone_into(field);
    fields
}

fn ask(fake: &Fake, path: &str, fields: &Fields) -> (u16, Value) {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, v)| (*name, v.as_str())).collect();
    read(&fake.handle(post(path, &form(&fields))))
}

fn read(response: &Response) -> (u16, Value) {
    (response.status, json(response))
}

/// As the J and P plugins ask.
fn payload() -> Value {
    serde_json::json!({
        "Token": "a.flex.token.of.alice",
        "Payload": {
            "interactionDetails": {
                "flexInteractionSid": INTERACTION,
                "flexInteractionChannelSid": CHANNEL_SID,
                "flexInteractionParticipantSid": OWN,
            },
            "transferDetails": {
                "transferTargetSid": QUEUE,
                "transferQueueName": "Everyone",
                "transferTargetType": "queue",
            },
            "transferringWorkerSid": ALICE,
            "transferringTaskAttributes": attributes(),
            "taskRouterChannel": "chat",
        },
    })
}

/// What a cold transfer by Alice reads, with these invites on the channel and on the
/// conversation.
fn cold_reads(fake: Fake, invites: &[String], noted: &str) -> Fake {
    fake.on_token()
        .participants(&[customer(), alice()])
        .worker(ALICE, "client:alice")
        .member_and_conversation(noted)
        .invites(invites)
}

fn warm_reads(fake: Fake, noted: &str) -> Fake {
    fake.on_token()
        .participants(&[customer(), alice()])
        .worker(ALICE, "client:alice")
        .member_and_conversation(noted)
}

/// Every change that Twilio was asked for: all but reads and token checks.
fn writes(fake: &Fake) -> Vec<String> {
    let calls = fake.world.calls.borrow();
    let is_write = |call: &&String| !call.starts_with("GET ") && !call.contains("/Tokens/validate");
    calls.iter().filter(is_write).cloned().collect()
}

#[test]
fn a_cold_transfer_invites_and_then_takes_the_agent_out() {
    let noted = format!(r#"{{{FOREIGN},"invites":{{"{DEAD_TASK}":{{"targetSid":"{BOB}"}}}}}}"#);
    let fake = cold_reads(Fake::default(), &[], &noted)
        .on(&cold_create(), 201, &invite("{}"))
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 200, "{}")
        .task(DEAD_TASK, "canceled")
        .conversation(&noted)
        .on(&format!(r#"POST {CONVERSATION} Attributes={{{FOREIGN},"invites":{{}}}}"#), 200, "{}");
    let (status, body) = ask(&fake, INVITE, &invite_fields(OWN));
    let message = format!("Participant invite {NEW} is sent, and the agent has left.");
    let expected = serde_json::json!({
        "success": true,
        "message": message,
        "participantInviteSid": NEW,
        "invitesTaskSid": NEW_TASK,
    });
    assert_eq!((status, &body), (200, &expected));
    // The same again: the same answer, and nothing is written.
    let again = fake
        .on_token()
        .participants(&[customer()])
        .worker(ALICE, "client:alice")
        .on(&format!("GET {CONVERSATION}/Participants/alice"), 404, &refused(404, 50200))
        .conversation("{}")
        .invites(&[]);
    assert_eq!(ask(&again, INVITE, &invite_fields(OWN)), (200, expected));
}

#[test]
fn a_participant_is_handed_over_once_to_one_target() {
    const SUE: &str = "WK00000000000000000000000000000003";
    let fake = cold_reads(Fake::default(), &[], "{}")
        .on(&cold_create(), 201, &invite("{}"))
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 200, "{}");
    let first = ask(&fake, INVITE, &invite_fields(OWN));
    assert_eq!(first.0, 200);
    // A supervisor's request for the same is the same; another target or another agent's
    // request is not, and nothing is done for it.
    let made =
        format!(r#"{{"transferId":"{}","workerSidsInConversation":["{ALICE}"]}}"#, cold_mark());
    let is_out = |fake: Fake, who: &str, worker: &str, role: &str| {
        let fake = fake.on_token_of(who, worker, role).participants(&[customer()]);
        let fake = fake.worker(worker, &format!("client:{who}"));
        let fake = match role {
            "supervisor" => fake.conversation("{}"),
            _ => fake
                .on(&format!("GET {CONVERSATION}/Participants/{who}"), 404, &refused(404, 50200))
                .conversation("{}"),
        };
        fake.invites(&[invite(&made)])
    };
    let fake = is_out(fake, "sue", SUE, "supervisor").task(NEW_TASK, "assigned");
    assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)), first);
    let to_queue = but(invite_fields(OWN), "transferTargetSid", QUEUE);
    let fake = is_out(fake, "alice", ALICE, "agent");
    assert_eq!(ask(&fake, INVITE, &to_queue).0, 409);
    let fake = is_out(fake, "bob", BOB, "agent").task(NEW_TASK, "assigned");
    assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 403);
    assert_eq!(writes(&fake).len(), 2);
}

#[test]
fn whoever_has_declined_may_be_asked_again_at_once() {
    let write = format!(r#"POST {CONVERSATION} Attributes={{"invites":{{{}}}}}"#, entry());
    let fake = warm_reads(Fake::default(), "{}")
        .on(&warm_create(1_800_000_000_000), 201, &invite("{}"))
        .conversation("{}")
        .on(&write, 200, "{}");
    let first = ask(&fake, INVITE, &invite_fields(""));
    // A second click, while Bob is being asked.
    let fake = warm_reads(fake, "{}").task(NEW_TASK, "reserved");
    assert_eq!(ask(&fake, INVITE, &invite_fields("")), first);
    // He declines, and is asked once more.
    let fake = warm_reads(fake, "{}")
        .task(NEW_TASK, "canceled")
        .on(&warm_create(1_800_000_000_000), 201, &invite("{}"))
        .conversation("{}")
        .on(&write, 200, "{}");
    assert_eq!(ask(&fake, INVITE, &invite_fields("")).0, 200);
    assert_eq!(writes(&fake).len(), 4);
}

#[test]
fn whoever_is_asked_again_is_asked_once() {
    let write = format!(r#"POST {CONVERSATION} Attributes={{"invites":{{{}}}}}"#, entry());
    let again = |call: &str| call.replace(NEW_TASK, ASKED_AGAIN);
    let at = |fake: &Fake, second: u64| fake.world.slept.set(second * 1_000);
    let fake = warm_reads(Fake::default(), "{}")
        .on(&warm_create(1_800_000_000_000), 201, &invite("{}"))
        .conversation("{}")
        .on(&write, 200, "{}");
    ask(&fake, INVITE, &invite_fields(""));
    // Bob has declined.
    at(&fake, 25);
    let write = again(&write).replace("2027-01-15T08:00:00.000Z", "2027-01-15T08:00:25.000Z");
    let fake = warm_reads(fake, "{}")
        .task(NEW_TASK, "canceled")
        .on(&warm_create(1_800_000_025_000), 201, &again(&invite("{}")))
        .conversation("{}")
        .on(&write, 200, "{}");
    let second = ask(&fake, INVITE, &invite_fields(""));
    assert_eq!((second.0, second.1["invitesTaskSid"].as_str()), (200, Some(ASKED_AGAIN)));
    // That answer was lost, and the first invite's time is up.
    at(&fake, 31);
    let fake = warm_reads(fake, "{}").task(ASKED_AGAIN, "reserved");
    assert_eq!(ask(&fake, INVITE, &invite_fields("")), second);
}

#[test]
fn the_json_request_is_understood_as_well() {
    let to_queue = format!(
        r#""transferTargetSid":"{QUEUE}","transferTargetType":"queue","transferId":"{OWN}/{QUEUE}","transferQueueName":"Everyone","ignoreWorkerContactUri":"client:alice""#
    );
    let as_object = {
        let mut body = payload();
        let text = body["Payload"]["transferringTaskAttributes"].take();
        body.to_string().replace(
            r#""transferringTaskAttributes":null"#,
            &format!(r#""transferringTaskAttributes":{}"#, text.as_str().unwrap()),
        )
    };
    for body in [payload().to_string(), as_object] {
        // A worker that cannot be read: the identity is what Flex makes its address of.
        let fake = Fake::default()
            .on_token()
            .participants(&[customer(), alice(), bob()])
            .on(&format!("GET {TASKROUTER}/Workers/{ALICE}"), 404, &refused(404, 20404))
            .member_and_conversation("{}")
            .invites(&[])
            .on(
                &create("chat", "old", &format!(r#""{ALICE}","{BOB}""#), &to_queue),
                201,
                &invite("{}"),
            )
            .task(NEW_TASK, "pending")
            .on(&remove(OWN), 200, "{}");
        let (status, body) = read(&fake.handle(post_json("/transferConversation", &body)));
        assert_eq!((status, body["success"].as_bool()), (200, Some(true)));
        assert_eq!(body["participantInviteSid"], NEW);
        assert_eq!(body["invitesTaskSid"], NEW_TASK);
    }
}

fn entry() -> String {
    format!(
        r#""{NEW_TASK}":{{"invitesTaskSid":"{NEW_TASK}","targetSid":"{BOB}","timestampCreated":"2027-01-15T08:00:00.000Z","targetName":"Bob \"B\"","inviteTargetType":"Worker"}}"#
    )
}

#[test]
fn a_warm_transfer_is_noted_on_the_conversation_letter_for_letter() {
    let kept = format!(r#""{BOBS_TASK}":{{"targetSid":"{QUEUE}","x":[2.0]}}"#);
    let noted = format!(
        r#"{{{FOREIGN},"invites":{{"{DEAD_TASK}":{{"targetSid":"{BOB}"}},{kept}}},"last":"\t"}}"#
    );
    let fake = warm_reads(Fake::default(), &noted)
        .on(&warm_create(1_800_000_000_000), 201, &invite("{}"))
        .task(DEAD_TASK, "canceled")
        .task(BOBS_TASK, "reserved")
        .conversation(&noted)
        .on(
            &format!(
                r#"POST {CONVERSATION} Attributes={{{FOREIGN},"invites":{{{kept},{}}},"last":"\t"}}"#,
                entry()
            ),
            200,
            "{}",
        );
    let (status, body) = ask(&fake, INVITE, &invite_fields(""));
    assert_eq!(status, 200);
    assert_eq!(
        body,
        serde_json::json!({
            "success": true,
            "message": format!("Participant invite {NEW} is sent."),
            "participantInviteSid": NEW,
            "invitesTaskSid": NEW_TASK,
            "inviteNoted": true,
        })
    );
}

#[test]
fn a_note_that_fails_is_told() {
    let write = format!(r#"POST {CONVERSATION} Attributes={{"invites":{{{}}}}}"#, entry());
    let fake = warm_reads(Fake::default(), "{}")
        .on(&warm_create(1_800_000_000_000), 201, &invite("{}"))
        .conversation("{}")
        .on(&write, 400, &refused(400, 20001));
    let (status, body) = ask(&fake, INVITE, &invite_fields(""));
    assert_eq!((status, body["success"].as_bool()), (200, Some(true)));
    assert_eq!(
        (body["inviteNoted"].as_bool(), &body["participantInviteSid"]),
        (Some(false), &NEW.into())
    );
    // In doubt it is looked at again: here it stands there already.
    let fake = warm_reads(Fake::default(), "{}")
        .on(&warm_create(1_800_000_000_000), 201, &invite("{}"))
        .conversation("{}")
        .on(&write, 500, &refused(500, 20500))
        .conversation(&format!(r#"{{"invites":{{{}}}}}"#, entry()));
    assert_eq!(ask(&fake, INVITE, &invite_fields("")).1["inviteNoted"], true);
    // Who may not read the conversation does not write to it.
    let fake = Fake::default()
        .on_token()
        .participants(&[customer(), alice()])
        .worker(ALICE, "client:alice")
        .on(&format!("GET {CONVERSATION}/Participants/alice"), 404, &refused(404, 50200))
        .conversation("{}")
        .on(&warm_create(1_800_000_000_000), 201, &invite("{}"));
    assert_eq!(ask(&fake, INVITE, &invite_fields("")).1["inviteNoted"], false);
}

#[test]
fn without_a_task_channel_that_of_the_agents_task_is_taken() {
    let path = "/conversation-transfer/invite-participant";
    let mut fields = invite_fields(OWN);
    fields.retain(|(name, _)| *name != "taskChannelUniqueName");
    let fake = Fake::default()
        .on_token()
        .participants(&[customer(), alice()])
        .task(TASK, "assigned")
        .worker(ALICE, "client:alice")
        .member_and_conversation("{}")
        .invites(&[])
        .on(
            &cold_create().replace(r#"unique_name":"sms""#, r#"unique_name":"chat""#),
            201,
            &invite("{}"),
        )
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 200, "{}");
    assert_eq!(ask(&fake, path, &fields).0, 200);
    // A task that cannot be read: nothing is done.
    let fake = Fake::default()
        .on_token()
        .participants(&[customer(), alice()])
        .on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 404, &refused(404, 20404))
        .worker(ALICE, "client:alice")
        .member_and_conversation("{}")
        .invites(&[]);
    assert_eq!(ask(&fake, path, &fields).0, 404);
    assert!(writes(&fake).is_empty());
}

#[test]
fn a_refused_invite_changes_nothing() {
    for (twilio, code, ours) in
        [(400, 20001, 400), (401, 20003, 502), (404, 20404, 404), (409, 45009, 409)]
    {
        for leaving in [OWN, ""] {
            let (fake, create) = if leaving.is_empty() {
                (warm_reads(Fake::default(), "{}"), warm_create(1_800_000_000_000))
            } else {
                (cold_reads(Fake::default(), &[], "{}"), cold_create())
            };
            let fake = fake.on(&create, twilio, &refused(twilio, code));
            let (status, body) = ask(&fake, INVITE, &invite_fields(leaving));
            assert_eq!((status, body["success"].as_bool()), (ours, Some(false)));
            assert_eq!(
                (&body["message"], &body["twilioErrorCode"]),
                (&"Twilio says no".into(), &code.into())
            );
            assert_eq!(writes(&fake), [create]);
        }
    }
}

#[test]
fn an_invite_in_doubt_is_looked_for() {
    let made = format!(r#"{{"transferId":"{}"}}"#, cold_mark());
    let found = cold_reads(Fake::default(), &[], "{}")
        .on_lost(&cold_create())
        .invites(&[invite(&made)])
        .task(NEW_TASK, "pending")
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 200, "{}");
    let (status, body) = ask(&found, INVITE, &invite_fields(OWN));
    assert_eq!((status, &body["invitesTaskSid"]), (200, &NEW_TASK.into()));
    // That of another transfer, or one that is over, is another.
    for (mark, status) in [(format!("{OWN}/{QUEUE}"), None), (cold_mark(), Some("canceled"))] {
        let made = format!(r#"{{"transferId":"{mark}"}}"#);
        let fake = cold_reads(Fake::default(), &[], "{}")
            .on(&cold_create(), 500, &refused(500, 20500))
            .invites(&[invite(&made)]);
        let fake = match status {
            Some(status) => fake.task(NEW_TASK, status),
            None => fake,
        };
        let fake = fake.on(&cold_create(), 201, &invite("{}"));
        let fake = fake.task(NEW_TASK, "pending").on(&remove(OWN), 200, "{}");
        assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 200);
    }
}

#[test]
fn an_agent_who_stays_is_told_of_and_the_same_request_goes_on_from_there() {
    let fake = cold_reads(Fake::default(), &[], "{}")
        .on(&cold_create(), 201, &invite("{}"))
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 500, &refused(500, 20500))
        .participants(&[customer(), alice()]);
    let (status, body) = ask(&fake, INVITE, &invite_fields(OWN));
    assert_eq!((status, body["success"].as_bool()), (502, Some(false)));
    assert_eq!(
        body["message"],
        "The invite is sent, but the agent is still in the conversation. Try again."
    );
    assert_eq!(body["participantInviteSid"], NEW);
    assert_eq!(body["invitesTaskSid"], NEW_TASK);
    // Again: the invite that stands is the invite.
    let made = format!(r#"{{"transferId":"{}"}}"#, cold_mark());
    let again = fake
        .on_token()
        .participants(&[customer(), alice()])
        .worker(ALICE, "client:alice")
        .member_and_conversation("{}")
        .invites(&[invite(&made)])
        .task(NEW_TASK, "reserved")
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 200, "{}");
    let (status, body) = ask(&again, INVITE, &invite_fields(OWN));
    assert_eq!((status, &body["participantInviteSid"]), (200, &NEW.into()));
}

#[test]
fn a_warm_transfer_again_looks_for_the_invite_of_the_last_minute() {
    for (made, is_same) in [(1_799_999_960_001_u64, true), (1_799_999_960_000, false)] {
        let fake = warm_reads(Fake::default(), "{}").on_lost(&warm_create(1_800_000_000_000)).on(
            &format!("GET {CHANNEL}/Invites?PageSize=50"),
            500,
            &refused(500, 20500),
        );
        assert_eq!(ask(&fake, INVITE, &invite_fields("")).0, 502);
        fake.world.slept.set(20_000);
        let mark = format!(r#"{{"transferId":"{ALICE}/{BOB}/{made}"}}"#);
        let fake = warm_reads(fake, "{}").invites(&[invite(&mark)]);
        let fake = if is_same { fake.task(NEW_TASK, "reserved") } else { fake };
        let fake = if is_same {
            fake
        } else {
            fake.on(&warm_create(1_800_000_020_000), 201, &invite("{}"))
        };
        let entry = entry().replace("08:00:00", "08:00:20");
        let write = format!(r#"POST {CONVERSATION} Attributes={{"invites":{{{entry}}}}}"#);
        let fake = fake.conversation("{}").on(&write, 200, "{}");
        assert_eq!(ask(&fake, INVITE, &invite_fields("")).1["inviteNoted"], true);
    }
}

#[test]
fn a_cold_transfer_whose_answer_was_lost_is_found_done() {
    // Who was in the conversation when the invite was sent, and who asks.
    for (named, expected) in [(ALICE, 200), (BOB, 403)] {
        let made =
            format!(r#"{{"transferId":"{}","workerSidsInConversation":["{named}"]}}"#, cold_mark());
        let fake = Fake::default()
            .on_token()
            .participants(&[customer()])
            .worker(ALICE, "client:alice")
            .on(&format!("GET {CONVERSATION}/Participants/alice"), 404, &refused(404, 50200))
            .conversation("{}")
            .invites(&[invite(&made)])
            .task(NEW_TASK, "assigned");
        let (status, body) = ask(&fake, INVITE, &invite_fields(OWN));
        assert_eq!(status, expected);
        if expected == 200 {
            assert_eq!(body["participantInviteSid"], NEW);
        }
        assert!(writes(&fake).is_empty());
    }
}

#[test]
fn nobody_leaves_for_an_invite_that_was_canceled() {
    for status in ["canceled", "completed", "wrapping"] {
        let fake = cold_reads(Fake::default(), &[], "{}")
            .on(&cold_create(), 201, &invite("{}"))
            .task(NEW_TASK, status);
        let (answer, body) = ask(&fake, INVITE, &invite_fields(OWN));
        assert_eq!((answer, body["success"].as_bool()), (409, Some(false)), "{status}");
        assert_eq!(writes(&fake), [cold_create()]);
    }
    let fake = cold_reads(Fake::default(), &[], "{}").on(&cold_create(), 201, &invite("{}")).on(
        &format!("GET {TASKROUTER}/Tasks/{NEW_TASK}"),
        404,
        &refused(404, 20404),
    );
    assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 409);
    // Whether it is cannot be known: the agent stays, and is told so.
    let fake = cold_reads(Fake::default(), &[], "{}").on(&cold_create(), 201, &invite("{}")).on(
        &format!("GET {TASKROUTER}/Tasks/{NEW_TASK}"),
        500,
        &refused(500, 20500),
    );
    assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 502);
    assert_eq!(writes(&fake), [cold_create()]);
}

/// An invite as a list shows it that leaves the attributes out.
fn bare_invite() -> String {
    serde_json::json!({
        "sid": NEW, "routing": { "properties": { "sid": NEW_TASK, "attributes": null } },
    })
    .to_string()
}

#[test]
fn an_invite_is_known_by_its_attributes_in_both_forms_and_without_by_its_task() {
    let made = format!(r#"{{"transferId":"{}"}}"#, cold_mark());
    let as_object = serde_json::json!({
        "sid": NEW,
        "routing": { "properties": {
            "sid": NEW_TASK, "attributes": serde_json::from_str::<Value>(&made).unwrap(),
        } },
    });
    for listed in [invite(&made), as_object.to_string(), bare_invite()] {
        let marked = task(NEW_TASK, "pending").replace(r#""{}""#, &Value::from(&*made).to_string());
        let get = format!("GET {TASKROUTER}/Tasks/{NEW_TASK}");
        let fake = cold_reads(Fake::default(), &[listed], "{}")
            .on(&get, 200, &marked)
            .on(&get, 200, &marked)
            .on(&remove(OWN), 200, "{}");
        assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 200);
        assert_eq!(writes(&fake), [remove(OWN)]);
    }
    // The task of another transfer.
    let fake = cold_reads(Fake::default(), &[bare_invite()], "{}")
        .task(NEW_TASK, "pending")
        .on(&cold_create(), 201, &invite("{}"))
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 200, "{}");
    assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 200);
}

#[test]
fn who_is_listed_although_they_are_out_is_out() {
    // Twilio refuses to close what is closed, and lists it nevertheless.
    let stale = |status: &str| {
        cold_reads(Fake::default(), &[], "{}")
            .on(&cold_create(), 201, &invite("{}"))
            .task(NEW_TASK, "pending")
            .on(&remove(OWN), 400, &refused(400, 20001))
            .participants(&[customer(), alice()])
            .task(TASK, status)
    };
    assert_eq!(ask(&stale("wrapping"), INVITE, &invite_fields(OWN)).0, 200);
    assert_eq!(ask(&stale("assigned"), INVITE, &invite_fields(OWN)).0, 502);
}

#[test]
fn who_is_out_is_out_whatever_twilio_answered() {
    for gone in [list("participants", &[customer()]), refused(404, 20404)] {
        let status = if gone.starts_with("{\"code") { 404 } else { 200 };
        let fake = cold_reads(Fake::default(), &[], "{}")
            .on(&cold_create(), 201, &invite("{}"))
            .task(NEW_TASK, "pending")
            .on(&remove(OWN), 400, &refused(400, 20001))
            .on(&format!("GET {CHANNEL}/Participants?PageSize=100"), status, &gone);
        assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 200);
    }
}

#[test]
fn who_is_not_in_the_interaction_transfers_nothing() {
    // Who is in it, whom the transfer takes out.
    let bobs = vec![customer(), bob()];
    let both = vec![customer(), alice(), bob()];
    let listening = vec![customer(), participant(OWN, "supervisor", ALICE, TASK), bob()];
    for (who, leaving) in [
        (&bobs, ""),
        (&listening, ""),
        (&bobs, OWN),
        (&bobs, OTHER),
        (&both, OTHER),
        (&both, CUSTOMER),
    ] {
        let fake = Fake::default().on_token().participants(who);
        let fake = fake.worker(ALICE, "client:alice").member_and_conversation("{}");
        let fake = if leaving.is_empty() { fake } else { fake.invites(&[]) };
        let (status, body) = ask(&fake, INVITE, &invite_fields(leaving));
        assert_eq!((status, body["success"].as_bool()), (403, Some(false)), "{leaving}");
        assert!(writes(&fake).is_empty());
    }
    let fake = Fake::default()
        .on_token()
        .participants(&bobs)
        .worker(ALICE, "client:alice")
        .member_and_conversation("{}")
        .invites(&[]);
    let response = fake.handle(post_json("/transferConversation", &payload().to_string()));
    assert_eq!(response.status, 403);
    // Its clients print `error`.
    let body = json(&response);
    assert_eq!((body["error"].is_string(), &body["error"]), (true, &body["message"]));
    let response = Fake::default().handle(post_json("/transferConversation", "{}"));
    assert_eq!((response.status, json(&response)["error"].is_string()), (403, true));
    let response = Fake::default().handle(post_json(INVITE, "{}"));
    assert_eq!(json(&response)["error"], Value::Null);
    assert!(writes(&fake).is_empty());
}

#[test]
fn a_supervisor_hands_over_for_an_agent() {
    const SUE: &str = "WK00000000000000000000000000000003";
    let create = create(
        "sms",
        "conv-1",
        &format!(r#""{ALICE}""#),
        &to_bob(&cold_mark(), "sip:alice@example.com"),
    );
    // The address that must not be offered it is the agent's, not the supervisor's. Without
    // access checks any agent may.
    for (role, checks) in [("supervisor", "on"), ("agent", "off")] {
        let fake = Fake::default()
            .with("ACCESS_CHECKS", checks)
            .on_token_of("sue", SUE, role)
            .participants(&[customer(), alice()])
            .worker(SUE, "client:sue")
            .conversation("{}")
            .worker(ALICE, "sip:alice@example.com")
            .invites(&[])
            .on(&create, 201, &invite("{}"))
            .task(NEW_TASK, "pending")
            .on(&remove(OWN), 200, "{}");
        assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 200, "{role}");
    }
}

/// What Alice's leaving reads.
fn leave_reads(who: &[String], invites: &[String], noted: &str) -> Fake {
    Fake::default().on_token().participants(who).invites(invites).member_and_conversation(noted)
}

fn close() -> String {
    format!("POST {CHANNEL} Status=closed")
}

#[test]
fn the_last_agent_ends_the_conversation() {
    let fake = leave_reads(&[customer(), alice()], &[], "{}").on(&close(), 200, "{}");
    let (status, body) = ask(&fake, LEAVE, &leave_fields(OWN));
    assert_eq!(status, 200);
    assert_eq!(
        body,
        serde_json::json!({"success":true,"message":"The last agent has left, and the conversation is over."})
    );
    // Another one who is done, and an invite that nobody can accept any more, are nobody.
    let fake = leave_reads(&[customer(), alice(), bob()], &[invite("{}")], "{}")
        .task(BOBS_TASK, "wrapping")
        .task(NEW_TASK, "canceled")
        .on(&close(), 200, "{}");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 200);
    // Without a conversation it is not asked for.
    let fake = Fake::default().on_token().participants(&[customer(), alice()]).invites(&[]).on(
        &close(),
        200,
        "{}",
    );
    let fields = but(leave_fields(OWN), "conversationSid", "undefined");
    assert_eq!(ask(&fake, "/conversation-transfer/remove-participant", &fields).0, 200);
}

#[test]
fn while_another_agent_is_there_or_invited_only_the_leaver_goes() {
    let noted = format!(r#"{{{FOREIGN},"invites":{{"{DEAD_TASK}":{{}}}}}}"#);
    let there = leave_reads(&[customer(), alice(), bob()], &[], &noted)
        .task(BOBS_TASK, "assigned")
        .on(&remove(OWN), 200, "{}")
        .task(DEAD_TASK, "canceled")
        .conversation(&noted)
        .on(&format!(r#"POST {CONVERSATION} Attributes={{{FOREIGN},"invites":{{}}}}"#), 200, "{}");
    let (status, body) = ask(&there, LEAVE, &leave_fields(OWN));
    assert_eq!(status, 200);
    assert_eq!(
        body,
        serde_json::json!({"success":true,"message":"The participant has left the conversation."})
    );
    let invited = leave_reads(&[customer(), alice()], &[invite("{}")], "{}")
        .task(NEW_TASK, "pending")
        .on(&remove(OWN), 200, "{}");
    assert_eq!(ask(&invited, LEAVE, &leave_fields(OWN)).0, 200);
    // Somebody who is listed and whose task is gone counts as there.
    let listed = leave_reads(&[customer(), alice(), bob()], &[], "{}")
        .on(&format!("GET {TASKROUTER}/Tasks/{BOBS_TASK}"), 404, &refused(404, 20404))
        .on(&remove(OWN), 200, "{}");
    assert_eq!(ask(&listed, LEAVE, &leave_fields(OWN)).0, 200);
}

#[test]
fn who_has_left_has_left() {
    let fake = leave_reads(&[customer(), bob()], &[], "{}");
    let (status, body) = ask(&fake, LEAVE, &leave_fields(OWN));
    assert_eq!((status, body["success"].as_bool()), (200, Some(true)));
    assert!(writes(&fake).is_empty());
}

#[test]
fn agents_take_out_others_only_where_the_team_wants_it() {
    let both = [customer(), alice(), bob()];
    let take_out = |setting: &str, who: &[String], participant: &str| {
        let fake = Fake::default()
            .with("AGENTS_MAY_REMOVE_AGENTS", setting)
            .on_token()
            .participants(who)
            .invites(&[])
            .member_and_conversation("{}");
        (fake, leave_fields(participant))
    };
    // By default another agent of the same chat, and never the customer.
    let (fake, fields) = take_out("", &both, OTHER);
    let fake = fake.task(TASK, "assigned").on(&remove(OTHER), 200, "{}");
    assert_eq!(ask(&fake, LEAVE, &fields).0, 200);
    let strangers = [customer(), bob()];
    let listening = [customer(), participant(OWN, "supervisor", ALICE, TASK), bob()];
    for (setting, who, participant) in [
        ("off", &both[..], OTHER),
        ("off", &both, CUSTOMER),
        ("on", &both, CUSTOMER),
        ("on", &strangers, OTHER),
        ("on", &listening, OTHER),
    ] {
        let (fake, fields) = take_out(setting, who, participant);
        assert_eq!(ask(&fake, LEAVE, &fields).0, 403, "{setting} {participant}");
        assert!(writes(&fake).is_empty());
    }
    // A supervisor does anyway.
    let fake = Fake::default()
        .with("AGENTS_MAY_REMOVE_AGENTS", "off")
        .on_token_of("sue", "WK00000000000000000000000000000003", "supervisor")
        .participants(&[customer(), alice(), bob()])
        .invites(&[])
        .conversation("{}")
        .task(TASK, "assigned")
        .on(&remove(OTHER), 200, "{}");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OTHER)).0, 200);
}

/// An old invite of the channel: its task, and what the list says of it.
fn old_invite(at: usize, status: &str) -> String {
    format!(
        r#"{{"sid":"KG{at:032}","routing":{{"properties":{{"sid":"WT{at:032}","assignment_status":"{status}","attributes":"{{}}"}}}}}}"#
    )
}

fn old_task(fake: Fake, at: usize, status: &str) -> Fake {
    fake.task(&format!("WT{at:032}"), status)
}

#[test]
fn leaving_a_chat_of_many_transfers_costs_few_calls() {
    // The newest is open: nothing else is asked.
    let mut invites: Vec<String> = (0..60).map(|at| old_invite(at, "pending")).collect();
    let fake = leave_reads(&[customer(), alice()], &invites, "{}");
    let fake = old_task(fake, 59, "reserved");
    let fake = (55..59).rev().fold(fake, |fake, at| old_task(fake, at, "canceled"));
    assert_eq!(ask(&fake.on(&remove(OWN), 200, "{}"), LEAVE, &leave_fields(OWN)).0, 200);
    // Those of which the list says that they are over cost nothing.
    let over: Vec<String> = (0..60).map(|at| old_invite(at, "canceled")).collect();
    let fake = leave_reads(&[customer(), alice()], &over, "{}").on(&close(), 200, "{}");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 200);
    // When ten are over, one listing tells about the rest.
    let expression = format!("flexInteractionChannelSid == \"{CHANNEL_SID}\"");
    let listing = format!(
        "GET {TASKROUTER}/Tasks?EvaluateTaskAttributes={}&PageSize=50",
        flex_edge::base::text::encode(&expression)
    );
    for (status, last) in [("pending", remove(OWN)), ("canceled", close())] {
        let fake = leave_reads(&[customer(), alice()], &invites, "{}");
        let fake = (50..60).rev().fold(fake, |fake, at| old_task(fake, at, "canceled"));
        let listed = task(&format!("WT{:032}", 3), status);
        let fake = fake.on(&listing, 200, &list("tasks", &[listed])).on(&last, 200, "{}");
        assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 200, "{status}");
    }
    // The order of the list does not matter where it says when they were made.
    let dated = old_invite(99, "pending")
        .replace(r#""attributes""#, r#""date_created":1800000000,"attributes""#);
    invites.insert(0, dated);
    let fake = leave_reads(&[customer(), alice()], &invites[..5], "{}");
    let fake = old_task(fake, 99, "pending");
    let fake = (0..4).rev().fold(fake, |fake, at| old_task(fake, at, "canceled"));
    assert_eq!(ask(&fake.on(&remove(OWN), 200, "{}"), LEAVE, &leave_fields(OWN)).0, 200);
}

#[test]
fn who_may_not_act_claims_no_gate() {
    let strangers = [customer(), bob()];
    let no_member = |fake: Fake| {
        fake.on(&format!("GET {CONVERSATION}/Participants/alice"), 404, &refused(404, 50200))
            .conversation("{}")
    };
    let leave = no_member(Fake::default().on_token().participants(&strangers).invites(&[]));
    assert_eq!(ask(&leave, LEAVE, &leave_fields(OTHER)).0, 403);
    let update = no_member(Fake::default().on_token());
    assert_eq!(ask(&update, UPDATE, &update_fields("{}")).0, 403);
    let warm = no_member(
        Fake::default().on_token().participants(&strangers).worker(ALICE, "client:alice"),
    );
    assert_eq!(ask(&warm, INVITE, &invite_fields("")).0, 403);
    let cold = no_member(
        Fake::default().on_token().participants(&strangers).worker(ALICE, "client:alice"),
    )
    .invites(&[]);
    assert_eq!(ask(&cold, INVITE, &invite_fields(OTHER)).0, 403);
    for fake in [leave, update, warm, cold] {
        assert_eq!(fake.world.claimed(), [""; 0]);
    }
    // Who asks for somebody who is not there claims what nobody else waits for.
    let gone = no_member(
        Fake::default().on_token().participants(&strangers).worker(ALICE, "client:alice"),
    )
    .invites(&[]);
    assert_eq!(ask(&gone, INVITE, &invite_fields(OWN)).0, 403);
    assert_eq!(gone.world.claimed(), [format!("transfer/{CHANNEL_SID}/{OWN}/{ALICE}")]);
}

#[test]
fn attributes_that_twilio_would_not_take_are_refused_before_any_work() {
    let long = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
    for (path, name, fields) in [
        (INVITE, "jsonAttributes", but(invite_fields(OWN), "jsonAttributes", &long(4096))),
        (INVITE, "workersToIgnore", but(invite_fields(OWN), "workersToIgnore", &long(4096))),
        (UPDATE, "attributes", update_fields(&long(16 * 1024))),
    ] {
        let (status, body) = ask(&Fake::default().on_token(), path, &fields);
        assert_eq!((status, body["field"].as_str()), (400, Some(name)), "{path}");
    }
    let mut body = payload();
    body["Payload"]["transferringTaskAttributes"] = long(4096).into();
    let fake = Fake::default().on_token();
    let (status, body) = read(&fake.handle(post_json("/transferConversation", &body.to_string())));
    assert_eq!((status, &body["field"]), (400, &"transferringTaskAttributes".into()));
    // What fits alone may not fit with what is there.
    let fields = but(invite_fields(OWN), "jsonAttributes", &long(4000));
    let fake = cold_reads(Fake::default(), &[], "{}");
    let (status, body) = ask(&fake, INVITE, &fields);
    assert_eq!((status, &body["field"]), (400, &"jsonAttributes".into()));
    let there = format!(r#"{{"b":"{}"}}"#, "y".repeat(16_000));
    let fake = Fake::default().on_token().member_and_conversation(&there);
    let (status, body) = ask(&fake, UPDATE, &update_fields(&long(1000)));
    assert_eq!((status, &body["field"]), (400, &"attributes".into()));
    assert!(writes(&fake).is_empty());
}

#[test]
fn leaving_that_fails_leaves_everybody_there() {
    // Who else is there cannot be known.
    let fake = leave_reads(&[customer(), alice(), bob()], &[], "{}").on(
        &format!("GET {TASKROUTER}/Tasks/{BOBS_TASK}"),
        500,
        &refused(500, 20500),
    );
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 502);
    assert!(writes(&fake).is_empty());
    // The end is refused, and the channel goes on.
    let fake = leave_reads(&[customer(), alice()], &[], "{}")
        .on(&close(), 400, &refused(400, 20001))
        .on(&format!("GET {CHANNEL}"), 200, r#"{"status":"active"}"#);
    let (status, body) = ask(&fake, LEAVE, &leave_fields(OWN));
    assert_eq!((status, &body["twilioErrorCode"]), (400, &20001.into()));
    // It is refused because it is over.
    let fake = leave_reads(&[customer(), alice()], &[], "{}")
        .on(&close(), 400, &refused(400, 20001))
        .on(&format!("GET {CHANNEL}"), 200, r#"{"status":"closed"}"#);
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 200);
    let fake = leave_reads(&[customer(), alice(), bob()], &[], "{}")
        .task(BOBS_TASK, "assigned")
        .on(&remove(OWN), 409, &refused(409, 45009))
        .participants(&[customer(), alice(), bob()])
        .task(TASK, "assigned");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 409);
}

#[test]
fn a_stale_copy_of_the_attributes_loses_nothing() {
    let new = format!(r#""{NEW_TASK}":{{"targetSid":"{BOB}","x":[2.0]}}"#);
    let dead = format!(r#""{DEAD_TASK}":{{"targetSid":"{BOB}"}}"#);
    // Since the plugin read them, an invite and a member have come, and its own invite died.
    let current =
        format!(r#"{{{FOREIGN},"topic":"old","invites":{{{dead},{new}}},"since":[3.0]}}"#);
    let stale = format!(r#"{{{FOREIGN},"topic":"n\u0065w","invites":{{{dead}}},"mine":1.0}}"#);
    let fake = Fake::default()
        .on_token()
        .member_and_conversation(&current)
        .task(DEAD_TASK, "canceled")
        .task(NEW_TASK, "pending")
        .on(
            &format!(
                r#"POST {CONVERSATION} Attributes={{{FOREIGN},"topic":"n\u0065w","invites":{{{new}}},"since":[3.0],"mine":1.0}}"#
            ),
            200,
            "{}",
        );
    let (status, body) = ask(&fake, UPDATE, &update_fields(&stale));
    assert_eq!((status, body["success"].as_bool()), (200, Some(true)));
    // An invite that only the copy has, and that is dead, does not come back; then there is
    // nothing to write.
    let current = format!(r#"{{{FOREIGN},"invites":{{}}}}"#);
    let fake = Fake::default().on_token().member_and_conversation(&current).on(
        &format!("GET {TASKROUTER}/Tasks/{DEAD_TASK}"),
        404,
        &refused(404, 20404),
    );
    let path = "/conversation-transfer/update-attributes";
    let sent = format!(r#"{{"invites":{{{dead}}}}}"#);
    assert_eq!(ask(&fake, path, &update_fields(&sent)).0, 200);
    assert!(writes(&fake).is_empty());
}

#[test]
fn the_note_on_a_parked_conversation_is_ours() {
    let note = r#""flexEdgeParked":{"note":"new","seal":"1"}"#;
    let old = r#""flexEdgeParked":{"note":"old","seal":"0"}"#;
    let update = |current: &str, sent: &str, written: &str| {
        let fake = Fake::default().on_token().member_and_conversation(current).on(
            &format!("POST {CONVERSATION} Attributes={written}"),
            200,
            "{}",
        );
        assert_eq!(ask(&fake, UPDATE, &update_fields(sent)).0, 200);
    };
    // An old copy puts no old note back, and empties none.
    let current = format!(r#"{{{note},"a":1}}"#);
    let written = format!(r#"{{{note},"a":2}}"#);
    update(&current, &format!(r#"{{{old},"a":2}}"#), &written);
    update(&current, r#"{"flexEdgeParked":null,"a":2}"#, &written);
    update(&current, r#"{"flexEdge\u0050arked":null,"a":2}"#, &written);
    // None is added.
    update(r#"{"a":1}"#, &format!(r#"{{{old},"a":2}}"#), r#"{"a":2}"#);
}

#[test]
fn attributes_are_for_those_in_the_conversation() {
    let fake = Fake::default()
        .on_token()
        .on(&format!("GET {CONVERSATION}/Participants/alice"), 404, &refused(404, 50200))
        .conversation("{}");
    assert_eq!(ask(&fake, UPDATE, &update_fields(r#"{"a":1}"#)).0, 403);
    assert!(writes(&fake).is_empty());
    let fake = Fake::default().on_token_of("sue", BOB, "supervisor").conversation("{}").on(
        &format!(r#"POST {CONVERSATION} Attributes={{"a":1}}"#),
        200,
        "{}",
    );
    assert_eq!(ask(&fake, UPDATE, &update_fields(r#"{"a":1}"#)).0, 200);
    // A refusal is passed on.
    let fake = Fake::default().on_token().member_and_conversation("{}").on(
        &format!(r#"POST {CONVERSATION} Attributes={{"a":1}}"#),
        404,
        &refused(404, 20404),
    );
    assert_eq!(ask(&fake, UPDATE, &update_fields(r#"{"a":1}"#)).0, 404);
}

/// No SIDs, of whatever kind they should be.
const NO_SIDS: [&str; 8] = [
    "x",
    "../Channels",
    "KG000000000000000000000000000000e1",
    "UT000000000000000000000000000000e1/../x",
    "KD000000000000000000000000000000e1?x=1",
    "WK0000000000000000000000000000000g",
    "WT000000000000000000000000000000e1 ",
    "[\"CH000000000000000000000000000000e1\"]",
];
const NOTHING: [&str; 3] = ["", "null", "undefined"];
const NO_OBJECTS: [&str; 5] = ["{", "[]", "1", "\"{}\"", r#"{"a":1}}"#];

#[test]
fn bad_fields_are_named_and_twilio_is_asked_nothing() {
    // A field, and whether it may be left out.
    let invite = [
        ("flexInteractionSid", false),
        ("flexInteractionChannelSid", false),
        ("transferTargetSid", false),
        ("taskSid", false),
        ("removeFlexInteractionParticipantSid", true),
        ("conversationSid", true),
    ];
    let leave = [
        ("flexInteractionSid", false),
        ("flexInteractionChannelSid", false),
        ("flexInteractionParticipantSid", false),
        ("conversationSid", true),
    ];
    let mut cases = Vec::new();
    for (path, fields, sids) in [
        (INVITE, invite_fields(OWN), &invite[..]),
        (LEAVE, leave_fields(OWN), &leave[..]),
        (UPDATE, update_fields("{}"), &[("conversationSid", false)][..]),
    ] {
        for (name, is_optional) in sids {
            let nothing = if *is_optional { &[][..] } else { &NOTHING[..] };
            for value in NO_SIDS.iter().chain(nothing) {
                cases.push((path, *name, but(fields.clone(), name, value)));
            }
            if !is_optional {
                let without = fields.iter().filter(|(known, _)| known != name).cloned().collect();
                cases.push((path, *name, without));
            }
        }
    }
    for value in NO_OBJECTS {
        cases.push((INVITE, "workersToIgnore", but(invite_fields(OWN), "workersToIgnore", value)));
    }
    for value in NO_OBJECTS.iter().chain(&NOTHING) {
        cases.push((INVITE, "jsonAttributes", but(invite_fields(OWN), "jsonAttributes", value)));
        cases.push((UPDATE, "attributes", update_fields(value)));
    }
    for (path, name, fields) in cases {
        let fake = Fake::default().on_token();
        let (status, body) = ask(&fake, path, &fields);
        assert_eq!((status, body["field"].as_str()), (400, Some(name)), "{path} {fields:?}");
        assert_eq!(body["success"], false);
    }
}

#[test]
fn bad_fields_of_the_json_request_are_named() {
    let interaction = "/Payload/interactionDetails";
    let sids = [
        (interaction, "flexInteractionSid"),
        (interaction, "flexInteractionChannelSid"),
        (interaction, "flexInteractionParticipantSid"),
        ("/Payload/transferDetails", "transferTargetSid"),
    ];
    let objects = [
        ("", "Payload"),
        ("/Payload", "interactionDetails"),
        ("/Payload", "transferDetails"),
        ("/Payload", "transferringTaskAttributes"),
    ];
    let nothing = || NOTHING.into_iter().map(Value::from).chain([Value::Null]);
    let mut cases = Vec::new();
    for field in sids {
        let hostile = NO_SIDS.into_iter().map(Value::from);
        let others = [serde_json::json!([OWN]), serde_json::json!({}), true.into(), 1.into()];
        cases.extend(hostile.chain(others).chain(nothing()).map(|value| (field, value)));
    }
    for field in objects {
        let others = [serde_json::json!([]), true.into(), 1.into()];
        let broken = NO_OBJECTS.into_iter().map(Value::from);
        cases.extend(broken.chain(others).chain(nothing()).map(|value| (field, value)));
    }
    let channel = ("/Payload", "taskRouterChannel");
    cases.extend(nothing().chain([serde_json::json!({})]).map(|value| (channel, value)));
    for ((parent, name), value) in cases {
        let mut body = payload();
        body.pointer_mut(parent).unwrap()[name] = value.clone();
        let fake = Fake::default().on_token();
        let (status, answer) =
            read(&fake.handle(post_json("/transferConversation", &body.to_string())));
        assert_eq!((status, answer["field"].as_str()), (400, Some(name)), "{value}");
    }
    // What is no JSON at all has no token either.
    for body in ["", "{", "[]", "null", "Token=a.flex.token.of.alice", r#"{"Token":"T""#] {
        let (status, answer) =
            read(&Fake::default().handle(post_json("/transferConversation", body)));
        assert_eq!((status, answer["field"].as_str()), (400, Some("body")), "{body}");
    }
}

#[test]
fn without_a_workflow_nothing_is_handed_over() {
    let fake = Fake::default().with("TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID", "").on_token();
    let (status, body) = ask(&fake, INVITE, &invite_fields(OWN));
    assert_eq!(status, 500);
    assert_eq!(body["missing"], serde_json::json!(["TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID"]));
}

fn wrap_up(participant: &str) -> String {
    remove(participant).replace("closed", "wrapup")
}

#[test]
fn with_wrap_up_who_hands_over_finishes_their_notes() {
    let fake = cold_reads(Fake::default().with("TRANSFER_WRAP_UP", "on"), &[], "{}")
        .task(TASK, "assigned")
        .on(&cold_create(), 201, &invite("{}"))
        .task(NEW_TASK, "pending")
        .on(&wrap_up(OWN), 200, "{}");
    assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 200);
    let fake = leave_reads(&[customer(), alice(), bob()], &[], "{}")
        .with("TRANSFER_WRAP_UP", "on")
        .task(BOBS_TASK, "assigned")
        .on(&wrap_up(OWN), 200, "{}");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 200);
}

#[test]
fn who_finishes_their_notes_hands_nothing_over_again() {
    let fake = cold_reads(Fake::default().with("TRANSFER_WRAP_UP", "on"), &[], "{}")
        .task(TASK, "wrapping");
    assert_eq!(ask(&fake, INVITE, &invite_fields(OWN)).0, 409);
}

#[test]
fn who_finishes_their_notes_is_no_company_and_takes_nobody_out() {
    let fake = leave_reads(&[customer(), alice(), bob()], &[], "{}")
        .with("TRANSFER_WRAP_UP", "on")
        .task(BOBS_TASK, "wrapping")
        .on(&close(), 200, "{}");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OWN)).0, 200);
    let fake = leave_reads(&[customer(), alice(), bob()], &[], "{}")
        .with("TRANSFER_WRAP_UP", "on")
        .task(TASK, "wrapping")
        .task(BOBS_TASK, "assigned");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OTHER)).0, 403);
    // Who is taken out by another agent is out at once.
    let fake = leave_reads(&[customer(), alice(), bob()], &[], "{}")
        .with("TRANSFER_WRAP_UP", "on")
        .task(TASK, "assigned")
        .task(BOBS_TASK, "assigned")
        .task(TASK, "assigned")
        .on(&remove(OTHER), 200, "{}");
    assert_eq!(ask(&fake, LEAVE, &leave_fields(OTHER)).0, 200);
}
