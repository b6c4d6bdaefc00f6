//! The webhook of a parking: it tells of the message that brings the conversation back.

use serde_json::value::RawValue;

use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::json;
use crate::base::params::pairs;
use crate::base::sid::{ConversationSid, WebhookSid};
use crate::flex::alarm::Parking;
use crate::once;
use crate::twilio::conversations::ConversationWebhook;

/// Its path, where Twilio calls us. By its end a webhook is known as ours, and it is the name in the
/// log of what goes on behind the answer.
pub const PATH: &str = "/features/park-interaction/common/unpark-interaction";

/// Where the webhook of a parking calls. What is needed to come back without the note stands
/// there too: others can write where the note stands, and Twilio's signature covers the URL.
fn url(origin: &str, parking: &Parking) -> String {
    let Parking { id, interaction, channel } = parking;
    format!("{origin}{PATH}?interactionSid={interaction}&channelSid={channel}&parkId={id}")
}

/// Whether this URL is that of the webhook of a parking.
fn is_of(url: &str, id: &str) -> bool {
    let (path, query) = url.split_once('?').unwrap_or_default();
    path.ends_with(PATH) && pairs(query).iter().any(|(name, value)| name == "parkId" && value == id)
}

/// The webhooks of a parking, each as Twilio has it.
async fn of(
    cx: &Context,
    conversation: &ConversationSid,
    id: &str,
) -> Result<Vec<(ConversationWebhook, Box<RawValue>)>> {
    let mut found = Vec::new();
    for raw in cx.twilio().webhooks(conversation).await? {
        let webhook: ConversationWebhook = json::read(raw.get())?;
        if webhook.url().is_some_and(|url| is_of(&url, id)) {
            found.push((webhook, raw));
        }
    }
    Ok(found)
}

/// The webhook of a parking, as Twilio has it.
pub async fn find(
    cx: &Context,
    conversation: &ConversationSid,
    id: &str,
) -> Result<Option<Box<RawValue>>> {
    Ok(of(cx, conversation, id).await?.into_iter().map(|(_, raw)| raw).next())
}

/// Arms the webhook; answers it as Twilio has it. `origin` is where we are reached.
pub async fn arm(
    cx: &Context,
    origin: &str,
    conversation: &ConversationSid,
    parking: &Parking,
) -> Result<Box<RawValue>> {
    let url = url(origin, parking);
    let look = async || find(cx, conversation, &parking.id).await;
    once::make(cx, 1, look, async || cx.twilio().create_webhook(conversation, &url).await).await
}

/// The SIDs of a parking's webhooks.
pub async fn sids(
    cx: &Context,
    conversation: &ConversationSid,
    id: &str,
) -> Result<Vec<WebhookSid>> {
    Ok(of(cx, conversation, id).await?.into_iter().map(|(webhook, _)| webhook.sid).collect())
}

/// Takes these webhooks away.
pub async fn disarm(
    cx: &Context,
    conversation: &ConversationSid,
    webhooks: &[WebhookSid],
) -> Result<()> {
    for webhook in webhooks {
        cx.twilio().delete_webhook(conversation, webhook).await?;
    }
    Ok(())
}
