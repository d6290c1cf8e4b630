// Answers request lines in Node.js: `node decide-lines.js [--values] [ARTIFACT] < QUESTIONS > ANSWERS`.
// A line `@PATH` in the questions names an artifact too, for the lines behind it. With `--values` a line is read here, and put to
// `Gate.decide`; what is no request is still answered as a line.

import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Gate, Policy } from "gatelaw";
import { checkToken } from "gatelaw/tokens";
import { answers } from "./answers.js";
import { requestOfLine } from "./lines.js";

const args = process.argv.slice(2);
const by_values = args[0] === "--values" && args.shift() !== undefined;
const policy = args.length === 0 ? undefined : Policy.loadUnsigned(await readFile(args[0]));
await pipeline(answers(process.stdin, readFile, { policy, decide: by_values ? decideValues : undefined, checkToken }), process.stdout);

function decideValues(policy, line) {
  const answer = policy.decideJson(line);
  if (answer.startsWith('{"v":1,"error"')) return answer;
  return JSON.stringify(new Gate(policy, { limits: "report" }).decide(requestOfLine(line)));
}
