//! The client: authorization, region, retries; a refusal becomes an [`Error`], an answer a
//! struct.

pub mod conversations;
pub mod iam;
pub mod interactions;
pub mod lookups;
pub mod resource;
pub mod sync;
pub mod taskrouter;
pub mod voice;
pub mod webchats;

use std::collections::HashMap;
use std::fmt::Display;

use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::runtime::{Answer, Call, Lost};
use crate::base::text::form;

/// How often one call is sent at most.
const TRIES: u32 = 3;

/// Twilio's REST API, on behalf of one request.
#[derive(Clone, Copy)]
pub struct Twilio<'a> {
    cx: &'a Context,
}

impl Context {
    /// Twilio's REST API.
    #[must_use]
    pub fn twilio(&self) -> Twilio<'_> {
        Twilio { cx: self }
    }
}

/// May the call be repeated when it is unknown whether it took effect?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// Yes: it reads, or writes the same again.
    Safe,
    /// No: each time it takes effect makes another thing.
    Never,
}

/// Fields of a form.
type Fields<'f> = &'f [(&'f str, &'f str)];

impl<'a> Twilio<'a> {
    /// The absolute URL of a path at a product: `url("lookups", "/v2/…")`.
    fn url(self, product: &str, path: impl Display) -> String {
        self.cx.config().url(product, &path.to_string())
    }

    /// The absolute URL of a path below the account, in the API of 2010.
    fn account_url(self, path: impl Display) -> Result<String> {
        let account = self.cx.config().account()?;
        Ok(self.url("api", format_args!("/2010-04-01/Accounts/{account}/{path}")))
    }

    /// The absolute URL of a path below the TaskRouter workspace.
    fn workspace_url(self, path: impl Display) -> Result<String> {
        let workspace = self.cx.config().workspace()?;
        Ok(self.url("taskrouter", format_args!("/v1/Workspaces/{workspace}/{path}")))
    }

    async fn get(self, url: String) -> Result<Answer> {
        self.send(self.call("GET", url, &[]), Retry::Safe).await
    }

    /// A write that may be repeated: the second time changes nothing more.
    async fn post(self, url: String, fields: Fields<'_>) -> Result<Answer> {
        self.send(self.call("POST", url, fields), Retry::Safe).await
    }

    /// A write that makes something new each time.
    async fn create(self, url: String, fields: Fields<'_>) -> Result<Answer> {
        self.send(self.call("POST", url, fields), Retry::Never).await
    }

    async fn delete(self, url: String) -> Result<Answer> {
        self.send(self.call("DELETE", url, &[]), Retry::Safe).await
    }

    fn call(self, method: &'static str, url: String, fields: Fields<'_>) -> Call {
        Call {
            method,
            url,
            authorization: self.cx.config().rest_authorization.clone(),
            content_type: if fields.is_empty() { "" } else { "application/x-www-form-urlencoded" },
            body: form(fields),
            ..Call::default()
        }
    }

    /// Sends a call within the time that the request has left.
    ///
    /// 429 was not processed: any call is sent again after a pause. 503 and a lost
    /// connection leave it open, so only calls that may be repeated are.
    ///
    /// Boxed: every caller's future would carry this one within itself.
    fn send(self, call: Call, retry: Retry) -> LocalBoxFuture<'a, Result<Answer>> {
        Box::pin(async move {
            for tries in 1.. {
                if !self.cx.has_calls(1) {
                    break;
                }
                let error = match self.cx.fetch(&call).await {
                    Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                    Ok(answer) => refusal(&answer),
                    Err(Lost) => Error::Unreachable,
                };
                let retry_after = match &error {
                    Error::Twilio { status: 429, retry_after, .. } => *retry_after,
                    Error::Twilio { status: 503, retry_after, .. } if retry == Retry::Safe => {
                        *retry_after
                    }
                    Error::Unreachable if retry == Retry::Safe => None,
                    _ => return Err(error.into()),
                };
                if tries >= TRIES || !self.cx.pause(tries, retry_after).await {
                    return Err(error.into());
                }
            }
            Err(Error::Busy.into())
        })
    }

    /// Reads one page of a list, each item as Twilio has it; `key` is the member that has them.
    async fn page(self, url: String, key: &str) -> Result<Page> {
        let answer = self.get(url.clone()).await?;
        Page::read(&answer.body, key, &url)
    }

    /// Reads a list, page by page, at most `pages` of them, each item as Twilio has it.
    async fn list_as_it_is(
        self,
        url: String,
        key: &str,
        pages: usize,
    ) -> Result<Vec<Box<RawValue>>> {
        let mut page = self.page(url, key).await?;
        let mut items = page.items;
        for _ in 1..pages {
            let Some(next) = page.next else { break };
            page = self.page(next, key).await?;
            items.append(&mut page.items);
        }
        Ok(items)
    }

    /// Reads a list, page by page, at most `pages` of them.
    async fn list<T: DeserializeOwned>(
        self,
        url: String,
        key: &str,
        pages: usize,
    ) -> Result<Vec<T>> {
        let items = self.list_as_it_is(url, key, pages).await?;
        items.iter().map(|item| json::read(item.get())).collect()
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    /// The items, each as Twilio has it.
    pub items: Vec<Box<RawValue>>,
    /// The URL of the next page.
    pub next: Option<String>,
}

impl Page {
    #[track_caller]
    fn read(body: &str, key: &str, url: &str) -> Result<Self> {
        let page: HashMap<&str, &RawValue> = json::read(body)?;
        let items = page.get(key).ok_or_else(|| Error::unreadable(key))?;
        let meta: Option<Meta> = page.get("meta").map(|meta| json::read(meta.get())).transpose()?;
        let uri = page.get("next_page_uri").map(|uri| json::read(uri.get())).transpose()?;
        let next: Option<String> = meta.and_then(|meta| meta.next_page_url).or(uri.flatten());
        let next = next.and_then(|next| next_url(url, &next));
        Ok(Self { items: json::read(items.get())?, next })
    }
}

#[derive(Deserialize)]
struct Meta {
    next_page_url: Option<String>,
}

/// The URL of the page behind the one at `url`: `meta.next_page_url` is absolute and names
/// Twilio's host, `next_page_uri` of the 2010 API begins with the path.
fn next_url(url: &str, next: &str) -> Option<String> {
    let resource = url.split('?').next()?;
    let tails = next.match_indices('/').filter_map(|(at, _)| next.get(at..));
    let base_and_tail = |tail: &str| {
        let base = resource.strip_suffix(tail.split('?').next()?)?;
        Some(format!("{base}{tail}"))
    };
    tails.filter(|tail| !tail.starts_with("//")).find_map(base_and_tail)
}

/// Twilio's two ways to say no: `{code, message, more_info}` and RFC 9457.
#[derive(Default, Deserialize)]
struct Refusal {
    code: Option<u64>,
    message: Option<String>,
    detail: Option<String>,
    title: Option<String>,
    more_info: Option<String>,
    r#type: Option<String>,
}

fn refusal(answer: &Answer) -> Error {
    // What stands between Twilio and us may refuse in other words.
    let body: Refusal = serde_json::from_str(&answer.body).unwrap_or_default();
    let message = body.message.or(body.detail).or(body.title);
    Error::Twilio {
        status: answer.status,
        code: body.code,
        message: message.unwrap_or_else(|| format!("Twilio answered {}.", answer.status)),
        page: body.more_info.or(body.r#type),
        retry_after: answer.retry_after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_wherever_twilio_lives() {
        let tail = "/v1/Workspaces/WS1/Tasks?PageToken=x";
        for ours in ["https://taskrouter.twilio.com", "http://127.0.0.1:4010/taskrouter"] {
            for theirs in ["https://taskrouter.twilio.com", "http://127.0.0.1:4010/taskrouter", ""]
            {
                let next = next_url(
                    &format!("{ours}/v1/Workspaces/WS1/Tasks?PageSize=50"),
                    &format!("{theirs}{tail}"),
                );
                assert_eq!(next.unwrap(), format!("{ours}{tail}"));
            }
        }
        assert_eq!(next_url("https://a/v1/Tasks", "https://a/v1/Workers?Page=1"), None);
    }

    #[test]
    fn a_page_has_items_and_perhaps_a_next_one() {
        let url = "https://api.twilio.com/2010/Conferences.json?PageSize=1";
        let page = |body: &str| Page::read(body, "items", url);
        assert_eq!(page(r#"{"items":[1],"meta":{"next_page_url":null}}"#).unwrap().next, None);
        let next =
            page(r#"{"items":[],"next_page_uri":"/2010/Conferences.json?Page=1"}"#).unwrap().next;
        assert_eq!(next.unwrap(), "https://api.twilio.com/2010/Conferences.json?Page=1");
        assert_eq!(page("{}").unwrap_err().log().split(" (").next(), Some("unreadable: items"));
        assert!(page(r#"{"items":7}"#).is_err());
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
