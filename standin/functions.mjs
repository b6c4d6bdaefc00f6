// A stand-in for a team's Twilio Functions, which the Worker passes on to what is none of its own (`FUNCTIONS_ORIGIN`).
//   node standin/functions.mjs --port 4020
import { createHash } from "node:crypto";
import http from "node:http";
import { pathToFileURL } from "node:url";
import { createClock } from "./clock.mjs";

const KEPT = 1_000;
const CHUNK = Buffer.alloc(64 * 1024, "0123456789abcdef");

const json = (response, status, body, headers = {}) =>
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));

/** What a path under `/functions/` does; `query` has the details. Every other path is an echo. */
const BEHAVIOURS = {
  /** An answer of any status: `status`, and `type` for its content type. */
  status: ({ response, query }) =>
    response
      .writeHead(Number(query.get("status") ?? 200), { "Content-Type": query.get("type") ?? "text/plain; charset=utf-8" })
      .end(query.get("body") ?? "as asked"),
  redirect: ({ response, query }) =>
    response.writeHead(Number(query.get("status") ?? 302), { Location: query.get("to") ?? "/elsewhere" }).end(),
  cookies: ({ response }) => json(response, 200, {}, { "Set-Cookie": ["a=1; Path=/", "b=2; HttpOnly"], ETag: '"7"', "X-Function": "yes" }),
  empty: ({ response }) => response.writeHead(204).end(),
  /** `chunks` pieces, one every `everyMs`. */
  async stream({ response, query, clock }) {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (let count = 0; count < Number(query.get("chunks") ?? 3); count += 1) {
      if (count > 0) await clock.later(Number(query.get("everyMs") ?? 100));
      response.write(`data: ${count}\n\n`);
    }
    response.end();
  },
  /** `bytes` of a body whose SHA-256 the header `X-Sha256` tells. */
  async big({ response, query }) {
    const bytes = Number(query.get("bytes") ?? 1_000_000);
    const body = Buffer.concat(Array(Math.ceil(bytes / CHUNK.length)).fill(CHUNK)).subarray(0, bytes);
    response.writeHead(200, { "Content-Type": "application/octet-stream", "X-Sha256": createHash("sha256").update(body).digest("hex") });
    response.end(body);
  },
  async slow({ response, query, clock }) {
    await clock.later(Number(query.get("ms") ?? 1000));
    json(response, 200, { slow: true });
  },
  lost: ({ response }) => response.destroy(),
  /** The connection ends in the middle of a body. */
  async broken({ response, clock }) {
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": "1000" });
    response.write("the first part");
    await clock.later(20);
    response.destroy();
  },
  silent: () => {},
};

/** Starts it; `requests()` is what it got: method, path, query, headers, the body as text and its size and SHA-256. */
export async function startFunctions({ port = 0, clock = createClock() } = {}) {
  let got = [];

  async function read(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { pathname, searchParams } = new URL(request.url, "http://functions.invalid");
    const entry = {
      method: request.method,
      url: request.url,
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: request.headers,
      body: body.toString("utf8"),
      bytes: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
    };
    got = [...got, entry].slice(-KEPT);
    return { entry, query: searchParams, name: /^\/functions\/(\w+)$/.exec(pathname)?.[1] };
  }

  const server = http.createServer(async (request, response) => {
    response.on("error", () => {});
    try {
      const { entry, query, name } = await read(request);
      if (Object.hasOwn(BEHAVIOURS, name ?? "")) await BEHAVIOURS[name]({ request, response, query, clock });
      else json(response, 200, entry);
    } catch (error) {
      if (!response.headersSent && !response.destroyed) json(response, 500, { message: error.message });
    }
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests: () => got,
    clear: () => void (got = []),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = process.argv.indexOf("--port");
  const functions = await startFunctions({ port: at < 0 ? 4020 : Number(process.argv[at + 1]) });
  console.log(`Functions listen on ${functions.url}`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => functions.close().then(() => process.exit(0)));
}
