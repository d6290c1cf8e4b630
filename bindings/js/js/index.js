// gatelaw for browsers and Workers: call `init` or `initSync` once, then the rest.
// Node.js gets `node.js`, which has done so.

import * as wasm from "./wasm/gatelaw.js";

/** Says what went wrong: `code` names the kind, for programs; `message` tells a person. */
export class GatelawError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "GatelawError";
    this.code = code;
  }
}

/** Makes the module ready from where its bytes are: by default the file beside this one. */
export async function init(source) {
  await wasm.default(source === undefined ? undefined : { module_or_path: source });
}

/** Makes the module ready from a compiled module or its bytes, without waiting. */
export function initSync(module) {
  wasm.initSync({ module });
}

/** Names the version of gatelaw, the same for every package of one release. */
export function version() {
  return wasm.version();
}

/** Holds a compiled policy that was loaded and checked; `free` gives its memory back at once. */
export { Plan } from "./wasm/gatelaw.js";

/**
 * Loads an artifact that nobody signed: the caller answers for where the bytes come from.
 * Throws a `GatelawError` with a code `artifact:…` for bytes that are no artifact of this gatelaw.
 */
export function loadUnsigned(bytes) {
  if (!(bytes instanceof Uint8Array)) {
    // The glue would take any object with a length for bytes.
    throw new TypeError("loadUnsigned takes a Uint8Array");
  }
  return orThrow(() => wasm.loadUnsigned(bytes));
}

function orThrow(call) {
  try {
    return call();
  } catch (failure) {
    if (!(failure instanceof wasm.Failure)) throw failure;
    const error = new GatelawError(failure.code, failure.message);
    failure.free();
    throw error;
  }
}
