import { EventEmitter } from "node:events";
import React from "react";
import type * as FlexUi from "@twilio/flex-ui";
import type { ITask } from "@twilio/flex-ui";
import { vi } from "vitest";
import { createEdge, type Edge } from "../src/edge";
import { wordsFor } from "../src/words";
import { ORIGIN } from "./worker";

type Listener = (payload: unknown, cancel: () => void) => unknown;
type Replaced = (payload: unknown, original: Native, next: Native) => Promise<unknown>;
type Native = (payload: unknown) => Promise<unknown>;

/** Flex's actions, in the order in which Flex does it: listeners before, replacements with the last one first, the native one. */
export function fakeActions() {
  const replaced = new Map<string, Replaced[]>();
  const listeners = new Map<string, Listener[]>();
  const native = vi.fn((_name: string, _payload: unknown): Promise<unknown> => Promise.resolve());
  return {
    native,
    replaceAction: (name: string, by: Replaced) => replaced.set(name, [...(replaced.get(name) ?? []), by]),
    addListener: (name: string, listener: Listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    invokeAction: async (name: string, payload?: unknown): Promise<unknown> => {
      let isCanceled = false;
      for (const listener of listeners.get(`before${name}`) ?? []) await listener(payload, () => (isCanceled = true));
      if (isCanceled) throw new Error(`Action ${name} cancelled by before event`);
      const original = (payload: unknown) => native(name, payload);
      const chain = replaced.get(name) ?? [];
      const run = (at: number, payload: unknown): Promise<unknown> =>
        at < 0 ? original(payload) : chain[at]!(payload, original, (payload) => run(at - 1, payload));
      return run(chain.length - 1, payload);
    },
  };
}

type Added = {
  element: React.ReactElement;
  options: { if?: (props: object) => boolean; sortOrder?: number } | undefined;
};

function fakeComponent() {
  const added: Added[] = [];
  const removed: { key: string; options: { if?: (props: object) => boolean } | undefined }[] = [];
  return {
    added,
    removed,
    Content: {
      add: (element: React.ReactElement, options?: Added["options"]) => void added.push({ element, options }),
      remove: (key: string, options?: { if?: (props: object) => boolean }) => void removed.push({ key, options }),
    },
  };
}

export type TaskParts = Partial<Omit<ITask, "attributes">> & { attributes?: Record<string, unknown> };

const sid = (prefix: string, number: number): string => prefix + String(number).padStart(32, "0");
export const SIDS = {
  alice: sid("WK", 1),
  bob: sid("WK", 2),
  carol: sid("WK", 3),
  queue: sid("WQ", 1),
  chatTask: sid("WT", 1),
  callTask: sid("WT", 2),
  conversation: sid("CH", 1),
  interaction: sid("KD", 1),
  channel: sid("UO", 1),
  aliceIn: sid("UT", 1),
  bobIn: sid("UT", 2),
  conference: sid("CF", 1),
  aliceLeg: sid("CA", 1),
  bobLeg: sid("CA", 2),
};

/** A participant as Flex gives it. */
export const agentIn = (participantSid: string, workerSid: string, taskSid?: string) => ({
  participantSid,
  type: "agent",
  routingProperties: { workerSid, taskSid },
});

export function chatTask(parts: TaskParts = {}): ITask {
  return {
    sid: sid("WR", 1),
    taskSid: SIDS.chatTask,
    status: "accepted",
    taskChannelUniqueName: "chat",
    channelType: "web",
    workflowSid: sid("WW", 1),
    queueName: "Support",
    queueSid: SIDS.queue,
    workerSid: SIDS.alice,
    getParticipants: vi.fn(() =>
      Promise.resolve([
        { participantSid: sid("UT", 9), type: "customer" },
        agentIn(SIDS.aliceIn, SIDS.alice, SIDS.chatTask),
      ]),
    ),
    ...parts,
    attributes: {
      conversationSid: SIDS.conversation,
      flexInteractionSid: SIDS.interaction,
      flexInteractionChannelSid: SIDS.channel,
      conversations: { conversation_id: "insights-1" },
      ...parts.attributes,
    },
  } as unknown as ITask;
}

export function callTask(parts: TaskParts = {}): ITask {
  return {
    sid: sid("WR", 2),
    taskSid: SIDS.callTask,
    status: "pending",
    taskChannelUniqueName: "voice",
    ...parts,
    attributes: { ...parts.attributes },
  } as unknown as ITask;
}

export type FakeConversation = EventEmitter & { attributes: Record<string, unknown> };

/** A Flex that one can look into. Its state changes by `set` and `tasks`. */
export function fakeFlex({ locale = "en-US", uiAttributes }: { locale?: string; uiAttributes?: unknown } = {}) {
  const watchers = new Set<() => void>();
  const state = {
    session: { ssoTokenPayload: { token: "token-of-alice" } },
    worker: { tasks: new Map<string, ITask>(), activity: { sid: "WA-available", available: true } },
    view: { activeView: "agent-desktop", isOutboundDialerOpen: false },
    chat: { conversations: {} as Record<string, { source: FakeConversation }> },
    featureFlags: { transfersConfig: { enabled: false } },
    phone: {},
  };
  const changed = () => [...watchers].forEach((watcher) => watcher());
  const actions = fakeActions();
  const notifications = {
    registered: new Map<string, { content: React.ReactElement }>(),
    shown: [] as { id: string; text: string }[],
    listeners: [] as ((notification: { id: string }, cancel: () => void) => void)[],
  };
  const reservation = { call: vi.fn(() => Promise.resolve({})) };
  const workerClient = {
    sid: SIDS.alice,
    name: "alice",
    attributes: { full_name: "Alice Archer", contact_uri: "client:alice" } as Record<string, unknown>,
    createTask: vi.fn(() => Promise.resolve(SIDS.callTask)),
  };
  const manager = {
    store: {
      getState: () => ({ flex: state }),
      subscribe: (watcher: () => void) => {
        watchers.add(watcher);
        return () => void watchers.delete(watcher);
      },
    },
    strings: {} as Record<string, string>,
    localization: { localeTag: locale },
    serviceConfiguration: {
      taskrouter_offline_activity_sid: "WA-offline",
      outbound_call_flows: {
        default: { workflow_sid: "WW-outbound", queue_sid: "WQ-outbound", caller_id: "+15550001001" },
      },
      ui_attributes: uiAttributes ?? { flex_edge: { url: ORIGIN } },
    },
    workerClient,
    workspaceClient: {
      fetchWorkerInfo: vi.fn(() => Promise.resolve({ friendlyName: "bob", attributes: { full_name: "Bob Baker" } })),
    },
    conversationsClient: undefined as unknown,
    events: new EventEmitter(),
  };
  const components = {
    OutboundDialerPanel: fakeComponent(),
    CallCanvas: fakeComponent(),
    CallCanvasActions: fakeComponent(),
    TaskListButtons: fakeComponent(),
    TaskCanvasHeader: fakeComponent(),
    SideNav: fakeComponent(),
    ViewCollection: fakeComponent(),
  };
  const flex = {
    ...components,
    Actions: actions,
    StateHelper: {
      getCurrentPhoneCallState: vi.fn(() => undefined as unknown),
      getReservation: vi.fn(() => reservation),
    },
    Notifications: {
      registerNotification: (one: { id: string; content: React.ReactElement }) =>
        notifications.registered.set(one.id, one),
      showNotification: (id: string, context: { text: string }) => notifications.shown.push({ id, text: context.text }),
      addListener: (_event: string, listener: (typeof notifications.listeners)[number]) =>
        notifications.listeners.push(listener),
    },
    NotificationType: { error: "error", warning: "warning", success: "success" },
    NotificationEvent: { beforeAddNotification: "beforeAddNotification" },
    NotificationIds: { FailedToFetchParticipants: "FailedToFetchParticipants" },
    DefaultTaskChannels: {
      Call: {
        templates: {
          TaskListItem: { firstLine: () => "TaskHeaderLine" },
          TaskCanvasHeader: { title: "TaskHeaderLine" },
        },
      },
    },
    TaskChannelHelper: { getTemplateForStatus: (_task: unknown, templates: { Pending: string }) => templates.Pending },
    setProviders: vi.fn(),
    IconButton: ({ icon: _icon, variant: _variant, ...rest }: Record<string, unknown>) => (
      <button type="button" {...rest} />
    ),
    SideLink: ({
      icon: _i,
      iconActive: _a,
      isActive: _s,
      showLabel: _l,
      Badge,
      children,
      ...rest
    }: Record<string, unknown>) => (
      <button type="button" {...rest}>
        {children as string}
        {Badge ? ` [${(Badge as { children: number }).children}]` : ""}
      </button>
    ),
    View: ({ children }: { children: React.ReactElement }) => children,
  } as unknown as typeof FlexUi;

  return {
    flex,
    manager: manager as unknown as FlexUi.Manager,
    inside: { state, actions, notifications, reservation, workerClient, components, manager },
    set: (change: (flex: typeof state) => void) => {
      change(state);
      changed();
    },
    /** Flex has these tasks now, in a new map as Flex makes it. */
    tasks: (...tasks: ITask[]) => {
      state.worker = { ...state.worker, tasks: new Map(tasks.map((task) => [task.sid, task])) };
      changed();
    },
    conversation: (attributes: Record<string, unknown> = {}): FakeConversation => {
      const source = Object.assign(new EventEmitter(), { attributes });
      state.chat = { conversations: { ...state.chat.conversations, [SIDS.conversation]: { source } } };
      changed();
      return source;
    },
    /** The texts that were shown, by kind. */
    told: (kind: "Failed" | "Warning" | "Done") =>
      notifications.shown.filter(({ id }) => id === `FlexEdge${kind}`).map(({ text }) => text),
  };
}

export type FakeFlex = ReturnType<typeof fakeFlex>;

export function edgeOf({ flex, manager }: FakeFlex): Edge {
  const words = wordsFor(manager.localization.localeTag);
  return createEdge(flex, manager, { origin: ORIGIN, parts: new Set() }, words);
}
