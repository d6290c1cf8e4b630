// Tokens that are checked step by step, as the program and Python check them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { Gate, GatelawError, KeyFetcher, Policy, Verifier } from "gatelaw";
import { compile } from "gatelaw/compiler";
import { checkToken } from "gatelaw/tokens";

const repository = (file) => join(process.env.GATELAW_REPOSITORY, file);
const SESSIONS = repository("crates/gatelaw-cli/tests/sessions");
const session = (file) => readFileSync(join(SESSIONS, "token", file), "utf8");
const NOW = 1_800_000_000;
const POLICY = session("policy.gate");
const { artifact } = compile(POLICY);
const keys = { okta: session("keys.json") };
const tokenOf = (name) => session(`${name}.jwt`).trim();
const checked = (name, options) => checkToken(artifact, tokenOf(name), { keys, now: NOW, ...options });

test("a token is explained as the program does, to the byte", async () => {
  // What `gatelaw token check --format json` printed. The step `parity` compares many more.
  const recorded = readFileSync(join(SESSIONS, "token.txt"), "utf8").split("\n").find((line) => line.startsWith('1| {"v":1,"accepted":true'));
  assert.equal(`1| ${JSON.stringify(await checked("good"))}`, recorded);
});

test("attacks are refused with the codes of every runtime", async () => {
  const data = (file) => readFileSync(repository(`crates/gatelaw-host/tests/data/${file}`), "utf8");
  const { meta, jwks, cases } = JSON.parse(data("jwt_attacks.json"));
  const codes = new Map(data("jwt_attacks.codes").trimEnd().split("\n").map((line) => line.split(" ")));
  const policy = compile('issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }\nallow everyone { for authenticated }').artifact;
  for (const { id, token, token_gen } of cases) {
    const text = token ?? token_gen.map(([part, times]) => part.repeat(times)).join("");
    const { accepted, code } = await checkToken(policy, text, { keys: { idp: JSON.stringify(jwks) }, now: meta.now });
    assert.deepEqual([accepted, code], codes.get(id) === "ok" ? [true, null] : [false, `token:${codes.get(id)}`], id);
  }
  assert.ok(cases.length >= 113);
});

test("a caller is mapped, and one that nobody vouches for is told apart", async () => {
  const { caller, claimed, issuer } = await checked("good");
  assert.deepEqual([issuer, caller.id, claimed], ["okta", "00u1alice", null]);
  assert.deepEqual(caller.roles, ["staff", "viewer"]);
  const refused = await checked("other_key");
  assert.deepEqual([refused.caller, refused.claimed.id], [null, caller.id]);
  assert.deepEqual(refused.checks.filter(({ outcome }) => outcome === "failed").map(({ check }) => check), ["signature"]);
  const unavailable = await checked("good", { keys: {} });
  assert.deepEqual([unavailable.code, unavailable.claimed.id], ["keys_unavailable", caller.id]);
});

test("the time is the clock's, and keys may be bytes", async () => {
  const before = Math.floor(Date.now() / 1000);
  const { now, code } = await checkToken(artifact, tokenOf("good"), { keys: { okta: new TextEncoder().encode(keys.okta) } });
  assert.ok(now >= before && now <= before + 60);
  assert.equal(code, "token:not_yet_valid");
});

test("neither a token nor a secret is shown", async () => {
  const { caller, checks } = await checked("good");
  assert.deepEqual(caller.attributes.find(({ name }) => name === "pin"), { name: "pin", type: "string", secret: true, present: true, value: null });
  const said = JSON.stringify([caller, checks]);
  const { pin } = JSON.parse(Buffer.from(tokenOf("good").split(".")[1], "base64url"));
  assert.ok(pin.length > 3 && !said.includes(pin));
  for (const part of tokenOf("good").split(".")) assert.ok(!said.includes(part.slice(0, 40)));
});

test("a claim that is a secret is shown by no check of it", async () => {
  const { Key } = await import(pathToFileURL(repository("bindings/kong/tests/plugin/provider.js")));
  const key = new Key("ES256");
  const secrets = "secret attribute from: string = claim iss  secret attribute to: string = claim aud  secret attribute until: int = claim exp";
  const policy = compile(`issuer own { url "https://own.example"  audience "api"  algorithms ES256  ${secrets} }\nallow everyone { for authenticated }`).artifact;
  const token = key.sign({ iss: "https://own.example", aud: "api", sub: "u1", iat: NOW, exp: NOW + 60 });
  const { accepted, checks } = await checkToken(policy, token, { keys: { own: JSON.stringify({ keys: [key.jwk] }) }, now: NOW });
  const says = (name) => checks.find(({ check }) => check === name).says;
  assert.deepEqual([accepted, says("issuer"), says("audience"), says("expired"), says("lifetime")], [
    true, "iss (secret) is issuer own", "aud (secret); the policy has `api`", "exp (secret); leeway 0 s", "(secret) from iat to exp, of at most 1 d",
  ]);
});

test("the keys that a gate fetched are those that a token is checked by", async () => {
  const { Key } = await import(pathToFileURL(repository("bindings/kong/tests/plugin/provider.js")));
  const key = new Key("ES256");
  const policy = compile('issuer own { url "https://own.example"  keys "https://own.example/keys"  audience "api"  algorithms ES256 }\nallow everyone { for authenticated }').artifact;
  const fetcher = new KeyFetcher(new Verifier(new Gate(Policy.loadUnsigned(policy))), { fetch: async () => Response.json({ keys: [key.jwk] }) });
  assert.deepEqual(fetcher.keySets(), {});
  await fetcher.wait();
  const now = Math.floor(Date.now() / 1000);
  const token = key.sign({ iss: "https://own.example", aud: "api", sub: "u1", iat: now, exp: now + 60 });
  const { accepted, caller } = await checkToken(policy, token, { keys: fetcher.keySets() });
  assert.deepEqual([accepted, caller.id], [true, "u1"]);
});

test("what is wrong beside the token is told", async () => {
  const told = async (promise, expected) => {
    await assert.rejects(promise, (error) => error instanceof GatelawError && assert.deepEqual([error.code, error.at], expected) === undefined);
  };
  await told(checkToken(new Uint8Array(3), "x"), ["artifact:magic", "artifact"]);
  await told(checked("good", { keys: { other: keys.okta } }), ["keys:issuer", "options.keys.other"]);
  await told(checked("good", { keys: { okta: '{"keys":[{"kid":"k1"}]}' } }), ["keys:member", "options.keys.okta"]);
  await assert.rejects(checked("good", { keys: { okta: '{"keys":[{"kid":"k1"}]}' } }), /in `keys\[0\]\.kty`, kid `k1`$/);
  for (const [call, message] of [
    [() => checkToken(artifact, 7), /^token must be a string/],
    [() => checkToken("allow a { on GET /a  for anyone }", "x"), /^artifact must be a Uint8Array/],
    [() => checkToken(artifact, "x", { key: 1 }), /^options\.key means nothing/],
    [() => checkToken(artifact, "x", { keys: [] }), /^options\.keys must be an object/],
    [() => checkToken(artifact, "x", { keys: { okta: {} } }), /^options\.keys\["okta"\] must be a string or a Uint8Array/],
    [() => checkToken(artifact, "x", { clientCert: 1 }), /^options\.clientCert must be a string/],
    [() => checkToken(artifact, "x", { now: 1.5 }), /^now must be whole Unix seconds/],
  ]) {
    await assert.rejects(call, { name: "TypeError", message });
  }
});
