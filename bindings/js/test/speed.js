// Shows what a decision costs beside a matcher written by hand: `node test/speed.js [RULES…]`, by default 10, 100 and 1,000.
//
// The policy has a route for each rule, for one role of it, for the caller's own tenant. The matcher does the same with a Map by
// path and Sets of roles; it reads no request that isn't canonical, refuses nothing, and gives no reasons. Answers are compared.

import { Gate, Policy } from "gatelaw";
import { compile } from "gatelaw/compiler";

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000];
const ROLES = 8;
const ROUND_MS = 200;
const ROUNDS = 7;

function policyOf(rules) {
  const roles = Array.from({ length: ROLES }, (_, i) => `role r${i}`);
  const grants = Array.from({ length: ROLES }, (_, i) => `"g${i}" -> r${i}`);
  const allows = Array.from({ length: rules }, (_, i) => `
allow rule-${i} {
  on GET|HEAD /service-${i}/items/{id}
  for r${i % ROLES}
  when request.header("x-tenant").only? == user.tenant
}`);
  return `issuer idp {
  url "https://idp.example"  audience "api"  algorithms RS256
  roles claim groups { ${grants.join(", ")} }
  attribute tenant: string = claim tenant
}
${roles.join("\n")}
allow health { on GET /healthz  for anyone }
${allows.join("")}
`;
}

/** The same, as somebody would write it for one program. */
function matcherOf(rules) {
  const routes = new Map(Array.from({ length: rules }, (_, i) => [`service-${i}`, new Set([`g${i % ROLES}`])]));
  return ({ method, target, headers, identity }) => {
    if (target === "/healthz") return method === "GET";
    if (method !== "GET" && method !== "HEAD") return false;
    const [, service, items, id, more] = target.split("?", 1)[0].split("/");
    const groups = routes.get(service);
    if (groups === undefined || items !== "items" || !id || more !== undefined) return false;
    const claims = identity?.claims;
    const tenants = headers.filter(([name]) => name.toLowerCase() === "x-tenant");
    return claims !== undefined && tenants.length === 1 && tenants[0][1] === claims.tenant && claims.groups.some((g) => groups.has(g));
  };
}

function requestsOf(rules) {
  return Array.from({ length: 512 }, (_, n) => {
    const i = (n * 7919) % rules;
    const headers = [
      ["accept", "application/json"], ["accept-encoding", "gzip, br"], ["user-agent", "Mozilla/5.0 (X11; Linux x86_64)"],
      ["x-tenant", n % 5 === 0 ? "t2" : "t1"], ["x-forwarded-proto", "https"], ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ];
    const claims = { sub: `user-${n}`, tenant: "t1", groups: [`g${n % 3 === 0 ? (i + 1) % ROLES : i % ROLES}`], iat: 1_795_000_000 };
    const request = { method: n % 7 === 0 ? "POST" : "GET", scheme: "https", host: "api.example", target: `/service-${i}/items/${n}?page=2`, headers, now: 1_795_000_060 };
    return n % 4 === 0 ? { ...request, target: "/healthz" } : { ...request, identity: { issuer: "idp", claims } };
  });
}

/** Measures the best of some rounds, in nanoseconds a call. */
function measure(call, inputs) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    let calls = 0;
    do {
      for (const input of inputs) call(input);
      calls += inputs.length;
    } while (process.hrtime.bigint() - start < ROUND_MS * 1_000_000);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / calls);
  }
  return best;
}

function compare(rules) {
  const gate = new Gate(Policy.loadUnsigned(compile(policyOf(rules)).artifact));
  const matches = matcherOf(rules);
  const requests = requestsOf(rules);
  for (const request of requests) {
    if ((gate.decide(request).effect === "allow") !== matches(request)) throw new Error(`they differ: ${JSON.stringify(request)}`);
  }
  const lines = requests.map((request) => JSON.stringify(request));
  const anonymous = requests.map(({ identity, ...request }) => request);
  const by_hand = measure(matches, requests);
  return [
    ["a Map and Sets by hand", by_hand],
    ["gate.decide, nobody signed in", measure((request) => gate.decide(request), anonymous)],
    ["gate.decide", measure((request) => gate.decide(request), requests)],
    ["gate.handle", measure((request) => gate.handle(request, { requestId: "abc" }), requests)],
    ["policy.decideJson", measure((line) => gate.policy.decideJson(line), lines)],
  ].map(([what, ns]) => [what, ns, ns / by_hand]);
}

console.log(`${"rules".padStart(6)}  ${"what".padEnd(32)}${"ns".padStart(8)}${"by hand ×".padStart(12)}`);
for (const rules of sizes) {
  for (const [what, ns, ratio] of compare(rules)) {
    console.log(`${String(rules).padStart(6)}  ${what.padEnd(32)}${ns.toFixed(0).padStart(8)}${ratio.toFixed(1).padStart(12)}`);
  }
}
