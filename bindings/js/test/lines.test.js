// The door for streams of questions: the corpus, through a process of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Policy } from "gatelaw";

const artifact = process.env.GATELAW_ARTIFACT;
const requests = readFileSync(join(process.env.GATELAW_REPOSITORY, "policies/orders-api/requests.jsonl"), "utf8");
const policy = Policy.loadUnsigned(readFileSync(artifact));
const answers = requests.trimEnd().split("\n").map((line) => `${policy.decideJson(line)}\n`).join("");

const run = (args, input) => spawnSync(process.execPath, ["test/decide-lines.js", ...args], { input, encoding: "utf8" });

test("lines are answered for the artifact that is named before them", () => {
  for (const [args, input] of [[[artifact], requests], [[], `@${artifact}\n${requests}`], [[artifact], requests.trimEnd()], [["--values", artifact], requests]]) {
    const { status, stdout, stderr } = run(args, input);
    assert.deepEqual([status, stdout, stderr], [0, answers, ""]);
  }
});

test("a line that is no request is answered, and so is the next", () => {
  const [first] = requests.split("\n");
  const { stdout } = run([artifact], `nonsense\n\n${first}\n`);
  const lines = stdout.split("\n");
  assert.deepEqual(lines.slice(0, 2), Array(2).fill('{"v":1,"error":"json","at":""}'));
  assert.equal(`${lines[2]}\n`, answers.slice(0, lines[2].length + 1));
});

test("no artifact, no answer", () => {
  for (const [args, input] of [[[], "{}\n"], [["/nowhere"], "{}\n"], [[artifact], Buffer.from([0xff, 0x0a])]]) {
    const { status, stdout } = run(args, input);
    assert.notEqual(status, 0);
    assert.equal(stdout, "");
  }
});
