// `<Enqueue>`: calls that wait, TaskRouter's tasks for them, and the music meanwhile.
import { newSid, parseAttributes } from "./shape.mjs";
import { parseTwiml, TwimlError } from "./twiml.mjs";

// What may play to somebody who waits.
const WAITING = new Set(["Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"]);

export function createCallQueues(twilio) {
  const { clock, calls, tasks, workspace } = twilio;
  const waiting = new Set();

  /** What TaskRouter writes onto the task of a call; what `<Task>` gives cannot change it. */
  const attributesOf = (call, given) => ({
    ...given,
    call_sid: call.sid,
    account_sid: twilio.accountSid,
    api_version: "2010-04-01",
    call_status: call.status,
    direction: "inbound",
    from: call.from,
    to: call.to,
    caller: call.from,
    called: call.to,
  });

  function createTask(call, { workflowSid }, noun) {
    if (!workspace.workflows.has(workflowSid)) throw new Error(`workflow ${workflowSid} not found`);
    const given = noun?.text ? JSON.parse(noun.text) : {};
    if (given === null || typeof given !== "object" || Array.isArray(given)) throw new Error("Task is not a JSON object");
    const { priority, timeout } = noun?.attributes ?? {};
    return tasks.create({
      workflowSid,
      channel: "voice",
      attributes: JSON.stringify(attributesOf(call, given)),
      ...(priority !== undefined && { priority: Number(priority) }),
      ...(timeout !== undefined && { timeout: Number(timeout) }),
    });
  }

  async function playMusic(call, { waitUrl, waitUrlMethod: method }, documentUrl) {
    const { queue } = call;
    const url = new URL(waitUrl, documentUrl ?? undefined).href;
    const position = { QueueSid: queue.sid, QueuePosition: 1, QueueTime: 0, AvgQueueTime: 0, CurrentQueueSize: waiting.size };
    const answered = await twilio.webhooks.deliver({ url, method, fields: { ...calls.fields(call), ...position } });
    if (call.queue !== queue) return;
    try {
      if (answered.error || answered.status >= 400) throw new TwimlError(`${answered.error ?? answered.status}`);
      for (const verb of parseTwiml(answered.body).children) {
        const { name } = verb;
        if (!WAITING.has(name)) throw new TwimlError(`${name} is not for who waits`);
        const endless = name === "Play" ? await twilio.audio.play(call, verb, url) : null;
        if (call.queue !== queue) return;
        if (endless) return void (call.playing = endless);
        if (name === "Leave") return queue.leave("leave");
        if (name === "Hangup") return calls.hangup(call);
      }
    } catch (error) {
      if (!(error instanceof TwimlError)) throw error;
      // Who waits goes on waiting, with Twilio's own music.
      twilio.journal.alert(`11200 waitUrl: ${error.message}`, call.sid);
    }
  }

  /** Lets a leg wait. Resolves when it no longer does, with what the action is told; `taken` is for nobody but us. */
  async function enqueue(call, verb, documentUrl) {
    const { attributes } = verb;
    let task = null;
    try {
      if (attributes.workflowSid)
        task = createTask(
          call,
          attributes,
          verb.children.find(({ name }) => name === "Task"),
        );
    } catch (error) {
      twilio.journal.alert(`14001 Enqueue: ${error.message}`, call.sid);
      return { QueueResult: "error" };
    }
    const entered = clock.now();
    const queue = { sid: newSid("QU"), name: verb.text || null, task, call };
    const left = new Promise((resolve) => (queue.leave = resolve));
    call.queue = queue;
    waiting.add(queue);
    call.reach(queue);
    if (task) tasks.route(task);
    if (attributes.waitUrl) void twilio.track(playMusic(call, attributes, documentUrl));
    const result = await Promise.race([left, call.over.then(() => "hangup")]);
    waiting.delete(queue);
    call.queue = null;
    call.playing = null;
    if (result === "hangup" && task && ["pending", "reserved"].includes(task.status)) tasks.moveTask(task, "canceled", "hangup");
    return { QueueResult: result, QueueSid: queue.sid, QueueTime: Math.round((clock.now() - entered) / 1000) };
  }

  /** The leg of a task that waits; null when it has gone. It leaves the queue without its action. */
  function take(task) {
    const call = calls.all.get(parseAttributes(task.attributes).call_sid);
    if (!call || !calls.alive(call)) return null;
    call.program += 1;
    call.queue?.leave("taken");
    return call;
  }

  return {
    enqueue,
    take,
    reset: () => waiting.clear(),
  };
}
