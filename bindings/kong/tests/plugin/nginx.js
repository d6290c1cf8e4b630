// Starts nginx with the plugin behind the stand-in for Kong, and reads what it logs.
//
// `NGINX_PROGRAM` names nginx, `NGINX_MODULES` and `NGINX_LUA` the folders of its modules and of what comes with Lua,
// `NGINX_LIBRARIES` those of its libraries, `GATELAW_C` that of libgatelaw.so.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync, closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const { NGINX_PROGRAM, NGINX_MODULES, NGINX_LUA, NGINX_LIBRARIES, GATELAW_C } = process.env;
const KONG = fileURLToPath(new URL("../..", import.meta.url));
const TLS = fileURLToPath(new URL("tls", import.meta.url));
const AUTHORITY = join(TLS, "authority.pem");
const START_MS = 20_000;
const RELOAD_MS = 20_000;
const LOG_MS = 5_000;
/** In how many pieces the lines that tell of workers cut a log without any. */
const NO_WORKERS = 1;
/** Between finding a free port and listening on it another program may take it. */
const STARTS_MAX = 3;
const HANDLER = "kong.plugins.gatelaw.handler";

/**
 * Starts nginx. `policy` is the artifact, in a file that `conf.path` names unless `conf` says otherwise; `modules` are files of Lua
 * beside it, by name; `library` is the folder in which libgatelaw.so is looked for; `workers` is the number of nginx's processes; `resolver` is the
 * port of a resolver, `trusts` the file of the authorities that certificates are held to; without `shared`, workers share nothing, without `logs`, nothing is logged; with
 * `clock`, a test moves the time; with `clients`, the certificate of an authority, it also listens to TLS, on `securePort`, and asks clients for
 * theirs; `under` are the words of a command that runs nginx.
 */
export async function startKong({
  upstream = 9, policy, conf = {}, route = {}, service = {}, modules = {}, handler = HANDLER, library = GATELAW_C, workers = 2,
  resolver = 9, trusts = AUTHORITY, shared = true, logs = true, clock = false, clients, under,
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), "gatelaw-kong-"));
  mkdirSync(join(folder, "tmp"));
  const server = new Kong(folder, under);
  if (policy !== undefined) server.store(policy);
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, `${name}.lua`), text);
  const settings = {
    handler,
    // What the schema adds.
    conf: { path: server.path, check_s: 30, limits: "refuse", tokens_max: 10000, trace: "restart", client_cert: "verified", ...conf },
    route: { paths: ["/"], strip_path: false, ...route },
    service: { protocol: "http", ...service },
    ...(logs ? { log: join(folder, "log") } : {}),
    ...(clock ? { clock: join(folder, "clock") } : {}),
  };
  if (conf.artifact !== undefined) delete settings.conf.path;
  writeFileSync(join(folder, "settings.lua"), `return ${lua(settings)}\n`);
  if (clients !== undefined) writeFileSync(join(folder, "clients.pem"), clients);
  await begin(server, async () => {
    if (clients !== undefined) server.securePort = await freePort();
    configure(server, { upstream, library, workers, resolver, trusts, shared });
  });
  return server;
}

/** Starts nginx with a configuration that was written for Debian's, on port 8080, and with files beside it. */
export async function startNginx({ configuration, files }) {
  const folder = mkdtempSync(join(tmpdir(), "gatelaw-nginx-"));
  // Workers of a root's nginx are nobody's.
  chmodSync(folder, 0o755);
  const server = new Kong(folder);
  for (const [name, bytes] of Object.entries({ ...files, "lib/libgatelaw.so": readFileSync(join(GATELAW_C, "libgatelaw.so")) })) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  await begin(server, () => {
    const here = configuration
      .replace("8080", server.port)
      .replaceAll("/usr/lib/nginx/modules", NGINX_MODULES)
      .replace('/?.lua;;"', `/?.lua;${NGINX_LUA}/?.lua;;"`)
      .replace("http {", `http {\n${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((what) => `  ${what}_temp_path tmp;\n`).join("")}`);
    writeFileSync(join(folder, "nginx.conf"), here);
  });
  return server;
}

/** Starts a server on a free port, which another program may take before. */
async function begin(server, configure) {
  for (let starts = 1; ; starts += 1) {
    server.port = await freePort();
    await configure();
    try {
      return await server.start();
    } catch (error) {
      await server.end();
      if (starts === STARTS_MAX) throw error;
    }
  }
}

function configure({ folder, port, securePort }, { upstream, library, workers, resolver, trusts, shared }) {
  const words = {
    FOLDER: folder, COUNT: workers, KONG: KONG.replace(/\/$/, ""), MODULES: NGINX_MODULES, RESTY: NGINX_LUA, LIBRARY: library, UPSTREAM: upstream, PORT: port,
    // Workers of a root's nginx are nobody's, who can't read a folder of root's.
    USER: process.getuid() === 0 ? "user root;" : "",
    SECURE: securePort === undefined ? "" : `
    listen 127.0.0.1:${securePort} ssl;
    ssl_certificate ${join(TLS, "server.pem")};
    ssl_certificate_key ${join(TLS, "server.key")};
    ssl_client_certificate clients.pem;
    ssl_verify_client optional_no_ca;`,
    SHARED: shared ? "lua_shared_dict gatelaw 4m;" : "", RESOLVER: resolver, TRUSTS: trusts,
  };
  const template = readFileSync(new URL("nginx.conf", import.meta.url), "utf8");
  writeFileSync(join(folder, "nginx.conf"), template.replace(/\b[A-Z]{4,}\b/g, (word) => words[word] ?? word));
}

class Kong {
  #child;
  #log = "";
  /** How many bytes of the told decisions were taken. */
  #told = 0;

  constructor(folder, under = []) {
    this.folder = folder;
    /** The words of a command that runs nginx, in one process then. */
    this.under = under;
    this.path = join(folder, "policy");
  }

  async start() {
    const alone = this.under.length === 0 ? [] : ["-g", "master_process off;"];
    const [program, ...args] = [...this.under, NGINX_PROGRAM, "-p", this.folder, "-c", "nginx.conf", "-e", "stderr", ...alone];
    this.#log = "";
    this.#child = spawn(program, args, { env: { LD_LIBRARY_PATH: NGINX_LIBRARIES }, stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr.on("data", (chunk) => { this.#log += chunk; });
    const end = Date.now() + START_MS;
    while (!(await this.#listens())) {
      if (!this.runs || Date.now() > end) throw new Error(`nginx doesn't start:\n${this.log}`);
      await pause(20);
    }
  }

  #listens() {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      socket.on("connect", () => { socket.destroy(); resolve(true); });
      socket.on("error", () => resolve(false));
    });
  }

  /** Whether the master still runs. */
  get runs() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Puts the artifact into its file, at once and whole. */
  store(bytes) {
    writeFileSync(join(this.folder, ".new"), bytes);
    renameSync(join(this.folder, ".new"), this.path);
  }

  /** Does what `nginx -s reload` does, and waits until new workers run. */
  async reload() {
    const end = Date.now() + RELOAD_MS;
    // A signal that comes before the master has begun its round is lost.
    while (this.#workers() === NO_WORKERS && Date.now() < end) await pause(5);
    const workers = this.#workers();
    this.#child.kill("SIGHUP");
    while (this.#workers() === workers) {
      if (Date.now() > end) throw new Error(`nginx doesn't reload:\n${this.log.slice(-2000)}`);
      await pause(5);
    }
  }

  #workers() {
    return this.#log.split("start worker process ").length;
  }

  /** Lists what loggers got of the requests until now; waits for as many as are said, for they log behind the answer. */
  async records(count = 0) {
    const lines = await atLeast(count, () => linesOf(join(this.folder, "log")));
    return lines.map((line) => JSON.parse(line));
  }

  /** Takes the decisions since the last call, as lines, where the handler tells them. */
  takeTold() {
    const path = join(this.folder, "log.lines");
    if (!existsSync(path)) return [];
    const file = openSync(path);
    const bytes = Buffer.alloc(fstatSync(file).size - this.#told);
    readSync(file, bytes, { position: this.#told });
    closeSync(file);
    const whole = bytes.lastIndexOf("\n") + 1;
    this.#told += whole;
    return bytes.toString("utf8", 0, whole).split("\n").slice(0, -1);
  }

  /** Moves the time, by so many seconds from what it is. */
  setClock(offset_s) {
    const next = join(this.folder, "clock.next");
    writeFileSync(next, String(offset_s));
    renameSync(next, join(this.folder, "clock"));
  }

  /** Lists the processes of the workers. */
  workerIds() {
    const { pid } = this.#child;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  }

  get log() {
    return this.#log;
  }

  /** Lists the lines of the error log that are errors; waits for as many as are said. */
  async errors(count = 0) {
    return await atLeast(count, () => this.#log.split("\n").filter((line) => /\[(error|crit|alert|emerg)\]/.test(line)));
  }

  async end() {
    if (!this.runs) return;
    const exit = once(this.#child, "exit");
    this.#child.kill();
    await exit;
  }

  async stop() {
    await this.end();
    rmSync(this.folder, { recursive: true });
  }
}

/** Lists until there are so many, or too much time went by. */
async function atLeast(count, list) {
  const end = Date.now() + LOG_MS;
  for (;;) {
    const found = list();
    if (found.length >= count || Date.now() > end) return found;
    await pause(5);
  }
}

function linesOf(path) {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

/** Writes a value as Lua does. */
function lua(value) {
  if (typeof value === "string") return `"${value.replace(/[\\"\n]/g, (char) => `\\${char}`)}"`;
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `{ ${value.map(lua).join(", ")} }`;
  return `{ ${Object.entries(value).map(([name, member]) => `["${name}"] = ${lua(member)}`).join(", ")} }`;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
