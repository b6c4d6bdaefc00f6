// The scenes of the fault matrix that Twilio begins by itself, or that webchat's settings belong to, by kind.
import { events } from "./events.mjs";
import { inbound } from "./inbound.mjs";
import { nativeCalls } from "./native-call.mjs";
import { parked } from "./park.mjs";
import { webchat } from "./webchat.mjs";

export const connectedScenes = { inbound, park: parked, webchat, events, "native call": nativeCalls };
