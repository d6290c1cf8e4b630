// An issuer of tokens: its keys, its documents, and tokens as it signs them.

import { constants, createHmac, generateKeyPairSync, sign } from "node:crypto";
import { json, startEndpoint } from "./endpoint.js";

/** How each algorithm signs (RFC 7518 §3.1, RFC 8037 §3.1), and of which kind its keys are. */
const ALGORITHMS = {
  RS256: ["sha256", "rsa", {}], RS384: ["sha384", "rsa", {}], RS512: ["sha512", "rsa", {}],
  PS256: ["sha256", "rsa", { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
  PS384: ["sha384", "rsa", { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 }],
  PS512: ["sha512", "rsa", { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }],
  ES256: ["sha256", "P-256", { dsaEncoding: "ieee-p1363" }], ES384: ["sha384", "P-384", { dsaEncoding: "ieee-p1363" }],
  EdDSA: [null, "ed25519", {}],
};

export const ASYMMETRIC = Object.keys(ALGORITHMS);

/** RSA keys take a while to find, and one signs for all algorithms of its kind. */
const pairs = new Map();

function pairOf(kind, kid) {
  const name = `${kind} ${kid}`;
  if (!pairs.has(name)) {
    pairs.set(name, kind === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : kind === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: kind }));
  }
  return pairs.get(name);
}

const encode = (bytes) => Buffer.from(bytes).toString("base64url");

/** A key of an algorithm: its public JWK, and what signs with it. */
export class Key {
  constructor(alg, kid = alg) {
    [this.alg, this.kid] = [alg, kid];
    this.pair = pairOf(ALGORITHMS[alg][1], kid);
  }

  get jwk() {
    return { ...this.pair.publicKey.export({ format: "jwk" }), kid: this.kid, use: "sig", alg: this.alg };
  }

  /** Signs claims; members of `header` replace those that a token of this key has. */
  sign(claims, header = {}) {
    const [digest, , options] = ALGORITHMS[this.alg];
    const text = `${encode(JSON.stringify({ alg: this.alg, kid: this.kid, ...header }))}.${encode(typeof claims === "string" ? claims : JSON.stringify(claims))}`;
    return `${text}.${encode(sign(digest, Buffer.from(text), { key: this.pair.privateKey, ...options }))}`;
  }
}

/** Signs with a shared secret. */
export function signShared(secret, claims, header = {}) {
  const text = `${encode(JSON.stringify({ alg: "HS256", ...header }))}.${encode(JSON.stringify(claims))}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** Starts an issuer with keys, found by discovery. */
export async function startProvider(keys) {
  const endpoint = await startEndpoint();
  return Object.assign(endpoint, {
    keys,
    /** Serves the documents as they should be. */
    serve() {
      endpoint.answers["/.well-known/openid-configuration"] = json({ issuer: endpoint.url, jwks_uri: `${endpoint.url}/jwks` });
      endpoint.answers["/jwks"] = json({ keys: this.keys.map((key) => key.jwk) }, ["Cache-Control: max-age=600"]);
      return this;
    },
    /** Claims of a token for the tests' policies, good for five minutes at `now`. */
    claims(more = {}, now = Math.floor(Date.now() / 1000)) {
      return { iss: endpoint.url, aud: "api", sub: "u1", iat: now - 10, exp: now + 300, ...more };
    },
  }).serve();
}

const es256 = (own) => own.keys.find(({ alg }) => alg === "ES256");
/** Changes the first character of a signature, which stands for whole bits. */
const tampered = (token) => token.replace(/\.([^.])([^.]*)$/, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`);

/** Tokens of an issuer with a key for each algorithm that aren't valid, each with the code that every gate refuses it by. */
export const INVALID_TOKENS = [
  ["size", (own) => es256(own).sign(own.claims({ long: "a".repeat(17_000) }))],
  ["format", (own) => "e30.e30"],
  ["format", (own) => `${es256(own).sign(own.claims())}=`],
  ["header", (own) => es256(own).sign(own.claims(), { kid: 7 })],
  ["crit", (own) => es256(own).sign(own.claims(), { crit: ["x"], x: 1 })],
  ["alg", (own) => es256(own).sign(own.claims(), { alg: "none" })],
  ["alg", (own) => signShared("secret", own.claims(), { kid: "ES256" })],
  ["payload", (own) => es256(own).sign("[]")],
  ["issuer", (own) => es256(own).sign(own.claims({ iss: "https://other.example" }))],
  ["type", (own) => es256(own).sign(own.claims(), { typ: "logout+jwt" })],
  ["audience", (own) => es256(own).sign(own.claims({ aud: "other" }))],
  ["times", (own) => es256(own).sign(own.claims({ exp: undefined }))],
  ["expired", (own) => es256(own).sign(own.claims({ exp: Math.floor(Date.now() / 1000) - 1 }))],
  ["not_yet_valid", (own) => es256(own).sign(own.claims({ nbf: Math.floor(Date.now() / 1000) + 100 }))],
  ["lifetime", (own) => es256(own).sign(own.claims({ exp: Math.floor(Date.now() / 1000) + 200_000 }))],
  ["claims", (own) => es256(own).sign(own.claims({ sub: "" }))],
  ["key", (own) => new Key("ES256", "unknown").sign(own.claims())],
  ["key", (own) => es256(own).sign(own.claims(), { kid: "ES384" })],
  ["signature", (own) => tampered(es256(own).sign(own.claims()))],
  ["signature", (own) => new Key("ES256", "other").sign(own.claims(), { kid: "ES256" })],
];
