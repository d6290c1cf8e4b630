// A Worker to deploy as it is: `wrangler.toml` beside this folder says what its variables and bindings mean.

import { createGate } from "./index.js";

export default createGate((env) => ({
  policy: { binding: "POLICIES", key: env.POLICY_KEY, check_s: env.CHECK_S === undefined ? undefined : Number(env.CHECK_S) },
  upstream: env.ORIGIN === undefined ? env.UPSTREAM : { binding: "ORIGIN" },
  facts: env.FACTS?.split(","),
  limits: env.LIMITS,
  keys: { binding: env.KEYS === undefined ? undefined : "KEYS", sets: env.KEY_SETS },
  trace: env.TRACE,
  counters_s: env.COUNTERS_S === undefined ? undefined : Number(env.COUNTERS_S),
}));
