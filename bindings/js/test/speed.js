// Shows what a decision costs: `node test/speed.js [RULES…]` beside a matcher written by hand, by default for 10, 100 and 1,000
// rules; `node test/speed.js ARTIFACT REQUESTS` on a policy and lines of requests of your own, or of the benches: then with WORKLOAD
// behind them, which is what a matcher in hand.js needs to know.
//
// In the first form the policy has a route for each rule, for one role of it, for the caller's own tenant. The matcher does the same with a Map by
// path and Sets of roles; it reads no request that isn't canonical, refuses nothing, and gives no reasons. Answers are compared.

import { readFileSync } from "node:fs";
import { Gate, Policy } from "gatelaw";
import { compile } from "gatelaw/compiler";
import { matcherOf as benchMatcherOf } from "./hand.js";
import { requestOfLine } from "./lines.js";

const SIZES = [10, 100, 1000];
const ROLES = 8;
const ROUND_MS = 100;
const ROUNDS = Number(process.env.GATELAW_ROUNDS ?? 15);

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

/** Finds the least nanoseconds of each call, all taking turns, so that a noisy machine hits all alike. */
function measure(calls) {
  const least = new Map(calls.map(([what]) => [what, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [what, call, inputs] of calls) least.set(what, Math.min(least.get(what), nanoseconds(call, inputs)));
  }
  return least;
}

function nanoseconds(call, inputs) {
  const start = process.hrtime.bigint();
  let calls = 0;
  let took = 0;
  do {
    for (const input of inputs) call(input);
    calls += inputs.length;
    took = Number(process.hrtime.bigint() - start);
  } while (took < ROUND_MS * 1_000_000);
  return took / calls;
}

/** Makes something of each identity, once for all requests that are of the same one. */
function onceEach(make) {
  const made = new Map();
  return (identity) => {
    const text = JSON.stringify(identity);
    if (!made.has(text)) made.set(text, make(identity));
    return made.get(text);
  };
}

/** Lists the ways to ask a policy. */
function doors(policy, lines) {
  const gate = new Gate(policy, { limits: "report" });
  const requests = lines.map(requestOfLine);
  // As a server has them: the request's own members, and the caller of a token that it has seen, who asks again and again.
  const caller = onceEach((identity) => policy.identity(identity));
  const known = requests.map(({ identity, ...request }) => [request, { identity: identity && caller(identity) }]);
  return [
    ["gate.decide", (request) => gate.decide(request), requests],
    ["gate.decide, caller mapped before", ([request, context]) => gate.decide(request, context), known],
    ["gate.allows, caller mapped before", ([request, context]) => gate.allows(request, context), known],
    ["gate.handle", (request) => gate.handle(request, { requestId: "abc" }), requests],
    ["policy.decideJson", (line) => policy.decideJson(line), lines],
    ["a native call without work", () => policy.decideJson(""), lines],
  ];
}

function report(title, least) {
  const [[, first]] = least;
  console.log(`${title.padEnd(34)}${"ns a request".padStart(14)}${"ratio".padStart(9)}`);
  for (const [what, ns] of least) {
    console.log(`  ${what.padEnd(32)}${Math.round(ns).toLocaleString("en").padStart(14)}${(ns / first).toFixed(2).padStart(9)}`);
  }
}

function beside(rules) {
  const policy = Policy.loadUnsigned(compile(policyOf(rules)).artifact);
  const gate = new Gate(policy);
  const matches = matcherOf(rules);
  const requests = requestsOf(rules);
  for (const request of requests) {
    if (gate.decide(request).allowed !== matches(request)) throw new Error(`they differ: ${JSON.stringify(request)}`);
  }
  const by_hand = ["a Map and Sets by hand", matches, requests];
  report(`${rules.toLocaleString("en")} rules`, measure([by_hand, ...doors(policy, requests.map((request) => JSON.stringify(request)))]));
}

/** Lists the ways to ask the matcher written by hand, once its statuses are those that are expected. */
function handDoors(workload, lines) {
  const { prepare, decide } = benchMatcherOf(workload);
  const requests = lines.map((line) => JSON.parse(line));
  const caller = onceEach(({ claims }) => prepare(claims));
  const prepared = requests.map((request) => ({ request, caller: request.identity && caller(request.identity) }));
  const wrong = prepared.findIndex(({ request, caller }, i) => decide(request, caller) !== workload.expected[i]);
  if (wrong >= 0) throw new Error(`the matcher written by hand decides otherwise: ${lines[wrong]}`);
  return [
    ["by hand, values", (request) => decide(request, request.identity && prepare(request.identity.claims)), requests],
    ["by hand, prepared", ({ request, caller }) => decide(request, caller), prepared],
  ];
}

const [first, second, third] = process.argv.slice(2);
if (second !== undefined && Number.isNaN(Number(first))) {
  const policy = Policy.loadUnsigned(readFileSync(first));
  const lines = readFileSync(second, "utf8").split("\n").filter((line) => line !== "");
  const asked = doors(policy, lines.filter((line) => !policy.decideJson(line).startsWith('{"v":1,"error"')));
  const by_hand = third === undefined ? [] : handDoors(JSON.parse(readFileSync(third, "utf8")), lines);
  report(first, measure([...asked, ...by_hand]));
} else {
  (first === undefined ? SIZES : process.argv.slice(2).map(Number)).forEach(beside);
}
