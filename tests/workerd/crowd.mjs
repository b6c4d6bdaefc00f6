// A Worker beside a contact centre of 5,000 agents, for the directory and the clean-up.
import { startEdge } from "./edge.mjs";

export const crowd = await startEdge({ twilio: { workers: 5000 }, vars: { INTERNAL_CHAT_CLEANUP_CALLS: "60" } });

export const MARKED = { internalChat: "internalChat" };
export const ask = (agent, path, fields) => crowd.post(`/internal-chat/${path}`, agent, fields);
export const room = (sid) => crowd.twilio.readConversation(sid);
export const named = (name) => crowd.twilio.state().conversations.filter(({ uniqueName }) => uniqueName === name);
