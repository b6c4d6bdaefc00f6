import { beforeEach, describe, expect, it, vi } from "vitest";
import { Chats } from "../src/colleagues/Chats";
import { chatName, identityOf, loginOf, otherIn } from "../src/colleagues/identity";
import { Names } from "../src/colleagues/Names";
import { Pins } from "../src/colleagues/Pins";
import type { Edge } from "../src/edge";
import { agent } from "./agents";
import { FakeClient, FakeConversation } from "./conversations";
import { edgeOf, fakeFlex, type FakeFlex } from "./flex";
import { fakeWorker, lost, ok, refused, type FakeWorker } from "./worker";

let fake: FakeFlex;
let worker: FakeWorker;
let edge: Edge;
let client: FakeClient;

beforeEach(() => {
  fake = fakeFlex();
  worker = fakeWorker();
  edge = edgeOf(fake);
  client = new FakeClient();
  vi.spyOn(Math, "random").mockReturnValue(-0.5);
});

describe("names of chats", () => {
  it("are both identities, sorted", () => {
    expect(chatName("bob", "alice")).toBe("alice+bob");
    expect([otherIn("alice+bob", "alice"), otherIn("alice+bob", "bob")]).toEqual(["bob", "alice"]);
  });
  it.each(["alice", "bob+carol", "alice+alice", "alice+", "+alice", "alice+bob+carol", ""])(
    "%j is no chat of alice's",
    (name) => {
      expect(otherIn(name, "alice")).toBeUndefined();
    },
  );
  it("come from contact URIs, and tell the login", () => {
    expect(identityOf(agent("Bob", { contactUri: "client:bob_40example_2Ecom" }))).toBe("bob_40example_2Ecom");
    for (const contactUri of [null, "", "sip:bob@x", "client:"])
      expect(identityOf(agent("Bob", { contactUri }))).toBeUndefined();
    expect(loginOf("bob_40example_2Ecom")).toBe("bob@example.com");
    expect(loginOf("snake_case")).toBe("snake_case");
  });
});

describe("chats", () => {
  const chats = async (...pages: FakeConversation[][]) => {
    client.has(...pages);
    const chats = new Chats(edge, client.sdk);
    await chats.load();
    return chats;
  };
  const withBob = (parts: ConstructorParameters<typeof FakeConversation>[0] = {}) =>
    new FakeConversation({
      texts: [
        ["bob", "1"],
        ["alice", "2"],
        ["bob", "3"],
      ],
      lastRead: 0,
      ...parts,
    });

  it("are all pages of the agent's internal chats, and no other conversation", async () => {
    const carol = new FakeConversation({ uniqueName: "alice+carol", texts: [["carol", "x"]] });
    const all = await chats(
      [
        withBob(),
        new FakeConversation({ attributes: {} }),
        new FakeConversation({ attributes: null }),
        new FakeConversation({ attributes: [] }),
      ],
      [
        new FakeConversation({ uniqueName: "bob+carol" }),
        new FakeConversation({ uniqueName: null }),
        new FakeConversation({ uniqueName: "alice+dave", state: "closed" }),
      ],
      [carol, new FakeConversation({ uniqueName: "alice+erin", status: "notParticipating" })],
    );
    expect(all.status).toBe("ready");
    expect(all.all.map(({ other, unread }) => [other, unread])).toEqual([
      ["bob", 2],
      ["carol", 1],
    ]);
    expect(all.unread).toBe(3);
  });

  it("say when they cannot be loaded, and can be loaded again", async () => {
    client.getSubscribedConversations.mockRejectedValueOnce(new Error("offline"));
    const all = await chats([withBob()]);
    expect([all.status, all.all]).toEqual(["failed", []]);
    expect(fake.told("Failed")).toEqual(["Your chats could not be loaded. Flex says: offline"]);
    await all.load();
    expect([all.status, all.all.length]).toEqual(["ready", 1]);
  });

  it("count what comes in, unless it is on the screen or one's own", async () => {
    const bob = withBob({ lastRead: 2 });
    const all = await chats([bob]);
    expect(all.unread).toBe(0);
    bob.say("bob", "4");
    expect(all.unread).toBe(1);
    bob.say("bob", "5");
    expect(all.unread).toBe(2);
    all.show("alice+bob");
    expect(all.unread).toBe(0);
    expect(bob.lastReadMessageIndex).toBe(4);
    bob.say("bob", "6");
    expect([all.unread, bob.lastReadMessageIndex]).toEqual([0, 5]);
    all.show(undefined);
    bob.say("bob", "7");
    expect(all.unread).toBe(1);
    bob.say("alice", "8");
    expect([all.unread, bob.lastReadMessageIndex]).toEqual([0, 7]);
  });

  it("follow what another device has read", async () => {
    const bob = withBob();
    const all = await chats([bob]);
    bob.lastReadMessageIndex = 2;
    client.emit("conversationUpdated", { conversation: bob, updateReasons: ["lastReadMessageIndex"] });
    expect(all.unread).toBe(0);
  });

  it("live with marking as read that fails", async () => {
    const bob = withBob();
    bob.setAllMessagesRead.mockRejectedValue(new Error("offline"));
    const all = await chats([bob]);
    all.show("alice+bob");
    await new Promise((resume) => setTimeout(resume));
    expect(all.unread).toBe(0);
  });

  it("come and go: one that is joined, left, removed, closed", async () => {
    const bob = withBob();
    const all = await chats([bob]);
    const carol = new FakeConversation({ uniqueName: "alice+carol" });
    client.joins(carol);
    expect(all.all.map(({ other }) => other)).toEqual(["bob", "carol"]);
    client.emit("conversationLeft", carol);
    expect(all.all.map(({ other }) => other)).toEqual(["bob"]);
    client.joins(carol);
    client.emit("conversationRemoved", carol);
    client.joins(carol);
    // The clean-up closes it and takes its name away.
    carol.state = { current: "closed" };
    carol.uniqueName = `closed-${carol.sid}`;
    client.emit("conversationUpdated", { conversation: carol, updateReasons: ["state"] });
    expect(all.all.map(({ other }) => other)).toEqual(["bob"]);
  });

  it("show who is typing, until they have said it or stop", async () => {
    const bob = withBob();
    const all = await chats([bob]);
    const typing = () => all.named("alice+bob")!.isTyping;
    client.emit("typingStarted", { identity: "bob", conversation: bob });
    expect(typing()).toBe(true);
    client.emit("conversationUpdated", { conversation: bob, updateReasons: [] });
    expect(typing()).toBe(true);
    client.emit("typingEnded", { identity: "bob", conversation: bob });
    expect(typing()).toBe(false);
    client.emit("typingStarted", { identity: "alice", conversation: bob });
    expect(typing()).toBe(false);
    client.emit("typingStarted", { identity: "bob", conversation: bob });
    bob.say("bob", "4");
    expect(typing()).toBe(false);
    client.emit("typingStarted", {
      identity: "carol",
      conversation: new FakeConversation({ uniqueName: "alice+carol" }),
    });
  });

  it("know whether they are connected", async () => {
    const all = await chats([]);
    client.emit("connectionStateChanged", "disconnected");
    expect(all.isConnected).toBe(false);
    client.emit("connectionStateChanged", "connected");
    expect(all.isConnected).toBe(true);
  });

  it("leave everybody else's listeners alone", async () => {
    const bob = withBob();
    await chats([bob]);
    expect(bob.eventNames()).toEqual([]);
  });

  describe("are opened", () => {
    const opened = (conversation: FakeConversation) =>
      ok({ conversationSid: conversation.sid, uniqueName: "alice+bob", created: true });

    it("without asking anybody when they are there", async () => {
      const all = await chats([withBob()]);
      expect((await all.open("bob", "Bob"))?.name).toBe("alice+bob");
      expect(worker.asked).toEqual([]);
    });

    it("by the Worker, as soon as Flex's chat has them", async () => {
      const all = await chats([]);
      const bob = withBob();
      worker.answer("/internal-chat/open", opened(bob));
      client.getConversationBySid.mockRejectedValueOnce(new Error("Not Found")).mockResolvedValueOnce(bob.sdk);
      vi.useFakeTimers();
      const opening = all.open("bob", "Bob");
      await vi.advanceTimersByTimeAsync(5_000);
      expect((await opening)?.conversation.sid).toBe(bob.sid);
      expect(worker.only("/internal-chat/open")).toEqual({ participant: "bob" });
    });

    it("also when Flex's chat has them before the agent is in", async () => {
      const all = await chats([]);
      const bob = withBob({ status: "notParticipating" });
      worker.answer("/internal-chat/open", opened(bob));
      client.getConversationBySid.mockResolvedValue(bob.sdk);
      vi.useFakeTimers();
      const opening = all.open("bob", "Bob");
      await vi.advanceTimersByTimeAsync(100);
      bob.status = "joined";
      await vi.advanceTimersByTimeAsync(5_000);
      expect((await opening)?.conversation.sid).toBe(bob.sid);
      bob.status = "notParticipating";
      client.emit("conversationLeft", bob);
      const again = all.open("bob", "Bob");
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await again).toBeUndefined();
      expect(fake.told("Failed")).toEqual(["The chat with Bob could not be opened. Flex says: the chat has not arrived"]);
    });

    it("and it is told when Flex's chat never has them", async () => {
      const all = await chats([]);
      worker.answer("/internal-chat/open", opened(withBob()));
      vi.useFakeTimers();
      const opening = all.open("bob", "Bob");
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await opening).toBeUndefined();
      expect(fake.told("Failed")).toEqual(["The chat with Bob could not be opened. Flex says: Not Found"]);
    });

    it.each([
      [
        refused(409, { conversationSid: "CH1" }),
        "A conversation that cannot be used has its name. Ask your administrator to delete it.",
      ],
      [refused(400, { field: "participant" }), "There is no such colleague."],
      [refused(403), "You are not allowed to do that."],
    ])("not against the Worker: %#", async (answer, text) => {
      const all = await chats([]);
      worker.answer("/internal-chat/open", answer);
      expect(await all.open("bob", "Bob")).toBeUndefined();
      expect(fake.told("Failed")).toEqual([`The chat with Bob could not be opened. ${text} (Request req-1)`]);
    });
  });
});

describe("pins", () => {
  const pins = () => new Pins(edge, "alice");
  const list = (names: string[]) => worker.answer("/internal-chat/list-pins", ok({ pins: names, skipped: [] }));

  it("are the Worker's", async () => {
    list(["alice+bob"]);
    const all = pins();
    await all.load();
    expect([all.status, all.names, all.has("alice+bob")]).toEqual(["ready", ["alice+bob"], true]);
  });

  it("say when they cannot be loaded, and keep what they know", async () => {
    worker.answer("/internal-chat/list-pins", refused(500));
    const all = pins();
    await all.load();
    expect(all.status).toBe("failed");
    expect(fake.told("Failed")).toEqual([expect.stringMatching(/^Your pinned chats could not be loaded\. .*req-1/)]);
  });

  it("are set at once, and then as the Worker says", async () => {
    const all = pins();
    worker.answer("/internal-chat/pin", ok({ pins: ["alice+carol", "alice+bob"], skipped: [] }));
    const pinning = all.pin("alice+bob");
    expect(all.names).toEqual(["alice+bob"]);
    await pinning;
    expect(all.names).toEqual(["alice+carol", "alice+bob"]);
    expect(worker.only("/internal-chat/pin")).toEqual({ conversation: "alice+bob" });
  });

  it.each([
    [refused(422, { limit: 100 }), "No more than 100 chats can be pinned. Unpin one first. (Request req-1)"],
    [refused(403), "You are not allowed to do that. (Request req-1)"],
    [lost(), "The server could not be reached. Check your connection and try again."],
  ])("are taken back when that fails: %#", async (answer, text) => {
    worker.answer("/internal-chat/pin", answer);
    const all = pins();
    await all.pin("alice+bob");
    expect(all.names).toEqual([]);
    expect(fake.told("Failed")).toEqual([`The chat could not be pinned. ${text}`]);
  });

  it("are forgotten, and come back where they were when that fails", async () => {
    list(["alice+bob", "alice+carol"]);
    worker.answer("/internal-chat/unpin", ok(), refused(500));
    const all = pins();
    await all.load();
    await all.unpin("alice+bob");
    expect(all.names).toEqual(["alice+carol"]);
    list(["alice+bob", "alice+carol"]);
    await all.load();
    await all.unpin("alice+bob");
    expect(all.names).toEqual(["alice+bob", "alice+carol"]);
    expect(fake.told("Failed")).toEqual([expect.stringMatching(/^The chat could not be unpinned/)]);
  });

  it("move in once from the internal chat plugin; other people's stay for them", async () => {
    localStorage.setItem("PinnedChats", JSON.stringify(["alice+bob", "carol+dave", 7, "alice+erin"]));
    list([]);
    worker.answer("/internal-chat/pin", ok({ pins: ["alice+bob", "alice+erin"], skipped: [] }));
    const all = pins();
    await all.load();
    expect(all.names).toEqual(["alice+bob", "alice+erin"]);
    expect(worker.only("/internal-chat/pin")).toEqual({ conversations: JSON.stringify(["alice+bob", "alice+erin"]) });
    expect(localStorage.getItem("PinnedChats")).toBe(JSON.stringify(["carol+dave"]));
    await all.load();
    expect(worker.to("/internal-chat/pin")).toHaveLength(1);
  });

  it("leave nothing behind, and wait when the Worker cannot take them", async () => {
    localStorage.setItem("PinnedChats", JSON.stringify(["alice+bob"]));
    list([]);
    worker.answer("/internal-chat/pin", refused(500), ok({ pins: ["alice+bob"], skipped: [] }));
    const all = pins();
    await all.load();
    expect(localStorage.getItem("PinnedChats")).not.toBeNull();
    await all.load();
    expect(localStorage.getItem("PinnedChats")).toBeNull();
  });

  it.each(["{", "{}", "3", "null"])("are not disturbed by %s in local storage", async (text) => {
    localStorage.setItem("PinnedChats", text);
    list(["alice+bob"]);
    const all = pins();
    await all.load();
    expect(all.names).toEqual(["alice+bob"]);
  });
});

describe("names", () => {
  const names = () => new Names(edge, client.sdk);

  it("are the directory's, and the login until then", async () => {
    worker.answer(
      "/internal-chat/list-agents",
      ok({
        agents: [
          agent("Bobby", { contactUri: "client:x" }),
          agent("Bob Baker", { contactUri: "client:bob_40x_2Ecom" }),
        ],
        nextCursor: null,
      }),
    );
    const all = names();
    expect(all.of("bob_40x_2Ecom")).toBe("bob@x.com");
    await Promise.all([all.find("bob_40x_2Ecom"), all.find("bob_40x_2Ecom")]);
    expect(all.of("bob_40x_2Ecom")).toBe("Bob Baker");
    expect(worker.only("/internal-chat/list-agents")).toEqual({ search: "bob@x.com", limit: "10" });
  });

  it("are Flex's chat's for who is no worker any more", async () => {
    worker.answer("/internal-chat/list-agents", ok({ agents: [], nextCursor: null }));
    client.getUser.mockResolvedValue({ identity: "zoe", friendlyName: "Zoe Zimmer" });
    const all = names();
    await all.find("zoe");
    expect(all.of("zoe")).toBe("Zoe Zimmer");
  });

  it("stay the login when nobody knows better", async () => {
    worker.answer("/internal-chat/list-agents", refused(500));
    const all = names();
    await all.find("zoe");
    expect(all.of("zoe")).toBe("zoe");
    expect(fake.inside.notifications.shown).toEqual([]);
  });

  it("are not asked for when the directory has shown them", async () => {
    const all = names();
    all.learn([agent("Bob Baker")]);
    await all.find("bob");
    expect(worker.asked).toEqual([]);
  });
});
