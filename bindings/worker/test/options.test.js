// What options mean, and what is said of those that mean nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { settingsOf } from "../src/options.js";

const POLICY = { binding: "POLICIES" };

test("what is left out has its default", () => {
  const { policy, gate, address, keys, tokens_max, trace } = settingsOf({ policy: POLICY });
  assert.deepEqual(policy, { binding: "POLICIES", key: "policy", check_s: 30 });
  assert.deepEqual(gate, { facts: ["country", "asn", "bot_score", "tls_version", "client_cert", "size"], limits: "refuse", ip: true });
  assert.equal(address, "cf-connecting-ip");
  assert.deepEqual([keys, tokens_max, trace], [{ cache: true, binding: undefined, sets: {} }, 10_000, "restart"]);
});

for (const [options, message] of [
  [undefined, "options must be an object; it is absent"],
  [[], "options must be an object; it is []"],
  [{}, "options.policy must be an object; it is absent"],
  [{ polcy: POLICY }, "options.polcy means nothing: options has policy, upstream, address, facts, limits, keys, tokens_max, identify, trace, counters_s, log, decided"],
  [{ policy: { binding: "" } }, 'options.policy.binding must be the name of a KV binding; it is ""'],
  [{ policy: { ...POLICY, key: 1 } }, "options.policy.key must be the key in KV; it is 1"],
  [{ policy: { ...POLICY, check_s: 0 } }, "options.policy.check_s must be seconds, more than 0 and at most 86400; it is 0"],
  [{ policy: { ...POLICY, check_s: Number.NaN } }, "options.policy.check_s must be seconds, more than 0 and at most 86400; it is null"],
  [{ policy: { ...POLICY, check_s: "30" } }, 'options.policy.check_s must be seconds, more than 0 and at most 86400; it is "30"'],
  [{ policy: { ...POLICY, every: 3 } }, "options.policy.every means nothing: options.policy has binding, key, check_s"],
  [{ policy: POLICY, upstream: "origin" }, 'options.upstream must be an origin such as `https://origin.example`, without a path; it is "origin"'],
  [{ policy: POLICY, upstream: "https://o.example/" }, 'options.upstream must be an origin such as `https://origin.example`, without a path; it is "https://o.example/"'],
  [{ policy: POLICY, upstream: { service: "O" } }, "options.upstream.service means nothing: options.upstream has binding"],
  [{ policy: POLICY, upstream: {} }, "options.upstream.binding must be the name of a service binding; it is absent"],
  [{ policy: POLICY, address: "x y" }, 'options.address must be the name of a header, or false; it is "x y"'],
  [{ policy: POLICY, facts: "country" }, 'options.facts must be an array of names; it is "country"'],
  [{ policy: POLICY, facts: ["colour"] }, 'options.facts must be an array of country, asn, bot_score, tls_version, client_cert, size; it is "colour"'],
  [{ policy: POLICY, limits: "count" }, 'options.limits must be "refuse" or "report"; it is "count"'],
  [{ policy: POLICY, trace: "anew" }, 'options.trace must be "restart", "continue" or "pass"; it is "anew"'],
  [{ policy: POLICY, keys: "KEYS" }, 'options.keys must be an object; it is "KEYS"'],
  [{ policy: POLICY, keys: { kv: "KEYS" } }, "options.keys.kv means nothing: options.keys has cache, binding, sets"],
  [{ policy: POLICY, keys: { cache: "yes" } }, 'options.keys.cache must be true or false; it is "yes"'],
  [{ policy: POLICY, keys: { binding: "" } }, 'options.keys.binding must be the name of a KV binding; it is ""'],
  [{ policy: POLICY, keys: { sets: [] } }, "options.keys.sets must be an object of JWKS documents by issuer; it is []"],
  [{ policy: POLICY, keys: { sets: { okta: 7 } } }, "options.keys.sets.okta must be a JWKS document; it is 7"],
  [{ policy: POLICY, keys: {}, identify: () => null }, "options.keys means nothing beside options.identify, which verifies tokens"],
  [{ policy: POLICY, tokens_max: 0 }, "options.tokens_max must be a whole number from 1 to 1000000; it is 0"],
  [{ policy: POLICY, counters_s: 0.5 }, "options.counters_s must be seconds, from 1 to 86400; it is 0.5"],
  [{ policy: POLICY, counters_s: "60" }, 'options.counters_s must be seconds, from 1 to 86400; it is "60"'],
  [{ policy: POLICY, identify: {} }, "options.identify must be a function; it is {}"],
  [{ policy: POLICY, log: "console" }, 'options.log must be a function; it is "console"'],
]) {
  test(`options that mean nothing are told: ${message}`, () => {
    assert.throws(() => settingsOf(options), { name: "TypeError", message });
  });
}
