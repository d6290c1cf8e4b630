// Fetches one small document. Who serves it may be slow, large or hostile: it is bounded in bytes and in time, and no redirect is followed.

import { GatelawError } from "../error.js";
import { within } from "./within.js";

/** For all documents of one fetch: a request may be waiting for it. */
export const TIME_MAX_MS = 5000;
/** Far more than any key set has. */
export const BYTES_MAX = 256 * 1024;

const LOOPBACK = /^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?([/?]|$)/;

/**
 * Answers a document, what it says of its freshness, and when it was had. Throws a `GatelawError` with a code `fetch:…`, those of
 * docs/tokens.md, whose message doesn't name the URL: a query of it may be a secret.
 */
export async function documentOf(url, signal, { fetch, allowLoopback }) {
  if (!url.startsWith("https://") && !(allowLoopback && LOOPBACK.test(url))) {
    throw fault("insecure", "keys are fetched by https only; http is for this machine, where it is allowed");
  }
  try {
    const { body, cacheControl } = await within(signal, read(fetch, url, signal));
    return { body, cacheControl, at_s: Math.floor(Date.now() / 1000) };
  } catch (error) {
    if (error instanceof GatelawError) throw error;
    if (signal.aborted) throw fault("slow", `the endpoint took too long: all of a fetch has ${TIME_MAX_MS} ms at most`);
    throw fault("unreachable", "the endpoint can't be reached, or broke off", error);
  }
}

async function read(fetch, url, signal) {
  const response = await fetch(url, { redirect: "manual", headers: { accept: "application/json" }, signal });
  const { status } = response;
  if (status !== 200) {
    // Nobody waits for what isn't read.
    response.body?.cancel().catch(() => {});
    const isRedirect = response.type === "opaqueredirect" || (status >= 300 && status < 400);
    throw isRedirect ? fault("redirect", "the endpoint answered with a redirect, which isn't followed") : fault("status", `the endpoint answered ${status}`);
  }
  return { body: await bytesOf(response.body), cacheControl: response.headers.get("cache-control") ?? "" };
}

async function bytesOf(body) {
  const parts = [];
  let length = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > BYTES_MAX) {
      reader.cancel().catch(() => {});
      throw fault("size", `the answer is longer than ${BYTES_MAX} bytes`);
    }
    parts.push(part.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function fault(code, message, cause) {
  return new GatelawError(`fetch:${code}`, message, { cause });
}
