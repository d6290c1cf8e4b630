// Never run: `tsc` proves that the types need no library of a platform.

import { type Decision, Gate, type Handling, Policy } from "gatelaw";
import { compile } from "gatelaw/compiler";

const gate = new Gate(Policy.loadUnsigned(compile("allow a { on GET /a  for anyone }").artifact));
const request = { method: "GET", scheme: "https", host: "a.example", target: "/a" } as const;
export const decision: Decision = gate.decide(request);
export const handling: Handling = gate.handle(request, { requestId: "abc" });

// @ts-expect-error: a request has a method
gate.decide({ scheme: "https", host: "a.example", target: "/a" });
// @ts-expect-error: no number is a request
gate.decide(7);
