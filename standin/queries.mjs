// What TaskRouter's lists share: expressions, orderings, the rate limit of lists with an expression, the workspace in the path.
import * as seed from "./accounts.mjs";
import { expression, ExpressionError } from "./expressions.mjs";
import { badRequest, notFound, Refusal } from "./shape.mjs";

export function compile(text) {
  try {
    return expression(text);
  } catch (error) {
    if (error instanceof ExpressionError) throw badRequest(`Invalid expression: ${error.message}`);
    throw error;
  }
}

const ORDERS = {
  DateCreated: (item) => item.created,
  Priority: (item) => item.priority,
  VirtualStartTime: (item) => item.virtualStart,
  DateStatusChanged: (item) => item.statusChanged,
  FriendlyName: (item) => item.friendlyName,
};

export function order(items, ordering, allowed) {
  const rules = (ordering ?? "")
    .split(",")
    .filter(Boolean)
    .map((text) => text.split(":"));
  for (const [name, way = "asc"] of rules)
    if (!allowed.includes(name) || !["asc", "desc"].includes(way)) throw badRequest(`Invalid Ordering ${ordering}`);
  const compare = (a, b) => {
    for (const [name, way] of rules) {
      const [x, y] = [ORDERS[name](a), ORDERS[name](b)];
      if (x !== y) return (x < y ? -1 : 1) * (way === "desc" ? -1 : 1);
    }
    return 0;
  };
  return rules.length > 0 ? items.toSorted(compare) : items;
}

/** Handlers for one workspace: another one in the path is not found. */
export function withWorkspace(handlers) {
  return Object.fromEntries(
    Object.entries(handlers).map(([id, handler]) => [
      id,
      (params, request) => {
        const sid = params.WorkspaceSid ?? params.Sid;
        if (sid !== seed.WORKSPACE_SID) throw notFound(`/v1/Workspaces/${sid}`);
        return handler(params, request);
      },
    ]),
  );
}

/** Lists with an expression are limited to three a second, when the option `rateLimits` is on. */
export function createRateLimit({ clock, options }) {
  const recent = new Map();
  function limit(operation, text) {
    if (text === undefined || !options.rateLimits) return;
    const now = clock.now();
    const times = (recent.get(operation) ?? []).filter((time) => now - time < 1000);
    if (times.length >= 3) throw Object.assign(new Refusal(429, 20429, "Too Many Requests"), { retryAfter: 1 });
    recent.set(operation, [...times, now]);
  }
  return { limit, reset: () => recent.clear() };
}
