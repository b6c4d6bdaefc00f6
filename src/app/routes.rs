//! Every endpoint: the paths it answers at, who may call it, what runs. One row adds one.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use super::health;
use crate::base::answer::IntoResponse as _;
use crate::base::context::Context;
use crate::base::error::{Error, Result};
use crate::base::http::{Request, Response};
use crate::base::params::Params;
use crate::base::runtime::Limit;
use crate::features::conversations::{attributes, leave, transfer};
use crate::features::voice::{calls, conference, internal_call, phone_numbers};
use crate::features::{
    dial, events, inbound, internal_chat, native_call, parked, webchat, workspace,
};
use crate::flex::agent::Agent;
use crate::flex::caller::{self, Wants, Webhook};
use crate::flex::visitor::{self, Visitor};

/// An endpoint.
pub struct Route {
    /// Where it answers.
    pub paths: &'static [&'static str],
    /// Who calls it, and what runs.
    pub run: Run,
    /// Its clients print a failure's `error` and not its `message`.
    pub clients_print_error: bool,
}

/// Who calls an endpoint, and what runs.
pub enum Run {
    /// Twilio, by its signature.
    Webhook(Wants, OfWebhook),
    /// An agent, by a Flex token.
    Agent(OfAgent),
    /// A visitor of the customer's web site, by the page's origin, and only so often.
    Visitor(Limit, OfVisitor),
    /// Anybody: no proof, no secrets out.
    Anybody(OfAnybody),
}

type OfWebhook = for<'a> fn(&'a Context, Webhook<'a>, Params<'a>) -> Answer<'a>;
type OfAgent = for<'a> fn(&'a Context, Rc<Agent>, Params<'a>) -> Answer<'a>;
type OfVisitor = for<'a> fn(&'a Context, Visitor, Params<'a>) -> Answer<'a>;
type OfAnybody = for<'a> fn(&'a Context, &'a Request) -> Answer<'a>;
type Answer<'a> = LocalBoxFuture<'a, Result<Response>>;

/// A handler for Twilio: `async fn(&Context, &Webhook, Input) -> Result<impl IntoResponse>`.
macro_rules! webhook {
    ($wants:expr, $handler:path) => {
        Run::Webhook($wants, |cx, webhook, params| {
            Box::pin(
                async move { Ok($handler(cx, &webhook, params.read()?).await?.into_response()) },
            )
        })
    };
}

/// A handler for agents: `async fn(&Context, &Agent, Input) -> Result<impl IntoResponse>`.
macro_rules! agent {
    ($handler:path) => {
        Run::Agent(|cx, agent, params| {
            Box::pin(async move { Ok($handler(cx, &agent, params.read()?).await?.into_response()) })
        })
    };
}

/// A handler for visitors: `async fn(&Context, &Visitor, Input) -> Result<impl IntoResponse>`.
macro_rules! visitor {
    ($limit:expr, $handler:path) => {
        Run::Visitor($limit, |cx, visitor, params| {
            Box::pin(
                async move { Ok($handler(cx, &visitor, params.read()?).await?.into_response()) },
            )
        })
    };
}

/// A handler for anybody: `async fn(&Context, &Request) -> Result<Response>`.
macro_rules! anybody {
    ($handler:path) => {
        Run::Anybody(|cx, request| Box::pin($handler(cx, request)))
    };
}

const fn route(paths: &'static [&'static str], run: Run) -> Route {
    Route { paths, run, clients_print_error: false }
}

/// The endpoint that answers at a path.
#[must_use]
pub fn find(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.paths.contains(&path))
}

/// Finds the endpoint, checks who is calling, and runs it.
pub async fn run(cx: &Context, request: &Request) -> Result<Response> {
    match find(request.path()).ok_or(Error::NotFound)?.run {
        Run::Webhook(wants, run) => {
            let (webhook, params) = Webhook::check(cx, request, wants)?;
            params.sids().for_each(|sid| cx.note(sid));
            run(cx, webhook, params).await
        }
        Run::Agent(run) => {
            let (agent, params) = caller::agent(cx, request).await?;
            params.sids().for_each(|sid| cx.note(sid));
            run(cx, agent, params).await
        }
        Run::Visitor(limit, run) => {
            let (visitor, params) = Visitor::check(cx, request, limit).await?;
            run(cx, visitor, params).await.map_err(|error| visitor::told(cx, error))
        }
        Run::Anybody(run) => run(cx, request).await,
    }
}

/// Every endpoint.
pub const ROUTES: &[Route] = &[
    // Twilio calls these: signed form in, TwiML or JSON out.
    route(
        &[
            "/features/internal-call/common/agent-outbound-join",
            "/voice/agent-outbound-join",
            "/internal-call/agent-outbound-join",
        ],
        webhook!(Wants::Twiml, internal_call::caller_leg),
    ),
    route(
        &[
            "/features/internal-call/common/agent-join-conference",
            "/voice/agent-join-conference",
            "/internal-call/agent-join-conference",
        ],
        webhook!(Wants::Twiml, internal_call::callee_leg),
    ),
    route(
        &[
            "/features/internal-call/common/call-outbound-join",
            "/voice/call-outbound-join",
            "/internal-call/call-outbound-join",
        ],
        webhook!(Wants::ToTell, internal_call::conference_event),
    ),
    route(&["/voice/internal-call"], webhook!(Wants::TwimlForCall, native_call::arrive)),
    route(&["/voice/internal-call/ring"], webhook!(Wants::Twiml, native_call::ring)),
    route(&["/voice/internal-call/left"], webhook!(Wants::Twiml, native_call::left)),
    route(&["/conversations/inbound"], webhook!(Wants::ToTell, inbound::inbound)),
    route(&["/taskrouter/events"], webhook!(Wants::ToTell, events::event)),
    route(
        &["/features/park-interaction/common/unpark-interaction"],
        webhook!(Wants::ToTell, parked::by_message),
    ),
    // Flex plugins call these: Flex token in, JSON out.
    route(
        &[
            "/features/internal-call/flex/cleanup-rejected-task",
            "/voice/cleanup-rejected-task",
            "/internal-call/cleanup-rejected-task",
        ],
        agent!(internal_call::cleanup),
    ),
    route(
        &[
            "/common/flex/programmable-voice/hold-participant",
            "/voice/hold-participant",
            "/internal-call/hold-call",
            "/external-transfer/hold-conference-participant",
            "/common/flex/programmable-voice/hold-conference-participant",
        ],
        agent!(conference::hold),
    ),
    route(
        &[
            "/common/flex/programmable-voice/add-participant",
            "/external-transfer/add-conference-participant",
        ],
        agent!(conference::add),
    ),
    route(&["/common/flex/programmable-voice/mute-participant"], agent!(conference::mute)),
    route(
        &[
            "/common/flex/programmable-voice/update-participant",
            "/external-transfer/update-conference-participant",
        ],
        agent!(conference::update),
    ),
    route(
        &[
            "/common/flex/programmable-voice/remove-participant",
            "/external-transfer/remove-conference-participant",
        ],
        agent!(conference::remove),
    ),
    route(
        &[
            "/common/flex/programmable-voice/get-call-properties",
            "/external-transfer/get-call-properties",
        ],
        agent!(calls::properties),
    ),
    route(&["/common/flex/programmable-voice/cold-transfer"], agent!(calls::cold_transfer)),
    route(&["/common/flex/phone-numbers/validate-phone-number"], agent!(phone_numbers::validate)),
    route(&["/common/flex/phone-numbers/list-phone-numbers"], agent!(phone_numbers::list)),
    route(
        &["/common/flex/taskrouter/get-queues", "/taskrouter/get-queues"],
        agent!(workspace::queues),
    ),
    route(
        &["/common/flex/taskrouter/get-worker-channels", "/taskrouter/get-worker-channels"],
        agent!(workspace::channels),
    ),
    route(
        &["/common/flex/taskrouter/update-worker-channel", "/taskrouter/update-worker-channel"],
        agent!(workspace::update_channel),
    ),
    route(
        &["/common/flex/taskrouter/update-task-attributes", "/taskrouter/update-task-attributes"],
        agent!(workspace::update_task),
    ),
    route(
        &[
            "/common/flex/taskrouter/update-task-assignment-status",
            "/taskrouter/update-task-assignment-status",
        ],
        agent!(workspace::update_status),
    ),
    route(&["/common/flex/taskrouter/update-worker-attributes"], agent!(workspace::update_worker)),
    route(&["/features/park-interaction/flex/park-interaction"], agent!(parked::park)),
    route(&["/features/park-interaction/flex/unpark-interaction"], agent!(parked::by_agent)),
    route(&["/parked/list"], agent!(parked::list)),
    route(&["/internal-call/start"], agent!(native_call::start)),
    route(&["/dial"], agent!(dial::dial)),
    route(&["/resolve-dial"], agent!(dial::resolve)),
    Route {
        paths: &["/transferConversation"],
        run: agent!(transfer::transfer),
        clients_print_error: true,
    },
    route(
        &[
            "/features/conversation-transfer/flex/invite-participant",
            "/conversation-transfer/invite-participant",
        ],
        agent!(transfer::invite),
    ),
    route(
        &[
            "/features/conversation-transfer/flex/remove-participant",
            "/conversation-transfer/remove-participant",
        ],
        agent!(leave::leave),
    ),
    route(
        &[
            "/common/flex/conversations/update-attributes",
            "/conversation-transfer/update-attributes",
        ],
        agent!(attributes::update),
    ),
    route(&["/internal-chat/list-pins"], agent!(internal_chat::list_pins)),
    route(&["/internal-chat/pin"], agent!(internal_chat::pin)),
    route(&["/internal-chat/unpin"], agent!(internal_chat::unpin)),
    route(&["/internal-chat/list-agents"], agent!(internal_chat::list_agents)),
    route(&["/internal-chat/open"], agent!(internal_chat::open)),
    // The customer's web site calls these: JSON in and out.
    route(&["/initWebchat"], visitor!(Limit::WebchatStarts, webchat::start)),
    route(&["/refreshToken"], visitor!(Limit::WebchatRefreshes, webchat::refresh)),
    route(&["/health"], anybody!(health::report)),
];
