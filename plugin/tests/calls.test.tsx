import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import React from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { start } from "../src/call-agent";
import { placeCall } from "../src/call-agent/place";
import type { Edge } from "../src/edge";
import { expectAccessible } from "./axe";
import { agent } from "./agents";
import { callTask, edgeOf, fakeFlex, SIDS, type FakeFlex, type TaskParts } from "./flex";
import { render } from "./render";
import { fakeWorker, lost, ok, ORIGIN, refused, type FakeWorker } from "./worker";

const CLEAN_UP = "/features/internal-call/flex/cleanup-rejected-task";
const HOLD = "/common/flex/programmable-voice/hold-participant";
const bob = agent("Bob Baker", { workerSid: SIDS.bob });

let fake: FakeFlex;
let worker: FakeWorker;
let edge: Edge;

beforeEach(() => {
  fake = fakeFlex();
  worker = fakeWorker();
  edge = edgeOf(fake);
  worker.answer("/health", ok({ features: {} }));
});

const invoke = (action: string, payload: object) => fake.inside.actions.invokeAction(action, payload);
const native = () => fake.inside.actions.native;

describe("a call is placed the plugins' way", () => {
  it("with the task that the Worker's conference expects", async () => {
    fake.inside.workerClient.createTask.mockImplementation(() => {
      fake.tasks(callTask());
      return Promise.resolve(SIDS.callTask);
    });
    expect(await placeCall(edge, bob)).toBe(true);
    expect(fake.inside.workerClient.createTask).toHaveBeenCalledWith(
      "client:bob",
      "client:alice",
      "WW-outbound",
      "WQ-outbound",
      {
        taskChannelUniqueName: "voice",
        attributes: {
          to: "client:bob",
          direction: "outbound",
          name: "Bob Baker",
          fromName: "Alice Archer",
          targetWorker: "client:alice",
          autoAnswer: "true",
          client_call: true,
        },
      },
    );
    expect(fake.inside.notifications.shown).toEqual([]);
  });

  it.each([
    ["who is in a call", () => fake.tasks(callTask({ status: "accepted" })), /in a call already/],
    ["who is rung", () => fake.tasks(callTask()), /in a call already/],
    [
      "who is offline",
      () => fake.set((flex) => (flex.worker.activity = { sid: "WA-offline", available: false })),
      /You are offline/,
    ],
    ["who has no telephone", () => (fake.inside.workerClient.attributes = {}), /no contact_uri/],
    [
      "where Flex dials nobody",
      () => (fake.inside.manager.serviceConfiguration.outbound_call_flows = {} as never),
      /not set up in Flex/,
    ],
  ])("not for an agent %s", async (_, given, text) => {
    given();
    expect(await placeCall(edge, bob)).toBe(false);
    expect(fake.told("Warning")).toEqual([expect.stringMatching(text)]);
    expect(fake.inside.workerClient.createTask).not.toHaveBeenCalled();
  });

  it("and TaskRouter's refusal is told", async () => {
    fake.inside.workerClient.createTask.mockRejectedValue(new Error("Workflow not found"));
    expect(await placeCall(edge, bob)).toBe(false);
    expect(fake.told("Failed")).toEqual(["Bob Baker could not be called. Flex says: Workflow not found"]);
  });

  it("and that it never came is told", async () => {
    vi.useFakeTimers();
    const placed = placeCall(edge, bob);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await placed).toBe(false);
    expect(fake.told("Warning")).toEqual([expect.stringMatching(/^The call did not start/)]);
  });
});

describe("a call that Flex runs by itself is placed", () => {
  const destination = "app:AP00000000000000000000000000000001?t=ticket";
  const taskAttributes = { internal_call: "native", name: "Bob Baker", conversations: { conversation_id: "c-1" } };

  beforeEach(() => {
    worker.answer("/health", ok({ features: { "native-internal-call": { configured: true } } }));
    worker.answer("/internal-call/start", ok({ destination, queueSid: SIDS.queue, taskAttributes }));
  });

  it("by Flex's own action, to the Worker's ticket", async () => {
    native().mockImplementation(() => {
      fake.tasks(callTask({ attributes: taskAttributes }));
      return Promise.resolve();
    });
    expect(await placeCall(edge, bob)).toBe(true);
    expect(worker.only("/internal-call/start")).toEqual({ workerSid: SIDS.bob });
    expect(native()).toHaveBeenCalledWith("StartOutboundCall", { destination, queueSid: SIDS.queue, taskAttributes });
    expect(fake.inside.workerClient.createTask).not.toHaveBeenCalled();
  });

  it("and it is told that Flex did nothing, as without a microphone", async () => {
    vi.useFakeTimers();
    const placed = placeCall(edge, bob);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await placed).toBe(false);
    expect(fake.told("Warning")).toEqual([expect.stringMatching(/microphone/)]);
  });

  it("not to somebody who is busy", async () => {
    worker.answer("/internal-call/start", refused(409));
    expect(await placeCall(edge, bob)).toBe(false);
    expect(fake.told("Failed")).toEqual([
      "Bob Baker could not be called. Bob Baker is not available now. (Request req-1)",
    ]);
  });

  it("not when Flex refuses", async () => {
    native().mockRejectedValue(new Error("Outbound calling disabled"));
    expect(await placeCall(edge, bob)).toBe(false);
    expect(fake.told("Failed")).toEqual(["Bob Baker could not be called. Flex says: Outbound calling disabled"]);
  });

  it("the plugins' way where the Worker has no App for it", async () => {
    worker.answer("/health", ok({ features: { "native-internal-call": { configured: false } } }));
    fake.inside.workerClient.createTask.mockImplementation(() => {
      fake.tasks(callTask());
      return Promise.resolve(SIDS.callTask);
    });
    expect(await placeCall(edgeOf(fake), bob)).toBe(true);
    expect(worker.to("/internal-call/start")).toEqual([]);
  });
});

/** The caller's task and the called agent's, as the Worker and TaskRouter have them. */
const callers = (parts: TaskParts = {}) =>
  callTask({
    ...parts,
    attributes: {
      client_call: true,
      direction: "outbound",
      name: "Bob Baker",
      from: "client:alice",
      to: "client:bob",
      ...parts.attributes,
    },
  });
const callees = (parts: TaskParts = {}) =>
  callTask({
    ...parts,
    attributes: {
      client_call: true,
      name: "Bob Baker",
      from: "client:bob",
      to: "client:alice",
      conferenceSid: "WT-caller",
      conference: { sid: SIDS.conference, friendlyName: "WT-caller" },
      ...parts.attributes,
    },
  });

describe("a call of the plugins' way", () => {
  beforeEach(() => {
    start(edge);
    worker.answer(CLEAN_UP, ok());
    worker.answer(HOLD, ok({ callSid: SIDS.aliceLeg }));
  });

  it("is accepted by the caller: their leg enters the conference named after the task", async () => {
    await invoke("AcceptTask", { task: callers() });
    expect(fake.inside.reservation.call).toHaveBeenCalledWith(
      "client:alice",
      `${ORIGIN}/features/internal-call/common/agent-outbound-join?taskSid=${SIDS.callTask}`,
      { accept: true },
    );
    expect(native()).not.toHaveBeenCalledWith("AcceptTask", expect.anything());
  });

  it("is accepted by the called agent: their leg enters the caller's conference, and the call is selected", async () => {
    const task = callees();
    await invoke("AcceptTask", { task });
    expect(fake.inside.reservation.call).toHaveBeenCalledWith(
      "client:bob",
      `${ORIGIN}/features/internal-call/common/agent-join-conference?conferenceName=WT-caller`,
      { accept: true },
    );
    expect(native()).toHaveBeenCalledWith("SelectTask", { sid: task.sid });
  });

  it("rings a desk telephone from a number", async () => {
    fake.inside.workerClient.attributes = { contact_uri: "sip:alice@example.sip.twilio.com" };
    await invoke("AcceptTask", { task: callees() });
    expect(fake.inside.reservation.call).toHaveBeenCalledWith("+15550001001", expect.any(String), { accept: true });
  });

  it("that cannot be connected is told; the caller's is given up, the called agent's rings on", async () => {
    fake.inside.reservation.call.mockRejectedValue(new Error("Reservation is gone"));
    await invoke("AcceptTask", { task: callees() });
    expect(worker.asked).toEqual([]);
    await invoke("AcceptTask", { task: callers() });
    expect(worker.only(CLEAN_UP)).toEqual({ taskSid: SIDS.callTask });
    const text = "The call could not be connected. Flex says: Reservation is gone";
    expect(fake.told("Failed")).toEqual([text, text]);
  });

  it("is declined through the Worker, which ends both sides; a queue's goes on to the next agent", async () => {
    await invoke("RejectTask", { task: callees() });
    expect(worker.only(CLEAN_UP)).toEqual({ taskSid: SIDS.callTask });
    expect(native()).not.toHaveBeenCalled();
    const queues = callees({ attributes: { callToQueue: "Support" } });
    await invoke("RejectTask", { task: queues });
    expect(native()).toHaveBeenCalledWith("RejectTask", { task: queues });
    expect(worker.asked).toHaveLength(1);
  });

  it.each([
    ["RejectTask", "pending", /^The call could not be declined/],
    ["HangupCall", "accepted", /^The call could not be ended/],
    ["WrapupTask", "accepted", /^The call could not be ended/],
    ["EndConferenceForAll", "accepted", /^The call could not be ended/],
  ] as const)("whose end fails says so (%s)", async (action, status, text) => {
    worker.answer(CLEAN_UP, refused(403));
    await invoke(action, { task: callees({ status }) });
    expect(fake.told("Failed")).toEqual([expect.stringMatching(text)]);
    expect(fake.told("Failed")[0]).toMatch(/req-1/);
    expect(native()).not.toHaveBeenCalled();
  });

  it("is hung up by Flex's own telephone, and a desk telephone's by the Worker", async () => {
    const getCall = vi.mocked(edge.flex.StateHelper.getCurrentPhoneCallState);
    getCall.mockReturnValue({} as never);
    for (const action of ["HangupCall", "WrapupTask"]) {
      await invoke(action, { task: callers({ status: "accepted" }) });
      expect(native()).toHaveBeenLastCalledWith(action, expect.anything());
    }
    expect(worker.asked).toEqual([]);
    getCall.mockReturnValue(undefined);
    await invoke("HangupCall", { task: callers({ status: "accepted" }) });
    expect(worker.only(CLEAN_UP)).toEqual({ taskSid: SIDS.callTask });
  });

  it("without a telephone in Flex is wrapped up by its end, and by Flex if that does not come", async () => {
    const task = callers({ status: "accepted" });
    fake.tasks(task);
    const ending = invoke("WrapupTask", { task });
    await vi.waitFor(() => expect(worker.asked).toHaveLength(1));
    fake.tasks(callers({ status: "wrapping" }));
    await ending;
    expect(native()).not.toHaveBeenCalled();

    fake.tasks(task);
    vi.useFakeTimers();
    const late = invoke("WrapupTask", { task });
    await vi.advanceTimersByTimeAsync(4_000);
    await late;
    expect(native()).toHaveBeenCalledWith("WrapupTask", { task });
  });

  it("that is wrapped up already is none of the Worker's", async () => {
    await invoke("WrapupTask", { task: callers({ status: "wrapping" }) });
    expect(native()).toHaveBeenCalledOnce();
    expect(worker.asked).toEqual([]);
  });

  it("is held by the agent's own leg when nothing else is known", async () => {
    const task = callers({
      status: "accepted",
      attributes: { conference: { sid: SIDS.conference, participants: { worker: SIDS.aliceLeg } } },
    });
    await invoke("HoldCall", { task });
    await invoke("UnholdCall", { task });
    expect(worker.to(HOLD).map(({ form: { Token: _token, ...form } }) => form)).toEqual([
      { conference: SIDS.conference, participant: SIDS.aliceLeg, hold: "true" },
      { conference: SIDS.conference, participant: SIDS.aliceLeg, hold: "false" },
    ]);
  });

  it("is held by the other's leg where Flex knows it, and let go by the same", async () => {
    const participants = [
      { callSid: SIDS.aliceLeg, status: "joined", isCurrentWorker: true },
      { callSid: "CA-gone", status: "left" },
      { status: "joined" },
      { callSid: SIDS.bobLeg, status: "joined" },
    ];
    const attributes = {};
    const known = callees({
      status: "accepted",
      attributes,
      conference: { conferenceSid: SIDS.conference, participants } as never,
    });
    await invoke("HoldCall", { task: known });
    await invoke("UnholdCall", { task: callees({ status: "accepted", attributes }) });
    expect(worker.to(HOLD).map(({ form }) => [form.participant, form.hold])).toEqual([
      [SIDS.bobLeg, "true"],
      [SIDS.bobLeg, "false"],
    ]);
  });

  it("shows on its canvas whom it is with and whether it is held, with a button for it", async () => {
    const task = callers({ status: "accepted", attributes: { worker_call_sid: SIDS.aliceLeg } });
    const [onCall] = fake.inside.components.CallCanvas.added;
    const [holdButton] = fake.inside.components.CallCanvasActions.added;
    expect([onCall!.options!.if!({ task }), holdButton!.options!.if!({ task })]).toEqual([true, true]);
    expect(holdButton!.options!.if!({ task: callTask() })).toBe(false);
    const { container } = render(
      <>{[onCall!, holdButton!].map(({ element }) => React.cloneElement(element, { task }))}</>,
    );
    expect(screen.getByRole("status")).toHaveTextContent("Bob BakerIn the call");
    worker.answer(HOLD, lost(), lost(), lost(), ok());
    vi.spyOn(Math, "random").mockReturnValue(-0.5);
    await userEvent.click(screen.getByRole("button", { name: "Hold the call" }));
    await vi.waitFor(() =>
      expect(fake.told("Failed")).toEqual([expect.stringMatching(/^The call could not be put on hold/)]),
    );
    expect(screen.getByRole("button", { name: "Hold the call" })).toBeEnabled();
    await userEvent.click(screen.getByRole("button", { name: "Hold the call" }));
    await screen.findByRole("button", { name: "Take the call off hold" });
    expect(screen.getByRole("status")).toHaveTextContent("Bob BakerOn hold");
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: "Take the call off hold" }));
    await screen.findByRole("button", { name: "Hold the call" });
  });

  it("has none of the buttons of Flex that do nothing with it; other calls have them", () => {
    const { CallCanvasActions, TaskListButtons } = fake.inside.components;
    const removed = [...CallCanvasActions.removed, ...TaskListButtons.removed];
    expect(removed.map(({ key }) => key)).toEqual(["hold", "directory", "hold"]);
    for (const { options } of removed) {
      expect(options!.if!({ task: callers() })).toBe(true);
      expect(options!.if!({ task: callTask() })).toBe(false);
      expect(options!.if!({})).toBe(false);
    }
  });

  it("keeps Flex from complaining about a conference that it does not know, and only from that", () => {
    const complain = (id: string) => {
      const cancel = vi.fn();
      for (const listener of fake.inside.notifications.listeners) listener({ id }, cancel);
      return cancel.mock.calls.length;
    };
    expect(complain("FailedToFetchParticipants")).toBe(0);
    act(() => fake.tasks(callers()));
    expect(complain("FailedToFetchParticipants")).toBe(1);
    expect(complain("TransferFailed")).toBe(0);
  });

  it.each(["AcceptTask", "RejectTask", "HoldCall", "UnholdCall", "HangupCall", "EndConferenceForAll", "WrapupTask"])(
    "and every other call is Flex's own (%s)",
    async (action) => {
      const task = callTask({ attributes: { client_call: "true" } });
      await invoke(action, { task });
      expect(native()).toHaveBeenCalledWith(action, { task });
      expect(worker.asked).toEqual([]);
    },
  );
});

describe("a call that Flex runs by itself", () => {
  beforeEach(() => start(edge));
  const options = () => ({
    from: undefined as string | undefined,
    conferenceRecord: true,
    conferenceRecordingStatusCallback: "https://x",
    to: "client:alice",
  });

  it("is accepted from a number and recorded on the caller's side only, also after a transfer", async () => {
    for (const incomingTransferObject of [undefined, { mode: "WARM" }]) {
      const task = callTask({
        incomingTransferObject,
        attributes: { internal_call: "native", to: "AP00000000000000000000000000000001" },
      } as unknown as TaskParts);
      const conferenceOptions = options();
      await invoke("AcceptTask", { task, conferenceOptions });
      expect(conferenceOptions).toEqual({ from: "+15550001001", conferenceRecord: false, to: "client:alice" });
      expect(native()).toHaveBeenLastCalledWith("AcceptTask", { task, conferenceOptions });
    }
  });

  it("is the caller's own outbound call on the other side, and no other call is touched", async () => {
    const outbound = { internal_call: "native", outbound_to: "app:AP1?t=x", direction: "outbound" };
    for (const attributes of [outbound, { to: "AP00000000000000000000000000000001" }, { to: "+15551230001" }]) {
      const conferenceOptions = options();
      await invoke("AcceptTask", { task: callTask({ attributes }), conferenceOptions });
      expect(conferenceOptions).toEqual(options());
    }
  });
});

it("agents' calls bear the agent's name, whoever runs them; others what Flex shows", () => {
  start(edge);
  const { TaskListItem, TaskCanvasHeader } = fake.flex.DefaultTaskChannels.Call.templates as unknown as {
    TaskListItem: { firstLine: (task: object) => string };
    TaskCanvasHeader: { title: (task: object) => string };
  };
  const shown = (task: object) =>
    [TaskListItem.firstLine(task), TaskCanvasHeader.title(task)].map((key) => fake.inside.manager.strings[key] ?? key);
  const name = ["{{task.attributes.name}}", "{{task.attributes.name}}"];
  expect(shown(callers())).toEqual(name);
  expect(shown(callTask({ attributes: { internal_call: "native", name: "Bob" } }))).toEqual(name);
  expect(shown(callTask({ attributes: { internal_call: "native" } }))).toEqual(["TaskHeaderLine", "TaskHeaderLine"]);
  expect(shown(callTask({ attributes: { name: "Carol" } }))).toEqual(["TaskHeaderLine", "TaskHeaderLine"]);
});
