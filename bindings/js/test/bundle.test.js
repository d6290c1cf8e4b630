// Bundles for Node.js, as README.md says they are made.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inFolder, node, tool } from "./installed.js";

const DECIDES = `
const gate = new Gate(Policy.loadUnsigned(compile("allow a { on GET /a  for anyone }").artifact));
console.log(gate.decide({ method: "GET", scheme: "https", host: "a.example", target: "/a" }).rule);
`;
const PLAIN = `import { Gate, Policy } from "gatelaw";\nimport { compile } from "gatelaw/compiler";\n${DECIDES}`;
const WHOLE = `
import { Gate, initSync, Policy } from "gatelaw";
import * as compiler from "gatelaw/compiler";
import evaluator_module from "gatelaw/gatelaw.wasm";
import compiler_module from "gatelaw/gatelaw-compiler.wasm";
initSync(evaluator_module);
compiler.initSync(compiler_module);
const { compile } = compiler;
${DECIDES}`;

const bundle = ["app.js", "--bundle", "--platform=node", "--target=node20", "--format=esm", "--outfile=out/app.js"];

test("esbuild leaves the package where it is", () =>
  inFolder({ "app.js": PLAIN }, async (folder) => {
    await tool(folder, "esbuild", ...bundle, "--external:gatelaw");
    assert.equal(await node(folder, "out/app.js"), "a\n");
  }));

test("esbuild makes one file of all", () =>
  inFolder({ "app.js": WHOLE }, async (folder) => {
    await tool(folder, "esbuild", ...bundle, "--conditions=workerd", "--loader:.wasm=binary", "--minify");
    await inFolder({}, async (elsewhere) => assert.equal(await node(elsewhere, `${folder}/out/app.js`), "a\n"));
  }));
