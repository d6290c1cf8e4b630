// Policies that the tests compile.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { compile } = await import(pathToFileURL(join(process.env.GATELAW_NPM, "js/compiler-node.js")));

/** Compiles a policy to its artifact. */
export function artifactOf(text) {
  return compile(text).artifact;
}

const OKTA = `
issuer okta {
  url        "https://acme.okta.com"
  audience   "api"
  algorithms RS256
}
`;

export const API = `${OKTA}
allow read { on GET|HEAD /v1/items/{name}  for anyone }
allow write { on POST /v1/items/{name}  for anyone }
allow own { on GET /v1/own  for authenticated }
deny gone { on GET|HEAD /v1/gone  respond 410 "moved away" }
forward identity {
  for authenticated
  set "x-user-id" = user.id
}
forward debug { on GET /v1/items/{name}  remove "x-debug" }
audit quiet { on GET /v1/items/quiet  level none }
audit loud { on GET /v1/items/loud  level full }
`;
