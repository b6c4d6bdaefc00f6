// Holds every request that the native tests sent against Twilio's OpenAPI documents.
//   node tests/openapi.mjs FILE
import { readFileSync } from "node:fs";

import { checkRequest } from "../standin/openapi.mjs";

const lines = readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean);
const operations = new Map();
let failures = 0;
for (const line of new Set(lines)) {
  const { method, url, headers, body } = JSON.parse(line);
  const present = Object.fromEntries(Object.entries(headers).filter(([, value]) => value));
  const { operationId, service, violations } = checkRequest({ method, url, headers: present, body });
  operations.set(`${service} ${operationId}`, (operations.get(`${service} ${operationId}`) ?? 0) + 1);
  for (const violation of violations) {
    failures++;
    console.error(`${method} ${url}: ${typeof violation === "string" ? violation : JSON.stringify(violation)}`);
  }
}
console.log(`${lines.length} requests of ${operations.size} operations held against Twilio's OpenAPI documents`);
if (failures || lines.length === 0) {
  console.error(`${failures} violations`);
  process.exit(1);
}
