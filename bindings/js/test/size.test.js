// What goes over the wire stays small.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const KIB = 1024;
const gzipped = (file) => gzipSync(readFileSync(`js/wasm/${file}`), { level: 9 }).length;

// Two of these pay for decisions that cross without a copy, at less than half the time; 14 for what is inlined into deciding, which takes
// half the time in the module again; 20 for a core that is built for speed, a sixth less; 23 for judging tokens: to read and check them and key sets, down to whether a point is on its
// curve, and to remember who was verified; one for doing so in a sixth less time; three for saying what of them was counted, and for going on
// from what was; and three for looking for the literals of many patterns.
// What finds those when it compiles, and what the checker says of policies that do nothing, made 45 of the compiler's, which no gate loads.
test("the evaluator has at most 205 KiB, with the compiler at most 752 KiB, and what explains tokens less than the evaluator", (t) => {
  const [evaluator, compiler, tokens] = ["gatelaw.wasm", "gatelaw-compiler.wasm", "gatelaw-tokens.wasm"].map(gzipped);
  const said = Object.entries({ evaluator, compiler, tokens }).map(([name, bytes]) => `${name} ${(bytes / KIB).toFixed(1)} KiB`);
  t.diagnostic(said.join(", "));
  assert.ok(evaluator <= 205 * KIB, `${evaluator} bytes`);
  assert.ok(evaluator + compiler <= 752 * KIB, `${evaluator + compiler} bytes`);
  assert.ok(tokens < evaluator, `${tokens} bytes`);
});
