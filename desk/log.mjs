// What the panel shows: the local Twilio's journal and the Worker's log, as a stream.
const LOOK_MS = 100;
const KEPT = 200;

/** `journal(filter)` is the local Twilio's; `line(text)` takes what the Worker prints. */
export function createLog({ journal }) {
  const listeners = new Set();
  const past = [];
  const open = new Map(); // entries whose answer is still to come
  let since = 0;

  function tell(item) {
    past.push(item);
    if (past.length > KEPT) past.shift();
    for (const listener of listeners) listener(item);
  }

  function itemOf(entry) {
    const { kind, seq, time, startedAt, endedAt } = entry;
    const { method, path, operationId, url, event, message, status, fault, error, violations = [] } = entry;
    return {
      id: `journal-${seq}`,
      kind,
      at: time,
      method,
      path,
      operationId,
      url: url && new URL(url).pathname,
      event,
      message,
      status,
      fault,
      error,
      ...(endedAt !== null && { ms: Math.round(endedAt - startedAt) }),
      trouble: kind === "alert" || Boolean(fault || error) || status >= 400 || violations.length > 0,
    };
  }

  function look() {
    const { entries } = journal({ since });
    for (const entry of entries) {
      since = Math.max(since, entry.seq);
      tell(itemOf(entry));
      if (entry.endedAt === null) open.set(entry.seq, entry);
    }
    for (const [seq, entry] of open) {
      if (entry.endedAt === null) continue;
      open.delete(seq);
      tell(itemOf(entry));
    }
  }
  const timer = setInterval(look, LOOK_MS).unref();

  /** The Worker's own line for a request is JSON; whatever else it prints is shown as it is. */
  function line(text) {
    try {
      const { route, method, path, status, ms } = JSON.parse(text);
      if (route === undefined && path === undefined) return;
      tell({ kind: "edge", at: Date.now(), method, route: route ?? path, status, ms, trouble: status >= 400 });
    } catch {
      // Wrangler asks Cloudflare for things that it can do without.
      if (/error|panic/i.test(text) && !/workers\.cloudflare\.com/.test(text)) tell({ kind: "edge", at: Date.now(), line: text, trouble: true });
    }
  }

  /** Calls `listener` with everything recent and with what comes; answers how to stop. */
  function listen(listener) {
    past.forEach(listener);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  return { line, listen, close: () => clearInterval(timer) };
}
