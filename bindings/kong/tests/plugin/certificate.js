// Certificates for clients, and authorities that sign them: made in the test, for a day.

import { X509Certificate, createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const DAY_MS = 86_400_000;
/** Tags of DER (X.690 §8). */
const [BOOLEAN, INTEGER, BITS, BYTES, OID, UTF8, TIME, SEQUENCE, SET, VERSION, EXTENSIONS] = [1, 2, 3, 4, 6, 12, 23, 0x30, 0x31, 0xa0, 0xa3];

function der(tag, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = body;
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), body]);
}

const oid = (hex) => der(OID, Buffer.from(hex, "hex"));
const ECDSA_SHA256 = der(SEQUENCE, oid("2a8648ce3d040302"));
const nameOf = (text) => der(SEQUENCE, der(SET, der(SEQUENCE, oid("550403"), der(UTF8, text))));
const timeOf = (ms) => der(TIME, new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14) + "Z");
/** `basicConstraints: CA:TRUE`, critical. */
const IS_AUTHORITY = der(EXTENSIONS, der(SEQUENCE, der(SEQUENCE, oid("551d13"), der(BOOLEAN, [0xff]), der(BYTES, der(SEQUENCE, der(BOOLEAN, [0xff]))))));

/** Makes a certificate (RFC 5280 §4.1), signed by an authority or by itself: `cert` and `key` in PEM, and the `thumbprint` that tokens name. */
export function certificate(name, { authority, isAuthority = false } = {}) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signed = der(
    SEQUENCE, der(VERSION, der(INTEGER, [2])), der(INTEGER, [1, ...randomBytes(8)]), ECDSA_SHA256, nameOf(authority?.name ?? name),
    der(SEQUENCE, timeOf(Date.now() - DAY_MS), timeOf(Date.now() + DAY_MS)), nameOf(name),
    publicKey.export({ type: "spki", format: "der" }), isAuthority ? IS_AUTHORITY : [],
  );
  const signature = sign("sha256", signed, authority?.privateKey ?? privateKey);
  const bytes = der(SEQUENCE, signed, ECDSA_SHA256, der(BITS, [0], signature));
  return {
    name,
    privateKey,
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: new X509Certificate(bytes).toString(),
    thumbprint: createHash("sha256").update(bytes).digest("base64url"),
  };
}
