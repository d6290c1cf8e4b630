// Writes texts into the memory of an instance: their lengths among the words, their bytes behind them, and the host in front.

import { HOST_BYTES } from "./instance.js";

/** Code units up to which a text is sooner copied one by one than by the platform. */
const SHORT_MAX = 64;

const encoder = new TextEncoder();

/** Stands at one place among the words and at one among the texts. Its members are plain: private ones are made with each write. */
export class Writer {
  constructor() {
    this.instance = undefined;
    this.bytes = undefined;
    this.view = undefined;
    this.start = 0;
    this.word = 0;
    this.text = 0;
    /** Whether all was written: what should be ASCII was, and there was room. */
    this.isWhole = true;
  }

  /** Begins a request at `start`, where the next length is to stand, and where the next text. */
  begin(instance, start, word, text) {
    this.instance = instance;
    this.bytes = instance.bytes;
    this.view = instance.view;
    this.start = start;
    this.word = word;
    this.text = text;
    this.isWhole = true;
  }

  /** Writes the host, which should be ASCII, unless it is that of the last request, which stands there. */
  host(host) {
    const { instance } = this;
    if (host.length > HOST_BYTES) {
      this.ascii(host);
      return;
    }
    this.length(host.length);
    if (instance.host === host) return;
    const isAscii = copy(this.bytes, this.start - HOST_BYTES, host);
    instance.host = isAscii ? host : undefined;
    if (!isAscii) this.isWhole = false;
  }

  /** Writes the bytes of the host. */
  encodedHost(bytes) {
    if (bytes.length > HOST_BYTES) {
      this.encoded(bytes);
      return;
    }
    this.length(bytes.length);
    this.instance.host = undefined;
    this.bytes.set(bytes, this.start - HOST_BYTES);
  }

  /** Writes a text that should be ASCII, or the word that stands in its place. */
  ascii(text) {
    if (typeof text === "number") {
      this.length(text);
      return;
    }
    const { length } = text;
    const at = this.text;
    this.text = at + length;
    this.length(length);
    if (typeof text !== "string" || this.text > this.instance.end) this.isWhole = false;
    else if (!(length > SHORT_MAX ? encode(this.bytes, at, text) : copy(this.bytes, at, text))) this.isWhole = false;
  }

  /** Writes the bytes of a text, or the word that stands in its place. */
  encoded(bytes) {
    const isText = typeof bytes !== "number";
    this.length(isText ? bytes.length : bytes);
    if (!isText) return;
    this.bytes.set(bytes, this.text);
    this.text += bytes.length;
  }

  length(length) {
    this.view.setUint32(this.word, length, true);
    this.word += 4;
  }

  /** Ends the request: says in it how many bytes it has. Answers whether all was written. */
  end() {
    this.view.setUint32(this.start + 4, this.text - this.start, true);
    return this.isWhole;
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
