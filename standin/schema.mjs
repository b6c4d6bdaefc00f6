// Checks values against the schemas of the OpenAPI documents.

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;
const RFC_2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/;

const FORMATS = {
  "date-time": (text) => ISO.test(text) && !Number.isNaN(Date.parse(text)),
  "date-time-rfc-2822": (text) => RFC_2822.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text),
  uri: (text) => text.startsWith("/") || URL.canParse(text),
  "http-method": (text) => /^(GET|POST|PUT|PATCH|DELETE|HEAD)$/i.test(text),
  "iso-country-code": (text) => /^[A-Za-z]{2}$/.test(text),
};

const patterns = new Map();
function patternOf(text) {
  if (!patterns.has(text)) patterns.set(text, new RegExp(text));
  return patterns.get(text);
}

export function resolve(document, schema) {
  let found = schema ?? {};
  while (found.$ref) found = document.components.schemas[found.$ref.split("/").pop()];
  return found;
}

function checkString(schema, text, where) {
  if (schema.enum && !schema.enum.includes(text)) return [`${where}: ${JSON.stringify(text)} is not one of ${schema.enum.join(", ")}`];
  if (schema.pattern && !patternOf(schema.pattern).test(text)) return [`${where}: does not match ${schema.pattern}`];
  if (schema.minLength > text.length || schema.maxLength < text.length) return [`${where}: ${text.length} characters`];
  if (schema.format && FORMATS[schema.format]?.(text) === false) return [`${where}: is not a ${schema.format}`];
  return [];
}

function checkNumber(schema, number, where) {
  if (schema.type === "integer" && !Number.isInteger(number)) return [`${where}: ${number} is not an integer`];
  if (number < schema.minimum || number > schema.maximum) return [`${where}: ${number} is outside ${schema.minimum}…${schema.maximum}`];
  return [];
}

/** Names the ways in which a JSON value differs from its schema. `nulls` holds places where null is known to occur. */
export function checkValue(document, source, value, where, nulls = new Set()) {
  const schema = resolve(document, source);
  const place = where.replace(/\[\d+\]/g, "[]");
  if (value === null) return schema.nullable || source?.nullable || !schema.type || nulls.has(place) ? [] : [`${where}: null`];
  switch (schema.type) {
    case undefined:
      return [];
    case "string":
      return typeof value === "string" ? checkString(schema, value, where) : [`${where}: ${typeof value} instead of string`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${where}: ${typeof value} instead of boolean`];
    case "integer":
    case "number":
      return typeof value === "number" ? checkNumber(schema, value, where) : [`${where}: ${typeof value} instead of ${schema.type}`];
    case "array":
      if (!Array.isArray(value)) return [`${where}: ${typeof value} instead of array`];
      return value.flatMap((item, index) => checkValue(document, schema.items, item, `${where}[${index}]`, nulls));
    case "object":
      return checkObject(document, schema, value, where, nulls);
    default:
      return [`${where}: schema type ${schema.type} is not known here`];
  }
}

function checkObject(document, schema, value, where, nulls) {
  if (typeof value !== "object" || Array.isArray(value)) return [`${where}: not an object`];
  if (schema.format === "uri-map") {
    return Object.entries(value)
      .filter(([, url]) => typeof url !== "string" || !FORMATS.uri(url))
      .map(([name]) => `${where}.${name}: is not a URL`);
  }
  // Without any property in it, a schema leaves the object open.
  if (Object.keys(schema.properties ?? {}).length === 0) return [];
  const violations = [];
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!(name in value)) violations.push(`${where}.${name}: missing`);
    else violations.push(...checkValue(document, property, value[name], `${where}.${name}`, nulls));
  }
  for (const name of Object.keys(value)) if (!(name in schema.properties)) violations.push(`${where}.${name}: not in the document`);
  return violations;
}

/** Reads a form or query text as the value its schema wants: `{value, violations}`. */
export function readText(document, source, text, name) {
  const schema = resolve(document, source);
  switch (schema.type) {
    case "boolean":
      if (text === "true" || text === "false") return { value: text === "true", violations: [] };
      return { value: text, violations: [`${name}: ${JSON.stringify(text)} is not a boolean`] };
    case "integer":
    case "number":
      if (!/^-?\d+(\.\d+)?$/.test(text)) return { value: text, violations: [`${name}: ${JSON.stringify(text)} is not a number`] };
      return { value: Number(text), violations: checkNumber(schema, Number(text), name) };
    case undefined:
    case "object":
      try {
        return { value: JSON.parse(text), violations: [] };
      } catch {
        return { value: text, violations: [`${name}: is not JSON`] };
      }
    default:
      // An empty URL is legal where it switches something off, as `WaitUrl=` does.
      if (text === "" && schema.format === "uri") return { value: text, violations: [] };
      if (schema.format === "uri" && !/^https?:\/\//.test(text)) return { value: text, violations: [`${name}: is not an absolute URL`] };
      return { value: text, violations: checkString(schema, text, name) };
  }
}
