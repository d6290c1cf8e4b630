// The gates that are held to each other. Each answers what it decided since it was asked last, as lines.

import { startWorker } from "../workerd.js";

/** Makes the binding of key sets by issuer. */
export function keySets(sets) {
  return { KEYS: `json = ${JSON.stringify(JSON.stringify({ cache: false, sets }))}` };
}

/** The Worker in workerd, with `more` of its bindings. The client's address stands in the header that Cloudflare sets. */
export async function workerGate(origin, policy, more = {}) {
  const bindings = { TELL: 'json = "true"', CHECK_S: 'json = "3600"', ...more };
  const worker = await startWorker("test/workers/gate.js", { origin, policy, bindings });
  let taken = 0;
  return {
    name: "worker",
    port: worker.port,
    /** What stands between the client and this gate adds it. */
    added: "CF-Connecting-IP: 127.0.0.1\r\n",
    /** Headers between two neighbours, which the server writes itself or leaves out; workerd opens WebSockets with a key of its own. */
    own: ["host", "connection", "content-length", "cf-connecting-ip", "upgrade", "sec-websocket-key", "sec-websocket-version", "traceparent", "tracestate"],
    /** Headers of which workerd leaves out the first lines where they are empty, as far as the rows have them. */
    ownWhereEmpty: ["accept", "authorization", "cookie"],
    /**
     * How workerd changes a request before a Worker sees it: of a target that is no path it takes the path, or `/`, and a
     * fragment it cuts off. By the code of what the evaluator says of the bytes.
     */
    changes: ["not-origin-form", "raw-#"],
    /** Lists the records of decisions, but for what each request has of its own. */
    records: (count) => worker.recorded(count, ({ event }) => event === "decision"),
    decisions: () => {
      const told = worker.records().filter(({ told }) => told !== undefined);
      const lines = told.slice(taken).map(({ decision }) => JSON.stringify(decision));
      taken = told.length;
      return lines;
    },
    stop: () => worker.stop(),
  };
}
