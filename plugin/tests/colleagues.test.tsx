import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import React from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { start } from "../src/colleagues";
import { expectAccessible } from "./axe";
import { agent } from "./agents";
import { FakeClient, FakeConversation } from "./conversations";
import { edgeOf, fakeFlex, SIDS, type FakeFlex } from "./flex";
import { render } from "./render";
import { fakeWorker, ok, refused, type FakeWorker } from "./worker";

const LIST = "/internal-chat/list-agents";
const everybody = [
  agent("Alice Archer", { workerSid: SIDS.alice }),
  agent("Bob Baker"),
  agent("Carol Cook", { activity: "Lunch" }),
  agent("Heidi", { contactUri: "sip:heidi@x" }),
];

let fake: FakeFlex;
let worker: FakeWorker;
let client: FakeClient;

beforeEach(() => {
  fake = fakeFlex();
  worker = fakeWorker();
  client = new FakeClient();
  fake.inside.manager.conversationsClient = client;
  worker.answer(LIST, ok({ agents: everybody, nextCursor: null }));
  worker.answer("/internal-chat/list-pins", ok({ pins: [], skipped: [] }));
  vi.spyOn(Math, "random").mockReturnValue(-0.5);
});

const show = async (...conversations: FakeConversation[]) => {
  client.has(conversations);
  start(edgeOf(fake));
  const { SideNav, ViewCollection } = fake.inside.components;
  fake.set((flex) => (flex.view = { ...flex.view, activeView: "flex-edge-colleagues" }));
  const shown = render(<>{[SideNav.added[0]!.element, <main key="view">{ViewCollection.added[0]!.element}</main>]}</>);
  await screen.findByText("Lunch");
  return shown;
};
const section = (name: string) => within(screen.getByRole("region", { name }));
const bobs = () =>
  new FakeConversation({
    texts: [
      ["bob", "Hello Alice"],
      ["alice", "Hi Bob"],
    ],
    lastRead: 1,
  });
const openBob = async () => userEvent.click(screen.getAllByRole("button", { name: /^Chat with Bob Baker/ })[0]!);

describe("people", () => {
  it("are the pinned, the recent and everybody, by their names; accessible", async () => {
    worker.answer("/internal-chat/list-pins", ok({ pins: ["alice+carol", "bob+zoe"], skipped: [] }));
    const { container } = await show(
      bobs(),
      new FakeConversation({ uniqueName: "alice+carol", texts: [["carol", "x"]] }),
    );
    await waitFor(() =>
      expect(section("Pinned").getByRole("button")).toHaveAccessibleName("Chat with Carol Cook 1 unread"),
    );
    expect(section("Recent").getByRole("button")).toHaveAccessibleName("Chat with Bob Baker");
    expect(
      section("Directory")
        .getAllByRole("listitem")
        .map((item) => item.textContent),
    ).toEqual([
      "Chat with Bob Baker Available",
      "Chat with Carol Cook Lunch 1 unread",
      "Heidi (cannot be chatted with)",
    ]);
    expect(screen.getByRole("button", { name: "Colleagues (1 unread)" })).toHaveTextContent("[1]");
    await expectAccessible(container);
  });

  it("are searched", async () => {
    await show(bobs());
    worker.answer(LIST, ok({ agents: [agent("Zoe Zimmer")], nextCursor: null }));
    await userEvent.type(screen.getByRole("searchbox", { name: "Search colleagues" }), "zoe");
    await screen.findByText("Zoe Zimmer");
    expect(screen.queryByRole("region", { name: "Recent" })).toBeNull();
    expect(worker.to(LIST).pop()!.form.search).toBe("zoe");
  });

  it("say what could not be loaded, and try again", async () => {
    client.getSubscribedConversations.mockRejectedValueOnce(new Error("offline"));
    worker.answer("/internal-chat/list-pins", refused(500), ok({ pins: ["alice+carol"], skipped: [] }));
    await show(bobs());
    expect(await section("Recent").findByText("Your chats could not be loaded.")).toBeInTheDocument();
    expect(await section("Pinned").findByText("Your pinned chats could not be loaded.")).toBeInTheDocument();
    for (const button of screen.getAllByRole("button", { name: "Try again" })) await userEvent.click(button);
    await section("Pinned").findByText("Carol Cook");
    await section("Recent").findByText("Bob Baker");
  });

  it("load nothing of the Worker's before somebody looks", async () => {
    client.has([bobs()]);
    start(edgeOf(fake));
    render(fake.inside.components.ViewCollection.added[0]!.element);
    await section("Recent").findByText("bob");
    expect(worker.to("/internal-chat/list-pins")).toEqual([]);
  });
});

describe("a chat", () => {
  it("shows its messages, is read, and takes a new one from the keyboard; accessible", async () => {
    const bob = bobs();
    bob.add("bob", "Are you there?");
    const { container } = await show(bob);
    expect(screen.getByRole("button", { name: "Colleagues (1 unread)" })).toBeInTheDocument();
    await openBob();
    await screen.findByText("Are you there?");
    expect(screen.getByRole("button", { name: "Colleagues" })).toBeInTheDocument();
    expect(bob.lastReadMessageIndex).toBe(2);
    expect(
      screen
        .getAllByRole("listitem")
        .filter((item) => item.closest("[role=log]"))
        .map((item) => item.textContent),
    ).toEqual([
      expect.stringMatching(/^Hello AliceBob Baker/),
      expect.stringMatching(/^Hi BobYou/),
      expect.stringMatching(/^Are you there\?Bob Baker/),
    ]);
    const box = screen.getByRole("textbox", { name: "Message to Bob Baker" });
    await userEvent.type(box, "Yes{Shift>}{Enter}{/Shift}I am{Enter}");
    await waitFor(() => expect(bob.sendMessage).toHaveBeenCalledExactlyOnceWith("Yes\nI am"));
    expect(await screen.findByText(/Yes\s+I am/)).toBeInTheDocument();
    expect(box).toHaveValue("");
    expect(bob.typing).toHaveBeenCalled();
    await expectAccessible(container);
  });

  it("sends no empty message, and none twice", async () => {
    const bob = bobs();
    let sent: (index: number) => void = () => undefined;
    bob.sendMessage.mockReturnValue(new Promise((resolve) => (sent = resolve)));
    await show(bob);
    await openBob();
    const box = await screen.findByRole("textbox", { name: "Message to Bob Baker" });
    await userEvent.type(box, "   {Enter}");
    expect(bob.sendMessage).not.toHaveBeenCalled();
    await userEvent.type(box, "Once{Enter}{Enter}");
    expect(bob.sendMessage).toHaveBeenCalledOnce();
    await userEvent.type(box, " and more");
    await act(async () => sent(2));
    expect(box).toHaveValue("   Once and more");
  });

  it("keeps what could not be sent, also over a look at another chat", async () => {
    const bob = bobs();
    bob.sendMessage.mockRejectedValue(new Error("offline"));
    await show(bob, new FakeConversation({ uniqueName: "alice+carol" }));
    await openBob();
    await userEvent.type(await screen.findByRole("textbox", { name: "Message to Bob Baker" }), "Important{Enter}");
    await waitFor(() => expect(fake.told("Failed")).toEqual(["The message was not sent. Flex says: offline"]));
    await userEvent.click(section("Recent").getByRole("button", { name: /^Chat with Carol Cook/ }));
    expect(await screen.findByRole("textbox", { name: "Message to Carol Cook" })).toHaveValue("");
    await openBob();
    expect(await screen.findByRole("textbox", { name: "Message to Bob Baker" })).toHaveValue("Important");
  });

  it("reads on, page by page, each message once", async () => {
    const texts = Array.from({ length: 70 }, (_, index): [string, string] => ["bob", `message ${index}`]);
    await show(new FakeConversation({ texts, lastRead: 69 }));
    await openBob();
    await screen.findByText("message 69");
    expect(screen.queryByText("message 39")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Earlier messages" }));
    await screen.findByText("message 39");
    await userEvent.click(screen.getByRole("button", { name: "Earlier messages" }));
    await screen.findByText("message 0");
    expect(screen.getAllByText(/^message \d+$/).map((bubble) => bubble.textContent)).toEqual(
      texts.map(([, body]) => body),
    );
    expect(screen.queryByRole("button", { name: "Earlier messages" })).toBeNull();
  });

  it("shows what comes in, changes and goes, and who is typing", async () => {
    const bob = bobs();
    await show(bob);
    await openBob();
    await screen.findByText("Hello Alice");
    act(() => void client.emit("typingStarted", { identity: "bob", conversation: bob }));
    expect(screen.getByText("Bob Baker is typing")).toBeInTheDocument();
    const message = act(() => void bob.say("bob", "New")) ?? bob.messages[2]!;
    expect(await screen.findByText("New")).toBeInTheDocument();
    expect(screen.queryByText("Bob Baker is typing")).toBeNull();
    act(() => void bob.emit("messageUpdated", { message: { ...bob.messages[2]!, body: "Newer" } }));
    expect(screen.getByText("Newer")).toBeInTheDocument();
    act(() => void bob.emit("messageRemoved", bob.messages[2]!));
    expect(screen.queryByText("Newer")).toBeNull();
    expect(message).toBeDefined();
  });

  it("reads a message that the chat knows of and that did not come in", async () => {
    const bob = bobs();
    await show(bob);
    await openBob();
    await screen.findByText("Hello Alice");
    bob.add("bob", "Swallowed");
    act(() => void client.emit("conversationUpdated", { conversation: bob, updateReasons: ["lastMessage"] }));
    expect(await screen.findByText("Swallowed")).toBeInTheDocument();
    expect(bob.getMessages).toHaveBeenCalledTimes(2);
    // One that was taken away again is sought once.
    bob.messages.pop();
    act(() => void bob.emit("messageRemoved", { sid: `IM${bob.sid}2` }));
    act(() => void client.emit("conversationUpdated", { conversation: bob, updateReasons: ["lastMessage"] }));
    await new Promise((resume) => setTimeout(resume, 1_000));
    expect(bob.getMessages).toHaveBeenCalledTimes(2);
  });

  it("says when its messages cannot be loaded, and tries again", async () => {
    const bob = bobs();
    bob.getMessages.mockRejectedValueOnce(new Error("offline"));
    await show(bob);
    await openBob();
    await screen.findByText("The messages could not be loaded.");
    expect(fake.told("Failed")).toEqual(["The messages could not be loaded. Flex says: offline"]);
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByText("Hello Alice");
  });

  it("opens attachments, and says when it cannot", async () => {
    const bob = bobs();
    const media = {
      sid: "ME1",
      filename: "plan.pdf",
      contentType: "application/pdf",
      getContentTemporaryUrl: vi.fn(() => Promise.resolve("https://media.example.com/plan.pdf")),
    };
    bob.add("bob", "", { attachedMedia: [media] });
    const open = vi.spyOn(window, "open").mockReturnValue(null);
    await show(bob);
    await openBob();
    await userEvent.click(await screen.findByRole("button", { name: "Attachment plan.pdf" }));
    await waitFor(() => expect(open).toHaveBeenCalledWith("https://media.example.com/plan.pdf", "_blank", "noopener"));
    media.getContentTemporaryUrl.mockRejectedValue(new Error("gone"));
    await userEvent.click(screen.getByRole("button", { name: "Attachment plan.pdf" }));
    await waitFor(() => expect(fake.told("Failed")).toEqual(["The attachment could not be opened. Flex says: gone"]));
  });

  it("says when chat is not connected", async () => {
    await show(bobs());
    await openBob();
    act(() => void client.emit("connectionStateChanged", "disconnected"));
    expect(screen.getByText(/Chat is not connected/)).toBeInTheDocument();
    act(() => void client.emit("connectionStateChanged", "connected"));
    expect(screen.queryByText(/Chat is not connected/)).toBeNull();
  });

  it("is opened by the Worker with somebody new, or not, which is told", async () => {
    await show();
    const carol = new FakeConversation({ uniqueName: "alice+carol" });
    worker.answer("/internal-chat/open", refused(503), refused(503), refused(503), () => {
      act(() => client.joins(carol));
      return ok({ conversationSid: carol.sid, uniqueName: "alice+carol", created: true });
    });
    await userEvent.click(screen.getByRole("button", { name: /^Chat with Carol Cook/ }));
    await waitFor(() =>
      expect(fake.told("Failed")).toEqual([
        "The chat with Carol Cook could not be opened. The server is busy. Try again in a moment. (Request req-1)",
      ]),
    );
    expect(screen.getByText("Choose a colleague to chat with.")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: /^Chat with Carol Cook/ }));
    await screen.findByText("No messages yet.");
    expect(screen.getByRole("textbox", { name: "Message to Carol Cook" })).toBeInTheDocument();
  });

  it("is pinned and unpinned", async () => {
    worker.answer("/internal-chat/pin", ok({ pins: ["alice+bob"], skipped: [] }));
    worker.answer("/internal-chat/unpin", ok());
    await show(bobs());
    await openBob();
    await userEvent.click(await screen.findByRole("button", { name: "Pin Bob Baker" }));
    await section("Pinned").findByText("Bob Baker");
    expect(section("Recent").getByText("No other chats yet.")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Unpin Bob Baker" }));
    await section("Recent").findByText("Bob Baker");
    expect(worker.only("/internal-chat/unpin")).toEqual({ conversation: "alice+bob" });
  });

  it("goes from the screen when it is closed", async () => {
    const bob = bobs();
    await show(bob);
    await openBob();
    await screen.findByText("Hello Alice");
    bob.state = { current: "closed" };
    act(() => void client.emit("conversationUpdated", { conversation: bob, updateReasons: ["state"] }));
    expect(screen.getByText("Choose a colleague to chat with.")).toBeInTheDocument();
  });

  it("is unread again when the agent looks at something else", async () => {
    const bob = bobs();
    await show(bob);
    await openBob();
    await screen.findByText("Hello Alice");
    act(() => fake.set((flex) => (flex.view = { ...flex.view, activeView: "agent-desktop" })));
    act(() => void bob.say("bob", "Hello?"));
    expect(screen.getByRole("button", { name: "Colleagues (1 unread)" })).toBeInTheDocument();
    act(() => fake.set((flex) => (flex.view = { ...flex.view, activeView: "flex-edge-colleagues" })));
    expect(screen.getByRole("button", { name: "Colleagues" })).toBeInTheDocument();
  });
});
