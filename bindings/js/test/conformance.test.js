// The whole conformance corpus, byte for byte: as lines, and as values through the packed border.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate, Policy } from "gatelaw";
import { compile } from "gatelaw/compiler";
import { corpus, textsBelow } from "./files.js";
import { requestOfLine } from "./lines.js";

const topics = corpus(process.env.GATELAW_REPOSITORY);

test("the corpus is there", () => {
  assert.ok(topics.length >= 70, `${topics.length} topics`);
  assert.ok(topics.flatMap(({ requests }) => requests).length >= 1000);
});

for (const { name, folder, requests, answers } of topics) {
  test(`conformance: ${name}`, () => {
    assert.equal(requests.length, answers.length);
    const texts = Object.entries(textsBelow(folder)).filter(([file]) => file !== "cases.txt");
    const policy = Policy.loadUnsigned(compile(Object.fromEntries(texts)).artifact);
    const gate = new Gate(policy, { limits: "report" });
    requests.forEach((request, index) => {
      const answer = answers[index];
      assert.equal(policy.decideJson(request), answer);
      if (!answer.startsWith('{"v":1,"error"')) {
        const values = requestOfLine(request);
        assert.equal(JSON.stringify(gate.decide(values)), answer, request);
        assert.equal(gate.allows(values), answer.startsWith('{"v":1,"effect":"allow"'), request);
        if (values.identity !== undefined) {
          const clientCert = typeof values.facts?.client_cert === "string" ? values.facts.client_cert : undefined;
          const identity = policy.identity(values.identity, { clientCert });
          assert.equal(JSON.stringify(gate.decide({ ...values, identity })), answer, request);
        }
        const explained = policy.explainJson(request);
        assert.equal(JSON.stringify(gate.explain(values)), explained);
        assert.ok(explained.startsWith(`{"v":1,"decision":${answer},`), request);
      }
    });
    policy.free();
  });
}
