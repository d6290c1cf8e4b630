// A gate whose instance of WebAssembly dies when a request says so.

import "./trapping.js";
import { createGate } from "gatelaw-worker";

const gate = createGate({ policy: { binding: "POLICIES" }, upstream: { binding: "ORIGIN" } });

export default {
  fetch(request, env, ctx) {
    globalThis.traps = request.headers.has("test-trap");
    return gate.fetch(request, env, ctx);
  },
};
