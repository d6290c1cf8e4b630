// The example for Workers in workerd itself, and the compiler beside it.

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { compile } from "gatelaw/compiler";
import { examples } from "./examples.js";
import { inFolder, tool } from "./installed.js";
import { served } from "./workerd.js";

const POLICY = 'allow page { on GET /page  for anyone }\nforward who { on GET /page  set "x-client" = "public" }';

/** The upstream of the example: it tells what it got. */
const ORIGIN = `export default {
  fetch: (request) => Response.json([request.method, request.url, request.headers.get("x-client"), request.headers.get("x_client")]),
};`;

const COMPILES = `
import { check, compile, format, initSync } from "gatelaw/compiler";
import compiler from "gatelaw/gatelaw-compiler.wasm";

initSync(compiler);

export default {
  async fetch(request) {
    const text = await request.text();
    const { artifact } = compile(text);
    return Response.json([Array.from(artifact), check("allow").length > 0, format("a.gate", text)]);
  },
};`;

const config = (modules) => `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "gate", worker = .gate), (name = "origin", worker = .origin) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "gate") ],
);

const gate :Workerd.Worker = (compatibilityDate = "2026-10-01", globalOutbound = "origin", modules = [ ${modules} ]);

const origin :Workerd.Worker = (
  compatibilityDate = "2026-10-01",
  modules = [ (name = "origin.js", esModule = embed "origin.js") ],
);
`;

/** Bundles a Worker, serves it with workerd, and calls back with its port. */
async function serving(code, modules, files, use) {
  const all = ['(name = "worker.js", esModule = embed "bundle.js")', ...modules].join(", ");
  await inFolder({ "worker.js": code, "origin.js": ORIGIN, "config.capnp": config(all), ...files }, async (folder) => {
    const bundle = ["--bundle", "--format=esm", "--conditions=workerd", "--external:*.wasm", "--external:*.gatelaw", "--outfile=bundle.js"];
    await tool(folder, "esbuild", "worker.js", ...bundle);
    await served(folder, use);
  });
}

function ask(port, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

test("the Worker of README.md runs in workerd", () => {
  const [{ code }] = examples("js worker");
  const modules = [
    '(name = "gatelaw/gatelaw.wasm", wasm = embed "node_modules/gatelaw/js/wasm/gatelaw.wasm")',
    '(name = "policy.gatelaw", data = embed "policy.gatelaw")',
  ];
  return serving(code, modules, { "policy.gatelaw": compile(POLICY).artifact }, async (port) => {
    for (const path of ["/page?q=%27", "/%70age?q='"]) {
      const { status, body } = await ask(port, path, { headers: { X_Client: "root", "x-client": "root" } });
      assert.deepEqual([status, JSON.parse(body)], [200, ["GET", "https://origin.example/page?q=%27", "public", null]]);
    }
    for (const path of ["/a//b", "/page/../page", "/page%2f"]) assert.equal((await ask(port, path)).status, 400);
    assert.deepEqual(await ask(port, "/page", { method: "HEAD" }), { status: 403, body: "" });
    assert.equal(JSON.parse((await ask(port, "/other")).body).reason, "no_rule");
  });
});

test("the compiler runs in workerd", () => {
  const modules = ['(name = "gatelaw/gatelaw-compiler.wasm", wasm = embed "node_modules/gatelaw/js/wasm/gatelaw-compiler.wasm")'];
  return serving(COMPILES, modules, {}, async (port) => {
    const { status, body } = await ask(port, "/", { method: "POST", body: POLICY });
    assert.equal(status, 200, body);
    assert.deepEqual(JSON.parse(body).slice(0, 2), [Array.from(compile(POLICY).artifact), true]);
  });
});
