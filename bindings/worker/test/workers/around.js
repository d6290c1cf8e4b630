// A handler behind the gate: it answers with what it was handed.

import { createGate } from "gatelaw-worker";

const gate = createGate({ policy: { binding: "POLICIES" } });

export default gate.around({
  async fetch(request, env, ctx) {
    const { decision, requestId } = gate.handledOf(request);
    return Response.json({
      url: request.url,
      headers: [...request.headers],
      body: await request.text(),
      country: request.cf?.country ?? null,
      waits: typeof ctx.waitUntil,
      kv: typeof env.POLICIES,
      rule: decision.rule,
      requestId,
    });
  },
});
