// A small strict XML parser, enough for TwiML: elements, attributes, text, comments; no doctype, no CDATA.

const NAME = /[A-Za-z_][\w.-]*/y;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export class TwimlError extends Error {}

function unescape(text) {
  return text.replace(/&([^;\s]*);?/g, (whole, name) => {
    if (!whole.endsWith(";")) throw new TwimlError("bare & in text");
    if (name in ENTITIES) return ENTITIES[name];
    const code = /^#x([0-9a-f]+)$/i.test(name) ? parseInt(name.slice(2), 16) : /^#\d+$/.test(name) ? Number(name.slice(1)) : NaN;
    if (Number.isNaN(code)) throw new TwimlError(`unknown entity &${name};`);
    return String.fromCodePoint(code);
  });
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }
  skip(pattern) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at = pattern.lastIndex;
    return match?.[0] ?? null;
  }
  expect(literal) {
    if (!this.text.startsWith(literal, this.at)) throw new TwimlError(`expected ${literal} at ${this.at}`);
    this.at += literal.length;
  }
  between() {
    while (this.skip(/\s+/y) !== null || this.skip(/<!--(?:(?!--)[^])*-->/y) !== null);
  }
  attributes() {
    const attributes = {};
    for (;;) {
      const space = this.skip(/\s+/y);
      const name = this.skip(NAME);
      if (name === null) return attributes;
      if (space === null) throw new TwimlError(`no space before attribute ${name}`);
      if (name in attributes) throw new TwimlError(`attribute ${name} twice`);
      this.skip(/\s*=\s*/y) ?? this.expect("=");
      const quoted = this.skip(/"[^"<]*"|'[^'<]*'/y);
      if (quoted === null) throw new TwimlError(`attribute ${name} without a value`);
      attributes[name] = unescape(quoted.slice(1, -1));
    }
  }
  element() {
    this.expect("<");
    const name = this.skip(NAME);
    if (name === null) throw new TwimlError(`no element name at ${this.at}`);
    const element = { name, attributes: this.attributes(), children: [], text: "" };
    if (this.skip(/\/>/y) !== null) return element;
    this.expect(">");
    for (;;) {
      element.text += unescape(this.skip(/[^<]+/y) ?? "");
      if (this.skip(/<!--(?:(?!--)[^])*-->/y) !== null) continue;
      if (this.text.startsWith("</", this.at)) break;
      element.children.push(this.element());
    }
    this.expect(`</${name}`);
    this.skip(/\s+/y);
    this.expect(">");
    element.text = element.text.trim();
    return element;
  }
}

/** Parses a TwiML document to its `<Response>` element: `{name, attributes, children, text}`. */
export function parseTwiml(text) {
  const reader = new Reader(text);
  reader.skip(/\s*<\?xml\s[^?]*\?>/y);
  reader.between();
  const root = reader.element();
  reader.between();
  if (reader.at < text.length) throw new TwimlError("text after the document");
  if (root.name !== "Response") throw new TwimlError(`<${root.name}> instead of <Response>`);
  return root;
}
