// The measurement runs, and its two sides agree; no test asks for a time.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

function run(...args) {
  const env = { ...process.env, GATELAW_ROUNDS: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["test/speed.js", ...args], { encoding: "utf8", env });
  assert.equal(status, 0, stderr);
  return stdout;
}

test("it measures beside a matcher written by hand", () => {
  assert.match(run("20"), /^20 rules .*\n  a Map and Sets by hand +\S+ +1\.00\n  gate\.decide +\S+ +\d+\.\d\d\n/);
});

test("it measures a policy and requests of your own", () => {
  const requests = join(process.env.GATELAW_REPOSITORY, "policies/orders-api/requests.jsonl");
  assert.match(run(process.env.GATELAW_ARTIFACT, requests), /\n  gate\.decide +\S+ +1\.00\n  gate\.decide, caller mapped before +\S+ +\d+\.\d\d\n/);
});
