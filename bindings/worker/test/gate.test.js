// The gate as a Worker in front of an upstream that keeps the bytes it was sent.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { API, artifactOf } from "./policies.js";
import { startUpstream } from "./upstream.js";
import { startWorker } from "./workerd.js";

const ID = /^[0-9a-f]{32}$/;
/** What comes after an answer has begun comes within this time. */
const SILENCE_MS = 200;
const ENTRY = "test/workers/gate.js";

let upstream;
before(async () => { upstream = await startUpstream(); });
after(() => upstream.stop());

/** Starts a gate with a policy for the tests of one `describe`. */
function gate(policy, { entry = ENTRY, bindings, cf } = {}) {
  const started = {};
  before(async () => {
    started.worker = await startWorker(entry, { origin: upstream.port, policy: artifactOf(policy), bindings, cf });
    upstream.take();
  });
  after(() => started.worker.stop());
  return {
    fetch: (path, init) => started.worker.fetch(path, init),
    get worker() { return started.worker; },
  };
}

/** Takes the one request that went on, with its headers by lower-case name. */
function onward() {
  const requests = upstream.take();
  assert.equal(requests.length, 1);
  const [{ method, target, headers, body }] = requests;
  return { method, target, body, headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])) };
}

/** Checks the answer of a gate that denied, and that nothing went on. */
async function denied(response, status, reason) {
  const problem = await response.json();
  assert.equal(response.status, status, JSON.stringify(problem));
  assert.deepEqual(upstream.take(), []);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(problem.reason, reason);
  assert.equal(problem.status, status);
  assert.match(problem.request_id, ID);
  assert.equal(response.headers.get("x-request-id"), problem.request_id);
  return problem;
}

describe("a gate with an issuer", () => {
  const server = gate(API);
  const { fetch } = server;

  /** Sends bytes, and answers those that come back until nothing more does. */
  async function raw(bytes) {
    const socket = connect(server.worker.port, "127.0.0.1");
    socket.write(bytes);
    const [first] = await once(socket, "data");
    let answer = first.toString("latin1");
    socket.on("data", (chunk) => { answer += chunk.toString("latin1"); });
    await pause(SILENCE_MS);
    socket.destroy();
    return answer;
  }

  test("what is allowed goes on in its canonical form", async () => {
    const response = await fetch("/v1/items/%61%7e%c3%a9?q='a'&x=%2e", { headers: { accept: "text/x" } });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "ok");
    const { method, target, headers } = onward();
    assert.equal(method, "GET");
    assert.equal(target, "/v1/items/a~%C3%A9?q=%27a%27&x=%2e");
    assert.equal(headers.accept, "text/x");
    assert.match(headers["x-request-id"], ID);
    assert.equal(response.headers.get("x-request-id"), headers["x-request-id"]);
  });

  test("headers that the gate answers for are the client's under no spelling", async () => {
    const headers = {
      "X-Request-Id": "mine", "x_request_id": "mine", "x.user_id": "root", "X-User-Id": "root", "x-consumer-username": "root",
      "x-rewrite-url": "/admin", "x-debug": "1", "X_Debug": "1", "x-kept": "1",
    };
    await fetch("/v1/items/a", { headers });
    const names = Object.keys(onward().headers).filter((name) => name.startsWith("x"));
    assert.deepEqual(names.sort(), ["x-kept", "x-request-id"]);
  });

  test("every request has an id of its own", async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => fetch("/v1/items/a")));
    const ids = new Set(responses.map((response) => response.headers.get("x-request-id")));
    assert.equal(ids.size, 20);
    assert.deepEqual(new Set(upstream.take().map(({ headers }) => headers.find(([name]) => name === "x-request-id")[1])), ids);
  });

  for (const target of ["/v1/items/a%2fb", "/v1/items/a%5cb", "/v1//items", "/v1/items/%zz", "/v1/items/a;b"]) {
    test(`what can be read in two ways is refused: ${target}`, async () => {
      const { reason } = await (await fetch(target)).json();
      assert.match(reason, /^refused:/);
      assert.deepEqual(upstream.take(), []);
    });
  }

  test("a path of 9 KiB is refused", async () => {
    await denied(await fetch(`/v1/items/${"a".repeat(9 * 1024)}`), 400, "refused:limits");
  });

  test("a deny answers what its rule says", async () => {
    const problem = await denied(await fetch("/v1/gone"), 410, "rule");
    assert.equal(problem.detail, "moved away");
  });

  test("HEAD gets the headers alone", async () => {
    const response = await fetch("/v1/gone", { method: "HEAD" });
    assert.equal(response.status, 410);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(await response.text(), "");
  });

  test("an anonymous caller is challenged", async () => {
    const response = await fetch("/v1/own");
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
    await denied(response, 401, "unauthenticated");
  });

  test("what is no token is denied, on public routes too", async () => {
    const response = await fetch("/v1/items/a", { headers: { authorization: "bearer x" } });
    assert.match(response.headers.get("www-authenticate"), /^Bearer .*error="invalid_token"/);
    await denied(response, 401, "token:format");
  });

  test("a body goes on as it was", async () => {
    const response = await fetch("/v1/items/a", { method: "POST", body: "x".repeat(3_000_000) });
    assert.equal(response.status, 200);
    const { method, body } = onward();
    assert.equal(method, "POST");
    assert.equal(body.length, 3_000_000);
  });

  test("a body is passed on while it comes", async () => {
    let send;
    const body = new ReadableStream({ start(controller) { send = controller; } });
    send.enqueue(new TextEncoder().encode("first"));
    const answer = fetch("/v1/items/a", { method: "POST", body, duplex: "half" });
    while (!upstream.unfinished().includes("first")) await new Promise((done) => setTimeout(done, 5));
    send.enqueue(new TextEncoder().encode("second"));
    send.close();
    assert.equal((await answer).status, 200);
    assert.equal(onward().body, "firstsecond");
  });

  test("a body that is denied is not waited for", async () => {
    assert.match(await raw("POST /v1/nowhere HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\nx"), /^HTTP\/1\.1 401 /);
  });

  test("what the upstream answers comes back, redirects too", async () => {
    upstream.answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nX-Request-Id: upstream\r\nContent-Length: 4\r\n\r\nback";
    const response = await fetch("/v1/items/a");
    upstream.answer = undefined;
    assert.equal(response.status, 302);
    assert.equal(response.headers.get("location"), "/elsewhere");
    assert.equal(await response.text(), "back");
    assert.equal(response.headers.get("x-request-id"), onward().headers["x-request-id"]);
  });

  test("a compressed answer comes back as it is", async () => {
    const body = gzipSync("hello ".repeat(100)).toString("latin1");
    upstream.answer = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const response = await raw("GET /v1/items/a HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    upstream.answer = undefined;
    upstream.take();
    assert.match(response, /\r\ncontent-encoding: gzip\r\n/i);
    assert.ok(response.endsWith(`\r\n\r\n${body}`), response);
  });

  for (const [status, length] of [["204 No Content", 0], ["304 Not Modified", 0], ["500 Internal Server Error", 2]]) {
    test(`what has no body, or tells of an error, comes back: ${status}`, async () => {
      upstream.answer = `HTTP/1.1 ${status}\r\nETag: "a"\r\n${length === 0 ? "" : `Content-Length: ${length}\r\n`}\r\n${"x".repeat(length)}`;
      const response = await fetch("/v1/items/a");
      upstream.answer = undefined;
      assert.equal(response.status, Number(status.slice(0, 3)));
      assert.equal(response.headers.get("etag"), '"a"');
      assert.equal(response.headers.get("x-request-id"), onward().headers["x-request-id"]);
      assert.equal((await response.text()).length, length);
    });
  }

  test("HEAD goes on as HEAD", async () => {
    upstream.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";
    const response = await fetch("/v1/items/a", { method: "HEAD" });
    upstream.answer = undefined;
    assert.equal(response.headers.get("content-length"), "5000");
    assert.equal(onward().method, "HEAD");
  });

  test("an upgrade to WebSocket is judged as any request, and goes through", async () => {
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const upgrade = (path) => `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
    assert.match(await raw(upgrade("/v1/nowhere")), /^HTTP\/1\.1 401 /);
    upstream.answer = ({ headers }) => {
      const [, sent] = headers.find(([name]) => name.toLowerCase() === "sec-websocket-key");
      const accept = createHash("sha1").update(`${sent}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      // Behind the head, one frame of text.
      return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n\x81\x02hi`;
    };
    const response = await raw(upgrade("/v1/items/%61"));
    upstream.answer = undefined;
    assert.match(response, /^HTTP\/1\.1 101 /);
    assert.ok(response.endsWith("\x81\x02hi"), response);
    assert.equal(onward().target, "/v1/items/a");
  });

  test("every decision is one line of the log, in the detail that the policy asks for", async () => {
    const ids = [];
    for (const name of ["brief", "quiet", "loud"]) {
      ids.push((await fetch(`/v1/items/${name}?secret=1`)).headers.get("x-request-id"));
    }
    const recorded = (index, count) => server.worker.recorded(count, ({ request_id }) => request_id === ids[index]);
    // What is quiet has no line: the one behind it comes last.
    const [brief, loud] = [await recorded(0, 1), await recorded(2, 1)];
    const quiet = await recorded(1, 0);
    upstream.take();
    const members = ["event", "time", "request_id", "trace", "effect", "status", "reason", "rule", "observed", "keep", "policy"];
    assert.deepEqual(brief.map((record) => Object.keys(record)), [members]);
    assert.equal(brief[0].rule, "read");
    assert.deepEqual(quiet, []);
    assert.deepEqual(loud.map((record) => Object.keys(record)), [[...members, "scheme", "method", "host", "target", "set", "remove"]]);
    assert.equal(loud[0].target, "/v1/items/loud?secret=1");
  });
});

describe("a gate with a hook that verifies identities", () => {
  const server = gate(API, { bindings: { IDENTIFY: 'json = "true"' } });
  const as = (identity) => ({ headers: { "test-identity": typeof identity === "string" ? identity : JSON.stringify(identity) } });

  test("verified claims decide, and what they set goes on", async () => {
    const identity = String.raw`{"issuer":"okta","claims":{"sub":"\u00fc1"}}`;
    assert.equal((await server.fetch("/v1/own", as(identity))).status, 200);
    // One character a byte: the value goes on as UTF-8.
    assert.equal(onward().headers["x-user-id"], "\u00c3\u00bc1");
  });

  test("nobody is nobody", async () => {
    await denied(await server.fetch("/v1/own"), 401, "unauthenticated");
  });

  test("a refused token is denied with its code", async () => {
    await denied(await server.fetch("/v1/items/a", as({ invalid: "expired" })), 401, "token:expired");
  });

  test("keys that are not to be had are told", async () => {
    await denied(await server.fetch("/v1/own", as({ unavailable: "okta" })), 503, "keys_unavailable");
  });

  for (const [name, identity, message] of [
    ["throws", "throw", "the verifier is broken"],
    ["answers nonsense", { name: "root" }, "identity.name means nothing: identity has issuer, claims, invalid, unavailable, token"],
    ["answers a list", [], "identity must be an object, not an array"],
    ["names no issuer", { claims: {} }, "identity.issuer must be a string, not undefined"],
  ]) {
    test(`a hook that ${name} lets nobody through`, async () => {
      const { request_id } = await denied(await server.fetch("/v1/items/a", as(identity)), 503, "gate:error");
      const [record] = await server.worker.recorded(1, (record) => record.request_id === request_id);
      assert.equal(record.event, "error");
      assert.equal(record.message, message);
      assert.equal((await server.fetch("/v1/items/a")).status, 200);
      upstream.take();
    });
  }
});

describe("what the edge knows", () => {
  const FACTS = `
allow country { on GET /country  for anyone  when request.country? == "DE" }
allow asn { on GET /asn  for anyone  when request.asn? == 64500 }
allow bots { on GET /bots  for anyone  when request.bot_score? > 29 }
allow tls { on GET /tls  for anyone  when request.tls_version? == "TLSv1.3" }
allow cert { on GET /cert  for anyone  when has request.client_cert }
allow size { on POST /size  for anyone  when request.size? == 5 }
`;
  const hash = "0123456789abcdef".repeat(4);
  const known = {
    country: "DE", asn: 64500, botManagement: { score: 30 }, tlsVersion: "TLSv1.3",
    tlsClientAuth: { certPresented: "1", certVerified: "SUCCESS", certRevoked: "0", certFingerprintSHA256: hash },
  };
  const server = gate(FACTS, { cf: known });
  const cert = (change) => ({ ...known, tlsClientAuth: { ...known.tlsClientAuth, ...change } });
  const ask = (path, cf) => server.fetch(path, { cf });

  for (const path of ["/country", "/asn", "/bots", "/tls", "/cert"]) {
    test(`it decides: ${path}`, async () => {
      assert.equal((await ask(path, known)).status, 200);
      upstream.take();
    });
  }

  test("the size is that of the content-length", async () => {
    assert.equal((await server.fetch("/size", { method: "POST", body: "12345" })).status, 200);
    upstream.take();
    assert.equal((await server.fetch("/size", { method: "POST", body: "123456" })).status, 403);
  });

  for (const [name, path, cf] of [
    ["nothing is known", "/country", {}],
    ["the country is null", "/country", { ...known, country: null }],
    ["the country is XX", "/country", { ...known, country: "XX" }],
    ["there is no Bot Management", "/bots", { ...known, botManagement: undefined }],
    ["there is no TLS", "/tls", { ...known, tlsVersion: "none" }],
    ["no certificate was sent", "/cert", cert({ certPresented: "0", certVerified: "NONE" })],
    ["the certificate was not verified", "/cert", cert({ certVerified: "FAILED:self signed certificate" })],
    ["the certificate is revoked", "/cert", cert({ certRevoked: "1" })],
  ]) {
    test(`absence does not grant: ${name}`, async () => {
      await denied(await ask(path, cf), 403, "no_rule");
    });
  }

  for (const [fact, cf] of [
    ["country", { ...known, country: 49 }],
    ["country", { ...known, country: "Germany" }],
    ["asn", { ...known, asn: "64500" }],
    ["bot_score", { ...known, botManagement: { score: "high" } }],
    ["tls_version", { ...known, tlsVersion: 1.3 }],
    ["client_cert", cert({ certFingerprintSHA256: "abc" })],
  ]) {
    test(`a wrong type denies: ${fact}`, async () => {
      await denied(await ask("/country", cf), 503, `fact:${fact}`);
    });
  }
});

describe("the client's address", () => {
  const OFFICE = "allow office { on GET /  for anyone  when request.ip in [10.0.0.0/8, 2001:db8::/32] }";
  const standard = gate(OFFICE);
  const own = gate(OFFICE, { bindings: { ADDRESS: 'text = "x-client"' } });

  for (const [address, status] of [["10.1.2.3", 200], ["2001:db8::1", 200], ["::ffff:10.1.2.3", 200], ["192.0.2.1", 403]]) {
    test(`it is that of cf-connecting-ip: ${address}`, async () => {
      assert.equal((await standard.fetch("/", { headers: { "cf-connecting-ip": address } })).status, status);
      upstream.take();
    });
  }

  for (const address of ["10.1", "10.0.0.1:80", "10.0.0.1, 10.0.0.2", "unknown"]) {
    test(`it is refused where it is none: ${address}`, async () => {
      await denied(await standard.fetch("/", { headers: { "cf-connecting-ip": address } }), 400, "refused:client-ip");
    });
  }

  test("without it nobody is let through", async () => {
    await denied(await standard.fetch("/"), 503, "gate:error");
  });

  test("it comes from the header that an option names, and from no other", async () => {
    assert.equal((await own.fetch("/", { headers: { "x-client": "10.1.2.3" } })).status, 200);
    upstream.take();
    await denied(await own.fetch("/", { headers: { "cf-connecting-ip": "10.1.2.3" } }), 503, "gate:error");
  });
});

describe("a policy that asks for what the gate can't do", () => {
  const LIMITED = 'allow a { on GET /  for anyone }  limit clients { rate 5 per minute  by request.host }';
  const COUNTRY = 'allow a { on GET /  for anyone  when request.country? == "DE" }';
  const ADDRESS = "allow a { on GET /  for anyone  when request.ip in 10.0.0.0/8 }";
  const cases = [
    ["limits", gate(LIMITED), "gate:limits"],
    ["a fact that the zone lacks", gate(COUNTRY, { bindings: { FACTS: 'json = "[\\"asn\\"]"' } }), "gate:facts"],
    ["an address that the gate lacks", gate(ADDRESS, { bindings: { ADDRESS: 'json = "false"' } }), "gate:ip"],
  ];
  for (const [name, server, code] of cases) {
    test(`it is refused, and told once: ${name}`, async () => {
      await denied(await server.fetch("/"), 503, "gate:policy");
      await denied(await server.fetch("/"), 503, "gate:policy");
      const problems = await server.worker.recorded(1, ({ event }) => event === "problem");
      assert.deepEqual(problems.map(({ code }) => code), [code]);
    });
  }

  const reporting = gate(LIMITED, { bindings: { LIMITS: 'text = "report"' } });
  test("limits that are reported stand in the record", async () => {
    assert.equal((await reporting.fetch("/")).status, 200);
    upstream.take();
    const [{ limits }] = await reporting.worker.recorded(1, ({ event }) => event === "decision");
    assert.deepEqual(limits.map(({ name, rate, per_s }) => [name, rate, per_s]), [["clients", 5, 60]]);
  });
});

describe("what goes wrong around the gate", () => {
  const origin = gate(API, { bindings: { UPSTREAM: 'text = "http://127.0.0.1:9"' } });
  test("an upstream that is not there is told", async () => {
    const problem = await denied(await origin.fetch("/v1/items/a"), 502, "gate:upstream");
    assert.equal(problem.detail, "the upstream can't be reached");
    const told = await origin.worker.recorded(1, ({ event, request_id }) => event === "upstream" && request_id === problem.request_id);
    assert.equal(told.length, 1);
  });

  const log = gate(API, { bindings: { LOG_FAILS: 'json = "true"' } });
  test("what can't be recorded is denied", async () => {
    await denied(await log.fetch("/v1/items/a"), 503, "gate:error");
  });

  const options = gate(API, { bindings: { UPSTREAM: 'text = "origin.example/api"' } });
  test("options that mean nothing deny, and are told once", async () => {
    await denied(await options.fetch("/v1/items/a"), 503, "gate:options");
    await denied(await options.fetch("/v1/items/a"), 503, "gate:options");
    const problems = await options.worker.recorded(1, ({ event }) => event === "problem");
    assert.deepEqual(problems.map(({ message }) => message), [
      'options.upstream must be an origin such as `https://origin.example`, without a path; it is "origin.example/api"',
    ]);
  });

  const bundled = gate(API, { bindings: { ARTIFACT: `data = 0x"${Buffer.from(artifactOf(API)).toString("hex")}"` } });
  test("a policy can come with the Worker", async () => {
    assert.equal((await bundled.fetch("/v1/items/a")).status, 200);
    upstream.take();
  });
});

describe("an instance of WebAssembly that dies", () => {
  const server = gate(API, { entry: "test/workers/trap.js" });
  test("only the request that met it is denied", async () => {
    for (let round = 0; round < 3; round++) {
      await denied(await server.fetch("/v1/items/a", { headers: { "test-trap": "1" } }), 503, "gate:trap");
      assert.equal((await server.fetch("/v1/items/a")).status, 200);
      upstream.take();
    }
    assert.ok(server.worker.runs);
  });
});
