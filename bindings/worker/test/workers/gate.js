// A gate in front of the upstream, told by its environment what to be.

import { createGate } from "gatelaw-worker";

export default createGate((env) => ({
  policy: env.ARTIFACT ?? { binding: "POLICIES", check_s: env.CHECK_S ?? 0.05 },
  upstream: env.UPSTREAM ?? { binding: "ORIGIN" },
  address: env.ADDRESS,
  facts: env.FACTS,
  limits: env.LIMITS,
  keys: env.KEYS,
  trace: env.TRACE,
  identify: env.IDENTIFY ? identify : undefined,
  log: env.LOG_FAILS ? failing : undefined,
  decided: env.TELL ? (decision, _, requestId) => console.log(JSON.stringify({ told: requestId, decision })) : undefined,
}));

/** Believes what the request says of itself: for tests alone. */
function identify(request) {
  const text = request.headers.get("test-identity");
  if (text === "throw") throw new Error("the verifier is broken");
  return text === null ? null : JSON.parse(text);
}

function failing(record) {
  if (record.event === "decision") throw new Error("the disk is full");
  console.log(JSON.stringify(record));
}
