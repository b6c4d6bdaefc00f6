// The other end of this page's calls, in the page itself: silence. The desk's server rings and hears of answers; it has no
// media, so offers and answers are completed here.
(() => {
  function serve(socket) {
    const lines = new Map(); // call SID → the far end's connection
    const end = (sid) => {
      lines.get(sid)?.close();
      lines.delete(sid);
    };

    async function offer(sid) {
      const far = new RTCPeerConnection();
      lines.set(sid, far);
      const stream = window.deskSilence();
      for (const track of stream.getTracks()) far.addTrack(track, stream);
      // Without comfort noise, which would stand for the silence and leave the line without packets.
      const codecs = RTCRtpReceiver.getCapabilities("audio").codecs.filter(({ mimeType }) => mimeType === "audio/PCMU");
      far.getTransceivers()[0].setCodecPreferences(codecs);
      await far.setLocalDescription(await far.createOffer());
      const gathered = new Promise((resolve) => {
        far.onicegatheringstatechange = () => far.iceGatheringState === "complete" && resolve();
        setTimeout(resolve, 500);
      });
      await gathered;
      return far.localDescription.sdp;
    }

    async function received(event) {
      if (event.data.trim() === "") return event;
      const message = JSON.parse(event.data);
      const { type, payload = {} } = message;
      if (type === "hangup" || type === "cancel") end(payload.callsid);
      if (type !== "invite") return event;
      return { data: JSON.stringify({ ...message, payload: { ...payload, sdp: await offer(payload.callsid) } }) };
    }

    const wrapped = new WeakMap();
    const add = socket.addEventListener.bind(socket);
    const remove = socket.removeEventListener.bind(socket);
    socket.addEventListener = (name, listener, ...rest) => {
      if (name !== "message") return add(name, listener, ...rest);
      const own = (event) => void received(event).then(listener);
      wrapped.set(listener, own);
      return add(name, own, ...rest);
    };
    socket.removeEventListener = (name, listener, ...rest) => remove(name, wrapped.get(listener) ?? listener, ...rest);

    const send = socket.send.bind(socket);
    socket.send = (data) => {
      if (data.trim() === "") return send(data);
      const message = JSON.parse(data);
      const { type, payload = {} } = message;
      if (type === "hangup" || type === "reject") end(payload.callsid);
      if (type !== "answer") return send(data);
      const { sdp, ...rest } = payload;
      void lines.get(payload.callsid)?.setRemoteDescription({ type: "answer", sdp });
      return send(JSON.stringify({ ...message, payload: rest }));
    };
  }

  window.WebSocket = new Proxy(window.WebSocket, {
    construct(target, args, newTarget) {
      const socket = Reflect.construct(target, args, newTarget);
      if (/voice-js\./.test(String(args[0]))) serve(socket);
      return socket;
    },
  });
})();
