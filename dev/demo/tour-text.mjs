// docs/tour.md: what `npm start` prints, to be read without starting anything. `node dev/demo/tour-text.mjs` writes it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "../setup.mjs";
import { stops } from "../tour.mjs";

export function tourText() {
  const parts = stops().map(([what, commands], at) => `## ${at + 1}. ${what}\n\n\`\`\`bash\n${commands}\n\`\`\``);
  return `# The tour

\`npm start\` runs the Worker at http://127.0.0.1:8787 beside a local Twilio at http://127.0.0.1:4010, and prints these stops. Paste them into a second
terminal, from the first one on, in one shell: later stops use names that earlier ones have made. Alice, Bob and Carol (whose phone is SIP) are agents, Dave is a supervisor; their Flex tokens are
\`a.flex.token.of.alice\`, \`a.flex.token.of.bob\` and so on. \`npm run demo\` plays much the same by itself and says what each answer means.

${parts.join("\n\n")}

## What the Worker asked Twilio, and whether Twilio knows such requests

\`\`\`bash
curl -s "http://127.0.0.1:4010/__standin/journal?kind=request" | tail -40
curl -s http://127.0.0.1:4010/__standin/violations
\`\`\`
`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) writeFileSync(join(root, "docs/tour.md"), tourText());
