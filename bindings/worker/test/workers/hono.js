// An app made with Hono, behind the gate.

import { createGate } from "gatelaw-worker";
import { Hono } from "hono";

const gate = createGate({ policy: { binding: "POLICIES" } });
const app = new Hono();

app.use(gate.hono());
app.get("/v1/items/:name", (c) => {
  const { decision, requestId } = c.get("gatelaw");
  return c.json({ name: c.req.param("name"), url: c.req.url, tenant: c.req.header("x-tenant") ?? null, rule: decision.rule, requestId });
});
app.post("/v1/items/:name", async (c) => c.text(await c.req.text()));
app.get("*", (c) => c.text("elsewhere"));

export default app;
