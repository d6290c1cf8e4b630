// Random bits by the word. The platform is asked for many at a time: each time takes longer than a decision.

const WORDS = 1024;
/** Each byte in hex. Engines take a number beyond 31 bits for a fraction, and write it as one, for longer than a decision takes. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const pool = new Uint32Array(WORDS);
let next = WORDS;

/** Hands out so many words, each once. */
export function randomWords(count, take) {
  for (let i = 0; i < count; i++) {
    if (next === WORDS) {
      crypto.getRandomValues(pool);
      next = 0;
    }
    take(pool[next]);
    // Whoever reads this memory later must not find there what was handed out.
    pool[next++] = 0;
  }
}

/** Makes a correlation id: 128 random bits, in hex. */
export function correlationId() {
  let id = "";
  randomWords(4, (word) => { id += HEX[word >>> 24] + HEX[(word >>> 16) & 255] + HEX[(word >>> 8) & 255] + HEX[word & 255]; });
  return id;
}
