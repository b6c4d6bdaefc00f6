// What a check finds: `good`, `bad` with the one thing that mends it, or `none` when there is nothing to check.
export const good = (message) => ({ state: "good", message });
export const bad = (message, mend) => ({ state: "bad", message, mend });
export const none = (message) => ({ state: "none", message });

export const PROVISION = "npm run provision";
export const AGAIN = "run this again; https://status.twilio.com tells of Twilio's troubles";
