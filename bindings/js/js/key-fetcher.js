import { checkMembers, wrong } from "./internal/arguments.js";
import { documentOf, TIME_MAX_MS } from "./internal/document.js";
import { Verifier } from "./verifier.js";

const OPTIONS = new Set(["fetch", "allowLoopback", "onFailure"]);

/** Fetches the keys that a verifier wants. When, and what a document is worth, the verifier says; here is only how to get it. */
export class KeyFetcher {
  #verifier;
  #fetch;
  #allowLoopback;
  #onFailure;
  /** The fetches that are under way. */
  #begun = new Set();

  /** Fetches for one verifier. */
  constructor(verifier, options = {}) {
    if (!(verifier instanceof Verifier)) throw wrong("verifier", "a Verifier", verifier);
    checkMembers(options, OPTIONS, "options");
    // The platform's is looked up at each call: it wants to be called as a member of nothing else, and hosts replace it.
    const { fetch = (...args) => globalThis.fetch(...args), allowLoopback = false, onFailure = () => {} } = options;
    if (typeof fetch !== "function") throw wrong("options.fetch", "a function", fetch);
    if (typeof allowLoopback !== "boolean") throw wrong("options.allowLoopback", "a boolean", allowLoopback);
    if (typeof onFailure !== "function") throw wrong("options.onFailure", "a function", onFailure);
    this.#verifier = verifier;
    this.#fetch = fetch;
    this.#allowLoopback = allowLoopback;
    this.#onFailure = onFailure;
  }

  /**
   * Begins all fetches that are due, and waits for those that are under way; answers whether there were any, so that there may be news.
   * It may be handed over by itself: `verifier.handle(request, context, fetcher.wait)`.
   */
  wait = async () => {
    for (let wanted = this.#verifier.nextFetch(); wanted !== undefined; wanted = this.#verifier.nextFetch()) {
      const begun = this.#follow(wanted).finally(() => this.#begun.delete(begun));
      this.#begun.add(begun);
    }
    const ended = await Promise.all(this.#begun);
    return ended.length > 0;
  };

  /** Fetches a document, and what it leads to. */
  async #follow({ issuer, url }) {
    const signal = AbortSignal.timeout(TIME_MAX_MS);
    try {
      for (let next = url; next !== undefined; ) next = (await this.#take(issuer, next, signal))?.url;
    } catch (error) {
      // What the host's function throws is the host's: no request ends by it.
      queueMicrotask(() => this.#onFailure(issuer, error));
    }
  }

  async #take(issuer, url, signal) {
    let document;
    try {
      document = await documentOf(url, { fetch: this.#fetch, allowLoopback: this.#allowLoopback, signal });
    } catch (error) {
      this.#verifier.failed(issuer);
      throw error;
    }
    // What gives no keys throws, and has failed already.
    return this.#verifier.fetched(issuer, document.body, document.cacheControl);
  }
}
