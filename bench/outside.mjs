// What the Workers of the benchmark talk to, outside the processes that are measured: a
// Twilio that always answers the same, and a KV server. `asked` is what it was asked.
import { createServer } from "node:http";

const listen = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

const serve = (answer) => {
  const server = createServer({ keepAliveTimeout: 0, noDelay: true }, (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", () => answer(request, body, response));
  });
  return server;
};

export async function startOutside({ answers, pins }) {
  const asked = [];
  const outside = { asked, recording: false };
  const ready = Object.entries(answers).map(([key, { etag, body }]) => {
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    if (etag) headers.ETag = etag;
    return [key, { headers, body }];
  });
  const twilio = serve((request, body, response) => {
    const { method, url, headers } = request;
    if (outside.recording) {
      const { authorization, "if-match": ifMatch, "content-type": type } = headers;
      asked.push({ method, url, authorization, ifMatch, type, body });
    }
    const found = ready.find(([key]) => key === `${method} ${url.split("?")[0]}`);
    if (!found) return void response.writeHead(404).end("{}");
    response.writeHead(200, found[1].headers).end(found[1].body);
  });
  // The protocol of workerd's KV bindings, as far as a list needs it.
  const keys = pins.map(({ name, metadata }) => ({ name, metadata: JSON.stringify(metadata) })); // JSON in JSON
  const listed = JSON.stringify({ keys, list_complete: true, cacheStatus: null });
  const kv = serve((request, _body, response) => {
    const url = new URL(request.url, "http://kv");
    if (outside.recording) asked.push({ method: request.method, url: decodeURIComponent(url.search) });
    const prefix = url.searchParams.get("prefix") ?? "";
    const matches = request.method === "GET" && url.pathname === "/" && pins.every(({ name }) => name.startsWith(prefix));
    response.writeHead(matches ? 200 : 404, { "Content-Type": "application/json" }).end(matches ? listed : "");
  });
  outside.twilio = `http://127.0.0.1:${await listen(twilio)}`;
  outside.kv = `127.0.0.1:${await listen(kv)}`;
  outside.close = () => [twilio, kv].forEach((server) => server.close() && server.closeAllConnections());
  return outside;
}
