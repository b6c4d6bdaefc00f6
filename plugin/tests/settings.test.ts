import { describe, expect, it } from "vitest";
import { PARTS, readSettings } from "../src/settings";

const settings = (flex_edge: unknown) => readSettings({ flex_edge });

describe("settings", () => {
  it("has every part on unless it is switched off", () => {
    const all = settings({ url: "https://edge.example.com/" });
    expect(all).toEqual({ origin: "https://edge.example.com", parts: new Set(PARTS) });
    const some = settings({
      url: "https://edge.example.com",
      features: { park: false, colleagues: "off", call_agent: true, hand_over: "FALSE" },
    });
    expect(some).toEqual({ origin: "https://edge.example.com", parts: new Set(["call_agent", "call_customer"]) });
  });

  it("keeps a path in front of the Worker's own", () => {
    expect(settings({ url: " https://example.com/flex-edge/ " })).toMatchObject({
      origin: "https://example.com/flex-edge",
    });
  });

  it.each([undefined, null, {}, { url: "" }, { url: "  " }, { url: 3 }, "https://edge.example.com"])(
    "misses the URL in %j",
    (value) => {
      expect(settings(value)).toEqual({ problem: "missing-url" });
      expect(readSettings(value === undefined ? undefined : value)).toEqual({ problem: "missing-url" });
    },
  );

  it.each(["edge.example.com", "http://edge.example.com", "javascript:alert(1)", "ftp://edge.example.com", "https://"])(
    "gives the token to no %s",
    (url) => {
      expect(settings({ url })).toEqual({ problem: "bad-url" });
    },
  );

  it.each(["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"])(
    "takes %s, which is this machine",
    (url) => {
      expect(settings({ url })).toMatchObject({ origin: url });
    },
  );
});
