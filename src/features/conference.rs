//! Hold and other changes to a voice conference.

use crate::Context;
use crate::access;
use crate::auth::FlexCall;
use crate::error::Result;
use crate::json;
use crate::runtime::Response;
use crate::twilio::camel_case;

/// `hold-participant`: a participant is put on hold or taken off it.
///
/// 1. The conference is found and the agent's part in it checked. The plugins of a called
///    agent may send the conference's name, the caller's task SID.
/// 2. Twilio holds the participant; a failure is the agent's to see.
pub async fn hold(cx: &Context<'_>, call: FlexCall) -> Result<Response> {
    let name = call.params.text("conference")?;
    let participant = cx.sid(&call.params, "participant", "CA")?;
    let hold = call.params.flag("hold")?;
    let hold_url = call.params.optional_text("holdUrl")?.filter(|_| hold);
    let conference = access::conference(cx, &call.agent, "conference", &name).await?;
    let mut fields = vec![("Hold", if hold { "true" } else { "false" })];
    if let Some(url) = &hold_url {
        fields.push(("HoldUrl", url));
    }
    let participant = cx.twilio().update_participant(conference, participant, &fields).await?.body;
    let body = json::object()
        .flag("success", true)
        .optional_text("callSid", json::at(&participant, &["call_sid"]).as_deref())
        .raw("participantsResponse", &camel_case(&participant));
    Ok(Response::json(200, body.end()))
}
