//! A visitor's chat: which conversation it is, since when, whether it goes on.
//!
//! What refreshing a token needs is kept in KV, so that the token has no claim of our own.
//!
//! | key | value | lifetime |
//! |---|---|---|
//! | `webchat/<SHA-256 of the identity>` | a [`Chat`] as JSON | [`LIFE`]; of who is signed in, [`LIFE_OF_USERS`] |

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::user::User;
use crate::base::context::Context;
use crate::base::date::{Millis, millis};
use crate::base::error::{Result, unless_gone};
use crate::base::json;
use crate::base::memory::Cache;
use crate::base::sid::ConversationSid;
use crate::once;
use crate::twilio::conversations::ConversationState;

/// What goes on behind a start has this name in the log.
pub const START: &str = "/initWebchat";
/// How long tokens are made for a chat, from the first one on.
pub const LIFE: Duration = Duration::from_hours(7 * 24);
/// How long somebody who is signed in finds their chat again: as long as it lives without
/// anybody doing anything in it.
const LIFE_OF_USERS: Duration = Duration::from_hours(180 * 24);
/// How long the gate knows whose chat was opened: KV takes up to a minute to say the same
/// everywhere.
const UNTIL_KV_SAYS_IT: Duration = Duration::from_mins(10);
/// How long it is believed that a conversation goes on, or is over.
const BELIEVED: Duration = Duration::from_mins(1);

/// A visitor's chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// `CH…`
    pub conversation: ConversationSid,
    /// When the first token was made, in milliseconds since 1970.
    pub started: Millis,
}

impl Chat {
    /// When its last token ends.
    #[must_use]
    pub fn ends(&self) -> Millis {
        self.started + millis(LIFE)
    }
}

/// Whether conversations go on, as it was seen lately.
#[derive(Default)]
struct Seen(Cache<ConversationSid, bool, 1000>);

impl Seen {
    fn note(&self, cx: &Context, conversation: &ConversationSid, is_open: bool) {
        self.0.put(conversation.clone(), is_open, cx.now() + millis(BELIEVED), cx.now());
    }
}

/// Whether a conversation goes on, as it was seen within the last minute. One that is gone does not.
pub async fn is_open(cx: &Context, conversation: &ConversationSid) -> Result<bool> {
    match cx.memory::<Seen>().0.get(conversation, cx.now()) {
        Some(is_open) => Ok(is_open),
        None => look(cx, conversation).await,
    }
}

/// Whether a conversation goes on now. One that is over stays so.
async fn is_open_now(cx: &Context, conversation: &ConversationSid) -> Result<bool> {
    match cx.memory::<Seen>().0.get(conversation, cx.now()) {
        Some(false) => Ok(false),
        _ => look(cx, conversation).await,
    }
}

async fn look(cx: &Context, conversation: &ConversationSid) -> Result<bool> {
    let found = unless_gone(cx.twilio().conversation(&conversation.to_string()).await)?;
    // Who asks next has it looked for again.
    let Some(found) = found else { return Ok(false) };
    let is_open = found.state != Some(ConversationState::Closed);
    cx.memory::<Seen>().note(cx, conversation, is_open);
    Ok(is_open)
}

fn key(identity: &str) -> String {
    format!("webchat/{}", hex::encode(Sha256::digest(identity)))
}

/// The chat of this identity, as far as it is remembered.
pub async fn known(cx: &Context, identity: &str) -> Result<Option<Chat>> {
    let kept = cx.runtime().kv_get(&key(identity)).await?;
    kept.map(|kept| json::read(&kept)).transpose()
}

/// Keeps a chat. If that fails it is tried once more behind the answer: without it the chat
/// goes on, and ends with its first token.
async fn keep(cx: &Context, identity: &str, chat: &Chat, life: Duration) {
    let (key, value) = (key(identity), json::write(chat));
    if let Err(error) = cx.runtime().kv_put(&key, &value, "", Some(life)).await {
        cx.warn("chat not kept", &error);
        cx.behind(START, async move |cx| cx.runtime().kv_put(&key, &value, "", Some(life)).await);
    }
}

/// Opens a chat for somebody whom nobody knows; answers their identity, too.
pub async fn open(cx: &Context, name: &str, engagement: &str) -> Result<(String, Chat)> {
    let made = cx.twilio().create_webchat(name, None, engagement).await?;
    let chat = Chat { conversation: made.conversation_sid, started: cx.started() };
    cx.memory::<Seen>().note(cx, &chat.conversation, true);
    keep(cx, &made.identity, &chat, LIFE).await;
    Ok((made.identity, chat))
}

/// The chat of somebody who is signed in: the one that goes on, or a new one. Whoever asks at
/// the same moment, from wherever, gets the same one.
///
/// 1. The one that is remembered, if Twilio says that it goes on. When that cannot be known,
///    nothing is opened.
/// 2. Else create one. When the answer is lost, or somebody before us may have created it, look
///    for one first.
pub async fn open_for(cx: &Context, user: &User, name: &str, engagement: &str) -> Result<Chat> {
    let identity = user.identity.as_str();
    let is_over = async |chat: &Chat| Ok(!is_open_now(cx, &chat.conversation).await?);
    let look = async || cx.twilio().open_conversation_of(identity).await;
    let make = async || {
        let made = cx.twilio().create_webchat(name, Some(identity), engagement).await?;
        Ok(made.conversation_sid)
    };
    let work = async |attempt| {
        let conversation = match known(cx, identity).await? {
            Some(chat) if is_open_now(cx, &chat.conversation).await? => chat.conversation,
            _ => once::make(cx, attempt, look, make).await?,
        };
        let chat = Chat { conversation, started: cx.started() };
        cx.memory::<Seen>().note(cx, &chat.conversation, true);
        keep(cx, identity, &chat, LIFE_OF_USERS).await;
        Ok(chat)
    };
    let gate = format!("webchat/{identity}");
    let outcome = once::once_until_over(cx, &gate, UNTIL_KV_SAYS_IT, is_over, work).await?;
    Ok(outcome.into_inner())
}
