// Writes a stream of questions with tokens: `node token-questions.js FOLDER ! > QUESTIONS`, or `?` to have them explained. Realistic
// tokens of every provider that has a profile, signed here, and tokens that attack. Artifacts and keys go into the folder.
//
// Each policy sets and keeps all that an identity has: what a token is mapped to stands in the decision.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compile } from "gatelaw/compiler";

const [folder, mark] = process.argv.slice(2);
const repository = (file) => join(process.env.GATELAW_REPOSITORY, file);
const { jwks: providersKeys, readProviders, rulesThatTell, signed } = await import(pathToFileURL(repository("bindings/kong/tests/plugin/providers.js")));

const BUILT_IN = ["id", "issuer", "client", "actor", "roles", "scopes", "token_id", "auth_age", "token_age"];
const ATTACKED = 'issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }';
/** A line carries neither; and longer ones than a request may have are refused before anybody looks at them. */
const isCarried = (token) => !/[\n\r]/.test(token) && token.length < 60_000;

function write(name, issuer, policy, attributes, jwks, now, tokens) {
  const text = `${policy}\n${rulesThatTell([...BUILT_IN, ...attributes].map((attribute) => `user.${attribute}`))}`;
  const [artifact, set] = [`${name}.gatelaw`, `${name}.json`].map((file) => join(folder, file));
  writeFileSync(artifact, compile(text).artifact);
  writeFileSync(set, JSON.stringify(jwks));
  const asked = tokens.filter(isCarried).map((token) => `${mark}${now} ${token}`);
  // What explains tokens by itself counts nothing. Half of them once more: those that were accepted are remembered.
  const counted = mark === "!" ? [...asked.slice(0, asked.length / 2), "#"] : [];
  const lines = [`@${artifact}`, `%${issuer} ${set}`, ...asked, ...counted];
  process.stdout.write(`${lines.join("\n")}\n`);
}

for (const { name, now, policy, issuer, attributes, tokens } of readProviders()) {
  write(name, issuer, policy.join("\n"), attributes, providersKeys, now, tokens.map(signed));
}

const { meta, jwks, cases } = JSON.parse(readFileSync(repository("crates/gatelaw-host/tests/data/jwt_attacks.json"), "utf8"));
const attacks = cases.map(({ token, token_gen }) => token ?? token_gen.map(([text, times]) => text.repeat(times)).join(""));
write("attacks", "idp", ATTACKED, [], jwks, meta.now, attacks);
