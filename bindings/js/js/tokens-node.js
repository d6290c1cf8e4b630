// What explains tokens for Node.js: ready as soon as it is imported.

import { readFileSync } from "node:fs";
import { initSync } from "./tokens.js";

initSync(readFileSync(new URL("./wasm/gatelaw-tokens.wasm", import.meta.url)));

export * from "./tokens.js";
