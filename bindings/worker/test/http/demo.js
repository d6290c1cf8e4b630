// What `cargo xtask demo` shows of the gates: requests through every runtime and both gates, then through one gate behind the other.
//
// `demo.js ARTIFACT REQUESTS NAME=ANSWERS…`: REQUESTS are lines of JSON, ANSWERS their decisions in a runtime of that name.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { startUpstream } from "../upstream.js";
import { ask } from "./client.js";
import { workerGate } from "./gates.js";

const { kongGate } = await import(pathToFileURL(join(process.env.GATELAW_REPOSITORY, "bindings/kong/tests/plugin/gate.js")));

const TOLD_MS = 2_000;
/** How much of a decision's SHA-256 stands in a cell. */
const CELL = 6;
const TARGET_MAX = 34;
const SAID_MAX = 48;
const SHOWN = 6 + 1 + 6 + 1 + 7 + 1 + TARGET_MAX;

/** Believes the request, as no gate may: it stands for the verifier of tokens. */
const IDENTIFY = `
return function(request)
  for _, header in ipairs(request.headers) do
    if header[1] == "test-identity" then
      local issuer, claims = header[2]:match('^{"issuer":"([^"]+)","claims":(.*)}$')
      local code = header[2]:match('^{"invalid":"([^"]+)"}$')
      return issuer and { issuer = issuer, claims = claims } or { invalid = code }
    end
  end
end
`;

const [artifactPath, requestsPath, ...answers] = process.argv.slice(2);
const artifact = readFileSync(artifactPath);
const requests = linesOf(requestsPath).map((line) => JSON.parse(line));
const runtimes = answers.map((answer) => answer.split("=")).map(([name, path]) => ({ name, lines: linesOf(path) }));

const upstream = await startUpstream();
const kong = await kongGate(upstream.port, artifact, { conf: { limits: "report", identify: "hook" }, modules: { hook: IDENTIFY } });
const options = { LIMITS: 'text = "report"', IDENTIFY: 'text = "true"' };
const worker = await workerGate(upstream.port, artifact, options);
const edge = await workerGate(kong.port, artifact, options);
let isEqual = true;
try {
  await table();
  await inARow();
} finally {
  for (const gate of [edge, worker, kong, upstream]) await gate.stop();
}
console.log(isEqual ? "every decision is equal, byte for byte" : "decisions differ");
process.exitCode = isEqual ? 0 : 1;

async function table() {
  const columns = [...runtimes.map(({ name }) => name), worker.name, kong.name];
  console.log(`${"".padEnd(SHOWN + 1 + SAID_MAX + 1)}${columns.map((name) => name.padEnd(9)).join("")}`.trimEnd());
  for (const [index, request] of requests.entries()) {
    const lines = [...runtimes.map(({ lines }) => lines[index]), ...(await both(request))];
    const told = lines.filter((line) => line.startsWith("{"));
    isEqual &&= lines.slice(0, runtimes.length).every((line) => line.startsWith("{")) && told.every((line) => line === told[0]);
    console.log(`${shown(request)} ${said(lines[0]).padEnd(SAID_MAX)} ${lines.map(cell).join("")}`.trimEnd());
    showHeaders(request);
  }
  console.log("Each cell begins the SHA-256 of the whole decision; `=400` is the answer of a server that refused by itself.");
}

/** Answers the decision of each gate as its line, or what the server of the gate answered by itself. */
async function both(request) {
  const lines = [];
  for (const gate of [worker, kong]) {
    const { status, headers } = await ask(gate.port, bytesOf(request, gate.added));
    lines.push(headers["x-request-id"] === undefined ? `=${status}` : await told(gate));
  }
  upstream.take();
  return lines;
}

/** The edge forwards to the gateway, and the gateway to the upstream. */
async function inARow() {
  console.log("\n── Edge, gateway, upstream: what each decided, and what came through\n");
  for (const request of requests) {
    const { headers } = await ask(edge.port, bytesOf(request, edge.added));
    const first = headers["x-request-id"] === undefined ? null : await told(edge);
    const isForwarded = first !== null && JSON.parse(first).effect === "allow";
    const second = isForwarded ? await told(kong) : null;
    isEqual &&= second === null || first === second;
    const [sent] = upstream.take();
    console.log(`${shown(request)} edge ${statusOf(first)} gateway ${statusOf(second)} ${sent === undefined ? "–" : received(sent)}`);
    showHeaders(request);
  }
  console.log();
}

function statusOf(line) {
  return line === null ? "–  " : String(JSON.parse(line).status);
}

function received({ method, target, headers }) {
  const judged = headers.filter(([name]) => /^x-(user|tenant|plan|consumer)/i.test(name.replaceAll("_", "-")));
  return `upstream ${method} ${clipped(target)}${judged.map(([name, value]) => ` ${name}=${value}`).join("")}`;
}

async function told(gate) {
  const end = Date.now() + TOLD_MS;
  for (;;) {
    const [line] = gate.decisions();
    if (line !== undefined) return line;
    if (Date.now() > end) throw new Error(`${gate.name} told no decision`);
    await pause(2);
  }
}

function bytesOf({ method, target, host, headers, identity }, added) {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  if (identity !== undefined) lines.push(`test-identity: ${JSON.stringify(identity)}\r\n`);
  if (method !== "GET") lines.push("Content-Length: 0\r\n");
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${added}${lines.join("")}Connection: close\r\n\r\n`;
}

function shown({ method, target, host, identity }) {
  const who = identity?.claims?.sub ?? identity?.invalid ?? "nobody";
  return `${method.padEnd(6)} ${host.split(".")[0].padEnd(6)} ${who.padEnd(7)} ${clipped(target).padEnd(TARGET_MAX)}`;
}

function showHeaders({ headers }) {
  if (headers.length > 0) console.log(`       with ${headers.map((header) => header.join(": ")).join(", ")}`);
}

function clipped(text) {
  return text.length <= TARGET_MAX ? text : `${text.slice(0, TARGET_MAX - 8)}… ${text.length}`;
}

function said(line) {
  const { effect, status, reason, rule } = JSON.parse(line);
  return `${effect} ${status} ${rule ?? reason}`;
}

function cell(line) {
  return (line.startsWith("{") ? createHash("sha256").update(line).digest("hex").slice(0, CELL) : line).padEnd(9);
}

function linesOf(path) {
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}
