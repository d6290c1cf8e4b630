// Writes a time and some texts as one run of bytes: words, then texts. `src/call.rs` says how it is laid out.

const encoder = new TextEncoder();
/** How many words there are, and the two halves of the time. */
const HEAD_WORDS = 3;

/** Runs an export of an instance on a time, in Unix seconds, and texts, which may be bytes. */
export function callWith(instance, name, now, texts) {
  const parts = texts.map((text) => (typeof text === "string" ? encoder.encode(text) : text));
  const words = HEAD_WORDS + parts.length;
  const length = parts.reduce((sum, part) => sum + part.length, 4 * words);
  return instance.call(name, length, (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setUint32(0, words, true);
    view.setBigInt64(4, BigInt(now), true);
    let at = 4 * words;
    parts.forEach((part, index) => {
      view.setUint32(4 * (HEAD_WORDS + index), part.length, true);
      bytes.set(part, at);
      at += part.length;
    });
  });
}
