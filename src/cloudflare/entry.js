// Where Cloudflare enters: requests are read here and answered in cloudflare.rs.
import Worker, { Gate } from "../../build/index.js";

export { Gate };

const MAX_BODY = 256 * 1024;
const { handle, scheduled } = Worker.prototype; // what cloudflare.rs exports

export default {
  async fetch(request, env, ctx) {
    const { method, url, headers } = request;
    const header = (name) => headers.get(name) ?? "";
    const length = headers.get("content-length");
    let body = "";
    if (method === "POST" && length <= MAX_BODY) {
      // Asking for `body` makes a stream of it: only when there is no other way.
      body = length === null ? await limited(request.body ?? []) : await request.text();
    }
    const incoming = {
      method,
      url,
      signature: header("x-twilio-signature"),
      contentType: header("content-type"),
      authorization: header("authorization"),
      origin: header("origin"),
      ray: header("cf-ray"),
      address: header("cf-connecting-ip"),
      body: body ?? "",
      tooLarge: length > MAX_BODY || body === null,
    };
    try {
      const answer = handle(incoming, env);
      // What has been begun is brought to its end, also when the caller hangs up.
      if (answer instanceof Promise) ctx.waitUntil(answer);
      return await answer;
    } catch {
      return panicked(incoming, env);
    }
  },

  scheduled: (event, env, ctx) => scheduled.call({ env, ctx }, event),
};

// A body of unknown length, up to the limit; null beyond it.
async function limited(stream) {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_BODY) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

// The answer to a request whose code has panicked; worker's panic hook has logged where.
function panicked({ ray, origin }, env) {
  const allowed = String(env.ALLOWED_ORIGINS ?? "").split(",").map((text) => text.trim().replace(/\/+$/, "")).filter(Boolean);
  const headers = { "Access-Control-Allow-Origin": allowed.includes(origin) ? origin : (allowed[0] ?? "*") };
  if (allowed.length > 0) headers.Vary = "Origin";
  const requestId = ray || crypto.randomUUID();
  return Response.json({ success: false, message: "Something went wrong here.", requestId }, { status: 500, headers });
}
