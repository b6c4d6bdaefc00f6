// What was printed, as an SVG: a terminal with one line of text per line.
const COLOURS = { title: "#e6edf3", ask: "#79c0ff", answer: "#8b949e", refusal: "#d29922", twilio: "#6e7681", good: "#3fb950", text: "#c9d1d9" };
const [WIDTH, LINE, SIZE, EDGE, TOP] = [1010, 19, 13, 22, 44];

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** `lines`: `[kind, text]`. */
export function picture(lines, title) {
  const height = TOP + lines.length * LINE + EDGE;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map((fill, at) => `<circle cx="${24 + at * 20}" cy="20" r="6" fill="${fill}"/>`).join("");
  const rows = lines.map(([kind, text], at) => {
    const weight = kind === "title" ? ' font-weight="bold"' : "";
    return `<text x="${EDGE}" y="${TOP + (at + 1) * LINE - 5}" fill="${COLOURS[kind]}"${weight} xml:space="preserve">${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<rect width="${WIDTH}" height="${height}" rx="10" fill="#0d1117"/>
${dots}
<text x="${WIDTH / 2}" y="25" fill="#8b949e" text-anchor="middle" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">${escaped(title)}</text>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${SIZE}">
${rows.join("\n")}
</g>
</svg>
`;
}
