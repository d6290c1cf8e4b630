// A module of WebAssembly: compiled once, then instantiated wherever an instance is needed.

import { GatelawError } from "../error.js";
import { isA, isBufferSource, wrong } from "./arguments.js";

/** Holds one module of this package, once it was handed over. */
export class Module {
  #compiled;
  #name;
  #proof;
  #beside;

  /** `proof` is an export that no other module has; `beside` answers where the file is by default. */
  constructor(name, proof, beside) {
    this.#name = name;
    this.#proof = proof;
    this.#beside = beside;
  }

  /** Takes the module, compiled or as bytes. */
  initSync(module) {
    if (!(module instanceof WebAssembly.Module) && !isBufferSource(module)) {
      throw wrong("module", "a WebAssembly.Module or its bytes", module);
    }
    this.#take(module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module));
  }

  /** Takes the module from where it is; a second call waits for nothing. */
  async init(source) {
    if (source === undefined && this.#compiled !== undefined) return;
    this.#take(await compiled(await (source === undefined ? this.#beside() : source)));
  }

  /** Makes a new instance. */
  instantiate() {
    if (this.#compiled === undefined) {
      throw new GatelawError("module:not-ready", `${this.#name} is not ready: call init or initSync first`);
    }
    return new WebAssembly.Instance(this.#compiled);
  }

  #take(module) {
    if (!WebAssembly.Module.exports(module).some(({ name }) => name === this.#proof)) {
      throw new GatelawError("module:other", `this module of WebAssembly is not ${this.#name}`);
    }
    this.#compiled = module;
  }
}

async function compiled(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (isBufferSource(source)) return WebAssembly.compile(source);
  if (typeof source === "string" || source instanceof URL || isA("Request", source)) {
    return fromResponse(await fetch(source));
  }
  if (isA("Response", source)) return fromResponse(source);
  throw wrong("source", "a URL, a Request, a Response, a WebAssembly.Module or its bytes", source);
}

async function fromResponse(response) {
  if (!response.ok) {
    throw new GatelawError("module:fetch", `${response.url} was answered with ${response.status}`);
  }
  // Not compileStreaming: it insists on a media type that not every server of files sends.
  return WebAssembly.compile(await response.arrayBuffer());
}
