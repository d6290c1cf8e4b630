// Answers a stream of questions, in any runtime: a line `@PATH` names an artifact, each other line is a request put to it. A line
// `%ISSUER PATH` gives an issuer the key set in a file; then `!NOW TOKEN` is a request that carries a token, and `?NOW TOKEN` asks why it
// is accepted or refused. A line `#` asks what was counted.

import { Gate, Policy, Verifier } from "gatelaw";

const decideJson = (policy, line) => policy.decideJson(line);

/**
 * Reads bytes of lines, and yields the answers, a line each, as they come; `load` reads the file at a path, and `checkToken` is that of
 * `gatelaw/tokens`.
 */
export async function* answers(chunks, load, { policy, decide = decideJson, checkToken } = {}) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  let artifact;
  let verifier;
  let keys = {};

  const take = async (path) => {
    policy?.free();
    artifact = await load(path);
    policy = Policy.loadUnsigned(artifact);
    [verifier, keys] = [undefined, {}];
  };
  const takeKeys = async (issuer, path) => {
    verifier ??= new Verifier(new Gate(policy, { limits: "report" }));
    keys[issuer] = await load(path);
    verifier.setKeys(issuer, keys[issuer]);
  };
  const answerOf = async (line) => {
    if (policy === undefined) throw new Error("a request before any artifact");
    if (line.startsWith("!")) {
      const [now, token] = cut(line.slice(1));
      const { decision } = await verifier.handle({ ...REQUEST, headers: [["authorization", `Bearer ${token}`]], now: Number(now) });
      return JSON.stringify(decision);
    }
    if (line === "#") return `${JSON.stringify(verifier.counters())} ${verifier.prometheus().replaceAll("\n", "|")}`;
    if (line.startsWith("?")) {
      const [now, token] = cut(line.slice(1));
      return JSON.stringify(await checkToken(artifact, token, { keys, now: Number(now) }));
    }
    return decide(policy, line);
  };
  const answerAll = async (lines) => {
    let answered = "";
    for (const line of lines) {
      if (line.startsWith("@")) await take(line.slice(1));
      else if (line.startsWith("%")) await takeKeys(...cut(line.slice(1)));
      else answered += `${await answerOf(line)}\n`;
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

/** What carries a token. */
const REQUEST = { method: "GET", scheme: "https", host: "api.example", target: "/" };

/** Cuts at the first space. */
function cut(text) {
  const at = text.indexOf(" ");
  return [text.slice(0, at), text.slice(at + 1)];
}
