//! Flex tokens, which only Twilio can read:
//! <https://www.npmjs.com/package/twilio-flex-token-validator>.

use super::{Repeat, Twilio, object};
use crate::auth::Agent;
use crate::date;
use crate::error::{Error, Result, Settle as _};
use crate::json;
use crate::runtime::Call;
use crate::sid::Sid;

impl Twilio<'_> {
    /// `POST /v1/Accounts/{AC}/Tokens/validate`: the token's owner, and when it ends in
    /// milliseconds since 1970. A token that Twilio does not accept is [`Error::Forbidden`].
    pub fn validate_token(self, token: &str) -> Result<(Agent, Option<u64>)> {
        let config = &self.0.app.config;
        let path = ["/v1/Accounts/", config.account(), "/Tokens/validate"].concat();
        let call = Call {
            method: "POST",
            url: config.url("iam", &path),
            authorization: &config.account_authorization(),
            content_type: "application/json",
            body: json::object().text("token", token).end(),
            ..Call::default()
        };
        let refused = |message: Option<String>| {
            Error::forbidden(message.as_deref().unwrap_or("The Flex token is not valid."))
        };
        let answer = match self.send(call, Repeat::Safe).settled()? {
            Ok(answer) => answer,
            Err(error) => match *error {
                // Twilio's own validator goes by `valid` alone, whatever the status. But 20003
                // is about our credentials.
                Error::Twilio { status: 400..=404, code, message, .. } if code != Some(20003) => {
                    return Err(refused(Some(message)));
                }
                _ => return Err(error.into()),
            },
        };
        let body = object(&answer.body)?;
        let is_valid = body.flag("valid") == Some(true);
        let expiration = body.text("expiration").as_deref().and_then(date::from_iso);
        if !is_valid || expiration.is_some_and(|end| end <= self.0.now()) {
            return Err(refused(body.text("message").filter(|_| !is_valid)));
        }
        let agent = Agent {
            worker: Sid::member(&body, "worker_sid", "WK"),
            identity: body.text_or_empty("identity"),
            roles: body.texts("roles"),
        };
        Ok((agent, expiration))
    }
}
