// The HTTP side: reads a request, checks it, lets it fail if told to, answers it, and writes the journal.
import http from "node:http";
import { ACCOUNT_SID, API_KEY, API_SECRET, CHAT_SERVICE_SID } from "./accounts.mjs";
import { operationById, splitUrl } from "./documents.mjs";
import { checkRequest, checkResponse, successStatus } from "./openapi.mjs";
import { newSid, notFound, Refusal } from "./shape.mjs";

const BODY_LIMIT = 4 * 1024 * 1024;

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Refusal(413, 20413, "Request entity too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

// The text that fault rules and journal filters search: the URL and body, as sent and decoded.
function searchable(url, body) {
  const text = `${url}\n${body}`;
  try {
    return `${text}\n${decodeURIComponent(text.replaceAll("+", " "))}`;
  } catch {
    return text;
  }
}

function refusalOf({ problem, violations }, pathname) {
  if (problem === "path" || problem === "sid") return notFound(pathname);
  if (problem === "method") return new Refusal(405, 20004, "Method not allowed");
  return new Refusal(400, 20001, violations.join("; "));
}

export function createServer(twilio, control) {
  const { clock, journal, faults } = twilio;

  function authorize(headers) {
    const [user, ...password] = Buffer.from((headers.authorization ?? "").replace(/^Basic /i, ""), "base64")
      .toString("utf8")
      .split(":");
    const known = { [ACCOUNT_SID]: twilio.authToken, [API_KEY]: API_SECRET };
    if (!Object.hasOwn(known, user) || known[user] !== password.join(":")) throw new Refusal(401, 20003, "Authenticate");
  }

  function handlerOf({ service, operationId }) {
    const handlers = twilio.services[service] ?? {};
    // Conversations serves its operations under /Services/{ChatServiceSid} too, with `Service` in their names.
    return handlers[operationId] ?? handlers[operationId.replace(/^(Create|Fetch|Update|Delete|List)Service/, "$1")];
  }

  async function perform(checked, request) {
    if (checked.params.AccountSid && checked.params.AccountSid !== ACCOUNT_SID && checked.service !== "iam/v1")
      throw notFound(request.path);
    if (checked.service === "conversations/v1" && ![undefined, CHAT_SERVICE_SID].includes(checked.params.ChatServiceSid))
      throw notFound(request.path);
    if (checked.problem) throw refusalOf(checked, request.path);
    const handler = handlerOf(checked);
    if (!handler) throw new Refusal(501, 20501, `${checked.operationId} is not played by this stand-in`);
    const body = await handler(checked.params, request);
    const operation = operationById(checked.service, checked.operationId);
    return { status: request.answer.status ?? successStatus(operation), body, headers: request.answer };
  }

  async function answerOf(checked, request, headers) {
    try {
      if (!operationById(checked.service, checked.operationId)?.open) authorize(headers);
      return await perform(checked, request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return refusalAnswer(error);
    }
  }

  const refusalAnswer = (refusal) => ({
    status: refusal.status,
    body: refusal.body,
    headers: refusal.retryAfter === undefined ? {} : { "Retry-After": String(refusal.retryAfter) },
  });

  function send(response, { status, body, headers, indent }) {
    const { status: _, ...more } = headers;
    const text = body === undefined ? "" : JSON.stringify(body, null, indent) + (indent ? "\n" : "");
    response.writeHead(status, {
      ...(text && { "Content-Type": "application/json" }),
      "Content-Length": Buffer.byteLength(text),
      "Twilio-Request-Id": newSid("RQ"),
      ...more,
    });
    response.end(text);
  }

  const closed = (response) => new Promise((resolve) => response.on("close", resolve));

  /** Answers one request of the REST APIs; resolves once nothing more will be sent. */
  async function serve(incoming, response, body) {
    const { host, pathname, search } = splitUrl(incoming.url);
    const checked = checkRequest({ method: incoming.method, url: incoming.url, headers: incoming.headers, body });
    const text = searchable(incoming.url, body);
    const { entry, end } = journal.request({
      operationId: checked.operationId,
      service: checked.service,
      method: incoming.method,
      path: `/${host}${pathname}`,
      params: checked.params,
      violations: [...checked.violations],
      text,
    });
    const request = {
      host,
      path: pathname,
      query: [...new URLSearchParams(search)],
      params: checked.params,
      method: incoming.method,
      operationId: checked.operationId,
      headers: incoming.headers,
      text,
      answer: {},
    };
    const rule = faults.take(request);
    const fault = rule?.fault ?? null;
    await clock.later(twilio.options.latencyMs + (fault?.startsWith("slow:") ? Number(fault.slice(5)) : 0));
    if (fault === "lost-before") {
      incoming.socket.destroy();
      return end({ fault });
    }
    if (fault === "no-answer") {
      await closed(response);
      return end({ fault });
    }
    const refused = /^\d+$/.test(fault ?? "") ? faults.refusal(rule) : null;
    if (refused && rule.retryAfter !== undefined) refused.retryAfter = rule.retryAfter;
    const answer = refused ? refusalAnswer(refused) : await answerOf(checked, request, incoming.headers);
    if (checked.operationId && answer.status !== 501) {
      const wrong = checkResponse({ operationId: checked.operationId, service: checked.service, status: answer.status, body: answer.body });
      entry.violations.push(...wrong.map((violation) => `answer ${answer.status} ${violation}`));
    }
    if (fault === "lost-after") incoming.socket.destroy();
    else if (fault === "no-answer-after") await closed(response);
    else send(response, answer);
    end({ status: fault === "lost-after" || fault === "no-answer-after" ? null : answer.status, fault });
  }

  return http.createServer(async (incoming, response) => {
    response.on("error", () => {});
    try {
      const body = await readBody(incoming);
      if (incoming.url.startsWith("/__standin/")) send(response, await control(incoming, body));
      else await serve(incoming, response, body);
    } catch (error) {
      if (response.headersSent || response.destroyed) return;
      const refusal = error instanceof Refusal ? error : new Refusal(500, 20500, String(error?.stack ?? error));
      if (!(error instanceof Refusal)) journal.alert(`stand-in failed: ${error?.stack ?? error}`, incoming.url.split("?")[0]);
      send(response, refusalAnswer(refusal));
    }
  });
}
