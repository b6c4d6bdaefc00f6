//! Every endpoint: the paths it answers at, who may call it, what runs.

use crate::Context;
use crate::auth::{FlexCall, flex, webhook};
use crate::error::{Error, Result};
use crate::features::{
    calls, conference, conversation_transfer, dial, health, internal_call, internal_chat, workspace,
};
use crate::runtime::{Request, Response};
use crate::twilio::Later;

/// What an endpoint does that Flex plugins call. A pointer, so that the token check and the
/// waiting exist once: it keeps the Worker small.
type ForFlex = for<'a> fn(&'a Context<'a>, FlexCall) -> Later<'a, Response>;

/// Finds the endpoint and runs it.
pub async fn route(cx: &Context<'_>, req: &Request) -> Result<Response> {
    let handler: ForFlex = match req.path() {
        // Twilio calls these: signed form in, TwiML or nothing out.
        "/features/internal-call/common/agent-outbound-join"
        | "/voice/agent-outbound-join"
        | "/internal-call/agent-outbound-join" => {
            return internal_call::caller_leg(cx, req, webhook(cx, req)?);
        }
        "/features/internal-call/common/agent-join-conference"
        | "/voice/agent-join-conference"
        | "/internal-call/agent-join-conference" => {
            return internal_call::callee_leg(cx, req, webhook(cx, req)?);
        }
        "/features/internal-call/common/call-outbound-join"
        | "/voice/call-outbound-join"
        | "/internal-call/call-outbound-join" => {
            let event = webhook(cx, req)?;
            return Box::pin(internal_call::conference_event(cx, event)).await;
        }

        // Flex plugins call these: Flex token in, JSON out.
        "/features/internal-call/flex/cleanup-rejected-task"
        | "/voice/cleanup-rejected-task"
        | "/internal-call/cleanup-rejected-task" => {
            |cx, call| Box::pin(internal_call::cleanup(cx, call))
        }
        "/common/flex/programmable-voice/hold-participant"
        | "/voice/hold-participant"
        | "/internal-call/hold-call"
        | "/external-transfer/hold-conference-participant" => conference::hold,
        "/common/flex/programmable-voice/add-participant"
        | "/external-transfer/add-conference-participant" => {
            |cx, call| Box::pin(conference::add(cx, call))
        }
        "/common/flex/programmable-voice/mute-participant" => conference::mute,
        "/common/flex/programmable-voice/update-participant"
        | "/external-transfer/update-conference-participant" => conference::update,
        "/common/flex/programmable-voice/remove-participant"
        | "/external-transfer/remove-conference-participant" => conference::remove,
        "/common/flex/programmable-voice/get-call-properties"
        | "/external-transfer/get-call-properties" => {
            |cx, call| Box::pin(calls::properties(cx, call))
        }
        "/common/flex/programmable-voice/cold-transfer" => {
            |cx, call| Box::pin(calls::cold_transfer(cx, call))
        }
        "/common/flex/phone-numbers/validate-phone-number" => {
            |cx, call| Box::pin(calls::validate_number(cx, call))
        }
        "/common/flex/phone-numbers/list-phone-numbers" => calls::list_numbers,
        "/common/flex/taskrouter/get-queues" | "/taskrouter/get-queues" => workspace::queues,
        "/common/flex/taskrouter/get-worker-channels" | "/taskrouter/get-worker-channels" => {
            workspace::channels
        }
        "/common/flex/taskrouter/update-worker-channel" | "/taskrouter/update-worker-channel" => {
            workspace::update_channel
        }
        "/common/flex/taskrouter/update-task-attributes" | "/taskrouter/update-task-attributes" => {
            |cx, call| Box::pin(workspace::update_task(cx, call))
        }
        "/common/flex/taskrouter/update-task-assignment-status"
        | "/taskrouter/update-task-assignment-status" => {
            |cx, call| Box::pin(workspace::update_status(cx, call))
        }
        "/common/flex/taskrouter/update-worker-attributes" => workspace::update_worker,

        "/dial" => |cx, call| Box::pin(dial::dial(cx, call)),
        "/resolve-dial" => |cx, call| Box::pin(dial::resolve(cx, call)),

        "/internal-chat/list-pins" => |cx, call| Box::pin(internal_chat::list_pins(cx, call)),
        "/internal-chat/pin" => |cx, call| Box::pin(internal_chat::pin(cx, call)),
        "/internal-chat/unpin" => |cx, call| Box::pin(internal_chat::unpin(cx, call)),
        "/internal-chat/list-agents" => |cx, call| Box::pin(internal_chat::list_agents(cx, call)),
        "/internal-chat/open" => |cx, call| Box::pin(internal_chat::open(cx, call)),

        "/transferConversation" => |cx, call| Box::pin(conversation_transfer::transfer(cx, call)),
        "/features/conversation-transfer/flex/invite-participant"
        | "/conversation-transfer/invite-participant" => {
            |cx, call| Box::pin(conversation_transfer::invite(cx, call))
        }
        "/features/conversation-transfer/flex/remove-participant"
        | "/conversation-transfer/remove-participant" => {
            |cx, call| Box::pin(conversation_transfer::leave(cx, call))
        }
        "/common/flex/conversations/update-attributes"
        | "/conversation-transfer/update-attributes" => {
            |cx, call| Box::pin(conversation_transfer::update_attributes(cx, call))
        }

        // Operators call these: no proof, no secrets out.
        "/health" => return health::report(cx, req),

        _ => return Err(Error::NotFound.into()),
    };
    // Boxed, as all that waits is: V8 compiles a function when it is first called, and a
    // webhook should not have to wait for what it does not need.
    let call = Box::pin(flex(cx, req)).await?;
    handler(cx, call).await
}
