// TaskRouter's expression language: `routing.skills HAS 'sales' AND task.targetWorker == worker.contact_uri`.

const TOKEN =
  /\s*(?:(?<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?<number>-?\d+(?:\.\d+)?)|(?<operator>==|!=|>=|<=|=|>|<|\(|\)|\[|\]|,)|(?<word>[A-Za-z_$][\w$]*(?:\.[\w$-]+)*))/y;
const KEYWORDS = new Set(["AND", "OR", "NOT", "IN", "HAS", "CONTAINS", "TRUE", "FALSE", "NULL"]);

export class ExpressionError extends Error {}

function tokenize(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new ExpressionError(`unexpected text at ${at}`);
    const { string, number, operator, word } = match.groups;
    if (string !== undefined) tokens.push({ kind: "value", value: string.slice(1, -1).replace(/\\(.)/g, "$1") });
    else if (number !== undefined) tokens.push({ kind: "value", value: Number(number) });
    else if (operator !== undefined) tokens.push({ kind: operator });
    else if (KEYWORDS.has(word.toUpperCase())) tokens.push({ kind: word.toUpperCase() });
    else tokens.push({ kind: "path", path: word.split(".") });
  }
  return tokens;
}

const isList = Array.isArray;
const equal = (a, b) => (a ?? null) === (b ?? null);
const COMPARE = {
  "==": equal,
  "=": equal,
  "!=": (a, b) => !equal(a, b),
  ">": (a, b) => typeof a === typeof b && a > b,
  ">=": (a, b) => typeof a === typeof b && a >= b,
  "<": (a, b) => typeof a === typeof b && a < b,
  "<=": (a, b) => typeof a === typeof b && a <= b,
  HAS: (a, b) => isList(a) && a.includes(b),
  CONTAINS: (a, b) => (isList(a) ? a.includes(b) : typeof a === "string" && typeof b === "string" && a.includes(b)),
  IN: (a, b) => isList(b) && b.includes(a),
  "NOT IN": (a, b) => !(isList(b) && b.includes(a)),
};

class Parser {
  constructor(tokens) {
    this.tokens = tokens;
    this.at = 0;
  }
  peek(kind, ahead = 0) {
    return this.tokens[this.at + ahead]?.kind === kind;
  }
  take(kind) {
    if (!this.peek(kind)) return false;
    this.at += 1;
    return true;
  }
  expect(kind) {
    if (!this.take(kind)) throw new ExpressionError(`expected ${kind}`);
  }
  or() {
    let left = this.and();
    while (this.take("OR")) {
      const [a, b] = [left, this.and()];
      left = (names) => Boolean(a(names)) || Boolean(b(names));
    }
    return left;
  }
  and() {
    let left = this.not();
    while (this.take("AND")) {
      const [a, b] = [left, this.not()];
      left = (names) => Boolean(a(names)) && Boolean(b(names));
    }
    return left;
  }
  not() {
    if (!this.take("NOT")) return this.comparison();
    const inner = this.not();
    return (names) => !inner(names);
  }
  comparison() {
    const left = this.operand();
    let operator = Object.keys(COMPARE).find((kind) => this.peek(kind));
    if (this.peek("NOT") && this.peek("IN", 1)) {
      this.at += 1;
      operator = "NOT IN";
    }
    if (!operator) return left;
    this.at += 1;
    const right = this.operand();
    return (names) => COMPARE[operator](left(names), right(names));
  }
  operand() {
    const token = this.tokens[this.at];
    if (!token) throw new ExpressionError("unexpected end");
    this.at += 1;
    switch (token.kind) {
      case "value":
        return () => token.value;
      case "TRUE":
        return () => true;
      case "FALSE":
        return () => false;
      case "NULL":
        return () => null;
      case "path":
        return (names) => token.path.reduce((value, name) => value?.[name], names);
      case "(": {
        const inner = this.or();
        this.expect(")");
        return inner;
      }
      case "[": {
        const items = [];
        while (!this.take("]")) {
          items.push(this.operand());
          if (!this.peek("]")) this.expect(",");
        }
        return (names) => items.map((item) => item(names));
      }
      default:
        throw new ExpressionError(`unexpected ${token.kind}`);
    }
  }
}

const compiled = new Map();

/** Compiles an expression to a test on an object of names; throws ExpressionError when it is not one. */
export function expression(text) {
  if (compiled.has(text)) return compiled.get(text);
  const parser = new Parser(tokenize(text));
  const inner = parser.or();
  if (parser.at < parser.tokens.length) throw new ExpressionError(`unexpected ${parser.tokens[parser.at].kind}`);
  const test = (names) => Boolean(inner(names));
  if (compiled.size > 10_000) compiled.clear();
  compiled.set(text, test);
  return test;
}
