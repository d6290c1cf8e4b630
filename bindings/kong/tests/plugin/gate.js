// The plugin as one of the gates that the HTTP parity holds to each other.

import { startKong } from "./nginx.js";

/** The plugin in nginx, with `more` of its options. The client's address is the other end of the connection. */
export async function kongGate(origin, policy, more = {}) {
  const kong = await startKong({ upstream: origin, policy, handler: "telling", ...more });
  return {
    name: "kong",
    port: kong.port,
    added: "",
    /** Headers between two neighbours, which nginx writes itself or leaves out, and those that Kong writes. */
    own: [
      "host", "connection", "content-length", "transfer-encoding", "te", "keep-alive", "expect", "upgrade",
      "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-path", "traceparent", "tracestate",
    ],
    /** nginx leaves out a header whose name has other characters than these. */
    leavesOut: /^[^:]*[^A-Za-z0-9_:-]/,
    ownWhereEmpty: [],
    /** The target that decides is the one that came: nginx changes none. */
    changes: [],
    /** Lists the records of decisions. */
    records: async (count) => (await kong.records(count)).map(({ gatelaw }) => gatelaw),
    decisions: () => kong.takeTold(),
    stop: () => kong.stop(),
  };
}
