// The keys of issuers: fetched beside requests, kept in memory, in the cache of the data centre and in KV, last good ones for as long as
// no better ones are had.

import { KeyFetcher } from "gatelaw";
import { CacheStore, KvStore } from "./stores.js";

/** Makes what fetches keys for a verifier; `after` did so for the policy before. */
export function keysFor(verifier, { cache, binding }, after, log) {
  return new KeyFetcher(verifier, {
    fetch: fetchAsGatelaw,
    // The policy says whether an issuer is on this machine, for development.
    allowLoopback: true,
    stores: [...(cache ? [new CacheStore()] : []), ...(binding === undefined ? [] : [new KvStore(binding)])],
    after,
    onKeys: (issuer) => log.keys(issuer),
    onFailure: (issuer, error, url) => log.noKeys(issuer, url, error),
  });
}

/** Workers name no user agent by themselves, and some endpoints refuse who names none. */
function fetchAsGatelaw(url, init) {
  return fetch(url, { ...init, headers: { ...init.headers, "user-agent": "gatelaw" } });
}
