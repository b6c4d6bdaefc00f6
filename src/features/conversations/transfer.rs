//! A conversation goes to another agent or to a queue: a new task is made for it by an
//! invite to the interaction's channel. A cold transfer then takes the agent out, a warm one
//! leaves them in and notes the invite on the conversation.

use serde::Deserialize;

use super::asked::{Invited, Target, Transfer};
use super::handover;
use crate::base::answer::Done;
use crate::base::attributes::{MAX_TASK, check_size};
use crate::base::config::Feature;
use crate::base::context::Context;
use crate::base::error::Result;
use crate::base::members::view;
use crate::base::params::JsonObject;
use crate::base::sid::{ChannelSid, ConversationSid, InteractionSid, ParticipantSid, TaskSid};
use crate::flex::agent::Agent;
use crate::flex::attributes::ChatTask;
use crate::twilio::interactions::Channel;

/// What `transferConversation` takes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandOver {
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    interaction_details: InteractionDetails,
    transfer_details: TransferDetails,
    transferring_task_attributes: JsonObject,
    task_router_channel: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InteractionDetails {
    flex_interaction_sid: InteractionSid,
    flex_interaction_channel_sid: ChannelSid,
    flex_interaction_participant_sid: ParticipantSid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferDetails {
    transfer_target_sid: Target,
    transfer_queue_name: Option<String>,
}

/// What `invite-participant` takes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteParticipant {
    task_sid: TaskSid,
    conversation_id: Option<String>,
    conversation_sid: Option<ConversationSid>,
    json_attributes: JsonObject,
    transfer_target_sid: Target,
    transfer_queue_name: Option<String>,
    transfer_worker_name: Option<String>,
    workers_to_ignore: Option<JsonObject>,
    flex_interaction_sid: InteractionSid,
    flex_interaction_channel_sid: ChannelSid,
    remove_flex_interaction_participant_sid: Option<ParticipantSid>,
    task_channel_unique_name: Option<String>,
}

/// The conversation that the attributes of its task name.
fn conversation_in(attributes: &JsonObject) -> Option<ConversationSid> {
    view::<ChatTask>(attributes.as_str()).conversation_sid
}

/// `transferConversation`: the agent hands the conversation over and leaves it.
pub async fn transfer(cx: &Context, agent: &Agent, ask: HandOver) -> Result<Done<Invited>> {
    let Payload { interaction_details, transfer_details, .. } = ask.payload;
    let transfer = Transfer {
        channel: Channel {
            interaction: interaction_details.flex_interaction_sid,
            sid: interaction_details.flex_interaction_channel_sid,
        },
        target: transfer_details.transfer_target_sid,
        queue: transfer_details.transfer_queue_name,
        target_name: None,
        leaving: Some(interaction_details.flex_interaction_participant_sid),
        task: None,
        task_channel: Some(ask.payload.task_router_channel),
        conversation: conversation_in(&ask.payload.transferring_task_attributes),
        conversation_id: None,
        attributes: ask.payload.transferring_task_attributes,
        attributes_field: "transferringTaskAttributes",
        ignore: JsonObject::default(),
    };
    hand_over(cx, agent, &transfer).await
}

/// `invite-participant`: the agent hands the conversation over, or has somebody join it.
pub async fn invite(cx: &Context, agent: &Agent, ask: InviteParticipant) -> Result<Done<Invited>> {
    let transfer = Transfer {
        channel: Channel {
            interaction: ask.flex_interaction_sid,
            sid: ask.flex_interaction_channel_sid,
        },
        target: ask.transfer_target_sid,
        queue: ask.transfer_queue_name,
        target_name: ask.transfer_worker_name,
        leaving: ask.remove_flex_interaction_participant_sid,
        task: Some(ask.task_sid),
        task_channel: ask.task_channel_unique_name,
        conversation: ask.conversation_sid.or_else(|| conversation_in(&ask.json_attributes)),
        conversation_id: ask.conversation_id,
        attributes: ask.json_attributes,
        attributes_field: "jsonAttributes",
        ignore: ask.workers_to_ignore.unwrap_or_default(),
    };
    hand_over(cx, agent, &transfer).await
}

/// One transfer is one invite: who asks for the same again gets the first one's answer.
async fn hand_over(cx: &Context, agent: &Agent, t: &Transfer) -> Result<Done<Invited>> {
    cx.config().require(Feature::ConversationTransfer)?;
    check_size(t.attributes_field, t.attributes.as_str(), MAX_TASK)?;
    check_size("workersToIgnore", t.ignore.as_str(), MAX_TASK)?;
    let answer = match &t.leaving {
        Some(leaving) => handover::cold(cx, agent, t, leaving).await,
        None => handover::warm(cx, agent, t).await,
    };
    answer.map(Done::with)
}
