//! Sync: <https://www.twilio.com/docs/sync/api>. Items are named by a map's unique name.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{Retry, Twilio};
use crate::base::error::{Error, Result, unless_gone};
use crate::base::json;
use crate::base::members::view;
use crate::base::runtime::Call;
use crate::base::sid::SyncServiceSid;
use crate::base::text::encode;

#[derive(Deserialize)]
struct Item {
    revision: Option<String>,
    data: Box<RawValue>,
}

impl Twilio<'_> {
    fn maps_url(self, service: &SyncServiceSid, rest: &str) -> String {
        self.url("sync", format_args!("/v1/Services/{service}/Maps{rest}"))
    }

    /// CreateSyncMapItem, in a map that is made if need be; an item that is there already gets
    /// the new data (UpdateSyncMapItem).
    pub async fn put_item(
        self,
        service: &SyncServiceSid,
        map: &str,
        key: &str,
        data: &str,
        life: Duration,
    ) -> Result<()> {
        let items = self.maps_url(service, &format!("/{}/Items", encode(map)));
        let ttl = life.as_secs().to_string();
        let fields = [("Key", key), ("Data", data), ("ItemTtl", ttl.as_str())];
        for _ in 0..2 {
            // Sync refuses a second item of a key, so this may be repeated.
            let Err(error) = self.post(items.clone(), &fields).await else { return Ok(()) };
            if error.is_taken() {
                let [_, update @ ..] = fields;
                return self.post(format!("{items}/{}", encode(key)), &update).await.map(drop);
            }
            if !error.is_gone() {
                return Err(error);
            }
            match self.post(self.maps_url(service, ""), &[("UniqueName", map)]).await {
                Err(error) if !error.is_taken() => return Err(error),
                _ => {}
            }
        }
        Err(Error::Busy.into())
    }

    /// FetchSyncMapItem and, when it is the one that is meant, DeleteSyncMapItem. One that is gone
    /// is fine, and so is one that somebody changes meanwhile: then it is another one.
    pub async fn delete_item<T: DeserializeOwned + Default>(
        self,
        service: &SyncServiceSid,
        map: &str,
        key: &str,
        is_it: impl Fn(&T) -> bool,
    ) -> Result<()> {
        let url = self.maps_url(service, &format!("/{}/Items/{}", encode(map), encode(key)));
        let Some(answer) = unless_gone(self.get(url.clone()).await)? else { return Ok(()) };
        let item: Item = json::read(&answer.body)?;
        if !is_it(&view(item.data.get())) {
            return Ok(());
        }
        let call = Call { if_match: item.revision, ..self.call("DELETE", url, &[]) };
        match unless_gone(self.send(call, Retry::Safe).await) {
            Err(error) if error.is_stale() => Ok(()),
            deleted => deleted.map(drop),
        }
    }
}
