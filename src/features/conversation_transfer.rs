//! A conversation goes to another agent or to a queue: a new task is made for it by an
//! invite to the interaction's channel. A cold transfer then takes the agent out, a warm one
//! leaves them in and notes the invite on the conversation.

mod invites;
mod leaving;
mod routing;

pub use leaving::leave;

use crate::Context;
use crate::access;
use crate::auth::{Agent, FlexCall};
use crate::config::Feature;
use crate::date;
use crate::error::{Error, Result, Settle as _};
use crate::gate;
use crate::json::{self, Object};
use crate::params::Params;
use crate::runtime::{Millis, Response, SECOND};
use crate::sid::Sid;
use crate::twilio::interactions::{Channel, Invite};
use crate::twilio::unless_gone;

/// How long the answer to a transfer is given to whoever asks the same again.
const REMEMBER: Millis = 30 * SECOND;
/// How old the invite of an earlier try of a warm transfer can be.
const SAME_TRANSFER: Millis = 60 * SECOND;
/// The attribute that says which transfer made a task.
const MARK: &str = "transferId";

/// A transfer, as asked for.
struct Transfer<'a> {
    channel: Channel,
    /// `WK…` or `WQ…`
    target: Sid,
    queue: Option<&'a str>,
    target_name: Option<&'a str>,
    /// Who is taken out: a cold transfer.
    leaving: Option<Sid>,
    /// The task that the agent has.
    task: Option<Sid>,
    task_channel: Option<&'a str>,
    conversation: Option<Sid>,
    conversation_id: Option<&'a str>,
    attributes: &'a str,
    /// More attributes; whom the workflow shall not offer it to.
    ignore: &'a str,
}

impl Transfer<'_> {
    fn is_to_worker(&self) -> bool {
        self.target.as_str().starts_with("WK")
    }
}

fn channel(cx: &Context, params: &Params) -> Result<Channel> {
    let interaction = cx.sid(params, "flexInteractionSid", "KD")?;
    Ok(Channel { interaction, sid: cx.sid(params, "flexInteractionChannelSid", "UO")? })
}

fn target(cx: &Context, params: &Params) -> Result<Sid> {
    let text = params.text("transferTargetSid")?;
    let sid = Sid::parse("WK", text).or_else(|| Sid::parse("WQ", text));
    let sid =
        sid.ok_or_else(|| Error::bad("transferTargetSid", "is neither a WK… nor a WQ… SID"))?;
    cx.note(&sid);
    Ok(sid)
}

/// The conversation that the attributes of its task name.
fn conversation_in(attributes: &str) -> Option<Sid> {
    Sid::parse("CH", &json::at(attributes, &["conversationSid"])?)
}

/// `transferConversation`: the agent hands the conversation over and leaves it.
pub fn transfer(cx: &Context, call: &FlexCall) -> Result<Response> {
    let params = call.params.inside("Payload")?;
    let (interaction, details) =
        (params.inside("interactionDetails")?, params.inside("transferDetails")?);
    let attributes = params.object("transferringTaskAttributes")?;
    let transfer = Transfer {
        channel: channel(cx, &interaction)?,
        target: target(cx, &details)?,
        queue: details.optional_text("transferQueueName")?,
        target_name: None,
        leaving: Some(cx.sid(&interaction, "flexInteractionParticipantSid", "UT")?),
        task: None,
        task_channel: Some(params.text("taskRouterChannel")?),
        conversation: conversation_in(attributes),
        conversation_id: None,
        attributes,
        ignore: "{}",
    };
    hand_over(cx, &call.agent, &transfer)
}

/// `invite-participant`: the agent hands the conversation over, or has somebody join it.
pub fn invite(cx: &Context, call: &FlexCall) -> Result<Response> {
    let params = &call.params;
    let attributes = params.object("jsonAttributes")?;
    let transfer = Transfer {
        channel: channel(cx, params)?,
        target: target(cx, params)?,
        queue: params.optional_text("transferQueueName")?,
        target_name: params.optional_text("transferWorkerName")?,
        leaving: cx.optional_sid(params, "removeFlexInteractionParticipantSid", "UT")?,
        task: Some(cx.sid(params, "taskSid", "WT")?),
        task_channel: params.optional_text("taskChannelUniqueName")?,
        conversation: cx
            .optional_sid(params, "conversationSid", "CH")?
            .or_else(|| conversation_in(attributes)),
        conversation_id: params.optional_text("conversationId")?,
        attributes,
        ignore: params.optional_object("workersToIgnore")?.unwrap_or("{}"),
    };
    hand_over(cx, &call.agent, &transfer)
}

/// One transfer is one invite: who asks for the same again gets the first one's answer.
fn hand_over(cx: &Context, agent: &Agent, t: &Transfer<'_>) -> Result<Response> {
    cx.app.config.require(Feature::ConversationTransfer)?;
    let (channel, target) = (t.channel.sid.as_str(), t.target.as_str());
    let Some(leaving) = &t.leaving else {
        let mark = [agent.key(), "/", target].concat();
        let key = ["transfer/", channel, "/", &mark].concat();
        // Whoever has declined may be asked again at once.
        let is_over = |outcome: &str| {
            let known = Object::parse(outcome).unwrap_or_default();
            match Sid::member(&known, "invitesTaskSid", "WT") {
                Some(task) => Ok(!cx.twilio().is_open(&task)?),
                None => Ok(false),
            }
        };
        let work = |attempt| hand_over_once(cx, agent, t, &mark, attempt);
        let (answer, _) = gate::once_until_over(cx, &key, REMEMBER, &is_over, &work)?;
        return Ok(Response::json(200, answer));
    };
    // A participant leaves once, to one target, whoever asks for it.
    let mark = [leaving.as_str(), "/", target].concat();
    let key = ["transfer/", channel, "/", leaving.as_str()].concat();
    let mut is_ours = false;
    let outcome = gate::once(cx, &key, REMEMBER, |attempt| {
        is_ours = true;
        let answer = hand_over_once(cx, agent, t, &mark, attempt)?;
        Ok(json::object()
            .text("by", agent.key())
            .text("target", target)
            .text("answer", &answer)
            .end())
    })?;
    let known = Object::parse(&outcome).unwrap_or_default();
    let may_know = known.text_or_empty("by") == agent.key() || access::is_unlimited(cx, agent);
    if !is_ours && (known.text_or_empty("target") != target || !may_know) {
        let message = "This participant's part has just been handed over.";
        return Err(Error::refused(409, message, Vec::new()));
    }
    Ok(Response::json(200, known.text_or_empty("answer")))
}

/// Hands over; answers the body of the answer.
///
/// 1. At the same time: read the participants, an invite that an earlier try has left, what
///    the new task needs, and the conversation. Check the agent's part.
/// 2. Invite, unless that has been done. A failure: nothing has changed, but that dead
///    invites may be gone from the conversation: which they are is asked meanwhile.
/// 3. Cold: take the agent out. A failure: the invite stands, the answer says so, and the
///    same request again goes on from here. Warm: note the invite. A failure: the answer says
///    so, and nothing else is lost by it.
fn hand_over_once(
    cx: &Context,
    agent: &Agent,
    t: &Transfer<'_>,
    mark: &str,
    attempt: u32,
) -> Result<String> {
    let twilio = cx.twilio();
    let participants = twilio.channel_participants(&t.channel);
    let look = t.leaving.is_some() || attempt > 1;
    let earlier = if look { find_invite(cx, t, mark) } else { Ok(None) };
    let task_channel = match (&t.task_channel, &t.task) {
        (Some(name), _) => Ok((*name).to_owned()),
        (None, Some(task)) => twilio.task(task).map(|task| task.channel),
        (None, None) => Err(Error::bad("taskChannelUniqueName", "is missing")),
    };
    let contact = contact_uri(cx, agent.worker.as_ref());
    let noted = noted(cx, agent, t.conversation.as_ref());
    let (participants, earlier, contact, noted) = (participants?, earlier?, contact?, noted?);
    let leaving = participants.iter().find(|p| Some(&p.sid) == t.leaving.as_ref());
    match leaving {
        Some(leaving) => access::removal(cx, agent, leaving)?,
        // They are out already, by the same transfer.
        None if t.leaving.is_some() && earlier.is_some() => {}
        None if t.leaving.is_some() => {
            return Err(Error::forbidden(
                "The participant to take out is not in this interaction.",
            ));
        }
        None => access::interaction(cx, agent, &participants)?,
    }
    // A supervisor may hand over for somebody else.
    let contact = match leaving.and_then(|leaving| leaving.worker.as_ref()) {
        worker @ Some(_) if worker != agent.worker.as_ref() => contact_uri(cx, worker)?,
        _ => contact.or_else(|| Some(["client:", &agent.identity].concat())),
    };
    let own = leaving
        .or_else(|| participants.iter().find(|p| p.worker.is_some() && p.worker == agent.worker));
    let task = t.task.as_ref().or_else(|| own?.task.as_ref());
    let attributes = routing::attributes(t, mark, &participants, contact, task, cx.now());
    let routing = routing::of(cx, &task_channel?, &attributes);
    let invite = if let Some(invite) = earlier {
        Ok(invite)
    } else {
        let look = || find_invite(cx, t, mark);
        gate::make(cx, 1, &look, &|| twilio.create_invite(&t.channel, &routing))
    };
    let others = noted.as_deref().map(invites::tasks).unwrap_or_default();
    let conversation = t.conversation.as_ref().filter(|_| noted.is_some());
    let Some(leaving) = &t.leaving else {
        let dead = invites::dead(cx, &others);
        let (invite, dead) = (invite?, dead?);
        let noted = note(cx, t, conversation, &dead, &invite)?;
        let message =
            if noted { "is sent." } else { "is sent, but may not be noted on the conversation." };
        return Ok(answer(&invite, message).flag("inviteNoted", noted).end());
    };
    let gone = invite.and_then(|invite| {
        let removed = twilio.remove_channel_participant(&t.channel, leaving).settled()?;
        Ok((invite, removed))
    });
    let pruned = match conversation.filter(|_| !others.is_empty()) {
        Some(sid) => prune(cx, sid, &|| invites::dead(cx, &others)),
        None => Ok(()),
    };
    let gone = gone.settled()?;
    pruned?;
    let (invite, removed) = gone?;
    let Err(error) = removed else {
        return Ok(answer(&invite, "is sent, and the agent has left.").end());
    };
    cx.warn("agent not taken out", &error);
    Err(Error::refused(
        502,
        "The invite is sent, but the agent is still in the conversation. Try again.",
        vec![
            ("participantInviteSid", json::quoted(&invite.sid)),
            ("invitesTaskSid", json::quoted(invite.task.as_ref().map_or("", Sid::as_str))),
        ],
    ))
}

/// The attributes of the conversation, as far as there is one and the agent is in it.
fn noted(cx: &Context, agent: &Agent, conversation: Option<&Sid>) -> Result<Option<String>> {
    let Some(sid) = conversation else { return Ok(None) };
    Ok(access::conversation(cx, agent, sid).settled()?.ok())
}

fn answer(invite: &Invite, message: &str) -> json::Writer {
    let mut answer = json::object();
    answer
        .flag("success", true)
        .text("message", &["Participant invite ", &invite.sid, " ", message].concat())
        .text("participantInviteSid", &invite.sid)
        .optional_text("invitesTaskSid", invite.task.as_ref().map(Sid::as_str));
    answer
}

/// The address of a worker's telephone, by which some workflows leave them out.
fn contact_uri(cx: &Context, worker: Option<&Sid>) -> Result<Option<String>> {
    let Some(worker) = worker else { return Ok(None) };
    let attributes = cx.twilio().worker_attributes(worker).settled()?.ok();
    Ok(attributes.and_then(|attributes| json::at(&attributes, &["contact_uri"])))
}

/// The invite of an earlier try of the same transfer. One that was declined or is over
/// belongs to an earlier transfer.
fn find_invite(cx: &Context, t: &Transfer<'_>, mark: &str) -> Result<Option<Invite>> {
    for invite in cx.twilio().channel_invites(&t.channel)?.into_iter().rev() {
        let made_by = json::at(&invite.attributes, &[MARK]).unwrap_or_default();
        let is_same = match made_by.strip_prefix(mark) {
            Some("") => true,
            Some(rest) => rest
                .get(1..)
                .and_then(|time| time.parse().ok())
                .is_some_and(|time: u64| time + SAME_TRANSFER > cx.now()),
            None => false,
        };
        let Some(task) = invite.task.as_ref().filter(|_| is_same) else { continue };
        if unless_gone(cx.twilio().task(task))?.is_some_and(|task| task.is_open()) {
            return Ok(Some(invite));
        }
    }
    Ok(None)
}

/// Notes the invite on the conversation; whether that worked.
fn note(
    cx: &Context,
    t: &Transfer<'_>,
    conversation: Option<&Sid>,
    dead: &[Sid],
    invite: &Invite,
) -> Result<bool> {
    let (Some(conversation), Some(task)) = (conversation, invite.task.clone()) else {
        return Ok(false);
    };
    let entry = json::object()
        .text("invitesTaskSid", task.as_str())
        .text("targetSid", t.target.as_str())
        .text("timestampCreated", &date::iso(cx.now()))
        .text("targetName", t.target_name.or(t.queue).unwrap_or_default())
        .text("inviteTargetType", if t.is_to_worker() { "Worker" } else { "Queue" })
        .end();
    let entry = (task, entry);
    let noted = invites::note(cx, conversation, &|| Ok(dead.to_vec()), Some(&entry));
    let mut noted = noted.settled()?;
    if noted.as_ref().is_err_and(|error| error.is_uncertain()) {
        // It may stand there already: then this changes nothing.
        noted = invites::note(cx, conversation, &|| Ok(Vec::new()), Some(&entry)).settled()?;
    }
    if let Err(error) = &noted {
        cx.warn("invite not noted", error);
    }
    Ok(noted.is_ok())
}

/// Drops dead invites from the conversation; a failure leaves them for the next time.
fn prune(cx: &Context, conversation: &Sid, dead: &dyn Fn() -> Result<Vec<Sid>>) -> Result<()> {
    if let Err(error) = invites::note(cx, conversation, dead, None).settled()? {
        cx.warn("dead invites not dropped", &error);
    }
    Ok(())
}

/// `update-attributes`: a plugin writes a conversation's attributes from its copy of them.
///
/// 1. Read them as they are now, and check that the agent is in the conversation.
/// 2. Ask which invites are dead; they go, whoever still knows them.
/// 3. Write the rest: what the plugin sends, and what it does not know. A failure: nothing
///    has changed.
pub fn update_attributes(cx: &Context, call: &FlexCall) -> Result<Response> {
    let conversation = cx.sid(&call.params, "conversationSid", "CH")?;
    let sent = call.params.object("attributes")?;
    invites::take_over(cx, &call.agent, &conversation, sent)?;
    Ok(Response::success())
}
