// Answers a stream of questions, in any runtime: a line `@PATH` names an artifact, each other line is a request put to it.

import { Policy } from "gatelaw";

const decideJson = (policy, line) => policy.decideJson(line);

/** Reads bytes of lines, and yields the answers, a line each, as they come; `load` reads the artifact at a path. */
export async function* answers(chunks, load, policy, decide = decideJson) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  const answerAll = async (lines) => {
    let answered = "";
    for (const line of lines) {
      if (line.startsWith("@")) {
        policy?.free();
        policy = Policy.loadUnsigned(await load(line.slice(1)));
      } else {
        if (policy === undefined) throw new Error("a request before any artifact");
        answered += `${decide(policy, line)}\n`;
      }
    }
    return answered;
  };
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop();
    yield await answerAll(lines);
  }
  rest += decoder.decode();
  if (rest !== "") yield await answerAll([rest]);
}
