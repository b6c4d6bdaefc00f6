/** Why a request failed, as far as a person's next step depends on it. */
export type Cause =
  | "lost" // no answer: the connection, or the Worker itself
  | "late" // no answer in time
  | "refused" // 400, 422: something about what was asked
  | "forbidden" // 403
  | "gone" // 404
  | "conflict" // 409
  | "busy" // 429, 503: nothing was done
  | "unconfigured" // 500 with the settings that are missing
  | "broken"; // everything else: Twilio, the Worker, an answer that cannot be read

/** A request to the Worker that failed. */
export class Failure extends Error {
  constructor(
    readonly reason: Cause,
    message: string,
    readonly status: number = 0,
    /** The members of the answer. */
    readonly body: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "Failure";
  }

  /** By which an operator finds the request in the Worker's log. */
  get requestId(): string | undefined {
    return this.text("requestId");
  }

  get twilioErrorCode(): number | undefined {
    const code = this.body.twilioErrorCode;
    return typeof code === "number" ? code : undefined;
  }

  /** The settings that the Worker lacks. */
  get missing(): string[] {
    const names = this.body.missing;
    return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
  }

  text(member: string): string | undefined {
    const value = this.body[member];
    return typeof value === "string" && value !== "" ? value : undefined;
  }
}

export function failureOf(status: number, body: Readonly<Record<string, unknown>>): Failure {
  const message = typeof body.message === "string" ? body.message : "";
  return new Failure(causeOf(status, body), message, status, body);
}

function causeOf(status: number, body: Readonly<Record<string, unknown>>): Cause {
  if (Array.isArray(body.missing)) return "unconfigured";
  switch (status) {
    case 400:
    case 413:
    case 422:
      return "refused";
    case 401:
    case 403:
      return "forbidden";
    case 404:
      return "gone";
    case 409:
      return "conflict";
    case 429:
    case 503:
      return "busy";
    default:
      return "broken";
  }
}
