import { GatelawError } from "./error.js";
import { numberIn, PreparedIdentity } from "./identity.js";
import { isBytes, Members, PRIVATE, wrong } from "./internal/arguments.js";
import { unavailable, unexplained } from "./internal/answer.js";
import { Evaluator } from "./internal/evaluator.js";
import { Frame } from "./internal/frame.js";

const OPTIONS = new Members("options", ["clientCert"]);

/** A request of no content: whoever is mapped before has none yet. */
const NO_REQUEST = Object.freeze({ method: "", scheme: "https", host: "", target: "", now: 0 });

/** Finds the evaluator of a policy. */
export let evaluatorOf;

/** Holds a compiled policy that was loaded and checked. */
export class Policy {
  #evaluator;

  constructor(key, evaluator) {
    if (key !== PRIVATE) throw new TypeError("a Policy is loaded: call Policy.loadUnsigned");
    this.#evaluator = evaluator;
  }

  static {
    evaluatorOf = (policy) => policy.#use();
  }

  /**
   * Loads an artifact that nobody signed: the caller answers for where the bytes come from.
   * Throws a `GatelawError` with a code `artifact:…` for bytes that are no artifact of this gatelaw.
   */
  static loadUnsigned(bytes) {
    if (!isBytes(bytes)) throw wrong("bytes", "a Uint8Array", bytes);
    return new Policy(PRIVATE, new Evaluator(new Uint8Array(bytes)));
  }

  /** The digest of what decides: `sha256:` and 64 hex digits. */
  get digest() {
    return this.#use().digest;
  }

  /** Whether the policy has limits, which somebody must count. */
  get hasLimits() {
    return this.#use().hasLimits;
  }

  /** Lists what the policy reads of a request, and what it sets. */
  needs() {
    return JSON.parse(this.#use().needs);
  }

  /**
   * Says who asks, for as many requests as the token serves: `identity` of a request takes it.
   * A token that is bound to a client certificate needs its fact, `clientCert`.
   */
  identity(identity, options = {}) {
    OPTIONS.check(options);
    const cert = options.clientCert;
    if (cert !== undefined && typeof cert !== "string") throw wrong("options.clientCert", "a string", cert);
    if (identity === undefined || identity instanceof PreparedIdentity) throw wrong("identity", "an object", identity);
    const evaluator = this.#use();
    const facts = cert === undefined ? undefined : { client_cert: cert };
    const prepared = new PreparedIdentity(PRIVATE, evaluator, new Frame(NO_REQUEST, { identity, facts }, ""));
    // What is wrong with it is said here, not at its first request.
    evaluator.with((instance) => numberIn(prepared, instance));
    return prepared;
  }

  /** Decides a request that is one line of JSON, and answers one line: a decision, or what is wrong with the line. */
  decideJson(line) {
    const evaluator = this.#use();
    return evaluator.line("decide_line", checkedLine(line)) ?? JSON.stringify(unavailable("trap", evaluator.digest));
  }

  /** Explains the decision of a request that is one line of JSON: the rules that could matter, with what each asked. */
  explainJson(line) {
    const evaluator = this.#use();
    const explained = evaluator.line("explain_line", checkedLine(line));
    if (explained !== null) return explained;
    return JSON.stringify(unexplained(unavailable("trap", evaluator.digest)));
  }

  /** Gives the memory back at once, instead of when nobody holds the policy any more. */
  free() {
    this.#evaluator = undefined;
  }

  #use() {
    if (this.#evaluator === undefined) throw new GatelawError("policy:freed", "this policy was freed");
    return this.#evaluator;
  }
}

if (Symbol.dispose !== undefined) Policy.prototype[Symbol.dispose] = Policy.prototype.free;

function checkedLine(line) {
  if (typeof line !== "string") throw wrong("line", "a string", line);
  if (/\p{Surrogate}/u.test(line)) throw new TypeError("line holds half of a surrogate pair, which no text does");
  return line;
}
