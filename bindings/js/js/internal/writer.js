// Writes texts into the memory of an instance: their lengths among the words, their bytes behind them.

/** Code units up to which a text is sooner copied one by one than by the platform. */
const SHORT_MAX = 64;

const encoder = new TextEncoder();

/** Stands at one place among the words and at one among the texts. Its members are plain: private ones are made with each write. */
export class Writer {
  constructor() {
    this.bytes = undefined;
    this.view = undefined;
    this.word = 0;
    this.text = 0;
    /** Whether all texts were ASCII. */
    this.isAscii = true;
  }

  /** Begins where the next length is to stand, and where the next text. */
  begin({ bytes, view }, word, text) {
    this.bytes = bytes;
    this.view = view;
    this.word = word;
    this.text = text;
    this.isAscii = true;
  }

  /** Writes a text that should be ASCII, or the word that stands in its place. */
  ascii(text) {
    const { word } = this;
    this.word = word + 4;
    if (typeof text === "number") {
      this.view.setUint32(word, text, true);
      return;
    }
    const { length } = text;
    const at = this.text;
    this.view.setUint32(word, length, true);
    this.text = at + length;
    if (!(length > SHORT_MAX ? encode(this.bytes, at, text) : copy(this.bytes, at, text))) this.isAscii = false;
  }

  /** Writes the bytes of a text, or the word that stands in its place. */
  encoded(bytes) {
    const isText = typeof bytes !== "number";
    this.view.setUint32(this.word, isText ? bytes.length : bytes, true);
    this.word += 4;
    if (!isText) return;
    this.bytes.set(bytes, this.text);
    this.text += bytes.length;
  }
}

/** Copies a text as if it were ASCII, and says whether it is. */
function copy(bytes, at, text) {
  let units = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    units |= unit;
    bytes[at + i] = unit;
  }
  return units < 0x80;
}

function encode(bytes, at, text) {
  const { read, written } = encoder.encodeInto(text, bytes.subarray(at, at + text.length));
  return read === text.length && written === text.length;
}
