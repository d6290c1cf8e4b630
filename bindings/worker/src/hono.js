// The gate as a middleware of Hono.

import { unavailable } from "gatelaw";

export function honoMiddleware(gate) {
  return async (c, next) => {
    const handled = await gate.handle(c.req.raw, c.env, executionCtx(c));
    if (handled.response !== undefined) return handled.response;
    const { decision, requestId, trace, request } = handled;
    // Hono chose its routes before: by another path than the one that was judged, nothing runs.
    if (routed(request.url) !== routed(c.req.raw.url)) {
      return gate.refused({ ...unavailable("routed", requestId), trace }, request, requestId).response;
    }
    c.req.raw = request;
    c.set("gatelaw", { decision, requestId, trace });
    await next();
    c.header("x-request-id", requestId);
  };
}

/** Hono throws where there is none, as in `app.request`. */
function executionCtx(c) {
  try {
    return c.executionCtx;
  } catch {
    return { waitUntil: () => {} };
  }
}

/** What Hono's router can tell apart in a URL: its path, decoded but for what would change its segments. */
function routed(url) {
  const [, path] = /^https?:\/\/[^/?#]*([^?#]*)/.exec(url);
  try {
    return decodeURI(path.replaceAll("%25", "%2525"));
  } catch {
    return path;
  }
}
