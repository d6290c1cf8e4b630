// What is published: the files of the tarball, and the names that the types promise.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("the tarball has all that is needed, and nothing else", () => {
  const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const paths = JSON.parse(packed)[0].files.map(({ path }) => path);
  const { exports } = JSON.parse(readFileSync("package.json"));
  const named = Object.values(exports).flatMap((entry) => (typeof entry === "string" ? entry : Object.values(entry)));
  for (const path of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", ...named.map((path) => path.replace("./", ""))]) {
    assert.ok(paths.includes(path), path);
  }
  const others = paths.filter((path) => !path.startsWith("js/"));
  assert.deepEqual(others.sort(), ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"]);
});

for (const [entry, types] of [["gatelaw", "index"], ["gatelaw/compiler", "compiler"], ["gatelaw/tokens", "tokens"]]) {
  test(`${entry} exports what its types say`, async () => {
    const text = readFileSync(`js/${types}.d.ts`, "utf8");
    const declared = Array.from(text.matchAll(/^export (?:class|function|const) (\w+)/gm), ([, name]) => name);
    const passed_on = Array.from(text.matchAll(/^export \{ ([\w, ]+) \}/gm), ([, names]) => names.split(", ")).flat();
    assert.deepEqual(Object.keys(await import(entry)).sort(), [...declared, ...passed_on].sort());
  });
}
