// Compiling in JavaScript: the same bytes and the same words as the program `gatelaw` has.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Gate, GatelawError, Policy } from "gatelaw";
import { check, compile, format } from "gatelaw/compiler";
import { textsBelow } from "./files.js";

const HEALTH = "allow health { on GET /healthz  for anyone }";
const request = { method: "GET", scheme: "https", host: "api.example", target: "/healthz" };

test("a policy compiles to the bytes that the program writes", () => {
  const { artifact, warnings } = compile(textsBelow(`${process.env.GATELAW_REPOSITORY}/policies/orders-api`));
  assert.ok(artifact instanceof Uint8Array);
  assert.deepEqual(Buffer.from(artifact), readFileSync(process.env.GATELAW_ARTIFACT));
  assert.ok(warnings.every(({ severity }) => severity === "warning"));
});

test("one text is a policy", () => {
  const gate = new Gate(Policy.loadUnsigned(compile(HEALTH).artifact));
  assert.equal(gate.decide(request).rule, "health");
});

test("lists are texts under their names", () => {
  const policy = 'list ips: ip from "lists/ips.txt"\nallow a { on GET /healthz  for anyone  when request.ip in ips }';
  for (const list of ["192.0.2.1\n", new TextEncoder().encode("192.0.2.1\n")]) {
    const { artifact } = compile({ "a.gate": policy, "lists/ips.txt": list });
    const gate = new Gate(Policy.loadUnsigned(artifact));
    assert.equal(gate.decide(request, { ip: "192.0.2.1" }).effect, "allow");
    assert.equal(gate.decide(request, { ip: "192.0.2.2" }).effect, "deny");
  }
  assert.deepEqual(check({ "a.gate": policy }).map(({ message }) => message), ["the file `lists/ips.txt` was not given"]);
});

test("all errors are told at once, as a person and as a program reads them", () => {
  const text = "allow a {\n  on GET /a\n  for anyone\n  when request.country == 1\n}\ndeny b { on /b  respond 999 }\n";
  assert.throws(() => compile({ "edge/a.gate": text }), (error) => {
    assert.ok(error instanceof GatelawError);
    assert.ok(error.diagnostics.length >= 2);
    assert.equal(error.code, error.diagnostics[0].code);
    assert.deepEqual(error.span, error.diagnostics[0].place);
    assert.equal(error.span.file, "edge/a.gate");
    assert.match(error.message, /^edge\/a\.gate:4:8: .*\(and 1 more\)$/);
    assert.match(error.text, /^error\[G\d{4}\]: .*\n --> edge\/a\.gate:4:8\n/);
    return true;
  });
});

test("the error that is named is an error, not a warning before it", () => {
  const text = 'deny a { on GET /a }\nallow b { on GET /b  for anyone  when request.country == "DE" }';
  assert.equal(check(text)[0].severity, "warning");
  assert.throws(() => compile(text), (error) => error.span.line === 2 && !error.message.includes("more"));
});

test("check lists errors and warnings, and throws for neither", () => {
  assert.deepEqual(check(HEALTH), []);
  assert.equal(check(`${HEALTH}\nlist unused: string = ["a"]`)[0].severity, "warning");
  assert.equal(check("allow").at(0).severity, "error");
  assert.match(check({})[0].message, /no `.gate` file/);
  assert.match(check({ "../a.gate": HEALTH })[0].message, /\.\.\/a\.gate/);
  assert.match(check({ "a.gate": new Uint8Array([0xff]) })[0].message, /0xFF/);
});

test("format writes the one style, and nothing where the text can't be parsed", () => {
  const formatted = format("a.gate", `allow   health {on GET /healthz for anyone}`);
  assert.notEqual(formatted, HEALTH);
  assert.equal(format("a.gate", formatted), formatted);
  assert.throws(() => format("a.gate", "allow {"), (error) => error.code === "G0101" && error.span.file === "a.gate");
});

test("an error leaves nothing behind: the next policy compiles", () => {
  for (let i = 0; i < 20; i++) assert.throws(() => compile("allow"), GatelawError);
  assert.equal(compile(HEALTH).warnings.length, 0);
});
