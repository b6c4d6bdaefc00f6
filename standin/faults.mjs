// Failures on demand: rules that say which request fails, when, and how.
import { Refusal } from "./shape.mjs";

const STATUSES = {
  400: [20001, "Bad request"],
  401: [20003, "Authenticate"],
  403: [20403, "Forbidden"],
  404: [20404, "The requested resource was not found"],
  409: [20409, "Conflict"],
  412: [20412, "Precondition Failed"],
  429: [20429, "Too Many Requests"],
  500: [20500, "An internal server error has occurred"],
  502: [20502, "Bad gateway"],
  503: [20503, "Service is unavailable. Please try again"],
};
const KINDS = /^(lost-before|lost-after|no-answer|no-answer-after|slow:\d+|[45]\d\d)$/;

/**
 * A rule: `{operationId?, method?, contains?, nth?, times?, fault, retryAfter?}`. `contains` is text (or a list of texts, or a
 * function that answers one) that occurs in the request's URL or body; the rule acts from the `nth` fitting request on (1) for
 * `times` requests (1, 0 = all).
 */
export function createFaults() {
  let rules = [];
  let last = 0;

  function add(rule) {
    if (!KINDS.test(String(rule.fault)))
      throw new Refusal(400, 20001, `fault: one of 4xx, 5xx, lost-before, lost-after, no-answer, no-answer-after, slow:<ms>`);
    const added = { id: (last += 1), nth: 1, times: 1, ...rule, fault: String(rule.fault), seen: 0, applied: 0 };
    rules.push(added);
    return added;
  }

  function fits(rule, request) {
    if (rule.operationId && rule.operationId !== request.operationId) return false;
    if (rule.method && rule.method.toUpperCase() !== request.method) return false;
    return [rule.contains ?? []].flat().every((text) => request.text.includes(typeof text === "function" ? text() : text));
  }

  /** The fault for this request, or null. Counts the request for every rule that fits it. */
  function take(request) {
    let chosen = null;
    for (const rule of rules) {
      if (!fits(rule, request)) continue;
      rule.seen += 1;
      const due = rule.seen >= rule.nth && (rule.times === 0 || rule.seen < rule.nth + rule.times);
      if (!due || chosen) continue;
      rule.applied += 1;
      chosen = rule;
    }
    return chosen;
  }

  function refusal({ fault }) {
    const status = Number(fault);
    const [code, message] = STATUSES[status] ?? [20500, `Status ${status}`];
    return new Refusal(status, code, message);
  }

  return {
    add,
    take,
    refusal,
    list: () => rules,
    remove: (id) => void (rules = rules.filter((rule) => rule.id !== id)),
    clear: () => void (rules = []),
  };
}
