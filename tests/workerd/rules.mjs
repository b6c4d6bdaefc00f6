// The rules of the product that hold whatever fails. What a failing test says begins with the rule that was broken.
import { isDeepStrictEqual } from "node:util";

import { until } from "./clock.mjs";

const show = (value) => JSON.stringify(value);

function rule(text) {
  const must = (holds, detail = "") => {
    if (!holds) throw new Error(`“${text}” is broken: ${detail}`);
  };
  must.equal = (actual, expected, detail = "") => must(isDeepStrictEqual(actual, expected), `${detail} ${show(actual)}, not ${show(expected)}`);
  /** The same, within the time after which the Worker's own watch has looked at it, and has been there twice. */
  must.soon = (check, detail, time = 30_000) => until(check, detail, time).catch(() => must(false, detail));
  return must;
}

export const told = rule("every answer tells whether it worked, and a failure says why and has its request's id");
export const inTime = rule("who asks has an answer while they wait");
export const isTrue = rule("success means that it is done");
export const once = rule("what creates something runs once, however often it is asked for");
export const same = rule("a duplicate gets the first one's result");
export const notAlone = rule("nobody is left alone, and nobody rings for somebody who has gone");
export const kept = rule("what others have written stays as it is");
export const untouched = rule("nothing changes but what was asked for");
export const overcome = rule("a passing fault is overcome, at the latest by whoever asks next");
export const struck = rule("the fault has struck, else the case says nothing");
