//! What is left of a parking that is over: its note, its webhook, the lists' entries.

use futures_util::join;

use super::turn::{Read, drop_note, read};
use super::{list, webhook};
use crate::base::context::Context;
use crate::base::error::{Result, unless_gone};
use crate::base::sid::{ConversationSid, WebhookSid, WorkerSid};
use crate::twilio::sync;

/// What is left of a parking that is over. Nobody has to wait until it is gone: the gate knows that
/// the parking is over, so it counts no more, and who comes upon it takes it away.
#[derive(Clone)]
pub struct Left {
    /// The conversation.
    pub conversation: ConversationSid,
    /// Which parking it was.
    pub id: String,
    /// Whose lists it is on, if that is known.
    pub by: Option<WorkerSid>,
}

/// What stands there.
pub struct Found {
    conversation: Result<Read>,
    webhooks: Result<Vec<WebhookSid>>,
    item: Result<Option<sync::Item>>,
}

impl Left {
    /// Looks what stands there: at the same time as the invite is made.
    pub async fn look(&self, cx: &Context) -> Found {
        let item = async {
            match &self.by {
                Some(worker) => list::in_sync(cx, worker, &self.conversation).await,
                None => Ok(None),
            }
        };
        let (conversation, webhooks, item) = join!(
            read(cx, &self.conversation),
            webhook::sids(cx, &self.conversation, &self.id),
            item
        );
        Found { conversation, webhooks, item }
    }

    /// Takes note, webhook and the lists' entries away. A failure is told in the log.
    pub async fn clean_up(&self, cx: &Context, found: Found) {
        let unlisted = async {
            if let Some(worker) = &self.by {
                list::remove(cx, worker, &self.conversation, &self.id, found.item).await;
            }
        };
        let disarmed = async {
            let webhooks = unless_gone(found.webhooks)?.unwrap_or_default();
            webhook::disarm(cx, &self.conversation, &webhooks).await
        };
        let forgotten = async {
            match unless_gone(found.conversation)? {
                None => Ok(()),
                known => drop_note(cx, &self.conversation, &self.id, known).await,
            }
        };
        let (disarmed, forgotten, ()) = join!(disarmed, forgotten, unlisted);
        for error in [disarmed.err(), forgotten.err()].into_iter().flatten() {
            cx.warn("parking not cleaned up", &error);
        }
    }

    /// The same, behind the answer.
    pub fn clean_up_behind(self, cx: &Context, route: &'static str) {
        cx.behind(route, async move |cx| {
            cx.note(&self.conversation);
            let found = self.look(cx).await;
            self.clean_up(cx, found).await;
            Ok(())
        });
    }
}
