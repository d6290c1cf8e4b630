/** Says what went wrong: `code` names the kind, for programs; `message` tells a person. */
export class GatelawError extends Error {
  readonly name: "GatelawError";
  readonly code: string;
  constructor(code: string, message: string);
}

/** Where the bytes of the module are, the bytes, or the compiled module. */
export type Source = URL | string | Request | Response | BufferSource | WebAssembly.Module;

/** Makes the module ready from where its bytes are: by default the file beside this one. Node.js needs no call. */
export function init(source?: Source | Promise<Source>): Promise<void>;

/** Makes the module ready from a compiled module or its bytes, without waiting. Node.js needs no call. */
export function initSync(module: BufferSource | WebAssembly.Module): void;

/** Names the version of gatelaw, the same for every package of one release. */
export function version(): string;

/** Holds a compiled policy that was loaded and checked; `free` gives its memory back at once. */
export class Plan {
  private constructor();
  /** The digest of what decides: `sha256:` and 64 hex digits. */
  readonly digest: string;
  free(): void;
}

/**
 * Loads an artifact that nobody signed: the caller answers for where the bytes come from.
 * Throws a `GatelawError` with a code `artifact:…` for bytes that are no artifact of this gatelaw.
 */
export function loadUnsigned(bytes: Uint8Array): Plan;
