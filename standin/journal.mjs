// What was asked, what was answered, what was delivered: the evidence that tests read.

const SECRETS = new Set(["token", "Token", "SipAuthPassword", "secret", "response"]);
const KEPT = 20_000;

function redact(params) {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, SECRETS.has(name) ? "[redacted]" : value]));
}

export function createJournal(clock) {
  let entries = [];
  // The text that `contains` searches holds the secrets too, so it stays out of the entries.
  const texts = new WeakMap();
  let seq = 0;

  function push(entry, text) {
    if (entries.length >= KEPT) entries = entries.slice(KEPT / 2);
    entries.push(entry);
    texts.set(entry, text);
    return entry;
  }

  function open(kind, details, text) {
    const entry = push(
      { kind, seq: ++seq, time: new Date(clock.now()).toISOString(), ...details, startedAt: performance.now(), endedAt: null },
      text,
    );
    return {
      entry,
      end: (result) => Object.assign(entry, result, { endedAt: performance.now() }),
    };
  }

  const request = ({ text, params, ...details }) =>
    open("request", { ...details, params: redact(params), status: null, fault: null }, text);
  const webhook = (details, text) => open("webhook", { ...details, status: null, error: null, violations: [] }, text);
  /** Something that Twilio's debugger would show: TwiML that does not parse, a webhook that nobody answers. */
  const alert = (message, about) => void open("alert", { message, about, violations: [] }, `${message} ${about}`).end({});

  function list({ contains, kind, operationId, since } = {}) {
    return entries.filter(
      (entry) =>
        (!contains || [contains].flat().every((text) => texts.get(entry).includes(text))) &&
        (!kind || entry.kind === kind) &&
        (!operationId || entry.operationId === operationId) &&
        (!since || entry.seq > Number(since)),
    );
  }

  const violations = (filter) =>
    list(filter).flatMap((entry) => entry.violations.map((violation) => `${entry.operationId ?? entry.url ?? entry.kind}: ${violation}`));

  return {
    request,
    webhook,
    alert,
    list,
    violations,
    clear: () => void (entries = []),
    /** The number of the last entry. */
    get seq() {
      return seq;
    },
  };
}
