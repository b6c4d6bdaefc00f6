// First on the page: every URL of this page on twilio.com or twiliocdn.com becomes one of the page's own server,
// https://flex-api.twilio.com/v1/X as /flex-api.twilio.com/v1/X.
(() => {
  const TWILIO = /(^|\.)(twilio\.com|twiliocdn\.com)$/i;

  const local = (given) => {
    let url;
    try {
      url = new URL(String(given), location.href);
    } catch {
      return given;
    }
    if (!TWILIO.test(url.hostname)) return given;
    const origin = url.protocol.startsWith("ws") ? location.origin.replace(/^http/, "ws") : location.origin;
    return `${origin}/${url.hostname}${url.pathname}${url.search}${url.hash}`;
  };
  const isAddress = (value) => typeof value === "string" || value instanceof URL;

  // A Proxy keeps statics, prototype and instanceof as they are.
  for (const name of ["WebSocket", "Request", "EventSource", "Audio"]) {
    window[name] = new Proxy(window[name], {
      construct(target, [first, ...rest], newTarget) {
        const args = isAddress(first) ? [local(first), ...rest] : first === undefined ? [] : [first, ...rest];
        return Reflect.construct(target, args, newTarget);
      },
    });
  }

  const replace = (object, name, make) => {
    const original = object[name];
    object[name] = make(original);
  };
  replace(window, "fetch", (original) => (input, ...rest) => original.call(window, isAddress(input) ? local(input) : input, ...rest));
  replace(
    XMLHttpRequest.prototype,
    "open",
    (original) =>
      function open(method, url, ...rest) {
        return original.call(this, method, local(url), ...rest);
      },
  );
  replace(navigator, "sendBeacon", (original) => (url, data) => original.call(navigator, local(url), data));

  // Images, sounds, scripts and frames that scripts make.
  const SOURCES = {
    HTMLImageElement: "src",
    HTMLMediaElement: "src",
    HTMLSourceElement: "src",
    HTMLScriptElement: "src",
    HTMLIFrameElement: "src",
    HTMLLinkElement: "href",
  };
  for (const [element, name] of Object.entries(SOURCES)) {
    const property = Object.getOwnPropertyDescriptor(window[element].prototype, name);
    Object.defineProperty(window[element].prototype, name, {
      ...property,
      set(value) {
        property.set.call(this, local(value));
      },
    });
  }
  replace(
    Element.prototype,
    "setAttribute",
    (original) =>
      function setAttribute(name, value) {
        const source = /^(src|href)$/i.test(name) && this instanceof HTMLElement && !(this instanceof HTMLAnchorElement);
        return original.call(this, name, source ? local(value) : value);
      },
  );
})();
