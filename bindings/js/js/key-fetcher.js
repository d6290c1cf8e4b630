import { Members, wrong } from "./internal/arguments.js";
import { documentOf, TIME_MAX_MS } from "./internal/document.js";
import { KeyStores } from "./internal/key-stores.js";
import { Verifier } from "./verifier.js";

const OPTIONS = new Members("options", ["fetch", "allowLoopback", "stores", "after", "onKeys", "onFailure"]);
/** How often it is looked beside requests whether keys are due. */
const LOOK_MS = 1000;
/** Between two looks of a request whether those keys are had that another one fetches. */
const POLL_MS = 20;
/** More requests than that don't wait for one issuer: each holds memory, and perhaps a connection. */
const WAITING_MAX = 1000;
/** A fetch that takes longer ended with its request: platforms may stop what a request began. */
const FETCH_MS_MAX = 10_000;
/** A stored document that is older counts only where the endpoint fails: who took a key away meant it. */
const STORED_S_MAX = 24 * 60 * 60;
/** Far more than the issuers of a policy have. */
const DOCUMENTS_MAX = 256;

/**
 * Fetches the keys that a verifier wants, and keeps what was good: in memory, and in stores of the host. When to fetch, and what a
 * document is worth, the verifier says; here is only how to get it.
 */
export class KeyFetcher {
  #verifier;
  #network;
  #stores;
  #onKeys;
  #onFailure;
  /** Good documents by URL, as they were fetched. They outlive the policy: the next one has its keys at once. */
  #documents;
  /** By issuer and URL, when the document was fetched that the verifier was given last. */
  #given = new Map();
  /** Which instance was given them. */
  #instance = 0;
  /** By issuer, the key set that the verifier took last. */
  #sets = new Map();
  /** By issuer, the fetch that is under way, when it began, and how many other requests wait for it. */
  #fetching = new Map();
  #looked_ms = -Infinity;

  /** Fetches for one verifier. */
  constructor(verifier, options = {}) {
    if (!(verifier instanceof Verifier)) throw wrong("verifier", "a Verifier", verifier);
    OPTIONS.check(options);
    // The platform's is looked up at each call: it wants to be called as a member of nothing else, and hosts replace it.
    const { fetch = (...args) => globalThis.fetch(...args), allowLoopback = false, stores = [], after } = options;
    const { onKeys = () => {}, onFailure = () => {} } = options;
    for (const [name, hook] of Object.entries({ fetch, onKeys, onFailure })) {
      if (typeof hook !== "function") throw wrong(`options.${name}`, "a function", hook);
    }
    if (typeof allowLoopback !== "boolean") throw wrong("options.allowLoopback", "a boolean", allowLoopback);
    if (!Array.isArray(stores)) throw wrong("options.stores", "an array of stores", stores);
    stores.forEach((store, index) => checkStore(store, `options.stores[${index}]`));
    if (after !== undefined && !(after instanceof KeyFetcher)) throw wrong("options.after", "a KeyFetcher", after);
    this.#verifier = verifier;
    this.#network = { fetch, allowLoopback };
    this.#stores = new KeyStores(stores);
    this.#documents = after === undefined ? new Map() : after.#documents;
    this.#onKeys = onKeys;
    this.#onFailure = onFailure;
  }

  /** Sees to it that keys are fetched that are due, beside requests: call it with each of them. Looks once a second at most. */
  tend = (env, ctx) => {
    const now_ms = Date.now();
    // Clocks go back, too.
    if (Math.abs(now_ms - this.#looked_ms) < LOOK_MS) return;
    this.#looked_ms = now_ms;
    this.#begin(env, ctx);
  };

  /**
   * Begins all fetches that are due, and waits for that of an issuer's keys, or for all where none is named; answers whether there was one,
   * so that there may be news. It may be handed over by itself: `verifier.handle(request, context, keys.wait)`.
   */
  wait = async (issuer, env, ctx) => {
    if (issuer !== undefined && typeof issuer !== "string") throw wrong("issuer", "a string", issuer);
    // Who waits for one issuer's keys isn't held by another one's, nor kept from waiting by those who wait for that.
    const isAwaited = ([name]) => issuer === undefined || name === issuer;
    const looked = this.#begin(env, ctx).filter(isAwaited);
    if (looked.length > 0) {
      await Promise.all(looked.map(([, ends]) => ends));
      return true;
    }
    const fetches = this.#fetches(isAwaited);
    if (fetches.length === 0 || fetches.some(({ waiting }) => waiting >= WAITING_MAX)) return false;
    for (const fetch of fetches) fetch.waiting += 1;
    try {
      await (ctx === undefined ? Promise.all(fetches.map(({ ends }) => ends)) : this.#poll(isAwaited));
    } finally {
      for (const fetch of fetches) fetch.waiting -= 1;
    }
    return true;
  };

  /** Lists the key sets that the verifier took last, by issuer: what `checkToken` of `gatelaw/tokens` takes. */
  keySets() {
    return Object.fromEntries(this.#sets);
  }

  /** Waits for what other requests fetch, where a request must not wait for another one's promise. */
  async #poll(isAwaited) {
    for (let waited_ms = 0; this.#fetches(isAwaited).length > 0 && waited_ms < TIME_MAX_MS; waited_ms += POLL_MS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Lists the fetches that are under way and awaited. */
  #fetches(isAwaited) {
    const now_ms = Date.now();
    const awaited = [...this.#fetching].filter(isAwaited).map(([, fetch]) => fetch);
    return awaited.filter(({ since_ms }) => Math.abs(now_ms - since_ms) < FETCH_MS_MAX);
  }

  /**
   * Gives the verifier what is in memory of all that is due, and begins to fetch the rest; answers the issuers of which there is news, or
   * will be, and when.
   */
  #begin(env, ctx) {
    const looked = [];
    for (let wanted = this.#verifier.nextFetch(); wanted !== undefined; wanted = this.#verifier.nextFetch()) {
      const left = this.#fedOrFailed(wanted);
      const ends = left === undefined ? undefined : this.#follow(left, env, ctx);
      // A request that ends takes no fetch with it.
      if (ends !== undefined) ctx?.waitUntil(ends);
      looked.push([wanted.issuer, ends]);
    }
    return looked;
  }

  /** What was good for the policy before may be of another issuer than this one's: then its fetch has failed. */
  #fedOrFailed(wanted) {
    try {
      return this.#feed(wanted);
    } catch (error) {
      this.#tellFailure(wanted, error);
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

  /** Keys are fresh from when they were fetched on, wherever they were kept since. */
  #give({ issuer, url }, { body, cacheControl, at_s }) {
    this.#given.set(`${issuer} ${url}`, at_s);
    const next = this.#verifier.fetched(issuer, body, cacheControl, at_s);
    if (next === undefined) this.#sets.set(issuer, body);
    return next;
  }

  /** Fetches a document, and what it leads to, and notes that for as long as it takes. */
  #follow(wanted, env, ctx) {
    const begun = { since_ms: Date.now(), waiting: 0 };
    this.#fetching.set(wanted.issuer, begun);
    begun.ends = this.#fetched(wanted, env, ctx).finally(() => {
      if (this.#fetching.get(wanted.issuer) === begun) this.#fetching.delete(wanted.issuer);
    });
    return begun.ends;
  }

  async #fetched(wanted, env, ctx) {
    const signal = AbortSignal.timeout(TIME_MAX_MS);
    let next = wanted;
    try {
      while (next !== undefined) next = await this.#take(next, signal, env, ctx);
      queueMicrotask(() => this.#onKeys(wanted.issuer));
    } catch (error) {
      this.#tellFailure(next, error);
    }
  }

  /** What the host's function throws is the host's: no request ends by it. */
  #tellFailure({ issuer, url }, error) {
    queueMicrotask(() => this.#onFailure(issuer, error, url));
  }

  async #take(wanted, signal, env, ctx) {
    const { issuer, url } = wanted;
    let document;
    try {
      document = await this.#document(wanted, signal, env);
    } catch (error) {
      this.#verifier.failed(issuer);
      throw error;
    }
    const next = this.#taken(wanted, document);
    if (this.#documents.size >= DOCUMENTS_MAX) this.#documents.delete(this.#documents.keys().next().value);
    this.#documents.set(url, document);
    if (document.isNew) {
      const kept = this.#stores.keep(url, document, env);
      ctx?.waitUntil(kept);
    }
    return next;
  }

  /** What gives no keys throws, has failed then, and is kept nowhere. */
  #taken(wanted, document) {
    try {
      return this.#give(wanted, document);
    } catch (error) {
      // What a store has of bad is as nothing: the endpoint may be asked at once.
      if (!document.isNew) this.#verifier.failed(wanted.issuer, 0);
      throw error;
    }
  }

  /** Gets a document that is newer than what the verifier has: from a store, or from where it is. */
  async #document(wanted, signal, env) {
    const stored = await this.#stores.find(wanted.url, this.#givenAt(wanted), env);
    if (stored !== undefined && Date.now() / 1000 - stored.at_s < STORED_S_MAX) return stored;
    try {
      return { ...(await documentOf(wanted.url, signal, this.#network)), isNew: true };
    } catch (error) {
      if (stored === undefined) throw error;
      return stored;
    }
  }
}

function checkStore(store, name) {
  for (const method of ["get", "put"]) {
    // An instance of a class is a store, too.
    if (typeof store?.[method] !== "function") throw wrong(`${name}.${method}`, "a function", store?.[method]);
  }
}
