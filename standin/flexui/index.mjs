// The wire of Flex UI: what a browser with Flex in it asks of Twilio, answered from the state of the local Twilio.
import { TOKENS } from "../accounts.mjs";
import { Refusal } from "../shape.mjs";
import { createChannels } from "./channels.mjs";
import { createConversationsClient } from "./conversations.mjs";
import { createEventBridge } from "./event-bridge.mjs";
import { createSession } from "./session.mjs";
import { createShapes } from "./shapes.mjs";
import { createSync } from "./sync.mjs";
import { createTelephones } from "./device.mjs";
import { serveTwilsock } from "./twilsock.mjs";
import { createFlexVoice } from "./voice.mjs";

// Calls and conversations change without saying so; this often somebody looks.
const LOOK_MS = 25;

/**
 * `options`: what `createSession` takes. `sockets` is a `ws` server without a port. `request` and `upgrade` take what a page
 * sends to `/<host>.twilio.com/…`; whatever nothing here answers is in `unanswered`.
 */
export function createFlexUi(twilio, sockets, options = {}) {
  const { workspace } = twilio;
  const unanswered = [];
  const sync = createSync();
  const shapes = createShapes(twilio);
  const voice = createFlexVoice(twilio, shapes);
  const channels = createChannels(twilio, voice);
  const bridge = createEventBridge(twilio, { shapes, voice, channels });
  const conversations = createConversationsClient(twilio, sync);
  const session = createSession(twilio, options);

  sync.index("tr-worker", () =>
    Object.fromEntries(
      [...workspace.workers.values()].map((worker) => [
        worker.sid,
        {
          worker_sid: worker.sid,
          friendly_name: worker.friendlyName,
          activity_name: worker.activity.friendlyName,
          worker_activity_sid: worker.activity.sid,
          date_activity_changed: new Date(worker.statusChanged).toISOString(),
          attributes: workspace.attributesOf(worker),
        },
      ]),
    ),
  );
  sync.index("tr-queue", () =>
    Object.fromEntries([...workspace.queues.values()].map(({ sid, friendlyName }) => [sid, { queue_sid: sid, queue_name: friendlyName }])),
  );
  sync.index("tr-task", () => ({}));
  sync.index("tr-reservation", () => ({}));

  let due = null;
  function look() {
    due = null;
    bridge.look();
    sync.look();
  }
  twilio.changed = () => (due ??= setImmediate(look));
  const timer = setInterval(look, LOOK_MS).unref();

  /** Whose token it is, as the local IAM says; undefined for none. */
  function identify(token) {
    const said = token ? twilio.services["iam/v1"].ValidateFlexToken({ AccountSid: twilio.accountSid, token }) : null;
    if (!said?.valid) return undefined;
    return { identity: said.identity, roles: said.roles, workerSid: said.worker_sid, userSid: TOKENS[token]?.realm_user_id ?? said.realm_user_id };
  }

  const telephones = createTelephones(twilio, identify);
  twilio.telephone = telephones.ring;

  function miss(what) {
    unanswered.push(what);
    return { status: 404, body: { status: 404, code: 20404, message: "The requested resource was not found" } };
  }

  function tokenOf(request, url, body) {
    const { authorization = "" } = request.headers;
    if (authorization.startsWith("Basic "))
      return Buffer.from(authorization.slice(6), "base64").toString("utf8").split(":").slice(1).join(":");
    return request.headers["x-flex-jwe"] ?? url.searchParams.get("token") ?? body.token ?? body.Token;
  }

  function bridged(body, who) {
    if (!who) return { status: 403, body: { status: 403, code: 20403, message: "Forbidden" } };
    try {
      const payload = bridge.perform(body, who);
      if (payload === undefined) return miss(`event bridge ${body.method} ${body.url}`);
      return { status: 200, body: { payload } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: error.body };
    }
  }

  function answer(request, host, url, text) {
    let body = {};
    try {
      body = JSON.parse(text || "{}");
    } catch {
      body = Object.fromEntries(new URLSearchParams(text));
    }
    const who = identify(tokenOf(request, url, body));
    if (host.startsWith("event-bridge") && url.pathname === "/v1/wschannels" && request.method === "POST") {
      const told = bridged(body, who);
      return { status: told.status, body: JSON.stringify(told.body), type: "application/json" };
    }
    const known = session({ method: request.method, host, path: url.pathname + url.search }, who);
    if (known) return known;
    const lost = miss(`${request.method} https://${host}${url.pathname}`);
    return { status: lost.status, body: JSON.stringify(lost.body), type: "application/json" };
  }

  /** Answers a page's HTTP request; `host` and `path` are Twilio's. */
  function request(incoming, response, { host, path, text }) {
    const { status, body, type } = answer(incoming, host, new URL(path, `https://${host}`), text);
    response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body), "Cache-Control": "no-store" });
    response.end(body);
  }

  const upstream = (asked) => {
    if (asked.identity === undefined) return { status: 401, body: { status: 401, code: 20003, message: "Authenticate" } };
    const part = asked.host.startsWith("aim.") ? conversations : asked.host.startsWith("cds.") ? sync : null;
    if (/flex-sdk/.test(asked.host)) return { status: 200, body: {} };
    const told = part?.perform(asked);
    return told ?? miss(`twilsock ${asked.method} https://${asked.host}${asked.path}`);
  };

  /** Takes a page's WebSocket. */
  function upgrade(incoming, socket, head, { host, path }) {
    const url = new URL(path, `wss://${host}`);
    sockets.handleUpgrade(incoming, socket, head, (opened) => {
      if (host.startsWith("event-bridge")) {
        const who = identify(url.searchParams.get("token"));
        if (who) bridge.connect(opened, who);
        else opened.close(4401, "Unauthorized");
      } else if (host.startsWith("voice-js.")) {
        telephones.connect(opened);
      } else if (host.startsWith("tsock.")) {
        serveTwilsock(opened, {
          identify: (token) => identify(token)?.identity,
          perform: upstream,
          closed: (connection) => {
            sync.drop(connection);
            conversations.drop(connection);
          },
        });
      } else {
        miss(`WebSocket ${host}${url.pathname}`);
        opened.close(1011);
      }
    });
  }

  return {
    request,
    upgrade,
    look,
    unanswered,
    voice,
    reset() {
      sync.reset();
      bridge.reset();
      unanswered.length = 0;
    },
    close: () => clearInterval(timer),
  };
}
