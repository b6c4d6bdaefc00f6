//! Every endpoint: the paths it answers at, who may call it, what runs.

use crate::Context;
use crate::auth::{FlexCall, flex, webhook};
use crate::error::{Error, Result};
use crate::features::{
    calls, conference, conversation_transfer, dial, health, internal_call, internal_chat, workspace,
};
use crate::runtime::{Request, Response};

/// What an endpoint does that Flex plugins call. A pointer, so that the token check and the
/// waiting exist once: it keeps the Worker small.
pub type ForFlex = fn(&Context, &FlexCall) -> Result<Response>;

/// Finds the endpoint and runs it.
pub fn route(cx: &Context, req: &Request) -> Result<Response> {
    // The token is checked: this is a later run.
    if let Some((handler, call)) = cx.call.get() {
        return handler(cx, call);
    }
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
            return internal_call::conference_event(cx, event);
        }

        // Flex plugins call these: Flex token in, JSON out.
        "/features/internal-call/flex/cleanup-rejected-task"
        | "/voice/cleanup-rejected-task"
        | "/internal-call/cleanup-rejected-task" => internal_call::cleanup,
        "/common/flex/programmable-voice/hold-participant"
        | "/voice/hold-participant"
        | "/internal-call/hold-call"
        | "/external-transfer/hold-conference-participant" => conference::hold,
        "/common/flex/programmable-voice/add-participant"
        | "/external-transfer/add-conference-participant" => conference::add,
        "/common/flex/programmable-voice/mute-participant" => conference::mute,
        "/common/flex/programmable-voice/update-participant"
        | "/external-transfer/update-conference-participant" => conference::update,
        "/common/flex/programmable-voice/remove-participant"
        | "/external-transfer/remove-conference-participant" => conference::remove,
        "/common/flex/programmable-voice/get-call-properties"
        | "/external-transfer/get-call-properties" => calls::properties,
        "/common/flex/programmable-voice/cold-transfer" => calls::cold_transfer,
        "/common/flex/phone-numbers/validate-phone-number" => calls::validate_number,
        "/common/flex/phone-numbers/list-phone-numbers" => calls::list_numbers,
        "/common/flex/taskrouter/get-queues" | "/taskrouter/get-queues" => workspace::queues,
        "/common/flex/taskrouter/get-worker-channels" | "/taskrouter/get-worker-channels" => {
            workspace::channels
        }
        "/common/flex/taskrouter/update-worker-channel" | "/taskrouter/update-worker-channel" => {
            workspace::update_channel
        }
        "/common/flex/taskrouter/update-task-attributes" | "/taskrouter/update-task-attributes" => {
            workspace::update_task
        }
        "/common/flex/taskrouter/update-task-assignment-status"
        | "/taskrouter/update-task-assignment-status" => workspace::update_status,
        "/common/flex/taskrouter/update-worker-attributes" => workspace::update_worker,

        "/dial" => dial::dial,
        "/resolve-dial" => dial::resolve,

        "/internal-chat/list-pins" => internal_chat::list_pins,
        "/internal-chat/pin" => internal_chat::pin,
        "/internal-chat/unpin" => internal_chat::unpin,
        "/internal-chat/list-agents" => internal_chat::list_agents,
        "/internal-chat/open" => internal_chat::open,

        "/transferConversation" => conversation_transfer::transfer,
        "/features/conversation-transfer/flex/invite-participant"
        | "/conversation-transfer/invite-participant" => conversation_transfer::invite,
        "/features/conversation-transfer/flex/remove-participant"
        | "/conversation-transfer/remove-participant" => conversation_transfer::leave,
        "/common/flex/conversations/update-attributes"
        | "/conversation-transfer/update-attributes" => conversation_transfer::update_attributes,

        // Operators call these: no proof, no secrets out.
        "/health" => return health::report(cx, req),

        _ => return Err(Error::NotFound.into()),
    };
    let call = flex(cx, req)?;
    cx.forget(); // the check is noted in `cx.call`
    let (handler, call) = cx.call.get_or_init(|| (handler, call));
    handler(cx, call)
}
