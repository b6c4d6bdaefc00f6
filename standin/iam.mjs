// Flex token validation, which lives outside every published document.
import { ACCOUNT_SID, EXPIRED_TOKEN, TOKENS } from "./accounts.mjs";
import { Refusal } from "./shape.mjs";

const refused = (code, message) => ({
  valid: false,
  code,
  message,
  expiration: null,
  realm_user_id: null,
  identity: null,
  roles: null,
  worker_sid: null,
});

export function createIam(twilio) {
  const { clock } = twilio;
  const tokens = new Map();

  function reset() {
    tokens.clear();
    for (const [token, result] of Object.entries(TOKENS)) tokens.set(token, result);
  }

  /** Makes a token known; `expiresIn` seconds. */
  function addToken(token, { identity, workerSid, roles = ["agent"], expiresIn = 3600 }) {
    tokens.set(token, { identity, roles, worker_sid: workerSid, realm_user_id: `FU${workerSid.slice(2)}`, expiresIn });
  }

  function resultOf(token) {
    if (tokens.has(token)) return tokens.get(token);
    // Workers of the crowd have the token `a.flex.token.of.<friendly name>`.
    const name = token.match(/^a\.flex\.token\.of\.(.+)$/)?.[1];
    const worker = name && [...twilio.workspace.workers.values()].find(({ friendlyName }) => friendlyName === name);
    return worker && { identity: worker.friendlyName, roles: ["agent"], worker_sid: worker.sid, realm_user_id: `FU${worker.sid.slice(2)}` };
  }

  function validate({ AccountSid, token }) {
    const result = resultOf(token);
    // What the real one answers for junk is not documented: 200 with `valid: false`, or 401 with code 20003.
    if (twilio.options.invalidTokenStatus === 401 && !result) throw new Refusal(401, 20003, "Authentication Error - invalid token");
    if (AccountSid !== ACCOUNT_SID) return refused(20003, "Account mismatch");
    if (token === EXPIRED_TOKEN) return refused(20104, "Access Token expired or expiration date invalid");
    if (!result) return refused(20101, "Invalid Access Token");
    const { expiresIn = 3600, ...known } = result;
    if (expiresIn <= 0) return refused(20104, "Access Token expired or expiration date invalid");
    return { valid: true, code: 0, message: null, expiration: new Date(clock.now() + expiresIn * 1000).toISOString(), ...known };
  }

  return { services: { "iam/v1": { ValidateFlexToken: validate } }, addToken, reset };
}
