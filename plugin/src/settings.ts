/** The parts of the plugin, as they are named in `ui_attributes.flex_edge.features`. */
export const PARTS = ["call_agent", "hand_over", "call_customer", "colleagues", "park"] as const;
export type PartName = (typeof PARTS)[number];

export type Settings = { origin: string; parts: ReadonlySet<PartName> };
export type SettingsProblem = { problem: "missing-url" | "bad-url" };

/** Reads `ui_attributes.flex_edge` of the Flex Configuration. A part is on unless it is switched off. */
export function readSettings(uiAttributes: unknown): Settings | SettingsProblem {
  const { url, features } = members(members(uiAttributes).flex_edge);
  if (typeof url !== "string" || url.trim() === "") return { problem: "missing-url" };
  const origin = originOf(url.trim());
  if (!origin) return { problem: "bad-url" };
  const switches = members(features);
  const isOn = (part: PartName) => !["false", "off", "0"].includes(String(switches[part]).toLowerCase());
  return { origin, parts: new Set(PARTS.filter(isOn)) };
}

/** The token goes there: without encryption only to this machine. A path in front of the Worker's own is kept. */
function originOf(text: string): string | undefined {
  try {
    const url = new URL(text);
    const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
    if (url.protocol !== "https:" && !(url.protocol === "http:" && isHere)) return undefined;
    return url.origin + url.pathname.replace(/\/+$/, "");
  } catch {
    return undefined;
  }
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
