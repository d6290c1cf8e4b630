// Answers request lines in workerd: `node workerd-lines.js < QUESTIONS > ANSWERS`.
// A line `@PATH` in the questions names an artifact, for the lines behind it.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { pipeline } from "node:stream/promises";
import { inFolder, tool } from "./installed.js";
import { served } from "./workerd.js";

const WORKER = `
import { initSync } from "gatelaw";
import module from "gatelaw/gatelaw.wasm";
import { answers } from "./answers.js";

initSync(module);

/** Asks for an artifact whoever started workerd: a Worker reads no files. */
async function load(path) {
  const response = await fetch("http://files/", { method: "POST", body: path });
  return new Uint8Array(await response.arrayBuffer());
}

async function answerInto(writable, chunks) {
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  try {
    for await (const text of answers(chunks, load)) await writer.write(encoder.encode(text));
    await writer.close();
  } catch (error) {
    console.error(error.stack);
    await writer.abort(error);
  }
}

export default {
  fetch(request, _, context) {
    const { readable, writable } = new TransformStream();
    context.waitUntil(answerInto(writable, request.body));
    return new Response(readable);
  },
};`;

const config = (files) => `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "answer", worker = .answer), (name = "files", external = (address = "127.0.0.1:${files}", http = ())) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "answer") ],
);

const answer :Workerd.Worker = (
  compatibilityDate = "2026-10-01",
  globalOutbound = "files",
  modules = [
    (name = "worker.js", esModule = embed "bundle.js"),
    (name = "gatelaw/gatelaw.wasm", wasm = embed "node_modules/gatelaw/js/wasm/gatelaw.wasm"),
  ],
);
`;

const files = createServer(async (asked, response) => {
  const path = Buffer.concat(await asked.toArray()).toString();
  response.end(await readFile(path));
}).listen(0, "127.0.0.1");
await once(files, "listening");
const all = {
  "worker.js": WORKER,
  "answers.js": readFileSync(new URL("answers.js", import.meta.url)),
  "config.capnp": config(files.address().port),
};
await inFolder(all, async (folder) => {
  await tool(folder, "esbuild", "worker.js", "--bundle", "--format=esm", "--conditions=workerd", "--external:*.wasm", "--outfile=bundle.js");
  await served(folder, async (port) => {
    const asked = request({ host: "127.0.0.1", port, method: "POST" });
    const answered = once(asked, "response").then(([response]) => pipeline(response, process.stdout, { end: false }));
    await Promise.all([pipeline(process.stdin, asked), answered]);
  });
});
files.close();
files.closeAllConnections();
