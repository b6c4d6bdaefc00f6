// npm `twilio` for the commands here: sent to the local Twilio when TWILIO_API_BASE says so, patient with 429, and with
// faults in passing where asking again is harmless.
import twilio from "twilio";

const READS = 4;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Requests extends twilio.RequestClient {
  constructor(base) {
    super({ autoRetry: true, maxRetries: 6, timeout: 15_000 });
    this.base = base;
  }

  async request(options) {
    const uri = this.base ? options.uri.replace(/^https:\/\/([\w-]+)\.(?:[\w-]+\.)*twilio\.com/, `${this.base}/$1`) : options.uri;
    for (let turn = 1; ; turn += 1) {
      const isLast = options.method.toUpperCase() !== "GET" || turn === READS;
      const answer = await super.request({ ...options, uri }).catch((error) => {
        if (isLast) throw error;
      });
      if (answer && (answer.statusCode < 500 || isLast)) return answer;
      await pause(150 * 2 ** turn * Math.random());
    }
  }
}

/** A client for these settings: with the API key when there is one, unless `withToken` asks for the account's own token. */
export function clientFor(values, { withToken = false } = {}) {
  const { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: token, TWILIO_API_KEY: key, TWILIO_API_SECRET: secret } = values;
  const options = {
    accountSid: account,
    region: values.TWILIO_REGION,
    edge: values.TWILIO_EDGE,
    httpClient: new Requests(values.TWILIO_API_BASE),
  };
  const byKey = key && secret && !withToken;
  return byKey ? twilio(key, secret, options) : twilio(account, token, options);
}

/** Sends `[method, url, parameters]` as Twilio has them: a form, or JSON when the parameters are not all texts; answers the body. */
export async function send(client, [method, uri, parameters]) {
  const isForm = Object.values(parameters).every((value) => typeof value !== "object" || Array.isArray(value));
  const headers = { "Content-Type": isForm ? "application/x-www-form-urlencoded" : "application/json", Accept: "application/json" };
  const { statusCode, body } = await client.request({ method: method.toLowerCase(), uri, data: parameters, headers });
  const answer = typeof body === "string" ? JSON.parse(body || "{}") : body;
  if (statusCode < 400) return answer;
  throw Object.assign(new Error(answer?.message ?? "no reason given"), { status: statusCode, code: answer?.code });
}

/** Why a request failed, in words for an operator; never with what was sent. */
export function reasonOf(error) {
  const code = error.code && Number.isInteger(error.code) ? ` (code ${error.code})` : "";
  switch (error.status) {
    case undefined:
      return `no answer: ${error.cause?.code ?? error.code ?? error.message}`;
    case 401:
      return `Twilio refuses the credentials (401${code && `, code ${error.code}`})`;
    case 403:
      return `the credentials may not do this (403${code && `, code ${error.code}`})`;
    case 404:
      return "does not exist";
    case 429:
      return "Twilio asks for a pause (429): too many requests; wait a minute and run this again";
    default:
      return `Twilio answers ${error.status}: ${String(error.message).split("\n")[0]}${code}`;
  }
}

const isLost = (error) => error.isAxiosError === true || error.name === "TimeoutError" || error.cause?.code !== undefined;

/** Whether this is a failure of the outside, and not of ours. */
export const isTwilios = (error) => error.status !== undefined || isLost(error);

/** Whether it is unknown if the request took effect. */
export const isUnclear = (error) => (error.status === undefined ? isLost(error) : error.status >= 500);
