//! Flex tokens, which only Twilio can read:
//! <https://www.npmjs.com/package/twilio-flex-token-validator>.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::{Retry, Twilio};
use crate::base::date::{self, Millis};
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::runtime::Call;
use crate::base::sid::{Sid as _, WorkerSid};

/// What Twilio says of a Flex token.
#[derive(Clone, Debug, Deserialize)]
pub struct Validation {
    /// Whether it is one.
    pub valid: bool,
    /// Why not.
    pub message: Option<String>,
    /// When it ends.
    #[serde(default, deserialize_with = "date::optional")]
    pub expiration: Option<Millis>,
    /// The TaskRouter worker; administrators may have none.
    #[serde(default, deserialize_with = "optional_worker")]
    pub worker_sid: Option<WorkerSid>,
    /// The identity.
    pub identity: Option<String>,
    /// The Flex roles.
    #[serde(default)]
    pub roles: Option<Vec<String>>,
}

/// Administrators have an empty text or `null` where workers have a SID.
fn optional_worker<'de, D>(deserializer: D) -> Result<Option<WorkerSid>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    let unreadable = || D::Error::custom("is not a WK… SID");
    text.map(|text| WorkerSid::parse(&text).ok_or_else(unreadable)).transpose()
}

#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
}

impl Twilio<'_> {
    /// `POST /v1/Accounts/{AC}/Tokens/validate`: what Twilio says of a Flex token. One that it
    /// does not accept is [`Error::Forbidden`].
    pub async fn validate_token(self, token: &str) -> Result<Validation> {
        let config = self.cx.config();
        let path = format!("/v1/Accounts/{}/Tokens/validate", config.account()?);
        let call = Call {
            method: "POST",
            url: config.url("iam", &path),
            authorization: config.account_authorization(),
            content_type: "application/json",
            body: json::write(&Token { token }),
            ..Call::default()
        };
        let refused = |message: Option<String>| {
            Error::Forbidden(message.unwrap_or_else(|| "The Flex token is not valid.".to_owned()))
        };
        let answer = match self.send(call, Retry::Safe).await {
            Ok(answer) => answer,
            Err(error) => {
                // Twilio's own validator goes by `valid` alone, whatever the status. 20003 may
                // also be about our own credentials: the operator is told.
                let Error::Twilio { status: 400..=404, code, message, .. } = &*error else {
                    return Err(error);
                };
                if *code == Some(20003) {
                    self.cx.warn("a Flex token, or our own credentials, refused", &error);
                }
                return Err(refused(Some(message.clone())).into());
            }
        };
        let validation: Validation = json::read(&answer.body)?;
        let is_over = validation.expiration.is_some_and(|end| end <= self.cx.now());
        if validation.valid && !is_over {
            return Ok(validation);
        }
        Err(refused(validation.message.filter(|_| !validation.valid)).into())
    }
}

#[cfg(test)]
mod tests {
    use super::Validation;

    #[test]
    fn who_is_no_worker_has_no_sid_and_an_odd_one_is_an_error() {
        let read = |sid: &str| {
            let json = format!(r#"{{"valid":true,"worker_sid":{sid}}}"#);
            serde_json::from_str::<Validation>(&json).map(|found| found.worker_sid).ok()
        };
        assert_eq!(read("null"), Some(None));
        assert_eq!(read("\"\""), Some(None));
        assert!(read("\"WK00000000000000000000000000000001\"").is_some_and(|sid| sid.is_some()));
        for odd in ["\"alice\"", "\"WT00000000000000000000000000000001\"", "5"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
