// Realistic tokens of every provider that has a profile, at both gates: whom they name, to the last attribute, is what both decide by,
// what they record, and what the upstream is told; the native tests see the same.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { artifactOf } from "../policies.js";
import { startUpstream } from "../upstream.js";
import { keySets, workerGate } from "./gates.js";

const repository = (file) => join(process.env.GATELAW_REPOSITORY, file);
const plugin = (file) => import(pathToFileURL(repository(`bindings/kong/tests/plugin/${file}`)));
const [{ kongGate }, { fetchFrom }, { headerOf, jwks, readProviders, rulesThatTell, signed }] =
  await Promise.all(["gate.js", "client.js", "providers.js"].map(plugin));

const providers = readProviders();
const TIMES = ["iat", "nbf", "exp", "auth_time"];
const upstream = await startUpstream();
const gates = [];

/** One policy with all issuers, which keeps all that it knows of a caller, and tells the upstream so. */
function policyOf() {
  const lines = providers.flatMap(({ policy }) => policy);
  const roles = new Set(lines.filter((line) => line.startsWith("role ")));
  const known = [...new Set(["id", "issuer", "client", "actor", "token_id", "roles", "scopes", ...providers.flatMap(({ attributes }) => attributes)])].map((name) => `user.${name}`);
  return `${[...lines.filter((line) => !line.startsWith("role ")), ...roles].join("\n")}\n${rulesThatTell(known)}`;
}

before(async () => {
  const policy = artifactOf(policyOf());
  const names = providers.map(({ issuer }) => issuer);
  const conf = { keys: names.map((issuer) => ({ issuer, document: JSON.stringify(jwks) })) };
  gates.push(await workerGate(upstream.port, policy, keySets(Object.fromEntries(names.map((name) => [name, jwks])))));
  gates.push(await kongGate(upstream.port, policy, { conf }));
});
after(async () => {
  for (const gate of gates) await gate.stop();
  await upstream.stop();
});

/** Signs a token as if it had been issued just now. */
function signedNow({ header, claims }, now) {
  const passed_s = Math.floor(Date.now() / 1000) - now;
  const shifted = TIMES.filter((name) => Number.isInteger(claims[name])).map((name) => [name, claims[name] + passed_s]);
  return signed({ header, claims: { ...claims, ...Object.fromEntries(shifted) } });
}

/** What a token gives, as records have it; what is absent isn't there. */
function expectedOf({ issuer }, { id, client, roles, scopes, attributes }) {
  const text = (value) => (Array.isArray(value) ? value.join(",") : String(value));
  const own = Object.entries({ id, issuer, client, roles, scopes, ...attributes });
  return own.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => [`user.${name}`, text(value)]);
}

for (const provider of providers) {
  describe(provider.issuer, () => {
    for (const token of provider.tokens) {
      test(token.name, async () => {
        const headers = { authorization: `Bearer ${signedNow(token, provider.now)}` };
        const lines = [];
        for (const gate of gates) {
          const before = (await gate.records(0)).length;
          const { status } = await fetchFrom(gate, "/", { headers });
          await gate.records(before + 1);
          const [line] = gate.decisions();
          const decision = JSON.parse(line);
          assert.equal(status, decision.status, gate.name);
          lines.push(line);
          const sent = upstream.take();
          if (token.refused !== undefined) {
            // Who issued it may be another one of these issuers, which has its own reason.
            const reason = token.refused === "issuer" ? decision.reason.replace("audience", "issuer") : decision.reason;
            assert.deepEqual([reason, sent], [`token:${token.refused}`, []], gate.name);
            continue;
          }
          assert.equal(decision.reason, "rule", gate.name);
          const expected = expectedOf(provider, token.gives);
          const names = new Set(["user.id", "user.issuer", "user.client", "user.roles", "user.scopes", ...provider.attributes.map((name) => `user.${name}`)]);
          assert.deepEqual(decision.keep.filter(([name]) => names.has(name)), expected.sort(), gate.name);
          const told = new Map(sent[0].headers.map(([name, value]) => [name.toLowerCase(), value]));
          for (const [name, text] of expected) assert.equal(told.get(headerOf(name)) ?? "", text, `${gate.name}: ${name}`);
        }
        assert.equal(lines[0], lines[1]);
      });
    }
  });
}
