// Where Cloudflare enters: requests are read here and answered in cloudflare.rs.
import Worker, { Gate } from "../../build/index.js";

export { Gate };

const MAX_BODY = 256 * 1024;
const PATIENCE = 30_000; // with who answers what is none of ours
const { destination, handle, lost, passedOn, scheduled } = Worker.prototype; // what cloudflare.rs exports

export default {
  async fetch(request, env, ctx) {
    const { method, url, headers } = request;
    const header = (name) => headers.get(name) ?? "";
    const signature = header("x-twilio-signature");
    // Twilio sends none of the others, and to ask for one takes its time.
    const unsigned = signature ? () => "" : header;
    const length = headers.get("content-length");
    const incoming = {
      method,
      url,
      signature,
      contentType: header("content-type"),
      authorization: unsigned("authorization"),
      origin: unsigned("origin"),
      ray: header("cf-ray"),
      address: unsigned("cf-connecting-ip"),
      body: "",
      tooLarge: length > MAX_BODY,
    };
    try {
      if (isBroken) renew(ctx, env);
      const mayGo = env.FUNCTIONS_ORIGIN && !header("x-flex-edge-via").split(", ").includes(new URL(url).host); // no circle
      const elsewhere = mayGo ? destination(incoming, env) : undefined;
      if (elsewhere !== undefined && !incoming.tooLarge) {
        const body = length === null && request.body ? await limited(request.body) : request.body;
        if (body !== undefined) return await passOn(request, elsewhere, body, incoming, env);
        incoming.tooLarge = true;
      }
      if (method === "POST" && !incoming.tooLarge) {
        // Asking for `body` makes a stream of it: only when there is no other way.
        const body = length === null ? await limited(request.body ?? []) : request;
        incoming.body = (await body?.text()) ?? "";
        incoming.tooLarge = body === undefined;
      }
      const answer = handle(incoming, env);
      if (!(answer instanceof Promise)) return answer;
      const outcome = orLost(answer);
      // What has been begun is brought to its end, also when the caller hangs up.
      ctx.waitUntil(outcome.catch(() => {}));
      return await outcome;
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) breakDown();
      if (isBroken) renew(ctx, env);
      return lost(incoming, env);
    }
  },

  scheduled: (event, env, ctx) => scheduled.call({ env, ctx }, event),
};

// A request for a path that is none of ours goes to the team's own Functions as it came, and their answer comes back as
// it is, with CORS. Bodies are streamed both ways (but one of unknown length, which has to be measured first), and redirects
// are the caller's to follow. Only the beginning of the answer is waited for: a stream may go on for longer.
async function passOn(request, url, body, incoming, env) {
  const headers = new Headers(request.headers);
  headers.set("x-forwarded-host", new URL(request.url).host);
  headers.append("x-flex-edge-via", new URL(request.url).host); // proxies set the other one, too
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE / (Number.parseFloat(env.TEST_CLOCK) || 1));
  const init = { method: request.method, headers, body, redirect: "manual", signal: late.signal };
  const answer = await fetch(url, init).catch(() => undefined);
  clearTimeout(timer);
  const ours = passedOn({ ...incoming, status: answer?.status }, env);
  if (answer === undefined) return ours;
  const response = new Response(answer.body, answer);
  for (const name of ["Access-Control-Allow-Origin", "Vary"]) {
    if (ours.headers.has(name)) response.headers.set(name, ours.headers.get(name));
  }
  return response;
}

// A panic takes the whole instance with it: who waits for something else that goes on in it would wait for ever.
const waiting = new Set();
const LOST = new Error("lost in a panic");
let isBroken = false;

function breakDown() {
  isBroken = true;
  for (const lose of waiting) lose(LOST);
}

// Here a panic arrives that comes after a wait.
addEventListener("error", ({ error }) => {
  if (error instanceof WebAssembly.RuntimeError) breakDown();
});

// worker-build starts the new instance when its class is used; left to the gate, that would be in the middle of a request.
function renew(ctx, env) {
  isBroken = false;
  new Worker(ctx, env);
}

function orLost(answer) {
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    const ended = (settle) => (outcome) => {
      waiting.delete(reject);
      settle(outcome);
    };
    answer.then(ended(resolve), ended(reject));
  });
}

// A body of unknown length, up to the limit; nothing beyond it.
async function limited(stream) {
  const chunks = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return new Blob(chunks);
}
