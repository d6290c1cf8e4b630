// Memory stays flat over 100,000 decisions and 1,000 policies; `leak.js` says how to ask for more.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

test("memory stays flat", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", "test/leak.js", "100000", "1000"], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
});
