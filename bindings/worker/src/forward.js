// What leaves the gate: the request that goes on, or the answer to the client.

const HEADER = "x-request-id";

/** Makes the request that goes on. Its body is that of the request, passed on unread. */
export function onwardOf(request, origin, { target, drop, set }) {
  const judged = origin + target;
  const onward = new Request(judged, request);
  const { url, headers } = onward;
  // What was judged is what goes on: were the platform to write it in another way, nothing goes on.
  if (url !== judged && url !== written(origin) + target) throw new Error("the platform writes what was judged in another way");
  for (const name of drop) headers.delete(name);
  for (const [name, value] of set) headers.set(name, value);
  return onward;
}

/** Writes an origin as URLs do: in lower case, without the port that goes without saying. */
function written(origin) {
  const lower = origin.toLowerCase();
  return lower.replace(lower.startsWith("https:") ? /:443$/ : /:80$/, "");
}

/** Makes a response of the gate's own answer. */
export function responseOf({ status, headers, body }, method) {
  return new Response(method === "HEAD" ? null : body, { status, headers: headers.map(([name, value]) => [name, value]) });
}

/** Puts the correlation id on what the upstream answered. A response that switches protocols has no headers to add to. */
export function marked(response, requestId) {
  if (response.status === 101) return response;
  const answer = new Response(response.body, response);
  answer.headers.set(HEADER, requestId);
  return answer;
}

/** Makes the answer to a request whose upstream didn't answer. */
export function unreachable(requestId, method) {
  const problem = {
    type: "about:blank", title: "Bad Gateway", status: 502, detail: "the upstream can't be reached",
    reason: "gate:upstream", request_id: requestId,
  };
  const headers = [["cache-control", "no-store"], ["content-type", "application/problem+json"], [HEADER, requestId]];
  return responseOf({ status: 502, headers, body: JSON.stringify(problem) }, method);
}
