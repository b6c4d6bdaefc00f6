window.deskStarted = window.Twilio.Flex.runDefault(
  {
    logLevel: "error",
    language: document.documentElement.dataset.language,
    sso: { accountSid: document.documentElement.dataset.account },
    disableTelemetry: true,
    pluginService: { enabled: true, url: "https://flex.twilio.com/plugins" },
  },
  "#root",
);
