// Where good documents of keys are kept beyond one isolate: the cache of the data centre, then KV. Neither has to be there, and what goes
// wrong with one is as if it held nothing: then the endpoint is asked.

/** Longer than any set of keys is fresh: the last good one is kept when its endpoint fails. */
const KEPT_S = 7 * 24 * 60 * 60;
/** Names documents in the cache: a host that nobody can have (RFC 6761 §6.4). */
const CACHE_URL = "https://keys.gatelaw.invalid/";
const KV_PREFIX = "keys:";

export class KeyStores {
  #cache;
  #binding;

  /** `cache`: whether the Cache API is used; `binding`: the name of a KV namespace. */
  constructor({ cache, binding }) {
    this.#cache = cache;
    this.#binding = binding;
  }

  /** Finds a document that was fetched later than `since_s`. */
  async find(url, since_s, env) {
    for (const look of [() => this.#inCache(url), () => this.#inKv(url, env)]) {
      const document = read(await look().catch(() => undefined));
      if (document !== undefined && document.at_s > since_s && document.at_s <= Date.now() / 1000) return document;
    }
    return undefined;
  }

  /** Keeps a document that was good. */
  async keep(url, document, env) {
    const text = written(document);
    await Promise.allSettled([this.#toCache(url, text), this.#toKv(url, text, env)]);
  }

  async #inCache(url) {
    if (!this.#cache) return undefined;
    return (await caches.default.match(cacheKey(url)))?.arrayBuffer();
  }

  async #toCache(url, text) {
    if (!this.#cache) return;
    const headers = { "cache-control": `max-age=${KEPT_S}`, "content-type": "application/octet-stream" };
    await caches.default.put(cacheKey(url), new Response(text, { headers }));
  }

  async #inKv(url, env) {
    return this.#kv(env)?.get(KV_PREFIX + url, "arrayBuffer");
  }

  async #toKv(url, text, env) {
    await this.#kv(env)?.put(KV_PREFIX + url, text, { expirationTtl: KEPT_S });
  }

  #kv(env) {
    return this.#binding === undefined ? undefined : env[this.#binding];
  }
}

function cacheKey(url) {
  return new Request(CACHE_URL + encodeURIComponent(url));
}

/** One line with when it was fetched and what was said of its freshness, then the document. */
function written({ at_s, cacheControl, body }) {
  const head = new TextEncoder().encode(`${at_s} ${cacheControl}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

function read(buffer) {
  if (!buffer) return undefined;
  const bytes = new Uint8Array(buffer);
  const end = bytes.indexOf(0x0a);
  const [, at, cacheControl] = /^(\d{1,12}) (.*)$/.exec(new TextDecoder().decode(bytes.subarray(0, end))) ?? [];
  if (end < 0 || at === undefined) return undefined;
  return { at_s: Number(at), cacheControl, body: bytes.slice(end + 1) };
}
