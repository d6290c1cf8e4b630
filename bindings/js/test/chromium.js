// Headless Chromium over a loopback page: serves files, starts the browser, hands it work.
//
// `GATELAW_CHROMIUM` names the program, `GATELAW_CHROMIUM_LIBRARIES` the folders of its libraries where it isn't installed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
/** The browser runs as whoever runs the tests, also as root in a container; it sees our own page alone. */
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run"];

/**
 * Opens a page, and answers what `handle` made of the page's requests: it gets those for paths that are no files of `folder`,
 * and calls `done` with the result, or with an error.
 */
export async function browse(folder, page, handle) {
  const profile = await mkdtemp(join(tmpdir(), "gatelaw-chromium-"));
  let server;
  let browser;
  try {
    return await new Promise((resolve, reject) => {
      const done = (error, result) => (error ? reject(error) : resolve(result));
      server = createServer((request, response) => {
        answer(folder, request, response, handle, done).catch((error) => done(error));
      });
      server.listen(0, "127.0.0.1", () => {
        browser = start(profile, `http://127.0.0.1:${server.address().port}/${page}`, done);
      });
    });
  } finally {
    if (browser !== undefined && browser.exitCode === null && browser.signalCode === null) {
      browser.kill("SIGKILL");
      await once(browser, "exit");
    }
    server?.closeAllConnections();
    server?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

function start(profile, url, done) {
  const libraries = process.env.GATELAW_CHROMIUM_LIBRARIES;
  const env = { ...process.env, HOME: profile, ...(libraries && { LD_LIBRARY_PATH: libraries }) };
  const stdio = ["ignore", "ignore", "pipe", "pipe", "pipe"];
  const browser = spawn(process.env.GATELAW_CHROMIUM ?? "chromium", [...FLAGS, `--user-data-dir=${profile}`, url], { env, stdio });
  let said = "";
  browser.stderr.on("data", (bytes) => (said = (said + bytes).slice(-4000)));
  browser.on("error", (error) => done(new Error(`Chromium can't be started: ${error.message}`)));
  browser.on("exit", (code, signal) => done(new Error(`Chromium ended with ${code ?? signal}:\n${said}`)));
  return browser;
}

async function answer(folder, request, response, handle, done) {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  const file = join(folder, path);
  if (request.method === "GET" && (await stat(file).catch(() => null))?.isFile()) {
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
    return;
  }
  await handle(path.slice(1), request, response, done);
}

/** Reads the body of a request. */
export async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
