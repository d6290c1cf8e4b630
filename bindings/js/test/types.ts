// Never run: `tsc` proves that the types say what they should.

import { GatelawError, init, initSync, loadUnsigned, version } from "gatelaw";

const name: string = version();
loadUnsigned(new Uint8Array([1, 2, 3]));
initSync(new WebAssembly.Module(new Uint8Array()));
const ready: Promise<void> = init(new URL("https://gate.example/gatelaw.wasm"));

// @ts-expect-error: text is no bytes
loadUnsigned("GATELAW");
// @ts-expect-error: the version is text
const number: number = version();

export function codeOf(error: unknown): string | undefined {
  return error instanceof GatelawError ? error.code : undefined;
}
export { name, number, ready };
