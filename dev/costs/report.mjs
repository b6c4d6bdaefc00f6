// What the measured flows cost for so many agents, by Cloudflare's prices; as the text of docs/operate.md.

const DAYS = 22; // of work in a month
const HOURS = 9; // from the first agent's login to the last one's logout; once a minute the time of the last event is kept
const CRON = 96; // runs of the clean-up in a day
// Gigabytes times seconds for one use of the gate: 128 MB, which stay for about ten seconds after the last request.
const GATE_SECONDS = 1.4;
const ROWS = 5; // written for one use: a claim and its outcome, each with an alarm, and the alarm's end

// https://developers.cloudflare.com/workers/platform/pricing, /kv/platform/pricing, /durable-objects/platform/pricing
const FREE = { requests: 100_000, reads: 100_000, writes: 1_000, lists: 1_000, objects: 100_000, seconds: 13_000, rows: 100_000 }; // a day
const PAID = { requests: 10e6, reads: 10e6, writes: 1e6, lists: 1e6, objects: 1e6, seconds: 400_000, rows: 50e6 }; // a month
const PRICE = { requests: 0.3, reads: 0.5, writes: 5, lists: 5, objects: 0.15, seconds: 12.5, rows: 1 }; // dollars for a further million
const NAMES = {
  requests: "requests",
  reads: "KV reads",
  writes: "KV writes",
  lists: "KV lists",
  objects: "Durable Object requests",
  seconds: "Durable Object GB-s",
  rows: "Durable Object rows written",
};

const sum = (flows, pick) => flows.reduce((total, flow) => total + flow.often * pick(flow), 0);

/** What so many agents use in a day. */
function dayOf(flows, run, agents) {
  const gates = sum(flows, ({ objects }) => objects / 2) * agents;
  return {
    requests: sum(flows, ({ requests }) => requests) * agents + CRON,
    reads: sum(flows, ({ kvReads }) => kvReads) * agents + CRON * run.kvReads,
    writes: sum(flows, ({ kvWrites }) => kvWrites) * agents + CRON * run.kvWrites + HOURS * 60,
    lists: sum(flows, ({ kvLists }) => kvLists) * agents + CRON * run.kvLists,
    objects: sum(flows, ({ objects }) => objects) * agents,
    seconds: gates * GATE_SECONDS,
    rows: gates * ROWS,
  };
}

const count = (number) => Math.round(number).toLocaleString("en-US");
const row = (cells) => `| ${cells.join(" | ")} |`;

/** `flows` as measured, and one `run` of the clean-up. */
export function report(flows, run) {
  const sizes = [50, 1000];
  const days = sizes.map((agents) => dayOf(flows, run, agents));
  const extra = (day, name) => (Math.max(0, day[name] * DAYS - PAID[name]) / 1e6) * PRICE[name];
  const bills = days.map((day) => 5 + Object.keys(PRICE).reduce((total, name) => total + extra(day, name), 0));
  const over = days.map((day) => Object.keys(FREE).filter((name) => day[name] > FREE[name]).map((name) => NAMES[name]));
  const most = Math.max(...flows.map(({ calls }) => calls));
  const peak = (day) => (day.requests / HOURS / 3600) * 4;
  return `What each flow uses, counted in workerd (every request of the flow together; the agent's token was checked before, else one Twilio call more):

${[
  row(["flow", "requests", "Twilio calls", "KV reads", "KV writes", "KV lists", "Durable Object requests", "times a day, per agent"]),
  row(Array(8).fill("---")),
  ...flows.map((flow) => row([flow.name, flow.requests, flow.calls, flow.kvReads, flow.kvWrites, flow.kvLists, flow.objects, flow.often])),
].join("\n")}

The last column is an assumption, a busy one; with it and ${DAYS} working days a month:

${[
  row(["in a day", ...sizes.map((agents) => `${count(agents)} agents`), "free plan, a day", "paid plan, a month"]),
  row(Array(5).fill("---")),
  ...Object.entries(NAMES).map(([name, label]) => row([label, ...days.map((day) => count(day[name])), count(FREE[name]), count(PAID[name])])),
].join("\n")}

${sizes
  .map((agents, at) => {
    const isFree = over[at].length === 0;
    const free = isFree ? "fit the free plan" : `are more than the free plan has (${over[at].join(", ")})`;
    return `- **${count(agents)} agents** ${free}; the paid plan is $${bills[at].toFixed(2)} a month. At four times the average, ${peak(days[at]).toFixed(1)} requests a second.`;
  })
  .join("\n")}

Prices are Cloudflare's as they were published when this was written ([Workers](https://developers.cloudflare.com/workers/platform/pricing/), [KV](https://developers.cloudflare.com/kv/platform/pricing/),
[Durable Objects](https://developers.cloudflare.com/durable-objects/platform/pricing/)); Durable Object seconds are an upper estimate: each use of the gate is taken to keep 128 MB for
eleven seconds; processor time is below a tenth of what the paid plan includes ([benchmarks](benchmarks.md)). A free plan that is used up answers nobody until midnight UTC: take
the paid one for anything that people's work depends on.

| limit | where it is | what happens |
|---|---|---|
| subrequests of one request: 50 on the free plan, 1,000 and more on the paid one | a flow above has at most ${most} Twilio calls, all its requests together; the clean-up ${"`INTERNAL_CHAT_CLEANUP_CALLS`"}, 40 unless set | the clean-up goes on in its next run |
| processor time of one request: 10 ms on the free plan | usual requests need 1 or 2 ms, the heaviest that can be made up to 50 ([benchmarks](benchmarks.md)) | 503, error 1102 |
| KV: one write a second to the same key | an agent's own pins | the later one of two waits or is refused with 503 |
| Twilio: lists with an expression 3 a second | opening an internal chat, finding out who has written a message, dialling from a chat; looking for what a lost answer may have made (a callee's task, an Interaction); now and then the fallback | 429, repeated after a pause within the caller's time |
| a task's attributes 4 KB, a conversation's 16 KB | what is larger is refused before anything is done | a failure that says so |
`;
}
