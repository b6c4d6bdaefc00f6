// X-Twilio-Signature, as Twilio makes it.
import { createHmac } from "node:crypto";

/** The URL that Twilio signs: no credentials, no fragment, no port for voice over https. */
export function signedUrl(text, { voice = true } = {}) {
  const withoutFragment = text.split("#")[0].replace(/^(https?:\/\/)[^/?@]*@/, "$1");
  return voice ? withoutFragment.replace(/^(https:\/\/(?:\[[^\]]*\]|[^/?:]*)):\d+/, "$1") : withoutFragment;
}

/** X-Twilio-Signature of a form request; `fields` are name-value pairs. */
export function signature(authToken, url, fields = []) {
  const names = [...new Set(fields.map(([name]) => name))].sort();
  const values = (name) => [...new Set(fields.filter(([other]) => other === name).map(([, value]) => value))].sort();
  const text =
    url +
    names
      .map((name) =>
        values(name)
          .map((value) => name + value)
          .join(""),
      )
      .join("");
  return createHmac("sha1", authToken).update(text, "utf8").digest("base64");
}
