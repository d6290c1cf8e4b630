// A real provider and the gates: found by discovery, with tokens of a machine and of a user who signed in, and with keys that change
// while requests run.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { artifactOf } from "../policies.js";
import { startUpstream } from "../upstream.js";
import { startWorker } from "../workerd.js";
import { ELSEWHERE, keyOf, startIssuer } from "./oidc.js";

const kong = (file) => import(pathToFileURL(join(process.env.GATELAW_REPOSITORY, "bindings/kong/tests/plugin", file)));
const [{ startKong }, { fetchFrom, reasonOf }, { load }] = await Promise.all(["nginx.js", "client.js", "load.js"].map(kong));

const DISCOVERY = "/.well-known/openid-configuration";
const COOL_DOWN_S = 30;
const FRESH_S = 600;
/** For what happens in the background, on a machine that has other work. */
const WAIT_MS = 20_000;

const policyOf = ({ url }) => artifactOf(`
issuer idp like rfc9068 {
  url      "${url}"
  audience "https://api.example"
  roles    claim roles as named { staff }
}
role staff
allow items { on GET /items/**  for authenticated  when user.scopes contains "items:read" }
allow staff { on GET /staff  for staff }
forward who {
  for authenticated
  set "x-user"   = user.id
  set "x-client" = user.client
}
`);

const upstream = await startUpstream();
after(() => upstream.stop());

/** The Worker, whose time is moved by a request. */
async function startClocked(issuer) {
  const bindings = { OPTIONS: 'json = "{\\"cache\\":false}"' };
  return startWorker("test/workers/tokens.js", { origin: upstream.port, policy: policyOf(issuer), bindings });
}

const GATES = [
  ["the Worker", startClocked],
  ["Kong's plugin", (issuer) => startKong({ upstream: upstream.port, policy: policyOf(issuer), clock: true })],
];

for (const [name, start] of GATES) {
  describe(name, () => {
    let issuer;
    let gate;
    before(async () => {
      issuer = await startIssuer([keyOf("ES256", "first"), keyOf("RS256", "other")]);
      gate = await start(issuer);
    });
    beforeEach(() => upstream.take());
    after(async () => {
      await gate.stop();
      await issuer.stop();
    });

    const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });
    const asked = (token, path = "/items/a") => reasonOf(gate, path, bearer(token));

    /** Asks so often that every process of a gate is asked. */
    async function askedOfAll(token, times = 24) {
      const reasons = await Promise.all(Array.from({ length: times }, () => asked(token)));
      return [...new Set(reasons)];
    }

    /** Takes what went on of who asked. */
    function told() {
      const [{ headers }] = upstream.take();
      return Object.fromEntries(headers.filter(([name]) => /^x-(user|client)$/i.test(name)));
    }

    test("a machine is let in by its client credentials, with keys that discovery leads to", async () => {
      const token = await issuer.machineToken();
      assert.deepEqual(await askedOfAll(token), ["200 ok"]);
      assert.deepEqual(told(), { "x-user": "machine", "x-client": "machine" });
      assert.deepEqual([issuer.times(DISCOVERY), issuer.times("/jwks")], [1, 1]);
    });

    test("a user who signed in by the code flow has the roles that the provider says", async () => {
      assert.equal(await asked(await issuer.userToken("staff"), "/staff"), "200 ok");
      assert.deepEqual(told(), { "x-user": "staff", "x-client": "application" });
      assert.equal(await asked(await issuer.userToken("visitor"), "/staff"), "403 no_rule");
      assert.deepEqual(upstream.take(), []);
    });

    test("a token for another API is refused, and challenged", async () => {
      const { status, headers, body } = await fetchFrom(gate, "/items/a", bearer(await issuer.machineToken(ELSEWHERE)));
      assert.deepEqual([status, headers["www-authenticate"]], [401, 'Bearer error="invalid_token"']);
      assert.equal(JSON.parse(body).reason, "token:audience");
      assert.deepEqual(upstream.take(), []);
    });

    test("keys change while requests run: none fails, and the old key ends with the set that had it", async () => {
      const old = keyOf("ES256", "old");
      const fresh = keyOf("RS256", "fresh");
      await gate.setClock(COOL_DOWN_S);
      issuer.use([old]);
      const before = await issuer.machineToken();
      assert.deepEqual(await askedOfAll(before), ["200 ok"]);
      await gate.setClock(2 * COOL_DOWN_S);
      const stop = load(gate, "/items/a", bearer(before));
      issuer.use([fresh, old]);
      assert.deepEqual(await askedOfAll(await issuer.machineToken()), ["200 ok"]);
      issuer.use([fresh]);
      assert.deepEqual(await askedOfAll(before), ["200 ok"], "the set is fresh");
      assert.deepEqual(Object.keys(await stop()), ["200 ok"]);
      await gate.setClock(2 * COOL_DOWN_S + FRESH_S);
      const end = Date.now() + WAIT_MS;
      while (!(await askedOfAll(before)).every((reason) => reason === "401 token:key")) assert.ok(Date.now() < end, "the old key still counts");
      assert.deepEqual(await askedOfAll(await issuer.machineToken()), ["200 ok"]);
    });
  });
}
