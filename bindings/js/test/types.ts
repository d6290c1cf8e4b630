// Never run: `tsc` proves that the types say what they should.

import {
  type Counters, type Decision, Gate, GatelawError, type Handling, init, initSync, type Needs, type KeyFetch, KeyFetcher, Policy, type RequestInput, Verifier, version,
} from "gatelaw";
import { check, compile, type Diagnostic, format } from "gatelaw/compiler";
import { checkToken, type TokenCheck } from "gatelaw/tokens";

const name: string = version();
const policy: Policy = Policy.loadUnsigned(new Uint8Array([1, 2, 3]));
const digest: string = policy.digest;
const needs: Needs = policy.needs();
const line: string = policy.decideJson("{}") + policy.explainJson("{}");
initSync(new WebAssembly.Module(new Uint8Array()));
const ready: Promise<void> = init(new URL("https://gate.example/gatelaw.wasm"));

const gate = new Gate(policy, { limits: "report", facts: ["country"], ip: true });
const request: RequestInput = {
  method: "GET",
  scheme: "https",
  host: "api.example",
  target: new Uint8Array([0x2f]),
  headers: [["x-tenant", "t1"], ["x-bytes", new Uint8Array([0xe9])]],
};
const decision: Decision = gate.decide(request, { ip: "203.0.113.9", now: 1_795_000_000, facts: { country: "DE", asn: 1n } });
const status: number = gate.decide(new Request("https://api.example/")).status;
const asked: string[] = gate.explain(request).rules.flatMap(({ asked }) => asked.map(({ test }) => test));
const passes: boolean = decision.allowed && gate.allows(request, { ip: "203.0.113.9" });
const identified = gate.decide(request, { identity: { issuer: "okta", claims: { sub: "u1", groups: ["a"] } } });

const verifier = new Verifier(gate, { tokensMax: 100 });
verifier.setKeys("okta", '{"keys":[]}');
const next: KeyFetch | undefined = verifier.nextFetch() ?? verifier.fetched("okta", new Uint8Array(), "max-age=60", 1_795_000_000);
verifier.failed(next?.issuer ?? "okta");
const counters: Counters = new Verifier(gate, { after: verifier }).counters();
console.log(counters.issuers["okta"]?.clock_skew_suspected.behind.refused, counters.refused["token:size"], verifier.prometheus().length);
export const handled: Promise<Handling> = verifier.handle(request, { requestId: "abc", trace: "restart" }, () => true);
const fetcher = new KeyFetcher(verifier, { fetch: (url, init) => fetch(url, init), onFailure: (issuer, error) => console.warn(issuer, codeOf(error)) });
export const waited: Promise<Handling> = verifier.handle(request, {}, fetcher.wait);
const redis = new Map<string, Uint8Array>();
const stored = new KeyFetcher<{ KEYS: typeof redis }>(verifier, {
  stores: [{ get: (key, env) => env?.KEYS.get(key), put: (key, bytes, env) => env?.KEYS.set(key, bytes) }],
  after: undefined,
  onKeys: (issuer) => console.log(issuer),
});
stored.tend({ KEYS: redis }, { waitUntil: (promise) => void promise });
export const storedWaited: Promise<boolean> = stored.wait("okta", { KEYS: redis });
// @ts-expect-error: the stores know of `KEYS`
stored.tend({ OTHER: redis });
// @ts-expect-error: a store keeps bytes
new KeyFetcher(verifier, { stores: [{ get: () => "text", put: () => {} }] });
const explained: TokenCheck = await checkToken(new Uint8Array(), "e30.e30.e30", { keys: { okta: "{}", ...stored.keySets() }, now: 1n });
export const roles: readonly string[] = explained.caller?.roles ?? explained.claimed?.roles ?? [];
// @ts-expect-error: texts of a policy are compiled first
checkToken("allow a { }", "e30.e30.e30");
// @ts-expect-error: what is fetched is a response
new KeyFetcher(verifier, { fetch: async () => "{}" });
// @ts-expect-error: the token says who asks.
verifier.handle(request, { identity: { issuer: "okta", claims: {} } });

export function carryOut(handling: Handling): string {
  if (handling.forward) return handling.forward.target;
  return handling.answer.body + new Headers(handling.answer.headers).get("www-authenticate");
}

const artifact: Uint8Array = compile({ "policy.gate": "allow a { on GET /a  for anyone }", "lists/ips.txt": new Uint8Array() }).artifact;
const diagnostics: Diagnostic[] = check("allow a");
const formatted: string = format("policy.gate", "allow a");

// @ts-expect-error: sources are texts
compile(["allow a"]);
// @ts-expect-error: text is no bytes
Policy.loadUnsigned("GATELAW");
// @ts-expect-error: a policy is only loaded
new Policy();
// @ts-expect-error: a digest stays
policy.digest = "sha256:0";
// @ts-expect-error: the version is text
const number: number = version();
// @ts-expect-error: a request has a method
gate.decide({ scheme: "https", host: "api.example", target: "/" });
// @ts-expect-error: a misspelt member
gate.decide({ ...request, header: [] });
// @ts-expect-error: a decision stays
decision.effect = "allow";
// @ts-expect-error: claims are of an issuer
gate.decide(request, { identity: { claims: {} } });
// @ts-expect-error: what is counted is said in words
new Gate(policy, { limits: true });

export function codeOf(error: unknown): string | undefined {
  return error instanceof GatelawError ? error.code : undefined;
}
export { artifact, asked, diagnostics, digest, formatted, identified, line, name, needs, number, passes, ready, status };
