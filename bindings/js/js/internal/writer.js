// Writes words, then texts, into the memory of an instance.

/** Code units up to which a text is sooner copied one by one than by the platform. */
const SHORT_MAX = 64;

const encoder = new TextEncoder();

/** Stands at one place among the words and at one among the texts. */
export class Writer {
  #bytes;
  #view;
  #word = 0;
  #text = 0;
  /** Whether all texts were ASCII. */
  isAscii = true;

  /** Begins where there is room for so many words, and for texts of `length` bytes behind them. */
  begin(bytes, view, at, words, length) {
    this.#bytes = bytes;
    this.#view = view;
    this.#word = at;
    this.#text = at + 4 * words;
    this.isAscii = true;
    this.word(words);
    this.word(4 * words + length);
  }

  word(word) {
    this.#view.setUint32(this.#word, word, true);
    this.#word += 4;
  }

  /** Writes a whole number of 64 bits, as two words. */
  integer(number) {
    if (typeof number === "bigint") {
      this.word(Number(BigInt.asUintN(32, number)));
      this.word(Number(BigInt.asUintN(32, number >> 32n)));
    } else {
      this.word(number >>> 0);
      this.word(Math.floor(number / 2 ** 32) >>> 0);
    }
  }

  /** Writes a text that should be ASCII, or the word that stands in its place. */
  ascii(text) {
    if (typeof text === "number") {
      this.word(text);
      return;
    }
    const { length } = text;
    this.word(length);
    if (length > SHORT_MAX) this.#encode(text);
    else this.#copy(text);
    this.#text += length;
  }

  /** Writes the bytes of a text, or the word that stands in its place. */
  bytes(bytes) {
    if (typeof bytes === "number") {
      this.word(bytes);
      return;
    }
    this.word(bytes.length);
    this.#bytes.set(bytes, this.#text);
    this.#text += bytes.length;
  }

  #copy(text) {
    const bytes = this.#bytes;
    const at = this.#text;
    let units = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      units |= unit;
      bytes[at + i] = unit;
    }
    if (units >= 0x80) this.isAscii = false;
  }

  #encode(text) {
    const room = this.#bytes.subarray(this.#text, this.#text + text.length);
    const { read, written } = encoder.encodeInto(text, room);
    if (read !== text.length || written !== text.length) this.isAscii = false;
  }
}
