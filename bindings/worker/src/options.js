// Reads the options of a gate: what is left out gets its default, what means nothing is an error that names it.

import { checkMembers, wrong } from "./arguments.js";
import { upstreamOf } from "./upstream.js";

const OPTIONS = ["policy", "upstream", "address", "facts", "limits", "keys", "tokens_max", "identify", "trace", "counters_s", "log", "decided"];
const KEYS = ["cache", "binding", "sets"];
const POLICY = ["binding", "key", "check_s"];

/** What Workers know of a connection; two of them only where the zone has Bot Management, or asks for certificates. */
const FACTS = ["country", "asn", "bot_score", "tls_version", "client_cert", "size"];

/** What becomes of a request's trace (W3C Trace Context), as the evaluator is told; `pass` leaves it to others. */
const TRACES = new Map([["restart", "restart"], ["continue", "continue"], ["pass", undefined]]);

/** Cloudflare sets it on every request, and drops what a client sent under that name. */
const ADDRESS = "cf-connecting-ip";
const KEY = "policy";
const CHECK_S = 30;
/** Some hundred bytes each, and more for callers with many claims. */
const TOKENS_MAX = 10_000;
const TOKENS_MAX_MAX = 1_000_000;
/** Longer than a day, and nobody would know any more which policy is in force. */
const CHECK_S_MAX = 86_400;
/** Isolates don't last for long: what the last record before the end leaves out is lost. */
const COUNTERS_S_MAX = 86_400;

export function settingsOf(options) {
  checkMembers(options, OPTIONS, "options");
  const { address = ADDRESS, facts = FACTS, limits = "refuse", keys, tokens_max = TOKENS_MAX, identify, trace = "restart", counters_s, log, decided } = options;
  if (address !== false && !isName(address)) throw wrong("options.address", "the name of a header, or false", address);
  if (!Array.isArray(facts)) throw wrong("options.facts", "an array of names", facts);
  for (const fact of facts) if (!FACTS.includes(fact)) throw wrong("options.facts", `an array of ${FACTS.join(", ")}`, fact);
  if (limits !== "refuse" && limits !== "report") throw wrong("options.limits", '"refuse" or "report"', limits);
  if (!Number.isInteger(tokens_max) || tokens_max < 1 || tokens_max > TOKENS_MAX_MAX) {
    throw wrong("options.tokens_max", `a whole number from 1 to ${TOKENS_MAX_MAX}`, tokens_max);
  }
  if (keys !== undefined && identify !== undefined) throw new TypeError("options.keys means nothing beside options.identify, which verifies tokens");
  if (!TRACES.has(trace)) throw wrong("options.trace", '"restart", "continue" or "pass"', trace);
  if (counters_s !== undefined && !(typeof counters_s === "number" && counters_s >= 1 && counters_s <= COUNTERS_S_MAX)) {
    throw wrong("options.counters_s", `seconds, from 1 to ${COUNTERS_S_MAX}`, counters_s);
  }
  for (const [name, hook] of Object.entries({ identify, log, decided })) {
    if (hook !== undefined && typeof hook !== "function") throw wrong(`options.${name}`, "a function", hook);
  }
  return {
    policy: policyOf(options.policy),
    upstream: upstreamOf(options.upstream),
    gate: { facts: [...facts], limits, ip: address !== false },
    keys: keysOf(keys),
    tokens_max, trace: TRACES.get(trace), counters_s, address, identify, log, decided,
  };
}

function policyOf(policy) {
  if (policy instanceof ArrayBuffer) return { bytes: new Uint8Array(policy) };
  if (policy instanceof Uint8Array) return { bytes: policy };
  checkMembers(policy, POLICY, "options.policy");
  const { binding, key = KEY, check_s = CHECK_S } = policy;
  if (typeof binding !== "string" || binding === "") throw wrong("options.policy.binding", "the name of a KV binding", binding);
  if (typeof key !== "string" || key === "") throw wrong("options.policy.key", "the key in KV", key);
  if (typeof check_s !== "number" || !(check_s > 0 && check_s <= CHECK_S_MAX)) {
    throw wrong("options.policy.check_s", `seconds, more than 0 and at most ${CHECK_S_MAX}`, check_s);
  }
  return { binding, key, check_s };
}

function keysOf(keys = {}) {
  checkMembers(keys, KEYS, "options.keys");
  const { cache = true, binding, sets = {} } = keys;
  if (typeof cache !== "boolean") throw wrong("options.keys.cache", "true or false", cache);
  if (binding !== undefined && (typeof binding !== "string" || binding === "")) {
    throw wrong("options.keys.binding", "the name of a KV binding", binding);
  }
  if (typeof sets !== "object" || sets === null || Array.isArray(sets)) {
    throw wrong("options.keys.sets", "an object of JWKS documents by issuer", sets);
  }
  return { cache, binding, sets: Object.fromEntries(Object.entries(sets).map(documentOf)) };
}

/** A document as text, as it is read; an object is written as one. */
function documentOf([issuer, document]) {
  if (typeof document === "string") return [issuer, document];
  if (typeof document !== "object" || document === null) throw wrong(`options.keys.sets.${issuer}`, "a JWKS document", document);
  return [issuer, JSON.stringify(document)];
}

function isName(name) {
  return typeof name === "string" && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}
