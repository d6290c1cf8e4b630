// gatelaw's compiler for browsers and Workers: call `init` or `initSync` of this entry once, then the rest.
// Node.js gets `compiler-node.js`, which has done so.

import { GatelawError } from "./error.js";
import { Answer } from "./internal/answer.js";
import { isBytes, isObject, wrong } from "./internal/arguments.js";
import { Instance, Trap } from "./internal/instance.js";
import { Module } from "./internal/module.js";
import { textOf } from "./internal/text.js";

export { GatelawError };

/** The name of a policy that is one text. */
const ONE_TEXT = "policy.gate";

const compiler = new Module("gatelaw's compiler", "compile", () => new URL("./wasm/gatelaw-compiler.wasm", import.meta.url));

const encoder = new TextEncoder();

/** Makes the compiler ready from where it is: by default the file beside this one. */
export function init(source) {
  return compiler.init(source);
}

/** Makes the compiler ready from a compiled module or its bytes, without waiting. */
export function initSync(module) {
  compiler.initSync(module);
}

/**
 * Compiles a policy: one text, or texts by name. Names ending in `.gate` are policies, others what lists are read from.
 * Throws a `GatelawError` with all diagnostics, where any is an error; its code is that of the first.
 */
export function compile(sources) {
  const texts = textsOf(sources);
  return inNewInstance((instance) => {
    const ok = call(instance, "compile", texts);
    const { diagnostics, text } = diagnosed(instance);
    if (!ok) throw compileError(diagnostics, text);
    call(instance, "artifact", []);
    return { artifact: instance.output().slice(), warnings: diagnostics };
  });
}

/** Lists all errors and warnings of a policy, given as `compile` takes it. */
export function check(sources) {
  const texts = textsOf(sources);
  return inNewInstance((instance) => {
    call(instance, "compile", texts);
    return diagnosed(instance).diagnostics;
  });
}

/** Writes a text in the one style. Throws a `GatelawError` with all diagnostics for a text that can't be parsed. */
export function format(name, text) {
  const texts = [named(name, text)];
  return inNewInstance((instance) => {
    if (call(instance, "format", texts)) return textOf(instance.output());
    const { diagnostics, text } = diagnosed(instance);
    throw compileError(diagnostics, text);
  });
}

/** Runs a call in an instance of its own: what compiling took is given back with it. */
function inNewInstance(use) {
  try {
    return use(new Instance(compiler));
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    throw new GatelawError("module:trap", "the compiler ran out of memory, or died", { cause: error.cause });
  }
}

function textsOf(sources) {
  if (typeof sources === "string") return [named(ONE_TEXT, sources)];
  if (!isObject(sources)) throw wrong("sources", "a string, or an object of texts by name", sources);
  return Object.entries(sources).map(([name, text]) => {
    if (!isBytes(text) && typeof text !== "string") {
      throw wrong(`sources[${JSON.stringify(name)}]`, "a string or a Uint8Array", text);
    }
    return [encoded(name, "the name of a source"), encoded(text, `sources[${JSON.stringify(name)}]`)];
  });
}

function named(name, text) {
  if (typeof name !== "string") throw wrong("name", "a string", name);
  if (typeof text !== "string") throw wrong("text", "a string", text);
  return [encoded(name, "name"), encoded(text, "text")];
}

function encoded(text, name) {
  if (typeof text !== "string") return text;
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${name} holds half of a surrogate pair, which no text does`);
  return encoder.encode(text);
}

/** Writes words and texts as `src/compiler.rs` reads them, and runs one export on them. */
function call(instance, name, texts) {
  const words = [1 + 2 * texts.length, ...texts.flatMap((pair) => pair.map((text) => text.length))];
  const length = words.slice(1).reduce((sum, length) => sum + length, 4 * words.length);
  return instance.call(name, length, (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    words.forEach((word, index) => view.setUint32(4 * index, word, true));
    let at = 4 * words.length;
    for (const text of texts.flat()) {
      bytes.set(text, at);
      at += text.length;
    }
  });
}

function diagnosed(instance) {
  const answer = new Answer(instance);
  return { diagnostics: JSON.parse(answer.text()), text: answer.text() };
}

function compileError(diagnostics, text) {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const place = first.place === null ? "" : `${first.place.file}:${first.place.line}:${first.place.column}: `;
  return new GatelawError(first.code, `${place}${first.message}${more}`, { diagnostics, text, span: first.place ?? undefined });
}
