// Fetches one small document. Who serves it may be slow, large or hostile: it is bounded in bytes and in time, and no redirect is followed.

import { GatelawError } from "../error.js";

/** For all documents of one fetch: a request may be waiting for it. */
export const TIME_MAX_MS = 5000;
/** Far more than any key set has. */
const BYTES_MAX = 256 * 1024;

/**
 * Answers a document with what it says of its freshness. Throws a `GatelawError` with a code `fetch:…`, those of docs/tokens.md, whose
 * message doesn't name the URL: a query of it may be a secret.
 */
export async function documentOf(url, { fetch, allowLoopback, signal }) {
  // The policy's check and the module take no URL of `http` but of this machine.
  if (!url.startsWith("https://") && !allowLoopback) {
    throw fault("insecure", "keys are fetched by https only; http is for this machine, where it is allowed");
  }
  try {
    return await within(signal, read(fetch, url, signal));
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

/** Waits for what may take no notice of a signal, until the signal says so. */
function within(signal, promise) {
  const aborted = new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([promise, aborted]);
}

function fault(code, message, cause) {
  return new GatelawError(`fetch:${code}`, message, { cause });
}
