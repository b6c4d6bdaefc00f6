// Who sits here: ?agent=alice. Flex's router loses the query, so the name stays with the tab; the session too, because two
// tabs of one origin are two agents.
(() => {
  const name = new URLSearchParams(location.search).get("agent") ?? sessionStorage.getItem("desk.agent") ?? "alice";
  sessionStorage.setItem("desk.agent", name);
  localStorage.removeItem("TWILIO_FLEX_SSO");
  sessionStorage.setItem(
    "TWILIO_FLEX_SSO",
    JSON.stringify({
      token: `a.flex.token.of.${name}`,
      identity: name,
      roles: name === "dave" ? ["supervisor"] : ["agent"],
      expiration: new Date(Date.now() + 24 * 3600 * 1000).toISOString(),
      flexUserSid: "FU00000000000000000000000000000001",
    }),
  );
  // ?language=pt-BR
  const language = new URLSearchParams(location.search).get("language") ?? sessionStorage.getItem("desk.language") ?? "en-US";
  sessionStorage.setItem("desk.language", language);
  document.documentElement.dataset.language = language;
  document.title = `${name} · Flex in a box`;
  // What the browser refused because it would have left this machine; the tests look here.
  window.deskRefused = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
    window.deskRefused.push(`${effectiveDirective} ${blockedURI}`),
  );
})();
