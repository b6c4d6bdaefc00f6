// `node dev/ringback.mjs` writes public/voice/internal-call/ringback.wav, the ringing tone that Twilio plays to a caller: 440 and
// 480 Hz, 2 seconds on, 4 seconds off, as in North America; 8 kHz mu-law (ITU-T G.711), which a telephone line needs no
// conversion for.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const RATE = 8000;
const TONES = [440, 480];
const ON_SECONDS = 2;
const OFF_SECONDS = 4;
// Each tone has -19 dBm0, the level of the North American tone plan; a sine of full scale has 3.17 dBm0.
const AMPLITUDE = 32_124 * 10 ** ((-19 - 3.17) / 20);
const SILENCE = 0xff;
const MU_LAW = 7; // WAVE_FORMAT_MULAW

/** A sample of 16 bits in mu-law: sign, 3 bits of exponent and 4 of mantissa, all inverted. */
function encode(sample) {
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0xf;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

const wave = (at) => TONES.reduce((sum, hertz) => sum + AMPLITUDE * Math.sin((2 * Math.PI * hertz * at) / RATE), 0);

function chunk(name, content) {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

/** The whole WAV file. */
export function ringback() {
  const tone = Uint8Array.from({ length: ON_SECONDS * RATE }, (_, at) => encode(Math.round(wave(at))));
  const data = Buffer.concat([tone, Buffer.alloc(OFF_SECONDS * RATE, SILENCE)]);
  const format = Buffer.alloc(18);
  const [channels, bits] = [1, 8];
  [MU_LAW, channels].forEach((value, at) => format.writeUInt16LE(value, at * 2));
  [RATE, (RATE * channels * bits) / 8].forEach((value, at) => format.writeUInt32LE(value, 4 + at * 4));
  [(channels * bits) / 8, bits, 0].forEach((value, at) => format.writeUInt16LE(value, 12 + at * 2));
  const samples = Buffer.alloc(4);
  samples.writeUInt32LE(data.length);
  const chunks = [chunk("fmt ", format), chunk("fact", samples), chunk("data", data)];
  return chunk("RIFF", Buffer.concat([Buffer.from("WAVE"), ...chunks]));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const file = join(new URL("..", import.meta.url).pathname, "public/voice/internal-call/ringback.wav");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, ringback());
}
