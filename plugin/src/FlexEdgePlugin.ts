import type * as FlexUi from "@twilio/flex-ui";
import { CustomizationProvider } from "@twilio-paste/core/customization";
import * as callAgent from "./call-agent";
import * as callCustomer from "./call-customer";
import * as colleagues from "./colleagues";
import { createEdge } from "./edge";
import * as handOver from "./hand-over";
import { createNotices } from "./notices";
import * as park from "./park";
import { PARTS, readSettings, type PartName } from "./settings";
import { wordsFor } from "./words";

const STARTS: Record<PartName, { start: typeof callAgent.start }> = {
  call_agent: callAgent,
  hand_over: handOver,
  call_customer: callCustomer,
  colleagues,
  park,
};

/** What Flex starts. */
export class FlexEdgePlugin {
  readonly name = "FlexEdgePlugin";
  readonly version = __VERSION__;

  init(flex: typeof FlexUi, manager: FlexUi.Manager): Promise<void> {
    // Paste's components look like Flex then, and the same plugin's twice is no harm.
    flex.setProviders({ PasteThemeProvider: CustomizationProvider as never });
    const words = wordsFor(manager.localization?.localeTag);
    const settings = readSettings(manager.serviceConfiguration.ui_attributes);
    if ("problem" in settings) {
      const { missingUrl, badUrl } = words.setup;
      createNotices(flex, words).warn(settings.problem === "missing-url" ? missingUrl : badUrl);
      return Promise.resolve();
    }
    const edge = createEdge(flex, manager, settings, words);
    for (const part of PARTS) {
      if (!settings.parts.has(part)) continue;
      try {
        STARTS[part].start(edge);
      } catch (error) {
        // The others do not need it.
        edge.notices.failed(words.setup.partFailed(part), error);
      }
    }
    return Promise.resolve();
  }
}
