// Shows that memory stays flat: `node --expose-gc test/leak.js [DECISIONS] [POLICIES]`, by default 1,000,000 and 10,000.
// `GATELAW_ARTIFACT` names a compiled policy, `GATELAW_REPOSITORY` the repository with its requests. Exits with 1 if memory grew.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Gate, Policy } from "gatelaw";

const [decisions = 1_000_000, policies = 10_000] = process.argv.slice(2).map(Number);
const artifact = readFileSync(process.env.GATELAW_ARTIFACT);
const lines = readFileSync(join(process.env.GATELAW_REPOSITORY, "policies/orders-api/requests.jsonl"), "utf8").trim().split("\n");
const requests = lines.map((line) => JSON.parse(line));
/** Bytes of JavaScript's own heap that may come and go between two looks: compiled code, caches. */
const HEAP_NOISE_BYTES = 4 << 20;

const memories = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    memories.push(this.exports.memory);
  }
};

const gate = new Gate(Policy.loadUnsigned(artifact), { limits: "report" });

/** Takes every way across the border in turn, those that fail too. */
function decide(count) {
  for (let i = 0; i < count; i++) {
    const at = i % requests.length;
    switch (i % 5) {
      case 0:
        gate.handle(requests[at], { requestId: "abc" });
        break;
      case 1:
        gate.policy.decideJson(lines[at]);
        break;
      case 2:
        if (i % 100 === 2) gate.policy.explainJson(lines[at]);
        else gate.policy.decideJson(lines[at].slice(i % 50));
        break;
      case 3:
        if (i % 100 === 3) fail(() => gate.decide({ ...requests[at], identity: { issuer: "okta", claims: "no json" } }));
        else if (i % 100 === 8) known(requests[at]);
        else gate.decide({ ...requests[at], target: `/é${i}`, headers: [["x-a", "ü"]] });
        break;
      default:
        gate.decide(requests[at]);
    }
  }
}

/** Decides for a caller that is mapped for one request alone. */
function known(request) {
  const identity = gate.policy.identity({ invalid: "expired" });
  gate.decide({ ...request, identity });
  identity.free();
}

function fail(call) {
  try {
    call();
  } catch {
    return;
  }
  throw new Error("this should have failed");
}

/** Loads policies and maps callers that nobody frees: they go when nobody holds them. */
async function load(count) {
  for (let i = 0; i < count; i++) {
    const policy = Policy.loadUnsigned(artifact);
    for (let n = 0; n < 4; n++) gate.policy.identity({ invalid: "expired" });
    if (i % 2 === 0) policy.free();
    memories.length = 1;
    if (i % 100 !== 99) continue;
    globalThis.gc();
    await new Promise(setImmediate);
  }
}

function look() {
  globalThis.gc();
  return { heap: process.memoryUsage().heapUsed, wasm: memories[0].buffer.byteLength, rss: process.memoryUsage().rss };
}

function report(what, before, after) {
  const show = (bytes) => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  const columns = ["heap", "wasm", "rss"].map((name) => `${name} ${show(before[name])} → ${show(after[name])}`);
  console.log(`${what}: ${columns.join(", ")}`);
  return after.heap - before.heap < HEAP_NOISE_BYTES && after.wasm === before.wasm;
}

decide(20_000);
const warm = look();
decide(decisions);
const decided = look();
const is_flat = report(`${decisions.toLocaleString("en")} decisions`, warm, decided);
await load(100);
const loaded_some = look();
await load(policies);
const loaded = look();
const is_flat_too = report(`${policies.toLocaleString("en")} policies`, loaded_some, loaded);
if (!is_flat || !is_flat_too || memories.length !== 1) {
  console.log("memory grew");
  process.exitCode = 1;
}
