// Texts as bytes.

const decoder = new TextDecoder();

/** Decodes a run of bytes that is one text. */
export function textOf(bytes) {
  return decoder.decode(bytes);
}
