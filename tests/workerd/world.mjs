// What the shared Worker and its Twilio are started with (`shared.mjs`). Whoever needs them otherwise changes it before that, by
// an import of their own that comes first: `connected.mjs`.
import { seed } from "../../standin/index.mjs";

export const world = { vars: { DEFAULT_COUNTRY: "BR", TWILIO_FLEX_CALLER_ID: "+15550003333" }, twilio: {} };

export const SITE = "https://shop.example";
export const USER_SECRET = "site-secret";
export const WEBCHAT = {
  TWILIO_API_KEY: seed.API_KEY,
  TWILIO_API_SECRET: seed.API_SECRET,
  TWILIO_WEBCHAT_ADDRESS_SID: seed.WEBCHAT_ADDRESS_SID,
  ALLOWED_ORIGINS: SITE,
  WEBCHAT_USER_SECRET: USER_SECRET,
};
