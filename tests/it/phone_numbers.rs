//! Telephone numbers.

use crate::fixtures::*;
use crate::support::{API, json};

#[test]
fn a_number_is_valid_when_the_account_may_dial_it() {
    let path = "/common/flex/phone-numbers/validate-phone-number";
    let lookup =
        |number: &str| format!("GET https://lookups.twilio.com/v2/PhoneNumbers/%2B{number}");
    let valid = |number: &str, code: &str, country: &str| {
        format!(
            r#"{{"valid":true,"calling_country_code":"{code}","country_code":"{country}","phone_number":"+{number}","validation_errors":[]}}"#
        )
    };
    let countries = |code: &str| {
        format!(
            "GET https://voice.twilio.com/v1/DialingPermissions/Countries?CountryCode={code}&PageSize=1000"
        )
    };
    let prefixes = |country: &str| {
        format!(
            "GET https://voice.twilio.com/v1/DialingPermissions/Countries/{country}/HighRiskSpecialPrefixes?PageSize=1000"
        )
    };
    let rows = |country: &str, low: bool, high: bool| {
        format!(
            r#"{{"content":[{{"iso_code":"{country}","low_risk_numbers_enabled":{low},"high_risk_special_numbers_enabled":{high}}}],"meta":{{}}}}"#
        )
    };
    let risky = r#"{"content":[{"prefix":"+49180"}],"meta":{}}"#;
    let none = r#"{"content":[],"meta":{}}"#;
    for (number, code, country, asked, answer, reason) in [
        ("15551230001", "1", "CA", "US", rows("US", true, true), None),
        ("4930123456", "49", "DE", "DE", rows("DE", true, false), None),
        (
            "4918012345",
            "49",
            "DE",
            "DE",
            rows("DE", true, false),
            Some("HIGH_RISK_SPECIAL_NUMBER_DISABLED"),
        ),
        ("4418012345", "44", "GB", "GB", rows("GB", false, true), Some("COUNTRY_DISABLED")),
        ("9991234567", "999", "XX", "XX", none.to_owned(), Some("COUNTRY_UNKNOWN")),
    ] {
        let fake = alice()
            .on(&lookup(number), 200, &valid(number, code, country))
            .on(&countries(code), 200, &answer)
            .on(&prefixes(asked), 200, risky);
        let body = json(&ask(fake, path, &format!("phoneNumber=%2B{number}")));
        assert_eq!(
            (&body["success"], &body["valid"]),
            (&true.into(), &reason.is_none().into()),
            "{number}"
        );
        assert_eq!(body.get("invalidReason"), Some(&serde_json::json!(reason)), "{number}");
    }
    // A satellite telephone: what is permitted goes by the calling code.
    let nowhere =
        valid("881612345678", "881", "").replace("\"country_code\":\"\"", "\"country_code\":null");
    let fake = alice().on(&lookup("881612345678"), 200, &nowhere);
    let fake = fake.on(&countries("881"), 200, &rows("", true, false));
    assert_eq!(json(&ask(fake, path, "phoneNumber=%2B881612345678"))["valid"], true);
    let fake = alice().on(
        &lookup("1"),
        200,
        r#"{"valid":false,"validation_errors":["TOO_SHORT","NOT_A_NUMBER"]}"#,
    );
    let body = json(&ask(fake, path, "phoneNumber=%2B1"));
    assert_eq!(
        (body["valid"].as_bool(), body["invalidReason"].as_str()),
        (Some(false), Some("TOO_SHORT, NOT_A_NUMBER"))
    );
    let fake =
        alice().on(&lookup("15551230001"), 429, r#"{"code":20429,"message":"later","status":429}"#);
    let fake = fake.on(&lookup("15551230001"), 400, "{}");
    assert_eq!(ask(fake, path, "phoneNumber=%2B15551230001").status, 400);
    assert_eq!(ask(alice(), path, "").status, 400);
}

#[test]
fn the_accounts_numbers_are_listed() {
    let path = "/common/flex/phone-numbers/list-phone-numbers";
    let numbers = format!("GET {API}/IncomingPhoneNumbers.json?PageSize=1000");
    let next = format!("GET {API}/IncomingPhoneNumbers.json?PageSize=1000&Page=1");
    let page = r#"{"incoming_phone_numbers":[{"friendly_name":"é","phone_number":"+1"}],"next_page_uri":"/2010-04-01/Accounts/AC0000000000000000000000000000acc0/IncomingPhoneNumbers.json?PageSize=1000&Page=1"}"#;
    let last = r#"{"incoming_phone_numbers":[{"friendly_name":null,"phone_number":"+2"}],"next_page_uri":null}"#;
    let body = json(&ask(
        alice().on(&numbers, 200, page).on(&next, 200, last),
        path,
        "IncludeOutgoing=false",
    ));
    assert_eq!(
        body["phoneNumbers"],
        serde_json::json!([{"friendlyName":"é","phoneNumber":"+1"},{"friendlyName":null,"phoneNumber":"+2"}])
    );
    let fake = alice().on(&numbers, 200, last).on(
        &format!("GET {API}/OutgoingCallerIds.json?PageSize=1000"),
        200,
        r#"{"outgoing_caller_ids":[{"friendly_name":"f","phone_number":"+3"}]}"#,
    );
    let body = json(&ask(fake, path, "IncludeOutgoing=true"));
    assert_eq!(body["phoneNumbers"][1], serde_json::json!({"friendlyName":"f","phoneNumber":"+3"}));
}

#[test]
fn what_lookup_says_and_cannot_be_read_is_no_verdict() {
    let path = "/common/flex/phone-numbers/validate-phone-number";
    let lookup = "GET https://lookups.twilio.com/v2/PhoneNumbers/%2B15551230001";
    for unreadable in ["", "[]", "{}", r#"{"valid":null}"#, r#"{"valid":"no"}"#, "<html>"] {
        let response = ask(alice().on(lookup, 200, unreadable), path, "phoneNumber=%2B15551230001");
        assert_eq!(
            (response.status, json(&response)["valid"].as_bool()),
            (500, None),
            "{unreadable}"
        );
    }
    // A blank that was a plus.
    let fake = alice().on(lookup, 200, r#"{"valid":false,"validation_errors":["TOO_SHORT"]}"#);
    assert_eq!(json(&ask(fake, path, "phoneNumber=+15551230001"))["valid"], false);
}
