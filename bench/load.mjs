// A small load generator: keep-alive connections that each send the next request when the
// last answer is in. Any answer but the expected status ends the run with an error.
import { request as httpRequest } from "node:http";
import { connect } from "node:net";

export const CONNECTIONS = 16;

// The bytes of an HTTP/1.1 request.
export function encodeRequest({ method = "POST", path, headers = {}, body = "" }) {
  const lines = Object.entries({ ...headers, "Content-Length": Buffer.byteLength(body) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`);
}

// Where the answer that begins `text` ends; -1 when there is more to come.
function answerEnd(text) {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  const length = text.match(/^content-length: *(\d+)/im);
  if (length && length.index < head) {
    const end = head + 4 + Number(length[1]);
    return text.length >= end ? end : -1;
  }
  const end = text.indexOf("\r\n0\r\n\r\n", head);
  return end < 0 ? -1 : end + 7;
}

// Keeps connections to a port of this machine; `run` sends what `next` gives, for a time.
export async function openLoad(port, connections = CONNECTIONS) {
  const sockets = await Promise.all(
    Array.from({ length: connections }, () => new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(socket));
      socket.setNoDelay(true);
      socket.setEncoding("latin1"); // a byte is a character
      socket.on("error", reject);
    })),
  );
  return {
    // Answers how many requests were answered. `until` tells, after each, whether to stop.
    run(next, until) {
      let answered = 0;
      const one = (socket) =>
        new Promise((resolve, reject) => {
          let text = "";
          const fail = (error) => reject(error ?? new Error("the connection was closed"));
          const read = (chunk) => {
            text += chunk;
            const end = answerEnd(text);
            if (end < 0) return;
            if (!text.startsWith("HTTP/1.1 200")) return fail(new Error(`unexpected answer: ${text.slice(0, 800)}`));
            text = text.slice(end);
            answered += 1;
            if (!until(answered)) return void socket.write(next());
            socket.off("data", read).off("close", fail).off("error", fail);
            resolve();
          };
          socket.on("data", read).on("close", fail).on("error", fail);
          socket.write(next());
        });
      return Promise.all(sockets.map(one)).then(() => answered);
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

// Sends one request on a connection of its own; answers what came back.
export function ask(port, { method = "POST", path, headers = {}, body = "", chunked = false }) {
  return new Promise((resolve, reject) => {
    const length = chunked ? {} : { "Content-Length": Buffer.byteLength(body) };
    const options = { port, host: "127.0.0.1", path, method, agent: false, headers: { ...headers, ...length } };
    const request = httpRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", () => {
        const { "content-type": type, "access-control-allow-origin": origin } = response.headers;
        resolve({ status: response.statusCode, type, origin, body: type?.includes("json") ? JSON.parse(text) : text });
      });
    });
    request.on("error", reject);
    if (chunked) request.write(body);
    request.end(chunked ? undefined : body);
  });
}
