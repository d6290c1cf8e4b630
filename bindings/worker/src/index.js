// gatelaw for Cloudflare Workers: a gate that stands in front of an origin, of a handler, or in an app made with Hono.

import { correlationId, initSync, unavailable } from "gatelaw";
import module from "gatelaw/gatelaw.wasm";
import { CountersLog } from "./counters.js";
import { marked, onwardOf, responseOf, unreachable } from "./forward.js";
import { honoMiddleware } from "./hono.js";
import { Log } from "./log.js";
import { settingsOf } from "./options.js";
import { BundledPolicy, StoredPolicy } from "./policy.js";
import { factsOf, received } from "./received.js";

initSync(module);

/**
 * Makes a gate. `options` is an object, or a function that makes one from the Worker's `env`.
 * Throws a `TypeError` for options that mean nothing; what a function makes is read at the first request.
 */
export function createGate(options) {
  return new WorkerGate(options);
}

class WorkerGate {
  #options;
  #ready;
  #optionsLog = new Log();
  #handled = new WeakMap();
  /** What decided last. */
  #loaded;

  constructor(options) {
    this.#options = options;
    if (typeof options !== "function") this.#ready = readyFrom(options);
    // A handler is called apart from its object.
    this.fetch = this.fetch.bind(this);
  }

  /** Answers a request: what the upstream answers where it is allowed, else what the gate answers. */
  async fetch(request, env, ctx) {
    const judged = await this.#judge(request, env, ctx);
    if (judged.response !== undefined) return judged.response;
    const { upstream, log } = this.#ready;
    try {
      const response = await upstream.fetchFrom(env)(judged.request, { redirect: "manual" });
      return marked(response, judged.requestId);
    } catch (error) {
      log.event("upstream", judged, error);
      return unreachable(judged.requestId, request.method);
    }
  }

  /** Puts the gate in front of a handler, which gets each allowed request as it would be forwarded. */
  around(handler) {
    const answer = typeof handler === "function" ? handler : handler?.fetch?.bind(handler);
    if (typeof answer !== "function") throw new TypeError("handler must be a function, or an object with `fetch`");
    return {
      fetch: async (request, env, ctx) => {
        const handled = await this.handle(request, env, ctx);
        if (handled.response !== undefined) return handled.response;
        return marked(await answer(handled.request, env, ctx), handled.requestId);
      },
    };
  }

  /** Makes a middleware for Hono: `app.use(gate.hono())`, before all routes. */
  hono() {
    return honoMiddleware(this);
  }

  /** Answers what this isolate counted of tokens and keys, by the policy that decided last and those before it; nothing where it verifies none. */
  counters() {
    return this.#loaded?.verifier?.counters();
  }

  /** Writes the same in the text format of Prometheus, version 0.0.4; an empty text where it verifies none. */
  prometheus() {
    return this.#loaded?.verifier?.prometheus() ?? "";
  }

  /** Answers the decision and the correlation id of a request that this gate handed to a handler. */
  handledOf(request) {
    return this.#handled.get(request);
  }

  /** Decides a request: `request` of the answer is what goes on, else `response` is what to answer. Never throws. */
  async handle(request, env, ctx) {
    const judged = await this.#judge(request, env, ctx);
    const { request: onward, decision, requestId, trace } = judged;
    if (onward !== undefined) this.#handled.set(onward, Object.freeze({ decision, requestId, trace }));
    return judged;
  }

  /** Makes the answer to a request that doesn't go on. */
  refused({ decision, answer, trace }, request, requestId) {
    return { decision, requestId, trace, response: responseOf(answer, request.method) };
  }

  /** Does what `handle` does, and remembers nothing of it. One function: each that waits for another takes its time. */
  async #judge(request, env, ctx) {
    const requestId = correlationId();
    try {
      const ready = this.#readyIn(env);
      if (ready === undefined) return this.refused(unavailable("options", requestId), request, requestId);
      const loaded = ready.policy.current(env, ctx) ?? (await ready.policy.first(env));
      if (loaded === undefined) return this.refused(unavailable("policy", requestId), request, requestId);
      this.#loaded = loaded;
      ready.counters?.tend(loaded);
      const input = received(request);
      const context = ready.context(loaded, request, requestId);
      // A policy without an issuer knows no identity.
      if (ready.identify !== undefined && loaded.needs.tokens) context.identity = (await ready.identify(request, env, ctx)) ?? undefined;
      const handling = await handlingOf(loaded, input, context, env, ctx);
      const { decision, trace, forward } = handling;
      ready.decided?.(decision, request, requestId);
      ready.log.decision(decision, input, { requestId, trace });
      if (forward === undefined) return this.refused(handling, request, requestId);
      return { decision, requestId, trace, request: onwardOf(request, ready.upstream.originOf(input), forward) };
    } catch (error) {
      // Whatever went wrong, nothing goes on.
      (this.#ready?.log ?? this.#optionsLog).event("error", { requestId }, error);
      return this.refused(unavailable("error", requestId), request, requestId);
    }
  }

  /** Options that a function makes are read once; wrong ones deny all requests, and are told once. */
  #readyIn(env) {
    if (this.#ready !== undefined) return this.#ready;
    try {
      this.#ready = readyFrom(this.#options(env));
    } catch (error) {
      this.#optionsLog.problem("options", error.message);
    }
    return this.#ready;
  }
}

function readyFrom(options) {
  const settings = settingsOf(options);
  const log = new Log(settings.log);
  const { bytes, binding, key, check_s } = settings.policy;
  const policy =
    bytes === undefined
      ? new StoredPolicy({ binding, key, check_s }, settings, log)
      : new BundledPolicy(bytes, settings, log);
  const counters = settings.counters_s === undefined ? undefined : new CountersLog(settings.counters_s, log);
  return { policy, log, counters, upstream: settings.upstream, identify: settings.identify, decided: settings.decided, context: contextBy(settings) };
}

/** Makes the function that tells what a gate needs beside the request. */
function contextBy({ address, trace }) {
  return ({ needs, readsConnection }, request, requestId) => ({
    facts: readsConnection ? factsOf(request.cf ?? {}) : undefined,
    ip: needs.ip ? (request.headers.get(address) ?? undefined) : undefined,
    trace, requestId,
    identity: undefined,
  });
}

/** Decides by the token of the request, where the gate verifies tokens; else by what the hook said. */
function handlingOf({ gate, verifier, keys }, input, context, env, ctx) {
  if (verifier === undefined) return gate.handle(input, context);
  keys.tend(env, ctx);
  return verifier.handle(input, context, (issuer) => keys.wait(issuer, env, ctx));
}
