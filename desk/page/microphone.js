// A microphone that hears nothing, so that no browser has to be asked for its own. ?microphone=none takes it away.
(() => {
  const wanted = new URLSearchParams(location.search).get("microphone") ?? sessionStorage.getItem("desk.microphone") ?? "silent";
  sessionStorage.setItem("desk.microphone", wanted);
  const devices = wanted === "none" ? [] : ["audioinput", "audiooutput"].map((kind) => ({ kind, deviceId: "default", groupId: "desk", label: "The desk's" }));
  const media = navigator.mediaDevices;
  media.enumerateDevices = async () => devices.map((device) => ({ ...device, toJSON: () => device }));
  media.getUserMedia = async () => {
    if (wanted === "none") throw new DOMException("Requested device not found", "NotFoundError");
    return new AudioContext().createMediaStreamDestination().stream;
  };
})();
