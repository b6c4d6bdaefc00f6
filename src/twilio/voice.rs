//! Voice: <https://www.twilio.com/docs/voice/api>.

use super::{Later, Twilio, object, unexpected, unless_gone};
use crate::error::Result;
use crate::json;
use crate::runtime::Answer;
use crate::sid::Sid;

const PRODUCT: &str = "api";

/// A conference: <https://www.twilio.com/docs/voice/api/conference-resource>.
#[derive(Clone, Debug)]
pub struct Conference {
    /// `CF…`
    pub sid: Sid,
    /// Its name; in Flex, the SID of the task it belongs to.
    pub friendly_name: String,
    /// `init`, `in-progress` or `completed`.
    pub status: String,
}

impl Conference {
    fn read(text: &str) -> Result<Self> {
        let conference = object(text)?;
        Ok(Self {
            sid: conference
                .text("sid")
                .and_then(|sid| Sid::parse("CF", &sid))
                .ok_or_else(unexpected)?,
            friendly_name: conference.text("friendly_name").unwrap_or_default(),
            status: conference.text("status").unwrap_or_default(),
        })
    }

    /// Somebody may still be in it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status != "completed"
    }
}

impl<'a> Twilio<'a> {
    fn account_path(self, rest: &[&str]) -> String {
        ["/2010-04-01/Accounts/", self.0.app.config.account(), "/", &rest.concat()].concat()
    }

    /// FetchCall: the call as Twilio has it.
    #[must_use]
    pub fn call_leg(self, sid: Sid) -> Later<'a, Answer> {
        self.get(PRODUCT, &self.account_path(&["Calls/", sid.as_str(), ".json"]))
    }

    /// ListConference by name. Not by status: a room with one person in it may be `init`.
    pub async fn conferences_named(self, name: Sid) -> Result<Vec<Conference>> {
        let path =
            self.account_path(&["Conferences.json?FriendlyName=", name.as_str(), "&PageSize=20"]);
        let list = self.list(PRODUCT, path, "conferences", 1).await?;
        list.iter().map(|conference| Conference::read(conference)).collect()
    }

    /// FetchConference.
    pub async fn conference(self, sid: Sid) -> Result<Conference> {
        let path = self.account_path(&["Conferences/", sid.as_str(), ".json"]);
        Conference::read(&self.get(PRODUCT, &path).await?.body)
    }

    /// UpdateConference: ends it. One that is over already is fine.
    pub async fn end_conference(self, sid: Sid) -> Result<()> {
        let path = self.account_path(&["Conferences/", sid.as_str(), ".json"]);
        unless_gone(self.post(PRODUCT, &path, &[("Status", "completed")]).await).map(drop)
    }

    /// ListParticipant: the calls (`CA…`) that are in it now.
    pub async fn participants(self, conference: Sid) -> Result<Vec<String>> {
        let path = self.account_path(&[
            "Conferences/",
            conference.as_str(),
            "/Participants.json?PageSize=50",
        ]);
        let list = self.list(PRODUCT, path, "participants", 1).await?;
        Ok(list.iter().filter_map(|participant| json::at(participant, &["call_sid"])).collect())
    }

    /// UpdateParticipant; answers the participant as Twilio has it.
    #[must_use]
    pub fn update_participant(
        self,
        conference: Sid,
        call: Sid,
        fields: &[(&str, &str)],
    ) -> Later<'a, Answer> {
        let parts = ["Conferences/", conference.as_str(), "/Participants/", call.as_str(), ".json"];
        self.post(PRODUCT, &self.account_path(&parts), fields)
    }
}
