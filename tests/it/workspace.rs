//! Queues, channels, tasks and workers: the exact requests that Twilio gets.

use crate::fixtures::*;
use crate::support::{ALICE, API, Fake, TASKROUTER, json};

#[test]
fn queues_are_listed_over_all_pages_up_to_a_thousand() {
    let first = format!("GET {TASKROUTER}/TaskQueues?PageSize=1000");
    let second = format!("GET {TASKROUTER}/TaskQueues?PageSize=1000&PageToken=x");
    let queue = r#"{"sid":"WQ00000000000000000000000000000001","friendly_name":"Café","target_workers":"1==1","extra":1}"#;
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
            serde_json::json!({"targetWorkers":"1==1","friendlyName":"Café","sid":"WQ00000000000000000000000000000001"})
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
    let update = flex_edge::base::text::encode(r#"{"a":[9],"gone":null,"to":"x"}"#);
    let fields = format!("taskSid={TASK}&attributesUpdate={update}");
    let write = |kept: &str, etag: &str| {
        format!(
            r#"POST {TASKROUTER}/Tasks/{TASK} Attributes={{"a":[9,2],"to":"x","k":{kept}}} [{etag}]"#
        )
    };
    let before =
        |kept: &str| task("assigned", &format!(r#"{{"a":[1,2],"gone":1,"to":"x","k":{kept}}}"#));
    for status in ["accepted", "wrapping"] {
        let fake = alice().on_with_etag(&get, "\"3\"", &before("1.50")).on(
            &of_task(),
            200,
            &reservations(status),
        );
        let fake = if status == "accepted" { fake } else { nobody_else(fake) };
        let fake = fake
            .on(&write("1.50", "\"3\""), 412, r#"{"code":20412,"message":"stale","status":412}"#)
            .on_with_etag(&get, "\"4\"", &before("[]"))
            .on(&write("[]", "\"4\""), 200, &before("[]"));
        assert_eq!(ask(fake, path, &fields).body, r#"{"success":true}"#);
    }
    for status in ["pending", "completed", "rejected", "timeout", "canceled", "rescinded"] {
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

/// The reservations by which others have the task.
fn accepted() -> String {
    format!("GET {TASKROUTER}/Tasks/{TASK}/Reservations?ReservationStatus=accepted&PageSize=50")
}

fn nobody_else(fake: Fake) -> Fake {
    fake.on(&accepted(), 200, &no_reservations())
}

#[test]
fn who_only_is_offered_a_task_or_had_it_does_not_act_on_it() {
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    let update = flex_edge::base::text::encode(r#"{"a":1}"#);
    for (path, fields) in [
        ("/taskrouter/update-task-attributes", format!("attributesUpdate={update}")),
        ("/taskrouter/update-task-assignment-status", "assignmentStatus=completed".into()),
        ("/taskrouter/update-task-assignment-status", "assignmentStatus=wrapping".into()),
        ("/taskrouter/update-task-assignment-status", "assignmentStatus=canceled".into()),
    ] {
        for status in ["pending", "completed", "wrapping"] {
            // Whoever is finishing their notes has nothing to say once somebody else has it.
            let fake = alice().on(&get, 200, &task("assigned", "{}")).on(
                &of_task(),
                200,
                &reservations(status),
            );
            let fake = match status {
                "wrapping" => fake.on(&accepted(), 200, &reservations("accepted")),
                _ => fake,
            };
            let response = ask(fake, path, &format!("taskSid={TASK}&{fields}"));
            assert_eq!(response.status, 403, "{status}: {path} {fields}");
        }
    }
}

#[test]
fn the_last_words_about_a_finished_task_are_its_agents() {
    // Plugins save who hung up when the task is completed.
    let path = "/taskrouter/update-task-attributes";
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    let update = flex_edge::base::text::encode(r#"{"conversations":{"hang_up_by":"Agent"}}"#);
    let write = format!(
        r#"POST {TASKROUTER}/Tasks/{TASK} Attributes={{"conversations":{{"hang_up_by":"Agent"}}}}"#
    );
    let fields = format!("taskSid={TASK}&attributesUpdate={update}");
    let fake = alice().on(&get, 200, &task("completed", "{}")).on(
        &of_task(),
        200,
        &reservations("completed"),
    );
    assert_eq!(ask(fake.on(&write, 200, &task("completed", "{}")), path, &fields).status, 200);
}

#[test]
fn saying_that_a_task_is_outbound_gives_no_leave_to_cancel_it() {
    let path = "/taskrouter/update-task-assignment-status";
    let fields = format!("taskSid={TASK}&assignmentStatus=canceled");
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    let set = format!(
        "POST {TASKROUTER}/Tasks/{TASK} AssignmentStatus=canceled&Reason=Ended by an agent"
    );
    let offered = |attributes: &str, target: &str, workflow: &str| {
        let task = serde_json::json!({
            "sid": TASK, "assignment_status": "reserved", "attributes": attributes,
            "routing_target": target, "workflow_sid": workflow,
        });
        alice().on(&get, 200, &task.to_string()).on(&of_task(), 200, &reservations("pending"))
    };
    let outbound = "WW00000000000000000000000000000003";
    for (attributes, target, workflow) in [
        (r#"{"direction":"outbound"}"#, "", "WW00000000000000000000000000000009"),
        (r#"{"client_call":true,"to":"client:alice"}"#, "", outbound),
        (r#"{"direction":"outbound"}"#, BOB, outbound),
        (r#"{"direction":"outbound"}"#, ALICE, "WW00000000000000000000000000000009"),
    ] {
        let fake = offered(attributes, target, workflow);
        assert_eq!(ask(fake, path, &fields).status, 403, "{attributes} {target}");
    }
    // A call of one's own, which is routed to nobody else by the workflow of outbound calls.
    let fake = offered("{}", ALICE, outbound).on(&set, 200, &task("canceled", "{}"));
    assert_eq!(ask(fake, path, &fields).status, 200);
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
            format!("taskSid={TASK}&attributesUpdate={}", flex_edge::base::text::encode(update));
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
    // The same request again: the task is over, and so is the agent's part in it.
    let again = |now: &str| {
        let fake = alice().on(&get, 200, &task(now, "{}"));
        let fake = fake.on(&of_task(), 200, &reservations("completed"));
        ask(fake, path, &fields("completed")).status
    };
    assert_eq!(again("completed"), 200);
    for status in ["assigned", "reserved"] {
        assert_eq!(again(status), 403, "somebody else has it: {status}");
    }
    for status in ["pending", "reserved", "assigned", "", "null", "Canceled"] {
        assert_eq!(ask(alice(), path, &fields(status)).status, 400, "{status}");
    }
}

const INTERACTION: &str = "KD000000000000000000000000000000e1";
const CHANNEL_SID: &str = "UO000000000000000000000000000000e1";
const CHANNEL: &str = "https://flex-api.twilio.com/v1/Interactions/KD000000000000000000000000000000e1/Channels/UO000000000000000000000000000000e1";
const OWN_TASK: &str = "WT000000000000000000000000000000e1";
const OTHER_TASK: &str = "WT000000000000000000000000000000e2";

/// An invite's task, as its attributes have it.
fn invite_attributes(more: &str) -> String {
    format!(
        r#"{{"flexInteractionSid":"{INTERACTION}","flexInteractionChannelSid":"{CHANNEL_SID}"{more}}}"#
    )
}

/// The chat that the invite is to: its agents, and its invites.
fn in_chat(fake: Fake, agents: &[(&str, &str)], invites: &[&str]) -> Fake {
    let agent = |at: usize, (worker, task): &(&str, &str)| {
        format!(
            r#"{{"sid":"UT0000000000000000000000000000000{at}","type":"agent","routing_properties":{{"worker_sid":"{worker}","task_sid":"{task}"}}}}"#
        )
    };
    let agents: Vec<_> = agents.iter().enumerate().map(|(at, one)| agent(at, one)).collect();
    let invite = |task: &&str| {
        format!(
            r#"{{"sid":"KG000000000000000000000000000000e1","routing":{{"properties":{{"sid":"{task}"}}}}}}"#
        )
    };
    let invites: Vec<_> = invites.iter().map(invite).collect();
    fake.on(
        &format!("GET {CHANNEL}/Participants?PageSize=100"),
        200,
        &format!(r#"{{"participants":[{}],"meta":{{}}}}"#, agents.join(",")),
    )
    .on(
        &format!("GET {CHANNEL}/Invites?PageSize=50"),
        200,
        &format!(r#"{{"invites":[{}],"meta":{{}}}}"#, invites.join(",")),
    )
}

fn cancel(fake: Fake) -> u16 {
    let path = "/taskrouter/update-task-assignment-status";
    ask(fake, path, &format!("taskSid={TASK}&assignmentStatus=canceled")).status
}

/// What canceling an invite reads first.
fn invited(status: &str, more: &str) -> Fake {
    alice()
        .on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &task(status, &invite_attributes(more)))
        .on(&of_task(), 200, &no_reservations())
}

const SET: &str = "AssignmentStatus=canceled&Reason=Ended by an agent";

/// Another task, with this status.
fn another(fake: Fake, sid: &str, status: &str) -> Fake {
    let body = task(status, "{}").replace(TASK, sid);
    fake.on(&format!("GET {TASKROUTER}/Tasks/{sid}"), 200, &body)
}

#[test]
fn an_invite_can_be_canceled_by_the_agents_of_its_conversation() {
    let set = format!("POST {TASKROUTER}/Tasks/{TASK} {SET}");
    for status in ["pending", "reserved"] {
        let fake = in_chat(invited(status, ""), &[(ALICE, OWN_TASK)], &[TASK]);
        let fake = another(fake, OWN_TASK, "assigned").on(&set, 200, &task("canceled", "{}"));
        assert_eq!(cancel(fake), 200);
    }
}

#[test]
fn an_invite_is_not_canceled_by_those_whom_its_attributes_name() {
    let named =
        format!(r#","workerSidsInConversation":["{ALICE}"],"ignoreWorkerContactUri":"{ALICE}""#);
    // Who is not in the chat any more; and a task that is no invite to the chat that it names.
    for (agents, invites) in [
        (&[][..], &[TASK][..]),
        (&[(BOB, OTHER_TASK)], &[TASK]),
        (&[(ALICE, OWN_TASK)], &[OTHER_TASK]),
        (&[(ALICE, OWN_TASK)], &[]),
    ] {
        let fake = in_chat(invited("reserved", &named), agents, invites);
        assert_eq!(cancel(fake), 403, "{agents:?} {invites:?}");
    }
    // A task that names no chat, and an invite that somebody has taken.
    let fake = alice()
        .on(
            &format!("GET {TASKROUTER}/Tasks/{TASK}"),
            200,
            &task("pending", &format!(r#"{{"workerSidsInConversation":["{ALICE}"]}}"#)),
        )
        .on(&of_task(), 200, &no_reservations());
    assert_eq!(cancel(fake), 403);
    assert_eq!(cancel(invited("assigned", &named)), 403);
    let path = "/taskrouter/update-task-assignment-status";
    let fields = format!("taskSid={TASK}&assignmentStatus=completed");
    assert_eq!(ask(invited("reserved", &named), path, &fields).status, 403);
}

#[test]
fn who_has_handed_the_chat_over_cancels_no_invite_to_it() {
    let agents = [(ALICE, OWN_TASK), (BOB, OTHER_TASK)];
    let chat = |own: &str| {
        let fake = in_chat(invited("reserved", ""), &agents, &[TASK]);
        let fake = another(fake.with("TRANSFER_WRAP_UP", "on"), OWN_TASK, own);
        another(fake, OTHER_TASK, "assigned")
    };
    assert_eq!(cancel(chat("wrapping")), 403);
    let fake = another(chat("assigned"), OWN_TASK, "assigned");
    let fake = another(fake, OTHER_TASK, "assigned");
    let fake =
        fake.on(&format!("POST {TASKROUTER}/Tasks/{TASK} {SET}"), 200, &task("canceled", "{}"));
    assert_eq!(cancel(fake), 200);
}

/// The agent's own task of a chat is ended: what is read before.
fn own_chat(fake: Fake, status: &str) -> Fake {
    let attributes = invite_attributes("");
    fake.on(&format!("GET {TASKROUTER}/Tasks/{TASK}"), 200, &task(status, &attributes))
}

fn channel(fake: Fake, status: &str) -> Fake {
    let channel = format!(r#"{{"sid":"{CHANNEL_SID}","status":"{status}"}}"#);
    fake.on(&format!("GET {CHANNEL}"), 200, &channel)
}

fn end_task(status: &str) -> String {
    format!("POST {TASKROUTER}/Tasks/{TASK} AssignmentStatus={status}&Reason=Ended by an agent")
}

fn ended(fake: Fake, status: &str) -> u16 {
    let path = "/taskrouter/update-task-assignment-status";
    ask(fake, path, &format!("taskSid={TASK}&assignmentStatus={status}")).status
}

#[test]
fn who_ends_the_last_task_of_a_chat_ends_the_chat() {
    let agents: [fn() -> Fake; 2] = [
        || own_chat(alice(), "assigned").on(&of_task(), 200, &reservations("accepted")),
        || own_chat(dave(), "assigned"),
    ];
    let close = format!("POST {CHANNEL} Status=closed");
    for agent in agents {
        for status in ["wrapping", "completed"] {
            let alone = || in_chat(channel(agent(), "active"), &[(ALICE, TASK)], &[TASK]);
            let fake =
                alone().on(&close, 200, "{}").on(&end_task(status), 200, &task(status, "{}"));
            assert_eq!(ended(fake, status), 200);
            // Whoever is finishing their notes is no company.
            let both = [(ALICE, TASK), (BOB, OTHER_TASK)];
            let fake = in_chat(channel(agent(), "active"), &both, &[]);
            let fake = another(fake, OTHER_TASK, "wrapping").on(&close, 200, "{}").on(
                &end_task(status),
                200,
                &task(status, "{}"),
            );
            assert_eq!(ended(fake, status), 200);
            // It cannot be ended: nothing has changed.
            let fake = alone().on(&close, 403, "{}");
            assert_eq!(ended(channel(fake, "active"), status), 502);
        }
    }
    // The end of the channel has brought the task to where it was to be.
    let [agent, _] = agents;
    let fake = in_chat(channel(agent(), "active"), &[(ALICE, TASK)], &[]).on(&close, 200, "{}").on(
        &end_task("wrapping"),
        400,
        WRONG_STATE,
    );
    assert_eq!(ended(own_chat(fake, "wrapping"), "wrapping"), 200);
}

#[test]
fn where_nobody_is_left_alone_only_the_task_ends() {
    let agent = || own_chat(alice(), "assigned").on(&of_task(), 200, &reservations("accepted"));
    let only_the_task = |fake: Fake| {
        ended(fake.on(&end_task("completed"), 200, &task("completed", "{}")), "completed")
    };
    let own = (ALICE, TASK);
    // Another agent is there, or asked to come.
    let fake = in_chat(channel(agent(), "active"), &[own, (BOB, OTHER_TASK)], &[]);
    assert_eq!(only_the_task(another(fake, OTHER_TASK, "assigned")), 200);
    let fake = in_chat(channel(agent(), "active"), &[own], &[TASK, OTHER_TASK]);
    assert_eq!(only_the_task(another(fake, OTHER_TASK, "pending")), 200);
    // The channel is over, or gone.
    for status in ["closed", "failed"] {
        assert_eq!(only_the_task(in_chat(channel(agent(), status), &[own], &[])), 200);
    }
    let gone = agent()
        .on(&format!("GET {CHANNEL}"), 404, GONE)
        .on(&format!("GET {CHANNEL}/Participants?PageSize=100"), 404, GONE)
        .on(&format!("GET {CHANNEL}/Invites?PageSize=50"), 404, GONE);
    assert_eq!(only_the_task(gone), 200);
    // The task says that it is a stranger's chat's: whatever agents write ends nobody's chat.
    let fake = in_chat(channel(agent(), "active"), &[(BOB, OTHER_TASK)], &[]);
    assert_eq!(only_the_task(fake), 200);
    // Who finishes their notes has handed the chat over, or parked it.
    let wraps = own_chat(alice(), "wrapping").on(&of_task(), 200, &reservations("wrapping")).on(
        &format!(
            "GET {TASKROUTER}/Tasks/{TASK}/Reservations?ReservationStatus=accepted&PageSize=50"
        ),
        200,
        &no_reservations(),
    );
    assert_eq!(only_the_task(wraps), 200);
    // When it cannot be known, nothing changes.
    let fake = in_chat(agent().on(&format!("GET {CHANNEL}"), 403, "{}"), &[own], &[]);
    assert_eq!(ended(fake, "completed"), 502);
}

#[test]
fn the_last_invite_to_a_customer_who_is_alone_stays() {
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    let of_supervisor = || dave().on(&get, 200, &task("pending", &invite_attributes("")));
    assert_eq!(cancel(in_chat(of_supervisor(), &[], &[TASK])), 409);
    // An agent who is done is not there.
    let fake = in_chat(of_supervisor(), &[(BOB, OTHER_TASK)], &[TASK]);
    assert_eq!(cancel(another(fake, OTHER_TASK, "wrapping")), 409);
    let fake = in_chat(invited("pending", ""), &[(ALICE, OWN_TASK)], &[TASK]);
    assert_eq!(cancel(another(fake, OWN_TASK, "wrapping")), 409);
    // Somebody else is asked to come.
    let set = format!("POST {TASKROUTER}/Tasks/{TASK} {SET}");
    let fake = in_chat(of_supervisor(), &[], &[TASK, OTHER_TASK]);
    let fake = another(fake, OTHER_TASK, "reserved").on(&set, 200, &task("canceled", "{}"));
    assert_eq!(cancel(fake), 200);
}

#[test]
fn the_room_and_the_leg_of_a_call_may_be_named_where_they_decide_nothing() {
    let path = "/taskrouter/update-task-attributes";
    let get = format!("GET {TASKROUTER}/Tasks/{TASK}");
    // As the template saves where the recording of an outbound call is.
    let update = format!(
        r#"{{"conference":{{"sid":"{ROOM}"}},"call_sid":"{LEG}","conversations":{{"media":[{{"url":"https://x"}}]}}}}"#
    );
    let fields = |update: &str| {
        format!("taskSid={TASK}&attributesUpdate={}", flex_edge::base::text::encode(update))
    };
    let mine = |attributes: &str| {
        alice().on(&get, 200, &task("assigned", attributes)).on(
            &of_task(),
            200,
            &reservations("accepted"),
        )
    };
    let write = |before: &str, update: &str| {
        let merged = flex_edge::base::attributes::merge(before, update).unwrap();
        format!("POST {TASKROUTER}/Tasks/{TASK} Attributes={merged}")
    };
    let fake = mine("{}").on(&write("{}", &update), 200, &task("assigned", "{}"));
    assert_eq!(ask(fake, path, &fields(&update)).status, 200);
    // Of an internal call it must be the call's own room, and a leg in it.
    let call = r#"{"client_call":true}"#;
    let found = format!("GET {API}/Conferences/{ROOM}.json");
    let leg = format!("GET {API}/Conferences/{ROOM}/Participants/{LEG}.json");
    let fake = mine(call).on(&found, 200, &room("in-progress")).on(&leg, 200, &participant());
    let fake = fake.on(&write(call, &update), 200, &task("assigned", "{}"));
    assert_eq!(ask(fake, path, &fields(&update)).status, 200);
    let fake = mine(call).on(&found, 200, &room("in-progress")).on(&leg, 404, GONE);
    assert_eq!(ask(fake, path, &fields(&update)).status, 403);
    let of_others = room("in-progress").replace(TASK, OTHER_TASK);
    assert_eq!(ask(mine(call).on(&found, 200, &of_others), path, &fields(&update)).status, 403);
    for more in [
        r#"{"conference":{"participants":{"customer":"CA1"}}}"#.to_owned(),
        format!(r#"{{"conference":{{"sid":"{ROOM}","participants":{{}}}}}}"#),
        r#"{"conference":null}"#.to_owned(),
        r#"{"call_sid":null}"#.to_owned(),
        format!(r#"{{"call_sid":"{LEG}","call_sid":"x"}}"#),
        format!(r#"{{"conference":{{"sid":"{ROOM}"}},"client_call":true}}"#),
    ] {
        let before = format!(r#"{{"call_sid":"{LEG}x","conference":{{"x":1}}}}"#);
        assert_eq!(ask(mine(&before), path, &fields(&more)).status, 403, "{more}");
    }
}

#[test]
fn attributes_that_twilio_would_not_take_are_refused_unread() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(4 * 1024));
    for (path, named) in [
        ("/taskrouter/update-task-attributes", format!("taskSid={TASK}")),
        ("/common/flex/taskrouter/update-worker-attributes", format!("workerSid={ALICE}")),
    ] {
        let response = ask(alice(), path, &format!("{named}&attributesUpdate={long}"));
        let body = json(&response);
        assert_eq!((response.status, &body["field"]), (400, &"attributesUpdate".into()), "{path}");
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
    let update = flex_edge::base::text::encode(r#"{"a":{"y":2}}"#);
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
    for name in ["roles", "routing", "contact_uri", "disabled_skills"] {
        for value in ["{}", "null", r#"[],"x":1,"\u0061":1"#] {
            let update = format!(r#"{{"b":1,"{name}":{value}}}"#);
            let update = flex_edge::base::text::encode(&update);
            let fields = format!("workerSid={ALICE}&attributesUpdate={update}");
            assert_eq!(ask(alice(), path, &fields).status, 403, "{name} {value}");
        }
    }
    let fake =
        dave().on_with_etag(&get(BOB), "\"1\"", &before).on(&write(BOB, "\"1\""), 200, &before);
    assert_eq!(ask(fake, path, &format!("workerSid={BOB}&attributesUpdate={update}")).status, 200);
}

#[test]
fn worker_attributes_that_are_no_object_stay_as_they_are() {
    for broken in ["{not json", "[1]", "1"] {
        let worker = serde_json::json!({ "sid": ALICE, "attributes": broken }).to_string();
        let fake = alice().on(&format!("GET {TASKROUTER}/Workers/{ALICE}"), 200, &worker);
        let path = "/common/flex/taskrouter/update-worker-attributes";
        let fields = format!("workerSid={ALICE}&attributesUpdate={{}}");
        let response = ask(fake, path, &fields);
        assert_eq!(response.status, 409, "{broken}");
        assert!(json(&response)["message"].as_str().unwrap().contains("no JSON object"));
    }
}
