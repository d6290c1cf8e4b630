// Keys that are fetched, from an endpoint on this machine that does all that an endpoint may do wrong.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { Gate, KeyFetcher, Policy, Verifier } from "gatelaw";
import { compile } from "gatelaw/compiler";
import { documentOf } from "../js/internal/document.js";

const plugin = (file) => import(pathToFileURL(join(process.env.GATELAW_REPOSITORY, "bindings/kong/tests/plugin", file)));
const { Key, startProvider } = await plugin("provider.js");
const { json, startEndpoint } = await plugin("endpoint.js");

const DISCOVERY = "/.well-known/openid-configuration";
const BYTES_MAX = 256 * 1024;
const KEY = new Key("ES256");
const LOOPBACK = { allowLoopback: true };

/** A verifier for the issuers of some URLs, by name, and what fetches its keys; `failures` are told with issuer and code. */
function hostOf(urls, { env, ctx, ...options } = LOOPBACK) {
  const issuers = Object.entries(urls).map(([name, url]) => `issuer ${name} { url "${url}"  audience "api"  algorithms ES256 }`);
  const { artifact } = compile(`${issuers.join("\n")}\nallow items { on GET /items  for authenticated }`);
  const verifier = new Verifier(new Gate(Policy.loadUnsigned(artifact)));
  const failures = [];
  const onFailure = (issuer, { code }) => failures.push(`${issuer} ${code}`);
  const fetcher = new KeyFetcher(verifier, { onFailure, ...options });
  const wait = env === undefined && ctx === undefined ? fetcher.wait : (issuer) => fetcher.wait(issuer, env, ctx);
  const reasonOf = async (token) => {
    const headers = [["authorization", `Bearer ${token}`]];
    const { decision } = await verifier.handle({ method: "GET", scheme: "https", host: "api.example", target: "/items", headers }, {}, wait);
    return `${decision.status} ${decision.reason}`;
  };
  return { verifier, fetcher, failures, reasonOf };
}

async function providerOf(t, keys = [KEY]) {
  const provider = await startProvider(keys);
  t.after(provider.stop);
  return provider;
}

test("keys are found by discovery, once for all requests that lack them", async (t) => {
  const provider = await providerOf(t);
  const { fetcher, failures, reasonOf } = hostOf({ own: provider.url });
  const tokens = Array.from({ length: 20 }, (_, n) => KEY.sign(provider.claims({ sub: `u${n}` })));
  assert.deepEqual(new Set(await Promise.all(tokens.map(reasonOf))), new Set(["200 rule"]));
  assert.deepEqual([provider.asked, failures], [[DISCOVERY, "/jwks"], []]);
  assert.equal(await fetcher.wait(), false, "nothing is due");
});

test("keys are had before a request needs them, where they are asked for beside requests", async (t) => {
  const provider = await providerOf(t);
  const { verifier, fetcher } = hostOf({ own: provider.url });
  assert.equal(await fetcher.wait(), true);
  const headers = [["authorization", `Bearer ${KEY.sign(provider.claims())}`]];
  const handling = await verifier.handle({ method: "GET", scheme: "https", host: "api.example", target: "/items", headers });
  assert.equal(handling.decision.reason, "rule");
});

const ok = (body) => json(body);
const FAULTS = [
  ["a status", "/jwks", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "fetch:status"],
  ["a status without an error", "/jwks", "HTTP/1.1 204 No\r\n\r\n", "fetch:status"],
  ["a redirect to keys", "/jwks", "HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n", "fetch:redirect"],
  ["a redirect of discovery", DISCOVERY, "HTTP/1.1 301 Moved\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n", "fetch:redirect"],
  ["one byte too many", "/jwks", ok(" ".repeat(BYTES_MAX + 1)), "fetch:size"],
  ["a document without an end", "/jwks", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const writing = setInterval(() => socket.write(" ".repeat(65_536)), 1);
    socket.on("close", () => clearInterval(writing));
  }, "fetch:size"],
  ["an answer that breaks off", "/jwks", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "fetch:unreachable"],
  ["no HTTP", "/jwks", "SSH-2.0-x\r\n\r\n", "fetch:unreachable"],
  ["a page", DISCOVERY, ok("<html>"), "discovery:json"],
  ["another issuer", DISCOVERY, ok({ issuer: "https://other.example", jwks_uri: "https://other.example/keys" }), "discovery:issuer"],
  ["no key set", "/jwks", ok("{}"), "keys:member"],
  ["a set of no keys", "/jwks", ok({ keys: [] }), "keys:none"],
  ["a shared secret, which no endpoint may give", "/jwks", ok({ keys: [{ kty: "oct", k: "A".repeat(43), alg: "HS256" }] }), "keys:private"],
];

for (const [name, path, answer, code] of FAULTS) {
  test(`${name}: denied, told as ${code}, and not asked again at once`, async (t) => {
    const provider = await providerOf(t);
    provider.answers["/good"] = provider.answers["/jwks"];
    provider.answers[path] = answer;
    const { failures, reasonOf } = hostOf({ own: provider.url });
    const token = KEY.sign(provider.claims());
    for (let time = 0; time < 2; time += 1) assert.equal(await reasonOf(token), "503 keys_unavailable");
    assert.deepEqual(failures, [`own ${code}`]);
    assert.deepEqual([provider.times(path), provider.times("/good")], [1, 0]);
  });
}

test("a document of as many bytes as one may have is read", async (t) => {
  const provider = await providerOf(t);
  const document = JSON.stringify({ keys: [KEY.jwk] });
  provider.answers["/jwks"] = ok(document + " ".repeat(BYTES_MAX - document.length));
  assert.equal(await hostOf({ own: provider.url }).reasonOf(KEY.sign(provider.claims())), "200 rule");
});

test("nobody listens: denied", async (t) => {
  const gone = await startProvider([KEY]);
  await gone.stop();
  const { failures, reasonOf } = hostOf({ own: gone.url });
  assert.equal(await reasonOf(KEY.sign(gone.claims())), "503 keys_unavailable");
  assert.deepEqual(failures, ["own fetch:unreachable"]);
});

test("http is for this machine, and only where it is allowed", async (t) => {
  const provider = await providerOf(t);
  const { failures, reasonOf } = hostOf({ own: provider.url }, {});
  assert.equal(await reasonOf(KEY.sign(provider.claims())), "503 keys_unavailable");
  assert.deepEqual([provider.asked, failures], [[], ["own fetch:insecure"]]);
});

test("http is for no other machine, whatever is allowed", async () => {
  const asked = [];
  const fetch = async (url) => asked.push(url);
  for (const url of ["http://own.example/", "http://localhost.example/", "http://127.0.0.1.example/", "http://127.0.0.1@own.example/", "ftp://localhost/"]) {
    await assert.rejects(documentOf(url, new AbortController().signal, { fetch, allowLoopback: true }), { code: "fetch:insecure" }, url);
  }
  assert.deepEqual(asked, []);
});

test("all of a fetch has five seconds, whoever is slow", { timeout: 30_000 }, async (t) => {
  const never = () => {};
  const trickle = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const writing = setInterval(() => socket.write(" "), 100);
    socket.on("close", () => clearInterval(writing));
  };
  const late = (provider) => (socket) => setTimeout(() => socket.end(json({ issuer: provider.url, jwks_uri: `${provider.url}/jwks` })), 3000);
  const slow = async (answers, options = LOOPBACK) => {
    const provider = await providerOf(t);
    Object.assign(provider.answers, answers(provider));
    const { failures, reasonOf } = hostOf({ own: provider.url }, options);
    const since_ms = performance.now();
    const reason = await reasonOf(KEY.sign(provider.claims()));
    const took_s = (performance.now() - since_ms) / 1000;
    assert.ok(took_s > 4.5 && took_s < 7.5, `${took_s} s`);
    return `${reason} ${failures}`;
  };
  const said = await Promise.all([
    slow(() => ({ [DISCOVERY]: never })),
    slow(() => ({ "/jwks": trickle })),
    slow((provider) => ({ [DISCOVERY]: late(provider), "/jwks": never })),
    // Takes no notice of the signal.
    slow(() => ({}), { ...LOOPBACK, fetch: () => new Promise(never) }),
  ]);
  assert.deepEqual(new Set(said), new Set(["503 keys_unavailable own fetch:slow"]));
});

test("no document is waited for once the time is up", { timeout: 5000 }, async () => {
  const asking = documentOf("https://own.example/keys", AbortSignal.abort(), { fetch: () => new Promise(() => {}), allowLoopback: false });
  await assert.rejects(asking, { name: "GatelawError", code: "fetch:slow" });
});

test("keys are fresh for as long as their endpoint says", async (t) => {
  const provider = await providerOf(t);
  provider.answers["/jwks"] = json({ keys: [KEY.jwk] }, ["Cache-Control: public, max-age=3600"]);
  const { fetcher } = hostOf({ own: provider.url });
  const start_ms = Date.now();
  assert.equal(await fetcher.wait(), true);
  for (const [seconds, isDue] of [[3590, false], [3610, true]]) {
    t.mock.method(Date, "now", () => start_ms + 1000 * seconds);
    assert.equal(await fetcher.wait(), isDue, `${seconds}`);
  }
});

test("an issuer that is down keeps nobody from another one's keys", async (t) => {
  const provider = await providerOf(t);
  const down = await startEndpoint();
  t.after(down.stop);
  const { fetcher, failures, reasonOf } = hostOf({ down: down.url, own: provider.url });
  assert.equal(await reasonOf(KEY.sign(provider.claims())), "200 rule");
  await fetcher.wait();
  assert.deepEqual(failures, ["down fetch:status"]);
});

for (const [how, crowd, ctx] of [["by its promise", 1001, undefined], ["by looking again", 1, { waitUntil: () => {} }]]) {
  test(`who waits for one issuer's keys, ${how}, isn't held by another one that is slow, however many wait for that`, async (t) => {
    const [slow, provider] = [await providerOf(t), await providerOf(t)];
    slow.answers[DISCOVERY] = () => {};
    const { failures, reasonOf } = hostOf({ own: provider.url, slow: slow.url }, { ...LOOPBACK, ctx });
    const others = Array.from({ length: crowd }, () => reasonOf(KEY.sign(slow.claims())));
    let isDecided = false;
    others[0].then(() => { isDecided = true; });
    const asking = [1, 2].map((n) => reasonOf(KEY.sign(provider.claims({ sub: `u${n}` }))));
    assert.deepEqual(await Promise.all(asking), ["200 rule", "200 rule"]);
    assert.deepEqual([isDecided, failures], [false, []], "the slow one is still asked");
    assert.deepEqual(new Set(await Promise.all(others)), new Set(["503 keys_unavailable"]));
    assert.deepEqual(failures, ["slow fetch:slow"]);
  });
}

test("good keys stay while no better ones are had, and are asked for once in a cool-down", async (t) => {
  const provider = await providerOf(t);
  const { failures, reasonOf } = hostOf({ own: provider.url });
  const start_ms = Date.now();
  const at = (seconds) => t.mock.method(Date, "now", () => start_ms + 1000 * seconds);
  const token = (kid = KEY.kid) => KEY.sign(provider.claims({ exp: Math.floor(start_ms / 1000) + 7200 }), { kid });
  assert.equal(await reasonOf(token()), "200 rule");
  provider.answers["/jwks"] = "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n";
  // At 715 the one of 700 would have ended by itself, had nobody told that it failed.
  for (const seconds of [700, 715, 731]) {
    at(seconds);
    const unknown = Array.from({ length: 100 }, (_, n) => reasonOf(token(`unknown ${n}`)));
    assert.deepEqual(new Set(await Promise.all(unknown)), new Set(["401 token:key"]));
    assert.equal(await reasonOf(token()), "200 rule");
  }
  assert.deepEqual([provider.times("/jwks"), failures], [3, ["own fetch:status", "own fetch:status"]]);
  provider.serve();
  at(800);
  assert.equal(await reasonOf(new Key("ES256", "new").sign(provider.claims())), "401 token:key");
  assert.equal(provider.times("/jwks"), 4);
});

test("what the host's function throws reaches the host, and no request", async (t) => {
  const thrown = [];
  const { queueMicrotask } = globalThis;
  t.mock.method(globalThis, "queueMicrotask", (job) => queueMicrotask(() => {
    try {
      job();
    } catch (error) {
      thrown.push(error.message);
    }
  }));
  const down = await startEndpoint();
  t.after(down.stop);
  const { reasonOf } = hostOf({ own: down.url }, { ...LOOPBACK, onFailure: () => { throw new Error("the host's"); } });
  const now = Math.floor(Date.now() / 1000);
  assert.equal(await reasonOf(KEY.sign({ iss: down.url, aud: "api", sub: "u1", iat: now, exp: now + 60 })), "503 keys_unavailable");
  assert.deepEqual(thrown, ["the host's"]);
});

test("the host may fetch in its own way", async () => {
  const asked = [];
  const documents = { [`https://own.example${DISCOVERY}`]: { issuer: "https://own.example", jwks_uri: "https://own.example/keys" }, "https://own.example/keys": { keys: [KEY.jwk] } };
  const fetch = async (url, { redirect, signal }) => {
    asked.push([url, redirect, signal.aborted]);
    return Response.json(documents[url]);
  };
  const now = Math.floor(Date.now() / 1000);
  const { reasonOf } = hostOf({ own: "https://own.example" }, { fetch });
  assert.equal(await reasonOf(KEY.sign({ iss: "https://own.example", aud: "api", sub: "u1", iat: now, exp: now + 60 })), "200 rule");
  assert.deepEqual(asked, Object.keys(documents).map((url) => [url, "manual", false]));
});

test("a wrong argument is named", () => {
  const { verifier } = hostOf({ own: "https://own.example" });
  for (const [call, message] of [
    [() => new KeyFetcher({}), /^verifier must be a Verifier/],
    [() => new KeyFetcher(verifier, { loopback: true }), /^options\.loopback means nothing/],
    [() => new KeyFetcher(verifier, { fetch: "fetch" }), /^options\.fetch must be a function/],
    [() => new KeyFetcher(verifier, { allowLoopback: 1 }), /^options\.allowLoopback must be a boolean/],
    [() => new KeyFetcher(verifier, { onFailure: 1 }), /^options\.onFailure must be a function/],
    [() => new KeyFetcher(verifier, { onKeys: 1 }), /^options\.onKeys must be a function/],
    [() => new KeyFetcher(verifier, { stores: new Map() }), /^options\.stores must be an array/],
    [() => new KeyFetcher(verifier, { stores: [null] }), /^options\.stores\[0\]\.get must be a function/],
    [() => new KeyFetcher(verifier, { stores: [new Store(), { get() {} }] }), /^options\.stores\[1\]\.put must be a function/],
    [() => new KeyFetcher(verifier, { after: {} }), /^options\.after must be a KeyFetcher/],
  ]) {
    assert.throws(call, { name: "TypeError", message });
  }
  return assert.rejects(new KeyFetcher(verifier).wait({}), { name: "TypeError", message: /^issuer must be a string/ });
});

/** What a host keeps documents in. */
class Store {
  kept = new Map();
  envs = new Set();

  async get(key, env) {
    this.envs.add(env);
    return this.kept.get(key);
  }

  put(key, bytes, env) {
    this.envs.add(env);
    this.kept.set(key, bytes);
  }
}

const COOL_DOWN_S = 30;
const FRESH_S = 600;
const DAY_S = 24 * 60 * 60;
const NOW_MS = Date.now();

/** Moves the clock by so many seconds from the tests' begin, and answers what signs a token of then. */
function clockOf(t, provider) {
  return (seconds) => {
    t.mock.method(Date, "now", () => NOW_MS + 1000 * seconds);
    return (key = KEY) => key.sign(provider.claims({}, Math.floor(NOW_MS / 1000) + seconds));
  };
}

/** What is kept of documents, as `stores` say it: when, freshness, and the document. */
const kept = (at_s, document, cacheControl = "") => new TextEncoder().encode(`${at_s} ${cacheControl}\n${JSON.stringify(document)}`);

test("what one host fetched another one has from their store, which is told what the request's host knows", async (t) => {
  const provider = await providerOf(t);
  const store = new Store();
  const options = { ...LOOPBACK, stores: [store], env: { REDIS: "x" } };
  const token = KEY.sign(provider.claims());
  assert.equal(await hostOf({ own: provider.url }, options).reasonOf(token), "200 rule");
  assert.deepEqual([...store.kept.keys()], [`${provider.url}${DISCOVERY}`, `${provider.url}/jwks`]);
  provider.answers = {};
  const other = hostOf({ own: provider.url }, options);
  assert.equal(await other.reasonOf(token), "200 rule");
  assert.deepEqual([provider.asked.length, other.failures, [...store.envs]], [2, [], [options.env]]);
});

test("all stores are given what is new, and the first that has it spares the others", async (t) => {
  const provider = await providerOf(t);
  const [near, far] = [new Store(), new Store()];
  const stores = [near, far];
  const token = KEY.sign(provider.claims());
  assert.equal(await hostOf({ own: provider.url }, { ...LOOPBACK, stores }).reasonOf(token), "200 rule");
  assert.deepEqual(near.kept, far.kept);
  far.get = () => assert.fail("asked");
  assert.equal(await hostOf({ own: provider.url }, { ...LOOPBACK, stores }).reasonOf(token), "200 rule");
  near.kept.clear();
  delete far.get;
  assert.equal(await hostOf({ own: provider.url }, { ...LOOPBACK, stores }).reasonOf(token), "200 rule");
  assert.equal(provider.asked.length, 2);
});

test("stored keys are fresh from when they were fetched on, not from when they were found", async (t) => {
  const provider = await providerOf(t);
  const at = clockOf(t, provider);
  const stores = [new Store()];
  at(0);
  assert.equal(await hostOf({ own: provider.url }, { ...LOOPBACK, stores }).fetcher.wait(), true);
  at(FRESH_S - 10);
  const { fetcher } = hostOf({ own: provider.url }, { ...LOOPBACK, stores });
  assert.equal(await fetcher.wait(), true, "found");
  assert.equal(provider.times("/jwks"), 1);
  at(FRESH_S + 1);
  assert.equal(await fetcher.wait(), true, "due");
  assert.equal(provider.times("/jwks"), 2);
});

test("a key that a store doesn't have is asked for where it is; who fetched before sees that another one did", async (t) => {
  const fresh = new Key("ES256", "fresh");
  const provider = await providerOf(t);
  const at = clockOf(t, provider);
  const options = { ...LOOPBACK, stores: [new Store()] };
  const [one, other] = [hostOf({ own: provider.url }, options), hostOf({ own: provider.url }, options)];
  assert.equal(await one.reasonOf(at(0)()), "200 rule");
  provider.keys = [KEY, fresh];
  provider.serve();
  const sign = at(COOL_DOWN_S);
  assert.equal(await other.reasonOf(sign(fresh)), "200 rule");
  assert.equal(provider.times("/jwks"), 2);
  assert.equal(await one.reasonOf(sign(fresh)), "200 rule");
  assert.equal(provider.times("/jwks"), 2);
});

for (const [what, serve, reason] of [
  ["the endpoint fails", (provider) => { provider.answers = {}; }, "200 rule"],
  ["the endpoint gives a set of no keys", (provider) => { provider.answers["/jwks"] = ok({ keys: [] }); }, "503 keys_unavailable"],
  ["the endpoint took the key away", (provider) => { provider.keys = [new Key("ES256", "fresh")]; provider.serve(); }, "401 token:key"],
]) {
  test(`stored keys that are older than a day: ${what}`, async (t) => {
    const provider = await providerOf(t);
    const at = clockOf(t, provider);
    const options = { ...LOOPBACK, stores: [new Store()] };
    assert.equal(await hostOf({ own: provider.url }, options).reasonOf(at(0)()), "200 rule");
    serve(provider);
    assert.equal(await hostOf({ own: provider.url }, options).reasonOf(at(DAY_S)()), reason);
  });
}

const NOW_S = Math.floor(NOW_MS / 1000);
for (const [what, get] of [
  ["throws", () => { throw new Error("no"); }],
  ["rejects", () => Promise.reject(new Error("no"))],
  ["never answers", () => new Promise(() => {})],
  ["answers text", () => "1 \n{}"],
  ["answers nothing", () => null],
  ["answers no bytes", () => new ArrayBuffer(0)],
  ["answers what has no first line", () => new TextEncoder().encode("1".repeat(10_000))],
  ["answers what has no time", () => new TextEncoder().encode("max-age=600\n{}")],
  ["answers of tomorrow", () => kept(NOW_S + DAY_S, { keys: [KEY.jwk] })],
  ["answers more than a document has", () => kept(NOW_S, { pad: "a".repeat(BYTES_MAX + 8192) })],
  ["answers a set of no keys", () => kept(NOW_S, { keys: [] })],
  ["answers no key set", () => kept(NOW_S, [])],
]) {
  test(`a store that ${what} is as one that holds nothing`, async (t) => {
    const provider = await providerOf(t);
    const store = { get, put: get };
    const { reasonOf } = hostOf({ own: provider.url }, { ...LOOPBACK, stores: [store] });
    assert.equal(await reasonOf(KEY.sign(provider.claims())), "200 rule");
    assert.equal(provider.times("/jwks"), 1);
  });
}

test("what gives no keys is kept nowhere", async (t) => {
  const provider = await providerOf(t);
  const store = new Store();
  provider.answers["/jwks"] = ok({ keys: [] });
  assert.equal(await hostOf({ own: provider.url }, { ...LOOPBACK, stores: [store] }).reasonOf(KEY.sign(provider.claims())), "503 keys_unavailable");
  assert.deepEqual([...store.kept.keys()], [`${provider.url}${DISCOVERY}`]);
});

test("the next policy has the keys of the one before", async (t) => {
  const provider = await providerOf(t);
  const had = [];
  const token = KEY.sign(provider.claims());
  const before = hostOf({ own: provider.url }, { ...LOOPBACK, onKeys: (issuer) => had.push(issuer) });
  assert.equal(await before.reasonOf(token), "200 rule");
  const next = hostOf({ renamed: provider.url }, { ...LOOPBACK, after: before.fetcher });
  assert.equal(await next.reasonOf(token), "200 rule");
  assert.deepEqual([provider.asked.length, had], [2, ["own"]]);
});

test("where a request may not wait for another one's promise, it looks again, and each fetch outlives its request", async (t) => {
  const provider = await providerOf(t);
  let answer;
  provider.answers["/jwks"] = (socket) => { answer = () => socket.end(ok({ keys: [KEY.jwk] })); };
  const outlives = [];
  const ctx = { waitUntil: (promise) => outlives.push(promise) };
  const { fetcher, reasonOf } = hostOf({ own: provider.url }, { ...LOOPBACK, ctx });
  fetcher.tend(undefined, ctx);
  assert.equal(outlives.length, 1);
  const polls = t.mock.method(globalThis, "setTimeout");
  const asking = [1, 2, 3].map((n) => reasonOf(KEY.sign(provider.claims({ sub: `u${n}` }))));
  while (answer === undefined) await new Promise(setImmediate);
  answer();
  assert.deepEqual(new Set(await Promise.all(asking)), new Set(["200 rule"]));
  assert.ok(polls.mock.callCount() >= 3);
  assert.deepEqual(provider.asked, [DISCOVERY, "/jwks"]);
});

test("it is looked once a second beside requests whether keys are due", async (t) => {
  const provider = await providerOf(t);
  const { verifier, fetcher } = hostOf({ own: provider.url });
  const at = clockOf(t, provider);
  const looks = t.mock.method(verifier, "nextFetch");
  for (const [seconds, times] of [[0, 2], [0.9, 2], [1, 3], [-3600, 5]]) {
    at(seconds);
    fetcher.tend();
    assert.equal(looks.mock.callCount(), times, `${seconds}`);
  }
});
