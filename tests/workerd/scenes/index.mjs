// Every scene that the fault matrix plays, by kind. A new one is one object in one of these files; see faults.mjs.
import { dial } from "./dial.mjs";
import { helpers } from "./helpers.mjs";
import { internalCall } from "./internal-call.mjs";
import { internalChat } from "./internal-chat.mjs";
import { transfer } from "./transfer.mjs";

export const scenes = { "internal call": internalCall, transfer, helpers, dial, "internal chat": internalChat };
