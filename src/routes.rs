//! Every endpoint: the paths it answers at, who may call it, what runs.

use crate::Context;
use crate::auth::{flex, webhook};
use crate::error::{Error, Result};
use crate::features::{calls, conference, health, internal_call, workspace};
use crate::runtime::{Request, Response};

/// Finds the endpoint and runs it.
pub async fn route(cx: &Context<'_>, req: &Request) -> Result<Response> {
    match req.path() {
        // Twilio calls these: signed form in, TwiML or nothing out.
        "/features/internal-call/common/agent-outbound-join"
        | "/voice/agent-outbound-join"
        | "/internal-call/agent-outbound-join" => {
            internal_call::caller_leg(cx, req, webhook(cx, req)?)
        }
        "/features/internal-call/common/agent-join-conference"
        | "/voice/agent-join-conference"
        | "/internal-call/agent-join-conference" => {
            internal_call::callee_leg(cx, req, webhook(cx, req)?)
        }
        "/features/internal-call/common/call-outbound-join"
        | "/voice/call-outbound-join"
        | "/internal-call/call-outbound-join" => {
            internal_call::conference_event(cx, webhook(cx, req)?).await
        }

        // Flex plugins call these: Flex token in, JSON out.
        "/features/internal-call/flex/cleanup-rejected-task"
        | "/voice/cleanup-rejected-task"
        | "/internal-call/cleanup-rejected-task" => {
            internal_call::cleanup(cx, flex(cx, req).await?).await
        }
        "/common/flex/programmable-voice/hold-participant"
        | "/voice/hold-participant"
        | "/internal-call/hold-call"
        | "/external-transfer/hold-conference-participant" => {
            conference::hold(cx, flex(cx, req).await?).await
        }

        "/common/flex/programmable-voice/add-participant"
        | "/external-transfer/add-conference-participant" => {
            conference::add(cx, flex(cx, req).await?).await
        }
        "/common/flex/programmable-voice/mute-participant" => {
            conference::mute(cx, flex(cx, req).await?).await
        }
        "/common/flex/programmable-voice/update-participant"
        | "/external-transfer/update-conference-participant" => {
            conference::update(cx, flex(cx, req).await?).await
        }
        "/common/flex/programmable-voice/remove-participant"
        | "/external-transfer/remove-conference-participant" => {
            conference::remove(cx, flex(cx, req).await?).await
        }
        "/common/flex/programmable-voice/get-call-properties"
        | "/external-transfer/get-call-properties" => {
            calls::properties(cx, flex(cx, req).await?).await
        }
        "/common/flex/programmable-voice/cold-transfer" => {
            calls::cold_transfer(cx, flex(cx, req).await?).await
        }
        "/common/flex/phone-numbers/validate-phone-number" => {
            calls::validate_number(cx, flex(cx, req).await?).await
        }
        "/common/flex/phone-numbers/list-phone-numbers" => {
            calls::list_numbers(cx, flex(cx, req).await?).await
        }
        "/common/flex/taskrouter/get-queues" | "/taskrouter/get-queues" => {
            flex(cx, req).await?;
            workspace::queues(cx).await
        }
        "/common/flex/taskrouter/get-worker-channels" | "/taskrouter/get-worker-channels" => {
            workspace::channels(cx, flex(cx, req).await?).await
        }
        "/common/flex/taskrouter/update-worker-channel" | "/taskrouter/update-worker-channel" => {
            workspace::update_channel(cx, flex(cx, req).await?).await
        }
        "/common/flex/taskrouter/update-task-attributes" | "/taskrouter/update-task-attributes" => {
            workspace::update_task(cx, flex(cx, req).await?).await
        }
        "/common/flex/taskrouter/update-task-assignment-status"
        | "/taskrouter/update-task-assignment-status" => {
            workspace::update_status(cx, flex(cx, req).await?).await
        }
        "/common/flex/taskrouter/update-worker-attributes" => {
            workspace::update_worker(cx, flex(cx, req).await?).await
        }

        // Operators call these: no proof, no secrets out.
        "/health" => health::report(cx, req),

        _ => Err(Error::NotFound.into()),
    }
}
