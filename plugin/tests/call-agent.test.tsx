import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import React from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CallAgent } from "../src/call-agent/CallAgent";
import { agent } from "./agents";
import { expectAccessible } from "./axe";
import { callTask, edgeOf, fakeFlex, SIDS, type FakeFlex } from "./flex";
import { render } from "./render";
import { fakeWorker, lost, ok, refused, type FakeWorker } from "./worker";

const LIST = "/internal-chat/list-agents";

let fake: FakeFlex;
let worker: FakeWorker;

beforeEach(() => {
  fake = fakeFlex();
  worker = fakeWorker();
  fake.set((flex) => (flex.view.isOutboundDialerOpen = true));
  worker.answer("/health", ok({ features: {} }));
});

const show = () => render(<CallAgent edge={edgeOf(fake)} />);
const bob = agent("Bob Baker", { workerSid: SIDS.bob });

describe("the directory in the dialpad", () => {
  it("lists everybody but oneself, page by page, and is accessible", async () => {
    worker.answer(
      LIST,
      ok({ agents: [agent("Alice Archer", { workerSid: SIDS.alice }), bob], nextCursor: "b" }),
      ok({
        agents: [agent("Zoe Zimmer", { activity: "Lunch", available: false }), agent("Heidi", { contactUri: null })],
        nextCursor: null,
      }),
    );
    const { container } = show();
    await screen.findByText("Bob Baker");
    expect(screen.getByText("More than 1 agent found.")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Show more agents" }));
    await screen.findByText("Zoe Zimmer");
    expect(worker.to(LIST).map(({ form }) => form.cursor)).toEqual([undefined, "b"]);
    expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
      expect.stringContaining("Bob BakerAvailable"),
      expect.stringContaining("Zoe ZimmerLunch"),
      expect.stringContaining("Heidicannot be called"),
    ]);
    expect(screen.getByRole("button", { name: "Call Bob Baker" })).toBeEnabled();
    expect(screen.getByRole("button", { name: "Call Zoe Zimmer" })).toBeDisabled();
    expect(screen.getByRole("button", { name: "Call Heidi" })).toBeDisabled();
    expect(screen.getByText("3 agents found.")).toBeInTheDocument();
    await expectAccessible(container);
  });

  it("asks nothing while the dialpad is closed", async () => {
    fake.set((flex) => (flex.view.isOutboundDialerOpen = false));
    worker.answer(LIST, ok({ agents: [bob], nextCursor: null }));
    show();
    await new Promise((resume) => setTimeout(resume, 20));
    expect(worker.asked).toEqual([]);
    act(() => fake.set((flex) => (flex.view.isOutboundDialerOpen = true)));
    await screen.findByText("Bob Baker");
  });

  it("searches when the typist pauses, and drops an answer that comes too late", async () => {
    let late: (response: Response) => void = () => undefined;
    worker.answer(LIST, () => new Promise((resolve) => (late = resolve)), ok({ agents: [bob], nextCursor: null }));
    show();
    await waitFor(() => expect(worker.asked).toHaveLength(1));
    await userEvent.type(screen.getByRole("searchbox", { name: "Search agents" }), "bob");
    await screen.findByText("Bob Baker");
    expect(worker.to(LIST).map(({ form }) => form.search)).toEqual([undefined, "bob"]);
    await act(async () => late(ok({ agents: [agent("Old One")], nextCursor: null })));
    expect(screen.queryByText("Old One")).toBeNull();
    expect(screen.getByText("1 agent found.")).toBeInTheDocument();
  });

  it("says when it cannot list them, once, and tries again", async () => {
    worker.answer(LIST, refused(500), refused(500), ok({ agents: [bob], nextCursor: null }));
    show();
    await screen.findByText("The agents could not be listed.");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(worker.to(LIST)).toHaveLength(2));
    expect(fake.told("Failed")).toEqual([expect.stringMatching(/^The agents could not be listed\. .*req-1/)]);
    await userEvent.click(await screen.findByRole("button", { name: "Try again" }));
    await screen.findByText("Bob Baker");
  });
});

describe("a call from the dialpad", () => {
  beforeEach(() => worker.answer(LIST, ok({ agents: [bob, agent("Carol Cook")], nextCursor: null })));

  it("is placed once however often it is clicked, and closes the dialpad", async () => {
    let made: (sid: string) => void = () => undefined;
    fake.inside.workerClient.createTask.mockReturnValue(new Promise((resolve) => (made = resolve)));
    show();
    const button = await screen.findByRole("button", { name: "Call Bob Baker" });
    await userEvent.dblClick(button);
    const busy = await screen.findByRole("button", { name: /Calling Bob Baker/ });
    expect(busy).toBeDisabled();
    expect(screen.getByRole("button", { name: "Call Carol Cook" })).toBeDisabled();
    act(() => fake.tasks(callTask()));
    await act(async () => made(SIDS.callTask));
    await waitFor(() => expect(fake.inside.actions.native).toHaveBeenCalledWith("ToggleOutboundDialer", undefined));
    expect(fake.inside.workerClient.createTask).toHaveBeenCalledOnce();
  });

  it("is not offered to whoever is in a call or offline, and says why", async () => {
    fake.tasks(callTask({ status: "accepted" }));
    const { container } = show();
    await screen.findByText("Bob Baker");
    const button = () => within(screen.getByRole("list")).getByRole("button", { name: "Call Bob Baker" });
    expect(button()).toBeDisabled();
    expect(screen.getByText("You are in a call already.")).toBeInTheDocument();
    act(() => fake.tasks());
    expect(button()).toBeEnabled();
    act(() =>
      fake.set((flex) => (flex.worker = { ...flex.worker, activity: { sid: "WA-offline", available: false } })),
    );
    expect(screen.getByText(/You are offline/)).toBeInTheDocument();
    await expectAccessible(container);
  });

  it("stays in the dialpad when it fails, and can be tried again", async () => {
    worker.answer("/health", lost());
    vi.spyOn(Math, "random").mockReturnValue(-0.4);
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Call Bob Baker" }));
    await waitFor(() =>
      expect(fake.told("Failed")).toEqual([
        expect.stringMatching(/^Bob Baker could not be called\. The server could not be reached/),
      ]),
    );
    expect(screen.getByRole("button", { name: "Call Bob Baker" })).toBeEnabled();
    expect(fake.inside.actions.native).not.toHaveBeenCalled();
  });
});
