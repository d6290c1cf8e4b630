// What the gate costs: requests a second through a Worker that passes all on, one that sets a header and judges nothing, and the gate with a
// token that it remembers, in turn, in front of one upstream; and the CPU of workerd for one request, which other work on the machine changes less.
// `cargo xtask bench worker` runs it, with wrk (Debian: `apt install wrk`); `worker.js [SECONDS [ROUNDS]]`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { artifactOf } from "../test/policies.js";
import { startWorker } from "../test/workerd.js";

const plugin = (file) => import(pathToFileURL(join(process.env.GATELAW_REPOSITORY, "bindings/kong/tests/plugin", file)));
const [{ startNginx }, { Key }] = await Promise.all(["nginx.js", "provider.js"].map(plugin));

const SECONDS = Number(process.argv[2] ?? 2);
const ROUNDS = Number(process.argv[3] ?? 15);
/** Until engines have compiled what runs often: some ten thousand requests. */
const WARM_SECONDS = 10;
const CONNECTIONS = 16;
/** Of the clock that the kernel counts CPU by. */
const TICKS_A_SECOND = 100;

const KEY = new Key("ES256");
const NOW = Math.floor(Date.now() / 1000);
const TOKEN = KEY.sign({ iss: "https://own.example", aud: "api", sub: "u1", groups: ["staff"], iat: NOW - 10, exp: NOW + 3600 });
const POLICY = `
issuer own {
  url        "https://own.example"
  audience   "api"
  algorithms ES256
  roles      claim groups as named { staff }
}
role staff
allow read { on GET /v1/items/{name}  for staff }
`;
const QUIET = "audit quiet { level none }\n";

/** What a browser or a client of an API sends, more or less. */
const HEADERS = ["User-Agent: bench/1.0", "Accept: application/json", "Accept-Encoding: gzip, br", "Accept-Language: en", "X-Tenant: t1", `Authorization: Bearer ${TOKEN}`];

/** Asks for a while; answers the requests a second. All must be answered well. */
async function wrk({ url }, seconds = SECONDS) {
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, ...HEADERS.flatMap((header) => ["-H", header]), `${url}/v1/items/a`];
  const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  if (Number.isNaN(rate) || /Non-2xx/.test(output)) throw new Error(`wrk says:\n${output}`);
  return rate;
}

async function text(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

/** Answers the microseconds that a process was on a CPU. */
function cpu({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (1e6 * (Number(fields[11]) + Number(fields[12]))) / TICKS_A_SECOND;
}

async function measure(worker) {
  const before = cpu(worker);
  const rate = await wrk(worker);
  return { rate, cpu: (cpu(worker) - before) / (rate * SECONDS) };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const upstream = await startNginx({
  files: {},
  configuration: "daemon off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n  keepalive_requests 1000000000;\n  server { listen 127.0.0.1:8080; location / { return 200 ok; } }\n}\n",
});
const options = JSON.stringify(JSON.stringify({ cache: false, sets: { own: { keys: [KEY.jwk] } } }));
const gate = (policy) => startWorker("test/workers/gate.js", { origin: upstream.port, policy: artifactOf(policy), bindings: { KEYS: `json = ${options}`, CHECK_S: 'json = "30"' } });
const workers = [
  ["passes all on", await startWorker("benches/passing.js", { origin: upstream.port })],
  ["copies both, judges nothing", await startWorker("benches/copying.js", { origin: upstream.port })],
  ["gate, a token that is remembered", await gate(POLICY + QUIET)],
  ["the same, and a line of log each", await gate(POLICY)],
];
try {
  for (const [, worker] of workers) await wrk(worker, WARM_SECONDS);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const measured = [];
    for (const [, worker] of workers) measured.push(await measure(worker));
    rounds.push(measured);
  }
  console.log(`${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections: medians, and how many fewer requests in the same round`);
  console.log(`  ${"".padEnd(34)}${["requests/s", "fewer", "CPU µs", "more"].map((name) => name.padStart(12)).join("")}`);
  workers.forEach(([name], at) => {
    const of = (value) => median(rounds.map(value));
    const percent = (value) => `${(100 * value).toFixed(1)} %`.padStart(12);
    console.log(
      `  ${name.padEnd(34)}${of((round) => round[at].rate).toFixed(0).padStart(12)}${percent(of((round) => 1 - round[at].rate / round[0].rate))}` +
        `${of((round) => round[at].cpu).toFixed(1).padStart(12)}${percent(of((round) => round[at].cpu / round[0].cpu - 1))}`,
    );
  });
} finally {
  for (const [, worker] of workers) await worker.stop();
  await upstream.stop();
}
