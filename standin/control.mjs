// The control interface under /__standin/: what a test, or a person with curl, tells the stand-in to do.
import { PHONES } from "./calls.mjs";
import { FIXED } from "./options.mjs";
import { badRequest, notFound, Refusal } from "./shape.mjs";
import { createSummaries } from "./summaries.mjs";
import { MODES } from "./webhooks.mjs";

/** The same operations as methods: the HTTP routes below only name them. */
export function createControls(twilio) {
  const { tasks, workspace, agents, calls, conferences, journal, faults, webhooks, iam, flexAgents, nativeCalls } = twilio;

  const { taskSummary, conferenceSummary, state, summary, newest } = createSummaries(twilio);

  function moveTask(sid, status) {
    const task = tasks.find(sid);
    tasks.moveTask(task, status);
    return taskSummary(task);
  }

  /** A worker of its own, with a token, so that cases running at the same time do not share agents. */
  function addWorker({ name, token = `a.flex.token.of.${name}`, roles = ["agent"], attributes = {}, activity }) {
    const complete =
      typeof attributes === "string"
        ? attributes
        : { full_name: name, contact_uri: `client:${name}`, email: `${name}@example.com`, roles, routing: { skills: [] }, ...attributes };
    const worker = workspace.addWorker({ friendlyName: name, attributes: complete, activity });
    iam.addToken(token, { identity: name, workerSid: worker.sid, roles });
    return { workerSid: worker.sid, name, token };
  }

  return {
    prepareCall: agents.prepareCall,
    internalCall: agents.internalCall,
    customerCall: flexAgents.customerCall,
    outboundCall: flexAgents.outboundCall,
    transfer: flexAgents.transfer,
    cancelTransfer: (sid) => ({ transferSid: twilio.transfers.cancel(sid).sid }),
    addToCall: (sid, details) => ({ callSid: nativeCalls.addExternal(tasks.find(sid), details).sid }),
    changeLeg: (sid, { who, kick, ...changes }) => {
      if (kick) nativeCalls.kick(tasks.find(sid), who);
      else nativeCalls.update(tasks.find(sid), who, changes);
      return {};
    },
    accept: agents.accept,
    reject: agents.reject,
    hangup: agents.hangup,
    joinConference: agents.joinConference,
    wrap: (sid) => moveTask(sid, "wrapping"),
    complete: (sid) => moveTask(sid, "completed"),
    cancel: (sid) => moveTask(sid, "canceled"),
    addWorker,
    task: (sid) => taskSummary(tasks.find(sid)),
    forgetTask: (sid) => {
      tasks.forget(tasks.find(sid));
      return {};
    },
    worker: (sid) => ({ sid, attributes: workspace.attributesOf(workspace.workers.get(sid)) }),
    /** A worker leaves the company, and takes along the tasks that were offered to them, and the rooms of those. */
    forgetWorker: (sid) => {
      const gone = new Set((workspace.workers.get(sid)?.reservations ?? []).map(({ task }) => task.sid));
      for (const task of gone) tasks.all.delete(task);
      for (const room of conferences.all.values()) if (gone.has(room.friendlyName)) conferences.all.delete(room.sid);
      workspace.removeWorker(sid);
      return {};
    },
    /** The tasks with that text in their attributes, and the conferences and conversations of that name. */
    naming: (text) => ({
      tasks: [...tasks.all.values()].filter(({ attributes }) => attributes.includes(text)).map(taskSummary),
      conferences: [...conferences.all.values()].filter(({ friendlyName }) => friendlyName === text).map(conferenceSummary),
      conversations: twilio.chats.named(text),
    }),
    purgeTask: (sid) => {
      tasks.remove(tasks.find(sid), "task.system-deleted");
      return {};
    },
    /** An event without its cause: late, repeated, or one that nothing here brings about. */
    emitEvent: ({ type, taskSid, reservationSid, worker }) => {
      if (!type) throw badRequest("type: needed");
      const task = taskSid && tasks.find(taskSid);
      const reservation = reservationSid && tasks.findReservation(reservationSid);
      twilio.events.emit(type, { task: task || undefined, reservation: reservation || undefined, worker: worker && workspace.who(worker) });
      return {};
    },
    createTask: (details) => {
      const { attributes = {}, ...more } = details;
      const task = tasks.create({ ...more, attributes: JSON.stringify(attributes) });
      tasks.route(task);
      return taskSummary(task);
    },
    mergeTaskAttributes: (sid, more) => {
      tasks.mergeAttributes(tasks.find(sid), more);
      return taskSummary(tasks.find(sid));
    },
    setPhone: ({ number, answer, afterMs }) => {
      if (!PHONES.includes(answer)) throw badRequest(`answer: ${PHONES.join(", ")}`);
      calls.phones.set(number, { answer, ...(afterMs !== undefined && { afterMs }) });
      return {};
    },
    addFault: (rule) => faults.add(rule),
    listFaults: () => ({ faults: faults.list() }),
    removeFault: (id) => {
      if (id === undefined) faults.clear();
      else faults.remove(Number(id));
      return {};
    },
    webhookMode: (rule) => {
      if (!MODES.includes(rule.mode)) throw badRequest(`mode: ${MODES.join(", ")}`);
      webhooks.addRule(rule);
      return {};
    },
    releaseWebhooks: async (which) => ({ released: await webhooks.release(which) }),
    failChannels: (which) => {
      twilio.interactions.failNext(which);
      return {};
    },
    setOptions: (options) => {
      const known = Object.keys(twilio.options).filter((name) => !FIXED.includes(name));
      for (const name of Object.keys(options)) if (!known.includes(name)) throw badRequest(`options: ${known.join(", ")}`);
      Object.assign(twilio.options, options);
      return { ...twilio.options };
    },
    journal: (filter) => ({ entries: journal.list(filter) }),
    violations: (filter) => ({ violations: journal.violations(filter) }),
    clearJournal: () => {
      journal.clear();
      return {};
    },
    state,
    summary,
    newest,
    connect: ({ url } = {}) => {
      twilio.connect(url);
      return {};
    },
    settle: async (which) => ({ settled: await twilio.settled(which) }),
    reset: () => {
      twilio.reset();
      return {};
    },
    /** From here on, an account as Twilio makes it for a new Flex. */
    freshAccount: () => {
      twilio.reset();
      twilio.operator.makeFresh();
      return {};
    },
    ...twilio.chats.controls,
  };
}

export const ROUTES = [
  ["POST", "internal-call", "internalCall"],
  ["POST", "customer-call", "customerCall"],
  ["POST", "outbound-call", "outboundCall"],
  ["POST", "reservations/:sid/transfer", "transfer"],
  ["POST", "transfers/:sid/cancel", "cancelTransfer"],
  ["POST", "tasks/:sid/legs", "addToCall"],
  ["POST", "tasks/:sid/legs/change", "changeLeg"],
  ["POST", "chat", "chat"],
  ["POST", "channels/fail", "failChannels"],
  ["POST", "message", "message"],
  ["POST", "inbound", "inbound"],
  ["POST", "reservations/:sid/accept", "accept"],
  ["POST", "reservations/:sid/reject", "reject"],
  ["POST", "calls/:sid/hangup", "hangup"],
  ["POST", "conferences", "joinConference"],
  ["POST", "phones", "setPhone"],
  ["POST", "workers", "addWorker"],
  ["POST", "conversations", "conversation"],
  ["GET", "conversations/:sid", "readConversation"],
  ["POST", "conversations/:sid/state", "setState"],
  ["GET", "interactions/:sid", "readInteraction"],
  ["POST", "tasks", "createTask"],
  ["GET", "tasks/:sid", "task"],
  ["DELETE", "tasks/:sid", "forgetTask"],
  ["POST", "tasks/:sid/attributes", "mergeTaskAttributes"],
  ["POST", "tasks/:sid/purge", "purgeTask"],
  ["POST", "events", "emitEvent"],
  ["POST", "tasks/:sid/wrap", "wrap"],
  ["POST", "tasks/:sid/complete", "complete"],
  ["POST", "tasks/:sid/cancel", "cancel"],
  ["GET", "faults", "listFaults"],
  ["POST", "faults", "addFault"],
  ["DELETE", "faults", "removeFault"],
  ["DELETE", "faults/:id", "removeFault"],
  ["POST", "webhooks", "webhookMode"],
  ["POST", "webhooks/release", "releaseWebhooks"],
  ["POST", "options", "setOptions"],
  ["GET", "journal", "journal"],
  ["DELETE", "journal", "clearJournal"],
  ["GET", "violations", "violations"],
  ["GET", "state", "state"],
  ["GET", "summary", "summary"],
  ["GET", "newest", "newest"],
  ["POST", "connect", "connect"],
  ["POST", "settle", "settle"],
  ["POST", "reset", "reset"],
  ["POST", "fresh-account", "freshAccount"],
].map(([method, path, name]) => ({ method, path, name, pattern: new RegExp(`^/__standin/${path.replace(/:\w+/, "([^/]+)")}$`) }));

export function createControl(controls) {
  return async function control({ method, url }, body) {
    const { pathname, searchParams } = new URL(url, "http://standin.invalid");
    const route = ROUTES.find((candidate) => candidate.method === method && candidate.pattern.test(pathname));
    if (!route) throw notFound(pathname);
    let given;
    try {
      given = method === "POST" ? JSON.parse(body || "{}") : Object.fromEntries(searchParams);
    } catch {
      throw new Refusal(400, 20001, "the body is not JSON");
    }
    const sid = route.pattern.exec(pathname)[1];
    const result = await (sid === undefined
      ? controls[route.name](method === "DELETE" ? undefined : given)
      : controls[route.name](sid, given));
    return { status: 200, body: result ?? {}, headers: {}, indent: 2 };
  };
}
