// Where good documents of keys are kept beyond one isolate.

/** Longer than any set of keys is fresh: the last good one is kept when its endpoint fails. */
const KEPT_S = 7 * 24 * 60 * 60;
/** Names documents in the cache: a host that nobody can have (RFC 6761 §6.4). */
const CACHE_URL = "https://keys.gatelaw.invalid/";
const KV_PREFIX = "keys:";

/** The cache of the data centre. */
export class CacheStore {
  async get(url) {
    return (await caches.default.match(cacheKey(url)))?.arrayBuffer();
  }

  put(url, bytes) {
    const headers = { "cache-control": `max-age=${KEPT_S}`, "content-type": "application/octet-stream" };
    return caches.default.put(cacheKey(url), new Response(bytes, { headers }));
  }
}

/** A namespace of KV; one that isn't bound holds nothing. */
export class KvStore {
  #binding;

  constructor(binding) {
    this.#binding = binding;
  }

  get(url, env) {
    return env[this.#binding]?.get(KV_PREFIX + url, "arrayBuffer");
  }

  put(url, bytes, env) {
    return env[this.#binding]?.put(KV_PREFIX + url, bytes, { expirationTtl: KEPT_S });
  }
}

function cacheKey(url) {
  return new Request(CACHE_URL + encodeURIComponent(url));
}
