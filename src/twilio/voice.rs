//! Voice: <https://www.twilio.com/docs/voice/api>.

use super::{Later, Twilio, object, unexpected, unless_gone};
use crate::error::Result;
use crate::json;
use crate::params::encode;
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
    /// Reads a conference.
    pub fn read(text: &str) -> Result<Self> {
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
        let list = self.people(conference).await?;
        Ok(list.iter().filter_map(|participant| json::at(participant, &["call_sid"])).collect())
    }

    /// ListParticipant: who is in it now, each as Twilio has it.
    #[must_use]
    pub fn people(self, conference: Sid) -> Later<'a, Vec<String>> {
        let path = self.participant_path(conference, "") + "?PageSize=250";
        self.list(PRODUCT, path, "participants", 1)
    }

    /// CreateParticipant: dials somebody into a conference.
    #[must_use]
    pub fn add_participant(self, conference: Sid, fields: &[(&str, &str)]) -> Later<'a, Answer> {
        self.create(PRODUCT, &self.participant_path(conference, ""), fields)
    }

    /// FetchParticipant.
    #[must_use]
    pub fn participant(self, conference: Sid, call: Sid) -> Later<'a, Answer> {
        self.get(PRODUCT, &self.participant_path(conference, &["/", call.as_str()].concat()))
    }

    /// DeleteParticipant.
    #[must_use]
    pub fn remove_participant(self, conference: Sid, call: Sid) -> Later<'a, Answer> {
        self.delete(PRODUCT, &self.participant_path(conference, &["/", call.as_str()].concat()))
    }

    fn participant_path(self, conference: Sid, rest: &str) -> String {
        self.account_path(&["Conferences/", conference.as_str(), "/Participants", rest, ".json"])
    }

    /// ListConference: all that are going on with two people or more.
    #[must_use]
    pub fn live_conferences(self) -> Later<'a, Vec<String>> {
        let path = self.account_path(&["Conferences.json?Status=in-progress&PageSize=1000"]);
        self.list(PRODUCT, path, "conferences", 5)
    }

    /// ListCall: those that this call's TwiML has dialled.
    #[must_use]
    pub fn dialled_by(self, call: Sid) -> Later<'a, Vec<String>> {
        let path = self.account_path(&["Calls.json?ParentCallSid=", call.as_str(), "&PageSize=50"]);
        self.list(PRODUCT, path, "calls", 1)
    }

    /// UpdateCall: plays this document from now on. Each time it takes effect it dials anew.
    #[must_use]
    pub fn play(self, call: Sid, twiml: &str) -> Later<'a, Answer> {
        let path = self.account_path(&["Calls/", call.as_str(), ".json"]);
        self.create(PRODUCT, &path, &[("Twiml", twiml)])
    }

    /// ListIncomingPhoneNumber.
    #[must_use]
    pub fn phone_numbers(self) -> Later<'a, Vec<String>> {
        let path = self.account_path(&["IncomingPhoneNumbers.json?PageSize=1000"]);
        self.list(PRODUCT, path, "incoming_phone_numbers", 10)
    }

    /// ListOutgoingCallerId: the verified numbers of others.
    #[must_use]
    pub fn caller_ids(self) -> Later<'a, Vec<String>> {
        let path = self.account_path(&["OutgoingCallerIds.json?PageSize=1000"]);
        self.list(PRODUCT, path, "outgoing_caller_ids", 10)
    }

    /// ListDialingPermissionsCountry: what may be dialled where this calling code is used.
    #[must_use]
    pub fn dialing_permissions(self, calling_code: &str) -> Later<'a, Vec<String>> {
        let query = [
            "/v1/DialingPermissions/Countries?CountryCode=",
            &encode(calling_code),
            "&PageSize=1000",
        ];
        self.list("voice", query.concat(), "content", 2)
    }

    /// ListDialingPermissionsHrsPrefixes: how a country's high-risk special numbers begin.
    #[must_use]
    pub fn high_risk_prefixes(self, country: &str) -> Later<'a, Vec<String>> {
        let country = encode(country);
        let path = [
            "/v1/DialingPermissions/Countries/",
            &country,
            "/HighRiskSpecialPrefixes?PageSize=1000",
        ];
        self.list("voice", path.concat(), "content", 2)
    }

    /// UpdateParticipant; answers the participant as Twilio has it.
    #[must_use]
    pub fn update_participant(
        self,
        conference: Sid,
        call: Sid,
        fields: &[(&str, &str)],
    ) -> Later<'a, Answer> {
        self.post(
            PRODUCT,
            &self.participant_path(conference, &["/", call.as_str()].concat()),
            fields,
        )
    }
}
