// Policies that the tests compile.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { compile } = await import(pathToFileURL(join(process.env.GATELAW_NPM, "js/compiler-node.js")));

/** Compiles a policy to its artifact. */
export function artifactOf(text) {
  return compile(text).artifact;
}
