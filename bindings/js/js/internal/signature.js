// Verifies signatures by WebCrypto, which every platform has: no cryptography is in the module.

/** How WebCrypto calls each algorithm (RFC 7518 §3.1, RFC 8037 §3.1): to take its key, and to verify by it. */
const ALGORITHMS = new Map([
  ["HS256", { key: { name: "HMAC", hash: "SHA-256" } }],
  ["RS256", { key: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } }],
  ["RS384", { key: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" } }],
  ["RS512", { key: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" } }],
  ["PS256", { key: { name: "RSA-PSS", hash: "SHA-256" }, by: { name: "RSA-PSS", saltLength: 32 } }],
  ["PS384", { key: { name: "RSA-PSS", hash: "SHA-384" }, by: { name: "RSA-PSS", saltLength: 48 } }],
  ["PS512", { key: { name: "RSA-PSS", hash: "SHA-512" }, by: { name: "RSA-PSS", saltLength: 64 } }],
  ["ES256", { key: { name: "ECDSA", namedCurve: "P-256" }, by: { name: "ECDSA", hash: "SHA-256" } }],
  ["ES384", { key: { name: "ECDSA", namedCurve: "P-384" }, by: { name: "ECDSA", hash: "SHA-384" } }],
  ["EdDSA", { key: { name: "Ed25519" } }],
]);

/** As many as an issuer may have, for some issuers. */
const KEYS_MAX = 256;

const encoder = new TextEncoder();

/** Verifies, and keeps the keys that it took: taking one costs as much as verifying by it. */
export class Signatures {
  /** By algorithm and JWK. */
  #keys = new Map();

  /** Says whether a signature is that of a key over a text; what can't be verified is none. */
  async isValid({ algorithm, jwk, signed, signature }) {
    try {
      const { key, by = key } = ALGORITHMS.get(algorithm);
      const taken = await this.#key(algorithm, jwk, key);
      return await crypto.subtle.verify(by, taken, bytesOf(signature), encoder.encode(signed));
    } catch {
      return false;
    }
  }

  async #key(algorithm, jwk, parameters) {
    const name = `${algorithm} ${jwk}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), parameters, false, ["verify"]);
    if (this.#keys.size >= KEYS_MAX) this.#keys.delete(this.#keys.keys().next().value);
    this.#keys.set(name, key);
    return key;
  }
}

/** The module read it as base64url before. */
function bytesOf(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
