// The heaviest requests that anybody can make, and how long each keeps an instance busy. A Worker's instance serves its
// requests in turn, so whoever keeps it busy keeps everybody waiting: LIMIT is the most that one request may take.
import { ask } from "./load.mjs";
import { json, MANY as COUNT, overfull, sid, webhook } from "./requests.mjs";

export const LIMIT = 50; // milliseconds of processor time

const many = (make) => Array.from({ length: COUNT }, (_, n) => make(n));
const members = many((n) => [`k${n}`, n % 10]);
const object = Object.fromEntries(members);
const task = sid("WT", 0xca11e4);
const conversationSid = sid("CH", 0x20);

// JSON as text, so that a name may come twice and nesting has no limit.
const attributes = (text, to = task) => json("/common/flex/taskrouter/update-task-attributes", `{"taskSid":"${to}","attributesUpdate":${text}}`);
const LEG = "/voice/agent-outbound-join";

export const heavy = {
  [`${COUNT} members for a task`]: attributes(JSON.stringify(object)),
  [`${COUNT} members for a task, one level down`]: attributes(JSON.stringify({ conversations: object })),
  [`one member for a task, named ${COUNT} times`]: attributes(`{${many((n) => `"name":${n % 10}`).join(",")}}`),
  [`a list of ${COUNT} for a task`]: attributes(JSON.stringify({ history: many((n) => n % 10) })),
  [`${COUNT} levels for a task`]: attributes(`{"a":${"[".repeat(COUNT)}${"]".repeat(COUNT)}}`),
  [`${COUNT} members for a task that has as many already`]: attributes(JSON.stringify(object), overfull.sid),
  [`other ${COUNT} members for a task that has as many already`]: attributes(JSON.stringify(Object.fromEntries(many((n) => [`j${n}`, n % 10]))), overfull.sid),
  "as many members for a task as it can take": attributes(JSON.stringify(Object.fromEntries(members.slice(0, 150)))),
  "a text of 240 KB, all of it escaped, for a task": attributes(`{"a":"${"\\u0007".repeat(40_000)}"}`),
  "16 KB for a conversation that has nearly as much": json(
    "/common/flex/conversations/update-attributes",
    JSON.stringify({ conversationSid, attributes: JSON.stringify(Object.fromEntries(members.slice(0, 1_400))) }),
  ),
  [`${COUNT} invites for a conversation`]: json(
    "/common/flex/conversations/update-attributes",
    JSON.stringify({ conversationSid, attributes: JSON.stringify({ invites: object }) }),
  ),
  [`an invite with ${COUNT} attributes`]: json(
    "/features/conversation-transfer/flex/invite-participant",
    JSON.stringify({
      taskSid: task,
      jsonAttributes: JSON.stringify(object),
      transferTargetSid: sid("WK", 9),
      workersToIgnore: JSON.stringify({ workerSidsInConversation: [sid("WK", 3)] }),
      flexInteractionSid: sid("KD", 1),
      flexInteractionChannelSid: sid("UO", 1),
      taskChannelUniqueName: "chat",
    }),
  ),
  "15,000 chats to pin": json("/internal-chat/pin", JSON.stringify({ conversations: many((n) => `dave+${n}`).slice(0, 15_000) })),
  "a webhook with 1,000 fields": webhook(LEG, { taskSid: task, ...Object.fromEntries(many((n) => [`f${n}`, ""]).slice(0, 998)) }),
  [`a webhook with ${COUNT} fields`]: webhook(LEG, { taskSid: task, ...Object.fromEntries(many((n) => [`f${n}`, ""])) }),
  "a webhook of 250 KB that is all percent signs": webhook(LEG, { taskSid: task, x: "%".repeat(80_000) }),
};

/** Milliseconds of processor time that each takes in a Worker of a process that does nothing else. */
export async function measureHeavy(process, port, rounds = 20) {
  const found = {};
  for (const [name, request] of Object.entries(heavy)) {
    const { status } = await ask(port, request); // not timed: it may be the first of its kind
    const before = process.cpuSeconds();
    const spent = () => (process.cpuSeconds() - before) * 1000;
    let round = 0;
    do {
      await ask(port, request);
      round += 1;
    } while (round < rounds && spent() < 2 * rounds * LIMIT);
    found[name] = { milliseconds: spent() / round, bytes: Buffer.byteLength(request.body), status };
  }
  return found;
}
