// Never run: tsc checks that the types say what users write.

import { createGate, type GateVariables, type Handled, type LogRecord } from "gatelaw-worker";
import { Hono } from "hono";

interface Env {
  POLICIES: KVNamespace;
  ORIGIN: Fetcher;
  UPSTREAM: string;
}

const gate = createGate<Env>({
  policy: { binding: "POLICIES", key: "policy", check_s: 30 },
  upstream: { binding: "ORIGIN" },
  address: "cf-connecting-ip",
  facts: ["country", "asn"],
  limits: "report",
  trace: "continue",
  identify: async (request, env, ctx) => {
    ctx.waitUntil(env.POLICIES.get("seen"));
    const token = request.headers.get("authorization");
    if (token === null) return null;
    return token === "Bearer x" ? { issuer: "okta", claims: { sub: "u1" } } : { invalid: "expired" };
  },
  tokens_max: 1000,
  counters_s: 60,
  log: (record: LogRecord) => {
    if (record.event === "decision") console.log(record.request_id, record.trace?.caller, record.rule?.length);
    if (record.event === "counters") console.log(record.refused?.["token:size"], record.issuers?.okta?.clock_skew_suspected?.behind?.refused);
    // @ts-expect-error: only decisions have a rule.
    console.log(record.rule);
  },
  decided: (decision, request, requestId) => console.log(decision.effect, request.url, requestId.length),
});

console.log(gate.counters()?.issuers.okta?.key_fetches.failed.fetch, gate.prometheus().length);
gate satisfies ExportedHandler<Env>;
gate.around({ fetch: (request, env, ctx) => new Response(`${gate.handledOf(request)?.decision.rule} ${env.UPSTREAM} ${ctx.passThroughOnException}`) }) satisfies ExportedHandler<Env>;
gate.around(async () => new Response("ok")) satisfies ExportedHandler<Env>;

createGate<Env>((env) => ({ policy: new Uint8Array(), upstream: env.UPSTREAM })) satisfies ExportedHandler<Env>;
createGate({ policy: { binding: "POLICIES" } });
createGate({ policy: { binding: "POLICIES" }, keys: { cache: false, binding: "KEYS", sets: { okta: { keys: [] }, auth0: '{"keys":[]}' } } });

const app = new Hono<{ Bindings: Env; Variables: GateVariables }>();
app.use(gate.hono());
app.get("/", (c) => c.text(c.get("gatelaw").requestId));

export async function judge(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const handled: Handled = await gate.handle(request, env, ctx);
  return handled.response ?? fetch(handled.request);
}

// @ts-expect-error: a policy is needed.
createGate({});
// @ts-expect-error: a misspelt option.
createGate({ policy: { binding: "POLICIES" }, upsteam: "https://o.example" });
// @ts-expect-error: no such fact.
createGate({ policy: { binding: "POLICIES" }, facts: ["colour"] });
// @ts-expect-error: one of two words.
createGate({ policy: { binding: "POLICIES" }, limits: "count" });
// @ts-expect-error: a set is a document.
createGate({ policy: { binding: "POLICIES" }, keys: { sets: { okta: 7 } } });
// @ts-expect-error: one of three words.
createGate({ policy: { binding: "POLICIES" }, trace: "anew" });
// @ts-expect-error: a hook answers an identity.
createGate({ policy: { binding: "POLICIES" }, identify: () => "root" });
