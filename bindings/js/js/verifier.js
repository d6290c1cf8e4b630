import { GatelawError } from "./error.js";
import { correlationIdOf, Gate } from "./gate.js";
import { Answer, unavailable } from "./internal/answer.js";
import { isBytes, Members, wrong } from "./internal/arguments.js";
import { requestError, unavailableHandling } from "./internal/evaluator.js";
import { Frame, now as checkedNow } from "./internal/frame.js";
import { callWith } from "./internal/parts.js";
import { Signatures } from "./internal/signature.js";
import { evaluatorOf } from "./policy.js";

const NO_CONTEXT = Object.freeze({});
const OPTIONS = new Members("options", ["tokensMax", "after"]);
/** Some hundred bytes each, and more for callers with many claims. */
const TOKENS_MAX_DEFAULT = 10_000;
const TOKENS_MAX = 1_000_000;
/** Rounds of a request: keys may be had in two documents, and an instance may die. */
const ROUNDS_MAX = 4;

/** By evaluator, which judges tokens for one of them. */
const taken = new WeakSet();

/**
 * Decides requests by the tokens that they carry. It fetches nothing and has no timers: its host fetches what it names, and tells
 * what came of it.
 */
export class Verifier {
  #gate;
  #evaluator;
  #tokensMax;
  /** Where the verifier stands; an instance that died is replaced, and begins without what was remembered. */
  #instance;
  #instances = 0;
  /** What the verifier of the policy before had counted. */
  #countedBefore;
  /** By issuer, the documents of keys that stay as they are. */
  #fixed = new Map();
  #signatures = new Signatures();

  /** Judges tokens for a gate; a policy has one verifier. */
  constructor(gate, options = {}) {
    if (!(gate instanceof Gate)) throw wrong("gate", "a Gate", gate);
    OPTIONS.check(options);
    const { tokensMax = TOKENS_MAX_DEFAULT, after } = options;
    if (!Number.isInteger(tokensMax) || tokensMax < 1 || tokensMax > TOKENS_MAX) {
      throw new TypeError(`options.tokensMax must be a whole number from 1 to ${TOKENS_MAX}`);
    }
    if (after !== undefined && !(after instanceof Verifier)) throw wrong("options.after", "a Verifier", after);
    const evaluator = evaluatorOf(gate.policy);
    if (taken.has(evaluator)) throw new TypeError("gate: its policy has a verifier: load the policy again for another one");
    taken.add(evaluator);
    this.#gate = gate;
    this.#evaluator = evaluator;
    this.#tokensMax = tokensMax;
    this.#countedBefore = after?.#counted("counters") ?? undefined;
  }

  /** The gate that decides. */
  get gate() {
    return this.#gate;
  }

  /** How many instances have judged until now: a new one, in place of one that died, has none of the keys that were fetched. */
  get instances() {
    return this.#instances;
  }

  /** Takes an issuer's keys, which are not fetched then. Throws a `GatelawError` for what is no key set, or no issuer of the policy. */
  setKeys(issuer, document) {
    checkIssuer(issuer);
    const bytes = isBytes(document) ? new Uint8Array(document) : document;
    if (!isBytes(bytes) && typeof bytes !== "string") throw wrong("document", "a string or a Uint8Array", document);
    this.#call("set_keys", 0, [issuer, bytes]);
    this.#fixed.set(issuer, bytes);
  }

  /** Begins the next fetch that is due, and names its issuer and its URL; `undefined` where there is none. */
  nextFetch(now) {
    const answer = this.#call("next_fetch", checkedNow(now), []);
    const [issuer, url] = answer === null ? ["", ""] : [answer.text(), answer.text()];
    return issuer === "" ? undefined : { issuer, url };
  }

  /**
   * Takes a document that was fetched; `now` is when. Names the document to fetch next, where the keys aren't had by it yet.
   * Throws a `GatelawError` for a document that gives no keys: the fetch failed then.
   */
  fetched(issuer, document, cacheControl, now) {
    checkIssuer(issuer);
    if (typeof document !== "string" && !isBytes(document)) throw wrong("document", "a string or a Uint8Array", document);
    if (typeof cacheControl !== "string") throw wrong("cacheControl", "a string", cacheControl);
    const url = this.#call("fetched", checkedNow(now), [issuer, cacheControl, document])?.text() ?? "";
    return url === "" ? undefined : { issuer, url };
  }

  /** Notes that a fetch failed; keys that were had before stay. */
  failed(issuer, now) {
    checkIssuer(issuer);
    this.#call("failed", checkedNow(now), [issuer]);
  }

  /** Answers what was counted of tokens and keys, by verifiers of policies before too: plain numbers, which only grow. */
  counters() {
    return JSON.parse(told(this.#counted("counters")));
  }

  /** Writes what was counted in the text format of Prometheus, version 0.0.4. */
  prometheus() {
    return told(this.#counted("prometheus"));
  }

  /**
   * Decides a request by the token that it carries, and says what a gate does about it. Where keys are missing that may be fetched, it asks
   * `wait` for those of the token's issuer, and decides again once that says that there may be news.
   */
  async handle(request, context = NO_CONTEXT, wait = undefined) {
    if (wait !== undefined && typeof wait !== "function") throw wrong("wait", "a function", wait);
    const requestId = correlationIdOf(context);
    for (let rounds = 1; ; rounds++) {
      const frame = frameOf(request, context, requestId);
      const instance = this.#ready();
      // Where keys are wanted, an answer counts once nobody waits for them any more.
      const waits = wait !== undefined && rounds < ROUNDS_MAX;
      const step = this.#step(instance, frame, "verify", waits ? 1 : 0);
      if (step === null) return this.#died(requestId);
      const { pending } = step;
      if (pending === undefined) {
        const { keysWanted, handling } = step;
        if (keysWanted === "" || !waits) return handling;
        if (!(await wait(keysWanted))) rounds = ROUNDS_MAX - 1;
        continue;
      }
      const isValid = await this.#signatures.isValid(pending);
      // Where the instance died meanwhile, the next one knows nothing of this token.
      if (this.#evaluator.runs(instance)) {
        return this.#step(instance, frame, "settle", pending.number, isValid ? 1 : 0)?.handling ?? this.#died(requestId);
      }
      if (rounds === ROUNDS_MAX) return this.#died(requestId);
    }
  }

  #died(requestId) {
    return unavailableHandling("trap", unavailable("trap", this.#evaluator.digest), requestId);
  }

  /** Returns the instance that decides, with a verifier in it; `null` where it died. */
  #ready() {
    return this.#evaluator.with((instance) => {
      if (this.#instance === instance) return instance;
      instance.call("make_verifier", 0, () => {}, this.#tokensMax);
      if (this.#countedBefore !== undefined) callWith(instance, "adopt_counters", 0, [this.#countedBefore]);
      for (const [issuer, document] of this.#fixed) callWith(instance, "set_keys", 0, [issuer, document]);
      this.#instance = instance;
      this.#instances += 1;
      return instance;
    });
  }

  #step(instance, frame, name, ...numbers) {
    if (instance === null) return null;
    return this.#evaluator.with(() => {
      frame.write(instance);
      const ok = instance.runWith(name, ...numbers);
      const answer = new Answer(instance);
      if (!ok) throw requestError(answer.fault());
      return answer.step(this.#evaluator.digest, frame);
    });
  }

  /** Answers what was counted, as a text; `null` where the instance that counts died. */
  #counted(name) {
    const instance = this.#ready();
    return instance && this.#evaluator.with(() => (instance.run(name), new Answer(instance).line()));
  }

  /** Answers what an export says; `null` where the instance died. */
  #call(name, now, texts) {
    const instance = this.#ready();
    if (instance === null) return null;
    return this.#evaluator.with(() => {
      const ok = callWith(instance, name, now, texts);
      const answer = new Answer(instance);
      if (!ok) throw requestError(answer.fault());
      return answer;
    });
  }
}

/** Who asks is what the token says, and nothing else. */
function frameOf(request, context, requestId) {
  for (const [given, name] of [[request, "request"], [context, "context"]]) {
    if (given?.identity !== undefined) throw new TypeError(`${name}.identity: the token of the request says who asks`);
  }
  return new Frame(request, context, requestId);
}

/** There is always a text, but of an instance that died. */
function told(text) {
  if (text === null) throw new GatelawError("module:trap", "the instance that counts died");
  return text;
}

function checkIssuer(issuer) {
  if (typeof issuer !== "string") throw wrong("issuer", "a string", issuer);
}
