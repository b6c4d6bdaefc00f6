// Writes webchat tokens as twilio-node makes them, each with what it was made of: the Rust test
// `tokens_are_those_of_twilio_node` must come to the same claims.
//   node tests/tokens.mjs FILE
import { writeFileSync } from "node:fs";
import twilio from "twilio";

const { AccessToken } = twilio.jwt;
const NOW = 1_800_000_000_000; // the clock of the Rust tests
Date.now = () => NOW;

const sid = (prefix, digits) => `${prefix}${String(digits).padStart(32, "0")}`;
const lines = [];
for (const identity of ["ana-1", "é 世 👋🏽", "a\"b\\c\n", "+15551230001", "x".repeat(256)]) {
  for (const [ttl, region] of [[21_600], [60, "ie1"], [86_400, "au1"]]) {
    const number = lines.length + 1;
    const given = { account: sid("AC", number), key: sid("SK", number), secret: `secret ${number} é`, service: sid("IS", number), identity, ttl, region };
    const token = new AccessToken(given.account, given.key, given.secret, { identity, ttl, region });
    token.addGrant(new AccessToken.ChatGrant({ serviceSid: given.service }));
    lines.push(JSON.stringify({ ...given, token: token.toJwt() }));
  }
}
writeFileSync(process.argv[2], `${lines.join("\n")}\n`);
console.log(`${lines.length} tokens by twilio-node`);
