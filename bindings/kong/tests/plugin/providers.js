// Realistic tokens of every provider that has a profile: those that the native tests read, signed here.

import { readdirSync, readFileSync } from "node:fs";
import { Key } from "./provider.js";

const FOLDER = new URL("../../../../crates/gatelaw-host/tests/tokens/providers/", import.meta.url);

const keys = ["RS256", "ES256", "ES384"].map((alg) => new Key(alg));

/** The key set that verifies them. No header names its key: the one that fits does. */
export const jwks = { keys: keys.map(({ jwk }) => ({ ...jwk, kid: undefined })) };

/** Reads all providers, each with its name, the lines of its policy, its issuer, and the attributes that its tokens have. */
export function readProviders() {
  return readdirSync(FOLDER).sort().map((file) => {
    const { now, policy, tokens } = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
    const [, issuer] = /^issuer (\w+)/.exec(policy[0]);
    const attributes = [...new Set(tokens.flatMap(({ gives }) => Object.keys(gives?.attributes ?? {})))];
    return { name: file.replace(".json", ""), now, policy, issuer, attributes, tokens };
  });
}

/** Signs a token. An algorithm that no issuer here lists is refused before a signature is looked at. */
export function signed({ header, claims }) {
  const key = keys.find(({ alg }) => alg === header.alg) ?? keys[0];
  return key.sign(claims, { kid: undefined, ...header });
}

/** Names the header that tells an attribute to the upstream. */
export function headerOf(attribute) {
  return `x-${attribute.replace(/[._]/g, "-")}`;
}

/** Writes rules that let everybody in, keep so many attributes of a caller, such as `user.id`, and tell them to the upstream. */
export function rulesThatTell(attributes) {
  return `allow everyone { for authenticated }
audit kept { for authenticated  level full  keep ${attributes.join(", ")} }
forward told { for authenticated  ${attributes.map((name) => `set "${headerOf(name)}" = ${name}`).join("  ")} }
`;
}
