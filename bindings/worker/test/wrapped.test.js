// The gate around a handler, and in an app made with Hono.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { artifactOf } from "./policies.js";
import { startWorker } from "./workerd.js";

const ID = /^[0-9a-f]{32}$/;

const POLICY = `
allow items { on GET|POST /v1/items/{name}  for anyone }
forward tenant { set "x-tenant" = request.host }
`;

/** What one spelling means is chosen by the host. */
const MERGING = `service api { empty_segments merge }${POLICY}`;

function started(entry, policy, options) {
  const server = {};
  before(async () => { server.worker = await startWorker(entry, { policy: artifactOf(policy), ...options }); });
  after(() => server.worker.stop());
  return server;
}

describe("around a handler", () => {
  const server = started("test/workers/around.js", POLICY, { cf: { country: "DE" } });

  test("it gets what is allowed, as it would be forwarded", async () => {
    const headers = { "x-tenant": "forged", "x_tenant": "forged", "x-kept": "1" };
    const response = await server.worker.fetch("/v1/items/%61?q='", { method: "POST", body: "hello", headers });
    const seen = await response.json();
    assert.equal(seen.url, `${server.worker.url}/v1/items/a?q=%27`);
    const names = seen.headers.filter(([name]) => /tenant|kept|request-id/.test(name));
    assert.deepEqual(names, [["x-kept", "1"], ["x-request-id", seen.requestId], ["x-tenant", "127.0.0.1"]]);
    const { body, country, waits, kv, rule } = seen;
    assert.deepEqual({ body, country, waits, kv, rule }, { body: "hello", country: "DE", waits: "function", kv: "object", rule: "items" });
    assert.match(seen.requestId, ID);
    assert.equal(response.headers.get("x-request-id"), seen.requestId);
  });

  test("it is never asked about what is denied", async () => {
    const response = await server.worker.fetch("/v1/nowhere");
    assert.equal(response.status, 403);
    assert.equal((await response.json()).reason, "no_rule");
  });
});

describe("in Hono", () => {
  const server = started("test/workers/hono.js", POLICY);

  for (const name of ["a", "%61", "%c3%a9", "a%20b"]) {
    test(`its routes get what is allowed: ${name}`, async () => {
      const response = await server.worker.fetch(`/v1/items/${name}`, { headers: { "x-tenant": "forged" } });
      assert.equal(response.status, 200);
      const seen = await response.json();
      assert.equal(seen.name, decodeURIComponent(name));
      assert.equal(seen.url, `${server.worker.url}/v1/items/${encodeURIComponent(seen.name)}`);
      assert.equal(seen.tenant, "127.0.0.1");
      assert.equal(seen.rule, "items");
      assert.match(seen.requestId, ID);
      assert.equal(response.headers.get("x-request-id"), seen.requestId);
    });
  }

  test("its routes read the body", async () => {
    const response = await server.worker.fetch("/v1/items/a", { method: "POST", body: "hello" });
    assert.equal(await response.text(), "hello");
  });

  test("they are never asked about what is denied", async () => {
    const response = await server.worker.fetch("/elsewhere");
    assert.equal(response.status, 403);
    assert.equal((await response.json()).reason, "no_rule");
  });
});

describe("in Hono, where the policy reads two spellings as one", () => {
  const server = started("test/workers/hono.js", MERGING);

  test("a route that was chosen by another spelling doesn't run", async () => {
    assert.equal((await server.worker.fetch("/v1/items/a")).status, 200);
    const response = await server.worker.fetch("/v1//items/a");
    assert.equal(response.status, 503);
    assert.equal((await response.json()).reason, "gate:routed");
  });
});
