// Keeps good documents of keys where the host says. What goes wrong with a store is as if it held nothing: then the endpoint is asked.

import { BYTES_MAX } from "./document.js";
import { isA, isBytes } from "./arguments.js";
import { within } from "./within.js";

/** A store that is slower than that is passed over, for this time: the endpoint has to have its time, too. */
const TIME_MAX_MS = 1000;
/** More than the first line of what is kept has. */
const HEAD_BYTES_MAX = 4096;

export class KeyStores {
  #stores;

  constructor(stores) {
    this.#stores = stores;
  }

  /** Finds a document that was fetched later than `since_s`: the first that a store has. */
  async find(url, since_s, env) {
    for (const store of this.#stores) {
      const document = await found(store, url, env).catch(() => undefined);
      if (document !== undefined && document.at_s > since_s && document.at_s <= Date.now() / 1000) return document;
    }
    return undefined;
  }

  /** Keeps a document that was good, in all stores. */
  async keep(url, document, env) {
    const bytes = written(document);
    // Each has bytes of its own: one that changes or transfers them takes nothing from the next.
    await Promise.allSettled(this.#stores.map(async (store) => store.put(url, bytes.slice(), env)));
  }
}

async function found(store, url, env) {
  return read(await within(AbortSignal.timeout(TIME_MAX_MS), store.get(url, env)));
}

/** One line with when it was fetched and what was said of its freshness, then the document. */
function written({ at_s, cacheControl, body }) {
  const head = new TextEncoder().encode(`${at_s} ${cacheControl}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

function read(value) {
  const isKept = isBytes(value) || isA("ArrayBuffer", value);
  if (!isKept || value.byteLength > BYTES_MAX + HEAD_BYTES_MAX) return undefined;
  const bytes = new Uint8Array(value);
  const end = bytes.subarray(0, HEAD_BYTES_MAX).indexOf(0x0a);
  const [, at, cacheControl] = /^(\d{1,12}) (.*)$/.exec(new TextDecoder().decode(bytes.subarray(0, Math.max(end, 0)))) ?? [];
  if (at === undefined) return undefined;
  return { at_s: Number(at), cacheControl, body: bytes.slice(end + 1) };
}
