// gatelaw for browsers and Workers: call `init` or `initSync` once, then the rest.
// Node.js gets `node.js`, which has done so.

import { evaluator } from "./internal/evaluator.js";

export { GatelawError } from "./error.js";
export { Gate } from "./gate.js";
export { correlationId } from "./internal/random.js";
export { KeyFetcher } from "./key-fetcher.js";
export { PreparedIdentity } from "./identity.js";
export { Policy } from "./policy.js";
export { Verifier } from "./verifier.js";
export { unavailable } from "./unavailable.js";
export { version } from "./internal/evaluator.js";

/** Makes the evaluator ready from where it is: by default the file beside this one. */
export function init(source) {
  return evaluator.init(source);
}

/** Makes the evaluator ready from a compiled module or its bytes, without waiting. */
export function initSync(module) {
  evaluator.initSync(module);
}
