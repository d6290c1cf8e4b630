// An instance that dies: its request is denied, and the next one gets a new instance. Died for real, in memory that is
// overwritten or used up.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import { Gate, Policy } from "gatelaw";
import { compile } from "gatelaw/compiler";

const artifact = readFileSync(process.env.GATELAW_ARTIFACT);
const [line] = readFileSync(join(process.env.GATELAW_REPOSITORY, "policies/orders-api/requests.jsonl"), "utf8").split("\n");
const request = JSON.parse(line);

/** Every instance that is made is noted here; `prepare` is called with it first. */
const instances = [];
let prepare = () => {};
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    prepare(this);
    instances.push(this);
  }
};

beforeEach(() => {
  instances.length = 0;
  prepare = () => {};
});

/** Overwrites all that the instance knows: the next call leads nowhere. */
function overwrite({ exports }) {
  new Uint8Array(exports.memory.buffer).fill(0xff);
}

/** Takes all the memory that there can be. */
function exhaust({ exports }) {
  for (let pages = 4096; pages >= 1; ) {
    try {
      exports.memory.grow(pages);
    } catch {
      pages >>= 1;
    }
  }
}

function loaded() {
  const policy = Policy.loadUnsigned(artifact);
  return { policy, gate: new Gate(policy, { limits: "report" }) };
}

const DENIED = { effect: "deny", status: 503, reason: "gate:trap", rule: null, target: null, policy: process.env.GATELAW_DIGEST };
const part = (decision) => Object.fromEntries(Object.keys(DENIED).map((name) => [name, decision[name]]));

test("the request of a dead instance is denied, and the next is decided by a new one", () => {
  const { gate } = loaded();
  const decision = gate.decide(request);
  assert.equal(decision.effect, "allow");
  overwrite(instances[0]);
  assert.deepEqual(part(gate.decide(request)), DENIED);
  assert.equal(instances.length, 1);
  assert.deepEqual(gate.decide(request), decision);
  assert.equal(instances.length, 2);
  assert.equal(gate.allows(request), true);
  overwrite(instances[1]);
  assert.equal(gate.allows(request), false);
  assert.equal(gate.allows(request), true);
  assert.equal(instances.length, 3);
});

test("a new instance gets the bytes that were loaded, whatever became of them since", () => {
  const bytes = Uint8Array.from(artifact);
  const gate = new Gate(Policy.loadUnsigned(bytes), { limits: "report" });
  bytes.fill(0);
  overwrite(instances[0]);
  gate.decide(request);
  assert.equal(gate.decide(request).allowed, true);
});

test("lines are denied and explained likewise, in the same form", () => {
  const { policy, gate } = loaded();
  const answer = policy.decideJson(line);
  overwrite(instances[0]);
  const denied = policy.decideJson(line);
  assert.deepEqual(part(JSON.parse(denied)), DENIED);
  assert.deepEqual(Object.keys(JSON.parse(denied)), Object.keys(JSON.parse(answer)));
  assert.equal(policy.decideJson(line), answer);
  overwrite(instances[1]);
  assert.equal(policy.explainJson(line), `{"v":1,"decision":${denied},"rules":[],"elsewhere":[]}`);
  assert.equal(policy.decideJson(line), answer);
  overwrite(instances[2]);
  assert.equal(JSON.stringify(gate.explain(request)), `{"v":1,"decision":${denied},"rules":[],"elsewhere":[]}`);
  assert.equal(gate.decide(request).allowed, true);
  overwrite(instances[3]);
  assert.equal(JSON.stringify(gate.decide(request)), denied);
});

test("a gate answers 503 then, with a problem detail and the correlation id", () => {
  const { gate } = loaded();
  const handling = gate.handle(request, { requestId: "abc" });
  overwrite(instances[0]);
  const { decision, forward, answer } = gate.handle(request, { requestId: "abc" });
  assert.deepEqual(part(decision), DENIED);
  assert.equal(forward, undefined);
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.headers.find(([name]) => name === "x-request-id"), ["x-request-id", "abc"]);
  assert.equal(JSON.parse(answer.body).reason, "gate:trap");
  assert.deepEqual(gate.handle(request, { requestId: "abc" }), handling);
});

test("an instance without memory left dies too", () => {
  const { gate, policy } = loaded();
  const decision = gate.decide(request);
  exhaust(instances[0]);
  const large = { ...request, headers: Array.from({ length: 1000 }, (_, i) => [`x-${i}`, "v".repeat(4000)]) };
  assert.deepEqual(part(gate.decide(large)), DENIED);
  assert.deepEqual(gate.decide(request), decision);
  assert.equal(gate.decide(large).reason, "refused:header-limits");
  assert.equal(policy.digest, process.env.GATELAW_DIGEST);
});

test("where no new instance can be had, every request is denied, until one can", () => {
  const { gate } = loaded();
  overwrite(instances[0]);
  prepare = () => {
    throw new RangeError("WebAssembly.Memory(): could not allocate memory");
  };
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(part(gate.decide(request)), DENIED);
    const { answer } = gate.handle(request, { requestId: "abc" });
    assert.deepEqual([answer.status, answer.body], [503, ""]);
  }
  prepare = () => {};
  assert.equal(gate.decide(request).effect, "allow");
});

test("a policy that can't be loaded, or compiled, for want of memory says so", () => {
  prepare = exhaust;
  const bulk = 'allow a { on GET /a  for anyone }\n# ' + "x".repeat(3 << 20);
  assert.throws(() => compile(bulk), { code: "module:trap", name: "GatelawError" });
  prepare = overwrite;
  assert.throws(() => Policy.loadUnsigned(artifact), { code: "module:trap", name: "GatelawError" });
  prepare = () => {};
  assert.ok(Policy.loadUnsigned(compile(bulk).artifact));
});

test("other policies live on", () => {
  const [one, other] = [loaded(), loaded()];
  overwrite(instances[0]);
  assert.equal(other.gate.decide(request).effect, "allow");
  assert.equal(one.gate.decide(request).effect, "deny");
  assert.equal(instances.length, 2);
});
