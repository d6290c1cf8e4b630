import { GatelawError } from "./error.js";
import { Answer, unavailable, unexplained } from "./internal/answer.js";
import { Members, wrong } from "./internal/arguments.js";
import { unavailableHandling } from "./internal/evaluator.js";
import { Frame } from "./internal/frame.js";
import { correlationId } from "./internal/random.js";
import { evaluatorOf, Policy } from "./policy.js";

const NO_CONTEXT = Object.freeze({});
/** What `allows` of the module answers where a request may pass; 1 where it may not, 0 where something is wrong. */
const ALLOWED = 2;
const OPTIONS = new Members("options", ["limits", "facts", "ip"]);

/** Decides requests by one policy. */
export class Gate {
  #policy;

  /** Throws a `GatelawError` where the policy asks for what this gate can't do: `gate:limits`, `gate:facts` or `gate:ip`. */
  constructor(policy, options = {}) {
    if (!(policy instanceof Policy)) throw wrong("policy", "a Policy", policy);
    checkOptions(policy, options);
    this.#policy = policy;
  }

  /** The policy that decides. */
  get policy() {
    return this.#policy;
  }

  /** Decides a request. A gate that can't decide denies: status 503, reason `gate:trap`. */
  decide(request, context = NO_CONTEXT) {
    const evaluator = evaluatorOf(this.#policy);
    const decision = evaluator.run(decide, new Frame(request, context, "", evaluator.known), decisionOf);
    return decision ?? unavailable("trap", evaluator.digest);
  }

  /** Decides a request, and answers no more than whether it may pass: that costs no object. A gate that can't decide denies. */
  allows(request, context = NO_CONTEXT) {
    const evaluator = evaluatorOf(this.#policy);
    return evaluator.run(allows, new Frame(request, context, "", evaluator.known), isAllowed) ?? false;
  }

  /** Explains the decision on a request: the rules that could matter, with what each asked. */
  explain(request, context = NO_CONTEXT) {
    const evaluator = evaluatorOf(this.#policy);
    const explained = evaluator.run(explain, new Frame(request, context, ""), lineOf);
    return explained === null ? unexplained(unavailable("trap", evaluator.digest)) : JSON.parse(explained);
  }

  /** Decides a request, and says what a gate does about it: forward it, changed, or answer it. */
  handle(request, context = NO_CONTEXT) {
    const evaluator = evaluatorOf(this.#policy);
    const requestId = correlationIdOf(context);
    const handling = evaluator.run(handle, new Frame(request, context, requestId), handlingOf);
    return handling ?? unavailableHandling("trap", unavailable("trap", evaluator.digest), requestId);
  }
}

const decide = (exports) => exports.decide();
const allows = (exports) => exports.allows();
const handle = (exports) => exports.handle();
const explain = (exports) => exports.explain();

function decisionOf(instance, told, frame, digest) {
  return new Answer(instance, told).decision(digest, frame);
}

function isAllowed(_instance, told) {
  return told === ALLOWED;
}

function handlingOf(instance, told, frame, digest) {
  const answer = new Answer(instance, told);
  return answer.handling(answer.decision(digest, frame));
}

function lineOf(instance) {
  return new Answer(instance).line();
}

function checkOptions(policy, options) {
  OPTIONS.check(options);
  const { limits = "refuse", facts, ip = true } = options;
  if (typeof limits !== "string") throw wrong("options.limits", '"refuse" or "report"', limits);
  if (limits !== "refuse" && limits !== "report") {
    throw new TypeError(`options.limits must be "refuse" or "report", not "${limits}"`);
  }
  if (facts !== undefined && !Array.isArray(facts)) throw wrong("options.facts", "an array of names", facts);
  if (typeof ip !== "boolean") throw wrong("options.ip", "a boolean", ip);
  if (policy.hasLimits && limits === "refuse") {
    throw new GatelawError("gate:limits", 'the policy has limits, and this gate can\'t count: allow that with limits: "report"');
  }
  const needs = policy.needs();
  const missing = facts === undefined ? [] : needs.facts.filter((fact) => !facts.includes(fact));
  if (missing.length > 0) {
    throw new GatelawError("gate:facts", `the policy reads facts that this gate doesn't have: ${missing.join(", ")}`);
  }
  if (needs.ip && !ip) throw new GatelawError("gate:ip", "the policy reads the client's address, and this gate doesn't have it");
}

/** Returns the correlation id that was given, or makes one. */
export function correlationIdOf(context) {
  const id = context?.requestId;
  if (id === undefined) return correlationId();
  if (typeof id !== "string") throw wrong("context.requestId", "a string", id);
  if (!/^[\x21-\x7e]{1,128}$/.test(id)) {
    throw new TypeError("context.requestId must be 1 to 128 printable ASCII characters without spaces");
  }
  return id;
}
