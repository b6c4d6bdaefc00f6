// The desk's one origin: the page with Flex UI, Twilio's names below it, and the people's pages and controls.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import http from "node:http";
import { extname, join } from "node:path";
import { WebSocketServer } from "ws";

import { createFlexUi } from "../standin/flexui/index.mjs";
import { bundle } from "./build.mjs";

const here = new URL(".", import.meta.url).pathname;
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".map": "application/json",
};
const TWILIO = /^\/([\w.-]+\.(?:twilio\.com|twiliocdn\.com))(\/.*)?$/;
const PAGES = { "/customer": "customer.html", "/panel": "panel.html", "/box": "box.html" };
const BODY_LIMIT = 4 * 1024 * 1024;

// Whatever the shim misses is refused by the browser instead of leaving this machine.
const policy = (origins) =>
  [
    "default-src 'self' data: blob:",
    `script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: ${origins}`,
    "style-src 'self' 'unsafe-inline'",
    `connect-src 'self' ws: data: blob: ${origins}`,
    "frame-src 'self' http://127.0.0.1:* http://localhost:* data: blob:",
  ].join("; ");

async function readText(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw Object.assign(new Error("too large"), { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * `twilio` is the local Twilio's inside (`extend`). `actions` are the POSTs below /desk/ that people's pages make; the page
 * may ask `workerUrl`, and gets the plugin from there.
 */
export async function startDesk({ twilio, port = 0, workerUrl, configuration, actions = {}, streams = {} }) {
  const sockets = new WebSocketServer({ noServer: true });
  const flexUi = createFlexUi(twilio, sockets, configuration);
  const csp = policy(new URL(workerUrl).origin);

  function sendFile(request, response, path, caching = "no-cache") {
    if (!existsSync(path)) return notFound(response);
    const { size, mtimeMs } = statSync(path);
    const etag = `"${size}-${mtimeMs}"`;
    const headers = { ETag: etag, "Cache-Control": caching, ...(path.endsWith(".html") && { "Content-Security-Policy": csp }) };
    if (request.headers["if-none-match"] === etag) return response.writeHead(304, headers).end();
    response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(path)] ?? "application/octet-stream", "Content-Length": size });
    createReadStream(path).pipe(response);
  }

  // With its version in its address the browser keeps the bundle, and what it has compiled of it.
  function sendFlex(response) {
    const { size, mtimeMs } = statSync(bundle);
    const html = readFileSync(join(here, "page/index.html"), "utf8").replace("/desk/host.js", `/desk/host.js?${size}-${Math.floor(mtimeMs)}`);
    response.writeHead(200, { "Content-Type": TYPES[".html"], "Cache-Control": "no-store", "Content-Security-Policy": csp }).end(html);
  }

  const notFound = (response) => response.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
  const sendJson = (response, status, body) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body ?? {}));

  function stream(request, response, open) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    const close = open((item) => response.write(`data: ${JSON.stringify(item)}\n\n`));
    request.on("close", close);
  }

  // Another site's page must not command this desk, and a name that leads here must be one of this machine's.
  const ours = ({ headers: { host = "", origin } }) =>
    /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host) && (origin === undefined || origin === `http://${host}`);

  async function serve(request, response) {
    if (!ours(request)) return sendJson(response, 403, { message: "This desk answers its own pages only." });
    const { pathname, search } = new URL(request.url, "http://desk.invalid");
    const twilioName = TWILIO.exec(pathname);
    if (twilioName) {
      const [, host, path = "/"] = twilioName;
      return flexUi.request(request, response, { host, path: path + search, text: await readText(request) });
    }
    const name = pathname.startsWith("/desk/") ? pathname.slice("/desk/".length) : null;
    if (name && streams[name]) return stream(request, response, streams[name]);
    if (name && actions[name] && request.method === "POST")
      return sendJson(response, 200, await actions[name](JSON.parse((await readText(request)) || "{}")));
    if (name === "host.js") return sendFile(request, response, bundle, search ? "max-age=31536000, immutable" : "no-cache");
    if (name && /^[\w-]+\.(js|css)$/.test(name)) return sendFile(request, response, join(here, "page", name));
    if (PAGES[pathname]) return sendFile(request, response, join(here, "page", PAGES[pathname]));
    // Flex changes the page's path as it likes.
    if (!/\.\w+$/.test(pathname)) return sendFlex(response);
    notFound(response);
  }

  const server = http.createServer((request, response) =>
    serve(request, response).catch((error) => {
      if (response.headersSent) return response.destroy();
      if (!error.status) console.error(error);
      sendJson(response, error.status ?? 500, { message: error.message });
    }),
  );
  server.on("upgrade", (request, socket, head) => {
    const [, host, path] = TWILIO.exec(request.url.split("?")[0]) ?? [];
    if (!host) return socket.destroy();
    flexUi.upgrade(request, socket, head, { host, path: request.url.slice(host.length + 1) });
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    flexUi,
    sockets,
    close: () =>
      new Promise((resolve) => {
        flexUi.close();
        for (const client of sockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
