// Traces through the gate: the W3C's own tests over HTTP, and what the record and the upstream get of each.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ask } from "./http/client.js";
import { artifactOf } from "./policies.js";
import { startUpstream } from "./upstream.js";
import { startWorker } from "./workerd.js";

const VECTORS = join(process.env.GATELAW_REPOSITORY, "crates/gatelaw-host/tests/trace_context/vectors.json");
const { tests } = JSON.parse(readFileSync(VECTORS, "utf8"));
const POLICY = "allow every { for anyone }\ndeny gone { on /gone }\n";

const CALLER = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const RECEIVED = [["traceparent", `00-${CALLER}-${PARENT}-01`], ["tracestate", "a=1,b=2"]];

let upstream;
before(async () => { upstream = await startUpstream(); });
after(() => upstream.stop());

/** Starts a gate that does so with traces. */
function gate(trace, more = "") {
  const started = {};
  before(async () => {
    const options = { origin: upstream.port, policy: artifactOf(POLICY + more), bindings: { TRACE: `text = "${trace}"` } };
    started.worker = await startWorker("test/workers/gate.js", options);
  });
  after(() => started.worker.stop());
  return started;
}

/** Sends headers, lines apart, and answers the status, what the record has, and which of a trace's headers went on. */
async function traced({ worker }, headers, target = "/") {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const { status, headers: answered } = await ask(worker.port, `GET ${target} HTTP/1.1\r\nHost: a.test\r\n${lines}Connection: close\r\n\r\n`);
  const id = answered["x-request-id"];
  const [record] = await worker.recorded(1, ({ request_id }) => request_id === id);
  const [sent] = upstream.take();
  const valuesOf = (name) => sent?.headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  return { status, trace: record.trace, parents: valuesOf("traceparent"), states: valuesOf("tracestate") };
}

describe("where anybody calls", () => {
  const server = gate("restart", 'forward own { on /own  set "traceparent" = "own" }');

  test("a trace begins anew, and the caller's is told", async () => {
    const first = await traced(server, RECEIVED);
    assert.equal(first.trace.caller, CALLER);
    assert.notEqual(first.trace.id, CALLER);
    assert.deepEqual([first.parents, first.states], [[`00-${first.trace.id}-${first.trace.span}-02`], []]);
    const second = await traced(server, []);
    assert.notEqual(second.trace.id, first.trace.id);
    assert.notEqual(second.trace.span, first.trace.span);
    assert.deepEqual(Object.keys(second.trace), ["id", "span"]);
  });

  test("what is denied has its place in a trace too", async () => {
    const { status, trace, parents } = await traced(server, RECEIVED, "/gone");
    assert.deepEqual([status, trace.caller, parents], [403, CALLER, undefined]);
  });

  test("what the policy sets stays", async () => {
    assert.deepEqual((await traced(server, RECEIVED, "/own")).parents, ["own"]);
  });

  test("no trace of the W3C's tests is taken for one's own", async () => {
    for (const { test: name, steps } of tests) {
      for (const { headers } of steps) {
        const { status, trace, parents, states } = await traced(server, headers);
        assert.match(trace.id, /^[0-9a-f]{32}$/, name);
        const ids = headers.map(([, value]) => value).join(" ");
        assert.ok(!ids.includes(trace.id), name);
        if (status === 200) assert.deepEqual([parents, states], [[`00-${trace.id}-${trace.span}-02`], []], name);
        else assert.equal(status, 400, name);
      }
    }
  });
});

describe("behind a trusted edge", () => {
  const server = gate("continue");

  test("a trace goes on", async () => {
    const { trace, parents, states } = await traced(server, RECEIVED);
    assert.equal(trace.id, CALLER);
    assert.equal(trace.caller, undefined);
    assert.notEqual(trace.span, PARENT);
    assert.deepEqual([parents, states], [[`00-${CALLER}-${trace.span}-01`], ["a=1,b=2"]]);
  });

  assert.equal(tests.length, 41);
  for (const { test: name, steps } of tests) {
    test(`as the W3C's tests say: ${name}`, async () => {
      for (const { headers, expect } of steps) {
        const { status, trace, parents, states } = await traced(server, headers);
        if (status === 400) {
          // Two lines, or a comma: such a request goes nowhere.
          assert.ok(expect.trace_id === undefined, "it is refused");
          continue;
        }
        assert.deepEqual([status, parents.length], [200, 1]);
        const spans = [trace.span];
        for (let more = 1; more < (expect.parent_ids ?? 1); more += 1) spans.push((await traced(server, headers)).trace.span);
        assert.equal(new Set(spans).size, spans.length);
        check(parents[0], states.join(","), expect);
      }
    });
  }
});

function check(parent, state, expect) {
  const [version, id, span, flags, ...more] = parent.split("-");
  assert.deepEqual([version, id.length, span.length, flags.length, more], ["00", 32, 16, 2, []]);
  assert.equal(id, expect.trace_id ?? id);
  assert.ok(!(expect.not_trace_id ?? []).includes(id));
  assert.ok(!(expect.not_parent_id ?? []).includes(span));
  assert.ok(!expect.random || (Number.parseInt(flags, 16) & 2) === 2);
  const members = new Map(state.split(",").filter((member) => member.includes("=")).map((member) => member.split(/=(.*)/s).slice(0, 2)));
  assert.equal(members.size, expect.count ?? members.size, state);
  for (const key of expect.has ?? []) assert.ok(members.has(key), state);
  for (const key of expect.lacks ?? []) assert.ok(!members.has(key), state);
  for (const [key, value] of Object.entries(expect.members ?? {})) assert.equal(members.get(key), value);
  for (const any of expect.holds_any ?? []) assert.ok(any.some((text) => state.includes(text)), state);
  for (const [first, second] of expect.before ?? []) assert.ok(state.indexOf(first) < state.indexOf(second) && state.includes(first), state);
}

describe("where traces are left to others", () => {
  const server = gate("pass");

  test("their headers go on as they came", async () => {
    const { trace, parents, states } = await traced(server, [["traceparent", "x"], ["tracestate", "y"]]);
    assert.deepEqual([trace, parents, states], [undefined, ["x"], ["y"]]);
  });
});
