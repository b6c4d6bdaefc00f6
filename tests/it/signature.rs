//! Twilio's signatures: the published vectors, and twilio-node's verdict on random requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flex_edge::base::config::Config;
use flex_edge::base::http::Request;
use flex_edge::flex::signature::is_valid;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::support::{Fake, post, post_json, signed};

/// Name and value of every field; a list stands for a repeated name.
fn form(params: &Value) -> Vec<(String, String)> {
    let mut form = Vec::new();
    for (name, value) in params.as_object().unwrap() {
        match value {
            Value::Array(values) => {
                form.extend(
                    values.iter().map(|value| (name.clone(), value.as_str().unwrap().to_owned())),
                );
            }
            value => form.push((name.clone(), value.as_str().unwrap().to_owned())),
        }
    }
    form
}

fn verdict(case: &Value) -> bool {
    let token = case["authToken"].as_str().unwrap().to_owned();
    let config = Config::read(|name| (name == "TWILIO_AUTH_TOKEN").then(|| token.clone()));
    let form = case.get("params").map(form).unwrap_or_default();
    let pairs: Vec<_> = form.iter().map(|(name, value)| (name.into(), value.into())).collect();
    is_valid(
        &config.signing_keys,
        case["signature"].as_str().unwrap(),
        case["url"].as_str().unwrap(),
        &pairs,
    )
}

#[test]
fn the_vectors_get_twilios_verdict() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("signature-vectors.json")).unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let expected = match name {
            // twilio-node leaves the fragment to its caller; here it is dropped. And of the
            // tampered body the signature is good: its hash is what differs.
            "fragment-must-be-stripped" | "json-body-tampered" => true,
            _ => case["valid"].as_bool().unwrap(),
        };
        assert_eq!(verdict(&case), expected, "{name}");
        if let Some(body) = case["rawBody"].as_str() {
            let url = case["url"].as_str().unwrap();
            let hash =
                Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert_eq!(url.contains(&hash), case["valid"].as_bool().unwrap(), "{name}");
        }
    }
}

/// `npm test` writes the file with twilio-node (`tests/signatures.mjs`).
#[test]
fn random_requests_get_twilio_nodes_verdict() {
    let Ok(path) = std::env::var("FLEX_EDGE_SIGNATURES") else { return };
    let (mut valid, mut invalid) = (0, 0);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let expected = case["valid"].as_bool().unwrap();
        assert_eq!(verdict(&case), expected, "{case}");
        if expected { valid += 1 } else { invalid += 1 }
    }
    assert!(valid > 2_000 && invalid > 2_000, "{valid} {invalid}");
    println!("{valid} valid and {invalid} invalid requests as twilio-node has them");
}

fn json_event(body: &str, hashed: &str) -> Request {
    let hash = Sha256::digest(hashed).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut request = post_json(&format!("/voice/call-outbound-join?bodySHA256={hash}"), body);
    request.signature = signed(Request { body: String::new(), ..request.clone() }).signature;
    request
}

#[test]
fn a_json_body_is_covered_by_its_hash() {
    let body = r#"{"StatusCallbackEvent":"participant-leave","FriendlyName":"naïve ☎"}"#;
    assert_eq!(Fake::default().handle(json_event(body, body)).status, 200);
    assert_eq!(
        Fake::default().handle(json_event(&body.replace("leave", "join"), body)).status,
        403
    );
    // The signature of a URL alone does not vouch for a body.
    let bare =
        signed(Request { body: String::new(), ..post_json("/voice/call-outbound-join", "") });
    assert_eq!(Fake::default().handle(Request { body: body.into(), ..bare }).status, 403);
}

#[test]
fn the_public_url_stands_in_for_the_one_the_worker_sees() {
    let seen = post("/voice/call-outbound-join?a=b", "StatusCallbackEvent=participant-leave");
    let given = Request {
        url: seen.url.replace("https://edge.example.com", "https://hooks.example.org"),
        ..seen.clone()
    };
    let request = Request { signature: signed(given).signature, ..seen };
    assert_eq!(Fake::default().handle(request.clone()).status, 403);
    assert_eq!(
        Fake::default().with("PUBLIC_URL", "https://hooks.example.org/").handle(request).status,
        200
    );
}

#[test]
fn both_tokens_are_accepted_during_a_rotation() {
    let request =
        signed(post("/voice/call-outbound-join", "StatusCallbackEvent=participant-leave"));
    let rotated = || Fake::default().with("TWILIO_AUTH_TOKEN", "the-next-one");
    assert_eq!(rotated().handle(request.clone()).status, 403);
    assert_eq!(
        rotated().with("TWILIO_AUTH_TOKEN_SECONDARY", "auth-token").handle(request).status,
        200
    );
}

#[test]
fn only_the_exact_signature_is_accepted() {
    let good = signed(post("/voice/call-outbound-join", "StatusCallbackEvent=participant-leave"));
    let raw = STANDARD.decode(&good.signature).unwrap();
    for bad in [
        String::new(),
        good.signature.trim_end_matches('=').to_owned(),
        good.signature.to_lowercase(),
        format!("{} ", good.signature),
        format!("{}=", good.signature),
        STANDARD.encode(&raw[..19]),
        STANDARD.encode([&raw[..], b"x"].concat()),
        STANDARD.encode(Hmac::<Sha1>::new_from_slice(b"").unwrap().finalize().into_bytes()),
        "é".repeat(14),
    ] {
        assert_eq!(
            Fake::default().handle(Request { signature: bad.clone(), ..good.clone() }).status,
            403,
            "{bad}"
        );
    }
}
