//! A resource as twilio-node's `toJSON` gives it: camelCase names, dates in ISO 8601. That is
//! what the plugins read.

use serde_json::value::RawValue;

use crate::base::attributes::Writer;
use crate::base::date;
use crate::base::error::Result;
use crate::base::json;
use crate::base::members::Members;

/// Shows a resource, given as Twilio's JSON, as twilio-node does.
pub fn camel_case(resource: &RawValue) -> Result<Box<RawValue>> {
    let members: Members<'_> = json::read(resource.get())?;
    let mut camel = Writer::default();
    for member in members.iter() {
        let is_date =
            member.name.starts_with("date_") || matches!(&*member.name, "start_time" | "end_time");
        let text: Option<String> =
            if is_date { serde_json::from_str(member.value).ok() } else { None };
        let date =
            text.and_then(|text| date::parse(&text)).map(|date| json::write(&date::iso(date)));
        let value = date.as_deref().unwrap_or(member.value);
        camel.member(&json::write(&camel_name(&member.name)), value);
    }
    json::read(&camel.end())
}

fn camel_name(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else {
            camel.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_look_as_twilio_node_shows_them() {
        let resource = r#"{"call_sid":"CA1","date_created":"Fri, 20 Aug 2010 01:13:42 +0000","hold":false,"queue_time":null}"#;
        let expected = r#"{"callSid":"CA1","dateCreated":"2010-08-20T01:13:42.000Z","hold":false,"queueTime":null}"#;
        let resource: &RawValue = serde_json::from_str(resource).unwrap();
        assert_eq!(camel_case(resource).unwrap().get(), expected);
    }
}
