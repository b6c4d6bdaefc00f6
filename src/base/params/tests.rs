//! Input as the plugins send it.

use serde::Deserialize;

use super::*;
use crate::base::sid::TaskSid;
use crate::base::text::form;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    task_sid: Option<TaskSid>,
    #[serde(default)]
    name: Option<String>,
    on: Option<bool>,
    most: Option<u64>,
    more: Option<JsonObject>,
    status: Option<Status>,
    inside: Option<Inside>,
    names: Option<Vec<String>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Wrapping,
    Completed,
}

#[derive(Debug, Deserialize)]
struct Inside {
    to: String,
}

fn ask(body: &str) -> Result<Ask> {
    Params::from_pairs(Vec::new(), pairs(body)).read()
}

fn ask_json(body: &str) -> Result<Ask> {
    Params::from_json(Vec::new(), body)?.read()
}

fn problem(result: Result<Ask>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_body_wins_over_the_query_and_the_last_value_over_the_first() {
    let params = Params::from_pairs(pairs("name=1"), pairs("name=3&name=4"));
    assert_eq!(params.read::<Ask>().unwrap().name.unwrap(), "4");
}

#[test]
fn what_nobody_reads_may_be_anything() {
    for more in ["[1,{}]", "{\"a\":1}", "1.5", "true", "null", "\"x\""] {
        let body = format!(r#"{{"name":"a","more than asked":{more},"":{more}}}"#);
        assert_eq!(ask_json(&body).unwrap().name.as_deref(), Some("a"), "{body}");
    }
}

#[test]
fn null_undefined_and_nothing_are_absent() {
    for body in ["", "name=", "name=null", "name=undefined", "y=1"] {
        assert_eq!(ask(body).unwrap().name, None, "{body}");
    }
    assert_eq!(ask_json(r#"{"name":null}"#).unwrap().name, None);
}

#[test]
fn truth_is_a_word_or_json() {
    assert_eq!(ask("on=true").unwrap().on, Some(true));
    assert_eq!(ask("on=false").unwrap().on, Some(false));
    assert_eq!(ask_json(r#"{"on":true}"#).unwrap().on, Some(true));
    assert_eq!(problem(ask("on=1")), "on: must be true or false");
}

#[test]
fn numbers_are_digits_or_json() {
    assert_eq!(ask("most=7").unwrap().most, Some(7));
    assert_eq!(ask_json(r#"{"most":7}"#).unwrap().most, Some(7));
    assert_eq!(problem(ask("most=-1")), "most: must be a whole number");
    assert_eq!(ask_json(r#"{"name":42}"#).unwrap().name.unwrap(), "42");
    assert_eq!(problem(ask_json(r#"{"name":[]}"#)), "name: must be a text");
}

#[test]
fn whole_numbers_may_have_a_fraction_of_zeros() {
    for (number, most) in [("78.0", 78), ("0.00", 0), ("5704968739934614.0", 5_704_968_739_934_614)]
    {
        assert_eq!(ask_json(&format!(r#"{{"most":{number}}}"#)).unwrap().most, Some(most));
        assert_eq!(ask(&format!("most={number}")).unwrap().most, Some(most));
        let name = ask_json(&format!(r#"{{"name":{number}}}"#)).unwrap().name.unwrap();
        assert_eq!(name, most.to_string());
    }
    assert_eq!(ask("name=78.0").unwrap().name.unwrap(), "78.0", "a text is a text");
    for number in ["78.5", "78.01", "-78.0", "1e400", "18446744073709551616.0"] {
        let body = format!(r#"{{"most":{number}}}"#);
        assert_eq!(problem(ask_json(&body)), "most: must be a whole number", "{number}");
    }
    for number in ["7.", ".0", ".", "7.0.0"] {
        assert_eq!(problem(ask(&format!("most={number}"))), "most: must be a whole number");
    }
    assert_eq!(problem(ask_json(r#"{"name":78.5}"#)), "name: must be a text");
}

#[test]
fn broken_encodings_stand_for_themselves() {
    for (body, text) in
        [("name=%", "%"), ("name=%4", "%4"), ("name=%zz+%41", "%zz A"), ("name=%ff", "\u{fffd}")]
    {
        assert_eq!(ask(body).unwrap().name.unwrap(), text);
    }
}

#[test]
fn sids_are_of_their_kind_and_words_of_their_list() {
    assert!(ask("taskSid=WT0123456789abcdef0123456789abcdef").unwrap().task_sid.is_some());
    assert_eq!(problem(ask("taskSid=CF1")), "taskSid: is not a WT… SID");
    assert_eq!(problem(ask("status=open")), "status: must be wrapping or completed");
    assert_eq!(ask("status=wrapping").unwrap().status, Some(Status::Wrapping));
}

#[test]
fn json_fields_must_be_objects() {
    assert!(ask("more=%7B%22a%22:1%7D").unwrap().more.is_some());
    assert!(ask_json(r#"{"more":{"a":1}}"#).unwrap().more.is_some());
    for body in ["more=1", "more=[1]", "more=%7B", "more=%22a%22"] {
        assert_eq!(problem(ask(body)), "more: must be a JSON object", "{body}");
    }
    assert_eq!(problem(ask_json("[1]")), "body: must be a JSON object");
    assert!(ask_json("{").is_err());
}

#[test]
fn objects_inside_are_read_and_their_fields_named() {
    for body in [r#"{"inside":{"to":"x"}}"#, r#"{"inside":"{\"to\":\"x\"}"}"#] {
        assert_eq!(ask_json(body).unwrap().inside.unwrap().to, "x");
    }
    assert_eq!(problem(ask_json(r#"{"inside":{"to":[]}}"#)), "to: must be a text");
    assert_eq!(problem(ask_json(r#"{"inside":{}}"#)), "to: is missing");
    assert_eq!(problem(ask_json(r#"{"inside":1}"#)), "inside: must be a JSON object");
}

#[test]
fn lists_are_json_or_its_text() {
    for body in [r#"{"names":["a","b"]}"#, r#"{"names":"[\"a\",\"b\"]"}"#] {
        assert_eq!(ask_json(body).unwrap().names.unwrap(), ["a", "b"]);
    }
    assert_eq!(problem(ask("names=a")), "names: must be a JSON list of texts");
}

#[test]
fn what_is_encoded_is_decoded_again() {
    let nasty = "a+b c%d&e=f/é👋\u{0}";
    let body = form(&[(nasty, nasty)]);
    assert_eq!(pairs(&body), vec![(nasty.into(), nasty.into())]);
    let odd = "&a&=b&c=d=e&+=%2&%C3%28=%zz&";
    let read = [("a", ""), ("", "b"), ("c", "d=e"), (" ", "%2"), ("\u{fffd}(", "%zz")];
    assert_eq!(pairs(odd), read.map(|(name, value)| (name.into(), value.into())));
}
