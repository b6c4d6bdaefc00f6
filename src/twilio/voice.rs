//! Voice: <https://www.twilio.com/docs/voice/api>.

use super::{Api, Repeat, Twilio, object, read_all, unexpected, unless_gone};
use crate::error::Result;
use crate::params::encode;
use crate::runtime::Answer;
use crate::sid::Sid;

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
            sid: Sid::member(&conference, "sid", "CF").ok_or_else(unexpected)?,
            friendly_name: conference.text_or_empty("friendly_name"),
            status: conference.text_or_empty("status"),
        })
    }

    /// Somebody may still be in it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status != "completed"
    }
}

impl Twilio<'_> {
    /// FetchCall: the call as Twilio has it.
    pub fn call_leg(self, sid: &Sid) -> Result<Answer> {
        self.get(Api::Account, &["Calls/", sid.as_str(), ".json"])
    }

    /// ListConference by name. Not by status: a room with one person in it may be `init`.
    pub fn conferences_named(self, name: &Sid) -> Result<Vec<Conference>> {
        let path = ["Conferences.json?FriendlyName=", name.as_str(), "&PageSize=20"];
        let list = self.list(Api::Account, &path, "conferences", 1)?;
        read_all(&list, Conference::read)
    }

    /// FetchConference.
    pub fn conference(self, sid: &Sid) -> Result<Conference> {
        let path = ["Conferences/", sid.as_str(), ".json"];
        Conference::read(&self.get(Api::Account, &path)?.body)
    }

    /// UpdateConference: ends it. One that is over already is fine.
    pub fn end_conference(self, sid: &Sid) -> Result<()> {
        let path = ["Conferences/", sid.as_str(), ".json"];
        unless_gone(self.post(Api::Account, &path, &[("Status", "completed")])).map(drop)
    }

    /// ListParticipant: who is in it now, each as Twilio has it.
    pub fn people(self, conference: &Sid) -> Result<Vec<String>> {
        let path = ["Conferences/", conference.as_str(), "/Participants.json?PageSize=250"];
        self.list(Api::Account, &path, "participants", 1)
    }

    /// CreateParticipant: dials somebody into a conference.
    pub fn add_participant(self, conference: &Sid, fields: &[(&str, &str)]) -> Result<Answer> {
        let path = ["Conferences/", conference.as_str(), "/Participants.json"];
        self.create(Api::Account, &path, fields)
    }

    /// FetchParticipant.
    pub fn participant(self, conference: &Sid, call: &Sid) -> Result<Answer> {
        self.get(Api::Account, &participant_path(conference, call))
    }

    /// DeleteParticipant.
    pub fn remove_participant(self, conference: &Sid, call: &Sid) -> Result<Answer> {
        let path = participant_path(conference, call);
        self.send(self.call("DELETE", Api::Account, &path, &[]), Repeat::Safe)
    }

    /// ListConference: all that are going on with two people or more.
    pub fn live_conferences(self) -> Result<Vec<String>> {
        let path = ["Conferences.json?Status=in-progress&PageSize=1000"];
        self.list(Api::Account, &path, "conferences", 5)
    }

    /// ListCall: those that this call's TwiML has dialled.
    pub fn dialled_by(self, call: &Sid) -> Result<Vec<String>> {
        let path = ["Calls.json?ParentCallSid=", call.as_str(), "&PageSize=50"];
        self.list(Api::Account, &path, "calls", 1)
    }

    /// UpdateCall: plays this document from now on. Each time it takes effect it dials anew.
    pub fn play(self, call: &Sid, twiml: &str) -> Result<Answer> {
        let path = ["Calls/", call.as_str(), ".json"];
        self.create(Api::Account, &path, &[("Twiml", twiml)])
    }

    /// ListIncomingPhoneNumber.
    pub fn phone_numbers(self) -> Result<Vec<String>> {
        let path = ["IncomingPhoneNumbers.json?PageSize=1000"];
        self.list(Api::Account, &path, "incoming_phone_numbers", 10)
    }

    /// ListOutgoingCallerId: the verified numbers of others.
    pub fn caller_ids(self) -> Result<Vec<String>> {
        let path = ["OutgoingCallerIds.json?PageSize=1000"];
        self.list(Api::Account, &path, "outgoing_caller_ids", 10)
    }

    /// ListDialingPermissionsCountry: what may be dialled where this calling code is used.
    pub fn dialing_permissions(self, calling_code: &str) -> Result<Vec<String>> {
        let query = [
            "/v1/DialingPermissions/Countries?CountryCode=",
            &encode(calling_code),
            "&PageSize=1000",
        ];
        self.list(Api::Voice, &query, "content", 2)
    }

    /// ListDialingPermissionsHrsPrefixes: how a country's high-risk special numbers begin.
    pub fn high_risk_prefixes(self, country: &str) -> Result<Vec<String>> {
        let country = encode(country);
        let path = [
            "/v1/DialingPermissions/Countries/",
            &country,
            "/HighRiskSpecialPrefixes?PageSize=1000",
        ];
        self.list(Api::Voice, &path, "content", 2)
    }

    /// UpdateParticipant; answers the participant as Twilio has it.
    pub fn update_participant(
        self,
        conference: &Sid,
        call: &Sid,
        fields: &[(&str, &str)],
    ) -> Result<Answer> {
        self.post(Api::Account, &participant_path(conference, call), fields)
    }
}

fn participant_path<'a>(conference: &'a Sid, call: &'a Sid) -> [&'a str; 5] {
    ["Conferences/", conference.as_str(), "/Participants/", call.as_str(), ".json"]
}
