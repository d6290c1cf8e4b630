// Callers mapped once: they decide as their claims do, for one policy alone, in whatever instance decides.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate, GatelawError, Policy, PreparedIdentity } from "gatelaw";
import { compile } from "gatelaw/compiler";

const { artifact } = compile(`
issuer okta {
  url        "https://acme.okta.com"
  audience   "api"
  algorithms RS256
  roles      claim groups { "Staff" -> staff }
}
role staff

allow read { on GET /orders/**  for staff }
allow mine { on GET /users/{id}  for authenticated  when user.id == path.id }
`);
const policy = Policy.loadUnsigned(artifact);
const gate = new Gate(policy);
const request = { method: "GET", scheme: "https", host: "api.acme.com", now: 1 };
const staff = { issuer: "okta", claims: { sub: "ü1", groups: ["Staff"] } };

for (const [who, identity] of Object.entries({
  staff,
  "staff, by a text": { issuer: "okta", claims: '{"sub":"u1","groups":["Staff"]}' },
  somebody: { issuer: "okta", claims: { sub: "u2" } },
  "of no issuer": { issuer: "other", claims: { sub: "u1" } },
  "without a subject": { issuer: "okta", claims: {} },
  refused: { invalid: "expired" },
  "without keys": { unavailable: "okta" },
  "without a verifier": { token: "okta" },
})) {
  test(`${who}: an identity decides as its claims`, () => {
    const known = policy.identity(identity);
    for (const target of ["/orders/42", "/users/u1", "/users/u2", "/a//b"]) {
      const asked = { ...request, target };
      assert.deepEqual(gate.decide(asked, { identity: known }), gate.decide(asked, { identity }));
      assert.deepEqual(gate.decide({ ...asked, identity: known }), gate.decide(asked, { identity }));
      assert.deepEqual(gate.explain(asked, { identity: known }), gate.explain(asked, { identity }));
      const requestId = "1";
      assert.deepEqual(gate.handle(asked, { identity: known, requestId }), gate.handle(asked, { identity, requestId }));
    }
  });
}

test("many are told apart, also those whose place another had before", () => {
  const target = "/users/u7";
  const allowed = (known) => gate.decide({ ...request, target }, { identity: known }).allowed;
  const known = Array.from({ length: 20 }, (_, n) => policy.identity({ issuer: "okta", claims: { sub: `u${n}` } }));
  assert.deepEqual(known.map(allowed), known.map((_, n) => n === 7));
  known.filter((_, n) => n !== 7).forEach((one) => one.free());
  const others = Array.from({ length: 20 }, (_, n) => policy.identity({ issuer: "okta", claims: { sub: `v${n}` } }));
  assert.ok(allowed(known[7]));
  assert.ok(!others.some(allowed));
});

test("an identity is of one policy, and serves until it is freed", () => {
  const other = new Gate(Policy.loadUnsigned(artifact));
  const known = policy.identity(staff);
  const asked = { ...request, target: "/orders/42" };
  assert.throws(() => other.decide(asked, { identity: known }), { name: "TypeError", message: /was made for another policy/ });
  assert.ok(gate.decide(asked, { identity: known }).allowed);
  known.free();
  known.free();
  assert.throws(() => gate.decide(asked, { identity: known }), { name: "GatelawError", code: "identity:freed" });
});

test("an instance that died is replaced, and the caller mapped again", () => {
  const made = [];
  const Instance = WebAssembly.Instance;
  WebAssembly.Instance = class extends Instance {
    constructor(...args) {
      super(...args);
      made.push(this);
    }
  };
  try {
    const own = Policy.loadUnsigned(artifact);
    const known = own.identity(staff);
    const asked = () => new Gate(own).decide({ ...request, target: "/orders/42" }, { identity: known });
    assert.ok(asked().allowed);
    new Uint8Array(made[0].exports.memory.buffer).fill(0xff);
    assert.equal(asked().reason, "gate:trap");
    assert.ok(asked().allowed);
    assert.equal(made.length, 2);
  } finally {
    WebAssembly.Instance = Instance;
  }
});

test("what is wrong with an identity is said when it is made", () => {
  for (const [identity, message] of [
    [undefined, /^identity must be an object, not undefined/],
    ["root", /^identity must be an object, not a string/],
    [{ issuer: "okta" }, /^identity must hold one of claims, invalid, unavailable and token/],
    [{ issuer: "okta", claims: [] }, /^identity.claims must be an object, or JSON text, not an array/],
    [policy.identity(staff), /^identity must be an object/],
  ]) {
    assert.throws(() => policy.identity(identity), { name: "TypeError", message });
  }
  assert.throws(() => policy.identity({ issuer: "okta", claims: "no json" }), { name: "GatelawError", code: "request:json" });
  assert.throws(() => policy.identity(staff, { clientCert: 7 }), { name: "TypeError", message: /^options.clientCert must be a string/ });
  assert.throws(() => policy.identity(staff, { cert: "" }), { name: "TypeError", message: /^options.cert means nothing/ });
  assert.throws(() => new PreparedIdentity(), { name: "TypeError", message: /call policy.identity/ });
  assert.ok(!(new GatelawError("a", "b") instanceof PreparedIdentity));
});
