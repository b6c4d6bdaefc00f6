//! What a visitor asks on the web page is written into their chat, and they are welcomed:
//! behind the answer, each once.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::chat::{LIFE, START};
use crate::base::context::Context;
use crate::base::error::Result;
use crate::flex::alarm::{Alarm, Question};
use crate::once;
use crate::twilio::conversations::Webhooks;

/// Who welcomes visitors.
const CONCIERGE: &str = "Concierge";
/// How long the same question in the same chat is a duplicate.
const REMEMBER: Duration = Duration::from_mins(10);

/// Goes on with it behind the answer. If nothing comes of that, the gate sees to it.
pub async fn behind(cx: &Context, question: Question) -> Result<()> {
    let (key, alarm) = (key(&question), Alarm::Question(question.clone()));
    let work = async move |cx: &Context, attempt| write(cx, &question, attempt).await;
    once::behind(cx, START, key, &alarm, work).await.map(drop)
}

/// Does what [`behind`] has begun and nothing came of.
pub async fn again(cx: &Context, question: &Question) -> Result<()> {
    let work = async |cx: &Context, attempt| write(cx, question, attempt).await;
    once::again(cx, &key(question), work).await
}

/// The gate of a question: a text is somebody's, and does not stand there itself.
fn key(question: &Question) -> String {
    let text = hex::encode(Sha256::digest(&question.text));
    format!("webchat/{}/{text}", question.conversation)
}

/// 1. The question, as the visitor's message: webhooks are told, so that it comes in.
/// 2. Only then the welcome line, once in a chat.
async fn write(cx: &Context, question: &Question, attempt: u32) -> Result<((), Duration)> {
    let Question { conversation, identity, name, text } = question;
    let write = async |author: &str, body: &str, attempt, webhooks| {
        let look = async || {
            let messages = cx.twilio().newest_messages(conversation).await?;
            let is_it = messages.iter().any(|message| {
                message.author.as_deref() == Some(author)
                    && message.body.as_deref().map(str::trim) == Some(body.trim())
            });
            Ok(is_it.then_some(()))
        };
        let make = async || cx.twilio().create_message(conversation, author, body, webhooks).await;
        once::make(cx, attempt, look, make).await
    };
    write(identity, text, attempt, Webhooks::Told).await?;
    let welcome = welcome(name);
    let key = format!("webchat/{conversation}/welcome");
    let work = async |attempt| write(CONCIERGE, &welcome, attempt, Webhooks::Silent).await;
    once::once(cx, &key, LIFE, work).await?;
    Ok(((), REMEMBER))
}

/// The welcome line. What does not look like a name is not said: the line is ours.
fn welcome(name: &str) -> String {
    let is_of_names = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '\'' | '’' | '-' | '.');
    let has_domain = name.split(' ').any(|word| word.trim_end_matches('.').contains('.'));
    let name = Some(name).filter(|name| name.chars().all(is_of_names) && !has_domain);
    let name = name.map_or_else(String::new, |name| format!(" {name}"));
    format!("Welcome{name}! An agent will be with you in just a moment.")
}

#[cfg(test)]
mod tests {
    use super::welcome;

    #[test]
    fn a_name_is_said_and_nothing_else_is() {
        for name in ["Ana", "Jean-Luc O'Neill", "Dr. Kim", "José María", "王小明"] {
            assert!(welcome(name).starts_with(&format!("Welcome {name}! ")), "{name}");
        }
        for odd in ["evil.example", "https://x", "<b>Ana</b>", "Ana (call +1 555)", "a@b"] {
            assert!(welcome(odd).starts_with("Welcome! "), "{odd}");
        }
    }
}
