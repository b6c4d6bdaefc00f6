import { screen } from "@testing-library/react";
import React from "react";
import { describe, expect, it } from "vitest";
import { Failure, failureOf, type Cause } from "../src/api/failure";
import { createNotices } from "../src/notices";
import { wordsFor } from "../src/words";
import { en } from "../src/words/en";
import { ptBr } from "../src/words/pt-br";
import { fakeFlex } from "./flex";
import { render } from "./render";

const CAUSES: Cause[] = ["lost", "late", "refused", "forbidden", "gone", "conflict", "busy", "unconfigured", "broken"];

describe.each(["en-US", "pt-BR"])("in %s", (locale) => {
  const words = wordsFor(locale);

  it.each(CAUSES)("says why, when it is %s, and by which id an operator finds it", (reason) => {
    const fake = fakeFlex({ locale });
    const failure = new Failure(reason, "the Worker's words", 500, {
      requestId: "req-7",
      missing: ["SETTING_A", "SETTING_B"],
    });
    createNotices(fake.flex, words).failed(words.callCustomer.failed, failure);
    const [text] = fake.told("Failed");
    expect(text).toMatch(new RegExp(`^${words.callCustomer.failed} .+req-7`));
    expect(text).not.toMatch(/undefined|\[object/);
    if (reason === "unconfigured") expect(text).toContain("SETTING_A, SETTING_B");
    if (reason === "refused") expect(text).toContain("the Worker's words");
  });
});

it("has no id to show when there was no answer", () => {
  const fake = fakeFlex();
  createNotices(fake.flex, en).failed("It failed.", new Failure("lost", "Failed to fetch"));
  expect(fake.told("Failed")).toEqual([`It failed. ${en.why.lost}`]);
});

it("tells what Flex itself says", () => {
  const fake = fakeFlex();
  createNotices(fake.flex, en).failed("It failed.", new Error("Worker is not there"));
  createNotices(fake.flex, en).failed("It failed.", "a text");
  expect(fake.told("Failed")).toEqual(["It failed. Flex says: Worker is not there", "It failed. Flex says: a text"]);
});

it("prefers what a part knows about a failure", () => {
  const fake = fakeFlex();
  const failure = failureOf(409, { requestId: "req-9" });
  createNotices(fake.flex, en).failed("It failed.", failure, ({ reason }) =>
    reason === "conflict" ? "Bob was faster." : undefined,
  );
  expect(fake.told("Failed")).toEqual(["It failed. Bob was faster. (Request req-9)"]);
});

it("shows texts of others as text", () => {
  const fake = fakeFlex();
  createNotices(fake.flex, en);
  const { content } = fake.inside.notifications.registered.get("FlexEdgeFailed")!;
  render(React.cloneElement(content, { notificationContext: { text: "<b>{{bold}}</b>" } }));
  expect(screen.getByText("<b>{{bold}}</b>")).toBeInTheDocument();
});

it("says the same things in both languages", () => {
  const leaves = (value: object, path = ""): string[] =>
    Object.entries(value).flatMap(([name, text]) =>
      typeof text === "object" ? leaves(text as object, `${path}${name}.`) : [`${path}${name}:${typeof text}`],
    );
  expect(leaves(ptBr).sort()).toEqual(leaves(en).sort());
  const texts = (words: object): string[] =>
    Object.values(words).flatMap((text) =>
      typeof text === "object" ? texts(text as object) : typeof text === "string" ? [text] : [],
    );
  const same = texts(en).filter((text) => texts(ptBr).includes(text));
  expect(same).toEqual([]);
});

it("speaks Portuguese for pt, pt-BR and pt-PT, English otherwise", () => {
  expect([wordsFor("pt"), wordsFor("pt-BR"), wordsFor("PT-pt")]).toEqual([ptBr, ptBr, ptBr]);
  expect([wordsFor("en-GB"), wordsFor("de-DE"), wordsFor(undefined)]).toEqual([en, en, en]);
});
