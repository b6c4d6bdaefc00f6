// Holds the Worker's answers against openapi.yaml: their status has to be listed for the path and method, and the body has
// to be what the schema says.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import Ajv from "ajv/dist/2020.js";
import { parse } from "yaml";

import { root } from "../../dev/setup.mjs";

const described = parse(readFileSync(join(root, "openapi.yaml"), "utf8"), { merge: true });
// The keywords of OpenAPI around the schemas are none of JSON Schema's.
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(described, "openapi.yaml");

const escaped = (name) => encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
const validators = new Map();

function validatorAt(steps) {
  const pointer = steps.map(escaped).join("/");
  if (!validators.has(pointer)) validators.set(pointer, ajv.compile({ $ref: `openapi.yaml#/${pointer}` }));
  return validators.get(pointer);
}

/** Where the answer is described: the steps to its description in the document, and that description. */
function find(path, method, status) {
  const operation = described.paths[path]?.[method.toLowerCase()];
  // What is no endpoint, or not in this method, is refused in the words of every failure.
  if (!operation) return [["components", "responses", "BadRequest"], described.components.responses.BadRequest];
  const response = operation.responses[status];
  if (!response?.$ref) return [["paths", path, method.toLowerCase(), "responses", String(status)], response];
  const steps = response.$ref.slice(2).split("/");
  return [steps, steps.reduce((part, step) => part[step], described)];
}

/** What is wrong with an answer: texts. */
export function violations({ path, method, status, type, text }) {
  const what = `${method} ${path} answered ${status}`;
  if (method === "OPTIONS" || method === "HEAD") return [];
  const [steps, response] = find(path, method, status);
  if (!response) return [`${what}, which openapi.yaml does not list`];
  const media = type?.split(";")[0];
  if (!response.content?.[media]) return [`${what} as ${media}, which openapi.yaml does not list`];
  if (media !== "application/json" || status === 204) return [];
  const valid = validatorAt([...steps, "content", media, "schema"]);
  if (valid(JSON.parse(text))) return [];
  return valid.errors.map(({ instancePath, message }) => `${what}: ${instancePath || "the body"} ${message}`);
}

export const paths = described.paths;
