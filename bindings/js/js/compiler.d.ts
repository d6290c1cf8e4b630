import type { Diagnostic, Source, WasmModule } from "./index.js";

export { GatelawError } from "./index.js";
export type { Diagnostic, Place, Source } from "./index.js";

/** A policy: one text, or texts by name. Names ending in `.gate` are policies, others what lists are read from. */
export type Sources = string | { readonly [name: string]: string | Uint8Array };

export interface Compiled {
  /** What `Policy.loadUnsigned` loads; equal sources give equal bytes. */
  readonly artifact: Uint8Array;
  readonly warnings: Diagnostic[];
}

/** Makes the compiler ready from where it is: by default the file beside this one. Node.js needs no call. */
export function init(source?: Source | Promise<Source>): Promise<void>;

/** Makes the compiler ready from a compiled module or its bytes, without waiting. Node.js needs no call. */
export function initSync(module: WasmModule | ArrayBuffer | ArrayBufferView): void;

/**
 * Compiles a policy.
 * Throws a `GatelawError` with all diagnostics, where any is an error; its code is that of the first.
 */
export function compile(sources: Sources): Compiled;

/** Lists all errors and warnings of a policy. */
export function check(sources: Sources): Diagnostic[];

/** Writes a text in the one style. Throws a `GatelawError` with all diagnostics for a text that can't be parsed. */
export function format(name: string, text: string): string;
