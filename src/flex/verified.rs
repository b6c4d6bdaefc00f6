//! What the customer's own site says of a visitor who is signed in there.
//!
//! It goes through the conversation's attributes, which visitors may be able to write: a seal
//! shows that it is ours, and whose it is.

use serde::{Deserialize, Serialize};

use super::seal;
use crate::base::config::Config;
use crate::base::json;

/// Where it stands among the answers before the chat.
pub const MEMBER: &str = "verified";
const PURPOSE: &str = "webchat";

/// Name and e-mail, as far as the site says them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(flatten)]
    verified: Verified,
    seal: String,
}

impl Verified {
    /// As JSON, with its seal.
    #[must_use]
    pub fn sealed(&self, config: &Config, identity: &str) -> String {
        let seal = seal::seal(config, PURPOSE, &self.text(identity));
        json::write(&Sealed { verified: self.clone(), seal })
    }

    /// Reads it, if the seal holds for this identity.
    #[must_use]
    pub fn read(config: &Config, identity: &str, json: &str) -> Option<Self> {
        let Sealed { verified, seal } = serde_json::from_str(json).ok()?;
        seal::holds(config, PURPOSE, &verified.text(identity), &seal).then_some(verified)
    }

    fn text(&self, identity: &str) -> String {
        json::write(&(identity, &self.name, &self.email))
    }
}
