// Never run: `tsc` proves that the types say what they should.

import { GatelawError, init, initSync, loadUnsigned, Plan, version } from "gatelaw";

const name: string = version();
const plan: Plan = loadUnsigned(new Uint8Array([1, 2, 3]));
const digest: string = plan.digest;
initSync(new WebAssembly.Module(new Uint8Array()));
const ready: Promise<void> = init(new URL("https://gate.example/gatelaw.wasm"));

// @ts-expect-error: text is no bytes
loadUnsigned("GATELAW");
// @ts-expect-error: a plan is only loaded
new Plan();
// @ts-expect-error: a digest stays
plan.digest = "sha256:0";
// @ts-expect-error: the version is text
const number: number = version();

export function codeOf(error: unknown): string | undefined {
  return error instanceof GatelawError ? error.code : undefined;
}
export { digest, name, number, ready };
