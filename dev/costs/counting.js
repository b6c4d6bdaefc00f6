// Stands in front of the Worker and counts what Cloudflare would: requests, KV operations, requests to Durable Objects.
import { withEnv } from "cloudflare:workers";

import worker from "../../src/cloudflare/entry.js";

export * from "../../src/cloudflare/entry.js";

const counts = { requests: 0, kvReads: 0, kvWrites: 0, kvLists: 0, objects: 0 };
const KV = { get: "kvReads", getWithMetadata: "kvReads", put: "kvWrites", delete: "kvWrites", list: "kvLists" };

/** `target`, whose methods go through `on(name, call)`. */
const watched = (target, on) =>
  new Proxy(target, {
    get: (_, name) => {
      const value = Reflect.get(target, name);
      return typeof value === "function" ? (...args) => on(name, () => value.apply(target, args)) : value;
    },
  });

const kv = (namespace) =>
  watched(namespace, (name, call) => {
    if (KV[name]) counts[KV[name]] += 1;
    return call();
  });
const stub = (object) =>
  watched(object, (_, call) => {
    counts.objects += 1;
    return call();
  });
const objects = (namespace) => watched(namespace, (name, call) => (["get", "getByName"].includes(name) ? stub(call()) : call()));

const counted = (env) => ({ ...env, STATE: kv(env.STATE), GATE: objects(env.GATE) });

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/__counts") return Response.json(counts);
    counts.requests += 1;
    return withEnv(counted(env), () => worker.fetch(request, env, ctx));
  },
  scheduled: (event, env, ctx) => withEnv(counted(env), () => worker.scheduled(event, env, ctx)),
};
