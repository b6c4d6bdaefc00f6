// Twilio's OpenAPI documents as one index of operations, found by host, method and path.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve("@twilio/cli-core/package.json")), "src/services/twilio-api");

// Flex v1 and v2 share a host, so an operation is known by service and operationId together.
const DOCUMENTS = [
  ["taskrouter/v1", "twilio_taskrouter_v1.json"],
  ["flex-api/v1", "twilio_flex_v1.json"],
  ["flex-api/v2", "twilio_flex_v2.json"],
  ["api/2010-04-01", "twilio_api_v2010.json"],
  ["conversations/v1", "twilio_conversations_v1.json"],
  ["lookups/v2", "twilio_lookups_v2.json"],
  ["voice/v1", "twilio_voice_v1.json"],
  ["sync/v1", "twilio_sync_v1.json"],
];

const string = { type: "string" };
const orNull = (schema) => ({ ...schema, nullable: true });

// No document describes the token check, so its shape is written here.
const IAM = {
  components: { schemas: {} },
  paths: {
    "/v1/Accounts/{AccountSid}/Tokens/validate": {
      post: {
        operationId: "ValidateFlexToken",
        parameters: [{ name: "AccountSid", in: "path", required: true, schema: { type: "string", pattern: "^AC[0-9a-fA-F]{32}$" } }],
        requestBody: {
          content: { "application/json": { schema: { type: "object", properties: { token: string }, required: ["token"] } } },
        },
        responses: {
          200: {
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  properties: {
                    valid: { type: "boolean" },
                    code: { type: "integer" },
                    message: orNull(string),
                    expiration: orNull({ type: "string", format: "date-time" }),
                    realm_user_id: orNull(string),
                    identity: orNull(string),
                    roles: orNull({ type: "array", items: string }),
                    worker_sid: orNull({ type: "string", pattern: "^WK[0-9a-fA-F]{32}$" }),
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

// Nor is Cloudflare's Turnstile Twilio's: https://challenges.cloudflare.com/turnstile/v0/siteverify.
const SITEVERIFY = {
  type: "object",
  properties: { secret: string, response: string, remoteip: string, idempotency_key: string },
  required: ["secret", "response"],
};
const TURNSTILE = {
  components: { schemas: {} },
  paths: {
    "/v0/siteverify": {
      post: {
        operationId: "Siteverify",
        security: [],
        requestBody: {
          content: { "application/x-www-form-urlencoded": { schema: SITEVERIFY }, "application/json": { schema: { type: "object" } } },
        },
        responses: { 200: { content: { "application/json": { schema: { type: "object" } } } } },
      },
    },
  },
};

const METHODS = ["get", "post", "put", "patch", "delete"];

function segmentPattern(segment) {
  const escaped = segment.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\{(\w+)\}/g, "(?<$1>.+)")}$`);
}

function readOperations(service, document) {
  const host = service.split("/")[0];
  const operations = [];
  for (const [path, item] of Object.entries(document.paths)) {
    const segments = path.split("/").slice(1);
    for (const method of METHODS) {
      const source = item[method];
      if (!source?.operationId) continue;
      const bodies = Object.entries(source.requestBody?.content ?? {}).map(([contentType, { schema }]) => ({ contentType, schema }));
      operations.push({
        service,
        host,
        path,
        document,
        bodies,
        open: source.security?.length === 0,
        operationId: source.operationId,
        method: method.toUpperCase(),
        literals: segments.filter((segment) => !segment.includes("{")).length,
        segments: segments.map(segmentPattern),
        parameters: source.parameters ?? [],
        responses: source.responses,
      });
    }
  }
  return operations;
}

const all = [
  ["iam/v1", IAM],
  ["turnstile/v0", TURNSTILE],
  ...DOCUMENTS.map(([service, file]) => [service, JSON.parse(readFileSync(join(folder, file), "utf8"))]),
].flatMap(([service, document]) => readOperations(service, document));

export const hosts = new Set(all.map((operation) => operation.host));

const byId = new Map(all.map((operation) => [`${operation.service} ${operation.operationId}`, operation]));
const byShape = new Map();
for (const operation of all) {
  const shape = `${operation.host} ${operation.segments.length}`;
  if (!byShape.has(shape)) byShape.set(shape, []);
  byShape.get(shape).push(operation);
}
// Literal segments win over parameters, as `/Workers/Statistics` must over `/Workers/{Sid}`.
for (const group of byShape.values()) group.sort((a, b) => b.literals - a.literals);

export const operationById = (service, operationId) => byId.get(`${service} ${operationId}`) ?? null;

/** The operation that a path and method name: `{operation, pathParams}`, or `{allowed}` when only the method is wrong. */
export function findOperation(host, method, pathname) {
  const segments = pathname.split("/").slice(1);
  const allowed = [];
  for (const operation of byShape.get(`${host} ${segments.length}`) ?? []) {
    const pathParams = {};
    const fits = operation.segments.every((pattern, index) => {
      const match = pattern.exec(segments[index]);
      if (match) Object.assign(pathParams, match.groups);
      return match;
    });
    if (!fits) continue;
    if (operation.method === method) return { operation, pathParams };
    allowed.push(operation.method);
  }
  return { operation: null, allowed };
}

/** Splits a Twilio URL, or its stand-in form `<base>/<host>/<path>`, into host, path and query. */
export function splitUrl(text) {
  const url = new URL(text, "http://standin.invalid");
  if (url.hostname.endsWith(".twilio.com")) {
    return { host: url.hostname.split(".")[0], pathname: url.pathname, search: url.search };
  }
  const segments = url.pathname.split("/").slice(1);
  const at = segments.findIndex((segment, index) => hosts.has(segment) && /^(v\d|\d{4}-)/.test(segments[index + 1] ?? ""));
  if (at < 0) return { host: null, pathname: url.pathname, search: url.search };
  return { host: segments[at], pathname: `/${segments.slice(at + 1).join("/")}`, search: url.search };
}
