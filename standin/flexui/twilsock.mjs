// Twilsock, version 3, the server's side: HTTP requests and notifications inside one binary WebSocket.
import { STATUS_CODES } from "node:http";

let serial = 0;

function encode(header, payload = "") {
  const body = Buffer.from(payload, "utf8");
  const head = Buffer.from(
    JSON.stringify({ ...header, payload_size: body.length, ...(body.length > 0 && { payload_type: "application/json" }) }),
    "utf8",
  );
  return Buffer.concat([Buffer.from(`TWILSOCK V3.0 ${head.length}\r\n`), head, Buffer.from("\r\n"), body]);
}

function decode(frame) {
  const line = frame.indexOf("\r\n");
  const length = Number(frame.subarray(0, line).toString().split(" ")[2]);
  const header = JSON.parse(frame.subarray(line + 2, line + 2 + length));
  const from = line + 4 + length;
  const text = frame.subarray(from, from + (header.payload_size ?? 0)).toString("utf8");
  return { header, text };
}

/** A body as its content type says; a form becomes an object too. */
function parseBody(text) {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return Object.fromEntries(new URLSearchParams(text));
  }
}

/**
 * Serves one socket. `identify(token)` answers who the token belongs to, or undefined; `perform({identity, method, host,
 * path, query, body, connection})` answers `{status, body}`.
 */
export function serveTwilsock(socket, { identify, perform, closed }) {
  const send = (header, payload) => {
    // A Buffer makes a binary frame; clients ignore text frames.
    if (socket.readyState === 1) socket.send(encode(header, payload));
  };
  const connection = {
    id: (serial += 1),
    identity: undefined,
    notify: (type, payload) =>
      send({ method: "notification", id: `NT${(serial += 1)}`, message_type: type }, JSON.stringify(payload)),
  };

  const ok = { code: 200, status: "OK" };
  const initialized = (header) => ({
    method: "reply",
    id: header.id,
    status: ok,
    continuation_token: `connection-${connection.id}`,
    continuation_token_status: { reissued: true, reissue_message: "" },
    capabilities: ["client_update"],
    offline_storage: { storage_id: String(connection.id) },
    init_registrations: (header.registrations ?? []).map(({ product, type, message_types: types }) => ({
      product,
      type,
      notification_ctx_sid: `NC${connection.id}`,
      message_types: types,
    })),
    debug_info: {},
  });

  async function tunnel(header, text) {
    const { method, host, path, params } = header.http_request;
    const url = new URL(path, `https://${host}`);
    for (const [name, value] of Object.entries(params ?? {})) url.searchParams.set(name, value);
    const answer = await perform({
      identity: connection.identity,
      method,
      host,
      path: url.pathname,
      query: url.searchParams,
      body: parseBody(text),
      connection,
    });
    send(
      {
        method: "reply",
        id: header.id,
        status: ok,
        http_status: { code: answer.status, status: STATUS_CODES[answer.status] },
        http_headers: { "content-type": "application/json" },
      },
      JSON.stringify(answer.body ?? {}),
    );
  }

  socket.on("close", () => closed(connection));
  socket.on("message", (data) => {
    const { header, text } = decode(Buffer.from(data));
    if (header.token) connection.identity = identify(header.token);
    if (header.method === "init" && connection.identity === undefined)
      send({ method: "reply", id: header.id, status: { code: 401, status: "UNAUTHORIZED", description: "Invalid token" } });
    else if (header.method === "init") send(initialized(header));
    else if (header.method === "message") void tunnel(header, text);
    else if (header.method !== "reply" && header.id) send({ method: "reply", id: header.id, status: ok });
  });
  return connection;
}
