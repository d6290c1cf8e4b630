// Loading bytes: the same cases and codes as in every other language.
// `GATELAW_ARTIFACT` names a compiled policy, `GATELAW_DIGEST` its digest.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { GatelawError, Policy, version } from "gatelaw";

const artifact = readFileSync(process.env.GATELAW_ARTIFACT);
const flipped = Uint8Array.from(artifact);
flipped[120] ^= 1; // What decides begins behind the header.

const bytes = (text) => new TextEncoder().encode(text);

test("the version is that of the package", () => {
  assert.equal(version(), JSON.parse(readFileSync("package.json")).version);
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
      () => Policy.loadUnsigned(input),
      (error) => error instanceof GatelawError && error instanceof Error && error.code === code,
    );
  });
}

test("an artifact loads", () => {
  const policy = Policy.loadUnsigned(artifact);
  assert.ok(policy instanceof Policy);
  assert.equal(policy.digest, process.env.GATELAW_DIGEST);
  assert.equal(policy.hasLimits, true);
  assert.ok(policy.needs().tokens);
});

test("the bytes may change afterwards", () => {
  const mine = Uint8Array.from(artifact);
  const policy = Policy.loadUnsigned(mine);
  mine.fill(0);
  assert.equal(policy.digest, process.env.GATELAW_DIGEST);
});

test("a policy that was freed says so", () => {
  const policy = Policy.loadUnsigned(artifact);
  policy.free();
  policy.free();
  for (const use of [() => policy.digest, () => policy.needs(), () => policy.decideJson("{}")]) {
    assert.throws(use, { code: "policy:freed" });
  }
});

test("the error tells a person", () => {
  assert.throws(() => Policy.loadUnsigned(bytes("no artifact")), {
    name: "GatelawError",
    message: /^these bytes are no gatelaw artifact/,
  });
});

test("a policy is only loaded", () => {
  assert.throws(() => new Policy(), TypeError);
});
