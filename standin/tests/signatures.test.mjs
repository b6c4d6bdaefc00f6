// Signatures, judged by npm twilio.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import twilioPackage from "twilio";
import { signature, signedUrl } from "../signature.mjs";

describe("signatures", () => {
  const fields = [
    ["b", "2"],
    ["a", "x y"],
    ["a", "1"],
    ["a", "1"],
    ["Z", ""],
    ["é", "ü"],
  ];
  for (const url of [
    "https://hooks.example.com/a?x=1",
    "http://hooks.example.com:8080/a",
    "https://hooks.example.com:8443/a#rc=2",
    "https://user:pass@hooks.example.com:8443/a?q=@",
  ]) {
    test(url, () => {
      const params = { b: "2", a: ["x y", "1", "1"], Z: "", é: "ü" };
      assert.equal(signature("token", signedUrl(url), fields), twilioPackage.getExpectedTwilioSignature("token", signedUrl(url), params));
    });
  }
  test("port, fragment and credentials", () => {
    assert.equal(signedUrl("https://u:p@a.example:8443/x?y#rc=1"), "https://a.example/x?y");
    assert.equal(signedUrl("http://a.example:8080/x#rc=1"), "http://a.example:8080/x");
    assert.equal(signedUrl("https://a.example:8443/x", { voice: false }), "https://a.example:8443/x");
  });
});
