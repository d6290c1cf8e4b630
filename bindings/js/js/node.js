// gatelaw for Node.js: the evaluator is ready as soon as it is imported.

import { readFileSync } from "node:fs";
import { initSync } from "./index.js";

initSync(readFileSync(new URL("./wasm/gatelaw.wasm", import.meta.url)));

export * from "./index.js";
