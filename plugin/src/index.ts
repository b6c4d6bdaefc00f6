import { FlexEdgePlugin } from "./FlexEdgePlugin";

window.Twilio.Flex.Plugins.init(FlexEdgePlugin);
