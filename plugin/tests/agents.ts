import type { Agent } from "../src/directory/useDirectory";

/** An agent of the directory: available, with Flex for a telephone. */
export const agent = (name: string, parts: Partial<Agent> = {}): Agent => ({
  workerSid: `WK-${name}`,
  name,
  contactUri: `client:${name.split(" ")[0]!.toLowerCase()}`,
  image: null,
  email: null,
  activity: "Available",
  available: true,
  ...parts,
});
