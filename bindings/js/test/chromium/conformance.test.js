// The whole conformance corpus in Chromium, byte for byte.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compile } from "gatelaw/compiler";
import { corpus, textsBelow } from "../files.js";

const topics = corpus(process.env.GATELAW_REPOSITORY);

test("Chromium answers the corpus as it stands", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gatelaw-corpus-"));
  try {
    let questions = "";
    for (const { name, folder: texts, requests } of topics) {
      const { "cases.txt": _, ...policy } = textsBelow(texts);
      const artifact = join(folder, `${name}.gatelaw`);
      await writeFile(artifact, compile(policy).artifact);
      questions += [`@${artifact}`, ...requests, ""].join("\n");
    }
    const expected = topics.flatMap(({ answers }) => answers);
    const answered = await run("test/chromium-lines.js", questions);
    assert.ok(expected.length >= 1000);
    assert.deepEqual(answered.split("\n"), [...expected, ""]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a page that fails is told, and nothing is left running", async () => {
  await assert.rejects(run("test/chromium-lines.js", "{}\n"), /in the page: Error: a request before any artifact/);
});

function run(script, input) {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 1 << 28, timeout: 60_000 };
    const child = execFile(process.execPath, [script], options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    child.stdin.end(input);
  });
}
