//! Flex tokens: whose they are, by Twilio's word, remembered for a while.

use std::rc::Rc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::agent::Agent;
use crate::base::context::Context;
use crate::base::date::{Millis, millis};
use crate::base::error::{Error, Result};
use crate::base::memory::Cache;

/// A refused token stays refused this long, so that a broken client costs Twilio little.
const REFUSED: Millis = 5_000;
/// A check counts as dead so long after it began: one that comes in later takes over.
const CHECK: Millis = 11_000;
/// How often those who wait for somebody else's check look again.
const LOOK: Duration = Duration::from_millis(10);
/// The longest that a Flex token is.
const MAX_TOKEN: usize = 8 * 1024;

type Hash = [u8; 32];

/// What is known of the tokens seen lately, by their SHA-256. Refused ones have a place of
/// their own: a stranger's cannot push out valid ones.
#[derive(Default)]
struct Tokens {
    valid: Cache<Hash, Rc<Agent>, 1000>,
    refused: Cache<Hash, String, 1000>,
    checking: Cache<Hash, (), 1000>,
}

/// What is known of a token.
enum Known {
    Valid(Rc<Agent>),
    /// With Twilio's reason.
    Refused(String),
    Not,
}

impl Tokens {
    fn look_up(&self, hash: &Hash, now: Millis) -> Known {
        let refused = || self.refused.get(hash, now).map(Known::Refused);
        self.valid.get(hash, now).map(Known::Valid).or_else(refused).unwrap_or(Known::Not)
    }
}

/// The agent whose token this is.
///
/// A second request with the same new token waits for the first one's answer.
pub async fn agent(cx: &Context, token: &str) -> Result<Rc<Agent>> {
    if !has_the_shape_of_a_token(token) {
        return Err(Error::forbidden("The Flex token is not valid."));
    }
    let keep = cx.config().token_cache;
    if keep.is_zero() {
        return Agent::new(cx.twilio().validate_token(token).await?).map(Rc::new);
    }
    let tokens = cx.memory::<Tokens>();
    let hash: Hash = Sha256::digest(token).into();
    // Nothing as long as somebody else checks it.
    let known = || match tokens.look_up(&hash, cx.now()) {
        Known::Not if tokens.checking.get(&hash, cx.now()).is_some() => None,
        known => Some(known),
    };
    match cx.until(LOOK, known).await? {
        Known::Valid(agent) => return Ok(agent),
        Known::Refused(message) => return Err(Error::forbidden(&message)),
        Known::Not => {}
    }
    tokens.checking.put(hash, (), cx.now() + CHECK, cx.now());
    let checked = cx.twilio().validate_token(token).await;
    tokens.checking.remove(&hash);
    match checked {
        Ok(validation) => {
            let until = validation.expiration.unwrap_or(Millis::MAX).min(cx.now() + millis(keep));
            let agent = Rc::new(Agent::new(validation)?);
            tokens.valid.put(hash, Rc::clone(&agent), until, cx.now());
            Ok(agent)
        }
        Err(error) => {
            if let Error::Forbidden(message) = &*error {
                tokens.refused.put(hash, message.clone(), cx.now() + REFUSED, cx.now());
            }
            Err(error)
        }
    }
}

/// Flex tokens are JWEs (RFC 7516): five parts of base64url. What cannot be one costs Twilio
/// nothing.
fn has_the_shape_of_a_token(token: &str) -> bool {
    let is_base64url = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let mut parts = token.split('.');
    token.len() <= MAX_TOKEN
        && parts.clone().count() == 5
        && parts.all(|part| part.bytes().all(is_base64url))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{Known, Tokens};
    use crate::flex::agent::Agent;
    use crate::twilio::iam::Validation;

    #[test]
    fn refused_tokens_push_out_no_valid_one() {
        let tokens = Tokens::default();
        let validation: Validation =
            serde_json::from_str(r#"{"valid":true,"identity":"alice","roles":["agent"]}"#).unwrap();
        let known = [0; 32];
        tokens.valid.put(known, Rc::new(Agent::new(validation).unwrap()), 10, 0);
        for number in 1..=5_000_u32 {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_be_bytes());
            tokens.refused.put(hash, "no".to_owned(), 5, 0);
        }
        assert!(matches!(tokens.look_up(&known, 1), Known::Valid(_)));
    }
}
