//! What the log may say: one line per request, never a token, a number, a name or a body.

use flex_edge::base::http::Request;

use crate::support::{API, Fake, TASKROUTER, get, handle, post, post_json, signed};

/// What is logged while a request is answered.
fn lines_of(fake: &Fake, request: Request) -> Vec<serde_json::Value> {
    handle(&fake.app(), request);
    fake.played();
    let lines = fake.world.lines.take();
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn one_line_tells_what_happened() {
    let room = "CF00000000000000000000000000000001";
    let leg = "CA00000000000000000000000000000001";
    let update = format!("POST {API}/Conferences/{room}/Participants/{leg}.json Hold=true");
    let fake = Fake::default()
        .on_token_of("dave", "WK00000000000000000000000000000004", "supervisor")
        .on(&update, 200, "{}");
    let body = format!("Token=a.flex.token.of.alice&conference={room}&participant={leg}&hold=true");
    let request = Request { ray: "8f2b".into(), ..post("/voice/hold-participant", &body) };
    let lines = lines_of(&fake, request);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["request"], "8f2b");
    assert_eq!(lines[0]["route"], "/voice/hold-participant");
    assert_eq!(lines[0]["status"], 200);
    assert_eq!(lines[0]["twilioCalls"], 2);
    assert_eq!(lines[0]["sids"].as_array().unwrap().len(), 2);
}

#[test]
fn no_secret_is_logged() {
    const SECRETS: [&str; 5] =
        ["s3cr3t.token.of.alice.Doe", "+4917012345", "Grüße", "auth-token", "Alice Doe"];
    let refused = r#"{"valid":false,"message":"no s3cr3t.token.of.alice.Doe for +4917012345"}"#;
    let iam = format!(
        r#"POST https://iam.twilio.com/v1/Accounts/{}/Tokens/validate {{"token":"s3cr3t.token.of.alice.Doe"}}"#,
        crate::support::ACCOUNT
    );
    let garbled = r#"{"sid":"Alice Doe +4917012345"}"#;
    let join = "StatusCallbackEvent=participant-join&FriendlyName=WT000000000000000000000000000000c1&ConferenceSid=CF00000000000000000000000000000001&CallSid=CA00000000000000000000000000000001&From=%2B4917012345";
    let cases = [
        (Fake::default().on(&iam, 200, refused), post("/voice/hold-participant", "Token=s3cr3t.token.of.alice.Doe&to=%2B4917012345")),
        (Fake::default(), get("/s3cr3t.token.of.alice.Doe/+4917012345?Token=s3cr3t.token.of.alice.Doe")),
        (Fake::default(), get("/health?Token=s3cr3t.token.of.alice.Doe")),
        (Fake::default(), post_json("/transferConversation", r#"{"Token":"s3cr3t.token.of.alice.Doe","Payload":"Alice Doe"#)),
        (Fake::default(), post_json("/voice/hold-participant", "Grüße s3cr3t.token.of.alice.Doe")),
        (Fake::default(), Request { authorization: "Basic s3cr3t.token.of.alice.Doe".into(), ..post("/voice/hold-participant", "x=Gr%C3%BC%C3%9Fe") }),
        (Fake::default(), signed(post("/voice/agent-outbound-join?taskSid=%2B4917012345", "Caller=%2B4917012345"))),
        (
            Fake::default().on(&format!("GET {TASKROUTER}/Tasks/WT000000000000000000000000000000c1"), 200, garbled),
            signed(post("/voice/call-outbound-join", join)),
        ),
        (
            Fake::default()
                .on(
                    &format!("GET {TASKROUTER}/Tasks/WT000000000000000000000000000000c1"),
                    403,
                    r#"{"code":20403,"message":"Alice Doe +4917012345 may not"}"#,
                )
                .on(&format!("GET {API}/Conferences/CF00000000000000000000000000000001/Participants.json?PageSize=250"), 200, r#"{"participants":[]}"#),
            signed(post("/voice/call-outbound-join", join)),
        ),
    ];
    for (fake, request) in cases {
        let lines = lines_of(&fake, request);
        assert!(!lines.is_empty());
        for line in lines {
            for secret in SECRETS {
                assert!(!line.to_string().contains(secret), "{line}");
            }
        }
    }
}
