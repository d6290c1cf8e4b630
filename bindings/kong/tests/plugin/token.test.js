// Tokens at the plugin: judged by keys that it fetches itself, in the background, once for all workers.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startUpstream } from "../../../worker/test/upstream.js";
import { fetchFrom, reasonOf } from "./client.js";
import { json } from "./endpoint.js";
import { load } from "./load.js";
import { samplesOf, SKEWS } from "./metrics.js";
import { startKong } from "./nginx.js";
import { artifactOf } from "./policies.js";
import { ASYMMETRIC, INVALID_TOKENS, Key, startProvider } from "./provider.js";

const DISCOVERY = "/.well-known/openid-configuration";
const COOL_DOWN_S = 30;
const FRESH_S = 600;
const WORKERS = 2;
/** For what happens in the background, on a machine that has other work. */
const WAIT_MS = 20_000;

const policyOf = ({ url }, more = "") => `
issuer own {
  url        "${url}"
  audience   "api"
  algorithms ${ASYMMETRIC.join(", ")}
  roles      claim groups as named { staff }
  ${more}
}
role staff
allow items { on GET /v1/items/**  for authenticated }
allow staff { on GET /v1/staff  for staff }
allow open { on GET /open  for anyone }
forward who { for authenticated  set "x-user" = user.id }
`;

const keys = ASYMMETRIC.map((alg) => new Key(alg));
const key = (alg) => keys.find((other) => other.alg === alg);
const upstream = await startUpstream();
let provider;
let kong;

before(async () => {
  provider = await startProvider(keys);
  kong = await startKong({ upstream: upstream.port, policy: artifactOf(policyOf(provider)), workers: WORKERS });
});
beforeEach(() => upstream.take());
after(async () => {
  await kong.stop();
  await provider.stop();
  await upstream.stop();
});

const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });
const asked = (token, path = "/v1/items/a", gate = kong) => reasonOf(gate, path, bearer(token));

/** Answers what all workers of a gate counted; some of it a second later. */
const counted = async (gate) => samplesOf((await fetchFrom(gate, "/gatelaw/metrics")).body);

/** Answers what was counted, once it is what is expected of one sample, or too much time went by. */
async function countedOnce(gate, sample, value) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const samples = await counted(gate);
    if (samples[sample] === value || Date.now() > end) return samples;
    await pause(50);
  }
}

/** Runs a gate and an issuer of their own. */
async function withOwn(options, run) {
  const own = await startProvider(options.keys ?? [new Key("ES256")]);
  const { arrange, policy = policyOf(own), ...more } = options;
  arrange?.(own);
  const gate = await startKong({ upstream: upstream.port, policy: artifactOf(typeof policy === "function" ? policy(own) : policy), clock: true, ...more });
  try {
    await run(own, gate);
    assert.ok(gate.runs, "nginx is alive");
  } finally {
    await gate.stop();
    await own.stop();
  }
}

/** Asks over so many connections that each worker is asked, and answers the reasons that came. */
async function askedOfAll(gate, token, times = 24) {
  const reasons = new Set();
  await Promise.all(Array.from({ length: times }, async () => reasons.add(await asked(token, "/v1/items/a", gate))));
  return [...reasons];
}

for (const alg of ASYMMETRIC) {
  test(`a token of ${alg} says who asks`, async () => {
    const token = key(alg).sign(provider.claims());
    assert.equal(await asked(token), "200 ok");
    assert.equal(await asked(token), "200 ok", "remembered");
    const [sent] = upstream.take();
    assert.deepEqual(sent.headers.filter(([name]) => name.toLowerCase() === "x-user"), [["x-user", "u1"]]);
  });
}

test("roles come from claims, and Kong learns who was let in", async () => {
  await withOwn({}, async (own, gate) => {
    const [signer] = own.keys;
    assert.equal(await asked(signer.sign(own.claims({ groups: ["staff"] })), "/v1/staff", gate), "200 ok");
    const [record] = await gate.records(1);
    assert.deepEqual([record.credential, record.groups], [{ id: "own/u1", issuer: "own", subject: "u1" }, ["staff"]]);
    assert.equal(await asked(signer.sign(own.claims({ groups: ["admin"] })), "/v1/staff", gate), "403 no_rule");
  });
});

test("a denied token is challenged, and nothing goes on, on a public path either", async () => {
  const expired = key("ES256").sign(provider.claims({ iat: 1, exp: 2 }));
  const { status, headers, body } = await fetchFrom(kong, "/open", bearer(expired));
  assert.equal(status, 401);
  assert.equal(headers["www-authenticate"], 'Bearer error="invalid_token"');
  assert.equal(JSON.parse(body).reason, "token:expired");
  assert.ok(!body.includes(expired), "the token isn't told");
  assert.deepEqual(upstream.take(), []);
  assert.equal(await reasonOf(kong, "/v1/items/a"), "401 unauthenticated");
});

test("what only begins as a bearer token does is denied, on a public path too", async () => {
  const token = key("ES256").sign(provider.claims());
  // A space beyond ASCII, as its bytes in UTF-8.
  for (const value of [`Bearer${token}`, `Bearer:${token}`, `Bearer\xc2\xa0${token}`, `\xc2\xa0Bearer ${token}`]) {
    assert.equal(await reasonOf(kong, "/open", { headers: { authorization: value } }), "401 token:format", value);
  }
  assert.deepEqual(upstream.take(), []);
});

for (const [code, make] of INVALID_TOKENS) {
  test(`a token that isn't valid: ${code}, ${make.toString().slice(9, 60)}`, async () => {
    assert.equal(await asked(make(provider)), `401 token:${code}`);
    assert.deepEqual(upstream.take(), []);
  });
}

test("all workers have keys by one fetch", async () => {
  await withOwn({ workers: 4 }, async (own, gate) => {
    assert.deepEqual(await askedOfAll(gate, own.keys[0].sign(own.claims()), 60), ["200 ok"]);
    // Longer than each worker looks whether keys are due.
    await pause(1500);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
    assert.deepEqual(await gate.errors(), []);
  });
});

test("without the shared dictionary each worker fetches for itself", async () => {
  await withOwn({ workers: 2, shared: false }, async (own, gate) => {
    assert.deepEqual(await askedOfAll(gate, own.keys[0].sign(own.claims())), ["200 ok"]);
    await pause(1500);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [2, 2]);
  });
});

test("keys are fetched before a request needs them", async () => {
  await withOwn({}, async (own, gate) => {
    const end = Date.now() + WAIT_MS;
    while (own.times("/jwks") === 0 && Date.now() < end) await pause(20);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
    assert.deepEqual((await gate.records()), []);
  });
});

test("a new key is taken while requests run, and a removed one refused: no request fails before", async () => {
  const [old, fresh] = [new Key("ES256", "old"), new Key("ES256", "fresh")];
  await withOwn({ keys: [old] }, async (own, gate) => {
    const now = Math.floor(Date.now() / 1000);
    const at = (moment) => own.claims({}, now + moment);
    assert.deepEqual(await askedOfAll(gate, old.sign(at(0))), ["200 ok"]);
    gate.setClock(COOL_DOWN_S);
    own.keys = [old, fresh];
    own.serve();
    const stop = load(gate, "/v1/items/a", bearer(old.sign(at(COOL_DOWN_S))));
    assert.deepEqual(await askedOfAll(gate, fresh.sign(at(COOL_DOWN_S))), ["200 ok"]);
    assert.deepEqual(Object.keys(await stop()), ["200 ok"]);
    assert.equal(own.times("/jwks"), 2);
    own.keys = [fresh];
    own.serve();
    // Fresh still: nobody asks, and the old key counts until the set is stale.
    gate.setClock(2 * COOL_DOWN_S);
    assert.deepEqual(await askedOfAll(gate, old.sign(at(2 * COOL_DOWN_S))), ["200 ok"]);
    gate.setClock(COOL_DOWN_S + FRESH_S);
    const later = old.sign(at(COOL_DOWN_S + FRESH_S));
    const end = Date.now() + WAIT_MS;
    // Which worker answers is not ours to say: one may not be asked in a round.
    for (let refused = 0; refused < 5; ) {
      refused = (await askedOfAll(gate, later)).includes("200 ok") ? 0 : refused + 1;
      assert.ok(Date.now() < end, "the old key still counts");
    }
    assert.deepEqual(await askedOfAll(gate, later), ["401 token:key"]);
    assert.equal(own.times("/jwks"), 3);
  });
});

test("unknown keys are asked for once in a cool-down, however many come", async () => {
  await withOwn({}, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
    gate.setClock(COOL_DOWN_S);
    for (let round = 0; round < 5; round += 1) {
      const reasons = await Promise.all(Array.from({ length: 40 }, (_, at) => asked(own.keys[0].sign(own.claims(), { kid: `${round}-${at}` }), "/v1/items/a", gate)));
      assert.deepEqual([...new Set(reasons)], ["401 token:key"]);
    }
    assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
    assert.equal(own.times("/jwks"), 2);
    // Those that waited count by their last answer. Each worker takes the keys that one of them fetches.
    const samples = await countedOnce(gate, 'gatelaw_tokens_total{issuer="own",result="accepted"}', 48);
    assert.equal(samples['gatelaw_token_refusals_total{issuer="own",code="token:key"}'], 200);
    assert.equal(samples['gatelaw_tokens_total{issuer="own",result="accepted"}'], 48);
    assert.equal(samples['gatelaw_tokens_total{issuer="own",result="keys_unavailable"}'], undefined);
    const [begun, succeeded] = ['begun_total{issuer="own"}', 'total{issuer="own",outcome="succeeded"}'].map((end) => samples[`gatelaw_key_fetches_${end}`]);
    assert.ok(begun === succeeded && begun >= WORKERS && begun <= 2 * WORKERS, `${begun} begun, ${succeeded} succeeded`);
  });
});

test("F10: a clock that is two minutes off is suspected", async () => {
  await withOwn({ workers: 1, policy: (own) => policyOf(own, "leeway 30s") }, async (own, gate) => {
    for (const [at, [skew_s, answer, suspicion]] of SKEWS.entries()) {
      const now = Math.floor(Date.now() / 1000);
      const token = own.keys[0].sign(own.claims({ iat: now, exp: now + 60, jti: `${at}` }));
      // Keys are had by a clock that is right.
      if (at === 0) assert.equal(await asked(token, "/v1/items/a", gate), "200 ok");
      gate.setClock(skew_s);
      const before_s = await counted(gate);
      assert.equal((await asked(token, "/v1/items/a", gate)).replace(" ok", ""), answer, `${skew_s}`);
      const came = Object.entries(await counted(gate)).filter(([name, count]) => name.startsWith("gatelaw_clock") && count !== (before_s[name] ?? 0));
      assert.deepEqual(came, suspicion === undefined ? [] : [[`gatelaw_clock_skew_suspected_total{issuer="own",${suspicion}}`, 1]], `${skew_s}`);
      gate.setClock(0);
    }
  });
});

test("what all workers counted is one sum, which outlives a worker and a policy", async () => {
  const bad = 'gatelaw_token_refusals_total{code="token:format"}';
  await withOwn({ workers: 2, conf: { check_s: 1 } }, async (own, gate) => {
    const { headers } = await fetchFrom(gate, "/gatelaw/metrics");
    assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert.deepEqual(await askedOfAll(gate, "x.y", 40), ["401 token:format"]);
    assert.equal((await countedOnce(gate, bad, 40))[bad], 40);
    gate.store(artifactOf(`${policyOf(own)}\nallow next { on GET /next  for anyone }`));
    const end = Date.now() + WAIT_MS;
    for (let taken = 0; taken < 20; ) {
      taken = (await reasonOf(gate, "/next")) === "200 ok" ? taken + 1 : 0;
      assert.ok(Date.now() < end, "the policy stays");
    }
    assert.deepEqual(await askedOfAll(gate, "x.y", 24), ["401 token:format"]);
    assert.equal((await countedOnce(gate, bad, 64))[bad], 64);
    await gate.reload();
    assert.equal(await asked("x.y", "/v1/items/a", gate), "401 token:format");
    assert.equal((await countedOnce(gate, bad, 65))[bad], 65);
    await pause(1200);
    assert.equal((await counted(gate))[bad], 65, "nothing counts twice");
    assert.deepEqual(await gate.errors(), []);
  });
});

/** What goes wrong at an endpoint, and what is told of it. */
const FAULTS = [
  ["fails", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", /status 500/],
  ["redirects", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", /status 302/],
  ["is huge", json(`{"keys":[],"pad":"${"a".repeat(300 * 1024)}"}`), /more than 262144 bytes/],
  ["speaks HTML", json("<html></html>"), /keys:/],
  ["has no keys any more", json({ keys: [] }), /keys:none/],
  ["hangs up", "", /closed/],
];

for (const [what, answer, told] of FAULTS) {
  test(`an endpoint that ${what}: keys that were had are kept, and none ever had deny`, async () => {
    await withOwn({}, async (own, gate) => {
      const good = own.keys[0].sign(own.claims());
      assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
      own.answers["/jwks"] = answer;
      gate.setClock(COOL_DOWN_S);
      assert.equal(await asked(own.keys[0].sign(own.claims(), { kid: "x" }), "/v1/items/a", gate), "401 token:key");
      assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
      assert.match((await gate.errors(1))[0], told);
    });
    await withOwn({ arrange: (own) => { own.answers["/jwks"] = answer; } }, async (own, gate) => {
      assert.deepEqual(await askedOfAll(gate, own.keys[0].sign(own.claims())), ["503 keys_unavailable"]);
      assert.equal(own.times("/jwks"), 1);
      for (const error of await gate.errors(2)) assert.match(error, told);
      own.serve();
      gate.setClock(COOL_DOWN_S);
      assert.deepEqual(await askedOfAll(gate, own.keys[0].sign(own.claims())), ["200 ok"]);
    });
  });
}

test("a slow endpoint holds nobody but those who need it, and them no longer than it may", async () => {
  await withOwn({ arrange: (own) => { own.answers["/jwks"] = () => {}; } }, async (own, gate) => {
    const waits = asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate);
    const start = Date.now();
    assert.equal(await reasonOf(gate, "/open"), "200 ok");
    assert.ok(Date.now() - start < 1000);
    assert.equal(await waits, "503 keys_unavailable");
    assert.ok(Date.now() - start < 8000);
  });
});

test("what a fetch gets that was given up is left to the one after it", async () => {
  const arrange = (own) => {
    const discovered = own.answers[DISCOVERY];
    // By then the clock has jumped, and a tick has begun the next fetch.
    own.answers[DISCOVERY] = (socket) => setTimeout(() => socket.end(discovered, "latin1"), 2500);
    own.answers["/jwks"] = FAULTS[0][1];
  };
  await withOwn({ arrange, workers: 1 }, async (own, gate) => {
    const waits = asked(own.keys[0].sign(own.claims()), "/v1/items/a", gate);
    await pause(200);
    gate.setClock(COOL_DOWN_S);
    assert.equal(await waits, "503 keys_unavailable");
    await pause(200);
    const begun = (await countedOnce(gate, 'gatelaw_key_fetches_begun_total{issuer="own"}', 2))['gatelaw_key_fetches_begun_total{issuer="own"}'];
    assert.deepEqual([begun, own.times(DISCOVERY), own.times("/jwks")], [2, 1, 1]);
    for (const error of await gate.errors(1)) assert.match(error, FAULTS[0][2]);
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
      assert.deepEqual(await askedOfAll(gate, own.keys[0].sign(own.claims())), ["200 ok"]);
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
    const errors = (await gate.errors(1)).join("");
    assert.match(errors, /\/jwks\?\.\.\.: status 404/);
    assert.ok(!errors.includes("hush"));
  });
});

for (const [what, document, code] of [
  ["of another issuer", () => ({ issuer: "https://other.example", jwks_uri: "https://other.example/jwks" }), /discovery:issuer/],
  ["that names no keys", ({ url }) => ({ issuer: url }), /discovery:keys/],
  ["that names keys over http elsewhere", ({ url }) => ({ issuer: url, jwks_uri: "http://169.254.169.254/latest" }), /discovery:keys/],
]) {
  test(`a discovery document ${what} is refused`, async () => {
    await withOwn({ arrange: (own) => { own.answers[DISCOVERY] = json(document(own)); } }, async (own, gate) => {
      assert.deepEqual(await askedOfAll(gate, own.keys[0].sign(own.claims())), ["503 keys_unavailable"]);
      assert.equal(own.times("/jwks"), 0);
      assert.match((await gate.errors(1))[0], code);
    });
  });
}

test("a clock that jumps back or far ahead lets no old token in", async () => {
  await withOwn({}, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
    for (const [offset_s, expected] of [[-3600, "401 token:not_yet_valid"], [3600, "401 token:expired"], [0, "200 ok"], [-1.8e9, "401 token:not_yet_valid"], [4e9, "401 token:expired"]]) {
      gate.setClock(offset_s);
      assert.deepEqual(await askedOfAll(gate, good), [expected], String(offset_s));
    }
  });
});

const STATIC = (keyList) => JSON.stringify({ keys: keyList.map((one) => one.jwk) });

test("a key set in the configuration is taken, and nobody asked", async () => {
  const own = new Key("ES256", "static");
  await withOwn({ conf: { keys: [{ issuer: "own", document: STATIC([own]) }] } }, async (issuer, gate) => {
    assert.deepEqual(await askedOfAll(gate, own.sign(issuer.claims())), ["200 ok"]);
    assert.equal(await asked(issuer.keys[0].sign(issuer.claims()), "/v1/items/a", gate), "401 token:key");
    assert.deepEqual(issuer.asked, []);
  });
});

test("a key set in a file is looked at again; a bad one is told once and changes nothing", async () => {
  const [first, second] = [new Key("ES256", "first"), new Key("ES256", "second")];
  const path = join(kong.folder, "jwks.json");
  writeFileSync(path, STATIC([first]));
  await withOwn({ workers: 1, conf: { check_s: 0.05, keys: [{ issuer: "own", path }] } }, async (issuer, gate) => {
    const claims = issuer.claims();
    const until = async (signer, expected) => {
      const end = Date.now() + WAIT_MS;
      while (await asked(signer.sign(claims), "/v1/items/a", gate) !== expected) assert.ok(Date.now() < end, `never ${expected}`);
    };
    await until(first, "200 ok");
    writeFileSync(path, "garbage");
    await pause(300);
    await until(first, "200 ok");
    assert.equal((await gate.errors(1)).length, 1);
    assert.match((await gate.errors(1))[0], /config\.keys\[1\]: keys:.*sha256:[0-9a-f]{64} stays in force/);
    writeFileSync(path, STATIC([second]));
    await until(second, "200 ok");
    await until(first, "401 token:key");
  });
});

test("a key set in a vault is taken when Kong has a new one; where it has none, nothing changes", async () => {
  const [first, second] = [new Key("ES256", "first"), new Key("ES256", "second")];
  // Kong puts what a reference stands for into the configuration, and puts it there anew; where a vault fails, an empty text.
  const probe = 'return function() require("pdk").settings.conf.keys[1].document = ngx.unescape_uri(ngx.var.arg_document) return "ok" end';
  const keys = [{ issuer: "own", document: STATIC([first]), $refs: { document: "{vault://env/jwks}" } }];
  const conf = { check_s: 0.05, keys };
  await withOwn({ workers: 1, conf, modules: { probe } }, async (issuer, gate) => {
    const put = (document) => fetchFrom(gate, `/probe?document=${encodeURIComponent(document)}`);
    const claims = issuer.claims();
    const until = async (signer, expected) => {
      const end = Date.now() + WAIT_MS;
      while (await asked(signer.sign(claims), "/v1/items/a", gate) !== expected) assert.ok(Date.now() < end, `never ${expected}`);
    };
    await until(first, "200 ok");
    await put(STATIC([second]));
    await until(second, "200 ok");
    await until(first, "401 token:key");
    await put("");
    await pause(300);
    await until(second, "200 ok");
    assert.match((await gate.errors(1))[0], /config\.keys\[1\]: keys:json.*stays in force/);
    assert.deepEqual(issuer.asked, []);
  });
});

test("a new policy has the keys of the one before, where nobody else has them any more", async () => {
  const probe = "return function() ngx.shared.gatelaw:flush_all() return 'ok' end";
  await withOwn({ workers: 1, conf: { check_s: 0.05 }, modules: { probe } }, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
    for (const path of ["/jwks", DISCOVERY]) own.answers[path] = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
    assert.equal((await fetchFrom(gate, "/probe")).body, "ok\n");
    gate.store(artifactOf(`${policyOf(own)}\nallow next { on GET /next  for anyone }`));
    const end = Date.now() + WAIT_MS;
    while (await reasonOf(gate, "/next") !== "200 ok") assert.ok(Date.now() < end, "the new policy is not taken");
    assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
  });
});

test("keys for an issuer that the policy doesn't have are told, and deny", async () => {
  await withOwn({ conf: { keys: [{ issuer: "other", document: STATIC([new Key("ES256")]) }] } }, async (issuer, gate) => {
    assert.deepEqual(await askedOfAll(gate, issuer.keys[0].sign(issuer.claims())), ["503 gate:policy"]);
    assert.match((await gate.errors(1))[0], /abi:issuer.*`other`/);
  });
});

test("a token comes from where its issuer says, and two are refused", async () => {
  const policy = (own) => policyOf(own, 'token cookie "session"\n  token header "x-token"');
  await withOwn({ policy }, async (own, gate) => {
    const token = own.keys[0].sign(own.claims());
    for (const headers of [{ cookie: `session=${token}` }, { "x-token": token }]) {
      assert.equal(await reasonOf(gate, "/v1/items/a", { headers }), "200 ok");
    }
    assert.equal(await reasonOf(gate, "/v1/items/a", { headers: { cookie: `session=${token}`, "x-token": token } }), "400 refused:two-tokens");
    assert.equal(await reasonOf(gate, "/v1/items/a", { headers: { authorization: "Basic dTpw" } }), "401 unauthenticated");
  });
});

test("nginx reloads under load with tokens: no request fails, and keys stay", async () => {
  await withOwn({ workers: 2 }, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
    const stop = load(gate, "/v1/items/a", bearer(good));
    for (let reload = 0; reload < 10; reload += 1) await gate.reload();
    const answers = await stop();
    assert.deepEqual(Object.keys(answers), ["200 ok"]);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
  });
});

test("policies are swapped under load with tokens: keys are kept, without anything shared", async () => {
  await withOwn({ conf: { check_s: 0.01 }, workers: 1, shared: false }, async (own, gate) => {
    const good = own.keys[0].sign(own.claims());
    assert.deepEqual(await askedOfAll(gate, good), ["200 ok"]);
    const stop = load(gate, "/v1/items/a", bearer(good));
    for (let version = 0; version < 20; version += 1) {
      gate.store(artifactOf(`${policyOf(own)}\nallow v${version} { on GET /v${version}  for anyone }`));
      await pause(25);
    }
    assert.deepEqual(Object.keys(await stop()), ["200 ok"]);
    assert.deepEqual([own.times(DISCOVERY), own.times("/jwks")], [1, 1]);
  });
});
