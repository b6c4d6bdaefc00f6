import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Edge } from "../src/edge";
import { start } from "../src/hand-over";
import { expectAccessible } from "./axe";
import { agentIn, callTask, chatTask, edgeOf, fakeFlex, SIDS, type FakeFlex } from "./flex";
import { render } from "./render";
import { fakeWorker, lost, ok, refused, type FakeWorker } from "./worker";

const INVITE = "/features/conversation-transfer/flex/invite-participant";
const REMOVE = "/features/conversation-transfer/flex/remove-participant";
const STATUS = "/common/flex/taskrouter/update-task-assignment-status";
const ATTRIBUTES = "/common/flex/conversations/update-attributes";
const QUEUES = "/common/flex/taskrouter/get-queues";
const INVITE_TASK = `WT${"9".repeat(32)}`;

let fake: FakeFlex;
let worker: FakeWorker;
let edge: Edge;

beforeEach(() => {
  fake = fakeFlex();
  worker = fakeWorker();
  edge = edgeOf(fake);
  start(edge);
  worker.answer(INVITE, ok({ message: "sent", participantInviteSid: "KG1", invitesTaskSid: INVITE_TASK }));
  worker.answer(ATTRIBUTES, ok());
  worker.answer(STATUS, ok());
  worker.answer(REMOVE, ok());
  vi.spyOn(Math, "random").mockReturnValue(-0.5);
});

const hand = (task: ITask, targetSid: string, mode: "COLD" | "WARM" = "COLD", attributes?: object) =>
  fake.inside.actions.invokeAction("TransferTask", { task, targetSid, options: { mode, attributes } });
const invited = (targetSid: string, targetName = "Bob Baker") => ({
  invites: { [INVITE_TASK]: { invitesTaskSid: INVITE_TASK, targetSid, targetName, inviteTargetType: "Worker" } },
});
const together = (...others: object[]) =>
  chatTask({
    getParticipants: vi.fn(() => Promise.resolve([...others, agentIn(SIDS.aliceIn, SIDS.alice, SIDS.chatTask)])),
  });
const bobIn = agentIn(SIDS.bobIn, SIDS.bob, "WT-bob");

describe("a chat is handed over", () => {
  it("cold to an agent: the agent's own part is the one that leaves", async () => {
    // Bob's part comes first: it must not be taken for Alice's.
    await hand(together(bobIn), SIDS.carol, "COLD", { note: "late order" });
    const { jsonAttributes, ...form } = worker.only(INVITE);
    expect(form).toEqual({
      taskSid: SIDS.chatTask,
      conversationId: "insights-1",
      conversationSid: SIDS.conversation,
      transferTargetSid: SIDS.carol,
      transferWorkerName: "Bob Baker",
      workersToIgnore: JSON.stringify({ workerSidsInConversation: [SIDS.bob, SIDS.alice] }),
      flexInteractionSid: SIDS.interaction,
      flexInteractionChannelSid: SIDS.channel,
      removeFlexInteractionParticipantSid: SIDS.aliceIn,
      taskChannelUniqueName: "chat",
    });
    expect(JSON.parse(jsonAttributes!)).toMatchObject({ conversationSid: SIDS.conversation, note: "late order" });
    expect(fake.told("Done")).toEqual(["The chat was handed over to Bob Baker."]);
    expect(fake.inside.actions.native).not.toHaveBeenCalled();
  });

  it("warm to a queue, by its name", async () => {
    worker.answer(QUEUES, ok({ queues: [{ sid: SIDS.queue, friendlyName: "Billing", targetWorkers: null }] }));
    const task = chatTask({ attributes: { conversations: undefined } });
    await hand(task, SIDS.queue, "WARM");
    expect(worker.only(INVITE)).toMatchObject({
      transferTargetSid: SIDS.queue,
      transferQueueName: "Billing",
      conversationId: SIDS.chatTask,
    });
    expect(worker.only(INVITE)).not.toHaveProperty("removeFlexInteractionParticipantSid");
    expect(worker.only(INVITE)).not.toHaveProperty("transferWorkerName");
    expect(fake.told("Done")).toEqual(["Billing is invited to the chat."]);
  });

  it("to an agent whose name Flex does not tell", async () => {
    fake.inside.manager.workspaceClient.fetchWorkerInfo.mockRejectedValue(new Error("no"));
    await hand(chatTask(), SIDS.bob);
    expect(fake.told("Done")).toEqual(["The chat was handed over to somebody."]);
  });

  it("once, however often it is asked for", async () => {
    const task = chatTask();
    await Promise.all([hand(task, SIDS.bob), hand(task, SIDS.bob), hand(task, SIDS.carol)]);
    expect(worker.to(INVITE)).toHaveLength(1);
  });

  it("by a part that is known by its agent only", async () => {
    await hand(
      chatTask({ getParticipants: vi.fn(() => Promise.resolve([agentIn(SIDS.aliceIn, SIDS.alice)])) }),
      SIDS.bob,
    );
    expect(worker.only(INVITE)).toMatchObject({ removeFlexInteractionParticipantSid: SIDS.aliceIn });
  });

  it.each([
    ["to oneself", chatTask(), SIDS.alice, /You are in this chat already/],
    ["to somebody who is in it", together(bobIn), SIDS.bob, /is in the chat already/],
    [
      "without a part in it",
      chatTask({ getParticipants: vi.fn(() => Promise.resolve([bobIn])) }),
      SIDS.carol,
      /Your part in this chat could not be found/,
    ],
    [
      "without any part",
      chatTask({ getParticipants: vi.fn(() => Promise.resolve([{}])) }),
      SIDS.carol,
      /Your part in this chat could not be found/,
    ],
  ])("not %s", async (_, task, target, text) => {
    await hand(task, target);
    expect(fake.told("Warning")).toEqual([expect.stringMatching(text)]);
    expect(worker.asked).toEqual([]);
  });

  it("warm to the same target once; cold again is fine", async () => {
    fake.conversation(invited(SIDS.bob));
    vi.useFakeTimers();
    const inviting = hand(chatTask(), SIDS.bob, "WARM");
    await vi.advanceTimersByTimeAsync(2_000);
    await inviting;
    expect(fake.told("Warning")).toEqual(["This target is invited already."]);
    await hand(chatTask(), SIDS.bob, "COLD");
    expect(worker.to(INVITE)).toHaveLength(1);
  });

  it("warm again to whoever has declined", async () => {
    const conversation = fake.conversation(invited(SIDS.bob));
    worker.answer(ATTRIBUTES, () => {
      conversation.attributes = {};
      conversation.emit("updated");
      return ok();
    });
    await hand(chatTask(), SIDS.bob, "WARM");
    expect(worker.to(INVITE)).toHaveLength(1);
    expect(fake.told("Done")).toEqual(["Bob Baker is invited to the chat."]);
  });

  it("not to a queue that is gone", async () => {
    worker.answer(QUEUES, ok({ queues: [] }));
    await hand(chatTask(), `WQ${"8".repeat(32)}`);
    expect(fake.told("Warning")).toEqual([
      expect.stringMatching(/^The chat was not handed over\. The queue was not found/),
    ]);
  });

  it.each([
    [
      refused(502, { participantInviteSid: "KG1" }),
      "The invitation is sent, but you are still in the chat. Hand over again to leave it.",
    ],
    [refused(409), "Your part was just handed over to somebody else."],
    [refused(403), "You are not allowed to do that."],
    [
      refused(500, { missing: ["TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID"] }),
      "It is not set up. Ask your administrator to set TWILIO_FLEX_CHAT_TRANSFER_WORKFLOW_SID.",
    ],
    [refused(429), "The server is busy. Try again in a moment."],
  ])("unless the Worker says no: %#", async (answer, text) => {
    worker.answer(INVITE, answer);
    await hand(chatTask(), SIDS.bob);
    expect(fake.told("Failed")).toEqual([`The chat was not handed over. ${text} (Request req-1)`]);
    expect(fake.told("Done")).toEqual([]);
  });

  it("unless nobody answers", async () => {
    worker.answer(INVITE, lost());
    await hand(chatTask(), SIDS.bob);
    expect(fake.told("Failed")).toEqual([expect.stringMatching(/could not be reached/)]);
  });

  it("unless Flex cannot tell who is in it", async () => {
    await hand(chatTask({ getParticipants: vi.fn(() => Promise.reject(new Error("Channel not found"))) }), SIDS.bob);
    expect(fake.told("Failed")).toEqual(["The chat was not handed over. Flex says: Channel not found"]);
  });

  it("and calls by Flex itself", async () => {
    const task = callTask({ status: "accepted" });
    await hand(task, SIDS.bob);
    expect(fake.inside.actions.native).toHaveBeenCalledWith("TransferTask", expect.objectContaining({ task }));
    expect(worker.asked).toEqual([]);
  });
});

const show = (task: ITask) => {
  const [{ element } = { element: <></> }] = fake.inside.components.TaskCanvasHeader.added;
  return render(React.cloneElement(element, { task }));
};
const button = () => screen.queryByRole("button", { name: "Hand over to an agent or a queue" });
const others = () => screen.queryByRole("button", { name: "Others in this chat" });

describe("a chat's header", () => {
  it("opens Flex's directory", async () => {
    const task = chatTask();
    const { container } = show(task);
    await userEvent.click(button()!);
    expect(fake.inside.actions.native).toHaveBeenCalledWith("ShowDirectory", { task });
    expect(others()).toBeNull();
    await expectAccessible(container);
  });

  it.each([
    ["an offer", chatTask({ status: "pending" })],
    ["a wrap-up", chatTask({ status: "wrapping" })],
    ["a call", callTask({ status: "accepted" })],
    ["no task", undefined],
    ["a chat of before Flex Conversations", chatTask({ attributes: { flexInteractionChannelSid: undefined } })],
  ])("has nothing for %s", (_, task) => {
    show(task as ITask);
    expect(screen.queryAllByRole("button")).toEqual([]);
  });

  it("leaves handing over to Flex where Twilio has switched that on", async () => {
    fake.conversation(invited(SIDS.bob));
    act(() => fake.set((flex) => (flex.featureFlags = { transfersConfig: { enabled: true } })));
    show(chatTask());
    await waitFor(() => expect(others()).toBeInTheDocument());
    expect(button()).toBeNull();
  });

  it("is busy while it is handed over", async () => {
    let answer: (response: Response) => void = () => undefined;
    worker.answer(INVITE, () => new Promise((resolve) => (answer = resolve)));
    const task = chatTask();
    show(task);
    const handing = hand(task, SIDS.bob);
    const busy = await screen.findByRole("button", { name: "Handing over" });
    expect(busy).toHaveAttribute("aria-disabled", "true");
    await userEvent.click(busy);
    expect(fake.inside.actions.native).not.toHaveBeenCalled();
    await waitFor(() => expect(worker.to(INVITE)).toHaveLength(1));
    await act(async () => {
      answer(ok({ message: "sent", participantInviteSid: "KG1" }));
      await handing;
    });
    expect(button()).toBeInTheDocument();
  });
});

describe("an invitation", () => {
  const open = async (task = chatTask()) => {
    const conversation = fake.conversation(invited(SIDS.bob));
    const { container } = show(task);
    await userEvent.click(await screen.findByRole("button", { name: "Others in this chat" }));
    return { conversation, container };
  };

  it("is canceled from the keyboard, and the conversation tidied", async () => {
    const { container } = await open();
    const item = await screen.findByRole("menuitem", { name: "Cancel the invitation of Bob Baker" });
    await expectAccessible(container);
    item.focus();
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(fake.told("Done")).toEqual(["The invitation of Bob Baker is canceled."]));
    expect(worker.only(STATUS)).toEqual({ taskSid: INVITE_TASK, assignmentStatus: "canceled" });
    // Once when the menu opened, once after the cancellation.
    await waitFor(() =>
      expect(worker.to(ATTRIBUTES).map(({ form }) => [form.conversationSid, form.attributes])).toEqual([
        [SIDS.conversation, "{}"],
        [SIDS.conversation, "{}"],
      ]),
    );
  });

  it("that was just accepted is told so", async () => {
    worker.answer(STATUS, refused(400, { twilioErrorCode: 20001 }));
    await open();
    await userEvent.click(await screen.findByRole("menuitem", { name: /Cancel/ }));
    await waitFor(() =>
      expect(fake.told("Failed")).toEqual([
        "The invitation was not canceled. The invitation was just accepted. (Request req-1)",
      ]),
    );
    expect(worker.to(ATTRIBUTES)).toHaveLength(1);
  });

  it("is gone from the menu when the conversation says so, or when the agent is in", async () => {
    const { conversation } = await open();
    conversation.attributes = {};
    act(() => void conversation.emit("updated"));
    await waitFor(() => expect(others()).toBeNull());
    // The agent who was invited is in: that is no open invitation, but another agent.
    const task = together(bobIn);
    show(task);
    conversation.attributes = invited(SIDS.bob);
    act(() => void conversation.emit("participantJoined"));
    await userEvent.click((await screen.findAllByRole("button", { name: "Others in this chat" })).pop()!);
    expect(await screen.findByRole("menuitem", { name: "Leave this chat" })).toBeInTheDocument();
    expect(screen.queryAllByRole("menuitem", { name: /Cancel/ })).toEqual([]);
  });

  it.each(["WrapupTask", "CompleteTask"])("keeps a chat from being ended (%s)", async (action) => {
    fake.conversation(invited(SIDS.bob));
    vi.useFakeTimers();
    const ending = fake.inside.actions.invokeAction(action, { task: chatTask() });
    await vi.advanceTimersByTimeAsync(2_000);
    await ending;
    expect(fake.told("Warning")).toEqual([expect.stringMatching(/^Bob Baker is still invited/)]);
    expect(fake.inside.actions.native).not.toHaveBeenCalled();
  });

  it("that was declined does not: the Worker takes it off when it is asked", async () => {
    const conversation = fake.conversation(invited(SIDS.bob));
    worker.answer(ATTRIBUTES, () => {
      conversation.attributes = {};
      conversation.emit("updated");
      return ok();
    });
    const task = chatTask();
    await fake.inside.actions.invokeAction("WrapupTask", { task });
    expect(fake.inside.actions.native).toHaveBeenCalledWith("WrapupTask", { task });
  });

  it("does not either once the chat is being wrapped up", async () => {
    fake.conversation(invited(SIDS.bob));
    const task = chatTask({ status: "wrapping" });
    await fake.inside.actions.invokeAction("CompleteTask", { task });
    expect(fake.inside.actions.native).toHaveBeenCalledWith("CompleteTask", { task });
  });
});

describe("leaving", () => {
  const leave = async () => {
    show(together(bobIn));
    await userEvent.click(await screen.findByRole("button", { name: "Others in this chat" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Leave this chat" }));
  };

  it("takes the agent's own part out", async () => {
    await leave();
    await waitFor(() =>
      expect(worker.only(REMOVE)).toEqual({
        flexInteractionSid: SIDS.interaction,
        flexInteractionChannelSid: SIDS.channel,
        flexInteractionParticipantSid: SIDS.aliceIn,
        conversationSid: SIDS.conversation,
      }),
    );
    expect(fake.told("Failed")).toEqual([]);
  });

  it("says when it failed", async () => {
    worker.answer(REMOVE, refused(502));
    await leave();
    await waitFor(() =>
      expect(fake.told("Failed")).toEqual([expect.stringMatching(/^You have not left the chat\. .*req-1/)]),
    );
  });
});

it("an agent who has accepted an invitation has it taken off the conversation", async () => {
  vi.useFakeTimers();
  fake.inside.manager.events.emit("taskAccepted", chatTask({ attributes: { transferTargetSid: SIDS.alice } }));
  fake.inside.manager.events.emit("taskAccepted", chatTask());
  fake.inside.manager.events.emit("taskAccepted", callTask());
  await vi.advanceTimersByTimeAsync(5_000);
  expect(worker.only(ATTRIBUTES)).toEqual({ conversationSid: SIDS.conversation, attributes: "{}" });
});
