// The policy in force: from KV, checked again and again, or one that was deployed with the Worker.

import { Gate, Policy, Verifier } from "gatelaw";
import { keysFor } from "./keys.js";

/** After a policy couldn't be had, requests are denied for so long before KV is asked again. */
const RETRY_MS = 1000;

/** Holds a policy that comes with the Worker. */
export class BundledPolicy {
  #loaded;

  /** Throws a `GatelawError` for bytes that are no artifact, or a policy that this gate can't do. */
  constructor(bytes, settings, log) {
    this.#loaded = loaded(bytes, settings, {}, log);
  }

  /** Answers what decides. */
  current() {
    return this.#loaded;
  }
}

/** Holds the policy that stands in KV, or stood there when it was last good. */
export class StoredPolicy {
  #place;
  #settings;
  #log;
  /** What verifies tokens for the policy that is in force, or did for the last one that had an issuer, and what fetches keys for it. */
  #verifier;
  #keys;
  /** INVARIANT: one assignment swaps it; a request decides with the one that it found. */
  #loaded;
  /** What KV held when it was last asked, good or bad. */
  #seen;
  #asked_ms = -Infinity;
  #failed_ms = -Infinity;
  #turn = 0;
  #turnDone = 0;

  constructor(place, settings, log) {
    this.#place = place;
    this.#settings = settings;
    this.#log = log;
  }

  /** Answers what decides now; nothing where no policy could be had yet. Sees to it that KV is asked when it is time. */
  current(env, ctx) {
    if (this.#loaded !== undefined && Date.now() - this.#asked_ms >= this.#place.check_s * 1000) ctx.waitUntil(this.#check(env));
    return this.#loaded;
  }

  /** Asks KV for the first policy, and answers it; nothing where there is none. */
  async first(env) {
    if (Date.now() - this.#failed_ms < RETRY_MS) return undefined;
    // Every request asks by itself: what one request waits for, another must not.
    await this.#check(env);
    if (this.#loaded === undefined) this.#failed_ms = Date.now();
    return this.#loaded;
  }

  async #check(env) {
    const turn = ++this.#turn;
    this.#asked_ms = Date.now();
    try {
      const bytes = await this.#read(env);
      // A check that began later is done: what it read is newer.
      if (turn < this.#turnDone) return;
      this.#turnDone = turn;
      this.#take(bytes);
    } catch (error) {
      const kept = this.#loaded === undefined ? "all requests are denied" : `${this.#loaded.policy.digest} stays in force`;
      this.#log.problem("policy", `${this.#place.binding}/${this.#place.key}: ${error.message}; ${kept}`, error.code);
    }
  }

  async #read(env) {
    const { binding, key } = this.#place;
    const store = env[binding];
    if (typeof store?.get !== "function") throw new Error(`no KV namespace is bound as \`${binding}\``);
    const value = await store.get(key, "arrayBuffer");
    if (value === null) throw new Error(`KV has nothing under the key \`${key}\``);
    return new Uint8Array(value);
  }

  #take(bytes) {
    if (this.#seen !== undefined && equal(this.#seen, bytes)) return;
    this.#seen = bytes;
    this.#loaded = loaded(bytes, this.#settings, { verifier: this.#verifier, keys: this.#keys }, this.#log);
    const { verifier = this.#verifier, keys = this.#keys } = this.#loaded;
    [this.#verifier, this.#keys] = [verifier, keys];
    this.#log.policy(this.#loaded.policy.digest);
  }
}

/** Loads a policy; `before` is what verified tokens until now. */
function loaded(bytes, { gate: options, identify, keys, tokens_max }, before, log) {
  const policy = Policy.loadUnsigned(bytes);
  const gate = new Gate(policy, options);
  const needs = policy.needs();
  // A token may be bound to the certificate of its connection. Where nothing asks for one, nor for where it comes from, the platform need
  // not make an object of what it knows.
  const readsConnection = needs.tokens || needs.facts.some((fact) => fact !== "size");
  // A policy without an issuer knows no token; with a hook, it says who asks.
  if (!needs.tokens || identify !== undefined) return Object.freeze({ policy, gate, needs, readsConnection });
  const verifier = new Verifier(gate, { tokensMax: tokens_max, after: before.verifier });
  for (const [issuer, document] of Object.entries(keys.sets)) verifier.setKeys(issuer, document);
  return Object.freeze({ policy, gate, needs, readsConnection, verifier, keys: keysFor(verifier, keys, before.keys, log) });
}

function equal(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
