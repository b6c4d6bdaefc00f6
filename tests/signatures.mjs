// Writes random webhooks, signed well and badly, with twilio-node's verdict on each: the
// Rust test `random_requests_get_twilio_nodes_verdict` must come to the same.
//   node tests/signatures.mjs FILE [COUNT] [SEED]
import { writeFileSync } from "node:fs";
import { parse, stringify } from "node:querystring";
import twilio from "twilio";

const [file, count = "12000", seed = "1"] = process.argv.slice(2);

let state = Number(seed);
const random = (below) => {
  state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
  const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
};
const pick = (list) => list[random(list.length)];

// No space: a request line cannot carry one.
const ALPHABET = [..."abcXYZ019-._~", "%20", "%2F", "%2f", "%E2%9C%93", "+", "'", "é", "世", "!", "(", ")", "*", "@", ":", ";", ",", "$", "[", "]", "|", "`", "{", "}", "\"", "<", ">", "\\", "^", "%", "%zz"];
const text = (most, alphabet = ALPHABET) => Array.from({ length: random(most + 1) }, () => pick(alphabet)).join("");
const VALUES = [..."abzAZ09 +&=%?#", "é", "世", "👋🏽", "\u{e000}", "\u{ffff}", "\n", "\t", "\0"];

function url() {
  const scheme = pick(["https", "http", "https", "HTTPS"]);
  const host = pick(["hooks.example.com", "Hooks.Example.com", "127.0.0.1", "[::1]", "localhost", "xn--nxasmq6b.example"]);
  const port = pick(["", "", ":443", ":80", ":8443", ":8080"]);
  const path = pick(["", "/", `/${text(6)}`, `/a/${text(4)}/${text(4)}`, "/a/../b", "/./x", "/x/%2e%2e/y", "/voice/agent-outbound-join"]);
  const query = pick(["", "", `?${text(8)}`, `?a=${text(4)}&b=${text(4)}&a=${text(3)}`, "?flag&empty=&2=x&1=y&10=z", `?${text(3)}=${text(3)}&=x&&y`]);
  return `${scheme}://${host}${port}${path}${query}`;
}

function params() {
  const fields = {};
  for (let i = random(8); i > 0; i--) {
    const name = pick(["CallSid", "From", "To", "a", "Z", "Z10", "Z2", "_x", "é", "\u{e000}", "👋", "MessagingBinding.Address", text(3, VALUES) || "n"]);
    if (name === "__proto__") continue;
    fields[name] = random(4) ? text(5, VALUES) : Array.from({ length: 1 + random(3) }, () => text(2, VALUES));
  }
  return fields;
}

// The ways in which Twilio, or something in between, may have spelt the URL.
function spelling(received) {
  const split = /^([a-z]+:\/\/)([^/?]*)(.*)$/is.exec(received);
  const bare = split[2].replace(/:\d+$/, "");
  const normal = new URL(received).toString();
  const legacy = (u) => (u.includes("?") ? `${u.split("?")[0]}?${stringify(parse(u.slice(u.indexOf("?") + 1)))}` : u);
  return pick([
    received,
    split[1] + bare + split[3],
    `${split[1] + bare}:${/^https/i.test(split[1]) ? 443 : 80}${split[3]}`,
    normal,
    normal.replace(/^(https?:\/\/(?:\[[^\]]*\]|[^/:?]*)):\d+/, "$1"),
    legacy(normal),
    received.replaceAll("+", "%20"),
    received.replaceAll("%20", "+"),
    received.replace("https", "http"),
    `${received}/`,
    received.toLowerCase(),
  ]);
}

const lines = [];
while (lines.length < Number(count)) {
  const authToken = pick(["12345", "6f1d2c3b4a5968778695a4b3c2d1e0f9"]);
  const received = url();
  const fields = params();
  let signature;
  let valid;
  try {
    const signedFields = { ...fields };
    if (!random(6)) signedFields.extra = "1";
    if (!random(6)) delete signedFields[Object.keys(signedFields)[0]];
    signature = twilio.getExpectedTwilioSignature(random(12) ? authToken : "other", spelling(received), signedFields);
    if (!random(20)) signature = signature.slice(0, -1);
    valid = twilio.validateRequest(authToken, signature, received, fields);
  } catch {
    continue; // no URL at all
  }
  lines.push(JSON.stringify({ authToken, url: received, params: fields, signature, valid }));
}
writeFileSync(file, `${lines.join("\n")}\n`);
console.log(`${lines.length} random requests, ${lines.filter((line) => line.endsWith("true}")).length} of them valid by twilio-node`);
