// Every row over a socket to every gate, each in front of an upstream that keeps the bytes: what one decides the others
// decide, and what goes on is what was judged.
//
// A server answers some rows itself: the table lists them with its status. Others it hands over changed: what is decided then is
// what the evaluator decides for the canonical form that goes on. `GATELAW_RANDOM` and `GATELAW_SEED` choose random rows beside them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { artifactOf } from "../policies.js";
import { startUpstream } from "../upstream.js";
import { bypasses, targets, views } from "./cases.js";
import { ask } from "./client.js";
import { keySets, workerGate } from "./gates.js";
import { handedOver, headersDue, headersOf } from "./headers.js";
import { randomRows } from "./random.js";
import { reference } from "./reference.js";

const plugin = (file) => import(pathToFileURL(join(process.env.GATELAW_REPOSITORY, "bindings/kong/tests/plugin", file)));
const [{ kongGate }, { Key }] = await Promise.all(["gate.js", "provider.js"].map(plugin));

/** How long a decision may come after the answer: logs are written beside it. */
const TOLD_MS = 2_000;
const FAILURES_SHOWN = 5;

const artifact = artifactOf(readFileSync(new URL("policy.gate", import.meta.url), "utf8"));
// One key set for all: nobody is asked for keys here.
const document = JSON.stringify({ keys: [new Key("RS256").jwk] });
const expected = reference(artifact, { okta: document });
const upstream = await startUpstream();
const gates = [
  await workerGate(upstream.port, artifact, keySets({ okta: document })),
  await kongGate(upstream.port, artifact, { conf: { keys: [{ issuer: "okta", document }] } }),
];
const table = [];

after(async () => {
  for (const gate of gates) await gate.stop();
  await upstream.stop();
  print(table);
});

const all = [["targets", targets(), 97], ["header and method cases", views(), 41], ["bypasses", bypasses(), 144]];
const RANDOM = Number(process.env.GATELAW_RANDOM ?? 500);
const SEED = Number(process.env.GATELAW_SEED ?? 1);

for (const [what, rows, count] of all) {
  test(`there are ${count} ${what}`, () => assert.equal(rows.length, count));
  for (const row of rows) test(row.name, () => check(row));
}

test(`${RANDOM} random requests, seed ${SEED}`, async () => {
  const failures = [];
  for (const row of randomRows(RANDOM, SEED)) {
    try {
      await check(row);
    } catch (error) {
      failures.push(`${row.name}: ${JSON.stringify(row.bytes)}\n${error.message}`);
    }
  }
  assert.deepEqual(failures.slice(0, FAILURES_SHOWN), []);
});

async function check(row) {
  const outcomes = [];
  for (const gate of gates) outcomes.push(await outcomeOf(gate, row));
  table.push({ row, outcomes });
  for (const outcome of outcomes) passesWhatWasJudged(outcome, row);
  for (const outcome of outcomes) await agrees(outcome, row);
  for (const outcome of outcomes.slice(1)) agreesWith(outcomes[0], outcome, row);
}

/** Sends a row to one gate: what was answered, what was decided, and what went on. */
async function outcomeOf(gate, { bytes }) {
  const { status, headers } = await ask(gate.port, added(bytes, gate.added));
  // An answer of the gate, or of the upstream behind it, has its mark.
  const isMarked = headers["x-request-id"] !== undefined;
  const lines = await told(gate, isMarked);
  return { gate, status, decided: lines.map((line) => JSON.parse(line)), lines, sent: upstream.take() };
}

async function told(gate, isMarked) {
  const end = Date.now() + TOLD_MS;
  let lines = gate.decisions();
  while (isMarked && lines.length === 0 && Date.now() < end) {
    await pause(2);
    lines = gate.decisions();
  }
  return lines;
}

/** Puts lines behind the first, which names the target. */
function added(bytes, lines) {
  const end = bytes.indexOf("\r\n") + 2;
  return bytes.slice(0, end) + lines + bytes.slice(end);
}

/** Nothing goes on that no decision allowed; what goes on is the target and the headers of the decision. */
function passesWhatWasJudged({ gate, status, decided, sent }, { bytes }) {
  if (decided.length === 0) {
    assert.deepEqual(sent, [], `${gate.name} let through what was never judged`);
    assert.ok(status === "closed" || status >= 400, `${gate.name} answers ${status} to what was never judged`);
    return;
  }
  assert.equal(decided.length, 1);
  const [{ effect, target, set, remove, status: wanted }] = decided;
  if (effect === "deny") {
    assert.deepEqual(sent, []);
    assert.equal(status, wanted);
    return;
  }
  assert.equal(sent.length, 1);
  const [request] = sent;
  assert.equal(request.target, target);
  assert.equal(request.method, bytes.split(" ")[0]);
  assert.deepEqual(headersOf(request, gate), headersDue(bytes, set, remove, gate));
}

/**
 * A gate refuses, or decides what the evaluator decides for the bytes that were sent. Where the evaluator refuses those, the
 * server may have changed them in one of its ways: then the gate decides as for the canonical form.
 */
async function agrees(outcome, row) {
  const { gate, decided, lines } = outcome;
  const bytes = handedOver(row.bytes, gate);
  const line = await expected(bytes);
  if (line === null || decided.length === 0 || isRefused(decided[0]) || lines[0] === line) return;
  const { reason } = JSON.parse(line);
  outcome.changed = gate.changes.find((change) => reason === `refused:${change}`);
  assert.ok(outcome.changed, `${gate.name} decides as if other bytes had come: ${lines[0]}, not ${line}`);
  assert.equal(lines[0], await expected(withTarget(bytes, decided[0].target)));
}

function withTarget(bytes, target) {
  const [method] = bytes.split(" ");
  return `${method} ${target} HTTP/1.1${bytes.slice(bytes.indexOf("\r\n"))}`;
}

/** Two gates decide the same, and send the same on; or both refuse. Where a server left lines out, they were asked two questions. */
function agreesWith(one, other, { bytes }) {
  if (handedOver(bytes, one.gate) !== handedOver(bytes, other.gate)) return;
  if (one.decided.length === 0 || other.decided.length === 0) return;
  if (one.changed !== other.changed) return;
  if (isRefused(one.decided[0]) && isRefused(other.decided[0])) return;
  assert.equal(one.lines[0], other.lines[0], `${one.gate.name} and ${other.gate.name} decide differently`);
}

function isRefused({ reason }) {
  return reason.startsWith("refused:");
}

function print(table) {
  for (const { row, outcomes } of table) {
    const columns = [row.name.padEnd(76), ...outcomes.map((outcome) => `${outcome.gate.name}: ${shown(outcome)}`.padEnd(44))];
    console.log(`# ${columns.join(" ").trimEnd()}`);
  }
  for (const [index, { name }] of gates.entries()) console.log(`# ${name}: ${counted(table.map(({ outcomes }) => outcomes[index]))}`);
}

function shown({ status, decided, changed }) {
  if (decided.length === 0) return `its server answers ${status}`;
  const [{ status: decision, reason }] = decided;
  return `${decision} ${reason}${changed === undefined ? "" : ` (changed: ${changed})`}`;
}

function counted(outcomes) {
  const judged = outcomes.filter(({ decided }) => decided.length > 0);
  const refused = judged.filter(({ decided }) => isRefused(decided[0])).length;
  const allowed = judged.filter(({ decided }) => decided[0].effect === "allow").length;
  const changed = judged.filter(({ changed }) => changed !== undefined).length;
  const denied = judged.length - allowed - refused;
  const answered = outcomes.length - judged.length;
  return `${outcomes.length} rows: ${allowed} allowed, ${denied} denied, ${refused} refused, ${answered} answered by its server; ${changed} were changed by it`;
}
