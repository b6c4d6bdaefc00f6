//! Flex tokens: whose they are, by Twilio's word, remembered for a while.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::Agent;
use crate::Context;
use crate::error::{Error, Result, Settle as _};
use crate::runtime::{Millis, SECOND};

/// As many tokens are remembered at once.
const CAPACITY: usize = 1000;
/// A refused token stays refused this long, so that a broken client costs Twilio little.
const REFUSED: Millis = 5 * SECOND;
/// A check counts as dead so long after its request came in: one that comes in later takes
/// over.
const CHECK: Millis = 11 * SECOND;
/// How often those who wait for somebody else's check look again.
const LOOK: Millis = 10;

/// What is known of the tokens seen lately, by their SHA-256.
#[derive(Default)]
pub struct Tokens(RefCell<Vec<(Digest, Known)>>);

type Digest = [u8; 32];

enum Known {
    /// By the request with this id.
    Checking {
        since: u64,
        by: String,
    },
    Valid {
        agent: Rc<Agent>,
        until: u64,
    },
    Refused {
        message: String,
        until: u64,
    },
}

impl Known {
    fn expires(&self) -> u64 {
        match self {
            Self::Checking { since, .. } => since + CHECK,
            Self::Valid { until, .. } | Self::Refused { until, .. } => *until,
        }
    }
}

/// The agent whose token this is.
///
/// A second request with the same new token waits for the first one's answer. It looks
/// into memory from time to time: the platform ends a request that awaits another's I/O.
pub fn agent(cx: &Context, token: &str) -> Result<Rc<Agent>> {
    let keep = cx.app.config.token_cache;
    if keep == 0 {
        return cx.twilio().validate_token(token).map(|(agent, _)| Rc::new(agent));
    }
    let digest: Digest = Sha256::digest(token.as_bytes()).into();
    loop {
        match look_up(cx, &digest) {
            LookUp::Known(answer) => return answer,
            LookUp::Unknown => break,
            LookUp::BeingChecked => {
                if !cx.wait("", LOOK)? {
                    return Err(Error::Busy.into());
                }
                cx.forget(); // the next look needs nothing of this one
            }
        }
    }
    remember(cx, digest, Known::Checking { since: cx.now(), by: cx.id.clone() });
    match cx.twilio().validate_token(token).settled()? {
        Ok((agent, expiration)) => {
            let agent = Rc::new(agent);
            let until = expiration.unwrap_or(u64::MAX).min(cx.now().saturating_add(keep));
            remember(cx, digest, Known::Valid { agent: Rc::clone(&agent), until });
            Ok(agent)
        }
        Err(error) => {
            if let Error::Forbidden(message) = &*error {
                let until = cx.now() + REFUSED;
                remember(cx, digest, Known::Refused { message: message.clone(), until });
            } else {
                forget(&mut cx.app.tokens.0.borrow_mut(), &digest);
            }
            Err(error.into())
        }
    }
}

enum LookUp {
    Known(Result<Rc<Agent>>),
    BeingChecked,
    Unknown,
}

fn look_up(cx: &Context, digest: &Digest) -> LookUp {
    let tokens = cx.app.tokens.0.borrow();
    let found = tokens.iter().find(|(known, _)| known == digest).map(|(_, known)| known);
    match found.filter(|known| known.expires() > cx.now()) {
        Some(Known::Valid { agent, .. }) => LookUp::Known(Ok(Rc::clone(agent))),
        Some(Known::Refused { message, .. }) => LookUp::Known(Err(Error::forbidden(message))),
        Some(Known::Checking { by, .. }) if *by != cx.id => LookUp::BeingChecked,
        _ => LookUp::Unknown,
    }
}

fn forget(tokens: &mut Vec<(Digest, Known)>, digest: &Digest) {
    tokens.retain(|(known, _)| known != digest);
}

fn remember(cx: &Context, digest: Digest, known: Known) {
    let mut tokens = cx.app.tokens.0.borrow_mut();
    forget(&mut tokens, &digest);
    if tokens.len() >= CAPACITY {
        let now = cx.now();
        tokens.retain(|(_, known)| known.expires() > now);
    }
    if tokens.len() >= CAPACITY {
        // Strangers' refused tokens go first, then the oldest.
        let refused = tokens.iter().position(|(_, known)| matches!(known, Known::Refused { .. }));
        tokens.remove(refused.unwrap_or(0));
    }
    tokens.push((digest, known));
}
