// Writes a request as one run of bytes: words, then texts. `src/frame.rs` says how it is laid out.
//
// What is no request throws a TypeError that names the argument. Nothing is repaired: what is not known is left out, and
// `null` is no way to say so.

import { numberIn, PreparedIdentity } from "../identity.js";
import { isA, isBytes, isObject, Members, wrong } from "./arguments.js";
import { randomWords } from "./random.js";
import { textOf } from "./text.js";
import { Writer } from "./writer.js";

/** A text that is not there, and a fact of a wrong type, in place of their lengths. */
const ABSENT = 0xffff_ffff;
const WRONG = 0xffff_fffe;
/** What says of the first caller that was kept that they ask. */
const KEPT_FROM = 16;
/** How many words every request has before the lengths of texts, what a number and a trace take beside them, and how many texts it has. */
const HEAD_WORDS = 6;
const NUMBER_WORDS = 2;
const TRACE_WORDS = 6;
const TEXTS_LEAST = 10;

const FACT = { absent: 0, present: 1, wrong: 2 };
const TRACE = new Map([["restart", 1], ["continue", 2]]);
const WHO = { nobody: 0, claims: 1, invalid: 2, unavailable: 3, token: 4 };

const REQUEST = new Members("request", ["method", "scheme", "host", "target", "headers", "ip", "facts", "now", "identity"]);
const CONTEXT = new Members("context", ["ip", "facts", "now", "identity", "requestId", "trace"]);
const FACTS = new Members("facts", ["country", "asn", "bot_score", "tls_version", "client_cert", "size"]);
const IDENTITY = new Members("identity", ["issuer", "claims", "invalid", "unavailable", "token"]);

const NO_FACTS = Object.freeze({ country: ABSENT, tls_version: ABSENT, client_cert: ABSENT, asn: undefined, bot_score: undefined, size: undefined });
const NOBODY = Object.freeze({ number: WHO.nobody, issuer: "", text: "", name: "identity" });
const NO_LINES = Object.freeze([]);

/** The arguments that the texts before those of the headers stand in, in their order; `undefined` for what stands in the identity. */
const NAMES = [
  "request.host", "request.method", "request.target", "ip", "facts.country", "facts.tls_version", "facts.client_cert",
  "identity.issuer", undefined, "context.requestId",
];

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Header lines of a request, and code units in them, up to which none of its limits is met, whatever the lines are in UTF-8. */
const LINES_FEW = 100;
const UNITS_FEW = 16_384;
/** Names that are known at most, and the longest of them: what clients make up must not fill memory. */
const KNOWN_MAX = 256;
const KNOWN_UNITS_MAX = 64;

const encoder = new TextEncoder();
/** One for all requests: writing one calls no code of the caller's. */
const writer = new Writer();

/**
 * Holds one request, ready to be written.
 *
 * All of the caller's code that there can be in it, such as a getter, has run once it is made: what is written is what was read, and
 * nothing comes between writing and deciding.
 */
export class Frame {
  /**
   * Reads a request with its context; `requestId` is the correlation id, empty where none is needed. Header lines are left out of which
   * `known` says that the policy passes them over.
   */
  constructor(request, context, requestId, known = undefined) {
    CONTEXT.check(context);
    const given = isRequest(request) ? fromFetch(request) : request;
    REQUEST.check(given);
    const facts = either("facts", given.facts, context.facts);
    const asking = either("identity", given.identity, context.identity);
    const ip = either("ip", given.ip, context.ip);
    /** Who is asking, where they were mapped before. */
    this.prepared = asking instanceof PreparedIdentity ? asking : undefined;
    this.who = asking === undefined || this.prepared !== undefined ? NOBODY : identity(asking);
    this.scheme = scheme(given.scheme);
    this.now = now(either("now", given.now, context.now));
    this.facts = facts === undefined ? NO_FACTS : factsOf(facts);
    this.trace = trace(context.trace);
    this.method = text(given.method, "request.method");
    this.host = text(given.host, "request.host");
    /** The target, as it was given. */
    this.given = textOrBytes(given.target, "request.target");
    this.ip = ip === undefined ? ABSENT : text(ip, "ip");
    this.requestId = text(requestId, "context.requestId");
    /** Names of headers that nothing is known of. */
    this.unknown = undefined;
    /** Names and values of headers, in turn. */
    this.lines = headersOf(this, given.headers, known);
  }

  /** The target, as it was given. */
  get target() {
    return typeof this.given === "string" ? this.given : textOf(this.given);
  }

  /** Writes the request where the next call of an instance reads it. */
  write(instance) {
    const who = this.prepared === undefined ? this.who.number : KEPT_FROM + numberIn(this.prepared, instance);
    if (!writeAscii(this, instance, who)) writeAny(this, instance, who);
  }

  /** Asks of the names that nothing was known of whether the policy passes them over, for the next request. */
  learn(known, instance) {
    if (this.unknown === undefined) return;
    for (const name of this.unknown) {
      if (known.size >= KNOWN_MAX) known.clear();
      const bytes = encoder.encode(name);
      known.set(name, instance.call("passes_over", bytes.length, (room) => room.set(bytes)));
    }
  }
}

/** Writes texts of ASCII, as most are, without a list of them. Answers no where one is something else, or there is no room for all. */
function writeAscii(frame, instance, who) {
  const { lines, facts } = frame;
  const { issuer, text } = frame.who;
  begin(frame, instance, who, 0);
  writer.host(frame.host);
  writer.ascii(frame.method);
  writer.ascii(frame.given);
  writer.ascii(frame.ip);
  writer.ascii(facts.country);
  writer.ascii(facts.tls_version);
  writer.ascii(facts.client_cert);
  writer.ascii(issuer);
  writer.ascii(text);
  writer.ascii(frame.requestId);
  for (let i = 0; i < lines.length; i++) writer.ascii(lines[i]);
  return writer.end();
}

/** Writes texts of any kind and length. */
function writeAny(frame, instance, who) {
  const { country, tls_version, client_cert } = frame.facts;
  const texts = [
    frame.host, frame.method, frame.given, frame.ip, country, tls_version, client_cert, frame.who.issuer, frame.who.text, frame.requestId,
    ...frame.lines,
  ].map((text, index) => encoded(frame, text, index));
  begin(frame, instance, who, texts.reduce((sum, text) => sum + (text.length ?? 0), 0));
  const [host, ...others] = texts;
  writer.encodedHost(host);
  for (const text of others) writer.encoded(text);
  writer.end();
}

/** Writes all but texts, makes room for `length` bytes of those, and has the writer stand where they belong. */
function begin(frame, instance, who, length) {
  const { asn, bot_score, size } = frame.facts;
  const { trace } = frame;
  const numbers = isNumber(asn) + isNumber(bot_score) + isNumber(size);
  const head = HEAD_WORDS + NUMBER_WORDS * numbers + (trace === 0 ? 0 : TRACE_WORDS);
  const words = head + TEXTS_LEAST + frame.lines.length;
  const at = instance.place(4 * words + length);
  const { view } = instance;
  view.setUint32(at, words, true);
  view.setUint32(at + 8, frame.scheme | (trace << 1) | (stateOf(asn) << 3) | (stateOf(bot_score) << 5) | (stateOf(size) << 7), true);
  writeInteger(view, at + 12, frame.now);
  view.setUint32(at + 20, who, true);
  if (numbers !== 0) writeNumbers(view, at + 4 * HEAD_WORDS, [asn, bot_score, size]);
  if (trace !== 0) writeRandom(view, at + 4 * (head - TRACE_WORDS));
  writer.begin(instance, at, at + 4 * head, at + 4 * words);
}

function writeNumbers(view, at, facts) {
  for (const fact of facts.filter(isNumber)) {
    writeInteger(view, at, fact);
    at += 4 * NUMBER_WORDS;
  }
}

/** Writes random bits for the ids of a trace: fresh for each request, and nobody's to guess. */
function writeRandom(view, at) {
  randomWords(TRACE_WORDS, (word) => {
    view.setUint32(at, word, true);
    at += 4;
  });
}

function encoded(frame, text, index) {
  if (typeof text !== "string") return text;
  if (!isWellFormed(text)) {
    throw new TypeError(`${nameOf(frame, index)} holds half of a surrogate pair: hand bytes over as a Uint8Array`);
  }
  return encoder.encode(text);
}

function nameOf(frame, index) {
  const header = index - NAMES.length;
  return header < 0 ? NAMES[index] ?? frame.who.name : `request.headers[${header >> 1}][${header & 1}]`;
}

function headersOf(frame, lines, known) {
  if (lines === undefined) return NO_LINES;
  if (!Array.isArray(lines)) throw wrong("request.headers", "an array of pairs", lines);
  const isFew = known !== undefined && lines.length <= LINES_FEW;
  let kept = NO_LINES;
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
    if (isFew && isPassedOver(frame, name, value, known)) continue;
    if (kept === NO_LINES) kept = [name, value];
    else kept.push(name, value);
  }
  // Of so many, all count.
  return isFew && units > UNITS_FEW ? headersOf(frame, lines, undefined) : kept;
}

function isPassedOver(frame, name, value, known) {
  if (typeof name !== "string") return false;
  const isPassedOver = known.get(name);
  if (isPassedOver === undefined && name.length <= KNOWN_UNITS_MAX) (frame.unknown ??= []).push(name);
  // What can't be sent is told, however often the name was seen.
  return isPassedOver === true && (typeof value !== "string" || isWellFormed(value));
}

function text(text, name) {
  if (typeof text !== "string") throw wrong(name, "a string", text);
  return text;
}

function textOrBytes(text, name) {
  if (typeof text !== "string" && !isBytes(text)) throw wrong(name, "a string or a Uint8Array", text);
  return text;
}

/** Reads facts. One of a wrong type is no mistake of the caller's code, but of where it comes from: the gate denies then. */
function factsOf(facts) {
  FACTS.check(facts);
  return {
    country: textFact(facts.country, "country"), tls_version: textFact(facts.tls_version, "tls_version"),
    client_cert: textFact(facts.client_cert, "client_cert"), asn: numberFact(facts.asn, "asn"),
    bot_score: numberFact(facts.bot_score, "bot_score"), size: numberFact(facts.size, "size"),
  };
}

function textFact(fact, name) {
  if (fact === undefined) return ABSENT;
  if (fact === null) throw nullFact(name);
  return typeof fact === "string" ? fact : WRONG;
}

/** Returns a whole number, `undefined` where there is none, and `null` for what is something else. */
function numberFact(fact, name) {
  if (fact === undefined) return undefined;
  if (fact === null) throw nullFact(name);
  return wholeNumber(fact) ?? null;
}

function nullFact(name) {
  return new TypeError(`facts.${name} must not be null: leave out what is not known`);
}

function isNumber(fact) {
  return typeof fact === "number" || typeof fact === "bigint";
}

function stateOf(fact) {
  if (fact === undefined) return FACT.absent;
  return fact === null ? FACT.wrong : FACT.present;
}

/** Writes a whole number of 64 bits, as two words. */
function writeInteger(view, at, number) {
  if (typeof number === "bigint") {
    view.setBigInt64(at, number, true);
  } else {
    view.setUint32(at, number >>> 0, true);
    view.setUint32(at + 4, Math.floor(number / 2 ** 32) >>> 0, true);
  }
}

/** Finds a member that may stand in the request or in the context: of two, neither is surely meant. */
function either(member, inRequest, inContext) {
  if (inContext === undefined) return inRequest;
  if (inRequest === undefined) return inContext;
  throw new TypeError(`${member} stands in both request and context`);
}

/** Knows a request of the platform. A plain object has no URL: to ask for the tag takes longer. */
function isRequest(value) {
  return typeof value === "object" && value !== null && value.url !== undefined && isA("Request", value);
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

function trace(trust) {
  if (trust === undefined) return 0;
  if (typeof trust !== "string") throw wrong("context.trace", '"restart" or "continue"', trust);
  const number = TRACE.get(trust);
  if (number === undefined) throw new TypeError(`context.trace must be "restart" or "continue", not "${trust}"`);
  return number;
}

function scheme(scheme) {
  if (scheme === "https") return 1;
  if (scheme === "http") return 0;
  if (typeof scheme !== "string") throw wrong("request.scheme", '"http" or "https"', scheme);
  throw new TypeError(`request.scheme must be "http" or "https", not "${scheme}"`);
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
  IDENTITY.check(identity);
  for (const name of IDENTITY.members) {
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

/** Says whether a text has no half of a surrogate pair alone. */
function isWellFormed(text) {
  return text.isWellFormed === undefined ? !/\p{Surrogate}/u.test(text) : text.isWellFormed();
}

function isAscii(text) {
  return !/[^\0-\x7f]/.test(text);
}
