// A microphone that hears nothing, so that no browser has to be asked for its own. ?microphone=none takes it away.
(() => {
  const wanted = new URLSearchParams(location.search).get("microphone") ?? sessionStorage.getItem("desk.microphone") ?? "silent";
  sessionStorage.setItem("desk.microphone", wanted);
  const devices = wanted === "none" ? [] : ["audioinput", "audiooutput"].map((kind) => ({ kind, deviceId: "default", groupId: "desk", label: "The desk's" }));

  // Too quiet to hear, but sound: a line without any is a bad one to the Voice SDK.
  let context;
  window.deskSilence = () => {
    context ??= new AudioContext(); // kept, or it would be collected with its sound
    void context.resume();
    const [tone, volume, line] = [context.createOscillator(), context.createGain(), context.createMediaStreamDestination()];
    volume.gain.value = 0.001;
    tone.connect(volume).connect(line);
    tone.start();
    return line.stream;
  };

  const media = navigator.mediaDevices;
  media.enumerateDevices = async () => devices.map((device) => ({ ...device, toJSON: () => device }));
  media.getUserMedia = async () => {
    if (wanted === "none") throw new DOMException("Requested device not found", "NotFoundError");
    return window.deskSilence();
  };
})();
