//! Queues, channels, tasks and workers: the exact requests that Twilio gets.

use crate::fixtures::*;
use crate::support::{ALICE, TASKROUTER, json};

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
    let update = flex_edge::base::text::encode(r#"{"a":[9],"gone":null,"to":"x"}"#);
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
    for name in ["roles", "routing", "contact_uri"] {
        let update = flex_edge::base::text::encode(&format!(r#"{{"{name}":{{}}}}"#));
        assert_eq!(
            ask(alice(), path, &format!("workerSid={ALICE}&attributesUpdate={update}")).status,
            403
        );
    }
    let fake =
        dave().on_with_etag(&get(BOB), "\"1\"", &before).on(&write(BOB, "\"1\""), 200, &before);
    assert_eq!(ask(fake, path, &format!("workerSid={BOB}&attributesUpdate={update}")).status, 200);
}
