// An empty folder with the package installed in it, as a user has it: what npm would pack, and nothing else.

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The package as it was put together. */
export const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));
const SHIPPED = ["js", "package.json"];
const MINUTE_MS = 60_000;

const started = promisify(execFile);

/** Makes such a folder with these files in it, and removes it once `use` is done with it. */
export async function inFolder(files, use) {
  const folder = mkdtempSync(join(tmpdir(), "gatelaw-installed-"));
  try {
    for (const part of SHIPPED) cpSync(join(PACKAGE, part), join(folder, "node_modules/gatelaw", part), { recursive: true });
    for (const [name, content] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Node.js in a folder, and answers what it printed. */
export async function node(folder, ...args) {
  const { stdout } = await started(process.execPath, args, { cwd: folder, timeout: MINUTE_MS });
  return stdout;
}

/** Runs a bundler that the package is tested with. */
export async function tool(folder, name, ...args) {
  const program = join(PACKAGE, "node_modules/.bin", name);
  const { stdout } = await started(program, args, { cwd: folder, timeout: MINUTE_MS, env: { ...process.env, NODE_ENV: "production" } });
  return stdout;
}
