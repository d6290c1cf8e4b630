// What crosses the border wrongly: every argument of a wrong type is named, arbitrary bytes are refused, and nothing is an allow.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Gate, GatelawError, initSync, init, Policy } from "gatelaw";
import * as compiler from "gatelaw/compiler";

const artifact = readFileSync(process.env.GATELAW_ARTIFACT);
const policy = Policy.loadUnsigned(artifact);
const gate = new Gate(policy, { limits: "report" });
const anyone = new Gate(Policy.loadUnsigned(compiler.compile("allow every { on /**  for anyone }").artifact));
const request = { method: "GET", scheme: "https", host: "api.acme.com", target: "/healthz", ip: "192.0.2.1" };
const lines = readFileSync(join(process.env.GATELAW_REPOSITORY, "policies/orders-api/requests.jsonl"), "utf8").trim().split("\n");

/** One value of every type; those that an argument takes are left out by `but`. */
const values = { undefined: undefined, null: null, boolean: true, number: 7, bigint: 7n, string: "text", symbol: Symbol("s"),
  function: () => {}, array: ["a"], object: { a: 1 }, bytes: new Uint8Array([1]), buffer: new ArrayBuffer(1), words: new Uint16Array(2),
  date: new Date(), map: new Map() };

/** The same request with another value somewhere in it. */
const having = (member) => (value) => gate.decide({ ...request, [member]: value });
const knowing = (member) => (value) => gate.decide({ ...request, ip: undefined }, { ip: "192.0.2.1", [member]: value });

for (const [argument, call, ...but] of [
  ["bytes", (value) => Policy.loadUnsigned(value), "bytes"],
  ["line", (value) => policy.decideJson(value), "string"],
  ["line", (value) => policy.explainJson(value), "string"],
  ["policy", (value) => new Gate(value)],
  ["options", (value) => new Gate(policy, value), "undefined"],
  ["options.limits", (value) => new Gate(policy, { limits: value }), "undefined"],
  ["options.facts", (value) => new Gate(policy, { limits: "report", facts: value }), "undefined", "array"],
  ["options.ip", (value) => new Gate(policy, { limits: "report", ip: value }), "undefined", "boolean"],
  ["request", (value) => gate.decide(value)],
  ["request", (value) => gate.handle(value)],
  ["request", (value) => gate.explain(value)],
  ["request", (value) => gate.allows(value)],
  ["context", (value) => gate.decide(request, value), "undefined"],
  ["context", (value) => gate.handle(request, value), "undefined"],
  ["context", (value) => gate.explain(request, value), "undefined"],
  ["context", (value) => gate.allows(request, value), "undefined"],
  ["context.requestId", (value) => gate.handle(request, { requestId: value }), "undefined", "string"],
  ["context.trace", (value) => gate.handle(request, { trace: value }), "undefined"],
  ["request.method", having("method"), "string"],
  ["request.scheme", having("scheme")],
  ["request.host", having("host"), "string"],
  ["request.target", having("target"), "string", "bytes"],
  ["request.headers", having("headers"), "undefined"],
  ["request.headers[0]", (value) => having("headers")([value])],
  ["request.headers[1][0]", (value) => having("headers")([["a", "b"], [value, "c"]]), "string", "bytes"],
  ["request.headers[0][1]", (value) => having("headers")([["a", value]]), "string", "bytes"],
  ["ip", (value) => gate.decide({ ...request, ip: value }), "undefined", "string"],
  ["now", having("now"), "undefined", "number", "bigint"],
  ["now", knowing("now"), "undefined", "number", "bigint"],
  ["facts", having("facts"), "undefined"],
  ["facts", knowing("facts"), "undefined"],
  ["identity", having("identity"), "undefined"],
  ["identity.issuer", (value) => having("identity")({ issuer: value, claims: {} }), "string"],
  ["identity.claims", (value) => having("identity")({ issuer: "okta", claims: value }), "undefined", "object", "string"],
  ["identity", (value) => having("identity")({ issuer: "okta", invalid: value }), "string"],
  ["identity", (value) => having("identity")({ unavailable: value }), "string"],
  ["identity", (value) => having("identity")({ token: value }), "string"],
  ["module", (value) => initSync(value), "bytes", "buffer", "words"],
  ["module", (value) => compiler.initSync(value), "bytes", "buffer", "words"],
  ["sources", (value) => compiler.compile(value), "string", "object"],
  ["sources", (value) => compiler.check(value), "string", "object"],
  ['sources["a.gate"]', (value) => compiler.compile({ "a.gate": value }), "string", "bytes"],
  ["name", (value) => compiler.format(value, ""), "string"],
  ["text", (value) => compiler.format("a.gate", value), "string"],
]) {
  test(`a wrong ${argument} is named: ${call}`, () => {
    for (const [type, value] of Object.entries(values)) {
      if (but.includes(type)) continue;
      assert.throws(() => call(value), (error) => error instanceof TypeError && error.message.startsWith(argument), type);
    }
  });
}

test("what was given instead is told", () => {
  const told = (value) => {
    try {
      new Gate(value);
    } catch ({ message }) {
      return message.slice("policy must be a Policy, not ".length);
    }
  };
  const given = [undefined, null, 7, 7n, "a", true, () => {}, [], {}, new Date(), new Map(), new ArrayBuffer(1), new Uint8Array(1)];
  assert.deepEqual(given.map(told), [
    "undefined", "null", "a number", "a bigint", "a string", "a boolean", "a function", "an array", "an object", "a Date", "a Map",
    "an ArrayBuffer", "a Uint8Array",
  ]);
});

test("a wrong source of the module is named", async () => {
  for (const source of [null, 7, {}, [], true]) await assert.rejects(init(source), /^TypeError: source must be/);
  await assert.rejects(init(new Response("", { status: 404 })), { code: "module:fetch" });
  await assert.rejects(init(new Uint8Array([1, 2, 3])), WebAssembly.CompileError);
  assert.throws(() => initSync(readFileSync("js/wasm/gatelaw-compiler.wasm")), { code: "module:other" });
  assert.throws(() => compiler.initSync(readFileSync("js/wasm/gatelaw.wasm")), { code: "module:other" });
  await init();
});

test("a misspelt member is named", () => {
  for (const [call, message] of [
    [() => gate.decide({ ...request, header: [] }), /^request\.header means nothing: request has method, /],
    [() => gate.decide({ ...request, target_hex: "2f" }), /^request\.target_hex means nothing/],
    [() => gate.decide(request, { claims: {} }), /^context\.claims means nothing/],
    [() => gate.decide({ ...request, facts: { botScore: 1 } }), /^facts\.botScore means nothing: facts has country, /],
    [() => gate.decide({ ...request, identity: { issuer: "okta", claim: {} } }), /^identity\.claim means nothing/],
    [() => new Gate(policy, { limit: "report" }), /^options\.limit means nothing/],
  ]) {
    assert.throws(call, { name: "TypeError", message });
  }
});

test("a wrong value is named", () => {
  for (const [call, message] of [
    [() => gate.decide({ ...request, scheme: "ftp" }), /^request\.scheme .*"ftp"/],
    [() => gate.decide({ ...request, scheme: "toString" }), /^request\.scheme/],
    [() => gate.decide({ ...request, now: 1.5 }), /^now must be whole Unix seconds, not 1\.5/],
    [() => gate.decide({ ...request, now: Number.NaN }), /^now/],
    [() => gate.decide({ ...request, now: 2n ** 63n }), /^now/],
    [() => gate.decide({ ...request, facts: { country: null } }), /^facts\.country must not be null/],
    [() => gate.decide({ ...request, identity: {} }), /^identity must hold one of/],
    [() => gate.decide({ ...request, identity: { token: "a", invalid: "b" } }), /^identity must hold one of/],
    [() => gate.decide({ ...request, identity: { issuer: "okta", token: "a" } }), /^identity\.issuer/],
    [() => gate.decide({ ...request, identity: { invalid: "Not A Code" } }), /^identity\.invalid/],
    [() => gate.decide({ ...request, identity: { issuer: "okta", claims: { n: 1n } } }), /^identity\.claims must be what JSON can hold/],
    [() => gate.decide({ ...request, identity: { issuer: "okta", claims: { toJSON: () => undefined } } }), /^identity\.claims/],
    [() => gate.decide({ ...request, target: "/\ud800" }), /^request\.target holds half of a surrogate pair/],
    [() => gate.decide({ ...request, headers: [["a", "b"], ["c", "\udc00"]] }), /^request\.headers\[1\]\[1\] holds half/],
    [() => gate.decide(request, { ip: "192.0.2.1" }), /^ip stands in both request and context/],
    [() => gate.handle(request, { requestId: "a\r\nb: c" }), /^context\.requestId/],
    [() => gate.handle(request, { trace: "pass" }), /^context\.trace must be "restart" or "continue", not "pass"/],
    [() => policy.decideJson('{"method":"\ud800"}'), /^line holds half of a surrogate pair/],
    [() => new Gate(policy, { limits: "count" }), /^options\.limits .*"count"/],
  ]) {
    assert.throws(call, { name: "TypeError", message });
  }
});

test("what the module finds wrong has a code and names the argument", () => {
  const { ip, ...without } = request;
  for (const [call, code, at] of [
    [() => gate.decide(without), "request:missing-member", "ip"],
    [() => gate.allows(without), "request:missing-member", "ip"],
    [() => gate.decide({ ...request, identity: { issuer: "okta", claims: "no json" } }), "request:json", "identity.claims"],
    [() => gate.decide({ ...request, identity: { issuer: "okta", claims: "[]" } }), "request:json", "identity.claims"],
    [() => gate.decide({ ...request, identity: { issuer: "okta", claims: '{"a":1,"a":2}' } }), "request:json", "identity.claims"],
    [() => gate.decide({ ...request, target: "/".repeat(9 << 20) }), "request:too-large", undefined],
  ]) {
    assert.throws(call, (error) => error instanceof GatelawError && error.code === code && error.at === at);
  }
});

test("a fact of a wrong type or form is denied, not thrown", () => {
  for (const facts of [{ country: 7 }, { country: {} }, { country: "Germany" }, { bot_score: "80" }, { bot_score: 80.5 }, { bot_score: 101 },
    { bot_score: Number.NaN }, { bot_score: 2n ** 70n }]) {
    const { effect, status, reason } = gate.decide({ ...request, facts });
    assert.deepEqual([effect, status, reason], ["deny", 503, `fact:${Object.keys(facts)[0]}`]);
  }
});

test("whole numbers beyond 2^53 arrive as they are", () => {
  const sized = compiler.compile("allow a { on /**  for anyone  when request.size? == 9007199254740993 }");
  const by_size = new Gate(Policy.loadUnsigned(sized.artifact));
  const effect = (size) => by_size.decide({ ...request, ip: undefined, facts: { size } }).effect;
  assert.deepEqual([9007199254740993n, 9007199254740992n, 9007199254740994].map(effect), ["allow", "deny", "deny"]);
  const timed = compiler.compile("allow a { on /**  for anyone  when now == 1969-12-31T23:59:59Z }");
  const by_time = new Gate(Policy.loadUnsigned(timed.artifact));
  assert.deepEqual([-1, -1n, 0].map((now) => by_time.decide({ ...request, now }).effect), ["allow", "allow", "deny"]);
});

test("a gate refuses a policy that asks for what it can't do", () => {
  assert.throws(() => new Gate(policy), { code: "gate:limits", message: /limits: "report"/ });
  assert.throws(() => new Gate(policy, { limits: "report", facts: ["country"] }), { code: "gate:facts", message: /bot_score/ });
  assert.throws(() => new Gate(policy, { limits: "report", ip: false }), { code: "gate:ip" });
  assert.ok(new Gate(policy, { limits: "report", facts: ["country", "bot_score", "client_cert"], ip: true }));
});

test("what was decided stays decided", () => {
  const decision = gate.decide(request);
  assert.throws(() => Object.assign(decision, { effect: "deny" }), TypeError);
  assert.equal(decision.allowed, true);
  assert.equal(gate.decide({ ...request, target: "/a//b" }).allowed, false);
});

test("a host stands for the next request alone where it is the same", () => {
  const hosts = ["api.acme.com", "api.acme.org", "a.example", "api.acme.com", "", "api.acme.co", `${"a".repeat(255)}.b`, `${"a".repeat(256)}.b`, "é.example", "api.acme.com"];
  const policies = ["allow here { on GET /** for anyone  when request.host == \"api.acme.com\" }", "allow every { on /**  for anyone }"];
  for (const text of policies) {
    const one = new Gate(Policy.loadUnsigned(compiler.compile(text).artifact));
    const turn = [...hosts, ...hosts.toReversed()];
    const asked = ["/healthz", "/é"].flatMap((target) => turn.map((host) => ({ ...request, host, target, now: 1 })));
    const lines = asked.map((each) => one.policy.decideJson(JSON.stringify(each)));
    assert.deepEqual(asked.map((each) => JSON.stringify(one.decide(each))), lines);
    // What is written for another call stands where the host stood.
    const after = asked.map((each) => (one.policy.decideJson("{}"), JSON.stringify(one.decide(each))));
    assert.deepEqual(after, lines);
    assert.deepEqual(asked.map((each) => one.allows(each)), lines.map((line) => JSON.parse(line).effect === "allow"));
  }
});

test("a handling carries the correlation id, or one of 128 random bits", () => {
  const id = (context) => Object.fromEntries(gate.handle(request, context).forward.set)["x-request-id"];
  assert.equal(id({ requestId: "abc" }), "abc");
  assert.match(id(), /^[0-9a-f]{32}$/);
  assert.notEqual(id(), id());
});

test("a trace begins anew, goes on, or is left to others", () => {
  const caller = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = [["TraceParent", `00-${caller}-00f067aa0ba902b7-01`], ["tracestate", "a=1"]];
  const traced = (trace) => {
    const { trace: place, forward } = gate.handle({ ...request, headers }, { trace });
    const { traceparent, tracestate } = Object.fromEntries(forward.set);
    return { place, traceparent, tracestate, drop: forward.drop };
  };
  const [anew, again, on, left] = ["restart", "restart", "continue", undefined].map(traced);
  assert.deepEqual(anew, {
    place: { id: anew.place.id, span: anew.place.span, caller }, traceparent: `00-${anew.place.id}-${anew.place.span}-02`,
    tracestate: undefined, drop: ["TraceParent", "tracestate"],
  });
  assert.match(`${anew.place.id} ${anew.place.span}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
  assert.notEqual(again.place.id, anew.place.id);
  assert.deepEqual(on, {
    place: { id: caller, span: on.place.span }, traceparent: `00-${caller}-${on.place.span}-01`, tracestate: "a=1",
    drop: ["TraceParent", "tracestate"],
  });
  assert.deepEqual(left, { place: undefined, traceparent: undefined, tracestate: undefined, drop: [] });
});

test("headers that go no further are named as they came", () => {
  const headers = [["X_User-Id", "root"], ["x-user-id", "root"], ["Accept", "*/*"], ["X-Original-Url", "/admin"]];
  const { forward } = gate.handle({ ...request, headers });
  assert.deepEqual(forward.drop, ["X-Original-Url", "X_User-Id", "x-user-id"]);
});

test("requests of the platform are taken as they are", () => {
  const of = (url, init) => anyone.decide(new Request(url, init));
  assert.equal(of("https://api.acme.com/a%2bb?x=1").target, "/a%2Bb?x=1");
  assert.equal(of("https://api.acme.com:8443/a//b").reason, "refused:empty-segment");
  assert.equal(of("http://api.acme.com/a;b").reason, "refused:path-param");
  assert.equal(of("http://api.acme.com/a#b").reason, "refused:raw-#");
  const tenant = compiler.compile('allow a { on /**  for anyone  when request.header_line("x-tenant")? == "é" }');
  const by_tenant = new Gate(Policy.loadUnsigned(tenant.artifact));
  const sent = (value) => by_tenant.decide(new Request("https://api.acme.com/", { headers: { "x-tenant": value } })).reason;
  // Byte strings: the two bytes of `é`, then one byte that is no UTF-8.
  assert.deepEqual(["\u00c3\u00a9", "\u00e9"].map(sent), ["rule", "refused:header-value:x-tenant"]);
  assert.throws(() => gate.decide(new Request("data:text/plain,a")), /^TypeError: request\.url/);
});

test("where headers are text, as in workerd, they cross as text", () => {
  const script = `
globalThis.Headers = Map;
const { Gate, Policy } = await import("gatelaw");
const { compile } = await import("gatelaw/compiler");
const { artifact } = compile('allow a { on /**  for anyone  when request.header_line("x-tenant")? == "\u00e9" }');
const gate = new Gate(Policy.loadUnsigned(artifact));
for (const value of ["\u00e9", "\ufffd", "\u00c3\u00a9"]) {
  const headers = new Map([["x-tenant", value]]);
  console.log(gate.decide({ method: "GET", url: "https://a.example/", headers, [Symbol.toStringTag]: "Request" }).reason);
}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.equal(stdout, "rule\nrefused:header-value:x-tenant\nno_rule\n", stderr);
});

/** Small and repeatable: xorshift32. */
function random(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** The exports that a request is put to. */
const ASKED = ["decide", "allows", "handle", "explain"];

/** Calls an export of a bare instance on bytes. */
function bare(file) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(`js/wasm/${file}`)));
  return (name, bytes) => {
    const at = exports.input(bytes.length);
    new Uint8Array(exports.memory.buffer).set(bytes, at);
    const told = exports[name]();
    const start = exports.output();
    // What is asked with each request says itself where the answer stands; `allows` has none.
    assert.ok(told <= 2 || told === start, `${name}: ${told}`);
    return { ok: told !== 0, output: new Uint8Array(exports.memory.buffer).slice(start, start + exports.output_length()) };
  };
}

test("the modules import nothing", () => {
  for (const file of ["gatelaw.wasm", "gatelaw-compiler.wasm", "gatelaw-tokens.wasm"]) {
    assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(`js/wasm/${file}`))), []);
  }
});

test("arbitrary bytes for a frame are refused, and no instance dies", () => {
  const call = bare("gatelaw.wasm");
  const below = random(1);
  for (const name of ASKED) assert.equal(call(name, new Uint8Array(8)).ok, false);
  assert.equal(call("load", artifact).ok, true);
  for (let i = 0; i < 20_000; i++) {
    const words = below(40);
    const bytes = Uint8Array.from({ length: 4 * words + below(64) }, () => (below(3) === 0 ? below(256) : 0));
    // Half of them begin as frames do.
    if (bytes.length >= 8 && below(2) === 0) bytes.set([words, 0, 0, 0, bytes.length, bytes.length >> 8, 0, 0]);
    for (const name of ASKED) call(name, bytes);
  }
});

test("changed frames are refused or decided, and no instance dies", () => {
  const call = bare("gatelaw.wasm");
  call("load", artifact);
  const below = random(2);
  // A request whose trace begins anew, with one header, a country that is absent and a certificate of a wrong type.
  const bytes = new TextEncoder();
  const text = bytes.encode("GET/healthz192.0.2.1x-tenantt1");
  const words = [24, 24 * 4 + text.length, 3, 0, 0, 0, 7, 7, 7, 7, 7, 7, 12, 3, 8, 9, 0xffffffff, 0xffffffff, 0xfffffffe, 0, 0, 0, 8, 2];
  const start = 256;
  const frame = new Uint8Array(start + 4 * words.length + text.length);
  frame.set(bytes.encode("api.acme.com"));
  words.forEach((word, index) => new DataView(frame.buffer).setUint32(start + 4 * index, word, true));
  frame.set(text, start + 4 * words.length);
  const whole = call("decide", frame);
  assert.equal(whole.ok, true);
  let decided = 0;
  for (let i = 0; i < 20_000; i++) {
    const changed = frame.slice(0, below(8) === 0 ? below(frame.length) : frame.length);
    for (let n = below(4); n >= 0; n--) changed[below(changed.length)] = below(256);
    const { ok } = call("handle", changed);
    assert.equal(call("allows", changed).ok, ok);
    decided += ok;
  }
  assert.ok(decided > 1000 && decided < 19_000, `${decided}`);
  assert.deepEqual(call("decide", frame), whole);
});

test("header lines that the policy passes over count all the same, however often they were seen", () => {
  const reasons = new Set();
  const ask = (headers) => {
    const asked = { ...request, headers, now: 1 };
    const decision = anyone.decide(asked);
    assert.equal(JSON.stringify(decision), anyone.policy.decideJson(JSON.stringify(asked)));
    reasons.add(decision.reason);
  };
  const lines = (count, name, value) => Array.from({ length: count }, () => [name, value]);
  for (let round = 0; round < 3; round++) {
    for (const count of [1, 99, 100, 101, 199, 200, 201]) ask(lines(count, "accept", "b"));
    for (const bytes of [16_379, 16_380, 65_535, 65_536, 65_537]) {
      ask([["x-a", "b".repeat(bytes - 3)]]);
      ask([["x-a", "ü".repeat((bytes - 3) >> 1)]]);
    }
    for (const name of ["", "a b", "ü", "a:", "X_A", "x-consumer-id"]) ask([["accept", "b"], [name, "b"]]);
    for (const headers of [[["host", "other.example"]], [["host", "api.acme.com"]], [["connection", "host"]], [["authorization", "\u0001"]]]) {
      ask([["accept", "b"], ...headers]);
    }
    assert.throws(() => anyone.decide({ ...request, headers: [["accept", "\ud800"]] }), /^TypeError: request\.headers\[0\]\[1\] holds half/);
    assert.throws(() => anyone.decide({ ...request, headers: [["accept", 7]] }), /^TypeError: request\.headers\[0\]\[1\] must be/);
  }
  assert.deepEqual([...reasons].sort(), [
    "refused:header-limits", "refused:header-name", "refused:header-value:authorization", "refused:hop-by-hop:host", "refused:host", "rule",
  ]);
});

test("names that clients make up are forgotten, and what is known of others stays right", () => {
  const named = new Gate(Policy.loadUnsigned(compiler.compile('allow x { on /**  for anyone  when request.header("x-role") contains "a" }').artifact));
  for (let i = 0; i < 2000; i++) {
    const { reason } = named.decide({ ...request, headers: [[`x-${i}`, "b"], ["x-role", i % 2 === 0 ? "a" : "b"]] });
    assert.equal(reason, i % 2 === 0 ? "rule" : "no_rule");
  }
  assert.equal(named.decide({ ...request, headers: [["x_role", "a"]] }).reason, "refused:header-alias:x_role");
});

test("a target that was given as bytes is answered as text", () => {
  const asked = (target) => anyone.decide({ ...request, target }).target;
  assert.deepEqual(["/a?b=c", "/%61"].map((text) => asked(new TextEncoder().encode(text))), ["/a?b=c", "/a"]);
  assert.deepEqual(["/a?b=c", "/%61", "/a/../b"].map(asked), ["/a?b=c", "/a", null]);
});

test("arbitrary bytes for an artifact are refused", () => {
  const below = random(3);
  // What only explanations need stands at the end, and is held to its digest when one asks.
  const notes = new DataView(artifact.buffer, artifact.byteOffset).getUint32(116, true);
  for (let i = 0; i < 300; i++) {
    const bytes = Uint8Array.from(artifact);
    bytes[120 + below(bytes.length - notes - 120)] ^= 1 + below(255);
    for (const wrong of [bytes, artifact.subarray(0, below(artifact.length))]) {
      assert.throws(() => Policy.loadUnsigned(wrong), (error) => error instanceof GatelawError && error.code.startsWith("artifact:"));
    }
  }
});

test("arbitrary lines are answered, and so is noise", () => {
  const below = random(4);
  for (let i = 0; i < 3000; i++) {
    const line = lines[below(lines.length)];
    const at = below(line.length);
    const changed = line.slice(0, at) + String.fromCharCode(below(0xd800)) + line.slice(at + below(3));
    assert.match(policy.decideJson(changed), /^\{"v":1,"(?:effect":"(?:allow|deny)"|error":"[a-z-]+")/);
    assert.match(policy.explainJson(changed), /^\{"v":1,"(?:decision":|error":)/);
    const noise = String.fromCharCode(...Array.from({ length: below(40) }, () => below(0xd800)));
    assert.match(policy.decideJson(noise), /^\{"v":1,"error":"json"/);
  }
});

test("arbitrary texts compile or are told of, and no instance dies", () => {
  const below = random(5);
  const text = readFileSync(join(process.env.GATELAW_REPOSITORY, "policies/orders-api/policy.gate"), "utf8");
  for (let i = 0; i < 100; i++) {
    const at = below(text.length);
    const changed = text.slice(0, at) + String.fromCharCode(below(0x300)) + text.slice(at + below(20));
    assert.ok(Array.isArray(compiler.check(changed)));
    assert.ok(Array.isArray(compiler.check({ "a.gate": Uint8Array.from({ length: below(64) }, () => below(256)) })));
  }
});
