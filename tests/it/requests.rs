//! Retries, faults and tokens: what every feature relies on.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::mem::replace;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use flex_edge::base::error::Result;
use flex_edge::base::runtime::{Answer, Call, Claim, KvPage, Limit, Lost, Runtime, Watch};
use futures_util::future::LocalBoxFuture;

use crate::support::{ACCOUNT, API, Fake, TASKROUTER, handle, json, poll, post};

const HOLD: &str = "Token=a.flex.token.of.alice&conference=WT000000000000000000000000000000c1&participant=CA00000000000000000000000000000001&hold=true";

#[test]
fn a_refused_token_is_403_with_twilios_reason() {
    let call = format!(
        r#"POST https://iam.twilio.com/v1/Accounts/{ACCOUNT}/Tokens/validate {{"token":"a.flex.token.of.alice"}}"#
    );
    let fake =
        Fake::default().on(&call, 200, r#"{"valid":false,"code":20101,"message":"expired"}"#);
    let app = fake.app();
    let response = handle(&app, post("/voice/hold-participant", HOLD));
    assert_eq!((response.status, json(&response)["message"].as_str()), (403, Some("expired")));
    // The second time it is remembered.
    assert_eq!(handle(&app, post("/voice/hold-participant", HOLD)).status, 403);
    fake.played();
}

#[test]
fn a_token_that_twilio_refuses_by_its_status_is_403_too() {
    let call = format!(
        r#"POST https://iam.twilio.com/v1/Accounts/{ACCOUNT}/Tokens/validate {{"token":"a.flex.token.of.alice"}}"#
    );
    let answer = |status: u16, code: u32| {
        let refusal = format!(r#"{{"code":{code},"message":"no","status":{status}}}"#);
        let fake = Fake::default().on(&call, status, &refusal);
        let response = handle(&fake.app(), post("/voice/hold-participant", HOLD));
        fake.played();
        let warnings = fake.world.lines.take();
        let warnings = warnings.iter().filter(|line| line.contains("credentials")).count();
        (response.status, warnings)
    };
    for (status, code) in [(400, 20101), (401, 20101), (403, 20403), (404, 20404)] {
        assert_eq!(answer(status, code), (403, 0), "{status} {code}");
    }
    // It may be our own credentials as well: the log says so.
    assert_eq!(answer(401, 20003), (403, 1));
    for status in [409, 501] {
        assert_ne!(answer(status, 20500).0, 403, "{status}");
    }
}

#[test]
fn a_token_whose_time_is_up_is_refused() {
    let call = format!(
        r#"POST https://iam.twilio.com/v1/Accounts/{ACCOUNT}/Tokens/validate {{"token":"a.flex.token.of.alice"}}"#
    );
    let fake = Fake::default().on(&call, 200, r#"{"valid":true,"expiration":"2020-01-01T00:00:00Z","worker_sid":"WK00000000000000000000000000000001","identity":"alice","roles":["agent"]}"#);
    assert_eq!(fake.handle(post("/voice/hold-participant", HOLD)).status, 403);
}

/// Flex tokens are JWEs: five parts of base64url, at most 8 KB.
#[test]
fn what_cannot_be_a_flex_token_costs_twilio_nothing() {
    let long = format!("a.b.c.d.{}", "e".repeat(8 * 1024));
    for junk in ["T", "a.b.c.d", "a.b.c.d.e.f", "a.b.c.d.%C3%BC", "a.b.c.d.e%20f", &long] {
        let request = post("/voice/hold-participant", &format!("Token={junk}"));
        let response = Fake::default().handle(request);
        assert_eq!(response.status, 403, "{junk}");
    }
}

#[test]
fn a_valid_token_is_asked_for_once() {
    let fake = Fake::default().on_token();
    let app = fake.app();
    for _ in 0..3 {
        let response = handle(&app, post("/voice/hold-participant", "Token=a.flex.token.of.alice"));
        assert_eq!(
            (response.status, json(&response)["field"].as_str()),
            (400, Some("participant"))
        );
    }
    fake.played();
}

#[test]
fn without_a_cache_each_request_asks() {
    let fake = Fake::default().with("FLEX_TOKEN_CACHE_SECONDS", "0").on_token().on_token();
    let app = fake.app();
    for _ in 0..2 {
        assert_eq!(
            handle(&app, post("/voice/hold-participant", "Token=a.flex.token.of.alice")).status,
            400
        );
    }
    fake.played();
}

/// An outside that answers nothing, and its clock.
struct Silent(Rc<Cell<u64>>);

#[async_trait(?Send)]
impl Runtime for Silent {
    async fn fetch(&self, _: &Call, _: Duration) -> Result<Answer, Lost> {
        pending().await
    }

    async fn kv_get(&self, _: &str) -> Result<Option<String>> {
        pending().await
    }

    async fn kv_put(&self, _: &str, _: &str, _: &str, _: Option<Duration>) -> Result<()> {
        pending().await
    }

    async fn kv_delete(&self, _: &str) -> Result<()> {
        pending().await
    }

    async fn kv_list(&self, _: &str, _: Option<&str>) -> Result<KvPage> {
        pending().await
    }

    async fn claim(
        &self,
        _: &str,
        _: Duration,
        _: Duration,
        _: Option<Watch>,
        _: Option<String>,
    ) -> Result<Claim> {
        pending().await
    }

    async fn settle(&self, _: &str, _: u32, _: Option<String>, _: Duration) -> Result<()> {
        pending().await
    }

    async fn limit(&self, _: Limit, _: &str) -> Result<bool> {
        pending().await
    }

    /// Each sleep lasts until the next poll.
    async fn sleep(&self, _: Duration) {
        let mut is_over = false;
        poll_fn(|_| if replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }

    fn behind(&self, _: LocalBoxFuture<'static, ()>) {}

    fn now(&self) -> u64 {
        self.0.get()
    }

    fn log(&self, _: &str) {}
}

#[test]
fn whoever_waits_for_anothers_token_check_gives_up_in_time() {
    let clock = Rc::new(Cell::new(1_800_000_000_000));
    let app = Fake::default().app_in(Box::new(Silent(Rc::clone(&clock))));
    let mut first = pin!(app.handle(post("/voice/hold-participant", HOLD)));
    let mut second = pin!(app.handle(post("/voice/hold-participant", HOLD)));
    assert!(poll(first.as_mut()).is_pending());
    for _ in 0..3 {
        assert!(poll(second.as_mut()).is_pending());
    }
    clock.set(1_800_000_009_500);
    let Poll::Ready(response) = poll(second.as_mut()) else { panic!("it still waits") };
    assert_eq!(response.status, 503);
}

#[test]
fn a_bearer_token_is_as_good() {
    let request = flex_edge::base::http::Request {
        authorization: "Bearer a.flex.token.of.alice".into(),
        ..post("/voice/hold-participant", "")
    };
    assert_eq!(Fake::default().on_token().handle(request).status, 400);
}

/// A supervisor holds: one call, whose faults show.
fn hold(fake: Fake) -> (u16, serde_json::Value, u64) {
    let body = "Token=a.flex.token.of.alice&conference=CF00000000000000000000000000000001&participant=CA00000000000000000000000000000001&hold=true";
    let response = fake.handle(post("/voice/hold-participant", body));
    (response.status, json(&response), fake.world.slept.get())
}

fn supervisor() -> Fake {
    Fake::default().on_token_of("dave", "WK00000000000000000000000000000004", "supervisor")
}

fn update() -> String {
    format!(
        "POST {API}/Conferences/CF00000000000000000000000000000001/Participants/CA00000000000000000000000000000001.json Hold=true"
    )
}

#[test]
fn too_many_requests_waits_as_long_as_twilio_says() {
    let (status, _, slept) =
        hold(supervisor().on_later(&update(), 429, 2).on(&update(), 200, "{}"));
    assert_eq!(status, 200);
    assert!((2000..3000).contains(&slept), "{slept}");
}

#[test]
fn a_wait_longer_than_the_request_may_take_is_not_waited() {
    let (status, body, slept) = hold(supervisor().on_later(&update(), 429, 60));
    assert_eq!((status, body["twilioErrorCode"].as_u64(), slept), (429, Some(20429), 0));
}

#[test]
fn a_lost_write_that_may_be_repeated_is_repeated() {
    assert_eq!(hold(supervisor().on_lost(&update()).on(&update(), 200, "{}")).0, 200);
    assert_eq!(hold(supervisor().on_lost(&update()).on_lost(&update()).on_lost(&update())).0, 504);
}

#[test]
fn refusals_pass_through_when_they_are_facts() {
    for (theirs, ours) in
        [(400, 400), (401, 502), (403, 502), (404, 404), (409, 409), (412, 412), (500, 502)]
    {
        let refusal = format!(
            r#"{{"code":13223,"message":"no","more_info":"https://www.twilio.com/docs/errors/13223","status":{theirs}}}"#
        );
        let (status, body, _) = hold(supervisor().on(&update(), theirs, &refusal));
        assert_eq!(status, ours);
        assert_eq!(body["twilioErrorCode"], 13223);
        assert_eq!(body["twilioDocPage"], "https://www.twilio.com/docs/errors/13223");
        assert_eq!(body["message"], "no");
    }
}

#[test]
fn an_agent_without_a_part_in_it_changes_nothing() {
    let room = r#"{"sid":"CF00000000000000000000000000000001","friendly_name":"WT000000000000000000000000000000c1","status":"in-progress"}"#;
    let fake = Fake::default()
        .on_token()
        .on(&format!("GET {API}/Conferences/CF00000000000000000000000000000001.json"), 200, room)
        .on(&format!("GET {TASKROUTER}/Workers/WK00000000000000000000000000000001/Reservations?PageSize=1000"), 200, r#"{"reservations":[{"sid":"WR00000000000000000000000000000001","reservation_status":"completed","task_sid":"WT000000000000000000000000000000c1"}],"meta":{}}"#);
    assert_eq!(hold(fake).0, 403);
    let off = Fake::default().with("ACCESS_CHECKS", "off").on_token().on(&update(), 200, "{}");
    assert_eq!(hold(off).0, 200);
}
