//! The client: authorization, region, retries, a refusal becomes an [`Error`].

pub mod conversations;
pub mod iam;
pub mod interactions;
pub mod lookups;
pub mod taskrouter;
pub mod voice;

use std::borrow::Cow;

use crate::Context;
use crate::date;
use crate::error::{Error, Result, Settle as _, Stop};
use crate::json::{self, Object};
use crate::params;
use crate::runtime::{Answer, Call, Lost, Millis};

/// The longest that one answer is waited for.
const PATIENCE: Millis = 4_500;
/// How often one call is sent at most.
const TRIES: u32 = 3;

/// Twilio's REST API, on behalf of one request.
#[derive(Clone, Copy)]
pub struct Twilio<'a>(pub(crate) &'a Context);

/// May the call be repeated when it is unknown whether it took effect?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Yes: it reads, or writes the same again.
    Safe,
    /// No: each time it takes effect makes another thing.
    Creates,
}

/// Twilio's products.
#[derive(Clone, Copy)]
enum Api {
    Account,
    Conversations,
    Flex,
    Lookups,
    Voice,
    Workspace,
}

impl Api {
    /// Its subdomain.
    fn product(self) -> &'static str {
        match self {
            Self::Account => "api",
            Self::Conversations => "conversations",
            Self::Flex => "flex-api",
            Self::Lookups => "lookups",
            Self::Voice => "voice",
            Self::Workspace => "taskrouter",
        }
    }
}

impl<'a> Twilio<'a> {
    fn get(self, api: Api, path: &[&str]) -> Result<Answer> {
        self.send(self.call("GET", api, path, &[]), Repeat::Safe)
    }

    /// A write that may be repeated: the second time changes nothing more.
    fn post(self, api: Api, path: &[&str], fields: &[(&str, &str)]) -> Result<Answer> {
        self.send(self.call("POST", api, path, fields), Repeat::Safe)
    }

    /// A write that makes something new each time.
    fn create(self, api: Api, path: &[&str], fields: &[(&str, &str)]) -> Result<Answer> {
        self.send(self.call("POST", api, path, fields), Repeat::Creates)
    }

    /// The whole path: one that does not begin with `/` is below the account or the
    /// workspace.
    fn path(self, api: Api, path: &[&str]) -> String {
        let config = &self.0.app.config;
        let path = path.concat();
        let before = match api {
            _ if path.starts_with('/') => return path,
            Api::Account => ["/2010-04-01/Accounts/", config.account()],
            _ => ["/v1/Workspaces/", config.workspace()],
        };
        [&before.concat(), "/", &path].concat()
    }

    fn call(
        self,
        method: &'static str,
        api: Api,
        path: &[&str],
        fields: &[(&str, &str)],
    ) -> Call<'a> {
        let config = &self.0.app.config;
        Call {
            method,
            url: config.url(api.product(), &self.path(api, path)),
            authorization: &config.rest_authorization,
            content_type: if fields.is_empty() { "" } else { "application/x-www-form-urlencoded" },
            body: params::form(fields),
            ..Call::default()
        }
    }

    /// Sends a call within the time that the request has left.
    ///
    /// 429 was not processed: any call is sent again after a pause. 503 and a lost
    /// connection leave it open, so only calls that may be repeated are.
    fn send(self, mut call: Call<'_>, repeat: Repeat) -> Result<Answer> {
        let (cx, mut tries) = (self.0, 0);
        loop {
            tries += 1;
            if !cx.has_calls(1) {
                return Err(Error::Busy.into());
            }
            call.timeout = cx.time_left().min(PATIENCE);
            let error = match cx.fetch(&call)? {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => refusal(&answer),
                Err(Lost) => Error::Unreachable,
            };
            let pause = match &error {
                Error::Twilio { status: 429, retry_after, .. } => cx.pause(tries, *retry_after),
                Error::Twilio { status: 503, retry_after, .. } if repeat == Repeat::Safe => {
                    cx.pause(tries, *retry_after)
                }
                Error::Unreachable if repeat == Repeat::Safe => cx.pause(tries, None),
                _ => return Err(error.into()),
            };
            // A pause that leaves no time for an answer helps nobody.
            let call = [call.url.as_str(), &call.body].concat();
            if tries >= TRIES || !cx.wait(&call, pause)? {
                return Err(error.into());
            }
        }
    }

    /// Reads one page of a list.
    fn page(self, api: Api, path: &[&str], key: &str) -> Result<Page> {
        let answer = self.get(api, path)?;
        let page = object(&answer.body)?;
        let items = page.list(key).into_iter().map(str::to_owned).collect();
        Ok(Page { items, next: next_page(&page, &self.path(api, path)) })
    }

    /// Reads a list, page by page, at most `pages` of them: the items as JSON text.
    fn list(self, api: Api, path: &[&str], key: &str, pages: usize) -> Result<Vec<String>> {
        let mut page = self.page(api, path, key)?;
        let mut items = page.items;
        for _ in 1..pages {
            let Some(next) = page.next else { break };
            page = self.page(api, &[&next], key)?;
            items.append(&mut page.items);
        }
        Ok(items)
    }
}

/// A page of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// The items as JSON text.
    pub items: Vec<String>,
    /// Path and query of the next page.
    pub next: Option<String>,
}

/// The path and query of the next page: `meta.next_page_url` is absolute,
/// `next_page_uri` of the 2010 API begins with the path.
fn next_page(page: &Object<'_>, path: &str) -> Option<String> {
    let meta = page.object("meta").and_then(|meta| meta.text("next_page_url"));
    let url = meta.or_else(|| page.text("next_page_uri"))?;
    let resource = path.split('?').next()?;
    let mut tails = url.match_indices('/').filter_map(|(at, _)| url.get(at..));
    tails.find(|tail| tail.starts_with(resource)).map(str::to_owned)
}

/// Reads the items of a list.
fn read_all<T>(items: &[String], read: fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        all.push(read(item)?);
    }
    Ok(all)
}

/// A thing that may have gone already.
pub fn unless_gone<T>(found: std::result::Result<T, impl Into<Stop>>) -> Result<Option<T>> {
    match found.map_err(Into::into).settled()? {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads the JSON object of an answer.
#[track_caller]
fn object(text: &str) -> Result<Object<'_>> {
    match Object::parse(text) {
        Some(object) => Ok(object),
        None => Err(unexpected()),
    }
}

/// Twilio's answer lacks what its documentation promises.
#[track_caller]
fn unexpected() -> Stop {
    Error::internal("Twilio's answer has an unknown shape")
}

/// Twilio's two ways to say no: `{code, message, more_info}` and RFC 9457.
fn refusal(answer: &Answer) -> Error {
    let body = Object::parse(&answer.body).unwrap_or_default();
    let message =
        body.text("message").or_else(|| body.text("detail")).or_else(|| body.text("title"));
    Error::Twilio {
        status: answer.status,
        code: body.number("code"),
        message: message
            .unwrap_or_else(|| ["Twilio answered ", &answer.status.to_string(), "."].concat()),
        page: body.text("more_info").or_else(|| body.text("type")),
        retry_after: answer.retry_after,
    }
}

/// A resource as twilio-node's `toJSON` gives it: camelCase names, dates in ISO 8601. That
/// is what the peers' plugins read.
#[must_use]
pub fn camel_case(resource: &str) -> String {
    let Some(resource) = Object::parse(resource) else { return "null".to_owned() };
    let mut camel = json::object();
    for (name, value) in resource.members() {
        let is_date = name.starts_with("date_") || name == "start_time" || name == "end_time";
        let date = json::string(value).filter(|_| is_date);
        let millis =
            date.and_then(|date| date::from_rfc2822(&date).or_else(|| date::from_iso(&date)));
        let value = match millis {
            Some(millis) => Cow::Owned(json::quoted(&date::iso(millis))),
            None => Cow::Borrowed(*value),
        };
        camel.raw(&camel_name(name), &value);
    }
    camel.end()
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
        assert_eq!(camel_case(resource), expected);
    }

    #[test]
    fn the_next_page_is_found_wherever_twilio_lives() {
        let next = |page: &str, path| next_page(&Object::parse(page).unwrap(), path);
        let path = "/v1/Workspaces/WS1/Tasks?PageSize=50";
        for base in ["https://taskrouter.twilio.com", "http://127.0.0.1:4010/taskrouter"] {
            let page = format!(
                r#"{{"meta":{{"next_page_url":"{base}/v1/Workspaces/WS1/Tasks?PageToken=x"}}}}"#
            );
            assert_eq!(next(&page, path).unwrap(), "/v1/Workspaces/WS1/Tasks?PageToken=x");
        }
        assert_eq!(next(r#"{"meta":{"next_page_url":null}}"#, path), None);
        let page = r#"{"next_page_uri":"/2010-04-01/Accounts/AC1/Conferences.json?Page=1"}"#;
        assert_eq!(
            next(page, "/2010-04-01/Accounts/AC1/Conferences.json?PageSize=1").unwrap(),
            "/2010-04-01/Accounts/AC1/Conferences.json?Page=1"
        );
    }

    #[test]
    fn both_kinds_of_refusal_are_understood() {
        let body = r#"{"code":20404,"message":"gone","more_info":"https://x","status":404}"#;
        let error = refusal(&Answer { status: 404, body: body.into(), ..Answer::default() });
        assert!(error.is_gone());
        let body = r#"{"type":"https://y","title":"Bad","status":400,"code":20001,"detail":"no"}"#;
        let error = refusal(&Answer { status: 400, body: body.into(), ..Answer::default() });
        assert!(error.is_wrong_state());
        assert!(matches!(error, Error::Twilio { message, .. } if message == "no"));
    }
}
