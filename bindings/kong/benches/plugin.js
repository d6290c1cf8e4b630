// What the plugin costs: the CPU of nginx's worker for one request, behind a plugin that does nothing, behind one that asks Kong and nginx for
// all that ours asks them for and does nothing with it, and behind ours, in turn; and what its own parts cost, one by one.
// `cargo xtask bench plugin` runs it; `plugin.js [REQUESTS [ROUNDS]]`.
//
// Time on a wall says little where a client and an upstream run beside nginx; `schedstat` counts what the worker itself ran.

import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { artifactOf } from "../tests/plugin/policies.js";
import { Key } from "../tests/plugin/provider.js";
import { startKong, startNginx } from "../tests/plugin/nginx.js";

const REQUESTS = Number(process.argv[2] ?? 20_000);
const ROUNDS = Number(process.argv[3] ?? 7);
const CONNECTIONS = 8;

const POLICY = `
issuer own {
  url        "https://own.example"
  audience   "api"
  algorithms ES256
  roles      claim groups as named { staff }
}
role staff
allow open { on GET /v1/open/{name}  for anyone }
allow read { on GET /v1/items/{name}  for staff }
`;
const KEY = new Key("ES256");
const NOW = Math.floor(Date.now() / 1000);
const TOKEN = KEY.sign({ iss: "https://own.example", aud: "api", sub: "u1", groups: ["staff"], iat: NOW - 10, exp: NOW + 3600 });

/** What a browser or a client of an API sends, more or less. */
const HEADERS = [
  "Host: api.example", "User-Agent: bench/1.0", "Accept: application/json", "Accept-Encoding: gzip, br", "Accept-Language: en",
  "X-Tenant: t1",
];

/** Sends requests over connections that stay, one behind the other on each; answers how many were 200. */
function ask(port, request, count) {
  return new Promise((resolve, reject) => {
    let [left, open, good] = [count, CONNECTIONS, 0];
    for (let number = 0; number < CONNECTIONS; number += 1) {
      const socket = connect(port, "127.0.0.1");
      let seen = "";
      const next = () => {
        if (left === 0) return socket.end();
        left -= 1;
        return socket.write(request);
      };
      socket.on("connect", next);
      socket.on("data", (chunk) => {
        seen += chunk.toString("latin1");
        const end = seen.indexOf("\r\n\r\n");
        if (end < 0) return;
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(seen)?.[1] ?? 0);
        if (seen.length < end + 4 + length) return;
        if (seen.startsWith("HTTP/1.1 200 ")) good += 1;
        seen = "";
        next();
      });
      socket.on("close", () => {
        open -= 1;
        if (open === 0) resolve(good);
      });
      socket.on("error", reject);
    }
  });
}

/** Answers the nanoseconds that a process was on a CPU. */
const cpu = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);

async function measure(kong, request) {
  const [worker] = kong.workerIds();
  const before = cpu(worker);
  const good = await ask(kong.port, request, REQUESTS);
  if (good !== REQUESTS) throw new Error(`${REQUESTS - good} of ${REQUESTS} requests were not answered 200:\n${kong.log.slice(-2000)}`);
  return (cpu(worker) - before) / REQUESTS / 1000;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const upstream = await startNginx({
  files: {},
  configuration: "daemon off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n  keepalive_requests 1000000000;\n  server { listen 127.0.0.1:8080; location / { return 200 ok; } }\n}\n",
});
const requestOf = (path, ...more) => `GET ${path} HTTP/1.1\r\n${[...HEADERS, ...more].join("\r\n")}\r\n\r\n`;
const open = requestOf("/v1/open/a");
const bearing = requestOf("/v1/items/a", `Authorization: Bearer ${TOKEN}`);
const keys = [{ issuer: "own", document: JSON.stringify({ keys: [KEY.jwk] }) }];
const common = { upstream: upstream.port, workers: 1, logs: false, policy: artifactOf(POLICY), conf: { keys } };
const probe = readFileSync(new URL("parts.lua", import.meta.url), "utf8");
const nothing = await startKong({ ...common, handler: "passing" });
const asking = await startKong({ ...common, handler: "asking" });
const gatelaw = await startKong({ ...common, modules: { probe } });
try {
  console.log(`CPU of nginx's worker, µs a request; ${ROUNDS} rounds of ${REQUESTS} requests in turn: medians, and what each round added to asking`);
  console.log(`  ${"".padEnd(28)}${["nothing", "asking", "gatelaw", "asking adds", "gatelaw adds"].map((name) => name.padStart(14)).join("")}`);
  for (const [what, request] of [["nobody", open], ["a token that is remembered", bearing]]) {
    const rounds = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const measured = [];
      for (const kong of [nothing, asking, gatelaw]) measured.push(await measure(kong, request));
      // The first round warms.
      if (round > 0) rounds.push(measured);
    }
    const column = (of) => median(rounds.map(of)).toFixed(1).padStart(14);
    const added = rounds.map(([, asks, ours]) => ours - asks);
    console.log(`  ${what.padEnd(28)}${[0, 1, 2].map((at) => column((round) => round[at])).join("")}${column(([none, asks]) => asks - none)}`
      + `${column(([, asks, ours]) => ours - asks)}   ${added.map((us) => us.toFixed(1)).join(" ")}`);
  }
  console.log("Its own parts, each alone in a loop");
  writeFileSync(join(gatelaw.folder, "keys.json"), keys[0].document);
  const body = `${gatelaw.path}\n${join(gatelaw.folder, "keys.json")}\n${TOKEN}\n`;
  console.log((await (await fetch(`http://127.0.0.1:${gatelaw.port}/probe`, { method: "POST", body })).text()).trimEnd());
} finally {
  for (const server of [nothing, asking, gatelaw, upstream]) await server.stop();
}
