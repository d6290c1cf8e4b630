// Every example of README.md, as a new user would run it: in an empty folder with the package installed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compile } from "gatelaw/compiler";
import { examples } from "./examples.js";
import { inFolder, node, tool } from "./installed.js";

const POLICY = 'allow page { on GET /page  for anyone }\nforward who { on GET /page  set "x-client" = "public" }';

test("every example is one that a test runs", () => {
  const kinds = Array.from(readFileSync("README.md", "utf8").matchAll(/^```([^\n]+)$/gm), ([, kind]) => kind);
  const run = ["js node", "js worker", "js browser", "text", "console"];
  assert.deepEqual(kinds.filter((kind) => !run.includes(kind)), []);
  assert.deepEqual(kinds.filter((kind) => kind === "console").length, 1);
});

examples("js node").forEach(({ code, prints }, index) => {
  test(`example ${index + 1} for Node.js does what it says`, () =>
    inFolder({ "first.mjs": code }, async (folder) => assert.equal(await node(folder, "first.mjs"), prints)));
});

/** Asks the Worker of an example, with a stand-in for what the platform fetches from. */
const ASKS = `
globalThis.fetch = async (url, request) => Response.json({ url, client: request.headers.get("x-client"), method: request.method });
const { default: worker } = await import("./bundle.js");
for (const [path, init] of [["/page", { headers: { "x-client": "root" } }], ["/%70age"], ["/page", { method: "HEAD" }], ["/a//b"]]) {
  const response = await worker.fetch(new Request("https://gate.example" + path, init));
  console.log(response.status, await response.text());
}
`;

test("the Worker does what it says, bundled", async () => {
  const [{ code }] = examples("js worker");
  const files = { "worker.js": code, "policy.gatelaw": compile(POLICY).artifact, "ask.js": ASKS };
  await inFolder(files, async (folder) => {
    const bundle = ["--bundle", "--format=esm", "--conditions=workerd", "--target=node20", "--outfile=bundle.js"];
    await tool(folder, "esbuild", "worker.js", ...bundle, "--loader:.wasm=binary", "--loader:.gatelaw=binary");
    const lines = (await node(folder, "ask.js")).trimEnd().split("\n");
    const page = '200 {"url":"https://origin.example/page","client":"public","method":"GET"}';
    assert.deepEqual(lines.slice(0, 3), [page, page, "403 "]);
    assert.match(lines[3], /^400 \{.*"reason":"refused:empty-segment"/);
  });
});
