//! Voice: <https://www.twilio.com/docs/voice/api>.

use super::{Twilio, object, unexpected};
use crate::error::Result;
use crate::json;
use crate::params::encode;
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
            sid: conference.text("sid").and_then(|sid| Sid::parse("CF", &sid)).ok_or_else(unexpected)?,
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

impl Twilio<'_> {
    fn account_path(&self, rest: &str) -> Result<String> {
        Ok(format!("/2010-04-01/Accounts/{}/{rest}", self.0.app.config.account()?))
    }

    /// FetchCall: the call as Twilio has it.
    pub async fn call_leg(&self, sid: &Sid) -> Result<String> {
        Ok(self.get(PRODUCT, &self.account_path(&format!("Calls/{sid}.json"))?).await?.body)
    }

    /// ListConference by name. Not by status: a room with one person in it may be `init`.
    pub async fn conferences_named(&self, name: &Sid) -> Result<Vec<Conference>> {
        let query = format!("Conferences.json?FriendlyName={}&PageSize=20", encode(name.as_str()));
        let list = self.list(PRODUCT, &self.account_path(&query)?, "conferences", 1).await?;
        list.iter().map(|conference| Conference::read(conference)).collect()
    }

    /// FetchConference.
    pub async fn conference(&self, sid: &Sid) -> Result<Conference> {
        let path = self.account_path(&format!("Conferences/{sid}.json"))?;
        Conference::read(&self.get(PRODUCT, &path).await?.body)
    }

    /// UpdateConference: ends it. One that is over already is fine.
    pub async fn end_conference(&self, sid: &Sid) -> Result<()> {
        let path = self.account_path(&format!("Conferences/{sid}.json"))?;
        match self.post(PRODUCT, &path, &[("Status", "completed")]).await {
            Err(error) if !error.is_gone() => Err(error),
            _ => Ok(()),
        }
    }

    /// ListParticipant: the calls (`CA…`) that are in it now.
    pub async fn participants(&self, conference: &Sid) -> Result<Vec<String>> {
        let query = format!("Conferences/{conference}/Participants.json?PageSize=50");
        let list = self.list(PRODUCT, &self.account_path(&query)?, "participants", 1).await?;
        Ok(list.iter().filter_map(|participant| json::at(participant, &["call_sid"])).collect())
    }

    /// UpdateParticipant; answers the participant as Twilio has it.
    pub async fn update_participant(
        &self,
        conference: &Sid,
        call: &Sid,
        fields: &[(&str, &str)],
    ) -> Result<String> {
        let path = self.account_path(&format!("Conferences/{conference}/Participants/{call}.json"))?;
        Ok(self.post(PRODUCT, &path, fields).await?.body)
    }
}
