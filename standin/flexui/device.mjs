// The signalling of the Voice SDK: a browser's telephone registers, rings, answers and hangs up. The media stay in the
// page (`desk/page/telephone.js`), so what is offered and answered here has no SDP.
const HEARTBEAT_MS = 5_000;

export function createTelephones(twilio, identify) {
  const registered = new Map(); // identity → sockets, the newest last
  const lines = new Map(); // call SID → {call, picked}

  /** Takes a telephone's socket. */
  function connect(socket) {
    let identity;
    const send = (type, payload = {}) => socket.readyState === 1 && socket.send(JSON.stringify({ type, version: "1.6", payload }));
    const beat = setInterval(() => socket.readyState === 1 && socket.send("\n"), HEARTBEAT_MS).unref();
    const TAKE = {
      listen({ token }) {
        identity = identify(token)?.identity;
        if (identity === undefined) send("error", { error: { code: 31202, message: "JWT signature validation failed" } });
        else send("connected", { region: "US_EAST_VIRGINIA", edge: "ashburn", token: { identity, ttl: 86_400 } });
      },
      register() {
        if (identity === undefined) return;
        registered.set(identity, [...(registered.get(identity) ?? []), { socket, send }]);
        send("ready");
      },
      answer: ({ callsid: sid }) => lines.get(sid)?.picked("yes"),
      reject: ({ callsid: sid }) => lines.get(sid)?.picked("busy"),
      hangup({ callsid: sid }) {
        const line = lines.get(sid);
        if (line) twilio.calls.hangup(line.call);
      },
    };
    socket.on("message", (data) => {
      const text = String(data);
      if (text.trim() === "") return;
      const { type, payload } = JSON.parse(text);
      TAKE[type]?.(payload);
    });
    socket.on("close", () => {
      clearInterval(beat);
      registered.set(identity, (registered.get(identity) ?? []).filter((telephone) => telephone.socket !== socket));
    });
  }

  /** Rings a browser; resolves with how it was answered. Undefined for a call to any other kind of telephone. */
  function ring(call) {
    const [, identity] = /^client:([^?]+)/.exec(call.to) ?? [];
    if (identity === undefined) return undefined;
    const telephone = registered.get(identity)?.at(-1);
    if (!telephone) return Promise.resolve("no-answer");
    const parameters = { CallSid: call.sid, AccountSid: twilio.accountSid, From: call.from, To: call.to };
    return new Promise((picked) => {
      let isPicked = false;
      lines.set(call.sid, {
        call,
        picked: (how) => {
          isPicked = true;
          picked(how);
        },
      });
      telephone.send("invite", { callsid: call.sid, parameters });
      void call.over.then(() => {
        lines.delete(call.sid);
        telephone.send(isPicked ? "hangup" : "cancel", { callsid: call.sid });
        picked("no-answer");
      });
      telephone.socket.on("close", () => (isPicked ? twilio.calls.hangup(call) : picked("no-answer")));
    });
  }

  return { connect, ring };
}
