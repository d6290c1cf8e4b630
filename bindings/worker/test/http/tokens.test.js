// The same tokens at both gates, by keys that each fetched itself: what the client, the log and the upstream get is equal.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { artifactOf } from "../policies.js";
import { startUpstream } from "../upstream.js";
import { workerGate } from "./gates.js";
import { headersOf } from "./headers.js";

const plugin = (file) => import(pathToFileURL(join(process.env.GATELAW_REPOSITORY, "bindings/kong/tests/plugin", file)));
const [{ kongGate }, { fetchFrom }, { ASYMMETRIC, Key, signShared, startProvider }] =
  await Promise.all(["gate.js", "client.js", "provider.js"].map(plugin));

const policyOf = ({ url }) => artifactOf(`
issuer own {
  url        "${url}"
  audience   "api"
  algorithms ${ASYMMETRIC.join(", ")}
  roles      claim groups as named { staff }
  scopes     claim scope as words
  attribute  tenant: string = claim org
  token      header "x-own"
  token      cookie "session"
}
role staff
allow items { on GET /items/**  for authenticated }
allow staff { on GET /staff  for staff }
allow scoped { on GET /scoped  for authenticated  when user.scopes contains "items:read" }
allow open { on GET /open  for anyone }
deny unscoped { on /scoped  for authenticated  when not user.scopes contains "items:read"  challenge scope "items:read" }
deny weak { on /items/strong  for authenticated  when not has user.auth_age or user.auth_age > 15m  challenge max_age 15m }
forward who {
  for authenticated
  set "x-user"   = user.id
  set "x-roles"  = user.roles
}
forward bare { on /items/bare  remove "authorization" }
audit loud { on /**  level full }
audit callers { for authenticated  keep user.id }
`);

const es256 = new Key("ES256");
const keys = ASYMMETRIC.map((alg) => (alg === "ES256" ? es256 : new Key(alg)));
const upstream = await startUpstream();
const gates = [];
let provider;
let claims;

before(async () => {
  provider = await startProvider(keys);
  claims = provider.claims({ org: "t1" });
  const policy = policyOf(provider);
  gates.push(await workerGate(upstream.port, policy, { KEYS: 'json = "{\\"cache\\":false}"' }), await kongGate(upstream.port, policy));
});
after(async () => {
  for (const gate of gates) await gate.stop();
  await provider.stop();
  await upstream.stop();
});

const tampered = (token) => token.replace(/\.([^.])([^.]*)$/, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`);
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const sign = (more, header) => es256.sign({ ...claims, ...more }, header);

/** Each a name, what is expected, a path, and what makes the headers of a request. */
const ROWS = [
  ...keys.map((key) => [key.alg, "200 rule", "/items/a", () => bearer(key.sign(claims))]),
  ["no token", "401 unauthenticated", "/items/a", () => ({})],
  ["no token, in public", "200 rule", "/open", () => ({})],
  ["another scheme", "401 unauthenticated", "/items/a", () => ({ authorization: "Basic eDp5" })],
  ["a role", "200 rule", "/staff", () => bearer(sign({ groups: ["staff"] }))],
  ["no such role", "403 no_rule", "/staff", () => bearer(sign({ groups: ["boss"] }))],
  ["a scope", "200 rule", "/scoped", () => bearer(sign({ scope: "items:write items:read" }))],
  ["no such scope", "403 insufficient_scope", "/scoped", () => bearer(sign({ scope: "items:write" }))],
  ["signed in long ago", "401 insufficient_user_authentication", "/items/strong", () => bearer(sign({ auth_time: claims.iat - 3600 }))],
  ["signed in just now", "200 rule", "/items/strong", () => bearer(sign({ auth_time: claims.iat }))],
  ["a token that goes no further", "200 rule", "/items/bare", () => bearer(sign({}))],
  ["in a header", "200 rule", "/items/a", () => ({ "x-own": sign({}) })],
  ["in a cookie", "200 rule", "/items/a", () => ({ cookie: `a=1; session=${sign({})}` })],
  ["two at once", "400 refused:two-tokens", "/items/a", () => ({ "x-own": sign({}), ...bearer(sign({})) })],
  ["a name beyond ASCII", "200 rule", "/items/a", () => bearer(sign({ sub: "üser" }))],
  ["too long", "401 token:size", "/items/a", () => bearer(sign({ long: "a".repeat(17_000) }))],
  ["two parts", "401 token:format", "/items/a", () => bearer("e30.e30")],
  ["a kid that is none", "401 token:header", "/items/a", () => bearer(sign({}, { kid: 7 }))],
  ["crit", "401 token:crit", "/items/a", () => bearer(sign({}, { crit: ["x"], x: 1 }))],
  ["alg none", "401 token:alg", "/items/a", () => bearer(sign({}, { alg: "none" }))],
  ["the public key as a secret", "401 token:alg", "/items/a", () => bearer(signShared(JSON.stringify(es256.jwk), claims, { kid: "ES256" }))],
  ["a list of claims", "401 token:payload", "/items/a", () => bearer(es256.sign("[]"))],
  ["another issuer", "401 token:issuer", "/items/a", () => bearer(sign({ iss: "https://other.example" }))],
  ["another type", "401 token:type", "/items/a", () => bearer(sign({}, { typ: "logout+jwt" }))],
  ["another audience", "401 token:audience", "/items/a", () => bearer(sign({ aud: ["other"] }))],
  ["no times", "401 token:times", "/items/a", () => bearer(sign({ exp: undefined }))],
  ["expired, in public", "401 token:expired", "/open", () => bearer(sign({ iat: 1, exp: 2 }))],
  ["not yet valid", "401 token:not_yet_valid", "/items/a", () => bearer(sign({ nbf: claims.exp - 1 }))],
  ["valid for too long", "401 token:lifetime", "/items/a", () => bearer(sign({ exp: claims.iat + 200_000 }))],
  ["bound to a certificate", "401 token:claims", "/items/a", () => bearer(sign({ cnf: { "x5t#S256": "AA" } }))],
  ["a claim of a wrong type", "401 token:claims", "/items/a", () => bearer(sign({ org: 7 }))],
  ["an unknown key", "401 token:key", "/items/a", () => bearer(new Key("ES256", "unknown").sign(claims))],
  ["a key of another kind", "401 token:key", "/items/a", () => bearer(sign({}, { kid: "ES384" }))],
  ["another signature", "401 token:signature", "/items/a", () => bearer(tampered(sign({})))],
];

describe("the same tokens", () => {
  for (const [name, expected, path, headersFor] of ROWS) {
    test(`${name}: ${expected}`, async () => {
      const headers = headersFor();
      for (let time = 0; time < 2; time += 1) {
        const [worker, kong] = [await outcomeOf(gates[0], path, headers), await outcomeOf(gates[1], path, headers)];
        assert.equal(worker.said, expected);
        assert.deepEqual(worker, kong);
      }
    });
  }

  test("each gate fetched the keys once", () => {
    assert.equal(provider.times("/jwks"), gates.length);
  });
});

/** What came of a request: for the client, in the log, and at the upstream; without what each request has of its own. */
async function outcomeOf(gate, path, headers) {
  const before = (await gate.records(0)).length;
  const { status, headers: answered, body } = await fetchFrom(gate, path, { headers });
  const record = (await gate.records(before + 1))[before];
  const [line] = gate.decisions();
  const { challenge, reason } = JSON.parse(line);
  const { request_id, ...problem } = status === 200 ? {} : JSON.parse(body);
  const answer = { status, problem, challenge: answered["www-authenticate"], type: status === 200 ? undefined : answered["content-type"] };
  assert.equal(answer.challenge ?? null, challenge);
  const sent = upstream.take().map((request) => ({ method: request.method, target: request.target, headers: headersOf(request, gate) }));
  assert.equal(sent.length, status === 200 ? 1 : 0);
  return { said: `${status} ${reason}`, line, answer, record: bare(record), sent };
}

/** Kong's logs have no empty lists. */
function bare({ event, time, request_id, trace, ...record }) {
  assert.match(`${request_id} ${trace.id} ${trace.span}`, /^[0-9a-f]{32} [0-9a-f]{32} [0-9a-f]{16}$/);
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value.length !== 0));
}
