// Loading bytes: the same cases and codes as in every other language.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GatelawError, loadUnsigned, version } from "gatelaw";

const bytes = (text) => new TextEncoder().encode(text);

test("the version is a release", () => {
  assert.match(version(), /^\d+\.\d+\.\d+$/);
});

for (const [name, input, code] of [
  ["text", bytes("allow GET /orders"), "artifact:magic"],
  ["nothing", bytes(""), "artifact:truncated"],
  ["half a header", bytes("GATELAW"), "artifact:truncated"],
  ["another format version", new Uint8Array([...bytes("GATELAW\0"), 0xff, 0xff]), "artifact:version"],
]) {
  test(`no artifact is refused: ${name}`, () => {
    assert.throws(
      () => loadUnsigned(input),
      (error) => error instanceof GatelawError && error instanceof Error && error.code === code,
    );
  });
}

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
