// Loading bytes: the same cases and codes as in every other language.
// `GATELAW_ARTIFACT` names a compiled policy, `GATELAW_DIGEST` its digest.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { GatelawError, loadUnsigned, Plan, version } from "gatelaw";

const artifact = readFileSync(process.env.GATELAW_ARTIFACT);
const flipped = Uint8Array.from(artifact);
flipped[flipped.length - 1] ^= 1;

const bytes = (text) => new TextEncoder().encode(text);

test("the version is a release", () => {
  assert.match(version(), /^\d+\.\d+\.\d+$/);
});

for (const [name, input, code] of [
  ["text", bytes("allow GET /orders"), "artifact:magic"],
  ["nothing", bytes(""), "artifact:truncated"],
  ["half a header", bytes("GATELAW"), "artifact:truncated"],
  ["another format version", new Uint8Array([...bytes("GATELAW\0"), 0xff, 0xff]), "artifact:version"],
  ["a cut artifact", artifact.subarray(0, -1), "artifact:truncated"],
  ["a changed artifact", flipped, "artifact:digest"],
]) {
  test(`no artifact is refused: ${name}`, () => {
    assert.throws(
      () => loadUnsigned(input),
      (error) => error instanceof GatelawError && error instanceof Error && error.code === code,
    );
  });
}

test("an artifact loads", () => {
  const plan = loadUnsigned(artifact);
  assert.ok(plan instanceof Plan);
  assert.equal(plan.digest, process.env.GATELAW_DIGEST);
  plan.free();
});

test("the error tells a person", () => {
  assert.throws(() => loadUnsigned(bytes("no artifact")), {
    name: "GatelawError",
    message: /^these bytes are no gatelaw artifact/,
  });
});

test("text is no bytes", () => {
  assert.throws(() => loadUnsigned("GATELAW"), TypeError);
});

test("a failure leaves the module alive", () => {
  for (let i = 0; i < 10_000; i++) assert.throws(() => loadUnsigned(bytes("no artifact")));
  assert.match(version(), /^\d/);
});
