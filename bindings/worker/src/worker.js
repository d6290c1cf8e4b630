// A Worker that answers with gatelaw: every isolate compiles the module once, at its start.

import { GatelawError, initSync, Policy, version } from "gatelaw";
import module from "gatelaw/gatelaw.wasm";

initSync(module);

// An artifact of the largest policy stays below this; a longer body is refused before it is read.
const ARTIFACT_BYTES_MAX = 16 * 1024 * 1024;

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case "GET /version":
        return Response.json({ version: version() });
      case "POST /load-unsigned":
        return load(request);
      default:
        return Response.json({ code: "worker:route", message: `no such route: \`${pathname}\`` }, { status: 404 });
    }
  },
};

async function load(request) {
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (!(length <= ARTIFACT_BYTES_MAX)) {
    return Response.json(
      { code: "worker:length", message: `a body of at most ${ARTIFACT_BYTES_MAX} bytes, with its length, is needed` },
      { status: 413 },
    );
  }
  try {
    const policy = Policy.loadUnsigned(new Uint8Array(await request.arrayBuffer()));
    const { digest } = policy;
    policy.free();
    return Response.json({ digest });
  } catch (error) {
    if (!(error instanceof GatelawError)) throw error;
    return Response.json({ code: error.code, message: error.message }, { status: 422 });
  }
}
