// Runs the Worker in workerd and asks it over HTTP: the same cases and codes as in every other language.
// `WORKERD` names the program; the current folder holds `worker.capnp`.
// `GATELAW_ARTIFACT` names a compiled policy, `GATELAW_DIGEST` its digest.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

const START_MS = 20_000;

const artifact = readFileSync(process.env.GATELAW_ARTIFACT);
const flipped = Uint8Array.from(artifact);
flipped[flipped.length - 1] ^= 1;

let workerd;
let origin;

before(async () => {
  workerd = spawn(process.env.WORKERD, ["serve", "worker.capnp", "--control-fd=3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  origin = `http://127.0.0.1:${await portOf(workerd)}`;
});

after(async () => {
  if (workerd.exitCode !== null) return;
  const exit = once(workerd, "exit");
  workerd.kill();
  await exit;
});

/** Reads from the control descriptor which port was free. */
async function portOf(child) {
  const signal = AbortSignal.timeout(START_MS);
  const exit = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`workerd ended with ${code} before it listened`);
  });
  const listens = (async () => {
    let text = "";
    for await (const chunk of child.stdio[3]) {
      text += chunk;
      const line = text.split("\n").find((line) => line.includes('"listen"'));
      if (line && text.endsWith("\n")) return JSON.parse(line).port;
    }
    return exit;
  })();
  return Promise.race([listens, exit]);
}

const post = (path, body) => fetch(origin + path, { method: "POST", body });
const bytes = (text) => new TextEncoder().encode(text);

test("the version is a release", async () => {
  const { version } = await (await fetch(`${origin}/version`)).json();
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

for (const [name, input, code] of [
  ["text", bytes("allow GET /orders"), "artifact:magic"],
  ["nothing", bytes(""), "artifact:truncated"],
  ["half a header", bytes("GATELAW"), "artifact:truncated"],
  ["another format version", new Uint8Array([...bytes("GATELAW\0"), 0xff, 0xff]), "artifact:version"],
  ["a cut artifact", artifact.subarray(0, -1), "artifact:truncated"],
  ["a changed artifact", flipped, "artifact:digest"],
]) {
  test(`no artifact is refused: ${name}`, async () => {
    const response = await post("/load-unsigned", input);
    assert.equal(response.status, 422);
    assert.equal((await response.json()).code, code);
  });
}

test("an artifact loads", async () => {
  const response = await post("/load-unsigned", artifact);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { digest: process.env.GATELAW_DIGEST });
});

test("the error tells a person", async () => {
  const { message } = await (await post("/load-unsigned", bytes("no artifact"))).json();
  assert.match(message, /^these bytes are no gatelaw artifact/);
});

test("a body without a length is refused", async () => {
  const body = new Blob(["GATELAW"]).stream();
  const response = await fetch(`${origin}/load-unsigned`, { method: "POST", body, duplex: "half" });
  assert.equal(response.status, 413);
  assert.equal((await response.json()).code, "worker:length");
});

test("an unknown route is told", async () => {
  const response = await fetch(`${origin}/elsewhere`);
  assert.equal(response.status, 404);
  assert.equal((await response.json()).code, "worker:route");
});
