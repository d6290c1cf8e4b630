// The keys of issuers: fetched beside requests, kept in memory, in the cache of the data centre and in KV, last good ones for as long as
// no better ones are had.
//
// When to fetch, and what a document is worth, the verifier says; here is only how to get it.

import { fetchDocument } from "./document.js";
import { KeyStores } from "./stores.js";

/** How often it is looked whether keys are due. */
const LOOK_MS = 1000;
/** How long a request waits for keys: as long as one endpoint may take to answer. */
const WAIT_MS = 5000;
/** Between two looks of a request whether those keys are had that another one fetches: what one waits for, another must not. */
const POLL_MS = 20;
/** More requests than that don't wait: each holds memory and a connection. */
const WAITING_MAX = 1000;
/** A fetch that takes longer ended with its request. */
const FETCH_MS_MAX = 10_000;
/** A stored document that is older counts only where the endpoint fails: who took a key away meant it. */
const STORED_S_MAX = 24 * 60 * 60;
/** Far more than the issuers of a policy have. */
const DOCUMENTS_MAX = 256;

/** Fetches keys for one verifier. */
export class Keys {
  #verifier;
  #stores;
  #log;
  /** Good documents by URL, as they were fetched. They outlive the policy: the next one has its keys at once. */
  #documents;
  /** By issuer and URL, when the document was fetched that the verifier was given last. */
  #given = new Map();
  /** Which instance was given them. */
  #instance = 0;
  /** By issuer, when the fetch began that is under way. */
  #fetching = new Map();
  #waiting = 0;
  #looked_ms = -Infinity;

  constructor(verifier, stores, documents, log) {
    this.#verifier = verifier;
    this.#stores = new KeyStores(stores);
    this.#documents = documents;
    this.#log = log;
  }

  /** Sees to it that keys are fetched that are due, beside the request. */
  tend(env, ctx) {
    const now_ms = Date.now();
    // Clocks go back, too.
    if (Math.abs(now_ms - this.#looked_ms) < LOOK_MS) return;
    this.#looked_ms = now_ms;
    this.#begin(env, ctx);
  }

  /** Waits for keys that a request lacks, if they are being fetched or can be; answers whether there may be news. */
  async wait(env, ctx) {
    const { begun, isFed } = this.#begin(env, ctx);
    if (begun.length > 0) await Promise.race([Promise.all(begun), pause(WAIT_MS)]);
    if (begun.length > 0 || isFed) return true;
    if (!this.#isFetching() || this.#waiting >= WAITING_MAX) return false;
    this.#waiting += 1;
    try {
      for (let waited_ms = 0; this.#isFetching() && waited_ms < WAIT_MS; waited_ms += POLL_MS) await pause(POLL_MS);
    } finally {
      this.#waiting -= 1;
    }
    return true;
  }

  #isFetching() {
    const now_ms = Date.now();
    return this.#fetching.values().some((since_ms) => Math.abs(now_ms - since_ms) < FETCH_MS_MAX);
  }

  /** Gives the verifier what is at hand of all that is due, and begins to fetch the rest. */
  #begin(env, ctx) {
    const begun = [];
    let isFed = false;
    for (let wanted = this.#verifier.nextFetch(); wanted !== undefined; wanted = this.#verifier.nextFetch()) {
      const left = this.#fedOrFailed(wanted);
      isFed ||= left !== wanted;
      if (left === undefined) continue;
      const fetching = this.#follow(left, env, ctx);
      // A request that ends takes no fetch with it.
      ctx.waitUntil(fetching);
      begun.push(fetching);
    }
    return { begun, isFed };
  }

  /** What was good for the policy before may be of another issuer than this one's: then its fetch has failed. */
  #fedOrFailed(wanted) {
    try {
      return this.#feed(wanted);
    } catch (error) {
      this.#log.noKeys(wanted.issuer, wanted.url, error);
      return undefined;
    }
  }

  /** Gives the verifier documents of memory that it hasn't had, and answers which one it lacks then. */
  #feed(wanted) {
    // An instance that died has forgotten all.
    if (this.#instance !== this.#verifier.instances) this.#given.clear();
    this.#instance = this.#verifier.instances;
    let next = wanted;
    while (next !== undefined) {
      const known = this.#documents.get(next.url);
      if (known === undefined || known.at_s <= this.#givenAt(next)) return next;
      next = this.#give(next, known);
    }
    return undefined;
  }

  #givenAt({ issuer, url }) {
    return this.#given.get(`${issuer} ${url}`) ?? -Infinity;
  }

  #give({ issuer, url }, { body, cacheControl, at_s }) {
    this.#given.set(`${issuer} ${url}`, at_s);
    return this.#verifier.fetched(issuer, body, cacheControl, at_s);
  }

  /** Fetches a document, and what it leads to. */
  async #follow(wanted, env, ctx) {
    const since_ms = Date.now();
    this.#fetching.set(wanted.issuer, since_ms);
    let next = wanted;
    try {
      while (next !== undefined) next = await this.#take(next, env, ctx);
      this.#log.keys(wanted.issuer);
    } catch (error) {
      this.#log.noKeys(wanted.issuer, next.url, error);
    } finally {
      if (this.#fetching.get(wanted.issuer) === since_ms) this.#fetching.delete(wanted.issuer);
    }
  }

  async #take(wanted, env, ctx) {
    const { issuer, url } = wanted;
    let document;
    try {
      document = await this.#document(wanted, env);
    } catch (error) {
      this.#verifier.failed(issuer);
      throw error;
    }
    // What is no good document throws, and is kept nowhere.
    const next = this.#give(wanted, document);
    if (this.#documents.size >= DOCUMENTS_MAX) this.#documents.delete(this.#documents.keys().next().value);
    this.#documents.set(url, document);
    if (document.isNew) ctx.waitUntil(this.#stores.keep(url, document, env));
    return next;
  }

  /** Gets a document that is newer than what the verifier has: from a store, or from where it is. */
  async #document(wanted, env) {
    const { url } = wanted;
    const stored = await this.#stores.find(url, this.#givenAt(wanted), env);
    if (stored !== undefined && Date.now() / 1000 - stored.at_s < STORED_S_MAX) return stored;
    try {
      return { ...(await fetchDocument(url)), isNew: true };
    } catch (error) {
      if (stored === undefined) throw error;
      return stored;
    }
  }
}

function pause(time_ms) {
  return new Promise((resolve) => setTimeout(resolve, time_ms));
}
