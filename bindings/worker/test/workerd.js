// Runs Workers in workerd: bundles one as wrangler does, writes its configuration, and waits until it listens.
// `WORKERD` names the program, `GATELAW_NPM` the folder of the npm package with its tools.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

const { WORKERD, GATELAW_NPM } = process.env;
const START_MS = 20_000;
const RECORDED_MS = 5_000;
/** Far above what any of these Workers needs: a leak ends the test, not the machine. */
const MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
const MEMORY_CHECK_MS = 250;

const esbuild = createRequire(join(GATELAW_NPM, "package.json"))("esbuild");

/** A namespace of KV over a folder: a value is a file. */
const KV = `export default { fetch({ url, method, body }, env) {
  const name = new URL(url).pathname.slice(1).replace(/[^0-9A-Za-z.-]/g, "_");
  return env.DISK.fetch("http://disk/" + name, method === "PUT" ? { method, body } : {});
} };`;

/** The cache of a data centre, as workerd asks for one: what is put is a whole answer, as text. */
const CACHE = `const kept = new Map();
export default { async fetch(request) {
  if (request.method === "PUT") {
    kept.set(request.url, new Uint8Array(await request.arrayBuffer()));
    return new Response(null, { status: 204 });
  }
  const answer = kept.get(request.url);
  if (answer === undefined) return new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });
  const end = new TextDecoder("latin1").decode(answer).indexOf("\\r\\n\\r\\n");
  return new Response(answer.slice(end + 4), { headers: { "cf-cache-status": "HIT" } });
} };`;

/** Bundles a Worker into one module; the WebAssembly stays beside it. */
async function bundled(entry) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd"],
    external: ["*.wasm"],
    logLevel: "silent",
    alias: { "gatelaw-worker": resolve("src/index.js") },
  });
  return outputFiles[0].text;
}

/**
 * Starts a Worker. `bindings` are those of workerd's configuration, by name, as its text; `origin` is the port of the upstream;
 * `cf` is what `request.cf` holds; `policy` is what KV holds; with `hasCache` there is a cache.
 */
export async function startWorker(entry, { origin = 9, hasOrigin = true, bindings = {}, cf, policy, hasCache = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "gatelaw-worker-"));
  const kv = join(folder, "kv");
  mkdirSync(kv);
  writeFileSync(join(folder, "worker.js"), await bundled(entry));
  writeFileSync(join(folder, "gatelaw.wasm"), readFileSync(join(GATELAW_NPM, "js/wasm/gatelaw.wasm")));
  writeFileSync(join(folder, "config.capnp"), configuration({ kv, origin, hasOrigin, bindings, hasCf: cf !== undefined, hasCache }));
  const worker = new Worker(folder, kv);
  if (policy !== undefined) worker.store(policy);
  await worker.start(cf);
  return worker;
}

class Worker {
  #folder;
  #kv;
  #child;
  #watch;
  #log = "";
  #records = [];
  /** How much of the log stands in the records. */
  #recorded = 0;
  peakBytes = 0;

  constructor(folder, kv) {
    this.#folder = folder;
    this.#kv = kv;
  }

  async start(cf) {
    const args = ["serve", "config.capnp", "--control-fd=3", "--experimental"];
    this.#child = spawn(WORKERD, args, { cwd: this.#folder, stdio: ["ignore", "pipe", "pipe", "pipe"] });
    this.#child.stdout.on("data", (chunk) => { this.#log += chunk; });
    this.#child.stderr.on("data", (chunk) => { this.#log += chunk; });
    this.#watch = setInterval(() => this.#weigh(), MEMORY_CHECK_MS);
    this.port = await this.#listens();
    this.url = `http://127.0.0.1:${this.port}`;
    this.cf = cf;
  }

  /** Reads from the control descriptor which port was free. */
  async #listens() {
    const signal = AbortSignal.timeout(START_MS);
    const exit = once(this.#child, "exit", { signal }).then(([code]) => {
      throw new Error(`workerd ended with ${code} before it listened:\n${this.#log}`);
    });
    const listens = (async () => {
      let text = "";
      for await (const chunk of this.#child.stdio[3]) {
        text += chunk;
        const line = text.split("\n").find((line) => line.includes('"listen"'));
        if (line !== undefined && text.endsWith("\n")) return JSON.parse(line).port;
      }
      return exit;
    })();
    return Promise.race([listens, exit]);
  }

  #weigh() {
    let status;
    try {
      status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    } catch {
      return;
    }
    const bytes = 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    this.peakBytes = Math.max(this.peakBytes, bytes);
    if (bytes > MEMORY_BYTES_MAX) this.#child.kill("SIGKILL");
  }

  /** The process of workerd. */
  get pid() {
    return this.#child.pid;
  }

  /** Whether workerd still runs. */
  get runs() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Puts a value into KV, at once and whole. */
  store(bytes, key = "policy") {
    writeFileSync(join(this.#kv, ".new"), bytes);
    renameSync(join(this.#kv, ".new"), join(this.#kv, key));
  }

  /** Lists the keys of KV, as names of files. */
  stored() {
    return readdirSync(this.#kv).filter((name) => name !== "policy");
  }

  /** Takes a value out of KV. */
  remove(key = "policy") {
    rmSync(join(this.#kv, key));
  }

  /** Moves the time of a Worker that has `clock.js`, by so many seconds from what it is. */
  async setClock(offset_s) {
    await fetch(`${this.url}/test-clock?${offset_s}`);
  }

  /** Asks the Worker. */
  fetch(path, init = {}) {
    const headers = new Headers(init.headers);
    if (this.cf !== undefined) headers.set("test-cf", JSON.stringify(init.cf ?? this.cf));
    return fetch(this.url + path, { redirect: "manual", ...init, headers });
  }

  /** Lists the lines of the log that are JSON. */
  records() {
    const end = this.#log.lastIndexOf("\n") + 1;
    const lines = this.#log.slice(this.#recorded, end).split("\n").filter((line) => line.startsWith("{"));
    this.#records.push(...lines.map((line) => JSON.parse(line)));
    this.#recorded = end;
    return this.#records;
  }

  /** Lists the records that are meant, as soon as there are so many of them: a Worker writes them beside its answer. */
  async recorded(count, isMeant) {
    const end = Date.now() + RECORDED_MS;
    for (;;) {
      const meant = this.records().filter(isMeant);
      if (meant.length >= count || Date.now() > end) return meant;
      await pause(5);
    }
  }

  /** Shows the end of the log. */
  get log() {
    return this.#log.slice(-2000);
  }

  async stop() {
    clearInterval(this.#watch);
    if (this.runs) {
      const exit = once(this.#child, "exit");
      this.#child.kill();
      await exit;
    }
    rmSync(this.#folder, { recursive: true });
  }
}

function configuration({ kv, origin, hasOrigin, bindings, hasCf, hasCache }) {
  const own = Object.entries(bindings).map(([name, value]) => `(name = "${name}", ${value})`);
  const service = hasOrigin ? ['(name = "ORIGIN", service = "origin")'] : [];
  const all = [...("POLICIES" in bindings ? [] : ['(name = "POLICIES", kvNamespace = "kv")']), ...service, ...own];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "kv", worker = .kv),
    (name = "cache", worker = .cache),
    (name = "disk", disk = (path = "${kv}", writable = true)),
    (name = "origin", external = (address = "127.0.0.1:${origin}", http = ())),
    (name = "internet", network = (allow = ["local", "private", "public"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (${hasCf ? 'cfBlobHeader = "test-cf"' : ""}), service = "worker"),
  ],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-10-01",
  modules = [
    (name = "worker", esModule = embed "worker.js"),
    (name = "gatelaw/gatelaw.wasm", wasm = embed "gatelaw.wasm"),
  ],
  bindings = [ ${all.join(",\n    ")} ],
  ${hasCache ? 'cacheApiOutbound = "cache",' : ""}
);

const cache :Workerd.Worker = (
  compatibilityDate = "2026-10-01",
  modules = [ (name = "cache", esModule = ${JSON.stringify(CACHE)}) ],
);

const kv :Workerd.Worker = (
  compatibilityDate = "2026-10-01",
  modules = [ (name = "kv", esModule = ${JSON.stringify(KV)}) ],
  bindings = [ (name = "DISK", service = "disk") ],
);
`;
}
