import type * as FlexUi from "@twilio/flex-ui";
import { createClient, type Client } from "./api/client";
import { createNotices, type Notices } from "./notices";
import type { Settings } from "./settings";
import type { Words } from "./words";

/** What every part works with. */
export interface Edge {
  flex: typeof FlexUi;
  manager: FlexUi.Manager;
  client: Client;
  notices: Notices;
  words: Words;
}

export function createEdge(flex: typeof FlexUi, manager: FlexUi.Manager, settings: Settings, words: Words): Edge {
  // Flex renews the token: it is read for each request.
  const token = () => manager.store.getState().flex.session.ssoTokenPayload.token;
  return { flex, manager, client: createClient(settings.origin, token), notices: createNotices(flex, words), words };
}
