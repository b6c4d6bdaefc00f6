//! Webchat: a visitor of the customer's own site starts a chat, and their token is kept fresh.
//!
//! The wire is that of Twilio's sample server, for its client as it is:
//! <https://github.com/twilio/twilio-webchat-react-app>.

mod chat;
mod form;
mod question;
mod token;
mod turnstile;
mod user;

pub use question::again;

use serde::{Deserialize, Serialize};

use crate::base::answer::Done;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::params::JsonObject;
use crate::base::sid::ConversationSid;
use crate::flex::alarm::Question;
use crate::flex::visitor::Visitor;
use form::Form;
use token::Issued;

/// What `initWebchat` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    form_data: JsonObject,
}

/// What `initWebchat` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    #[serde(flatten)]
    issued: Issued,
    conversation_sid: ConversationSid,
}

/// `initWebchat`: a visitor gets a chat, and a token for it.
///
/// 1. Read the form, and who the site says that this is. Nothing is asked of anybody before it
///    is right.
/// 2. Turnstile, when it is set up. Who is not let through has no chat.
/// 3. Open the chat; of somebody who is signed in, find the one that goes on. A failure is told,
///    and an anonymous conversation that may be left behind is empty: nobody is asked to answer it.
/// 4. What is asked is written into it behind the answer, and the visitor is welcomed. The gate
///    knows of it before the answer is given.
pub async fn start(cx: &Context, visitor: &Visitor, ask: Start) -> Result<Done<Started>> {
    let form = Form::read(ask.form_data)?;
    let user = form.user_token.as_deref().map(|token| user::check(cx, token)).transpose()?;
    turnstile::check(cx, visitor, form.turnstile.as_deref()).await?;
    let (identity, name, chat) = if let Some(user) = user {
        let name = user.verified.name.clone().unwrap_or_else(|| form.name.clone());
        let sealed = user.verified.sealed(cx.config(), &user.identity);
        let engagement = form.engagement(&name, Some(&sealed))?;
        let chat = chat::open_for(cx, &user, &name, &engagement).await?;
        (user.identity, name, chat)
    } else {
        let engagement = form.engagement(&form.name, None)?;
        let (identity, chat) = chat::open(cx, &form.name, &engagement).await?;
        (identity, form.name, chat)
    };
    cx.note(&chat.conversation);
    let issued = token::issue(cx, &identity, chat.ends())?;
    let conversation_sid = chat.conversation.clone();
    if let Some(text) = form.query {
        let conversation = chat.conversation;
        question::behind(cx, Question { conversation, identity, name, text }).await?;
    }
    Ok(Done::with(Started { issued, conversation_sid }))
}

/// What `refreshToken` takes.
#[derive(Deserialize)]
pub struct Refresh {
    token: String,
}

/// `refreshToken`: a new token for whoever has a valid one, as long as the chat goes on, and at
/// most for a week.
///
/// 1. The token is one of ours, and for nothing but webchat.
/// 2. We remember its identity's chat, and it goes on. What cannot be known is told, and the
///    client's token stays valid as it is.
pub async fn refresh(cx: &Context, _: &Visitor, ask: Refresh) -> Result<Done<Issued>> {
    let identity = token::identity(cx, &ask.token)?;
    let over = || Error::forbidden("The chat is over.");
    let chat = chat::known(cx, &identity).await?.ok_or_else(over)?;
    cx.note(&chat.conversation);
    if chat.ends() <= cx.started() || !chat::is_open(cx, &chat.conversation).await? {
        return Err(over());
    }
    Ok(Done::with(token::issue(cx, &identity, chat.ends())?))
}
