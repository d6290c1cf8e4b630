// Two gates that verify tokens, with memories of their own as two isolates have them, and a clock that the tests move.
// `test-gate` of a request says which of them it is for; `/test-metrics` answers what that one counted.

import { movesClock } from "./clock.js";
import "./trapping.js";
import { createGate } from "gatelaw-worker";

const gates = [gate(), gate()];

function gate() {
  return createGate((env) => ({
    policy: { binding: "POLICIES", check_s: 0.05 },
    upstream: { binding: "ORIGIN" },
    keys: env.OPTIONS,
    counters_s: env.COUNTERS_S,
    limits: "report",
    decided: env.TELL ? (decision, _, requestId) => console.log(JSON.stringify({ told: requestId, decision })) : undefined,
  }));
}

export default {
  fetch(request, env, ctx) {
    globalThis.traps = request.headers.has("test-trap");
    const gate = gates[Number(request.headers.get("test-gate") ?? 0)];
    if (request.url.endsWith("/test-metrics")) return new Response(gate.prometheus());
    return movesClock(request) ?? gate.fetch(request, env, ctx);
  },
};
