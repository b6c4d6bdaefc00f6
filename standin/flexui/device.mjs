// The signalling of the Voice SDK as far as a telephone is registered with it. It never rings: there is no media here, and
// Flex shows a call by its task and conference.
const HEARTBEAT_MS = 5_000;

export function serveDevice(socket, { identify }) {
  let identity;
  const send = (type, payload = {}) => socket.send(JSON.stringify({ type, version: "1.6", payload }));
  const beat = setInterval(() => socket.readyState === 1 && socket.send("\n"), HEARTBEAT_MS);
  socket.on("close", () => clearInterval(beat));
  socket.on("message", (data) => {
    const text = String(data);
    if (text.trim() === "") return;
    const { type, payload } = JSON.parse(text);
    if (type === "listen") {
      identity = identify(payload.token)?.identity;
      if (identity === undefined) return send("error", { error: { code: 31202, message: "JWT signature validation failed" } });
      send("connected", { region: "US_EAST_VIRGINIA", edge: "ashburn", token: { identity, ttl: 86_400 } });
    } else if (type === "register" && identity !== undefined) send("ready", {});
  });
}
