// gatelaw's compiler for Node.js: ready as soon as it is imported.

import { readFileSync } from "node:fs";
import { initSync } from "./compiler.js";

initSync(readFileSync(new URL("./wasm/gatelaw-compiler.wasm", import.meta.url)));

export * from "./compiler.js";
