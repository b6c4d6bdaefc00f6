// To be imported first: addresses, event callback and application lead to the shared Worker, and webchat is set up.
import { EVENTS } from "../../dev/doctor/places.mjs";
import { seed } from "../../standin/index.mjs";
import { WEBCHAT, world } from "./world.mjs";

Object.assign(world.vars, WEBCHAT);
world.twilio.connected = true;
// Only the events that an operator is told to set up. Who comes in waits: nobody of another case is asked to take them.
world.twilio.extend = ({ workspace }) => {
  workspace.settings.eventsFilter = EVENTS.join(",");
  for (const sid of [seed.INBOUND_WORKFLOW_SID, seed.FALLBACK_WORKFLOW_SID])
    workspace.workflows.get(sid).configuration.task_routing.default_filter.expression = "1 == 2";
};
