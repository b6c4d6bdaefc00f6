// @vitest-environment node
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import React from "react";
import ReactDOM from "react-dom";
import { build } from "vite";
import { beforeAll, describe, expect, it, vi } from "vitest";
import manifest from "../package.json";

type Output = { output: { fileName: string; type: string; code?: string }[] };

/** What agents' browsers load once per version. */
const MOST_KILOBYTES = 160;

describe("the bundle", () => {
  let files: Output["output"];
  let code: string;

  beforeAll(async () => {
    const built = (await build({ logLevel: "error", build: { write: false } })) as unknown as Output[];
    files = built.flatMap(({ output }) => output);
    code = files.find(({ fileName }) => fileName === "flex-edge.js")!.code!;
  }, 120_000);

  it("is one script", () => {
    expect(files.map(({ fileName }) => fileName)).toEqual(["flex-edge.js", "flex-edge.js.map"]);
  });

  it("starts the plugin at once, as a classic script with Flex's globals", () => {
    const init = vi.fn();
    const page: Record<string, unknown> = {
      React,
      ReactDOM,
      Twilio: { Flex: { Plugins: { init } } },
      console,
      setTimeout,
      addEventListener: vi.fn(),
      removeEventListener: vi.fn(),
    };
    page.window = page;
    runInNewContext(code, page);
    expect(init).toHaveBeenCalledOnce();
    const [Plugin] = init.mock.calls[0] as [new () => { name: string; version: string }];
    expect(new Plugin()).toMatchObject({ name: "FlexEdgePlugin", version: manifest.version });
  });

  it("has no React of its own, whose hooks would not work in Flex", () => {
    expect(code).not.toMatch(/react\.production|Invalid hook call|unstable_batchedUpdates=/);
  });

  it("is no larger than agents' browsers should load", () => {
    const kilobytes = gzipSync(code).length / 1000;
    console.log(`flex-edge.js: ${Math.round(code.length / 1000)} kB, ${kilobytes.toFixed(1)} kB with gzip`);
    expect(kilobytes).toBeLessThan(MOST_KILOBYTES);
  });
});
