// The keys that WebCrypto took are kept, and not without a bound.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Signatures } from "../js/internal/signature.js";

const KEYS_MAX = 256;

test("as many keys are kept as an issuer may have; one more takes the place of the oldest", async (t) => {
  const taking = t.mock.method(crypto.subtle, "importKey");
  const signatures = new Signatures();
  const ask = async (number) => {
    const before = taking.mock.callCount();
    const jwk = JSON.stringify({ kty: "oct", k: Buffer.from(`a secret of thirty-two bytes ${1000 + number}`).toString("base64url") });
    assert.equal(await signatures.isValid({ algorithm: "HS256", jwk, signed: "a.b", signature: "AAAA" }), false);
    return taking.mock.callCount() - before;
  };
  for (let number = 0; number < KEYS_MAX; number += 1) assert.equal(await ask(number), 1);
  assert.deepEqual([await ask(0), await ask(KEYS_MAX - 1)], [0, 0]);
  assert.equal(await ask(KEYS_MAX), 1);
  assert.deepEqual([await ask(1), await ask(0)], [0, 1]);
});
