// The TwiML parser.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseTwiml, TwimlError } from "../twiml.mjs";

describe("TwiML", () => {
  test("elements, attributes and entities", () => {
    const document = parseTwiml(
      '<?xml version="1.0" encoding="UTF-8"?><!-- x --><Response><Dial><Conference a="&lt;&quot;" b=\'&#39;\'>x &amp; y</Conference></Dial></Response>',
    );
    assert.deepEqual(document.children[0].children[0], {
      name: "Conference",
      attributes: { a: '<"', b: "'" },
      children: [],
      text: "x & y",
    });
  });
  for (const text of [
    "",
    "<Response>",
    "<Response></Responses>",
    "<Response a=1/>",
    '<Response a="1" a="2"/>',
    "<Response>a & b</Response>",
    "<Response>&nbsp;</Response>",
    "<Other/>",
    "<Response/><Response/>",
    '<Response a="<"/>',
    "<!DOCTYPE x><Response/>",
  ]) {
    test(`refused: ${text || "nothing"}`, () => assert.throws(() => parseTwiml(text), TwimlError));
  }
});
