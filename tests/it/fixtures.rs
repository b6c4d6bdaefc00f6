//! Agents, tasks and rooms as the tests of several features need them.

use flex_edge::base::http::Response;

use crate::support::{ALICE, API, Fake, TASKROUTER, post};

pub const TASK: &str = "WT000000000000000000000000000000a1";
pub const ROOM: &str = "CF00000000000000000000000000000001";
pub const LEG: &str = "CA00000000000000000000000000000001";
pub const BOB: &str = "WK00000000000000000000000000000002";
pub const GONE: &str = r#"{"code":20404,"message":"gone","status":404}"#;
pub const WRONG_STATE: &str = r#"{"code":20001,"message":"wrong state","status":400}"#;

pub fn alice() -> Fake {
    Fake::default().on_token()
}

pub fn dave() -> Fake {
    Fake::default().on_token_of("dave", "WK00000000000000000000000000000004", "supervisor")
}

pub fn reservations(status: &str) -> String {
    format!(
        r#"{{"reservations":[{{"sid":"WR00000000000000000000000000000001","reservation_status":"{status}","task_sid":"{TASK}"}}],"meta":{{"next_page_url":null}}}}"#
    )
}

pub fn no_reservations() -> String {
    r#"{"reservations":[],"meta":{}}"#.to_owned()
}

pub fn of_task() -> String {
    format!("GET {TASKROUTER}/Tasks/{TASK}/Reservations?WorkerSid={ALICE}&PageSize=50")
}

pub fn of_worker() -> String {
    format!("GET {TASKROUTER}/Workers/{ALICE}/Reservations?PageSize=1000")
}

pub fn task(status: &str, attributes: &str) -> String {
    serde_json::json!({ "sid": TASK, "assignment_status": status, "attributes": attributes })
        .to_string()
}

pub fn room(status: &str) -> String {
    format!(r#"{{"sid":"{ROOM}","friendly_name":"{TASK}","status":"{status}"}}"#)
}

pub fn participant() -> String {
    format!(r#"{{"call_sid":"{LEG}","conference_sid":"{ROOM}","end_conference_on_exit":false}}"#)
}

pub fn ask(fake: Fake, path: &str, fields: &str) -> Response {
    fake.handle(post(path, &format!("Token=a.flex.token.of.alice&{fields}")))
}

/// An agent who is in ROOM, because its task is theirs.
pub fn in_room(fake: Fake) -> Fake {
    fake.on(&format!("GET {API}/Conferences/{ROOM}.json"), 200, &room("in-progress")).on(
        &of_worker(),
        200,
        &reservations("accepted"),
    )
}
