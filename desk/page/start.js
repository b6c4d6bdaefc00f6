window.deskStarted = window.Twilio.Flex.runDefault(
  {
    logLevel: "error",
    sso: { accountSid: document.documentElement.dataset.account },
    disableTelemetry: true,
    // No media here: agents have desk phones, whose calls are shown.
    disableBrowserVoice: true,
    pluginService: { enabled: true, url: "https://flex.twilio.com/plugins" },
  },
  "#root",
);
