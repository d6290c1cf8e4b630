// Writes a request as one run of bytes: words, then texts. `src/frame.rs` says how it is laid out.
//
// What is no request throws a TypeError that names the argument. Nothing is repaired: what is not known is left out, and
// `null` is no way to say so.

import { numberIn, PreparedIdentity } from "../identity.js";
import { checkMembers, isA, isBytes, isObject, wrong } from "./arguments.js";
import { textOf } from "./text.js";

const ABSENT = 0xffff_ffff;
const WRONG = 0xffff_fffe;
/** The word that says who is asking. */
const WHO_AT = 13;
/** What it says of the first caller that was kept. */
const KEPT_FROM = 16;

const SCHEMES = new Map([["http", 0], ["https", 1]]);
const FACT = { absent: 0, present: 1, wrong: 2 };
const TRACE = new Map([[undefined, 0], ["restart", 1], ["continue", 2]]);
const TRACE_WORDS = 6;
const WHO = { nobody: 0, claims: 1, invalid: 2, unavailable: 3, token: 4 };

const REQUEST = new Set(["method", "scheme", "host", "target", "headers", "ip", "facts", "now", "identity"]);
const CONTEXT = new Set(["ip", "facts", "now", "identity", "requestId", "trace"]);
const FACTS = new Set(["country", "asn", "bot_score", "tls_version", "client_cert", "size"]);
const IDENTITY = new Set(["issuer", "claims", "invalid", "unavailable", "token"]);

/** The arguments that the texts before those of the headers stand in, in their order; `undefined` for what stands in the identity. */
const NAMES = [
  "request.method", "request.host", "request.target", "ip", "facts.country", "facts.tls_version", "facts.client_cert",
  "identity.issuer", undefined, "context.requestId",
];

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Code units up to which a text is sooner copied one by one than by the platform. */
const SHORT_MAX = 48;

/** Header lines of a request, and code units in them, up to which none of its limits is met, whatever the lines are in UTF-8. */
const LINES_FEW = 100;
const UNITS_FEW = 16_384;
/** Names that are known at most, and the longest of them: what clients make up must not fill memory. */
const KNOWN_MAX = 256;
const KNOWN_UNITS_MAX = 64;

const encoder = new TextEncoder();

/** Holds one request, ready to be written. */
export class Frame {
  #words = [0];
  /** The first word that is the length of a text. */
  #lengthsAt;
  #texts = [];
  /** The argument that says who is asking. */
  #who;
  /** Who is asking, where they were mapped before. */
  #prepared;
  /** The target, as it was given. */
  #target;
  /** Names of headers that nothing is known of. */
  #unknown;

  /**
   * Reads a request with its context; `requestId` is the correlation id, empty where none is needed. Header lines are left out of which
   * `known` says that the policy passes them over.
   */
  constructor(request, context, requestId, known = undefined) {
    checkMembers(context, CONTEXT, "context");
    const given = isRequest(request) ? fromFetch(request) : request;
    checkMembers(given, REQUEST, "request");
    const facts = either("facts", given, context);
    const asking = either("identity", given, context);
    if (asking instanceof PreparedIdentity) this.#prepared = asking;
    const who = identity(this.#prepared === undefined ? asking : undefined);
    this.#who = who.name;
    this.#words.push(scheme(given.scheme));
    this.#integer(now(either("now", given, context)));
    this.#numberFacts(facts);
    this.#words.push(who.number);
    this.#trace(context.trace);
    this.#lengthsAt = this.#words.length;
    this.#text(given.method, "request.method");
    this.#text(given.host, "request.host");
    this.#target = given.target;
    this.#textOrBytes(this.#target, "request.target");
    this.#address(either("ip", given, context));
    this.#textFacts(facts);
    this.#text(who.issuer, "identity.issuer");
    this.#text(who.text, who.name);
    this.#text(requestId, "context.requestId");
    this.#headers(given.headers, known);
    this.#words[0] = this.#words.length;
  }

  /** The target, as it was given. */
  get target() {
    return typeof this.#target === "string" ? this.#target : textOf(this.#target);
  }

  /** Runs one export of an instance on this request, and on numbers. */
  call(instance, name, ...numbers) {
    if (this.#prepared !== undefined) this.#words[WHO_AT] = KEPT_FROM + numberIn(this.#prepared, instance);
    if (this.#isText() && this.#writeAscii(instance)) return instance.run(name, ...numbers);
    const texts = this.#texts.map((text, index) => this.#encoded(text, index));
    this.#correctLengths(texts);
    const head = 4 * this.#words.length;
    const length = texts.reduce((sum, text) => sum + text.length, head);
    let at = instance.room(length);
    this.#writeWords(instance.view, at);
    at += head;
    for (const text of texts) {
      instance.bytes.set(text, at);
      at += text.length;
    }
    return instance.run(name, ...numbers);
  }

  /** Asks of the names that nothing was known of whether the policy passes them over, for the next request. */
  learn(known, instance) {
    if (this.#unknown === undefined) return;
    for (const name of this.#unknown) {
      if (known.size >= KNOWN_MAX) known.clear();
      const bytes = encoder.encode(name);
      known.set(name, instance.call("passes_over", bytes.length, (room) => room.set(bytes)));
    }
  }

  #isText() {
    return this.#texts.every((text) => typeof text === "string");
  }

  /** Writes texts of ASCII, which have as many bytes as code units. Answers no where one is something else. */
  #writeAscii(instance) {
    const texts = this.#texts;
    let length = 4 * this.#words.length;
    for (let i = 0; i < texts.length; i++) length += texts[i].length;
    const start = instance.room(length);
    const { bytes, view } = instance;
    this.#writeWords(view, start);
    let at = start + 4 * this.#words.length;
    for (let i = 0; i < texts.length; i++) {
      if (!writeAscii(texts[i], bytes, at)) return false;
      at += texts[i].length;
    }
    return true;
  }

  #writeWords(view, at) {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) view.setUint32(at + 4 * i, words[i], true);
  }

  /** Texts were counted in code units. */
  #correctLengths(texts) {
    let next = 0;
    for (let i = this.#lengthsAt; i < this.#words.length; i++) {
      if (this.#words[i] < WRONG) this.#words[i] = texts[next++].length;
    }
  }

  #encoded(text, index) {
    if (typeof text !== "string") return text;
    if (!isWellFormed(text)) {
      throw new TypeError(`${this.#nameOf(index)} holds half of a surrogate pair: hand bytes over as a Uint8Array`);
    }
    return encoder.encode(text);
  }

  #nameOf(index) {
    const names = NAMES.filter((_, i) => this.#words[this.#lengthsAt + i] < WRONG);
    const header = index - names.length;
    return header < 0 ? names[index] ?? this.#who : `request.headers[${header >> 1}][${header & 1}]`;
  }

  #push(text) {
    this.#words.push(text.length);
    this.#texts.push(text);
  }

  #text(text, name) {
    if (typeof text !== "string") throw wrong(name, "a string", text);
    this.#push(text);
  }

  #textOrBytes(text, name) {
    if (typeof text !== "string" && !isBytes(text)) throw wrong(name, "a string or a Uint8Array", text);
    this.#push(text);
  }

  /** Bits for the ids of the trace: fresh for each request, and nobody's to guess. */
  #trace(trust) {
    const number = TRACE.get(trust);
    if (number === undefined) throw wrongTrace(trust);
    this.#words.push(number);
    if (number !== 0) this.#words.push(...crypto.getRandomValues(new Uint32Array(TRACE_WORDS)));
  }

  #address(ip) {
    if (ip === undefined) this.#words.push(ABSENT);
    else this.#text(ip, "ip");
  }

  #headers(lines, known) {
    if (lines === undefined) return;
    if (!Array.isArray(lines)) throw wrong("request.headers", "an array of pairs", lines);
    const isFew = known !== undefined && lines.length <= LINES_FEW;
    const before = this.#texts.length;
    let units = 0;
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i];
      if (!Array.isArray(line) || line.length !== 2) {
        throw wrong(`request.headers[${i}]`, "a pair [name, value]", line);
      }
      const name = line[0];
      const value = line[1];
      if (typeof name !== "string" && !isBytes(name)) throw wrong(`request.headers[${i}][0]`, "a string or a Uint8Array", name);
      if (typeof value !== "string" && !isBytes(value)) throw wrong(`request.headers[${i}][1]`, "a string or a Uint8Array", value);
      units += name.length + value.length;
      if (isFew && this.#isPassedOver(name, value, known)) continue;
      this.#push(name);
      this.#push(value);
    }
    if (isFew && units > UNITS_FEW) {
      // All of them count.
      this.#words.length -= this.#texts.length - before;
      this.#texts.length = before;
      this.#headers(lines, undefined);
    }
  }

  #isPassedOver(name, value, known) {
    if (typeof name !== "string") return false;
    const isPassedOver = known.get(name);
    if (isPassedOver === undefined && name.length <= KNOWN_UNITS_MAX) (this.#unknown ??= []).push(name);
    // What can't be sent is told, however often the name was seen.
    return isPassedOver === true && (typeof value !== "string" || isWellFormed(value));
  }

  #textFacts(facts) {
    this.#textFact(facts?.country, "facts.country");
    this.#textFact(facts?.tls_version, "facts.tls_version");
    this.#textFact(facts?.client_cert, "facts.client_cert");
  }

  #textFact(fact, name) {
    if (fact === undefined) this.#words.push(ABSENT);
    else if (typeof fact !== "string") this.#words.push(WRONG);
    else this.#text(fact, name);
  }

  #numberFacts(facts) {
    if (facts !== undefined) {
      checkMembers(facts, FACTS, "facts");
      for (const name in facts) {
        if (facts[name] === null) throw new TypeError(`facts.${name} must not be null: leave out what is not known`);
      }
    }
    this.#numberFact(facts?.asn);
    this.#numberFact(facts?.bot_score);
    this.#numberFact(facts?.size);
  }

  /** A fact of a wrong type is no mistake of the caller's code, but of where it comes from: the gate denies then. */
  #numberFact(fact) {
    if (fact === undefined) {
      this.#words.push(FACT.absent, 0, 0);
      return;
    }
    const whole = wholeNumber(fact);
    this.#words.push(whole !== undefined ? FACT.present : FACT.wrong);
    this.#integer(whole ?? 0);
  }

  #integer(number) {
    if (typeof number === "bigint") {
      this.#words.push(Number(BigInt.asUintN(32, number)), Number(BigInt.asUintN(32, number >> 32n)));
    } else {
      this.#words.push(number >>> 0, Math.floor(number / 2 ** 32) >>> 0);
    }
  }
}

/** Finds a member that may stand in the request or in the context: of two, neither is surely meant. */
function either(member, request, context) {
  if (context[member] === undefined) return request[member];
  if (request[member] === undefined) return context[member];
  throw new TypeError(`${member} stands in both request and context`);
}

/** Knows a request of the platform. Plain objects are let go before their tag is asked for, which takes longer. */
function isRequest(value) {
  if (typeof value !== "object" || value === null) return false;
  return (Object.getPrototypeOf(value) !== Object.prototype || Symbol.toStringTag in value) && isA("Request", value);
}

/** Takes a request of the platform apart. Its URL is split, never parsed: what parses it might repair it. */
function fromFetch(request) {
  const [, scheme, host, target] = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(request.url) ?? [];
  if (scheme === undefined) {
    throw new TypeError(`request.url must begin with http:// or https://, not be ${JSON.stringify(request.url)}`);
  }
  const headers = Array.from(request.headers, ([name, value]) => [name, received(value)]);
  return { method: request.method, scheme, host, target, headers };
}

/**
 * Turns the value of a header into what was received. By the Fetch standard it is a byte string: each character stands for one
 * byte. workerd decodes UTF-8 instead, with U+FFFD for what is none, which is refused where the policy reads it.
 */
function received(value) {
  if (isAscii(value) || headersAreText()) return value;
  return Uint8Array.from(value, (character) => character.charCodeAt(0));
}

let are_text;

/** Asks the platform: only where headers are text they take a character beyond bytes. */
function headersAreText() {
  if (are_text === undefined) {
    try {
      are_text = new Headers([["x", "\u0100"]]).get("x") === "\u0100";
    } catch {
      are_text = false;
    }
  }
  return are_text;
}

function wrongTrace(trust) {
  if (typeof trust !== "string") return wrong("context.trace", '"restart" or "continue"', trust);
  return new TypeError(`context.trace must be "restart" or "continue", not "${trust}"`);
}

function scheme(scheme) {
  if (typeof scheme !== "string") throw wrong("request.scheme", '"http" or "https"', scheme);
  const number = SCHEMES.get(scheme);
  if (number === undefined) throw new TypeError(`request.scheme must be "http" or "https", not "${scheme}"`);
  return number;
}

/** Returns Unix seconds; the clock's where none are given. */
export function now(now) {
  if (now === undefined) return Math.floor(Date.now() / 1000);
  if (Number.isSafeInteger(now) || isInt64(now)) return now;
  if (typeof now === "number") throw new TypeError(`now must be whole Unix seconds, not ${now}`);
  throw wrong("now", "whole Unix seconds", now);
}

/** Reads who is asking, as the one kind of identity that is given. */
function identity(identity) {
  if (identity === undefined) return { number: WHO.nobody, issuer: "", text: "", name: "identity" };
  checkMembers(identity, IDENTITY, "identity");
  for (const name of IDENTITY) {
    if (name !== "claims" && identity[name] !== undefined && typeof identity[name] !== "string") {
      throw wrong(`identity.${name}`, "a string", identity[name]);
    }
  }
  const kinds = ["claims", "invalid", "unavailable", "token"].filter((kind) => identity[kind] !== undefined);
  if (kinds.length !== 1) {
    throw new TypeError("identity must hold one of claims, invalid, unavailable and token");
  }
  const [kind] = kinds;
  const name = `identity.${kind}`;
  if (kind === "claims") {
    if (identity.issuer === undefined) throw wrong("identity.issuer", "a string", undefined);
    return { number: WHO.claims, issuer: identity.issuer, text: claims(identity.claims), name };
  }
  if (identity.issuer !== undefined && kind !== "invalid") {
    throw new TypeError(`identity.issuer stands beside claims or invalid, not beside ${kind}`);
  }
  if (kind === "invalid" && !/^[a-z0-9_-]{1,64}$/.test(identity.invalid)) {
    throw new TypeError("identity.invalid must be a code: 1 to 64 lower-case letters, digits, _ and -");
  }
  return { number: WHO[kind], issuer: "", text: kind === "invalid" ? identity.invalid : "", name };
}

/** Returns claims as JSON: a text as it is, which keeps numbers beyond 2^53 and members that stand twice. */
function claims(claims) {
  if (typeof claims === "string") return claims;
  if (!isObject(claims)) throw wrong("identity.claims", "an object, or JSON text", claims);
  try {
    const text = JSON.stringify(claims);
    if (typeof text === "string") return text;
  } catch (error) {
    throw new TypeError(`identity.claims must be what JSON can hold: ${error.message}`);
  }
  throw new TypeError("identity.claims must be what JSON can hold");
}

/** Returns a whole number of 64 bits; beyond 2^53 as a bigint, whose halves are exact. */
function wholeNumber(value) {
  if (Number.isSafeInteger(value)) return value;
  const whole = Number.isInteger(value) ? BigInt(value) : value;
  return isInt64(whole) ? whole : undefined;
}

function isInt64(value) {
  return typeof value === "bigint" && value >= INT64_MIN && value <= INT64_MAX;
}

/** Writes a text of ASCII; answers no where it is something else. */
function writeAscii(text, bytes, at) {
  const { length } = text;
  if (length > SHORT_MAX) {
    const { read, written } = encoder.encodeInto(text, bytes.subarray(at, at + length));
    return read === length && written === length;
  }
  let units = 0;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    units |= unit;
    bytes[at + i] = unit;
  }
  return units < 0x80;
}

/** Says whether a text has no half of a surrogate pair alone. */
function isWellFormed(text) {
  return text.isWellFormed === undefined ? !/\p{Surrogate}/u.test(text) : text.isWellFormed();
}

function isAscii(text) {
  return !/[^\0-\x7f]/.test(text);
}
