// Project Wycheproof's vectors for JSON Web Signature: WebCrypto finds valid what Rust's signatures do, and nothing else.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Signatures } from "../js/internal/signature.js";

const FILE = join(process.env.GATELAW_REPOSITORY, "crates/gatelaw-host/tests/data/json_web_signature_test.json");

/** The vectors that give way, in every runtime: crates/gatelaw-host/tests/tokens/wycheproof.rs says why each does. */
const GIVES_WAY = [346, 347, 350, 351, 367, 370, 372, 373];

/** What the module hands over of a key. */
const MEMBERS = { RSA: ["kty", "n", "e"], EC: ["kty", "crv", "x", "y"], OKP: ["kty", "crv", "x"], oct: ["kty", "k"] };

test("vectors are agreed with", async () => {
  const { testGroups, numberOfTests } = JSON.parse(readFileSync(FILE, "utf8"));
  const signatures = new Signatures();
  const [disagreed, counts] = [[], { valid: 0, refusedBySignature: 0 }];
  let count = 0;
  for (const { tests, ...group } of testGroups) {
    const key = group.public ?? group.private;
    for (const { tcId, jws, result } of tests) {
      count += 1;
      const read = reads(jws, key);
      const isValid = read !== undefined && (await signatures.isValid(read));
      if (isValid) counts.valid += 1;
      else if (read !== undefined) counts.refusedBySignature += 1;
      if (isValid !== (result === "valid")) disagreed.push(tcId);
    }
  }
  assert.equal(count, numberOfTests);
  assert.deepEqual(disagreed, GIVES_WAY);
  assert.ok(counts.valid >= 40 && counts.refusedBySignature >= 100, JSON.stringify(counts));
});

/** Reads a token as strictly as the module, and answers what that has verified; nothing where the key may not be asked. */
function reads(jws, key) {
  const parts = typeof jws === "string" ? jws.split(".") : [];
  if (parts.length !== 3 || !parts.every(isBase64url)) return undefined;
  const [head, body, signature] = parts;
  const { alg } = objectOf(head);
  const { use = "sig", key_ops = ["verify"] } = key;
  if ((key.alg !== undefined && key.alg !== alg) || use !== "sig" || !key_ops.includes("verify")) return undefined;
  const jwk = JSON.stringify(Object.fromEntries(MEMBERS[key.kty].map((member) => [member, key[member]])));
  return { algorithm: alg, jwk, signed: `${head}.${body}`, signature };
}

function objectOf(part) {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return {};
  }
}

/** One text for some bytes, and no other (RFC 4648 §3.5). */
function isBase64url(part) {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}
