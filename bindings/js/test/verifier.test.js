// Tokens, judged in the module and verified by WebCrypto: every algorithm, every attack, keys that come and go, and instances that die.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { Gate, Policy, Verifier } from "gatelaw";
import { compile } from "gatelaw/compiler";

const repository = (file) => join(process.env.GATELAW_REPOSITORY, file);
const plugin = (file) => import(pathToFileURL(repository(`bindings/kong/tests/plugin/${file}`)));
const [{ ASYMMETRIC, Key, signShared }, { refusalsOf, samplesOf, SKEWS }] = await Promise.all(["provider.js", "metrics.js"].map(plugin));
const DATA = "crates/gatelaw-host/tests/data";

const NOW = 1_800_000_000;
const COOL_DOWN_S = 30;
const URL_OWN = "https://own.example";
const DISCOVERY = { issuer: "own", url: `${URL_OWN}/.well-known/openid-configuration` };
const KEYS = { issuer: "own", url: `${URL_OWN}/keys` };
const FOUND = JSON.stringify({ issuer: URL_OWN, jwks_uri: KEYS.url });

const POLICY = `
issuer own {
  url        "${URL_OWN}"
  audience   "api"
  algorithms ${[...ASYMMETRIC, "HS256"].join(", ")}
  token      header "x-own"
  bound      mtls
}
allow items { on GET /items/**  for authenticated }
allow open { on GET /open  for anyone }
forward who { for authenticated  set "x-user" = user.id }
`;
const { artifact } = compile(POLICY);

/** Every instance that is made is noted here. */
const instances = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    instances.push(this);
  }
};

/** Overwrites all that the instance knows: the next call leads nowhere. */
function overwrite({ exports }) {
  new Uint8Array(exports.memory.buffer).fill(0xff);
}

const claims = (more = {}) => ({ iss: URL_OWN, aud: "api", sub: "u1", iat: NOW - 10, exp: NOW + 300, ...more });
const request = (token, target = "/items/a") => ({
  method: "GET", scheme: "https", host: "api.example", target,
  headers: token === undefined ? [] : [["Authorization", `Bearer ${token}`]],
});
const documentOf = (keys) => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });

function verifierOf(keys = [], bytes = artifact, options = {}) {
  const verifier = new Verifier(new Gate(Policy.loadUnsigned(bytes)), options);
  if (keys.length > 0) verifier.setKeys("own", documentOf(keys));
  return verifier;
}

async function reasonOf(verifier, token, { now = NOW, wait, target } = {}) {
  const { decision } = await verifier.handle(request(token, target), { now }, wait);
  return `${decision.status} ${decision.reason}`;
}

for (const alg of ASYMMETRIC) {
  test(`a token of ${alg} says who asks, and is remembered`, async () => {
    const key = new Key(alg);
    const verifier = verifierOf([key]);
    const token = key.sign(claims());
    const verify = crypto.subtle.verify;
    try {
      for (let time = 0; time < 2; time += 1) {
        const { decision, forward } = await verifier.handle(request(token), { now: NOW, requestId: "abc" });
        assert.deepEqual([decision.reason, forward.set], ["rule", [["x-request-id", "abc"], ["x-user", "u1"]]]);
        crypto.subtle.verify = () => assert.fail("it was verified before");
      }
    } finally {
      crypto.subtle.verify = verify;
    }
    const other = new Key(alg, "other").sign(claims(), { kid: alg });
    assert.equal(await reasonOf(verifier, other), "401 token:signature");
  });
}

test("a shared secret verifies only where the host gives it", async () => {
  const secret = Buffer.alloc(32, 7);
  const verifier = verifierOf();
  verifier.setKeys("own", JSON.stringify({ keys: [{ kty: "oct", k: secret.toString("base64url"), alg: "HS256" }] }));
  assert.equal(await reasonOf(verifier, signShared(secret, claims())), "200 rule");
  assert.equal(await reasonOf(verifier, signShared(Buffer.alloc(32, 8), claims())), "401 token:signature");
});

for (const step of ["importKey", "verify"]) {
  test(`a platform that can't do its part refuses: ${step}`, async (t) => {
    const key = new Key("EdDSA");
    const verifier = verifierOf([key]);
    const token = key.sign(claims());
    const lacks = t.mock.method(crypto.subtle, step, async () => { throw new DOMException("Unrecognized name.", "NotSupportedError"); });
    for (let time = 0; time < 2; time += 1) assert.equal(await reasonOf(verifier, token), "401 token:signature");
    assert.equal(lacks.mock.callCount(), 2);
    lacks.mock.restore();
    assert.equal(await reasonOf(verifier, token), "200 rule", "nothing of it was kept");
  });
}

test("of too many signatures at one time the oldest are given up, and none is taken for another's", async (t) => {
  const [key, other] = [new Key("EdDSA"), new Key("EdDSA", "other")];
  const verifier = verifierOf([key]);
  const verify = crypto.subtle.verify.bind(crypto.subtle);
  let open;
  const held = new Promise((resolve) => { open = resolve; });
  t.mock.method(crypto.subtle, "verify", async (...what) => {
    await held;
    return verify(...what);
  });
  const PENDING_MAX = 512;
  const asked = Array.from({ length: PENDING_MAX + 2 }, (_, number) => {
    const token = (number % 2 === 0 ? key : other).sign(claims({ sub: `u${number}` }), { kid: key.kid });
    return reasonOf(verifier, token).catch(({ code }) => code);
  });
  open();
  const answers = await Promise.all(asked);
  assert.deepEqual(answers.splice(0, 2), ["token:given-up", "token:given-up"]);
  answers.forEach((answer, number) => assert.equal(answer, number % 2 === 0 ? "200 rule" : "401 token:signature"));
});

test("a key that names no algorithm verifies by each of its kind, and is taken once for each", async (t) => {
  const verifier = verifierOf();
  const keys = ["RS256", "RS512", "PS256"].map((alg) => new Key(alg, "one"));
  verifier.setKeys("own", JSON.stringify({ keys: [{ ...keys[0].jwk, alg: undefined }] }));
  const taking = t.mock.method(crypto.subtle, "importKey");
  for (const sub of ["u1", "u2"]) {
    for (const key of keys) assert.equal(await reasonOf(verifier, key.sign(claims({ sub }))), "200 rule", key.alg);
  }
  assert.equal(taking.mock.callCount(), keys.length);
});

test("a request without a token is of nobody, and nothing else says who asks", async () => {
  const verifier = verifierOf([new Key("ES256")]);
  assert.equal(await reasonOf(verifier, undefined), "401 unauthenticated");
  assert.equal(await reasonOf(verifier, undefined, { target: "/open" }), "200 rule");
  const identity = { issuer: "own", claims: { sub: "root" } };
  await assert.rejects(verifier.handle({ ...request(undefined), identity }), /^TypeError: request\.identity/);
  await assert.rejects(verifier.handle(request(undefined), { identity }), /^TypeError: context\.identity/);
});

/** The attacks that no header can carry, each with why: they are refused before anybody looks at a token. */
const UNCARRIED = [
  "J167 400 refused:header-limits",
  "J207 400 refused:header-value:authorization",
  "J209 400 refused:header-value:authorization",
  "J221 400 refused:header-repeated:authorization",
  "J223 400 refused:header-repeated:authorization",
  "J225 400 refused:header-limits",
];

test("attacks end as they do natively, twice each, and no key is asked for", async () => {
  const { meta, jwks, cases } = JSON.parse(readFileSync(repository(`${DATA}/jwt_attacks.json`), "utf8"));
  const codes = readFileSync(repository(`${DATA}/jwt_attacks.codes`), "utf8").trimEnd().split("\n").map((line) => line.split(" "));
  const policy = `
issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }
allow any-signed { for authenticated }`;
  const verifier = verifierOf([], compile(policy).artifact);
  verifier.setKeys("idp", JSON.stringify(jwks));
  assert.deepEqual(codes.map(([id]) => id), cases.map(({ id }) => id));
  const uncarried = [];
  for (const [index, { id, token: whole, token_gen }] of cases.entries()) {
    const token = whole ?? token_gen.map(([text, times]) => text.repeat(times)).join("");
    const code = codes[index][1];
    for (let time = 0; time < 2; time += 1) {
      const said = await reasonOf(verifier, token, { now: meta.now, wait: () => assert.fail("no key is asked for") });
      if (said.startsWith("400 ")) uncarried.push(`${id} ${said}`);
      else assert.equal(said, code === "ok" ? "200 rule" : `401 token:${code}`, id);
    }
  }
  assert.deepEqual(uncarried, UNCARRIED.flatMap((attack) => [attack, attack]));
  // Each answer counts once: what no header carries is no token.
  const expected = {};
  let accepted = 0;
  for (const [id, code] of codes) {
    if (UNCARRIED.some((attack) => attack.startsWith(`${id} `))) continue;
    if (code === "ok") accepted += 2;
    else expected[`token:${code}`] = (expected[`token:${code}`] ?? 0) + 2;
  }
  const samples = samplesOf(verifier.prometheus());
  assert.deepEqual(Object.entries(refusalsOf(samples)).sort(), Object.entries(expected).sort());
  assert.equal(samples['gatelaw_tokens_total{issuer="idp",result="accepted"}'], accepted);
  const { issuers: { idp }, refused } = verifier.counters();
  assert.equal(idp.verified + idp.remembered, accepted);
  assert.deepEqual(Object.entries({ ...refused, ...idp.refused }).filter(([, count]) => count > 0).sort(), Object.entries(expected).sort());
});

for (const [skew_s, answer, suspicion] of SKEWS) {
  test(`a clock that is ${skew_s} s from the issuer's: ${answer}`, async () => {
    const key = new Key("ES256");
    const verifier = verifierOf([key], compile(POLICY.replace("bound ", "leeway 30s  bound ")).artifact);
    const token = key.sign(claims({ iat: NOW, exp: NOW + 60 }));
    // Once by its signature, once as it is remembered.
    for (let times = 1; times <= 2; times += 1) {
      assert.equal((await reasonOf(verifier, token, { now: NOW + skew_s })).replace(" rule", ""), answer);
      const suspected = Object.entries(samplesOf(verifier.prometheus())).filter(([sample]) => sample.startsWith("gatelaw_clock_skew"));
      assert.deepEqual(suspected, suspicion === undefined ? [] : [[`gatelaw_clock_skew_suspected_total{issuer="own",${suspicion}}`, times]]);
    }
  });
}

test("a request that waits for keys counts by its last answer alone, and fetches by how they end", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf();
  const token = key.sign(claims());
  const counted = () => verifier.counters().issuers.own;
  assert.equal(await reasonOf(verifier, token), "503 keys_unavailable");
  assert.equal(await reasonOf(verifier, token, { wait: () => false }), "503 keys_unavailable");
  assert.equal(counted().keys_unavailable, 2);
  const fails = () => {
    assert.deepEqual(verifier.nextFetch(NOW), DISCOVERY);
    assert.throws(() => verifier.fetched("own", "{}", "", NOW), { code: "discovery:issuer" });
    return true;
  };
  assert.equal(await reasonOf(verifier, token, { wait: fails }), "503 keys_unavailable");
  const now = NOW + COOL_DOWN_S;
  const wait = () => {
    assert.deepEqual(verifier.nextFetch(now), DISCOVERY);
    assert.deepEqual(verifier.fetched("own", FOUND, "", now), KEYS);
    assert.equal(verifier.fetched("own", documentOf([key]), "max-age=300", now), undefined);
    return true;
  };
  assert.equal(await reasonOf(verifier, token, { now, wait }), "200 rule");
  assert.deepEqual([counted().keys_unavailable, counted().verified], [3, 1]);
  assert.equal(await reasonOf(verifier, token, { now: now + 200 }), "200 rule");
  for (const [fails, end] of [[() => verifier.failed("own", NOW + 400), "fetch"], [() => verifier.fetched("own", "<html>", "", NOW + 430), "keys"]]) {
    assert.notEqual(verifier.nextFetch(end === "fetch" ? NOW + 400 : NOW + 430), undefined);
    if (end === "fetch") fails();
    else {
      verifier.fetched("own", FOUND, "", NOW + 430);
      assert.throws(fails, { code: "keys:json" });
    }
    assert.equal(counted().key_fetches.failed[end], 1);
  }
  const later = key.sign(claims({ iat: NOW + 400, exp: NOW + 500 }));
  assert.equal(await reasonOf(verifier, later, { now: NOW + 440 }), "200 rule");
  assert.deepEqual(counted().key_fetches, { begun: 4, succeeded: 1, failed: { fetch: 1, discovery: 1, keys: 1 } });
  assert.deepEqual([counted().by_stale_keys, counted().verified, counted().remembered], [1, 2, 1]);
});

test("the verifier of the next policy goes on counting, and so does an instance in place of one of its that died", async () => {
  const key = new Key("ES256");
  const before = verifierOf([key]);
  for (const token of [key.sign(claims()), "x.y"]) await reasonOf(before, token);
  const verifier = verifierOf([key], artifact, { after: before });
  const counted = () => [verifier.counters().issuers.own.verified, verifier.counters().refused["token:format"]];
  assert.deepEqual(verifier.counters(), before.counters());
  assert.deepEqual(counted(), [1, 1]);
  assert.equal(verifier.prometheus(), before.prometheus());
  await reasonOf(before, "x.y");
  for (const token of [key.sign(claims()), "x.y"]) await reasonOf(verifier, token);
  assert.deepEqual(counted(), [2, 2]);
  overwrite(instances.at(-1));
  assert.equal(await reasonOf(verifier, "x.y"), "503 gate:trap");
  assert.deepEqual(counted(), [1, 1]);
});

test("an instance that died has counted nothing for the next policy", async () => {
  const key = new Key("ES256");
  const before = verifierOf([key]);
  await reasonOf(before, "x.y");
  overwrite(instances.at(-1));
  const verifier = verifierOf([key], artifact, { after: before });
  assert.equal(verifier.counters().refused["token:format"], 0);
});

test("`after` is a verifier", () => {
  assert.throws(() => verifierOf([], artifact, { after: {} }), { name: "TypeError", message: "options.after must be a Verifier, not an object" });
});

test("an instance in place of one that died counts anew", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf([key]);
  assert.equal(await reasonOf(verifier, key.sign(claims())), "200 rule");
  overwrite(instances.at(-1));
  assert.equal(await reasonOf(verifier, key.sign(claims())), "503 gate:trap");
  assert.equal(verifier.counters().issuers.own.verified, 0);
  assert.equal(await reasonOf(verifier, key.sign(claims())), "200 rule");
  assert.deepEqual([verifier.counters().issuers.own.verified, verifier.instances], [1, 2]);
});

test("keys are found by discovery, once, and a token waits for them", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf();
  let asked = 0;
  const wait = async () => {
    asked += 1;
    assert.deepEqual(verifier.nextFetch(NOW), DISCOVERY);
    assert.equal(verifier.nextFetch(NOW), undefined, "one fetch at a time");
    assert.deepEqual(verifier.fetched("own", FOUND, "", NOW), KEYS);
    assert.equal(verifier.fetched("own", documentOf([key]), "max-age=600", NOW), undefined);
    return true;
  };
  assert.equal(await reasonOf(verifier, key.sign(claims())), "503 keys_unavailable");
  assert.equal(await reasonOf(verifier, key.sign(claims()), { wait: () => false }), "503 keys_unavailable");
  assert.equal(await reasonOf(verifier, key.sign(claims()), { wait }), "200 rule");
  assert.equal(await reasonOf(verifier, key.sign(claims({ sub: "u2" })), { wait }), "200 rule");
  assert.equal(asked, 1);
});

test("a request that is told of news without an end is decided all the same", async () => {
  let asked = 0;
  const wait = () => {
    asked += 1;
    assert.ok(asked < 100, "without an end");
    return true;
  };
  assert.equal(await reasonOf(verifierOf(), new Key("ES256").sign(claims()), { wait }), "503 keys_unavailable");
  assert.ok(asked > 1, `${asked}`);
});

test("an unknown key is asked for once in a cool-down, and a removed one takes its tokens with it", async () => {
  const [old, fresh] = [new Key("ES256", "old"), new Key("ES256", "fresh")];
  const verifier = verifierOf();
  const have = (keys, now) => {
    if (verifier.nextFetch(now)?.url === DISCOVERY.url) verifier.fetched("own", FOUND, "", now);
    verifier.fetched("own", documentOf(keys), "max-age=600", now);
  };
  have([old], NOW);
  const token = old.sign(claims({ exp: NOW + 3600 }));
  assert.equal(await reasonOf(verifier, token), "200 rule");
  const unknown = fresh.sign(claims({ exp: NOW + 3600 }));
  const never = { wait: () => assert.fail("cooling down") };
  assert.equal(await reasonOf(verifier, unknown, never), "401 token:key");
  let asked = 0;
  const wait = () => {
    asked += 1;
    have([old, fresh], NOW + COOL_DOWN_S);
    return true;
  };
  assert.equal(await reasonOf(verifier, unknown, { now: NOW + COOL_DOWN_S, wait }), "200 rule");
  assert.equal(asked, 1);
  assert.equal(verifier.nextFetch(NOW + COOL_DOWN_S + 599), undefined, "fresh");
  have([fresh], NOW + COOL_DOWN_S + 600);
  assert.equal(await reasonOf(verifier, token, { ...never, now: NOW + COOL_DOWN_S + 601 }), "401 token:key");
});

test("documents that give no keys are told, and those that were had stay", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf();
  for (const [document, code] of [["<html>", "discovery:json"], ['{"issuer":"https://other.example","jwks_uri":"https://x.example"}', "discovery:issuer"]]) {
    const other = verifierOf();
    assert.throws(() => other.fetched("own", document, "", NOW), { code: "keys:order" });
    other.nextFetch(NOW);
    assert.throws(() => other.fetched("own", document, "", NOW), { name: "GatelawError", code });
    assert.equal(other.nextFetch(NOW + COOL_DOWN_S - 1), undefined);
    assert.deepEqual(other.nextFetch(NOW + COOL_DOWN_S), DISCOVERY);
  }
  verifier.nextFetch(NOW);
  verifier.fetched("own", FOUND, "", NOW);
  verifier.fetched("own", documentOf([key]), "", NOW);
  let now = NOW + 1000;
  for (const [document, code] of [["{}", "keys:member"], ['{"keys":[]}', "keys:none"], [new Uint8Array([0xff]), "keys:json"]]) {
    // What discovery said counts no more once it led to no keys.
    if (verifier.nextFetch(now).url === DISCOVERY.url) verifier.fetched("own", FOUND, "", now);
    assert.throws(() => verifier.fetched("own", document, "", now), { name: "GatelawError", code });
    assert.equal(await reasonOf(verifier, key.sign(claims({ iat: now - 1, exp: now + 60 })), { now }), "200 rule");
    now += COOL_DOWN_S;
  }
  verifier.failed("own", now);
  assert.equal(verifier.nextFetch(now), undefined, "cooling down");
});

test("what is no key set, or no issuer, is told", () => {
  const verifier = verifierOf();
  assert.throws(() => verifier.setKeys("own", "[]"), { code: "keys:json" });
  assert.throws(() => verifier.setKeys("own", '{"keys":[{"kty":"EC","crv":"P-256","d":"AA","x":"AA","y":"AA"}]}'), { code: "keys:private" });
  for (const call of [() => verifier.setKeys("other", '{"keys":[]}'), () => verifier.fetched("other", "", "", NOW), () => verifier.failed("other", NOW)]) {
    assert.throws(call, { name: "GatelawError", code: "keys:issuer", message: "issuer: the policy has no issuer `other`" });
  }
});

test("a wrong argument is named", () => {
  const verifier = verifierOf();
  for (const [call, message] of [
    [() => new Verifier(artifact), /^gate must be a Gate/],
    [() => new Verifier(verifier.gate), /^gate: its policy has a verifier/],
    [() => new Verifier(verifier.gate, { tokens: 1 }), /^options\.tokens means nothing/],
    ...[0, 1.5, "10", 1_000_001].map((tokensMax) => [() => new Verifier(verifier.gate, { tokensMax }), /^options\.tokensMax must be/]),
    [() => verifier.setKeys(7, "{}"), /^issuer must be a string/],
    [() => verifier.setKeys("own", {}), /^document must be/],
    [() => verifier.fetched("own", 7, "", NOW), /^document must be/],
    [() => verifier.fetched("own", "", undefined, NOW), /^cacheControl must be/],
    [() => verifier.nextFetch(1.5), /^now must be whole Unix seconds/],
    [() => verifier.failed(undefined), /^issuer must be a string/],
  ]) {
    assert.throws(call, { name: "TypeError", message });
  }
});

test("a token counts from where its issuer takes it, and bound to a certificate with that one alone", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf([key]);
  const own = { ...request(undefined), headers: [["x-own", key.sign(claims())]] };
  assert.equal((await verifier.handle(own, { now: NOW })).decision.reason, "rule");
  assert.equal((await verifier.handle({ ...own, headers: [...own.headers, ["authorization", "Bearer x"]] })).decision.reason, "refused:two-tokens");
  const hash = "0123456789abcdef".repeat(4);
  const bound = key.sign(claims({ cnf: { "x5t#S256": Buffer.from(hash, "hex").toString("base64url") } }));
  const reason = async (client_cert) => (await verifier.handle(request(bound), { now: NOW, facts: { client_cert } })).decision.reason;
  assert.deepEqual([await reason(hash), await reason(undefined), await reason("f".repeat(64)), await reason(hash)], ["rule", "token:claims", "token:claims", "rule"]);
});

test("many tokens at once are each settled for themselves", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf([key], artifact, { tokensMax: 8 });
  const users = Array.from({ length: 64 }, (_, n) => `u${n}`);
  const answers = await Promise.all(users.map((sub) => verifier.handle(request(key.sign(claims({ sub }))), { now: NOW })));
  assert.deepEqual(answers.map(({ forward }) => Object.fromEntries(forward.set)["x-user"]), users);
});

test("an instance that dies denies its request; the next one has the keys that stay as they are", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf([key]);
  const token = key.sign(claims());
  assert.equal(await reasonOf(verifier, token), "200 rule");
  overwrite(instances.at(-1));
  assert.equal(await reasonOf(verifier, token), "503 gate:trap");
  assert.equal(await reasonOf(verifier, token), "200 rule");
  assert.equal(verifier.instances, 2);
});

test("keys that stay as they are are those that were given, whatever becomes of their bytes", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf();
  const document = new TextEncoder().encode(documentOf([key]));
  verifier.setKeys("own", document);
  document.fill(0);
  overwrite(instances.at(-1));
  assert.equal(await reasonOf(verifier, undefined), "503 gate:trap");
  assert.equal(await reasonOf(verifier, key.sign(claims())), "200 rule");
});

test("a request whose instances die one after the other is denied", async (t) => {
  const key = new Key("ES256");
  const verifier = verifierOf([key]);
  let verified = 0;
  t.mock.method(crypto.subtle, "verify", async () => {
    verified += 1;
    assert.ok(verified < 100, "without an end");
    overwrite(instances.at(-1));
    verifier.gate.decide(request(undefined));
    return true;
  });
  assert.equal(await reasonOf(verifier, key.sign(claims())), "503 gate:trap");
  assert.ok(verified > 1, `${verified}`);
});

test("an instance that dies while a signature is verified is replaced, and the token judged anew", async () => {
  const key = new Key("ES256");
  const verifier = verifierOf([key]);
  const { verify } = crypto.subtle;
  let verified = 0;
  crypto.subtle.verify = async (...args) => {
    verified += 1;
    if (verified === 1) {
      overwrite(instances.at(-1));
      verifier.gate.decide(request(undefined));
    }
    return verify.apply(crypto.subtle, args);
  };
  try {
    assert.equal(await reasonOf(verifier, key.sign(claims())), "200 rule");
  } finally {
    crypto.subtle.verify = verify;
  }
  assert.deepEqual([verified, verifier.instances], [2, 2]);
});
