// Cloudflare Turnstile's siteverify, asked as `<base>/turnstile/v0/siteverify` (form or JSON, no authorization).
import { TURNSTILE_SECRET } from "./accounts.mjs";

// Cloudflare's own secrets for tests work as they do there.
const ALWAYS_PASSES = "1x0000000000000000000000000000000AA";
const ALWAYS_FAILS = "2x0000000000000000000000000000000AA";
const ALREADY_SPENT = "3x0000000000000000000000000000000AA";

/**
 * A visitor's answer that begins with `turnstile-` and a host's name, as in `turnstile-shop.example-1`, is valid once;
 * everything else is not.
 */
export function createTurnstile(twilio) {
  const { clock } = twilio;
  const spent = new Set();

  function problemOf({ secret, response }) {
    if (!secret) return "missing-input-secret";
    if (!response) return "missing-input-response";
    if (secret === ALWAYS_PASSES) return null;
    if (secret === ALREADY_SPENT) return "timeout-or-duplicate";
    if (secret === ALWAYS_FAILS) return "invalid-input-response";
    if (secret !== TURNSTILE_SECRET) return "invalid-input-secret";
    if (!/^turnstile-[\w.]+-/.test(response)) return "invalid-input-response";
    return spent.has(response) ? "timeout-or-duplicate" : null;
  }

  function siteverify(params) {
    const problem = problemOf(params);
    if (problem) return { success: false, "error-codes": [problem], messages: [] };
    spent.add(params.response);
    return {
      success: true,
      "error-codes": [],
      challenge_ts: new Date(clock.now()).toISOString(),
      hostname: params.response.split("-")[1],
      action: "",
      cdata: "",
    };
  }

  return { services: { "turnstile/v0": { Siteverify: siteverify } }, reset: () => spent.clear() };
}
