// Tokens that are bound to a client's certificate (RFC 8705), and policies that ask for one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startUpstream } from "../../../worker/test/upstream.js";
import { certificate } from "./certificate.js";
import { reasonOf } from "./client.js";
import { startKong } from "./nginx.js";
import { artifactOf } from "./policies.js";
import { Key } from "./provider.js";

const POLICY = artifactOf(`
issuer own {
  url        "https://own.example"
  audience   "api"
  algorithms ES256
  bound      mtls
}
allow items { on GET /v1/items/**  for authenticated }
allow inner { on GET /inner  for anyone  when has request.client_cert }
`);
const KEY = new Key("ES256");
const AUTHORITY = certificate("authority", { isAuthority: true });
const OWN = certificate("own", { authority: AUTHORITY });
const OTHER = certificate("other", { authority: AUTHORITY });
const SELF_SIGNED = certificate("self-signed");
const STRANGER = certificate("stranger", { authority: certificate("strangers", { isAuthority: true }) });

const upstream = await startUpstream();
const conf = { keys: [{ issuer: "own", document: JSON.stringify({ keys: [KEY.jwk] }) }] };
const start = (more) => startKong({ upstream: upstream.port, policy: POLICY, workers: 1, clients: AUTHORITY.cert, conf: { ...conf, ...more } });
let kong;
let taking;

before(async () => {
  [kong, taking] = await Promise.all([start({}), start({ client_cert: "presented" })]);
});
after(async () => {
  await Promise.all([kong.stop(), taking.stop()]);
  await upstream.stop();
});

function tokenFor(cnf) {
  const now = Math.floor(Date.now() / 1000);
  return KEY.sign({ iss: "https://own.example", aud: "api", sub: "u1", iat: now - 10, exp: now + 300, cnf });
}

/** A token that is bound to a certificate. */
const boundTo = ({ thumbprint }) => tokenFor({ "x5t#S256": thumbprint });

/** Asks over TLS, with a certificate or without. */
function asked(gate, client, token, path = "/v1/items/a") {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return reasonOf({ port: gate.securePort }, path, { headers, tls: { cert: client?.cert, key: client?.key } });
}

test("a bound token passes with its certificate, and with no other and none", async () => {
  const token = boundTo(OWN);
  // The second time it is remembered.
  for (let time = 0; time < 2; time += 1) {
    assert.equal(await asked(kong, OWN, token), "200 ok");
    assert.equal(await asked(kong, OTHER, token), "401 token:claims");
    assert.equal(await asked(kong, undefined, token), "401 token:claims");
  }
});

test("without TLS no bound token passes, whatever a header says", async () => {
  const headers = { authorization: `Bearer ${boundTo(OWN)}`, "x-client-cert": encodeURIComponent(OWN.cert), "ssl-client-cert": encodeURIComponent(OWN.cert) };
  assert.equal(await reasonOf(kong, "/v1/items/a", { headers }), "401 token:claims");
});

test("a token that is not bound needs no certificate", async () => {
  const token = tokenFor(undefined);
  for (const client of [undefined, OWN, SELF_SIGNED]) assert.equal(await asked(kong, client, token), "200 ok");
});

test("a token that is bound in another way as well is refused", async () => {
  assert.equal(await asked(kong, OWN, tokenFor({ "x5t#S256": OWN.thumbprint, jkt: "x" })), "401 token:claims");
});

for (const [what, client] of [["signed by itself", SELF_SIGNED], ["of an authority that nobody trusts", STRANGER]]) {
  test(`a certificate ${what} counts where the configuration says so, and nowhere else`, async () => {
    assert.equal(await asked(kong, client, boundTo(client)), "401 token:claims");
    assert.equal(await asked(taking, client, boundTo(client)), "200 ok");
    assert.equal(await asked(taking, client, boundTo(OWN)), "401 token:claims");
  });
}

test("a policy asks for a certificate that was verified", async () => {
  assert.equal(await asked(kong, OWN, undefined, "/inner"), "200 ok");
  for (const client of [undefined, SELF_SIGNED, STRANGER]) assert.equal(await asked(kong, client, undefined, "/inner"), "401 unauthenticated");
  assert.equal(await reasonOf(kong, "/inner"), "401 unauthenticated");
});
