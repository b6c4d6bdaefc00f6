// Holds a request or an answer against Twilio's OpenAPI documents. Pure: no state, no input or output.
import { findOperation, operationById, splitUrl } from "./documents.mjs";
import { checkValue, readText, resolve } from "./schema.mjs";

// Typed as plain strings in the documents, JSON by their descriptions.
const JSON_TEXTS = new Set(["Attributes", "PreEngagementData", "PostEngagementData", "ContentVariables", "Participant"]);
// A header of these that an operation does not declare is a misunderstanding, not a mere extra.
const SPECIAL_HEADERS = ["If-Match", "X-Twilio-Webhook-Enabled"];
const FORM = "application/x-www-form-urlencoded";

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function readPairs(text, what, violations) {
  const pairs = new Map();
  for (const part of text.split("&")) {
    if (part === "") continue;
    const [name, ...rest] = part.split("=");
    const key = decode(name.replaceAll("+", " "));
    const value = decode(rest.join("=").replaceAll("+", " "));
    if (key === null || value === null) violations.push(`${what}: broken percent-encoding or UTF-8`);
    else pairs.set(key, [...(pairs.get(key) ?? []), value]);
  }
  return pairs;
}

function readParameter(document, schema, name, texts, violations) {
  const resolved = resolve(document, schema);
  if (resolved.type !== "array" && texts.length > 1) violations.push(`${name}: given ${texts.length} times`);
  const values = texts.map((text) => {
    const read = readText(document, resolved.type === "array" ? resolved.items : schema, text, name);
    violations.push(...read.violations);
    if (JSON_TEXTS.has(name)) {
      try {
        JSON.parse(text);
      } catch {
        violations.push(`${name}: is not JSON`);
      }
    }
    return read.value;
  });
  return resolved.type === "array" ? values : values[0];
}

function readDeclared(document, declared, pairs, what, params, violations) {
  for (const [name, { schema, required }] of declared) {
    const texts = pairs.get(name);
    if (texts) params[name] = readParameter(document, schema, name, texts, violations);
    else if (required) violations.push(`${name}: required`);
  }
  for (const name of pairs.keys()) if (!declared.has(name)) violations.push(`${name}: no such ${what} parameter`);
}

function readForm(operation, source, body, params, violations) {
  const schema = resolve(operation.document, source);
  const declared = new Map(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [
      name,
      { schema: property, required: schema.required?.includes(name) },
    ]),
  );
  readDeclared(operation.document, declared, readPairs(body, "body", violations), "form", params, violations);
}

function readJson(operation, schema, body, params, violations) {
  try {
    const value = JSON.parse(body);
    violations.push(...checkValue(operation.document, schema, value, "body"));
    Object.assign(params, value);
  } catch {
    violations.push("body: is not JSON");
  }
}

function readBody(operation, headers, body, params, violations) {
  if (operation.bodies.length === 0) {
    if (body !== "") violations.push("body: this operation takes none");
    return;
  }
  const contentType = (headers["content-type"] ?? "").split(";")[0].trim().toLowerCase();
  const known = operation.bodies.find((candidate) => candidate.contentType === contentType);
  const expected = known ?? operation.bodies[0];
  if (body !== "" && !known) violations.push(`Content-Type: ${contentType || "none"} instead of ${expected.contentType}`);
  const read = expected.contentType === FORM ? readForm : readJson;
  read(operation, expected.schema, body, params, violations);
}

function lowerCased(headers) {
  const entries = headers instanceof Headers ? [...headers] : Array.isArray(headers) ? headers : Object.entries(headers ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/**
 * Checks one request. `url` is Twilio's own or `<base>/<host>/<path>`; `headers` an object, pairs or Headers; `body` text.
 * `params` holds path, query, form and declared header parameters by name, typed as the document says.
 * `problem` tells how Twilio would refuse: "path", "method", "sid" or "parameter"; null when there is nothing to refuse.
 */
export function checkRequest({ method, url, headers = {}, body = "" }) {
  const given = lowerCased(headers);
  const text = typeof body === "string" ? body : body == null ? "" : Buffer.from(body).toString("utf8");
  const { host, pathname, search } = splitUrl(url);
  const { operation, pathParams, allowed } = findOperation(host, method.toUpperCase(), pathname);
  if (!operation) {
    const wrongMethod = allowed.length > 0;
    const violation = wrongMethod
      ? `${method} ${pathname}: only ${allowed.join(", ")}`
      : `${method} ${pathname}: no such path on ${host ?? "any known host"}`;
    return { operationId: null, service: null, params: {}, violations: [violation], problem: wrongMethod ? "method" : "path" };
  }
  const params = {};
  const violations = [];
  for (const parameter of operation.parameters.filter(({ in: place }) => place === "path")) {
    const value = decode(pathParams[parameter.name]);
    params[parameter.name] = value;
    if (value === null) violations.push(`${parameter.name}: broken percent-encoding`);
    else violations.push(...checkValue(operation.document, parameter.schema, value, parameter.name));
  }
  const wrongPath = violations.length > 0;
  const query = new Map(operation.parameters.filter(({ in: place }) => place === "query").map((parameter) => [parameter.name, parameter]));
  readDeclared(operation.document, query, readPairs(search.slice(1), "query", violations), "query", params, violations);
  for (const parameter of operation.parameters.filter(({ in: place }) => place === "header")) {
    const value = given[parameter.name.toLowerCase()];
    if (value !== undefined)
      params[parameter.name] = readParameter(operation.document, parameter.schema, parameter.name, [value], violations);
  }
  for (const name of SPECIAL_HEADERS) {
    if (given[name.toLowerCase()] !== undefined && !(name in params))
      violations.push(`${name}: ${operation.operationId} takes no such header`);
  }
  readBody(operation, given, text, params, violations);
  const problem = wrongPath ? "sid" : violations.length > 0 ? "parameter" : null;
  return { operationId: operation.operationId, service: operation.service, params, violations, problem };
}

/** The documented success status of an operation; the first, where the document names two. */
export const successStatus = ({ responses }) => Number(Object.keys(responses).find((status) => status.startsWith("2")));

// The documents forget `nullable` in places where their own examples show null; the examples are believed.
const nullPlaces = new WeakMap();
function nullsOf(media) {
  if (nullPlaces.has(media)) return nullPlaces.get(media);
  const places = new Set();
  const walk = (value, where) => {
    if (value === null) places.add(where);
    else if (Array.isArray(value)) value.forEach((item) => walk(item, `${where}[]`));
    else if (typeof value === "object") for (const [name, item] of Object.entries(value)) walk(item, `${where}.${name}`);
  };
  for (const { value } of Object.values(media.examples ?? {})) walk(value, "body");
  nullPlaces.set(media, places);
  return places;
}

const ERROR = {
  type: "object",
  properties: {
    code: { type: "integer" },
    message: { type: "string" },
    more_info: { type: "string", format: "uri" },
    status: { type: "integer" },
  },
};

/** Checks one answer. `body` is its JSON, parsed or as text; null or empty for none. */
export function checkResponse({ operationId, service, status, body }) {
  const operation = operationById(service, operationId);
  let value = body === "" || body === undefined ? null : body;
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return ["body: is not JSON"];
    }
  }
  if (status >= 400) return checkValue({}, ERROR, value ?? {}, "body");
  if (!operation) return [`${service} ${operationId}: no such operation`];
  const response = operation.responses[status];
  if (!response) return [`status ${status}: not in the document, which has ${Object.keys(operation.responses).join(", ")}`];
  const media = Object.values(response.content ?? {})[0];
  if (!media?.schema || status === 204) return value === null ? [] : ["body: there should be none"];
  return checkValue(operation.document, media.schema, value, "body", nullsOf(media));
}
