//! The customer of a conversation: who of its participants it is, and what is known of them.

use std::borrow::Cow;

use futures_util::join;
use serde::Deserialize;

use super::attributes::{WorkerAttributes, text};
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::sid::{ConversationSid, MemberSid};
use crate::twilio::conversations::Member;
use crate::twilio::interactions::Medium;

/// Who has written a message, as its webhook says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// `MB…`
    pub member: Option<MemberSid>,
    /// An address or an identity.
    pub name: Option<String>,
}

impl Author {
    /// Whether this can be a customer: messages that nobody has written are the system's.
    #[must_use]
    pub fn may_be_customer(&self) -> bool {
        let is_system = self.name.as_deref().is_some_and(|name| name == "system");
        !is_system && (self.member.is_some() || self.name.is_some())
    }

    /// Whether it takes a look at the workers to know that this is none: an address is a
    /// customer's, who chats may be an agent.
    #[must_use]
    pub fn may_be_worker(&self) -> bool {
        self.identity().is_some() || (self.name.is_none() && self.member.is_some())
    }

    /// The identity, unless it is an address: agents and web pages have identities.
    fn identity(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !is_address(name))
    }
}

fn is_address(author: &str) -> bool {
    author.starts_with('+') || author.contains(':')
}

/// Who has written a message.
#[derive(Clone, Debug)]
pub enum Writer {
    /// A customer.
    Customer(Member),
    /// One of the workspace's workers.
    Worker,
    /// Nobody who is known to be in the conversation: Twilio may list them a little later.
    Unseen,
}

impl Writer {
    /// The customer, if it is one. The first time, that nobody is listed is not believed.
    pub fn customer(self, attempt: u32) -> Result<Option<Member>> {
        match self {
            Self::Customer(member) => Ok(Some(member)),
            Self::Unseen if attempt == 1 => Err(Error::Busy.into()),
            Self::Worker | Self::Unseen => Ok(None),
        }
    }
}

/// Which of a conversation's participants has written.
///
/// A participant who chats is the customer unless they are one of the workspace's workers.
/// Without an author it is whoever can be it.
pub async fn who_wrote(
    cx: &Context,
    conversation: &ConversationSid,
    author: &Author,
) -> Result<Writer> {
    let (members, is_worker) = join!(cx.twilio().members(conversation), async {
        match author.identity() {
            Some(identity) => is_worker(cx, identity).await,
            None => Ok(false),
        }
    });
    let (members, is_known_worker) = (members?, is_worker?);
    let is_author = |member: &Member| match (&author.member, author.name.as_deref()) {
        (Some(sid), _) => member.sid.as_ref() == Some(sid),
        (None, Some(name)) => {
            member.chatter() == Some(name) || member.address().as_deref() == Some(name)
        }
        (None, None) => true,
    };
    let (bound, chatting): (Vec<_>, Vec<_>) =
        members.into_iter().filter(is_author).partition(|member| member.chatter().is_none());
    if let Some(customer) = bound.into_iter().find(|member| member.address().is_some()) {
        return Ok(Writer::Customer(customer));
    }
    if chatting.is_empty() && !is_known_worker {
        return Ok(Writer::Unseen);
    }
    for member in chatting {
        let Some(identity) = member.chatter() else { continue };
        let is_worker = match author.identity() {
            Some(known) if known == identity => is_known_worker,
            _ => self::is_worker(cx, identity).await?,
        };
        if !is_worker {
            return Ok(Writer::Customer(member));
        }
    }
    Ok(Writer::Worker)
}

/// Whether this identity is a worker's.
async fn is_worker(cx: &Context, identity: &str) -> Result<bool> {
    // Flex encodes what would need a quote.
    if identity.contains(['"', '\\']) {
        return Ok(false);
    }
    let contact = format!("client:{identity}");
    let workers = cx.twilio().workers_at(&contact).await?;
    let is_theirs = |uri: Option<String>| uri.as_ref() == Some(&contact);
    Ok(workers.iter().any(|worker| is_theirs(worker.view::<WorkerAttributes>().contact_uri)))
}

/// By what a customer writes, and under which address.
pub fn medium(member: &Member) -> Result<(Medium, String)> {
    let Some(address) = member.address() else {
        let identity = member.identity.clone();
        return Ok((Medium::Web, identity.ok_or_else(|| Error::unreadable("identity"))?));
    };
    let medium = match address.split_once(':') {
        Some(("whatsapp", _)) => Medium::Whatsapp,
        Some(("messenger", _)) => Medium::Messenger,
        Some(("gbm", _)) => Medium::Gbm,
        None => Medium::Sms,
        Some(_) => Medium::Chat,
    };
    Ok((medium, address))
}

/// The telephone number in an address.
#[must_use]
pub fn number(address: &str) -> Option<&str> {
    let number = address.strip_prefix("whatsapp:").unwrap_or(address);
    number.starts_with('+').then_some(number)
}

/// Names as a participant's attributes have them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Names {
    #[serde(deserialize_with = "text")]
    friendly_name: Option<String>,
    #[serde(deserialize_with = "text")]
    profile_name: Option<String>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
}

/// A participant's name, if anybody has noted one.
#[must_use]
pub fn name(member: &Member) -> Option<String> {
    let names: Names = member.view();
    names.profile_name.or(names.friendly_name).or(names.name)
}

/// At most so many characters of a text.
#[must_use]
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(text.get(..end).unwrap_or_default().to_owned()),
        None => Cow::Borrowed(text),
    }
}
