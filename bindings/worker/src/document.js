// Fetches one small document. Who serves it may be hostile: it is bounded in bytes and in time, and nothing is followed.

/** For all of it: name, handshake, answer. */
const TIME_MAX_MS = 5000;
const BYTES_MAX = 256 * 1024;

/** Answers the document with what it says of its freshness; throws where there is none. */
export async function fetchDocument(url) {
  if (!mayBeAsked(url)) throw new Error("is not https");
  const response = await fetch(url, {
    redirect: "manual",
    headers: { accept: "application/json", "user-agent": "gatelaw" },
    signal: AbortSignal.timeout(TIME_MAX_MS),
  }).catch((error) => { throw given(error); });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const body = await bytesOf(response).catch((error) => { throw given(error); });
  return { body, cacheControl: response.headers.get("cache-control") ?? "", at_s: Math.floor(Date.now() / 1000) };
}

/** Plain text over a network can be anybody's. */
function mayBeAsked(url) {
  return /^https:\/\//.test(url) || /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/.test(url);
}

async function bytesOf(response) {
  const parts = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > BYTES_MAX) throw new Error(`more than ${BYTES_MAX} bytes`);
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function given(error) {
  return error?.name === "TimeoutError" ? new Error(`no answer within ${TIME_MAX_MS / 1000} s`) : error;
}
