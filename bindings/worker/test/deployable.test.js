// The Worker that is deployed as it is, with the variables of wrangler.toml.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { artifactOf } from "./policies.js";
import { startUpstream } from "./upstream.js";
import { startWorker } from "./workerd.js";

const POLICY = 'allow a { on GET /  for anyone }  forward f { set "x-a" = "1" }';
const VARIABLES = { POLICY_KEY: "other", CHECK_S: "0.05", FACTS: "country,asn", LIMITS: "report" };

let upstream;
before(async () => { upstream = await startUpstream(); });
after(() => upstream.stop());

function texts(variables) {
  return Object.fromEntries(Object.entries(variables).map(([name, text]) => [name, `text = ${JSON.stringify(text)}`]));
}

async function asked(options) {
  const worker = await startWorker("src/worker.js", { origin: upstream.port, ...options });
  worker.store(artifactOf(POLICY), "other");
  const { status } = await worker.fetch("/");
  await worker.stop();
  return { status, log: worker.log, sent: upstream.take().length };
}

test("it forwards to the service ORIGIN", async () => {
  assert.deepEqual(await asked({ bindings: texts(VARIABLES) }).then(({ status, sent }) => [status, sent]), [200, 1]);
});

test("without one it forwards to UPSTREAM", async () => {
  const bindings = texts({ ...VARIABLES, UPSTREAM: `http://127.0.0.1:${upstream.port}` });
  assert.deepEqual(await asked({ bindings, hasOrigin: false }).then(({ status, sent }) => [status, sent]), [200, 1]);
});

test("a variable that means nothing is told", async () => {
  const { status, log, sent } = await asked({ bindings: texts({ ...VARIABLES, CHECK_S: "often" }) });
  assert.deepEqual([status, sent], [503, 0]);
  assert.match(log, /options\.policy\.check_s must be seconds/);
});
