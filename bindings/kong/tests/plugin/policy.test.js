// Where the plugin's policy comes from, what it does without one, and that nothing fails while it changes.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startUpstream } from "../../../worker/test/upstream.js";
import { reasonOf } from "./client.js";
import { load } from "./load.js";
import { startKong } from "./nginx.js";
import { artifactOf } from "./policies.js";

const RELOADS = Number(process.env.GATELAW_RELOADS ?? 100);
const SWAPS = Number(process.env.GATELAW_SWAPS ?? 60);
const WAIT_MS = 10_000;
const WORKERS = 2;

const ALLOWS = artifactOf("allow everything { for anyone }");
const DENIES = artifactOf("deny everything { respond 410 }");
const LIMITED = artifactOf("allow everything { for anyone }\nlimit each { rate 5 per minute  by request.host }");
const FOREIGN = artifactOf('allow everything { for anyone  when request.country? == "DE" }');

const upstream = await startUpstream();
after(() => upstream.stop());

async function withKong(options, run) {
  const kong = await startKong({ upstream: upstream.port, workers: WORKERS, ...options });
  try {
    await run(kong);
    assert.ok(kong.runs, "nginx is alive");
  } finally {
    await kong.stop();
  }
}

/** Waits until something holds of an answer. */
async function until(kong, expected) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const reason = await reasonOf(kong, "/");
    if (reason === expected) return;
    assert.ok(Date.now() < end, `still ${reason}, not ${expected}:\n${kong.log.slice(-2000)}`);
    await pause(50);
  }
}

/** Asks often enough that each worker is asked; all are denied alike. */
async function allDenied(kong) {
  for (let asked = 0; asked < 20; asked += 1) assert.equal(await reasonOf(kong, "/"), "503 gate:policy");
  assert.deepEqual(upstream.take(), []);
}

/** Holds that each worker told it once, in one line, with these words. */
async function toldOnce(kong, words, workers = WORKERS) {
  const errors = await kong.errors(workers);
  assert.equal(errors.length, workers, errors.join("\n"));
  for (const error of errors) assert.match(error, words);
}

for (const [what, options, words] of [
  ["no file", {}, /\/policy: .*No such file.*all requests are denied/],
  ["garbage", { policy: "garbage, and no artifact at all" }, /artifact:magic/],
  ["an empty file", { policy: "" }, /artifact:truncated/],
  ["half an artifact", { policy: ALLOWS.subarray(0, ALLOWS.length / 2) }, /artifact:truncated/],
  ["base64 of garbage", { conf: { artifact: "Z2FyYmFnZQ==" } }, /config\.artifact.*artifact:/],
  ["a policy with limits", { policy: LIMITED }, /gate:limits/],
  ["a policy that reads what Kong doesn't know", { policy: FOREIGN }, /gate:facts.*country/],
  ["a library that isn't there", { policy: ALLOWS, conf: { library: "/nowhere/libgatelaw.so" } }, /library:missing: \/nowhere\/.*; all requests/],
  ["a library of something else", { policy: ALLOWS, conf: { library: "libc.so.6" } }, /library:abi/],
  ["a hook that isn't there", { policy: artifactOf('issuer okta { url "https://a"  audience "b"  algorithms RS256 }\nallow everything { for anyone }'), conf: { identify: "nowhere" } }, /`nowhere` can't be loaded: module 'nowhere' not found:; all/],
]) {
  test(`${what}: all is denied, and told once`, async () => {
    await withKong(options, async (kong) => {
      await toldOnce(kong, words);
      // Longer than the second after which it is looked for again.
      await allDenied(kong);
      await pause(1100);
      await allDenied(kong);
      await toldOnce(kong, words);
      const [{ gatelaw }] = await kong.records(1);
      assert.deepEqual([gatelaw.effect, gatelaw.status, gatelaw.reason], ["deny", 503, "gate:policy"]);
    });
  });
}

test("a library of another ABI is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gatelaw-abi-"));
  try {
    writeFileSync(join(folder, "other.c"), "unsigned gate_abi(void) { return 9999; }\n");
    execFileSync("cc", ["-shared", "-fPIC", "-o", join(folder, "libgatelaw.so"), join(folder, "other.c")]);
    await withKong({ policy: ALLOWS, library: folder }, async (kong) => {
      await allDenied(kong);
      await toldOnce(kong, /library:abi.*has ABI 9999/);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a policy that comes late is taken, without a restart", async () => {
  await withKong({}, async (kong) => {
    await allDenied(kong);
    kong.store(ALLOWS);
    await until(kong, "200 ok");
  });
});

test("a policy in the configuration itself decides", async () => {
  await withKong({ conf: { artifact: Buffer.from(DENIES).toString("base64") } }, async (kong) => {
    assert.equal(await reasonOf(kong, "/"), "410 rule");
  });
});

test("a new policy is taken; a bad one, and none, are told once and change nothing", async () => {
  await withKong({ policy: ALLOWS, conf: { check_s: 0.05 }, workers: 1 }, async (kong) => {
    await until(kong, "200 ok");
    kong.store(DENIES);
    await until(kong, "410 rule");
    kong.store("garbage");
    for (let asked = 0; asked < 40; asked += 1) {
      assert.equal(await reasonOf(kong, "/"), "410 rule");
      await pause(10);
    }
    await toldOnce(kong, /artifact:.*sha256:[0-9a-f]{64} stays in force/, 1);
    kong.store(ALLOWS);
    await until(kong, "200 ok");
  });
});

test(`nginx reloads ${RELOADS} times under load: no request fails`, async () => {
  await withKong({ policy: ALLOWS }, async (kong) => {
    const stop = load(kong, "/");
    for (let reload = 0; reload < RELOADS; reload += 1) await kong.reload();
    const answers = await stop();
    assert.deepEqual(Object.keys(answers), ["200 ok"]);
    console.log(`# ${RELOADS} reloads, ${answers["200 ok"]} requests, 0 failed`);
    assert.deepEqual(await kong.errors(), []);
  });
});

test(`${SWAPS} policies, swapped under load: no request fails, none is decided by two of them`, async () => {
  // Each version lets exactly one status and one name through.
  const versions = Array.from({ length: SWAPS }, (_, version) => artifactOf(
    `deny v${version} { respond 403 "v${version}" }\n`,
  ));
  await withKong({ policy: versions[0], conf: { check_s: 0.01 } }, async (kong) => {
    const digests = new Map();
    const stop = load(kong, "/");
    for (const version of versions) {
      kong.store(version);
      await pause(25);
    }
    const answers = await stop();
    assert.deepEqual(Object.keys(answers), ["403 rule"]);
    for (const { gatelaw: { rule, policy } } of await kong.records()) {
      assert.equal(digests.get(rule) ?? policy, policy, `${rule} was decided by two policies`);
      digests.set(rule, policy);
    }
    assert.equal(new Set(digests.values()).size, digests.size);
    assert.ok(digests.size > SWAPS / 2, `only ${digests.size} of ${SWAPS} policies decided`);
    console.log(`# ${digests.size} policies, ${answers["403 rule"]} requests, 0 failed`);
  });
});
