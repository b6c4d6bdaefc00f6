//! What the next task of a conversation is told of what the last one knew.

use crate::base::attributes::Writer;
use crate::base::members::Members;

/// What was one task's only: which invite and which transfer made it, and whom it was not to be
/// offered to.
const OF_ONE_TASK: [&str; 7] = [
    "flexChannelInviteSid",
    "ignoreWorkerContactUri",
    "transferId",
    "transferQueueName",
    "transferTargetSid",
    "transferTargetType",
    "workerSidsInConversation",
];

/// What the next task inherits of these attributes: what is kept, but nothing that was one task's
/// only.
pub fn inherited(own: &Members<'_>, is_kept: impl Fn(&str) -> bool) -> Writer {
    let mut all = Writer::default();
    let is_inherited = |name: &str| !OF_ONE_TASK.contains(&name) && is_kept(name);
    for member in own.iter().filter(|member| is_inherited(&member.name)) {
        // Flex accepts an outbound task by itself.
        let is_outbound = member.name == "direction" && member.value == "\"outbound\"";
        all.member(member.written, if is_outbound { "\"inbound\"" } else { member.value });
    }
    all
}
