//! Voice: <https://www.twilio.com/docs/voice/api>.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Twilio;
use crate::base::date::{self, Millis};
use crate::base::error::{Result, unless_gone};
use crate::base::json;
use crate::base::sid::{CallSid, ConferenceSid, TaskSid};
use crate::base::text::encode;

/// A conference: <https://www.twilio.com/docs/voice/api/conference-resource>.
#[derive(Clone, Debug, Deserialize)]
pub struct Conference {
    /// `CF…`
    pub sid: ConferenceSid,
    /// Its name; in Flex, the SID of the task it belongs to.
    pub friendly_name: Option<String>,
    /// How far it has got.
    pub status: ConferenceStatus,
}

/// How far a conference has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConferenceStatus {
    /// Nobody speaks yet; somebody may be in it.
    Init,
    /// It is going on.
    InProgress,
    /// It is over.
    Completed,
    /// What Twilio may add one day.
    #[serde(other)]
    Unknown,
}

impl Conference {
    /// Somebody may still be in it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status != ConferenceStatus::Completed
    }

    /// Whether it bears this task's name.
    #[must_use]
    pub fn is_of(&self, task: &TaskSid) -> bool {
        self.friendly_name.as_deref() == Some(&*task.to_string())
    }
}

/// Somebody in a conference: <https://www.twilio.com/docs/voice/api/conference-participant-resource>.
#[derive(Clone, Debug, Deserialize)]
pub struct Person {
    /// The leg by which they are in it.
    pub call_sid: CallSid,
    /// The label that they were added with.
    pub label: Option<String>,
}

/// A call: <https://www.twilio.com/docs/voice/api/call-resource>.
#[derive(Clone, Debug, Deserialize)]
pub struct CallLeg {
    /// `CA…`
    pub sid: Option<CallSid>,
    /// Who was called.
    pub to: Option<String>,
    /// Who called.
    pub from: Option<String>,
    /// How far it has got.
    pub status: Option<CallStatus>,
    /// When it was made.
    #[serde(default, deserialize_with = "date::optional")]
    pub date_created: Option<Millis>,
}

/// How far a call has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// It will be dialled.
    Queued,
    /// It rings.
    Ringing,
    /// Somebody has answered.
    InProgress,
    /// It is over.
    Completed,
    /// The line was busy.
    Busy,
    /// It could not be dialled.
    Failed,
    /// Nobody answered.
    NoAnswer,
    /// It was hung up before anybody answered.
    Canceled,
    /// What Twilio may add one day.
    #[serde(other)]
    Unknown,
}

impl CallStatus {
    /// It rings, or somebody talks.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Queued | Self::Ringing | Self::InProgress)
    }

    /// Nobody will talk in it any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        !self.is_live() && self != Self::Unknown
    }
}

/// Truth as Twilio's forms spell it.
fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// What to change about a participant.
#[derive(Clone, Debug)]
pub enum Change<'a> {
    /// Put on hold, with the music at this URL, or taken off it.
    Hold(bool, Option<&'a str>),
    /// Muted, or heard again.
    Muted(bool),
    /// Whether the conference ends when they leave.
    EndConferenceOnExit(bool),
}

impl Twilio<'_> {
    /// FetchCall: the call as Twilio has it.
    pub async fn call_leg(self, sid: &CallSid) -> Result<Box<RawValue>> {
        json::read(&self.get(self.account_url(format_args!("Calls/{sid}.json"))?).await?.body)
    }

    /// ListCall: those that this call's TwiML has dialled.
    pub async fn dialled_by(self, call: &CallSid) -> Result<Vec<CallLeg>> {
        let url = self.account_url(format_args!("Calls.json?ParentCallSid={call}&PageSize=50"))?;
        self.list(url, "calls", 1).await
    }

    /// UpdateCall: plays this document from now on. Each time it takes effect it dials anew.
    pub async fn play(self, call: &CallSid, twiml: &str) -> Result<()> {
        let url = self.account_url(format_args!("Calls/{call}.json"))?;
        self.create(url, &[("Twiml", twiml)]).await.map(drop)
    }

    /// UpdateCall: hangs up. A call that is over already is fine.
    pub async fn hang_up(self, call: &CallSid) -> Result<()> {
        let url = self.account_url(format_args!("Calls/{call}.json"))?;
        match unless_gone(self.post(url, &[("Status", "completed")]).await) {
            Err(error) if error.is_call_over() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// ListConference by name. Not by status: a room with one person in it may be `init`.
    pub async fn conferences_named(self, name: &TaskSid) -> Result<Vec<Conference>> {
        let query = format!("FriendlyName={name}&PageSize=20");
        let url = self.account_url(format_args!("Conferences.json?{query}"))?;
        self.list(url, "conferences", 1).await
    }

    /// ListConference: all that are going on with two people or more.
    pub async fn live_conferences(self) -> Result<Vec<Conference>> {
        let url = self.account_url("Conferences.json?Status=in-progress&PageSize=1000")?;
        self.list(url, "conferences", 5).await
    }

    /// FetchConference.
    pub async fn conference(self, sid: &ConferenceSid) -> Result<Conference> {
        json::read(&self.get(self.account_url(format_args!("Conferences/{sid}.json"))?).await?.body)
    }

    /// UpdateConference: ends it. One that is over already is fine.
    pub async fn end_conference(self, sid: &ConferenceSid) -> Result<()> {
        let url = self.account_url(format_args!("Conferences/{sid}.json"))?;
        unless_gone(self.post(url, &[("Status", "completed")]).await).map(drop)
    }

    fn people_url(self, conference: &ConferenceSid, rest: &str) -> Result<String> {
        self.account_url(format_args!("Conferences/{conference}/Participants{rest}"))
    }

    /// ListParticipant: who is in it now.
    pub async fn people(self, conference: &ConferenceSid) -> Result<Vec<Person>> {
        self.list(self.people_url(conference, ".json?PageSize=250")?, "participants", 1).await
    }

    /// ListParticipant, each as Twilio has it.
    pub async fn people_as_they_are(
        self,
        conference: &ConferenceSid,
    ) -> Result<Vec<Box<RawValue>>> {
        self.list_as_it_is(self.people_url(conference, ".json?PageSize=250")?, "participants", 1)
            .await
    }

    /// FetchParticipant.
    pub async fn person(self, conference: &ConferenceSid, call: &CallSid) -> Result<Person> {
        let url = self.people_url(conference, &format!("/{call}.json"))?;
        json::read(&self.get(url).await?.body)
    }

    /// CreateParticipant: dials somebody into a conference; answers them as Twilio has it.
    pub async fn add_person(
        self,
        conference: &ConferenceSid,
        fields: &[(&str, &str)],
    ) -> Result<Box<RawValue>> {
        json::read(&self.create(self.people_url(conference, ".json")?, fields).await?.body)
    }

    /// UpdateParticipant; answers the participant as Twilio has it.
    pub async fn change_person(
        self,
        conference: &ConferenceSid,
        call: &CallSid,
        change: Change<'_>,
    ) -> Result<Box<RawValue>> {
        let url = self.people_url(conference, &format!("/{call}.json"))?;
        let answer = match change {
            Change::Hold(on, Some(music)) => {
                self.post(url, &[("Hold", flag(on)), ("HoldUrl", music)]).await
            }
            Change::Hold(on, None) => self.post(url, &[("Hold", flag(on))]).await,
            Change::Muted(on) => self.post(url, &[("Muted", flag(on))]).await,
            Change::EndConferenceOnExit(on) => {
                self.post(url, &[("EndConferenceOnExit", flag(on))]).await
            }
        };
        json::read(&answer?.body)
    }

    /// DeleteParticipant. One that is not in it any more is fine.
    pub async fn remove_person(self, conference: &ConferenceSid, call: &CallSid) -> Result<()> {
        let url = self.people_url(conference, &format!("/{call}.json"))?;
        unless_gone(self.delete(url).await).map(drop)
    }

    /// ListIncomingPhoneNumber.
    pub async fn phone_numbers(self) -> Result<Vec<PhoneNumber>> {
        let url = self.account_url("IncomingPhoneNumbers.json?PageSize=1000")?;
        self.list(url, "incoming_phone_numbers", 10).await
    }

    /// ListOutgoingCallerId: the verified numbers of others.
    pub async fn caller_ids(self) -> Result<Vec<PhoneNumber>> {
        let url = self.account_url("OutgoingCallerIds.json?PageSize=1000")?;
        self.list(url, "outgoing_caller_ids", 10).await
    }

    /// ListDialingPermissionsCountry: what may be dialled where this calling code is used.
    pub async fn dialing_permissions(self, calling_code: &str) -> Result<Vec<Permission>> {
        let query = format!("CountryCode={}&PageSize=1000", encode(calling_code));
        let path = format!("/v1/DialingPermissions/Countries?{query}");
        self.list(self.url("voice", path), "content", 2).await
    }

    /// ListDialingPermissionsHrsPrefixes: how a country's high-risk special numbers begin.
    pub async fn high_risk_prefixes(self, country: &str) -> Result<Vec<HighRiskPrefix>> {
        let country = encode(country);
        let rest = "HighRiskSpecialPrefixes?PageSize=1000";
        let path = format!("/v1/DialingPermissions/Countries/{country}/{rest}");
        self.list(self.url("voice", path), "content", 2).await
    }
}

/// A number of the account, or a verified one of somebody else.
#[derive(Clone, Debug, Deserialize)]
pub struct PhoneNumber {
    /// The name.
    pub friendly_name: Option<String>,
    /// The number in E.164 form.
    pub phone_number: Option<String>,
}

/// What may be dialled in a country:
/// <https://www.twilio.com/docs/voice/api/dialingpermissions-country-resource>.
#[derive(Clone, Debug, Deserialize)]
pub struct Permission {
    /// The ISO code.
    pub iso_code: Option<String>,
    /// Ordinary numbers.
    pub low_risk_numbers_enabled: Option<bool>,
    /// Special numbers that are often abused.
    pub high_risk_special_numbers_enabled: Option<bool>,
}

/// The beginning of numbers that are often abused.
#[derive(Clone, Debug, Deserialize)]
pub struct HighRiskPrefix {
    /// `+4487`
    pub prefix: String,
}
