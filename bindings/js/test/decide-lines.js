// Answers request lines in Node.js: `node decide-lines.js [ARTIFACT] < QUESTIONS > ANSWERS`.
// A line `@PATH` in the questions names an artifact too, for the lines behind it.

import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Policy } from "gatelaw";
import { answers } from "./answers.js";

const [path] = process.argv.slice(2);
const policy = path === undefined ? undefined : Policy.loadUnsigned(await readFile(path));
await pipeline(answers(process.stdin, readFile, policy), process.stdout);
