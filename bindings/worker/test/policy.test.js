// The policy in KV: what is there at first, what comes after it, and what happens to requests meanwhile.
// `GATELAW_SWAPS` says how often it is swapped under load.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { artifactOf } from "./policies.js";
import { startUpstream } from "./upstream.js";
import { startWorker } from "./workerd.js";

const ENTRY = "test/workers/gate.js";
const SWAPS = Number(process.env.GATELAW_SWAPS ?? 60);
const CLIENTS = 8;
/** Longer than a check takes to come round, also on a busy machine. */
const CHECKED_MS = 5_000;

const GARBAGE = "no artifact";

/** Makes a policy whose rule, header and digest tell each other. */
function version(number) {
  return artifactOf(`allow v${number} { on GET /items  for anyone }  forward f { set "x-version" = "v${number}" }`);
}

let upstream;
let worker;
beforeEach(async () => { upstream = await startUpstream(); });
afterEach(async () => {
  await worker.stop();
  await upstream.stop();
});

async function start(policy, bindings) {
  worker = await startWorker(ENTRY, { origin: upstream.port, policy, bindings });
}

const events = (event) => worker.records().filter((record) => record.event === event);
const recorded = (event, count = 1) => worker.recorded(count, (record) => record.event === event);
const ask = async () => (await worker.fetch("/items")).status;

/** Asks until something holds: the background check runs beside requests. */
async function until(holds) {
  const end = Date.now() + CHECKED_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `it doesn't come: ${worker.log}`);
    await pause(20);
  }
}

test("an empty KV denies, and is told once; the policy is used as soon as it is there", async () => {
  await start(undefined);
  for (let request = 0; request < 3; request++) {
    const response = await worker.fetch("/items");
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal((await response.json()).reason, "gate:policy");
  }
  assert.deepEqual((await recorded("problem")).map(({ what, message }) => [what, message]), [
    ["policy", "POLICIES/policy: KV has nothing under the key `policy`; all requests are denied"],
  ]);
  worker.store(version(1));
  await until(async () => (await ask()) === 200);
  assert.equal((await recorded("problem")).length, 1);
  assert.equal((await recorded("policy")).length, 1);
});

test("garbage at the start denies, and is told once", async () => {
  await start(GARBAGE);
  for (let request = 0; request < 3; request++) assert.equal(await ask(), 503);
  await pause(1100);
  assert.equal(await ask(), 503);
  assert.deepEqual((await recorded("problem")).map(({ code }) => code), ["artifact:magic"]);
  worker.store(version(1));
  await until(async () => (await ask()) === 200);
});

test("a binding that is not there denies, and is told", async () => {
  await start(version(1), { POLICIES: 'text = "none"' });
  assert.equal(await ask(), 503);
  assert.match((await recorded("problem"))[0].message, /no KV namespace is bound as `POLICIES`/);
});

test("a new policy is taken, a bad one and none are told once and change nothing", async () => {
  await start(version(1));
  assert.equal(await ask(), 200);
  const [{ policy }] = await recorded("policy");
  worker.store(version(2));
  await until(async () => (await ask()) === 200 && events("policy").length === 2);
  const second = events("policy")[1].policy;
  assert.notEqual(second, policy);
  for (const [change, told] of [
    [() => worker.store(GARBAGE), `these bytes are no gatelaw artifact`],
    [() => worker.store(version(3).subarray(0, -1)), "truncated"],
    [() => worker.store(artifactOf("allow a { on GET /items  for anyone }  limit l { rate 1 per day  by request.host }")), "limits"],
    [() => worker.remove(), "nothing under the key"],
  ]) {
    const before = events("problem").length;
    change();
    await until(async () => (await ask()) === 200 && events("problem").length > before);
    for (let request = 0; request < 5; request++) {
      await pause(60);
      assert.equal(await ask(), 200);
    }
    const problems = events("problem").slice(before);
    assert.equal(problems.length, 1, told);
    assert.ok(problems[0].message.endsWith(`; ${second} stays in force`), problems[0].message);
  }
  // One line of the last request at least, whatever is still on its way.
  const decided = await worker.recorded(1, ({ event, policy }) => event === "decision" && policy === second);
  assert.ok(decided.length > 0);
  assert.equal(events("decision").at(-1).policy, second);
});

test(`${SWAPS} policies, swapped under load: no request fails, none is decided by two of them`, async () => {
  await start(version(0), { TELL: 'json = "true"' });
  assert.equal(await ask(), 200);
  let ends = false;
  let requests = 1;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!ends) {
      assert.equal(await ask(), 200);
      requests++;
    }
  });
  for (let number = 1; number <= SWAPS; number++) {
    worker.store(version(number));
    await until(() => events("policy").length > number);
  }
  ends = true;
  await Promise.all(clients);
  const sent = new Map(upstream.take().map(({ headers }) => {
    const find = (name) => headers.find(([other]) => other === name)[1];
    return [find("x-request-id"), find("x-version")];
  }));
  assert.equal(sent.size, requests);
  const digests = new Map();
  const told = await worker.recorded(requests, ({ told }) => told !== undefined);
  assert.equal(told.length, requests);
  for (const { told: id, decision } of told) {
    assert.equal(decision.rule, sent.get(id));
    assert.deepEqual(decision.set, [["x-version", decision.rule]]);
    digests.set(decision.rule, (digests.get(decision.rule) ?? new Set()).add(decision.policy));
  }
  assert.ok([...digests.values()].every((policies) => policies.size === 1));
  assert.ok(digests.size > SWAPS / 2, `only ${digests.size} of ${SWAPS} policies decided a request`);
  console.log(`# ${requests} requests, ${digests.size} policies, ${Math.round(worker.peakBytes / 2 ** 20)} MiB at most`);
});
