// The plugin in nginx, behind the stand-in for Kong: what it forwards, what it answers, and what Kong learns of it.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ask } from "../../../worker/test/http/client.js";
import { startUpstream } from "../../../worker/test/upstream.js";
import { fetchFrom, reasonOf } from "./client.js";
import { startKong } from "./nginx.js";
import { artifactOf } from "./policies.js";

const OKTA = `
issuer okta {
  url        "https://acme.okta.com"
  audience   "api"
  algorithms RS256
  roles      claim groups as named { staff }
}
role staff
`;

const API = `${OKTA}
allow read { on GET|HEAD /v1/items/{name}  for anyone }
allow write { on POST /v1/items/{name}  for anyone }
allow own { on GET /v1/own  for staff }
allow admin { on GET /admin  for anyone }
deny guest { on GET /v1/items/{name}  when request.cookie("session") contains "guest" }
deny gone { on GET|HEAD /v1/gone  respond 410 "moved away" }
forward identity {
  for authenticated
  set "x-user-id" = user.id
}
forward debug { on GET /v1/items/{name}  remove "x-debug" }
audit quiet { on GET /v1/items/quiet  level none }
audit loud { on GET /v1/items/loud  level full }
`;

/** Believes what the request says of itself: for tests alone. */
const IDENTIFY = `
return function(request)
  for _, header in ipairs(request.headers) do
    if header[1] == "test-identity" then
      return assert(loadstring("return " .. header[2]))()
    end
  end
end
`;

const POLICY = artifactOf(API);
/** Nobody is asked for keys, and no token is valid. */
const KEYLESS = { keys: [{ issuer: "okta", document: '{"keys":[]}' }] };
const upstream = await startUpstream();
let kong;

before(async () => {
  kong = await startKong({ upstream: upstream.port, policy: POLICY, conf: KEYLESS });
});
beforeEach(() => upstream.take());
after(async () => {
  await kong.stop();
  await upstream.stop();
});

/** Runs a gate of its own for one test. */
async function withKong(options, run) {
  const conf = options.policy === undefined && options.conf?.identify === undefined ? { ...KEYLESS, ...options.conf } : options.conf;
  const own = await startKong({ upstream: upstream.port, policy: POLICY, ...options, conf });
  try {
    await run(own);
  } finally {
    await own.stop();
  }
}

/** Sends lines as they are, and answers the status. */
async function statusOf(lines) {
  const { status } = await ask(kong.port, `${lines.join("\r\n")}\r\nHost: api.example\r\nConnection: close\r\n\r\n`);
  return status;
}

test("what is allowed goes on in its canonical form, and has one correlation id", async () => {
  const { status, headers } = await fetchFrom(kong, "/v1/items/%61?x='&y=%2f");
  assert.equal(status, 200);
  const [sent] = upstream.take();
  assert.equal(sent.target, "/v1/items/a?x=%27&y=%2f");
  assert.match(headers["x-request-id"], /^[0-9a-f]{32}$/);
  assert.deepEqual(valuesOf(sent, "x-request-id"), [headers["x-request-id"]]);
  const other = await fetchFrom(kong, "/v1/items/a");
  assert.notEqual(other.headers["x-request-id"], headers["x-request-id"]);
});

test("headers that the policy or the gate answers for never pass, however they are spelt", async () => {
  await statusOf([
    "GET /v1/items/a HTTP/1.1", "X_User_Id: root", "x-user-id: root", "X-Request-Id: mine", "X_Request_Id: mine", "X-Consumer-Id: root",
    "x_consumer_username: root", "X-Debug: 1", "x_debug: 2", "X-HTTP-Method-Override: DELETE", "X-Other: kept", "X-Authenticated-Groups: admin",
  ]);
  const [sent] = upstream.take();
  const names = sent.headers.map(([name]) => name.toLowerCase().replaceAll("_", "-"));
  for (const name of ["x-user-id", "x-consumer-id", "x-consumer-username", "x-debug", "x-http-method-override", "x-authenticated-groups"]) {
    assert.ok(!names.includes(name), name);
  }
  assert.deepEqual(names.filter((name) => name === "x-request-id"), ["x-request-id"]);
  assert.deepEqual(valuesOf(sent, "x-other"), ["kept"]);
});

for (const [what, lines, expected] of [
  ["an escaped letter is the letter", ["GET /%61dmin HTTP/1.1"], 200],
  ["dot segments behind empty ones", ["GET /a//../b HTTP/1.1"], 400],
  ["two Cookie lines", ["GET /v1/items/a HTTP/1.1", "Cookie: a=1", "Cookie: session=guest"], 400],
  ["a path of 9 KiB", [`GET /${"a".repeat(9 * 1024)} HTTP/1.1`], 400],
  ["an absolute target", ["GET http://api.example/v1/items/a HTTP/1.1"], 400],
  ["a fragment", ["GET /v1/items/a#b HTTP/1.1"], 400],
  ["a hop-by-hop list that names a header of the policy", ["GET /v1/items/a HTTP/1.1", "Connection: x-user-id"], 400],
  ["more header lines than are read", ["GET /v1/items/a HTTP/1.1", ...Array.from({ length: 300 }, (_, index) => `x-${index}: 1`)], 400],
  ["headers of 70 KiB", ["GET /v1/items/a HTTP/1.1", `x-long: ${"a".repeat(70 * 1024)}`], 400],
  ["a rule that denies", ["GET /v1/gone HTTP/1.1"], 410],
  ["nobody's request for what is somebody's", ["GET /v1/own HTTP/1.1"], 401],
]) {
  test(`${what}: ${expected}`, async () => {
    assert.equal(await statusOf(lines), expected);
    assert.equal(upstream.take().length, expected === 200 ? 1 : 0);
  });
}

test("what is denied is answered with a problem, and HEAD with its headers alone", async () => {
  const { status, headers, body } = await fetchFrom(kong, "/v1/gone");
  assert.equal(status, 410);
  assert.equal(headers["content-type"], "application/problem+json");
  assert.equal(headers["cache-control"], "no-store");
  const id = headers["x-request-id"];
  assert.deepEqual(JSON.parse(body), {
    type: "about:blank", title: "Gone", status: 410, detail: "moved away", reason: "rule", request_id: id,
  });
  const head = await fetchFrom(kong, "/v1/gone", { method: "HEAD" });
  assert.equal(head.status, 410);
  assert.equal(head.body, "");
});

test("a challenge is sent", async () => {
  const { status, headers } = await fetchFrom(kong, "/v1/own");
  assert.equal(status, 401);
  assert.equal(headers["www-authenticate"], "Bearer");
});

test("a bearer token that is none is denied, on public routes too, whatever else the request says", async () => {
  const headers = { authorization: "Bearer e30.e30.e30", "test-identity": "{ issuer = 'okta', claims = '{\"sub\":\"u1\"}' }" };
  const answer = await fetchFrom(kong, "/v1/items/a", { headers });
  assert.equal(answer.status, 401);
  assert.equal(JSON.parse(answer.body).reason, "token:header");
  assert.equal(answer.headers["www-authenticate"], 'Bearer error="invalid_token"');
});

test("a body is passed on unread", async () => {
  const body = "x".repeat(300_000);
  const { status } = await fetchFrom(kong, "/v1/items/a", { method: "POST", headers: { "content-length": body.length }, body });
  assert.equal(status, 200);
  assert.equal(upstream.take()[0].body, body);
});

test("the hook says who is asking, and Kong's plugins learn it", async () => {
  const conf = { identify: "hook" };
  await withKong({ conf, modules: { hook: IDENTIFY } }, async (gate) => {
    const as = (identity) => ({ headers: { "test-identity": identity } });
    const staff = "{ issuer = 'okta', claims = '{\"sub\":\"u1\",\"groups\":[\"staff\"]}' }";
    assert.equal(await reasonOf(gate, "/v1/own", as(staff)), "200 ok");
    assert.deepEqual(valuesOf(upstream.take()[0], "x-user-id"), ["u1"]);
    const [{ credential, groups }] = await gate.records(1);
    assert.deepEqual(credential, { id: "okta/u1", issuer: "okta", subject: "u1" });
    assert.deepEqual(groups, ["staff"]);
    assert.equal(await reasonOf(gate, "/v1/own", as("nil")), "401 unauthenticated");
    assert.equal(await reasonOf(gate, "/v1/own", as("{ issuer = 'okta', claims = '{\"sub\":\"u2\"}' }")), "403 no_rule");
    assert.equal(await reasonOf(gate, "/v1/own", as("{ invalid = 'expired' }")), "401 token:expired");
    assert.equal(await reasonOf(gate, "/v1/own", as("{ unavailable = 'okta' }")), "503 keys_unavailable");
    assert.equal(await reasonOf(gate, "/v1/own", as("{ issuer = 'okta', claims = '{}' }")), "401 token:claims");
    assert.deepEqual((await gate.records(6)).slice(1).map((record) => record.credential), [undefined, undefined, undefined, undefined, undefined]);
    assert.deepEqual(await gate.errors(), []);
    for (const nonsense of ["error('the verifier is broken')", "7", "{}", "{ issuer = 'okta', claims = '{' }", "{ issuer = 'okta', claims = {} }"]) {
      assert.equal(await reasonOf(gate, "/v1/items/a", as(nonsense)), "503 gate:error", nonsense);
    }
    const errors = await gate.errors(5);
    assert.equal(errors.length, 5, "one line each");
    assert.match(errors[0], /the verifier is broken/);
    assert.equal(await reasonOf(gate, "/v1/items/a"), "200 ok");
  });
});

test("a policy without an issuer asks nobody who is asking", async () => {
  const modules = { hook: "return function() error('asked') end" };
  await withKong({ policy: artifactOf("allow everything { for anyone }"), conf: { identify: "hook" }, modules }, async (gate) => {
    assert.equal(await reasonOf(gate, "/"), "200 ok");
  });
});

test("Kong's logs get the decision in as much detail as the policy asks for", async () => {
  await withKong({}, async (gate) => {
    for (const [before, path] of ["/v1/items/quiet", "/v1/items/a", "/v1/items/loud?x=1", "/v1/gone"].entries()) {
      await fetchFrom(gate, path);
      // Kong logs behind the answer, and the next request may be another worker's: each waits for the record of the one before.
      await gate.records(before + 1);
    }
    const [quiet, brief, full, denied] = (await gate.records(4)).map(({ gatelaw }) => gatelaw);
    assert.equal(quiet, undefined);
    const { request_id, policy, trace, ...rest } = brief;
    assert.match(trace.id, /^[0-9a-f]{32}$/);
    assert.match(request_id, /^[0-9a-f]{32}$/);
    assert.match(policy, /^sha256:/);
    assert.deepEqual(rest, { effect: "allow", status: 200, reason: "rule", rule: "read" });
    assert.equal(full.target, "/v1/items/loud?x=1");
    assert.deepEqual([full.method, full.scheme, full.host], ["GET", "http", "api.example"]);
    assert.deepEqual([denied.effect, denied.status, denied.rule], ["deny", 410, "gone"]);
  });
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

/** Sends the headers of a trace, and answers those that went on, and what the record has of it. */
async function traced(gate, headers) {
  const before = (await gate.records()).length;
  assert.equal(await reasonOf(gate, "/v1/items/a", { headers }), "200 ok");
  const [sent] = upstream.take();
  const record = (await gate.records(before + 1))[before];
  return { parents: valuesOf(sent, "traceparent"), states: valuesOf(sent, "tracestate"), trace: record.gatelaw.trace };
}

test("a trace begins anew at a gate that anybody calls", async () => {
  await withKong({}, async (gate) => {
    const first = await traced(gate, { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=1" });
    assert.equal(first.trace.caller, TRACE);
    assert.notEqual(first.trace.id, TRACE);
    assert.deepEqual(first.states, []);
    assert.equal(first.parents.length, 1);
    assert.match(first.parents[0], new RegExp(`^00-${first.trace.id}-${first.trace.span}-0[0-3]$`));
    const second = await traced(gate, {});
    assert.notEqual(second.trace.id, first.trace.id);
    assert.equal(second.trace.caller, undefined);
  });
});

test("a trace goes on behind a trusted edge, and begins anew where it can't be read", async () => {
  await withKong({ conf: { trace: "continue" } }, async (gate) => {
    const { trace, parents, states } = await traced(gate, { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=1,b=2" });
    assert.deepEqual([trace.id, trace.caller], [TRACE, undefined]);
    assert.notEqual(trace.span, PARENT);
    assert.deepEqual([parents, states], [[`00-${TRACE}-${trace.span}-01`], ["a=1,b=2"]]);
    for (const traceparent of [`00-${"0".repeat(32)}-${PARENT}-01`, `00-${TRACE.toUpperCase()}-${PARENT}-01`, "x"]) {
      const other = await traced(gate, { traceparent, tracestate: "a=1" });
      assert.match(other.trace.id, /^[0-9a-f]{32}$/);
      assert.notEqual(other.trace.id.toLowerCase(), TRACE);
      assert.deepEqual(other.states, []);
    }
  });
});

test("the headers of a trace are left to others where the configuration says so", async () => {
  await withKong({ conf: { trace: "pass" } }, async (gate) => {
    const { trace, parents, states } = await traced(gate, { traceparent: "x", tracestate: "y" });
    assert.deepEqual([trace, parents, states], [undefined, ["x"], ["y"]]);
  });
});

test("limits are reported where the configuration says so", async () => {
  const policy = artifactOf("allow everything { for anyone }\nlimit each { rate 5 per minute  by request.host }");
  await withKong({ policy, conf: { limits: "report" } }, async (gate) => {
    assert.equal(await reasonOf(gate, "/"), "200 ok");
    const [{ gatelaw }] = await gate.records(1);
    assert.deepEqual([gatelaw.limits[0].name, gatelaw.limits[0].rate, gatelaw.limits[0].per_s], ["each", 5, 60]);
  });
});

const INSIDE = artifactOf("allow inside { for anyone  when request.ip in 203.0.113.0/24 }\nallow local { on /local  for anyone  when request.ip in 127.0.0.0/8 }");

test("the client's address is the one that Kong finds", async () => {
  await withKong({ policy: INSIDE }, async (gate) => {
    assert.equal(await reasonOf(gate, "/local"), "200 ok");
    assert.equal(await reasonOf(gate, "/", { headers: { "x-forwarded-for": "203.0.113.9" } }), "403 no_rule");
  });
});

test("the client is found behind trusted proxies", async () => {
  const conf = { trusted: ["127.0.0.0/8"], client_header: "x-forwarded-for" };
  await withKong({ policy: INSIDE, conf }, async (gate) => {
    const from = (value) => reasonOf(gate, "/", { headers: { "x-forwarded-for": value } });
    assert.equal(await from("198.51.100.1, 203.0.113.9"), "200 ok");
    assert.equal(await from("203.0.113.9, 198.51.100.1"), "403 no_rule");
    assert.equal(await from("203.0.113.9:80"), "400 refused:client-ip");
  });
});

/** The route and the service rewrite the path, and what goes on is the judged path rewritten so; or nothing goes on. */
for (const [what, { route, service }, path, expected] of [
  ["a service's path", { service: { path: "/api" } }, "/v1/items/%61?x", "/api/v1/items/a?x"],
  ["a service's path that ends in a slash", { service: { path: "/api/" } }, "/v1/items/a", "/api/v1/items/a"],
  ["a stripped path", { route: { paths: ["/v1"], strip_path: true } }, "/v1/items/%c3%a9%2b", "/items/%C3%A9%2B"],
  ["a stripped path behind a service's path", { route: { paths: ["/v1"], strip_path: true }, service: { path: "/api" } }, "/v1/items/a", "/api/items/a"],
  ["a path that is stripped whole", { route: { paths: ["/v1/items/a"], strip_path: true }, service: { path: "/api" } }, "/v1/items/a", "/api"],
  ["stripping that does nothing", { route: { strip_path: true } }, "/v1/items/a", "/v1/items/a"],
  ["stripping that cuts a segment", { route: { paths: ["/v1/it"], strip_path: true } }, "/v1/items/a", null],
  ["stripping that lays dots bare", { route: { paths: ["/v1/items/a"], strip_path: true } }, "/v1/items/a..", null],
]) {
  test(`${what}: ${path} goes on as ${expected}`, async () => {
    await withKong({ route, service }, async (gate) => {
      assert.equal(await reasonOf(gate, path), expected === null ? "503 gate:routed" : "200 ok");
      assert.deepEqual(upstream.take().map(({ target }) => target), expected === null ? [] : [expected]);
      const errors = expected === null ? 1 : 0;
      assert.equal((await gate.errors(errors)).length, errors);
    });
  });
}

test("a path that Kong routed by another spelling goes nowhere", async () => {
  const policy = artifactOf("service loose {\n path_params strip\n empty_segments merge\n allow everything { for anyone }\n}");
  await withKong({ policy }, async (gate) => {
    assert.equal(await reasonOf(gate, "/a;b/c"), "503 gate:routed");
    assert.deepEqual(upstream.take(), []);
    assert.equal(await reasonOf(gate, "/a//b?c"), "200 ok");
    assert.equal(upstream.take()[0].target, "/a/b?c");
  });
});

test("a gRPC service gets the path as it came, or nothing", async () => {
  await withKong({ service: { protocol: "grpc" } }, async (gate) => {
    assert.equal(await reasonOf(gate, "/v1/items/a"), "200 ok");
    assert.equal(await reasonOf(gate, "/v1/items/%61"), "503 gate:routed");
  });
});

function valuesOf({ headers }, name) {
  return headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}
