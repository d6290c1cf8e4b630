// The example for browsers, bundled as README.md says and run in Chromium.

import assert from "node:assert/strict";
import { test } from "node:test";
import { join } from "node:path";
import { compile } from "gatelaw/compiler";
import { bodyOf, browse } from "../chromium.js";
import { examples } from "../examples.js";
import { inFolder, tool } from "../installed.js";

const ARTIFACT = compile("allow health { on GET /healthz  for anyone }").artifact;
const [{ code }] = examples("js browser");
/** Sends what the page shows in the end. */
const TELLS = 'await fetch("/end", { method: "POST", body: document.body.textContent });';
const FAILS = 'addEventListener("unhandledrejection", ({ reason }) => fetch("/end", { method: "POST", body: `${reason}` }));';

const page = (script) => `<!doctype html>
<meta http-equiv="content-security-policy" content="script-src 'self' 'wasm-unsafe-eval' 'unsafe-inline'">
<link rel="icon" href="data:,">
<body><script>${FAILS}</script><script type="module" src="${script}"></script>`;

async function shown(folder, name) {
  return browse(folder, name, async (path, request, response, done) => {
    const body = String(await bodyOf(request));
    response.writeHead(path === "end" ? 200 : 404).end();
    if (path === "end") done(null, body);
  });
}

test("Vite bundles it", () =>
  inFolder({ "app.js": `${code}\n${TELLS}`, "index.html": page("./app.js"), "public/policy.gatelaw": ARTIFACT }, async (folder) => {
    await tool(folder, "vite", "build", "--base=./", "--logLevel=warn", "--target=esnext");
    assert.equal(await shown(join(folder, "dist"), "index.html"), "allow by health");
  }));

test("esbuild bundles it", () => {
  const at_module = code
    .replace("await init();", "await init(new URL(url, import.meta.url));")
    .replace('import {', 'import url from "gatelaw/gatelaw.wasm";\nimport {');
  const files = { "app.js": `${at_module}\n${TELLS}`, "index.html": page("./out/app.js"), "policy.gatelaw": ARTIFACT };
  return inFolder(files, async (folder) => {
    await tool(folder, "esbuild", "app.js", "--bundle", "--format=esm", "--outdir=out", "--loader:.wasm=file");
    assert.equal(await shown(folder, "index.html"), "allow by health");
  });
});

test("no bundler is needed", () => {
  const map = '<script type="importmap">{ "imports": { "gatelaw": "./node_modules/gatelaw/js/index.js" } }</script>';
  const files = { "app.js": `${code}\n${TELLS}`, "index.html": page("./app.js").replace("<body>", `<body>${map}`), "policy.gatelaw": ARTIFACT };
  return inFolder(files, async (folder) => assert.equal(await shown(folder, "index.html"), "allow by health"));
});

test("the compiler runs in a page", () => {
  const script = `
import { compile, format, init } from "gatelaw/compiler";
await init();
const { artifact } = compile("allow health { on GET /healthz  for anyone }");
document.body.textContent = [artifact.length, ...artifact.slice(16, 20), format("a.gate", "role a")].join();
${TELLS}`;
  const map = '<script type="importmap">{ "imports": { "gatelaw/compiler": "./node_modules/gatelaw/js/compiler.js" } }</script>';
  const files = { "app.js": script, "index.html": page("./app.js").replace("<body>", `<body>${map}`) };
  return inFolder(files, async (folder) => {
    assert.equal(await shown(folder, "index.html"), [ARTIFACT.length, ...ARTIFACT.slice(16, 20), "role a\n"].join());
  });
});
