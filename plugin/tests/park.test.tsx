import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { start } from "../src/park";
import type { Parked } from "../src/park/park";
import { expectAccessible } from "./axe";
import { agentIn, callTask, chatTask, edgeOf, fakeFlex, SIDS, type FakeFlex } from "./flex";
import { render } from "./render";
import { fakeWorker, lost, ok, refused, type FakeWorker } from "./worker";

const PARK = "/features/park-interaction/flex/park-interaction";
const BACK = "/features/park-interaction/flex/unpark-interaction";
const LIST = "/parked/list";

let fake: FakeFlex;
let worker: FakeWorker;

beforeEach(() => {
  fake = fakeFlex();
  worker = fakeWorker();
  start(edgeOf(fake));
  vi.spyOn(Math, "random").mockReturnValue(-0.5);
});

describe("the button", () => {
  const show = (task: ITask) => {
    const [{ element } = { element: <></> }] = fake.inside.components.TaskCanvasHeader.added;
    return render(React.cloneElement(element, { task }));
  };
  const press = async (task = chatTask()) => {
    show(task);
    await userEvent.click(screen.getByRole("button", { name: "Park" }));
  };

  it.each([
    ["an offer", chatTask({ status: "pending" })],
    ["a wrap-up", chatTask({ status: "wrapping" })],
    ["a call", callTask({ status: "accepted" })],
  ])("is not there for %s", (_, task) => {
    show(task);
    expect(screen.queryAllByRole("button")).toEqual([]);
  });

  it("parks the chat, once, with all that it needs to come back; accessible", async () => {
    worker.answer(PARK, ok());
    const bob = agentIn(SIDS.bobIn, SIDS.bob, "WT-bob");
    const task = chatTask({
      getParticipants: vi.fn(() => Promise.resolve([bob, agentIn(SIDS.aliceIn, SIDS.alice, SIDS.chatTask)])),
    });
    fake.tasks(task);
    await press(task);
    await waitFor(() => expect(fake.told("Done")).toEqual([expect.stringMatching(/^The chat is parked/)]));
    const { taskAttributes, ...form } = worker.only(PARK);
    expect(form).toEqual({
      channelSid: SIDS.channel,
      interactionSid: SIDS.interaction,
      participantSid: SIDS.aliceIn,
      conversationSid: SIDS.conversation,
      channelType: "web",
      taskSid: SIDS.chatTask,
      workflowSid: task.workflowSid,
      taskChannelUniqueName: "chat",
      queueName: "Support",
      queueSid: SIDS.queue,
      workerSid: SIDS.alice,
      createUpdateSyncMapItem: "true",
    });
    expect(JSON.parse(taskAttributes!)).toEqual(task.attributes);
    const busy = screen.getByRole("button", { name: "Parking" });
    await userEvent.click(busy);
    expect(worker.to(PARK)).toHaveLength(1);
    await expectAccessible();
    act(() => fake.tasks(chatTask({ status: "wrapping" })));
    await screen.findByRole("button", { name: "Park" });
  });

  it.each([
    [
      refused(400, { twilioErrorCode: 50388 }),
      "This chat has no room for one more webhook. Ask your administrator. (Request req-1)",
    ],
    [refused(403), "You are not allowed to do that. (Request req-1)"],
    [refused(409), "This chat is not yours any more, or it is over. (Request req-1)"],
    [refused(422), "This chat holds too much data to be parked. (Request req-1)"],
    [
      refused(502),
      "Something went wrong on the server. Try again, and tell your administrator if it stays so. (Request req-1)",
    ],
    [lost(), "The server could not be reached. Check your connection and try again."],
  ])("tells what is wrong, and asks once: %#", async (answer, text) => {
    worker.answer(PARK, answer);
    await press();
    await waitFor(() => expect(fake.told("Failed")).toEqual([`The chat was not parked. ${text}`]));
    expect(worker.to(PARK)).toHaveLength(1);
  });

  it("does not take somebody else's part for one's own", async () => {
    await press(chatTask({ getParticipants: vi.fn(() => Promise.resolve([agentIn(SIDS.bobIn, SIDS.bob)])) }));
    await waitFor(() =>
      expect(fake.told("Warning")).toEqual([expect.stringMatching(/^The chat was not parked\. Your part/)]),
    );
    expect(worker.asked).toEqual([]);
  });
});

describe("the list", () => {
  const sids = { interactionSid: SIDS.interaction, channelSid: SIDS.channel, taskSid: SIDS.chatTask };
  const carol: Parked = {
    ...sids,
    conversationSid: "CH1",
    webhookSid: "WH1",
    channelType: "web",
    customer: "Carol",
    parkedAt: "2026-11-20T09:30:00Z",
  };
  const dave: Parked = {
    ...sids,
    conversationSid: "CH2",
    webhookSid: "WH2",
    channelType: "sms",
    customer: null,
    parkedAt: "soon",
  };

  const show = async () => {
    const shown = render(fake.inside.components.ViewCollection.added[0]!.element);
    act(() => fake.set((flex) => (flex.view = { ...flex.view, activeView: "flex-edge-parked" })));
    return shown;
  };
  const rows = () =>
    screen
      .getAllByRole("row")
      .slice(1)
      .map((row) =>
        within(row)
          .getAllByRole("cell")
          .map((cell) => cell.textContent),
      );

  it("shows what is parked, asked for when somebody looks; accessible", async () => {
    worker.answer(LIST, ok({ parked: [carol, dave] }));
    render(<></>);
    expect(worker.asked).toEqual([]);
    const { container } = await show();
    await screen.findByText("Carol");
    expect(rows()).toEqual([
      ["Carol", "web", expect.stringMatching(/^11\/20\/26/), "Take back"],
      ["Unknown customer", "sms", "", "Take back"],
    ]);
    await expectAccessible(container);
  });

  it("says that there is nothing", async () => {
    worker.answer(LIST, ok({ parked: [] }));
    await show();
    await screen.findByText("You have no parked chats.");
  });

  it("is asked for again when a chat comes or goes, and by hand", async () => {
    worker.answer(LIST, ok({ parked: [carol] }), ok({ parked: [dave] }), ok({ parked: [] }));
    await show();
    await screen.findByText("Carol");
    act(() => fake.tasks(chatTask()));
    await screen.findByText("Unknown customer");
    await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
    await screen.findByText("You have no parked chats.");
  });

  it("says when it cannot be had, and keeps what it knows", async () => {
    worker.answer(LIST, ok({ parked: [carol] }), refused(500));
    await show();
    await screen.findByText("Carol");
    await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
    await waitFor(() =>
      expect(fake.told("Failed")).toEqual([expect.stringMatching(/^The parked chats could not be listed\. .*req-1/)]),
    );
    expect(screen.getByText("Carol")).toBeInTheDocument();
  });

  it("says when it could never be had", async () => {
    worker.answer(LIST, refused(500));
    await show();
    await screen.findByText("The parked chats could not be listed.");
  });

  it("gives a chat back to its agent", async () => {
    worker.answer(LIST, ok({ parked: [carol, dave] }));
    worker.answer(BACK, ok());
    await show();
    await userEvent.click(await screen.findByRole("button", { name: "Take back the chat with Carol" }));
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(worker.only(BACK)).toEqual({ ConversationSid: "CH1", WebhookSid: "WH1", RouteToSameWorker: "true" });
    expect(fake.told("Done")).toEqual(["The chat is on its way back to you."]);
    worker.asked.length = 0;
    await userEvent.click(screen.getByRole("button", { name: "Take back the chat with Unknown customer" }));
    await screen.findByText("You have no parked chats.");
    expect(worker.only(BACK)).toEqual({ ConversationSid: "CH2", WebhookSid: "WH2", RouteToSameWorker: "true" });
  });

  it.each([[404], [409]])("drops what is back already (%i)", async (status) => {
    worker.answer(LIST, ok({ parked: [carol] }));
    worker.answer(BACK, refused(status));
    await show();
    await userEvent.click(await screen.findByRole("button", { name: /^Take back/ }));
    await screen.findByText("You have no parked chats.");
    expect(fake.told("Failed")).toEqual([expect.stringMatching(/^The chat was not taken back\. It is back already/)]);
  });

  it("keeps what only the customer can bring back, and says so", async () => {
    worker.answer(LIST, ok({ parked: [carol] }));
    worker.answer(BACK, refused(409, { reason: "onlyByMessage" }));
    await show();
    await userEvent.click(await screen.findByRole("button", { name: /^Take back/ }));
    await waitFor(() =>
      expect(fake.told("Failed")).toEqual([
        expect.stringMatching(/^The chat was not taken back\. It is still parked, but only the customer/),
      ]),
    );
    expect(screen.getByRole("button", { name: /^Take back/ })).toBeEnabled();
  });

  it("keeps what could not be taken back", async () => {
    worker.answer(LIST, ok({ parked: [carol] }));
    worker.answer(BACK, lost());
    await show();
    await userEvent.click(await screen.findByRole("button", { name: /^Take back/ }));
    await waitFor(() =>
      expect(fake.told("Failed")).toEqual([
        expect.stringMatching(/^The chat was not taken back\. The server could not be reached/),
      ]),
    );
    expect(screen.getByRole("button", { name: /^Take back/ })).toBeEnabled();
    expect(worker.to(BACK)).toHaveLength(1);
  });
});
