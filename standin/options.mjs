// What can be set when it starts, and most of it later by `setOptions`. Times are virtual milliseconds.
import { ACCOUNT_SID, AUTH_TOKEN } from "./accounts.mjs";

export const DEFAULTS = {
  port: 0,
  workerUrl: "http://127.0.0.1:8787",
  accountSid: ACCOUNT_SID,
  authToken: AUTH_TOKEN,
  workers: 20,
  // Whether Twilio's side is set up already: event callback, addresses and application lead to the Worker.
  connected: false,
  // How many times faster than real time goes on, and since when (epoch milliseconds).
  timeScale: 1,
  timeOrigin: undefined,
  latencyMs: 0,
  rateLimits: false,
  // "fresh" is an account as Twilio makes it for a new Flex; "seed" one where all is set up.
  account: "seed",
  workerCallSidDelayMs: 0,
  answerMs: 0,
  // How a worker's leg asks for its TwiML, and the token that signs webhooks when it is not the account's first one.
  callMethod: "POST",
  signWith: null,
  // TaskRouter: how late its events are posted, when it forgets finished tasks (null: never; the real one: after 5 minutes),
  // whether it offers a task again to who refused it, counts capacities, and moves who lets an offer time out to the
  // workspace's time-out activity (null: only without multitasking).
  eventDelayMs: 0,
  purgeAfterMs: null,
  reoffer: false,
  countCapacity: false,
  timeoutActivity: null,
  // How long an interaction that was accepted takes until its channel is active, or failed.
  interactionDelayMs: 0,
  // Where Twilio's documents leave a choice: whether lists of tasks have their attributes, how invites show theirs ("text" or
  // "object"), whether closed participants of a channel are still listed, and how IAM refuses a token (200 or 401).
  listAttributes: true,
  inviteAttributes: "text",
  listClosedParticipants: false,
  invalidTokenStatus: 200,
  // Called with every answer to a webhook: `{method, url, status, headers, body}`, or `{…, error}`.
  delivered: null,
  // Called with all the parts before the first request: who wants to add to them.
  extend: null,
};

/** What is settled once it has started. */
export const FIXED = ["port", "accountSid", "authToken", "workers", "timeScale", "timeOrigin", "connected", "extend"];
