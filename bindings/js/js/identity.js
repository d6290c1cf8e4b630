// Who is asking, mapped once and used for as many requests as the token serves.

import { GatelawError } from "./error.js";
import { PRIVATE } from "./internal/arguments.js";

/** Finds the number of a caller in an instance. */
export let numberIn;

// Callers that nobody holds any more give their memory back; an instance that died has given all of it back.
const registry =
  globalThis.FinalizationRegistry && new FinalizationRegistry(({ instance, number }) => instance.dropCaller(number));

/** Holds a caller, as one policy sees it. */
export class PreparedIdentity {
  #evaluator;
  #frame;
  /** Where the caller was mapped; an instance that died is replaced, and the caller mapped again. */
  #instance;
  #number;

  /** `frame` is a request of no content, by this caller. */
  constructor(key, evaluator, frame) {
    if (key !== PRIVATE) throw new TypeError("a PreparedIdentity is made by a policy: call policy.identity");
    this.#evaluator = evaluator;
    this.#frame = frame;
  }

  static {
    numberIn = (identity, instance) => identity.#in(instance);
  }

  /** Gives the memory back at once, instead of when nobody holds the caller any more. */
  free() {
    this.#instance?.dropCaller(this.#number);
    registry?.unregister(this);
    this.#instance = undefined;
    this.#frame = undefined;
  }

  #in(instance) {
    if (this.#instance === instance) return this.#number;
    if (this.#frame === undefined) throw new GatelawError("identity:freed", "this identity was freed");
    if (!this.#evaluator.runs(instance)) {
      throw new TypeError("identity was made for another policy: make one by identity of this policy");
    }
    registry?.unregister(this);
    this.#number = this.#evaluator.keep(this.#frame, instance);
    this.#instance = instance;
    registry?.register(this, { instance, number: this.#number }, this);
    return this.#number;
  }
}

if (Symbol.dispose !== undefined) PreparedIdentity.prototype[Symbol.dispose] = PreparedIdentity.prototype.free;
