// Reads the options of a gate: what is left out gets its default, what means nothing is an error that names it.

import { checkMembers, wrong } from "./arguments.js";
import { upstreamOf } from "./upstream.js";

const OPTIONS = ["policy", "upstream", "address", "facts", "limits", "identify", "trace", "log", "decided"];
const POLICY = ["binding", "key", "check_s"];

/** What Workers know of a connection; two of them only where the zone has Bot Management, or asks for certificates. */
const FACTS = ["country", "asn", "bot_score", "tls_version", "client_cert", "size"];

/** What becomes of a request's trace (W3C Trace Context), as the evaluator is told; `pass` leaves it to others. */
const TRACES = new Map([["restart", "restart"], ["continue", "continue"], ["pass", undefined]]);

/** Cloudflare sets it on every request, and drops what a client sent under that name. */
const ADDRESS = "cf-connecting-ip";
const KEY = "policy";
const CHECK_S = 30;
/** Longer than a day, and nobody would know any more which policy is in force. */
const CHECK_S_MAX = 86_400;

export function settingsOf(options) {
  checkMembers(options, OPTIONS, "options");
  const { address = ADDRESS, facts = FACTS, limits = "refuse", identify, trace = "restart", log, decided } = options;
  if (address !== false && !isName(address)) throw wrong("options.address", "the name of a header, or false", address);
  if (!Array.isArray(facts)) throw wrong("options.facts", "an array of names", facts);
  for (const fact of facts) if (!FACTS.includes(fact)) throw wrong("options.facts", `an array of ${FACTS.join(", ")}`, fact);
  if (limits !== "refuse" && limits !== "report") throw wrong("options.limits", '"refuse" or "report"', limits);
  if (!TRACES.has(trace)) throw wrong("options.trace", '"restart", "continue" or "pass"', trace);
  for (const [name, hook] of Object.entries({ identify, log, decided })) {
    if (hook !== undefined && typeof hook !== "function") throw wrong(`options.${name}`, "a function", hook);
  }
  return {
    policy: policyOf(options.policy),
    upstream: upstreamOf(options.upstream),
    gate: { facts: [...facts], limits, ip: address !== false },
    trace: TRACES.get(trace), address, identify, log, decided,
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

function isName(name) {
  return typeof name === "string" && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}
