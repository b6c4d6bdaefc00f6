// TaskRouter's expression language.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ExpressionError, expression } from "../expressions.mjs";

describe("expressions", () => {
  const names = { full_name: 'Pat "O\'Neil"', skills: ["a", "b"], level: 3, nested: { deep: true }, nothing: null };
  for (const [text, result] of [
    ["level == 3", true],
    ["level = 3 AND level != 4", true],
    ["level > 2 and level <= 3", true],
    ["level < 3 OR nested.deep", true],
    ["skills HAS 'a' AND NOT skills HAS 'c'", true],
    ["'b' IN skills", true],
    ["'c' NOT IN skills", true],
    ["level IN [1, 2, 3]", true],
    ['full_name CONTAINS "O\'N"', true],
    ["full_name CONTAINS 'O\\'N'", true],
    ['full_name CONTAINS "\\"O"', true],
    ["skills CONTAINS 'a'", true],
    ["missing == null AND nothing == null", true],
    ["missing.deeper HAS 'a'", false],
    ["level == '3'", false],
    ["(level == 1 OR level == 3) AND nested.deep == true", true],
  ])
    test(text, () => assert.equal(expression(text)(names), result));

  for (const text of ["", "level ==", "level == 3 3", "(level == 3", "level == 'x' OR 'y", "AND", "level LIKE 'a'", "a == 'x' ; b"]) {
    test(`refused: ${text}`, () => assert.throws(() => expression(text), ExpressionError));
  }
});
