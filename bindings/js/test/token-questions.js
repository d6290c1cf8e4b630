// Writes a stream of questions with tokens: `node token-questions.js FOLDER ! > QUESTIONS`, or `?` to have them explained. Realistic
// tokens of every provider that has a profile, signed here, and tokens that attack. Artifacts and keys go into the folder.
//
// Each policy sets and keeps all that an identity has: what a token is mapped to stands in the decision.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compile } from "gatelaw/compiler";

const [folder, mark] = process.argv.slice(2);
const repository = (file) => join(process.env.GATELAW_REPOSITORY, file);
const { Key } = await import(pathToFileURL(repository("bindings/kong/tests/plugin/provider.js")));

const BUILT_IN = ["id", "issuer", "client", "actor", "roles", "scopes", "token_id", "auth_age", "token_age"];
const ATTACKED = 'issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }';
/** A line carries neither; and longer ones than a request may have are refused before anybody looks at them. */
const isCarried = (token) => !/[\n\r]/.test(token) && token.length < 60_000;

const keys = ["RS256", "ES256", "ES384"].map((alg) => new Key(alg));
/** An algorithm that no issuer here lists is refused before a signature is looked at. No header names its key: the one that fits does. */
const signed = ({ header, claims }) => (keys.find(({ alg }) => alg === header.alg) ?? keys[0]).sign(claims, { kid: undefined, ...header });

function write(name, policy, attributes, jwks, now, tokens) {
  const all = [...BUILT_IN, ...attributes].map((attribute) => `user.${attribute}`);
  const text = `${policy}
allow everyone { for authenticated }
audit kept { for authenticated  level full  keep ${all.join(", ")} }
forward set-all { for authenticated  ${all.map((attribute) => `set "x-${attribute.replace(/[._]/g, "-")}" = ${attribute}`).join("  ")} }
`;
  const [artifact, set] = [`${name}.gatelaw`, `${name}.json`].map((file) => join(folder, file));
  writeFileSync(artifact, compile(text).artifact);
  writeFileSync(set, JSON.stringify(jwks));
  const [, issuer] = /^issuer (\w+)/.exec(policy);
  const lines = [`@${artifact}`, `%${issuer} ${set}`, ...tokens.filter(isCarried).map((token) => `${mark}${now} ${token}`)];
  process.stdout.write(`${lines.join("\n")}\n`);
}

const providers = repository("crates/gatelaw-host/tests/tokens/providers");
for (const file of readdirSync(providers).sort()) {
  const { now, policy, tokens } = JSON.parse(readFileSync(join(providers, file), "utf8"));
  const attributes = new Set(tokens.flatMap(({ gives }) => Object.keys(gives?.attributes ?? {})));
  const jwks = { keys: keys.map(({ jwk }) => ({ ...jwk, kid: undefined })) };
  write(file.replace(".json", ""), policy.join("\n"), attributes, jwks, now, tokens.map(signed));
}

const { meta, jwks, cases } = JSON.parse(readFileSync(repository("crates/gatelaw-host/tests/data/jwt_attacks.json"), "utf8"));
const attacks = cases.map(({ token, token_gen }) => token ?? token_gen.map(([text, times]) => text.repeat(times)).join(""));
write("attacks", ATTACKED, [], jwks, meta.now, attacks);
