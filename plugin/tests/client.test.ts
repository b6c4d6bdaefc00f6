import { beforeEach, describe, expect, it, vi } from "vitest";
import { createClient, type Client } from "../src/api/client";
import { ENDPOINTS } from "../src/api/endpoints";
import { Failure } from "../src/api/failure";
import { fakeWorker, json, lost, ok, ORIGIN, refused, type FakeWorker } from "./worker";

let worker: FakeWorker;
let client: Client;
let token: string;

beforeEach(() => {
  vi.useFakeTimers();
  worker = fakeWorker();
  token = "token-of-alice";
  client = createClient(ORIGIN, () => token);
});

/** Lets pauses pass, and answers the outcome: the answer or the failure. */
async function outcome<T>(asked: Promise<T>): Promise<T | Failure> {
  const settled = asked.catch((error: unknown) => error as Failure);
  await vi.advanceTimersByTimeAsync(60_000);
  return settled;
}

const pins = () => outcome(client.ask("/internal-chat/list-pins", {}));
const dial = () => outcome(client.ask("/dial", { taskSid: "WT1" }));

describe("a request", () => {
  it("is a form with the token in it, which needs no preflight", async () => {
    worker.answer("/dial", json(201, { success: true, taskSid: "WT2" }));
    expect(await dial()).toMatchObject({ taskSid: "WT2" });
    const [asked] = worker.asked;
    expect(asked).toMatchObject({ path: "/dial", method: "POST", form: { Token: "token-of-alice", taskSid: "WT1" } });
    expect(asked!.request.body).toBeInstanceOf(URLSearchParams);
    expect(asked!.request.headers).toBeUndefined();
    expect(asked!.request.credentials).toBe("omit");
  });

  it("leaves out what is empty", async () => {
    worker.answer("/internal-chat/list-agents", ok({ agents: [], nextCursor: null }));
    await outcome(client.ask("/internal-chat/list-agents", { search: "", limit: 20 }));
    expect(worker.only("/internal-chat/list-agents")).toEqual({ limit: "20" });
  });

  it("is sent again with the token of that moment", async () => {
    worker.answer(
      "/internal-chat/list-pins",
      () => {
        token = "renewed";
        throw lost();
      },
      ok({ pins: [] }),
    );
    await pins();
    expect(worker.asked.map(({ form }) => form.Token)).toEqual(["token-of-alice", "renewed"]);
  });
});

describe("a failure", () => {
  it.each([
    [400, "refused"],
    [413, "refused"],
    [422, "refused"],
    [401, "forbidden"],
    [403, "forbidden"],
    [404, "gone"],
    [409, "conflict"],
    [429, "busy"],
    [503, "busy"],
    [500, "broken"],
    [502, "broken"],
    [504, "broken"],
  ])("%i is %s, with the request's id", async (status, reason) => {
    worker.answer("/dial", refused(status, { twilioErrorCode: 20001 }));
    const failure = await dial();
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ reason, status, message: "no", requestId: "req-1", twilioErrorCode: 20001 });
  });

  it("names the settings that are missing", async () => {
    worker.answer("/dial", refused(500, { missing: ["TWILIO_FLEX_OUTBOUND_WORKFLOW_SID"] }));
    expect(await dial()).toMatchObject({ reason: "unconfigured", missing: ["TWILIO_FLEX_OUTBOUND_WORKFLOW_SID"] });
  });

  it("is a 200 that does not say success, and one that nobody can read", async () => {
    worker.answer("/dial", json(200, { success: false, message: "no" }));
    expect(await dial()).toMatchObject({ reason: "broken" });
    worker.answer("/dial", new Response("<html>Sign in to the hotel's network", { status: 200 }));
    expect(await dial()).toMatchObject({ reason: "broken", requestId: undefined });
    worker.answer("/dial", new Response("[]", { status: 200 }));
    expect(await dial()).toMatchObject({ reason: "broken" });
  });

  it("is an answer that does not come", async () => {
    worker.answer(
      "/dial",
      ({ request }) =>
        new Promise((_, reject) => {
          request.signal!.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        }),
    );
    expect(await dial()).toMatchObject({ reason: "late" });
    expect(worker.asked).toHaveLength(1);
  });
});

describe("sending again", () => {
  it.each([
    ["a broken connection", () => lost()],
    ["429", () => refused(429)],
    ["503", () => refused(503)],
    ["502", () => refused(502)],
    ["504", () => refused(504)],
  ])("what may be asked twice survives %s", async (_, failure) => {
    worker.answer("/internal-chat/list-pins", failure(), failure(), ok({ pins: ["alice+bob"] }));
    expect(await pins()).toMatchObject({ pins: ["alice+bob"] });
    expect(worker.asked).toHaveLength(3);
  });

  it.each([400, 403, 404, 409, 422, 500])("%i is final", async (status) => {
    worker.answer("/internal-chat/list-pins", refused(status));
    await pins();
    expect(worker.asked).toHaveLength(1);
  });

  it("stops after the third time", async () => {
    worker.answer("/internal-chat/list-pins", lost());
    expect(await pins()).toMatchObject({ reason: "lost" });
    expect(worker.asked).toHaveLength(3);
  });

  it("sends what the Worker does once again when it was not done, not when nobody knows", async () => {
    worker.answer("/dial", lost(), refused(503), json(201, { success: true, taskSid: "WT2" }));
    expect(await dial()).toMatchObject({ taskSid: "WT2" });
    for (const status of [502, 504, 500]) {
      worker.asked.length = 0;
      worker.answer("/dial", refused(status));
      await dial();
      expect(worker.asked).toHaveLength(1);
    }
  });

  it("never parks twice", async () => {
    const park = "/features/park-interaction/flex/unpark-interaction";
    for (const failure of [lost(), refused(503), refused(429), refused(502)]) {
      worker.asked.length = 0;
      worker.answer(park, failure);
      await outcome(client.ask(park, { ConversationSid: "CH1", RouteToSameWorker: "true" }));
      expect(worker.asked).toHaveLength(1);
    }
  });

  it("waits as long as the Worker asks for, if a person would", async () => {
    worker.answer("/internal-chat/list-pins", json(429, { success: false }, { "Retry-After": "4" }), ok({ pins: [] }));
    const asked = client.ask("/internal-chat/list-pins", {});
    await vi.advanceTimersByTimeAsync(3_900);
    expect(worker.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(await asked).toMatchObject({ pins: [] });

    worker.asked.length = 0;
    worker.answer("/internal-chat/list-pins", json(429, { success: false }, { "Retry-After": "120" }));
    expect(await pins()).toMatchObject({ reason: "busy" });
    expect(worker.asked).toHaveLength(1);
  });

  it("is decided for every endpoint that makes something", () => {
    const made = ["/dial", "/internal-chat/open", "/features/conversation-transfer/flex/invite-participant"] as const;
    for (const path of made) expect(ENDPOINTS[path]).toBe("undone");
  });
});

describe("health", () => {
  it("is told although something is half set up, and a proxy's page is no health", async () => {
    worker.answer("/health", json(503, { success: false, features: { dial: { configured: true } } }));
    expect((await client.health()).features.dial).toEqual({ configured: true });
    expect(worker.asked).toHaveLength(1);
    worker.answer("/health", new Response("<html>", { status: 200 }));
    await expect(createClient(ORIGIN, () => token).health()).rejects.toMatchObject({ reason: "broken" });
  });

  it("is asked without the token, once a minute, and again after a failure", async () => {
    worker.answer("/health", refused(500), ok({ features: {} }));
    await expect(client.health()).rejects.toMatchObject({ status: 500 });
    expect(await client.health()).toMatchObject({ features: {} });
    vi.advanceTimersByTime(59_000);
    await client.health();
    expect(worker.asked.map(({ method, form }) => [method, form])).toEqual([
      ["GET", {}],
      ["GET", {}],
    ]);
    vi.advanceTimersByTime(2_000);
    await client.health();
    expect(worker.asked).toHaveLength(3);
  });
});

it("makes absolute URLs, encoded", () => {
  expect(client.url("/voice/x", { taskSid: "WT 1&2" })).toBe(`${ORIGIN}/voice/x?taskSid=WT+1%262`);
});
