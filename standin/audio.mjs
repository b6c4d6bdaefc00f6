// `<Play>`: what it names is fetched, and must be audio that Twilio can play.
import { TwimlError } from "./twiml.mjs";

// https://www.twilio.com/docs/voice/twiml/play#supported-audio-types
const TYPES = ["mpeg", "wav", "wave", "x-wav", "aiff", "x-aifc", "x-aiff", "x-gsm", "gsm", "ulaw"].map((type) => `audio/${type}`);
const WAVES = ["audio/wav", "audio/wave", "audio/x-wav"];
const FETCH_MS = 15_000;

const isWave = (bytes) => bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WAVE";

async function get(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) });
    return { status: answer.status, type: answer.headers.get("content-type") ?? "none", bytes: Buffer.from(await answer.arrayBuffer()) };
  } catch (error) {
    throw new TwimlError(`11200 Play: ${error.cause?.code ?? error.name}`);
  }
}

async function fetchAudio(url) {
  const { status, type: given, bytes } = await get(url);
  if (status >= 300) throw new TwimlError(`11200 Play: ${status}`);
  const type = given.split(";")[0].trim().toLowerCase();
  if (!TYPES.includes(type)) throw new TwimlError(`13420 Play: Invalid Content-Type: ${type}`);
  if (WAVES.includes(type) && !isWave(bytes)) throw new TwimlError(`11200 Play: the content is not ${type}`);
}

export function createAudio(twilio) {
  /**
   * Plays a `<Play>` on a leg, in no time. Resolves with the URL of what plays without end, else with null: then the next verb has
   * its turn, also when the audio cannot be had, which Twilio's debugger is told.
   */
  async function play(call, { attributes, text }, documentUrl) {
    if (text === "") return null; // digits
    try {
      if (!URL.canParse(text, documentUrl ?? undefined)) throw new TwimlError(`11100 Play: ${text} is no URL`);
      const { href } = new URL(text, documentUrl ?? undefined);
      await fetchAudio(href);
      return attributes.loop === "0" ? href : null;
    } catch (error) {
      if (!(error instanceof TwimlError)) throw error;
      twilio.journal.alert(error.message, call.sid);
      return null;
    }
  }

  return { play };
}
