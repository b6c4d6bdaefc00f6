// Sync as a browser sees it: documents, maps and lists that show the stand-in's state, subscriptions that replay what was
// missed, and live queries. Nobody writes these objects: each is read from the state, and what changed becomes an event.
import { expression } from "../expressions.mjs";
import { newSid } from "../shape.mjs";

const KINDS = { document: "ET", map: "MP", list: "ES", live_query: "QR" };
const KEPT = 1000;
const now = () => new Date().toISOString();
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const notFound = { status: 404, body: { status: 404, code: 54300, message: "Unique name not found" } };

// Live queries spell some operators differently from TaskRouter's expressions, and CONTAINS asks lists too.
const queryTest = (text) =>
  text.trim() === "" ? () => true : expression(text.replaceAll("&&", " AND ").replaceAll("||", " OR "));

export function createSync() {
  const objects = new Map();
  let events = 0;

  const entriesOf = ({ kind, read }) => {
    const value = read();
    if (value === undefined) return undefined;
    return new Map(kind === "document" ? [["document", value]] : Object.entries(value));
  };

  /** Makes an object known under its unique name; `read` answers its value now, or undefined once it is gone. */
  function define(kind, uniqueName, read) {
    const known = objects.get(uniqueName);
    if (known) return known;
    const object = {
      kind,
      sid: newSid(KINDS[kind]),
      uniqueName,
      read,
      items: new Map(),
      log: [],
      lastEvent: events,
      subscribers: new Set(),
      created: now(),
      updated: now(),
    };
    for (const [key, data] of entriesOf(object) ?? [])
      object.items.set(key, { data: structuredClone(data), event: events, created: now(), updated: now() });
    objects.set(uniqueName, object);
    objects.set(object.sid, object);
    return object;
  }

  const envelope = (type, list, strict = false) => ({
    event_protocol_version: 4,
    event_type: type,
    strictly_ordered: strict,
    events: list,
  });

  function emit(object, type, details) {
    events += 1;
    object.lastEvent = events;
    object.updated = now();
    const event = {
      id: events,
      date_created: object.updated,
      [`${object.kind}_sid`]: object.sid,
      [`${object.kind}_revision`]: String(events),
      ...(object.kind === "live_query" && { query_id: object.sid, last_event_id: events }),
      ...details,
    };
    object.log.push([type, event]);
    if (object.log.length > KEPT) object.log.shift();
    for (const connection of object.subscribers) connection.notify("twilio.sync.event", envelope(type, [event]));
  }

  const itemUrl = (object, key) => `https://cds.us1.twilio.com/v3/${plural(object.kind)}/${object.sid}/Items/${encodeURIComponent(key)}`;
  const plural = (kind) => `${kind[0].toUpperCase()}${kind.slice(1)}s`;

  function itemEvent(object, change, key, data) {
    const name = object.kind === "list" ? { item_index: Number(key) } : { item_key: key };
    emit(object, `${object.kind}_item_${change}`, {
      ...name,
      item_data: data,
      item_revision: String(events + 1),
      item_url: itemUrl(object, key),
    });
  }

  function compare(object) {
    const present = entriesOf(object) ?? new Map();
    for (const key of object.items.keys()) {
      if (present.has(key)) continue;
      const { data } = object.items.get(key);
      object.items.delete(key);
      if (object.kind !== "document") itemEvent(object, "removed", key, data);
    }
    for (const [key, data] of present) {
      const item = object.items.get(key);
      if (item && same(item.data, data)) continue;
      const copy = structuredClone(data);
      object.items.set(key, { data: copy, event: events + 1, created: item?.created ?? now(), updated: now() });
      if (object.kind === "document") emit(object, "document_updated", { document_data: copy });
      else itemEvent(object, item || object.kind === "live_query" ? "updated" : "added", key, copy);
    }
  }

  const all = () => [...objects].filter(([name, { sid }]) => name === sid).map(([, object]) => object);
  /** Tells subscribers what has changed since the last look. */
  const look = () => all().forEach(compare);

  const presentItem = (object, key) => {
    const { data, event, created, updated } = object.items.get(key);
    return {
      ...(object.kind === "list" ? { index: Number(key) } : { key }),
      data,
      revision: String(event),
      last_event_id: event,
      date_created: created,
      date_updated: updated,
      date_expires: null,
      url: itemUrl(object, key),
    };
  };

  function present(object, withItems) {
    const url = `https://cds.us1.twilio.com/v3/${plural(object.kind)}/${object.sid}`;
    return {
      sid: object.sid,
      unique_name: object.uniqueName,
      revision: String(object.lastEvent),
      last_event_id: object.lastEvent,
      date_created: object.created,
      date_updated: object.updated,
      date_expires: null,
      url,
      ...(object.kind === "document"
        ? { data: object.items.get("document").data }
        : { links: { items: `${url}/Items` }, ...(withItems && { items: [...object.items.keys()].map((key) => presentItem(object, key)) }) }),
    };
  }

  function listItems(object, query) {
    let keys = [...object.items.keys()];
    if (object.kind === "list") keys.sort((a, b) => a - b);
    if (query.get("Order") === "desc") keys.reverse();
    if (query.get("Key") !== null) keys = keys.filter((key) => key === query.get("Key"));
    if (query.get("Index") !== null) keys = keys.filter((key) => key === query.get("Index"));
    const from = query.get("From");
    if (from !== null) keys = keys.slice(Math.max(keys.indexOf(from), 0));
    const start = Number(query.get("PageToken") ?? 0);
    const size = Number(query.get("PageSize") ?? 100);
    const page = keys.slice(start, start + size).map((key) => presentItem(object, key));
    const token = (at) => (at >= 0 && at < keys.length && at !== start ? String(at) : null);
    return { items: page, meta: { previous_token: token(start - size), next_token: token(start + size) } };
  }

  function subscribe({ action, correlation_id: correlation, requests }, connection) {
    look();
    for (const { object_sid: sid, object_type: type, last_event_id: since } of requests) {
      const object = objects.get(sid);
      if (action === "establish") object?.subscribers.add(connection);
      else object?.subscribers.delete(connection);
      const told = object
        ? { object_sid: sid, object_type: type, replay_status: "completed", last_event_id: object.lastEvent }
        : { object_sid: sid, object_type: type, error: notFound.body };
      const missed = action === "establish" && object ? object.log.filter(([, { id }]) => id > (since ?? Infinity)) : [];
      // After the answer to this request, as Sync does it.
      setImmediate(() => {
        const name = object ? (action === "establish" ? "subscription_established" : "subscription_canceled") : "subscription_failed";
        connection.notify("twilio.sync.event", { ...envelope(name, [told]), correlation_id: correlation });
        for (const [event, details] of missed) connection.notify("twilio.sync.event", envelope(event, [details]));
      });
    }
    return { status: 200, body: { max_batch_size: 100, estimated_delivery_in_ms: 1000, ttl_in_s: 86_400 } };
  }

  const indexes = new Map();
  let queries = 0;

  /** A query over an index (`tr-worker`): its rows now and, for a live one, an object that can be subscribed to. */
  function query(index, { query_string: text, type }) {
    const rows = indexes.get(index);
    if (!rows) return null;
    const test = queryTest(text);
    const read = () => Object.fromEntries(Object.entries(rows()).filter(([, data]) => test({ data })));
    if (type === "live_query") {
      const object = define("live_query", `query-${(queries += 1)}`, read);
      return {
        query_id: object.sid,
        last_event_id: object.lastEvent,
        items: [...object.items.keys()].map((key) => presentItem(object, key)),
      };
    }
    const items = Object.entries(read()).map(([key, data]) => ({ key, data, revision: String(events) }));
    return { query_id: newSid("QR"), last_event_id: events, items };
  }

  /** Answers a request to Sync's own host; null when it is none that Sync knows. */
  function perform({ method, path, query: search, body, connection }) {
    if (path === "/v4/Subscriptions") return subscribe(body, connection);
    const insight = /^\/v3\/Insights\/([\w-]+)\/Items$/.exec(path);
    if (insight && method === "POST") {
      const found = query(insight[1], body);
      return found && { status: 200, body: found };
    }
    const match = /^\/v3\/(?:Documents|Maps|Lists)\/([^/]+)(\/Items)?$/.exec(path);
    if (!match || method !== "GET") return null;
    look();
    const object = objects.get(decodeURIComponent(match[1]));
    if (!object || entriesOf(object) === undefined) return notFound;
    return { status: 200, body: match[2] ? listItems(object, search) : present(object, search.has("Include")) };
  }

  return {
    define,
    look,
    perform,
    index: (name, rows) => void indexes.set(name, rows),
    drop: (connection) => all().forEach(({ subscribers }) => subscribers.delete(connection)),
    reset: () => objects.clear(),
  };
}
