// Tokens at the Worker: judged by keys that it fetches itself, beside requests, and keeps in memory, in the cache and in KV.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { ask } from "./http/client.js";
import { artifactOf } from "./policies.js";
import { startUpstream } from "./upstream.js";
import { startWorker } from "./workerd.js";

const repository = (file) => join(process.env.GATELAW_REPOSITORY, file);
const plugin = (file) => import(pathToFileURL(repository(`bindings/kong/tests/plugin/${file}`)));
const [{ ASYMMETRIC, INVALID_TOKENS, Key, startProvider }, { json }, { fetchFrom, reasonOf }, { load }, { refusalsOf, samplesOf, SKEWS }] =
  await Promise.all(["provider.js", "endpoint.js", "client.js", "load.js", "metrics.js"].map(plugin));

const DISCOVERY = "/.well-known/openid-configuration";
const COOL_DOWN_S = 30;
const FRESH_S = 600;
const DAY_S = 24 * 60 * 60;
/** For what happens in the background, on a machine that has other work. */
const WAIT_MS = 20_000;
const LOOK_MS = 1000;
/** What all of an endpoint's answer may take, and what a busy machine adds. */
const TIME_MAX_MS = 5000;
const SLACK_MS = 3000;
const ENTRY = "test/workers/tokens.js";

const policyOf = ({ url }, more = "") => `
issuer own {
  url        "${url}"
  audience   "api"
  algorithms ${ASYMMETRIC.join(", ")}
  roles      claim groups as named { staff }
  bound      mtls
  ${more}
}
role staff
allow items { on GET /v1/items/**  for authenticated }
allow staff { on GET /v1/staff  for staff }
allow scoped { on GET /v1/scoped  for authenticated  when user.scopes contains "items:read" }
allow open { on GET /open  for anyone }
forward who { for authenticated  set "x-user" = user.id }
`;

const keys = ASYMMETRIC.map((alg) => new Key(alg));
const key = (alg) => keys.find((other) => other.alg === alg);
const upstream = await startUpstream();
let provider;
let worker;

before(async () => {
  provider = await startProvider(keys);
  worker = await started(artifactOf(policyOf(provider)));
});
beforeEach(() => upstream.take());
after(async () => {
  await worker.stop();
  await provider.stop();
  await upstream.stop();
});

function started(policy, { keys: options = { cache: false }, bindings = {}, ...more } = {}) {
  const own = { OPTIONS: `json = ${JSON.stringify(JSON.stringify(options))}`, ...bindings };
  return startWorker(ENTRY, { origin: upstream.port, policy, bindings: own, ...more });
}

const bearer = (token, more = {}) => ({ headers: { authorization: `Bearer ${token}`, ...more } });
const asked = (token, path = "/v1/items/a", gate = worker) => reasonOf(gate, path, bearer(token));
const counted = async (gate) => samplesOf((await fetchFrom(gate, "/test-metrics")).body);
const problems = (gate) => gate.records().filter(({ event }) => event === "problem");
const toldProblems = (gate, count) => gate.recorded(count, ({ event }) => event === "problem");

/** Runs a gate and an issuer of their own. */
async function withOwn(options, run) {
  const own = await startProvider(options.keysOf ?? [new Key("ES256")]);
  const { arrange, policy = policyOf(own), ...more } = options;
  arrange?.(own);
  const gate = await started(artifactOf(typeof policy === "function" ? policy(own) : policy), more);
  try {
    await run(own, gate);
    assert.ok(gate.runs, "workerd is alive");
  } finally {
    await gate.stop();
    await own.stop();
  }
}

/** Asks at once, and answers the reasons that came. */
async function askedTogether(gate, token, times = 24) {
  const reasons = await Promise.all(Array.from({ length: times }, () => asked(token, "/v1/items/a", gate)));
  return [...new Set(reasons)];
}

for (const alg of ASYMMETRIC) {
  test(`a token of ${alg} says who asks`, async () => {
    const token = key(alg).sign(provider.claims());
    assert.equal(await asked(token), "200 ok");
    assert.equal(await asked(token), "200 ok", "remembered");
    const [{ headers }] = upstream.take();
    assert.deepEqual(headers.filter(([name]) => name === "x-user"), [["x-user", "u1"]]);
    assert.deepEqual(headers.filter(([name]) => name.toLowerCase() === "authorization").map(([, value]) => value), [`Bearer ${token}`], "as it came");
  });
}

test("roles come from claims", async () => {
  assert.equal(await asked(key("ES256").sign(provider.claims({ groups: ["staff"] })), "/v1/staff"), "200 ok");
  assert.equal(await asked(key("ES256").sign(provider.claims({ groups: ["admin"] })), "/v1/staff"), "403 no_rule");
});

test("a denied token is challenged, and nothing goes on, on a public path either", async () => {
  const expired = key("ES256").sign(provider.claims({ iat: 1, exp: 2 }));
  const { status, headers, body } = await fetchFrom(worker, "/open", bearer(expired));
  assert.equal(status, 401);
  assert.equal(headers["www-authenticate"], 'Bearer error="invalid_token"');
  assert.equal(JSON.parse(body).reason, "token:expired");
  assert.ok(!body.includes(expired) && !worker.log.includes(expired), "the token isn't told");
  assert.deepEqual(upstream.take(), []);
  assert.equal(await reasonOf(worker, "/v1/items/a"), "401 unauthenticated");
});

test("what only begins as a bearer token does is denied, on a public path too", async () => {
  const token = key("ES256").sign(provider.claims());
  // A space beyond ASCII, as its bytes in UTF-8.
  for (const value of [`Bearer${token}`, `Bearer:${token}`, `Bearer\xc2\xa0${token}`, `\xc2\xa0Bearer ${token}`]) {
    assert.equal(await reasonOf(worker, "/open", { headers: { authorization: value } }), "401 token:format", value);
  }
  assert.deepEqual(upstream.take(), []);
});

test("a challenge says what is missing, and where to read how to get it", async () => {
  const policy = ({ url }) => `${policyOf({ url })}
deny weak { on /v1/items/strong  for authenticated  when user.auth_age? > 15m  challenge max_age 15m }`;
  const own = await startProvider([new Key("ES256")]);
  const gate = await started(artifactOf(policy(own)));
  try {
    const challengeOf = async (path, claims) => (await fetchFrom(gate, path, bearer(own.keys[0].sign(own.claims(claims))))).headers["www-authenticate"];
    const now = Math.floor(Date.now() / 1000);
    assert.match(await challengeOf("/v1/items/strong", { auth_time: now - 3600, iat: now - 10 }), /error="insufficient_user_authentication".*max_age="900"/);
  } finally {
    await gate.stop();
    await own.stop();
  }
});

for (const [code, make] of INVALID_TOKENS) {
  test(`a token that isn't valid: ${code}, ${make.toString().slice(9, 60)}`, async () => {
    assert.equal(await asked(make(provider)), `401 token:${code}`);
    assert.deepEqual(upstream.take(), []);
  });
}

test("attacks are refused for the same reasons as natively, twice each, and nothing of them goes on", async () => {
  const data = (file) => readFileSync(repository(`crates/gatelaw-host/tests/data/${file}`), "utf8");
  const { meta, jwks, cases } = JSON.parse(data("jwt_attacks.json"));
  const codes = data("jwt_attacks.codes").trimEnd().split("\n").map((line) => line.split(" "));
  const policy = artifactOf(`
issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }
allow any-signed { for authenticated }`);
  const gate = await started(policy, { keys: { cache: false, sets: { idp: jwks } } });
  try {
    await gate.setClock(meta.now - Math.floor(Date.now() / 1000));
    let exact = 0;
    for (const [index, { id, token: whole, token_gen }] of cases.entries()) {
      const token = whole ?? token_gen.map(([text, times]) => text.repeat(times)).join("");
      // It ends the line, and is no part of any token then.
      if (token.includes("\n")) continue;
      const code = codes[index][1];
      const carried = /^[!-+\--~]+$/.test(token) && token.length < 60_000;
      for (let time = 0; time < 2; time += 1) {
        if (carried) {
          assert.equal(await asked(token, "/x", gate), code === "ok" ? "200 ok" : `401 token:${code}`, id);
        } else {
          const { status } = await ask(gate.port, `GET /x HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
          assert.ok(status === "closed" || status >= 400, `${id}: ${status}`);
        }
      }
      exact += carried ? 1 : 0;
      assert.equal(upstream.take().length, code === "ok" && carried ? 2 : 0, id);
    }
    assert.ok(exact >= 100, `${exact} of ${cases.length}`);
    assert.deepEqual(problems(gate), []);
    // Each answer counts once, by the reason that is recorded.
    await gate.recorded(2 * exact, ({ event }) => event === "decision");
    // For those that no header carries.
    await pause(200);
    const refused = {};
    for (const { reason = "" } of gate.records()) if (reason.startsWith("token:")) refused[reason] = (refused[reason] ?? 0) + 1;
    const samples = await counted(gate);
    assert.deepEqual(Object.entries(refusalsOf(samples)).sort(), Object.entries(refused).sort());
    assert.ok(Object.keys(refused).length >= 15);
    assert.equal(samples['gatelaw_tokens_total{issuer="idp",result="accepted"}'], 2 * codes.filter(([, code]) => code === "ok").length);
  } finally {
    await gate.stop();
  }
});

test("F10: a clock that is two minutes off is suspected", async () => {
  const own = await startProvider([new Key("ES256")]);
  const gate = await started(artifactOf(policyOf(own, "leeway 30s")));
  try {
    for (const [at, [skew_s, answer, suspicion]] of SKEWS.entries()) {
      const now = Math.floor(Date.now() / 1000);
      const token = own.keys[0].sign(own.claims({ iat: now, exp: now + 60, jti: `${at}` }));
      // Keys are had by a clock that is right.
      if (at === 0) assert.equal(await asked(token, "/v1/items/a", gate), "200 ok");
      await gate.setClock(skew_s);
      const before_s = await counted(gate);
      assert.equal((await asked(token, "/v1/items/a", gate)).replace(" ok", ""), answer, `${skew_s}`);
      const came = Object.entries(await counted(gate)).filter(([name, count]) => name.startsWith("gatelaw_clock") && count !== (before_s[name] ?? 0));
      assert.deepEqual(came, suspicion === undefined ? [] : [[`gatelaw_clock_skew_suspected_total{issuer="own",${suspicion}}`, 1]], `${skew_s}`);
      await gate.setClock(0);
    }
  } finally {
    await gate.stop();
    await own.stop();
  }
});

test("what was counted is told in the log, and what came to adds up", async () => {
  const options = { policy: policyOf({ url: "https://own.example" }), bindings: { COUNTERS_S: 'json = "60"' } };
  await withOwn(options, async (own, gate) => {
    const told = (count) => gate.recorded(count, ({ event }) => event === "counters");
    const ask = (times) => Promise.all(Array.from({ length: times }, () => asked("x.y", "/v1/items/a", gate)));
    assert.deepEqual([...new Set(await ask(3))], ["401 token:format"]);
    assert.deepEqual(gate.records().filter(({ event }) => event === "counters"), []);
    await gate.setClock(61);
    await ask(1);
    const [first] = await told(1);
    assert.deepEqual([first.refused, Object.keys(first).sort()], [{ "token:format": 3 }, ["event", "issuers", "policy", "refused", "time"]]);
    assert.equal(first.issuers.own.key_fetches.begun, 1);
    await gate.setClock(122);
    await ask(2);
    assert.deepEqual((await told(2))[1].refused, { "token:format": 1 });
    // What is left of this policy's is told, and of the next one's what comes to.
    gate.store(artifactOf(`${options.policy}\nallow more { on GET /more  for anyone }`));
    const end = Date.now() + WAIT_MS;
    while ((await reasonOf(gate, "/more")) !== "200 ok") assert.ok(Date.now() < end, "the policy stays");
    const third = (await told(3))[2];
    assert.deepEqual([third.refused, third.policy], [{ "token:format": 2 }, first.policy]);
    const sum = async () => (await counted(gate))['gatelaw_token_refusals_total{code="token:format"}'];
    assert.equal(await sum(), 6);
    await ask(4);
    assert.equal(await sum(), 10);
    await gate.setClock(183);
    await ask(1);
    const fourth = (await told(4))[3];
    assert.deepEqual(fourth.refused, { "token:format": 4 });
    assert.notEqual(fourth.policy, first.policy);
  });
});

test("requests that come together have keys by one fetch", async () => {
  await withOwn({}, async (own, gate) => {
    assert.deepEqual(await askedTogether(gate, own.keys[0].sign(own.claims()), 60), ["200 ok"]);
    await pause(LOOK_MS + 500);
    assert.deepEqual(await askedTogether(gate, own.keys[0].sign(own.claims())), ["200 ok"]);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
    assert.deepEqual(problems(gate), []);
    assert.deepEqual((await gate.recorded(1, ({ event }) => event === "keys")).map(({ issuer }) => issuer), ["own"]);
  });
});

test("keys are fetched before a request with a token needs them", async () => {
  await withOwn({}, async (own, gate) => {
    assert.equal(await reasonOf(gate, "/open"), "200 ok");
    const end = Date.now() + WAIT_MS;
    while (own.times("/jwks") === 0 && Date.now() < end) await pause(20);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
  });
});

test("a new key is taken while requests run, and a removed one refused: no request fails before", async () => {
  const [old, fresh] = [new Key("ES256", "old"), new Key("ES256", "fresh")];
  await withOwn({ keysOf: [old] }, async (own, gate) => {
    const now = Math.floor(Date.now() / 1000);
    const at = (moment) => own.claims({}, now + moment);
    assert.equal(await asked(old.sign(at(0)), "/v1/items/a", gate), "200 ok");
    await gate.setClock(COOL_DOWN_S);
    own.keys = [old, fresh];
    own.serve();
    const stop = load(gate, "/v1/items/a", bearer(old.sign(at(COOL_DOWN_S))));
    assert.deepEqual(await askedTogether(gate, fresh.sign(at(COOL_DOWN_S))), ["200 ok"]);
    own.keys = [fresh];
    own.serve();
    await gate.setClock(2 * COOL_DOWN_S);
    assert.deepEqual(await askedTogether(gate, old.sign(at(2 * COOL_DOWN_S))), ["200 ok"], "the set is fresh");
    assert.deepEqual(Object.keys(await stop()), ["200 ok"]);
    assert.equal(own.times("/jwks"), 2);
    await gate.setClock(COOL_DOWN_S + FRESH_S);
    const later = old.sign(at(COOL_DOWN_S + FRESH_S));
    const end = Date.now() + WAIT_MS;
    while ((await asked(later, "/v1/items/a", gate)) !== "401 token:key") assert.ok(Date.now() < end, "the old key still counts");
    assert.equal(own.times("/jwks"), 3);
  });
});

test("stale keys serve while new ones are fetched", async () => {
  await withOwn({}, async (own, gate) => {
    const now = Math.floor(Date.now() / 1000);
    assert.equal(await asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate), "200 ok");
    let answer;
    own.answers["/jwks"] = (socket) => { answer = () => socket.end(json({ keys: own.keys.map(({ jwk }) => jwk) })); };
    await gate.setClock(FRESH_S);
    const later = own.keys[0].sign(own.claims({}, now + FRESH_S));
    const start = Date.now();
    assert.deepEqual(await askedTogether(gate, later), ["200 ok"]);
    assert.ok(Date.now() - start < LOOK_MS, "nobody waits");
    const end = Date.now() + WAIT_MS;
    while (own.times("/jwks") < 2) {
      assert.ok(Date.now() < end);
      await pause(20);
    }
    answer();
    assert.equal(await asked(later, "/v1/items/a", gate), "200 ok");
  });
});

test("unknown keys are asked for once in a cool-down, however many come", async () => {
  await withOwn({}, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.equal(await asked(good, "/v1/items/a", gate), "200 ok");
    await gate.setClock(COOL_DOWN_S);
    for (let round = 0; round < 5; round += 1) {
      const unknown = Array.from({ length: 40 }, (_, at) => own.keys[0].sign(own.claims(), { kid: `${round}-${at}` }));
      const reasons = await Promise.all(unknown.map((token) => asked(token, "/v1/items/a", gate)));
      assert.deepEqual([...new Set(reasons)], ["401 token:key"]);
    }
    assert.equal(await asked(good, "/v1/items/a", gate), "200 ok");
    assert.equal(own.times("/jwks"), 2);
    // Those that waited count by their last answer.
    const samples = await counted(gate);
    assert.equal(samples['gatelaw_key_fetches_begun_total{issuer="own"}'], 2);
    assert.equal(samples['gatelaw_key_fetches_total{issuer="own",outcome="succeeded"}'], 2);
    assert.equal(samples['gatelaw_token_refusals_total{issuer="own",code="token:key"}'], 200);
    assert.equal(samples['gatelaw_tokens_total{issuer="own",result="accepted"}'], 2);
    assert.equal(samples['gatelaw_tokens_total{issuer="own",result="keys_unavailable"}'], undefined);
  });
});

/** Tokens that are right in all but their key, which nobody has: nothing is signed, as nothing is verified. */
function unknownTokens(own, count, from) {
  const encode = (text) => Buffer.from(text).toString("base64url");
  const [payload, signature] = [encode(JSON.stringify(own.claims())), "A".repeat(86)];
  return Array.from({ length: count }, (_, at) => `${encode(`{"alg":"ES256","kid":"unknown-${from + at}"}`)}.${payload}.${signature}`);
}

/** Asks with each token, over so many connections at once, one request right behind the other; counts the answers by reason. */
async function flood({ port }, tokens, connections) {
  const reasons = new Map();
  const size = Math.ceil(tokens.length / connections);
  const ask = async (own) => {
    const head = (token, end) => `GET /v1/items/a HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer ${token}\r\n${end}\r\n`;
    const socket = connect(port, "127.0.0.1");
    socket.write(own.map((token, at) => head(token, at + 1 === own.length ? "Connection: close\r\n" : "")).join(""));
    const answers = Buffer.concat(await socket.toArray()).toString();
    const told = Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)[^{]*\{[^}]*"reason":"([^"]*)"/g), ([, status, reason]) => `${status} ${reason}`);
    for (const reason of told) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };
  const parts = Array.from({ length: connections }, (_, at) => tokens.slice(at * size, (at + 1) * size)).filter((part) => part.length > 0);
  await Promise.all(parts.map(ask));
  return Object.fromEntries(reasons);
}

test("ten thousand unknown key ids: one fetch in a cool-down, each is answered, good tokens go on, and memory stays", async (t) => {
  await withOwn({}, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.equal(await asked(good, "/v1/items/a", gate), "200 ok");
    assert.deepEqual(await flood(gate, unknownTokens(own, 1000, 0), 50), { "401 token:key": 1000 }, "they cool down");
    assert.equal(own.times("/jwks"), 1);
    // An endpoint that takes its time, so that requests wait for it.
    const document = json({ keys: own.keys.map(({ jwk }) => jwk) });
    own.answers["/jwks"] = (socket) => setTimeout(() => socket.end(document), 300);
    const before_bytes = gate.peakBytes;
    await gate.setClock(COOL_DOWN_S);
    const stop = load(gate, "/v1/items/a", bearer(good));
    const start = performance.now();
    const answered = await flood(gate, unknownTokens(own, 10_000, 1000), 100);
    const took_s = (performance.now() - start) / 1000;
    const served = await stop();
    t.diagnostic(`${Math.round(10_000 / took_s)} a second, ${served["200 ok"]} good ones beside them, ${((gate.peakBytes - before_bytes) / 2 ** 20).toFixed(1)} MiB more`);
    assert.deepEqual(answered, { "401 token:key": 10_000 });
    assert.deepEqual(Object.keys(served), ["200 ok"]);
    assert.equal(own.times("/jwks"), 2);
    assert.ok(gate.peakBytes - before_bytes < 128 * 2 ** 20, `${gate.peakBytes - before_bytes} bytes`);
    await gate.setClock(2 * COOL_DOWN_S);
    assert.deepEqual(await flood(gate, unknownTokens(own, 100, 20_000), 10), { "401 token:key": 100 });
    assert.equal(own.times("/jwks"), 3);
    const samples = await counted(gate);
    assert.equal(samples['gatelaw_key_fetches_begun_total{issuer="own"}'], 3);
    assert.equal(samples['gatelaw_token_refusals_total{issuer="own",code="token:key"}'], 11_100);
  });
});

/** What goes wrong at an endpoint, and what is told of it. */
const trickles = (begin) => (socket) => {
  socket.write(begin);
  const timer = setInterval(() => socket.write("a"), 200);
  socket.on("close", () => clearInterval(timer));
};
const head = (...lines) => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");
const FAULTS = [
  ["fails", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "fetch:status"],
  ["redirects", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "fetch:redirect"],
  ["is huge", json(`{"keys":[],"pad":"${"a".repeat(300 * 1024)}"}`), "fetch:size"],
  ["never ends", (socket) => { socket.write(head()); const timer = setInterval(() => socket.write("a".repeat(65536)), 5); socket.on("close", () => clearInterval(timer)); }, "fetch:size"],
  ["speaks HTML", json("<html></html>"), "keys:json"],
  ["has no keys any more", json({ keys: [] }), "keys:none"],
  ["shows private keys", json({ keys: [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", d: "AA" }] }), "keys:private"],
  ["is cut short", json({ keys: [] }).slice(0, -3), "fetch:unreachable"],
  ["hangs up", "", "fetch:unreachable"],
  ["trickles", trickles(head("Content-Length: 100000")), "fetch:slow"],
];

for (const [what, answer, told] of FAULTS) {
  test(`an endpoint that ${what}: keys that were had are kept, and none ever had deny`, async () => {
    await withOwn({}, async (own, gate) => {
      const good = own.keys[0].sign(own.claims());
      assert.equal(await asked(good, "/v1/items/a", gate), "200 ok");
      own.answers["/jwks"] = answer;
      await gate.setClock(COOL_DOWN_S);
      assert.equal(await asked(own.keys[0].sign(own.claims(), { kid: "x" }), "/v1/items/a", gate), "401 token:key");
      assert.deepEqual(await askedTogether(gate, good), ["200 ok"]);
      const [problem] = await toldProblems(gate, 1);
      assert.deepEqual([problem.what, problem.issuer, problem.code], ["keys", "own", told]);
    });
    await withOwn({ arrange: (own) => { own.answers["/jwks"] = answer; } }, async (own, gate) => {
      assert.deepEqual(await askedTogether(gate, own.keys[0].sign(own.claims())), ["503 keys_unavailable"]);
      assert.equal(own.times("/jwks"), 1);
      own.serve();
      await gate.setClock(COOL_DOWN_S);
      assert.deepEqual(await askedTogether(gate, own.keys[0].sign(own.claims())), ["200 ok"]);
      assert.equal((await gate.recorded(1, ({ event }) => event === "keys")).length, 1);
    });
  });
}

test("a slow endpoint holds nobody but those who need it, and them no longer than it may", async () => {
  await withOwn({ arrange: (own) => { own.answers["/jwks"] = () => {}; } }, async (own, gate) => {
    const start = Date.now();
    const waits = [1, 2].map(() => asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate));
    assert.equal(await reasonOf(gate, "/open"), "200 ok");
    assert.ok(Date.now() - start < 1500, `${Date.now() - start} ms`);
    assert.deepEqual(await Promise.all(waits), ["503 keys_unavailable", "503 keys_unavailable"]);
    assert.ok(Date.now() - start < TIME_MAX_MS + SLACK_MS, `${Date.now() - start} ms`);
  });
});

test("a slow issuer holds nobody who needs another one's keys", async () => {
  const slow = await startProvider([new Key("ES256", "slow")]);
  slow.answers["/jwks"] = () => {};
  const policy = (own) => `${policyOf(own)}\nissuer slow { url "${slow.url}"  audience "api"  algorithms ES256 }`;
  try {
    await withOwn({ policy }, async (own, gate) => {
      let isDecided = false;
      const first = asked(slow.keys[0].sign(slow.claims()), "/v1/items/a", gate).finally(() => { isDecided = true; });
      // Keys of its own that it lacks, while those of the other are still asked for.
      assert.deepEqual(await askedTogether(gate, own.keys[0].sign(own.claims())), ["200 ok"]);
      assert.equal(isDecided, false);
      assert.equal(await first, "503 keys_unavailable");
    });
  } finally {
    await slow.stop();
  }
});

test("a query of an endpoint's URL may be a secret, and is told nowhere", async () => {
  await withOwn({ policy: (own) => policyOf(own, `keys "${own.url}/jwks?key=hush"`) }, async (own, gate) => {
    assert.equal(await asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate), "503 keys_unavailable");
    assert.deepEqual(own.asked, ["/jwks?key=hush"]);
    const [{ message }] = await toldProblems(gate, 1);
    assert.equal(message, `${own.url}/jwks?…: the endpoint answered 404`);
    assert.ok(!JSON.stringify(gate.records()).includes("hush"));
  });
});

test("a client that goes away takes no fetch with it", async () => {
  let answer;
  const arrange = (own) => { own.answers["/jwks"] = (socket) => { answer = () => socket.end(json({ keys: own.keys.map(({ jwk }) => jwk) })); }; };
  await withOwn({ arrange }, async (own, gate) => {
    const leaves = new AbortController();
    const token = own.keys[0].sign(own.claims());
    const gone = fetch(`${gate.url}/v1/items/a`, { ...bearer(token), signal: leaves.signal }).catch(() => "gone");
    while (answer === undefined) await pause(10);
    const stays = asked(token, "/v1/items/a", gate);
    leaves.abort();
    assert.equal(await gone, "gone");
    await pause(100);
    answer();
    assert.equal(await stays, "200 ok");
    assert.equal(own.times("/jwks"), 1);
  });
});

for (const [what, document, told] of [
  ["of another issuer", () => ({ issuer: "https://other.example", jwks_uri: "https://other.example/jwks" }), "discovery:issuer"],
  ["that names no keys", ({ url }) => ({ issuer: url }), "discovery:keys"],
  ["that names keys over http elsewhere", ({ url }) => ({ issuer: url, jwks_uri: "http://169.254.169.254/latest" }), "discovery:keys"],
]) {
  test(`a discovery document ${what} is refused`, async () => {
    await withOwn({ arrange: (own) => { own.answers[DISCOVERY] = json(document(own)); } }, async (own, gate) => {
      assert.equal(await asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate), "503 keys_unavailable");
      assert.equal(own.times("/jwks"), 0);
      assert.equal((await toldProblems(gate, 1))[0].code, told);
    });
  });
}

test("a clock that jumps back or far ahead lets no old token in", async () => {
  await withOwn({}, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.equal(await asked(good, "/v1/items/a", gate), "200 ok");
    const now = Math.floor(Date.now() / 1000);
    for (const [offset_s, expected] of [
      [-3600, "401 token:not_yet_valid"], [3600, "401 token:expired"], [0, "200 ok"],
      // 1970, 2038, 2106, and a year of five digits.
      [1 - now, "401 token:not_yet_valid"], [2 ** 31 - now, "401 token:expired"], [2 ** 32 - now, "401 token:expired"], [3e11, "401 token:expired"],
      [0, "200 ok"],
    ]) {
      await gate.setClock(offset_s);
      assert.equal(await asked(good, "/v1/items/a", gate), expected, String(offset_s));
    }
  });
});

const setOf = (...of) => ({ keys: of.map(({ jwk }) => jwk) });

test("a key set that comes with the Worker is taken, and nobody asked", async () => {
  const own = new Key("ES256", "static");
  await withOwn({ keys: { cache: false, sets: { own: setOf(own) } } }, async (issuer, gate) => {
    assert.equal(await asked(own.sign(issuer.claims()), "/v1/items/a", gate), "200 ok");
    assert.equal(await asked(issuer.keys[0].sign(issuer.claims()), "/v1/items/a", gate), "401 token:key");
    assert.deepEqual(issuer.asked, []);
  });
});

for (const [what, sets, code] of [
  ["an issuer that the policy doesn't have", { other: setOf(new Key("ES256")) }, "keys:issuer"],
  ["what is no key set", { own: "garbage" }, "keys:json"],
]) {
  test(`keys for ${what} are told, and deny`, async () => {
    await withOwn({ keys: { cache: false, sets } }, async (issuer, gate) => {
      assert.equal(await asked(issuer.keys[0].sign(issuer.claims()), "/v1/items/a", gate), "503 gate:policy");
      assert.equal((await toldProblems(gate, 1))[0].code, code);
    });
  });
}

test("the next policy has the keys of the one before, and remembers no caller of it", async () => {
  await withOwn({}, async (own, gate) => {
    const token = own.keys[0].sign(own.claims({ groups: ["staff"] }));
    assert.equal(await asked(token, "/v1/staff", gate), "200 ok");
    gate.store(artifactOf(policyOf(own).replace("as named { staff }", '{ "boss" -> staff }')));
    const end = Date.now() + WAIT_MS;
    while ((await asked(token, "/v1/staff", gate)) !== "403 no_rule") assert.ok(Date.now() < end, gate.log);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
  });
});

test("what is known of an issuer is not taken for another one's", async () => {
  await withOwn({}, async (own, gate) => {
    const token = own.keys[0].sign(own.claims());
    assert.equal(await asked(token, "/v1/items/a", gate), "200 ok");
    // The same place of discovery, and another issuer.
    const other = own.keys[0].sign(own.claims({ iss: `${own.url}/` }));
    gate.store(artifactOf(policyOf({ url: `${own.url}/` })));
    const end = Date.now() + WAIT_MS;
    while ((await asked(other, "/v1/items/a", gate)) !== "503 keys_unavailable") assert.ok(Date.now() < end, gate.log);
    assert.equal(await asked(token, "/v1/items/a", gate), "401 token:issuer");
    assert.equal(await reasonOf(gate, "/open"), "200 ok");
    assert.deepEqual((await toldProblems(gate, 1)).map(({ what, code }) => [what, code]), [["keys", "discovery:issuer"]]);
  });
});

test("an instance that dies denies its request, and the next one has the keys", async () => {
  await withOwn({}, async (own, gate) => {
    const token = own.keys[0].sign(own.claims());
    assert.equal(await asked(token, "/v1/items/a", gate), "200 ok");
    const { status, body } = await fetchFrom(gate, "/v1/items/a", bearer(token, { "test-trap": "1" }));
    assert.deepEqual([status, JSON.parse(body).reason], [503, "gate:trap"]);
    assert.equal(await asked(token, "/v1/items/a", gate), "200 ok");
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
  });
});

/** Another gate, whose memory is its own, as in another isolate. */
const OTHER = { "test-gate": "1" };
const STORES = [
  ["the cache", { keys: {}, hasCache: true }],
  ["KV", { keys: { cache: false, binding: "STORE" }, bindings: { STORE: 'kvNamespace = "kv"' } }],
];

for (const [name, options] of STORES) {
  test(`what one isolate fetched another one has from ${name}`, async () => {
    await withOwn(options, async (own, gate) => {
      const token = own.keys[0].sign(own.claims());
      assert.equal(await asked(token, "/v1/items/a", gate), "200 ok");
      assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
      const end = Date.now() + WAIT_MS;
      // It is kept beside the answer.
      while (name === "KV" && gate.stored().length < 2) {
        assert.ok(Date.now() < end);
        await pause(10);
      }
      own.answers = {};
      assert.equal(await reasonOf(gate, "/v1/items/a", bearer(token, OTHER)), "200 ok");
      assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
      assert.deepEqual(problems(gate), []);
    });
  });

  test(`a key that ${name} doesn't have is asked for where it is, and kept then`, async () => {
    const [old, fresh] = [new Key("ES256", "old"), new Key("ES256", "fresh")];
    await withOwn({ ...options, keysOf: [old] }, async (own, gate) => {
      assert.equal(await asked(old.sign(own.claims()), "/v1/items/a", gate), "200 ok");
      own.keys = [old, fresh];
      own.serve();
      await gate.setClock(COOL_DOWN_S);
      const token = fresh.sign(own.claims());
      assert.equal(await reasonOf(gate, "/v1/items/a", bearer(token, OTHER)), "200 ok");
      assert.equal(own.times("/jwks"), 2);
      // The first isolate sees that another one fetched meanwhile.
      assert.equal(await asked(token, "/v1/items/a", gate), "200 ok");
      assert.equal(own.times("/jwks"), 2);
    });
  });

  test(`what ${name} has of keys from long ago counts only where their endpoint fails`, async () => {
    const [old, fresh] = [new Key("ES256", "old"), new Key("ES256", "fresh")];
    await withOwn({ ...options, keysOf: [old] }, async (own, gate) => {
      const now = Math.floor(Date.now() / 1000) + DAY_S;
      assert.equal(await asked(old.sign(own.claims()), "/v1/items/a", gate), "200 ok");
      await gate.setClock(DAY_S);
      own.answers = {};
      assert.equal(await reasonOf(gate, "/v1/items/a", bearer(old.sign(own.claims({}, now)), OTHER)), "200 ok", "the endpoint fails");
    });
    await withOwn({ ...options, keysOf: [old] }, async (own, gate) => {
      const now = Math.floor(Date.now() / 1000) + DAY_S;
      assert.equal(await asked(old.sign(own.claims()), "/v1/items/a", gate), "200 ok");
      await gate.setClock(DAY_S);
      own.keys = [fresh];
      own.serve();
      assert.equal(await reasonOf(gate, "/v1/items/a", bearer(old.sign(own.claims({}, now)), OTHER)), "401 token:key", "who took it away meant it");
    });
  });
}

for (const garbage of ["", "garbage", "99999999999 \n{}", "12 \n{}", "1 max-age=600\n{\"keys\":[]}"]) {
  test(`what KV has that is no document of keys is passed over: ${JSON.stringify(garbage)}`, async () => {
    const [, options] = STORES[1];
    await withOwn(options, async (own, gate) => {
      const names = [DISCOVERY, "/jwks"].map((path) => encodeURIComponent(`keys:${own.url}${path}`).replace(/%3A|%/g, "_"));
      for (const name of names) gate.store(garbage, name);
      assert.equal(await asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate), "200 ok");
      assert.deepEqual(gate.stored().sort(), names.sort());
    });
  });
}

test("a store that isn't there is as one that has nothing", async () => {
  await withOwn({ keys: { cache: true, binding: "NOWHERE" } }, async (own, gate) => {
    assert.equal(await asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate), "200 ok");
    assert.deepEqual(problems(gate), []);
  });
});

test("tokens stand where their issuer says, and two at once are refused", async () => {
  await withOwn({}, async (own, gate) => {
    const token = own.keys[0].sign(own.claims());
    gate.store(artifactOf(policyOf(own, 'token header "x-own"  token cookie "session"') + '\nforward bare { remove "authorization"  remove "x-own" }'));
    const reason = (headers) => reasonOf(gate, "/v1/items/a", { headers });
    const end = Date.now() + WAIT_MS;
    while ((await reason({ "x-own": token })) !== "200 ok") assert.ok(Date.now() < end, gate.log);
    upstream.take();
    assert.equal(await reason({ cookie: `a=1; session=${token}` }), "200 ok");
    assert.equal(await reason({ cookie: `session=${token}`, "x-own": token }), "400 refused:two-tokens");
    assert.equal(await reason({ "x-own": token }), "200 ok");
    const [, { headers }] = upstream.take();
    assert.deepEqual(headers.filter(([name]) => /own|authorization/i.test(name)), [], "what the policy removes doesn't go on");
  });
});

test("a token that is bound to a certificate counts with that one alone, as Cloudflare verified it", async () => {
  const hash = "0123456789abcdef".repeat(4);
  const certificate = { certPresented: "1", certVerified: "SUCCESS", certRevoked: "0", certFingerprintSHA256: hash };
  await withOwn({ cf: {} }, async (own, gate) => {
    const cnf = { "x5t#S256": Buffer.from(hash, "hex").toString("base64url") };
    const token = own.keys[0].sign(own.claims({ cnf }));
    const reason = async (tlsClientAuth) => (await gate.fetch("/v1/items/a", { ...bearer(token), cf: { tlsClientAuth } })).json().then(({ reason }) => reason, () => "allowed");
    for (let time = 0; time < 2; time += 1) {
      assert.equal(await reason(certificate), "allowed");
      assert.equal(await reason(undefined), "token:claims");
      assert.equal(await reason({ ...certificate, certFingerprintSHA256: "f".repeat(64) }), "token:claims");
      assert.equal(await reason({ ...certificate, certVerified: "FAILED:self signed certificate" }), "token:claims");
      assert.equal(await reason({ ...certificate, certRevoked: "1" }), "token:claims");
    }
  });
});
