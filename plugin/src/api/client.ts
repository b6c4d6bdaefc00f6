import { ENDPOINTS, type Answer, type Form, type Health, type Path, type Repeat } from "./endpoints";
import { Failure, failureOf } from "./failure";

/** The Worker gives up on Twilio after 10 s, and says so. */
const ANSWER_WITHIN = 15_000;
/** What a person waits for, repeats included. */
const GIVE_UP_AFTER = 25_000;
const MOST_TRIES = 3;
const FIRST_PAUSE = 300;
const HEALTH_KEEPS = 60_000;

/** A form's fields: texts and numbers; absent ones are left out. */
type Fields = Readonly<Record<string, string | number | null | undefined>>;
type Body = Readonly<Record<string, unknown>>;

/** Asks the Worker. */
export interface Client {
  ask<P extends Path>(path: P, form: Form<P>): Promise<Answer<P>>;
  /** What the Worker has settings for; kept for a minute. */
  health(): Promise<Health>;
  /** The absolute URL of one of the Worker's webhooks. */
  url(path: string, query: Record<string, string>): string;
}

export function createClient(origin: string, token: () => string): Client {
  let health: { since: number; answer: Promise<Health> } | undefined;
  return {
    ask: async (path, form) => {
      const answer = await repeated(ENDPOINTS[path], () => post(origin + path, token(), form as Fields));
      return answer as Answer<typeof path>;
    },
    health: () => {
      if (!health || Date.now() - health.since > HEALTH_KEEPS) {
        const answer = repeated("always", () => send(`${origin}/health`, {}, tellsFeatures));
        const asked = { since: Date.now(), answer: answer as Promise<Health> };
        asked.answer.catch(() => {
          if (health === asked) health = undefined;
        });
        health = asked;
      }
      return health.answer;
    },
    url: (path, query) => `${origin}${path}?${new URLSearchParams(query).toString()}`,
  };
}

/** A form with the token in it is a "simple" request: the browser sends no preflight. */
function post(url: string, token: string, fields: Fields): Promise<Body> {
  const body = new URLSearchParams({ Token: token });
  for (const [name, value] of Object.entries(fields)) {
    // Left out: the Worker would read the texts `undefined` and `null` as absent anyway.
    if (value !== undefined && value !== null && value !== "") body.set(name, String(value));
  }
  return send(url, { method: "POST", body }, (body, isOk) => isOk && body.success === true);
}

/** The Worker's health is a 503 when something in it is half set up; what else works it tells all the same. */
function tellsFeatures({ features }: Body): boolean {
  return typeof features === "object" && features !== null;
}

async function send(
  url: string,
  request: RequestInit,
  isAnswer: (body: Body, isOk: boolean) => boolean,
): Promise<Body> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWER_WITHIN);
  try {
    const response = await fetch(url, { ...request, signal: patience.signal, credentials: "omit" });
    const body = await read(response);
    if (isAnswer(body, response.ok)) return body;
    const failure = failureOf(response.status, body);
    pauses.set(failure, retryAfter(response));
    throw failure;
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (patience.signal.aborted) throw new Failure("late", "no answer in time");
    throw new Failure("lost", error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}

async function read(response: Response): Promise<Body> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Body;
  } catch {
    // Not the Worker's: a proxy's or a portal's page.
  }
  return {};
}

const pauses = new WeakMap<Failure, number>();

/** In milliseconds; 0 without one. */
function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

async function repeated(repeat: Repeat, once: () => Promise<Body>): Promise<Body> {
  const end = Date.now() + GIVE_UP_AFTER;
  for (let tries = 1; ; tries += 1) {
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof Failure) || tries >= MOST_TRIES || !mayRepeat(repeat, error)) throw error;
      const pause = Math.max(pauses.get(error) ?? 0, FIRST_PAUSE * 2 ** (tries - 1) * (0.5 + Math.random()));
      if (Date.now() + pause > end) throw error;
      await new Promise((resume) => setTimeout(resume, pause));
      if (Date.now() > end) throw error;
    }
  }
}

function mayRepeat(repeat: Repeat, failure: Failure): boolean {
  switch (repeat) {
    case "never":
      return false;
    case "undone":
      return failure.reason === "lost" || failure.reason === "busy";
    case "always":
      return failure.reason === "lost" || failure.reason === "busy" || failure.status === 502 || failure.status === 504;
  }
}
