// What the tests share: a local Twilio, and a server in the Worker's place that notes what it is sent.
import assert from "node:assert/strict";
import http from "node:http";
import { after, afterEach, before, beforeEach, test } from "node:test";
import twilioPackage from "twilio";
import { seed, startTwilio } from "../index.mjs";

export { seed } from "../index.mjs";
export const { WORKERS, QUEUES } = seed;
export const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map((name) => WORKERS[name].sid);
export const AUTHORIZATION = `Basic ${Buffer.from(`${seed.ACCOUNT_SID}:${seed.AUTH_TOKEN}`).toString("base64")}`;
export const workspace = `/taskrouter/v1/Workspaces/${seed.WORKSPACE_SID}`;
export const account = `/api/2010-04-01/Accounts/${seed.ACCOUNT_SID}`;

export let twilio;
let worker;
/** Where the Worker would be. */
export const workerUrl = (path = "") => `http://127.0.0.1:${worker.address().port}${path}`;
/** What the Worker's place got since the test began. */
export const received = [];
/** How it answers: path → (fields, url) → TwiML, `{status}`, `{type, content}`, or `{late: true}` for never. */
export const answers = {};

export const conference = (name, more = "") =>
  `<Response><Dial><Conference endConferenceOnExit="true" ${more}>${name}</Conference></Dial></Response>`;
const INTERNAL_CALL_ANSWERS = {
  "/voice/agent-outbound-join": (_, url) =>
    conference(
      url.searchParams.get("taskSid"),
      'statusCallback="call-outbound-join" statusCallbackEvent="start join leave hold modify mute end"',
    ),
  "/voice/agent-join-conference": (_, url) =>
    conference(url.searchParams.get("conferenceName"), 'statusCallback="never-honoured" statusCallbackEvent="join end"'),
};
/** Answers as at the beginning, but for these. */
export function answer(more = {}) {
  for (const path of Object.keys(answers)) delete answers[path];
  Object.assign(answers, INTERNAL_CALL_ANSWERS, more);
}

export async function ask(method, path, form, headers = {}) {
  const body = form && new URLSearchParams(Object.entries(form).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
  const response = await fetch(twilio.url + path, { method, body, headers: { Authorization: AUTHORIZATION, ...headers } });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get("etag"),
    retryAfter: response.headers.get("retry-after"),
    body: text ? JSON.parse(text) : null,
  };
}
export const get = (path, query) => ask("GET", query ? `${path}?${new URLSearchParams(query)}` : path);
export const post = (path, form, headers) => ask("POST", path, form ?? {}, headers);
export const remove = (path) => ask("DELETE", path);
export const refusal = ({ status, body }) => [status, body.code];
export const attributes = (sid) => twilio.task(sid).attributes;
export const events = () => received.filter(({ fields }) => fields.StatusCallbackEvent).map(({ fields }) => fields.StatusCallbackEvent);

before(async () => {
  worker = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const fields = Object.fromEntries(new URLSearchParams(body));
    const url = new URL(request.url, workerUrl());
    received.push({
      path: url.pathname,
      url: url.href,
      fields,
      header: request.headers["x-twilio-signature"],
      token: request.headers["i-twilio-idempotency-token"],
      signed: twilioPackage.validateRequest(seed.AUTH_TOKEN, request.headers["x-twilio-signature"] ?? "", url.href, fields),
    });
    const said = answers[url.pathname]?.(fields, url) ?? "";
    if (said.late) return;
    response.writeHead(said.status ?? 200, { "Content-Type": said.type ?? "text/xml" }).end(said.status ? "" : (said.content ?? said));
  });
  await new Promise((resolve) => worker.listen(0, "127.0.0.1", resolve));
  twilio = await startTwilio({ workerUrl: workerUrl() });
});
after(async () => {
  await twilio.close();
  worker.closeAllConnections();
  worker.close();
});

beforeEach(() => {
  twilio.reset();
  received.splice(0);
  answer();
});

const asked = new Set();
// No answer of the whole run may differ from its document; refused requests are the tests' own doing.
afterEach(() => {
  const { entries } = twilio.journal();
  for (const { service, operationId, status } of entries) if (status < 300) asked.add(`${service} ${operationId}`);
  const wrong = entries.flatMap(({ operationId, violations }) =>
    violations.filter((text) => text.startsWith("answer ")).map((text) => `${operationId}: ${text}`),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    entries.filter(({ kind, message }) => kind === "alert" && message.startsWith("stand-in failed")),
    [],
  );
});

/** The last test of a file that stands for a product: no operation of it is played without having been asked for. */
export function everyOperationOf(product) {
  test(`every operation of ${product} has been asked for with success`, () => {
    assert.ok(twilio.operations[product].length > 0);
    assert.deepEqual(
      twilio.operations[product].filter((operation) => !asked.has(operation)),
      [],
    );
  });
}
