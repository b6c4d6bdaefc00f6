import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { start } from "../src/call-customer";
import { hasNumber } from "../src/call-customer/number";
import { expectAccessible } from "./axe";
import { callTask, chatTask, edgeOf, fakeFlex, SIDS, type FakeFlex } from "./flex";
import { render } from "./render";
import { fakeWorker, json, lost, ok, refused, type FakeWorker } from "./worker";

describe("a number is known", () => {
  it.each([
    [{ customerAddress: "+15551230001" }],
    [{ customerAddress: "whatsapp:+5511987654321" }],
    [{ from: "sms:+15551230001" }],
    [{ from: "(020) 7183-8750" }],
    [{ customers: { phone: "+1 555 123 0001" } }],
    [{ customerAddress: "visitor", customers: { phone: "+15551230001" } }],
  ])("in %j", (attributes) => expect(hasNumber(attributes)).toBe(true));

  it.each([
    [{}],
    [{ customerAddress: "carol@example.com" }],
    [{ from: "Carol Customer" }],
    [{ customerAddress: "messenger:1234567890" }],
    [{ from: "112" }],
    [{ customers: null }],
    [{ customers: { phone: 15551230001 } }],
    [{ from: "agent 47 12" }],
    [{ customerAddress: "+" }],
  ])("not in %j", (attributes) => expect(hasNumber(attributes)).toBe(false));
});

let fake: FakeFlex;
let worker: FakeWorker;

beforeEach(() => {
  fake = fakeFlex();
  worker = fakeWorker();
  start(edgeOf(fake));
  worker.answer("/health", ok({ features: { dial: { configured: true } } }));
  vi.spyOn(Math, "random").mockReturnValue(-0.5);
});

const sms = (parts: Parameters<typeof chatTask>[0] = {}) =>
  chatTask({ ...parts, attributes: { customerAddress: "+15551230001", ...parts.attributes } });
const dialled = (status: ITask["status"] = "accepted") =>
  callTask({ status, attributes: { dialedFromTaskSid: SIDS.chatTask } });
const show = (task: ITask) => {
  const [{ element } = { element: <></> }] = fake.inside.components.TaskCanvasHeader.added;
  return render(React.cloneElement(element, { task }));
};
const button = () => screen.getByTestId("flex-edge-call-customer");
const made = json(201, {
  success: true,
  taskSid: SIDS.callTask,
  to: "+15551230001",
  from: "+15550001001",
  conversationId: "insights-1",
});

describe("the button", () => {
  it.each([
    ["a web chat without a number", chatTask()],
    ["an offer", sms({ status: "pending" })],
    ["a call", callTask({ status: "accepted", attributes: { from: "+15551230001" } })],
    ["a chat that is over", sms({ status: "completed" })],
  ])("is not there for %s", (_, task) => {
    show(task);
    expect(screen.queryAllByRole("button")).toEqual([]);
  });

  it("dials once, is busy until the call is there, and off while it is open", async () => {
    worker.answer("/dial", made);
    const { container } = show(sms());
    await expectAccessible(container);
    await userEvent.dblClick(button());
    await waitFor(() => expect(button()).toHaveAccessibleName("Dialling"));
    await waitFor(() => expect(worker.only("/dial")).toEqual({ taskSid: SIDS.chatTask }));
    act(() => fake.tasks(dialled()));
    await waitFor(() => expect(button()).toHaveAccessibleName("Call the customer. The call to this customer is open."));
    expect(button()).toHaveAttribute("aria-disabled", "true");
    await expectAccessible(container);
    await userEvent.click(button());
    expect(worker.to("/dial")).toHaveLength(1);
    expect(fake.inside.notifications.shown).toEqual([]);
    act(() => fake.tasks(dialled("wrapping")));
    expect(button()).toHaveAccessibleName("Call the customer");
    expect(button()).toHaveAttribute("aria-disabled", "false");
  });

  it.each([
    ["in another call", () => fake.tasks(callTask({ status: "accepted" })), /in a call already/],
    ["rung by another call", () => fake.tasks(callTask({ status: "pending" })), /in a call already/],
    [
      "offline",
      () => fake.set((flex) => (flex.worker.activity = { sid: "WA-offline", available: false })),
      /You are offline/,
    ],
  ])("can be reached but does nothing when the agent is %s, and says why", async (_, given, text) => {
    given();
    show(sms());
    expect(button()).toHaveAccessibleName(text);
    await userEvent.tab();
    expect(button()).toHaveFocus();
    expect(await screen.findByRole("tooltip", { hidden: true })).toHaveTextContent(text);
    await userEvent.keyboard("{Enter}");
    expect(worker.asked).toEqual([]);
  });
});

describe("dialling", () => {
  const press = async () => {
    show(sms());
    await userEvent.click(button());
    await waitFor(() => expect(button()).toHaveAccessibleName(/^Call the customer/));
  };

  it.each([
    [
      refused(422, { field: "to", validationErrors: ["TOO_SHORT", "NOT_A_NUMBER"] }),
      "The number is not valid (TOO_SHORT, NOT_A_NUMBER).",
    ],
    [refused(422, { field: "to" }), "The number is not valid."],
    [
      refused(400, { field: "callerId" }),
      "There is no number to call from. Ask your administrator to set TWILIO_FLEX_CALLER_ID.",
    ],
    [refused(400, { field: "taskSid", message: "taskSid: is missing" }), "It was refused: taskSid: is missing"],
    [refused(403), "This chat is not yours any more."],
    [refused(409, { taskSid: SIDS.callTask }), "A call from this chat is still open."],
    [refused(503), "The server is busy. Try again in a moment."],
    [refused(504), "Something went wrong on the server. Try again, and tell your administrator if it stays so."],
    [
      refused(500, { missing: ["TWILIO_FLEX_OUTBOUND_WORKFLOW_SID"] }),
      "It is not set up. Ask your administrator to set TWILIO_FLEX_OUTBOUND_WORKFLOW_SID.",
    ],
  ])("tells what is wrong: %#", async (answer, text) => {
    worker.answer("/dial", answer);
    await press();
    expect(fake.told("Failed")).toEqual([`The customer could not be called. ${text} (Request req-1)`]);
  });

  it("tells when nobody answers", async () => {
    worker.answer("/dial", lost());
    await press();
    expect(fake.told("Failed")).toEqual([
      expect.stringMatching(/^The customer could not be called\. The server could not be reached/),
    ]);
  });

  it("tells when the call does not reach Flex", async () => {
    worker.answer("/dial", made);
    show(sms());
    vi.useFakeTimers();
    button().click();
    await act(async () => void (await vi.advanceTimersByTimeAsync(10_000)));
    expect(fake.told("Warning")).toEqual([expect.stringMatching(/did not reach Flex/)]);
  });

  it("is left to Flex where the Worker has no workflow for it", async () => {
    worker.answer(
      "/health",
      ok({ features: { dial: { configured: false, missing: ["TWILIO_FLEX_OUTBOUND_WORKFLOW_SID"] } } }),
    );
    const attributes = { dialedFromTaskSid: SIDS.chatTask, conversations: { conversation_id: "insights-1" } };
    worker.answer("/resolve-dial", ok({ to: "+15551230001", from: "+15550001001", attributes }));
    fake.inside.actions.native.mockImplementation(() => {
      fake.tasks(dialled());
      return Promise.resolve();
    });
    await press();
    expect(fake.inside.actions.native).toHaveBeenCalledWith("StartOutboundCall", {
      destination: "+15551230001",
      callerId: "+15550001001",
      taskAttributes: attributes,
    });
    expect(worker.to("/dial")).toEqual([]);
    expect(fake.inside.notifications.shown).toEqual([]);
  });

  it("shows the call that is in the way, if it is the agent's", async () => {
    worker.answer("/dial", () => {
      fake.tasks(dialled());
      return refused(409, { taskSid: SIDS.callTask });
    });
    await press();
    expect(fake.inside.actions.native).toHaveBeenCalledWith("SelectTask", { sid: dialled().sid });
  });
});
