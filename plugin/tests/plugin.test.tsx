import { EventEmitter } from "node:events";
import { screen } from "@testing-library/react";
import React from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FlexEdgePlugin } from "../src/FlexEdgePlugin";
import { expectAccessible } from "./axe";
import { fakeFlex, type FakeFlex } from "./flex";
import { render } from "./render";
import { fakeWorker, ORIGIN } from "./worker";

beforeEach(() => {
  fakeWorker();
});

const start = async (features: Record<string, unknown> = {}, locale = "en-US") => {
  const fake = fakeFlex({ locale, uiAttributes: { flex_edge: { url: ORIGIN, features } } });
  const page = { items: [], hasNextPage: false };
  fake.inside.manager.conversationsClient = Object.assign(new EventEmitter(), {
    user: { identity: "alice" },
    connectionState: "connected",
    getSubscribedConversations: vi.fn(() => Promise.resolve(page)),
  });
  await new FlexEdgePlugin().init(fake.flex, fake.manager);
  return fake;
};

/** What was added where, by key. */
const added = ({ inside }: FakeFlex) =>
  Object.fromEntries(
    Object.entries(inside.components).map(([name, { added }]) => [name, added.map(({ element }) => element.key)]),
  );

const NOTHING = {
  OutboundDialerPanel: [],
  CallCanvas: [],
  CallCanvasActions: [],
  TaskListButtons: [],
  TaskCanvasHeader: [],
  SideNav: [],
  ViewCollection: [],
};

describe("the plugin", () => {
  it("puts its parts where they belong, in Paste's clothes", async () => {
    const fake = await start();
    expect(added(fake)).toEqual({
      OutboundDialerPanel: ["flex-edge-call-agent"],
      CallCanvas: ["flex-edge-on-call"],
      CallCanvasActions: ["flex-edge-hold"],
      TaskListButtons: [],
      TaskCanvasHeader: ["flex-edge-hand-over", "flex-edge-call-customer", "flex-edge-park"],
      SideNav: ["flex-edge-colleagues", "flex-edge-parked"],
      ViewCollection: ["flex-edge-colleagues", "flex-edge-parked"],
    });
    expect(fake.flex.setProviders).toHaveBeenCalledOnce();
  });

  it.each([
    ["call_agent", { OutboundDialerPanel: [], CallCanvas: [], CallCanvasActions: [] }],
    ["hand_over", { TaskCanvasHeader: ["flex-edge-call-customer", "flex-edge-park"] }],
    ["call_customer", { TaskCanvasHeader: ["flex-edge-hand-over", "flex-edge-park"] }],
    ["colleagues", { SideNav: ["flex-edge-parked"], ViewCollection: ["flex-edge-parked"] }],
    [
      "park",
      { TaskCanvasHeader: ["flex-edge-hand-over", "flex-edge-call-customer"], SideNav: ["flex-edge-colleagues"] },
    ],
  ])("leaves %s out when it is switched off", async (part, expected) => {
    expect(added(await start({ [part]: false }))).toMatchObject(expected);
  });

  it("leaves Flex alone with everything switched off", async () => {
    const fake = await start({
      call_agent: false,
      hand_over: false,
      call_customer: false,
      colleagues: false,
      park: false,
    });
    expect(added(fake)).toEqual(NOTHING);
    for (const action of ["AcceptTask", "TransferTask", "WrapupTask", "HangupCall"]) {
      await fake.inside.actions.invokeAction(action, { task: {} });
      expect(fake.inside.actions.native).toHaveBeenLastCalledWith(action, { task: {} });
    }
  });

  it.each([
    [{}, "en-US", /no ui_attributes.flex_edge.url/],
    [{ flex_edge: { url: "http://edge.example.com" } }, "en-US", /has to be an https URL/],
    [{}, "pt-BR", /falta ui_attributes.flex_edge.url/],
  ])("says what is wrong with %j", async (uiAttributes, locale, text) => {
    const fake = fakeFlex({ locale, uiAttributes });
    await new FlexEdgePlugin().init(fake.flex, fake.manager);
    expect(fake.told("Warning")).toEqual([expect.stringMatching(text)]);
    expect(added(fake)).toEqual(NOTHING);
  });

  it("speaks Flex's language, and its links lead to its views", async () => {
    const fake = await start({}, "pt-BR");
    const links = fake.inside.components.SideNav.added.map(({ element }) =>
      React.cloneElement(element, { activeView: "x" }),
    );
    const { container } = render(<nav>{links}</nav>);
    screen.getByRole("button", { name: "Colegas" }).click();
    expect(fake.inside.actions.native).toHaveBeenCalledWith("NavigateToView", { viewName: "flex-edge-colleagues" });
    screen.getByRole("button", { name: "Estacionadas" }).click();
    expect(fake.inside.actions.native).toHaveBeenCalledWith("NavigateToView", { viewName: "flex-edge-parked" });
    await expectAccessible(container);
  });

  it("starts the other parts when one cannot", async () => {
    const fake = fakeFlex();
    fake.inside.manager.conversationsClient = {
      get user() {
        throw new Error("Client is not ready");
      },
    };
    await new FlexEdgePlugin().init(fake.flex, fake.manager);
    expect(fake.told("Failed")).toEqual([
      "The part colleagues of flex-edge did not start. Flex says: Client is not ready",
    ]);
    expect(added(fake)).toMatchObject({ SideNav: ["flex-edge-parked"], OutboundDialerPanel: ["flex-edge-call-agent"] });
  });

  it("shows colleagues' view with an apology when Flex has no chat", async () => {
    const fake = fakeFlex();
    await new FlexEdgePlugin().init(fake.flex, fake.manager);
    const { element } = fake.inside.components.ViewCollection.added.find(
      ({ element }) => element.key === "flex-edge-colleagues",
    )!;
    render(element);
    expect(screen.getByText(/Chat is not available/)).toBeInTheDocument();
  });
});
