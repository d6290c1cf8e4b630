// workerd, as the tests start it.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE } from "./installed.js";

const START_MS = 10_000;

/** Serves the `config.capnp` of a folder, and stops once `use`, which is called with its port, is done. */
export async function served(folder, use) {
  const server = spawn(program(), ["serve", "config.capnp", "--control-fd=3"], { cwd: folder, stdio: ["ignore", "ignore", "pipe", "pipe"] });
  try {
    await use(await portOf(server));
  } finally {
    server.kill("SIGKILL");
  }
}

/** Finds workerd itself: its script would stand between it and the signal that ends it. */
function program() {
  const scope = join(PACKAGE, "node_modules/@cloudflare");
  const [platform] = readdirSync(scope).filter((name) => name.startsWith("workerd-"));
  return join(scope, platform, "bin/workerd");
}

function portOf(server) {
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`workerd doesn't start: ${said}`)), START_MS);
    server.stderr.on("data", (bytes) => (said += bytes));
    server.on("exit", () => reject(new Error(`workerd ended: ${said}`)));
    server.stdio[3].on("data", (bytes) => {
      const port = String(bytes).match(/"port":(\d+)/)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}
