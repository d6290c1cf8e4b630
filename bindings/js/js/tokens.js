// What explains tokens, for browsers and Workers: call `init` or `initSync` of this entry once, then the rest.
// Node.js gets `tokens-node.js`, which has done so.

import { GatelawError } from "./error.js";
import { Answer } from "./internal/answer.js";
import { isBytes, isObject, Members, wrong } from "./internal/arguments.js";
import { now as checkedNow } from "./internal/frame.js";
import { Instance, Trap } from "./internal/instance.js";
import { Module } from "./internal/module.js";
import { callWith } from "./internal/parts.js";
import { Signatures } from "./internal/signature.js";

export { GatelawError };

const OPTIONS = new Members("options", ["keys", "clientCert", "now"]);

const explainer = new Module("what explains tokens", "check_token", () => new URL("./wasm/gatelaw-tokens.wasm", import.meta.url));

/** Makes it ready from where it is: by default the file beside this one. */
export function init(source) {
  return explainer.init(source);
}

/** Makes it ready from a compiled module or its bytes, without waiting. */
export function initSync(module) {
  explainer.initSync(module);
}

/**
 * Says step by step why a token is accepted or refused by a policy, and whom it names.
 * Throws a `GatelawError` for what is no artifact or no key set, never for a token.
 */
export async function checkToken(artifact, token, options = {}) {
  if (!isBytes(artifact)) throw wrong("artifact", "a Uint8Array", artifact);
  if (typeof token !== "string") throw wrong("token", "a string", token);
  OPTIONS.check(options);
  const { keys = {}, clientCert = "", now } = options;
  if (typeof clientCert !== "string") throw wrong("options.clientCert", "a string", clientCert);
  const texts = [artifact, token, clientCert, ...keySetsOf(keys)];
  const time = checkedNow(now);
  try {
    // An instance of its own: what it took is given back with it.
    const instance = new Instance(explainer);
    const { pending, checked } = stepOf(instance, callWith(instance, "check_token", time, texts));
    if (pending === undefined) return checked;
    const isValid = await new Signatures().isValid(pending);
    return stepOf(instance, instance.runWith("settle_token", isValid ? 1 : 0)).checked;
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    throw new GatelawError("module:trap", "what explains tokens ran out of memory, or died", { cause: error.cause });
  }
}

function keySetsOf(keys) {
  if (!isObject(keys)) throw wrong("options.keys", "an object of key sets by issuer", keys);
  return Object.entries(keys).flatMap(([issuer, document]) => {
    if (typeof document !== "string" && !isBytes(document)) {
      throw wrong(`options.keys[${JSON.stringify(issuer)}]`, "a string or a Uint8Array", document);
    }
    return [issuer, document];
  });
}

/** Reads how far the check of a token is. */
function stepOf(instance, ok) {
  const answer = new Answer(instance);
  if (!ok) {
    const { code, at, message } = answer.fault();
    throw new GatelawError(code, message, at === "" ? {} : { at });
  }
  if (answer.word() === 0) return { checked: JSON.parse(answer.text()) };
  return { pending: answer.signature() };
}
