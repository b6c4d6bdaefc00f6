//! Sync: <https://www.twilio.com/docs/sync/api>. Items are named by a map's unique name.

use std::time::Duration;

use super::Twilio;
use crate::base::error::{Error, Result, unless_gone};
use crate::base::sid::SyncServiceSid;
use crate::base::text::encode;

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

    /// DeleteSyncMapItem. One that is gone is fine.
    pub async fn delete_item(self, service: &SyncServiceSid, map: &str, key: &str) -> Result<()> {
        let rest = format!("/{}/Items/{}", encode(map), encode(key));
        unless_gone(self.delete(self.maps_url(service, &rest)).await).map(drop)
    }
}
