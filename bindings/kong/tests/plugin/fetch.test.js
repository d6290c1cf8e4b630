// The client that fetches keys, in nginx: what it takes, and that no endpoint makes it wait, follow or keep more than it should.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fetchFrom } from "./client.js";
import { json, startEndpoint, startResolver } from "./endpoint.js";
import { startKong } from "./nginx.js";

const PROBE = `
local fetch = require("kong.plugins.gatelaw.fetch")

return function()
  local url = ngx.unescape_uri(ngx.var.arg_url)
  local answer, err = fetch.get(url)
  return answer and #answer.body .. " " .. answer.body:sub(1, 20) or "nil " .. err
end
`;
/** What all reads together may take. */
const TIME_MAX_MS = 5000;
const SLACK_MS = 2500;
const STRANGER = fileURLToPath(new URL("tls/stranger.pem", import.meta.url));
const LARGE = 256 * 1024;

let kong;
let plain;
let secure;
let resolver;

before(async () => {
  [plain, secure, resolver] = await Promise.all([startEndpoint(), startEndpoint({ tls: true }), startResolver()]);
  kong = await startKong({ modules: { probe: PROBE }, resolver: resolver.port, workers: 1 });
});
after(async () => {
  await kong.stop();
  await Promise.all([plain.stop(), secure.stop()]);
  resolver.stop();
});

async function fetched(url) {
  const { body } = await fetchFrom(kong, `/probe?url=${encodeURIComponent(url)}`);
  return body.trim();
}

/** Serves one answer, and says what came of it. */
async function fetchedFrom(answer) {
  plain.answers["/keys"] = answer;
  return fetched(`${plain.url}/keys`);
}

const head = (...lines) => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");

for (const [what, answer, expected] of [
  ["a counted body", json("{}"), "2 {}"],
  ["a body until the end", `${head()}{}`, "2 {}"],
  ["chunks", `${head("Transfer-Encoding: chunked")}1\r\n{\r\n01;x=y\r\n}\r\n0\r\n\r\n`, "2 {}"],
  ["nothing", json(""), "0"],
  ["as much as may be", json("a".repeat(LARGE)), `${LARGE} ${"a".repeat(20)}`],
  ["one byte more", json("a".repeat(LARGE + 1)), `nil more than ${LARGE} bytes`],
  ["one byte more, uncounted", `${head()}${"a".repeat(LARGE + 1)}`, `nil more than ${LARGE} bytes`],
  ["a chunk that is too large", `${head("Transfer-Encoding: chunked")}40001\r\n`, `nil more than ${LARGE} bytes`],
  ["a chunk of more than memory", `${head("Transfer-Encoding: chunked")}ffffffffffffffffff\r\n`, `nil more than ${LARGE} bytes`],
  ["chunks that are too large together", `${head("Transfer-Encoding: chunked")}${`10000\r\n${"a".repeat(65536)}\r\n`.repeat(5)}0\r\n\r\n`, `nil more than ${LARGE} bytes`],
  ["a chunk longer than its size", `${head("Transfer-Encoding: chunked")}1\r\n{}\r\n`, "nil a chunk that is longer than its size"],
  ["a chunk without a size", `${head("Transfer-Encoding: chunked")}x\r\n`, "nil a chunk without a size"],
  ["a body cut short", json("{}").slice(0, -1), "nil closed"],
  ["a length that is none", head("Content-Length: -1"), "nil a content-length that is none"],
  ["two lengths", `${head("Content-Length: 2", "Content-Length: 2")}{}`, "nil two headers `content-length`"],
  ["a length and chunks", head("Content-Length: 2", "Transfer-Encoding: chunked"), "nil a body that can be read in two ways"],
  ["another coding", head("Transfer-Encoding: gzip, chunked"), "nil a body that can be read in two ways"],
  ["a compressed body", head("Content-Encoding: gzip"), "nil an encoding that was not asked for"],
  ["a header that is none", head("Content Length: 2"), "nil a header that is none"],
  ["a redirect", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "nil status 302"],
  ["an error", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}", "nil status 500"],
  ["a part", "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\n{}", "nil status 206"],
  ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "nil an answer that is not HTTP"],
  ["nothing at all", "", "nil closed"],
  ["a head without an end", head(`X: ${"a".repeat(20_000)}`), "nil more than 16384 bytes in a row"],
]) {
  test(`${what}: ${expected.slice(0, 40)}`, async () => {
    assert.equal(await fetchedFrom(answer), expected);
  });
}

test("endpoints that never end are given up in time, though no single read times out", async () => {
  const start = Date.now();
  const said = await Promise.all([
    ["/silent", false, ""],
    ["/body", true, head("Content-Length: 100000")],
    ["/head", true, "HTTP/1.1 200 OK\r\nX: "],
  ].map(([path, trickles, begin]) => {
    plain.answers[path] = (socket) => {
      socket.write(begin);
      const timer = setInterval(() => trickles && socket.write("a"), 200);
      socket.on("close", () => clearInterval(timer));
    };
    return fetched(`${plain.url}${path}`);
  }));
  const took = Date.now() - start;
  for (const what of said) assert.match(what, /^nil (no answer within 5 s|timeout)$/);
  assert.ok(took >= TIME_MAX_MS - 500 && took < TIME_MAX_MS + SLACK_MS, `${took} ms`);
  assert.equal(await fetched("x"), "nil is no URL of https", "the worker lives");
});

test("the certificate is verified, and the name in it", async () => {
  secure.answers["/keys"] = json("{}");
  assert.equal(await fetched(`${secure.url}/keys`), "2 {}");
  assert.match(secure.heads[0], /^GET \/keys HTTP\/1\.1\r\nHost: keys\.example:\d+\r\n/);
  assert.match(await fetched(`https://other.example:${secure.port}/keys`), /^nil certificate host mismatch/);
  assert.equal(secure.times("/keys"), 1, "nobody else was asked for anything");
});

test("a certificate of an authority that nobody trusts is refused", async () => {
  const strangers = await startKong({ modules: { probe: PROBE }, resolver: resolver.port, workers: 1, trusts: STRANGER });
  try {
    const before = secure.asked.length;
    const { body } = await fetchFrom(strangers, `/probe?url=${encodeURIComponent(`${secure.url}/keys`)}`);
    // The endpoint may hang up before nginx has said why it does.
    assert.match(body, /^nil (\d+: unable to |closed)/);
    assert.equal(secure.asked.length, before, "it was asked for nothing");
  } finally {
    await strangers.stop();
  }
});

test("an endpoint that isn't there is told", async () => {
  assert.match(await fetched("http://127.0.0.1:9/keys"), /^nil connection refused/);
});

for (const [url, expected] of [
  ["http://keys.example/keys", "nil is not https"],
  ["http://127.0.0.1.nip.example/keys", "nil is not https"],
  ["http://10.0.0.1/keys", "nil is not https"],
  ["http://127.0.0.1.example/keys", "nil is not https"],
  ["https://user@keys.example/keys", "nil is no URL of https"],
  ["https://keys.example/keys#x", "nil is no URL of https"],
  ["https://keys.example/a b", "nil is no URL of https"],
  ["https://keys.example/a\r\nX: y", "nil is no URL of https"],
  ["https://", "nil is no URL of https"],
  ["https://ke_ys.example", "nil has no host"],
  ["https://keys.example:x", "nil has no host"],
  ["ftp://keys.example/keys", "nil is no URL of https"],
]) {
  test(`${JSON.stringify(url)}: ${expected}`, async () => {
    assert.equal(await fetched(url), expected);
  });
}
