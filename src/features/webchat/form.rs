//! What a visitor has filled in before the chat.

use crate::base::attributes::{Writer, check_size};
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::members::Members;
use crate::base::params::JsonObject;
use crate::flex::verified;

/// The longest that the whole form is, in bytes of JSON.
const MAX_FORM: usize = 8 * 1024;
/// The longest that a name is, in characters.
pub const MAX_NAME: usize = 64;
/// Who gives no name.
const NAMELESS: &str = "Customer";

const NAME: &str = "friendlyName";
const TURNSTILE: &str = "cf-turnstile-response";
const USER_TOKEN: &str = "userToken";

/// The form.
pub struct Form {
    /// The visitor's name.
    pub name: String,
    /// What they ask.
    pub query: Option<String>,
    /// Cloudflare Turnstile's word that this is no machine.
    pub turnstile: Option<String>,
    /// The customer site's word who this is.
    pub user_token: Option<String>,
    /// All of it, as it came.
    given: JsonObject,
}

impl Form {
    /// Reads it. What cannot be read is named.
    pub fn read(given: JsonObject) -> Result<Self> {
        check_size("formData", given.as_str(), MAX_FORM)?;
        let members = members(&given)?;
        let name = text(&members, NAME)?.map(|name| name.trim().to_owned());
        if name.as_ref().is_some_and(|name| name.chars().count() > MAX_NAME) {
            return Err(Error::bad("formData.friendlyName", "is longer than 64 characters"));
        }
        if name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(Error::bad("formData.friendlyName", "must be one line"));
        }
        Ok(Self {
            name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| NAMELESS.to_owned()),
            query: text(&members, "query")?.filter(|query| !query.trim().is_empty()),
            turnstile: text(&members, TURNSTILE)?,
            user_token: text(&members, USER_TOKEN)?,
            given,
        })
    }

    /// What the agents are told of it, as JSON: all but what is only for us. Nobody vouches for
    /// themselves.
    pub fn engagement(&self, name: &str, sealed: Option<&str>) -> Result<String> {
        let members = members(&self.given)?;
        let mut writer = Writer::default();
        writer.member(&json::write(NAME), &json::write(name));
        for member in members.iter() {
            if ![NAME, TURNSTILE, USER_TOKEN, verified::MEMBER].contains(&&*member.name) {
                writer.member(member.written, member.value);
            }
        }
        if let Some(sealed) = sealed {
            writer.member(&json::write(verified::MEMBER), sealed);
        }
        Ok(writer.end())
    }
}

fn members(given: &JsonObject) -> Result<Members<'_>> {
    Members::parse(given.as_str()).ok_or_else(|| Error::bad("formData", "must be a JSON object"))
}

fn text(members: &Members<'_>, name: &str) -> Result<Option<String>> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let text: Result<Option<String>, _> = serde_json::from_str(value);
    let text = text.map_err(|_| Error::bad(&format!("formData.{name}"), "must be text"))?;
    Ok(text.filter(|text| !text.is_empty()))
}
