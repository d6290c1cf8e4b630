// One policy in one instance. An instance that dies is replaced at the next call; whoever called meanwhile is denied.

import { GatelawError } from "../error.js";
import { Answer } from "./answer.js";
import { Instance, Trap } from "./instance.js";
import { Module } from "./module.js";
import { textOf } from "./text.js";

export const evaluator = new Module("gatelaw's evaluator", "decide", () => new URL("../wasm/gatelaw.wasm", import.meta.url));

const encoder = new TextEncoder();

export class Evaluator {
  #artifact;
  #instance;
  /** Names of headers that requests had, and whether the policy passes them over. */
  known = new Map();

  /** Loads an artifact; its bytes are kept for the next instance. */
  constructor(artifact) {
    this.#artifact = artifact;
    try {
      this.#instance = this.#load();
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      throw new GatelawError("module:trap", "the artifact can't be loaded: the instance ran out of memory, or died", {
        cause: error.cause,
      });
    }
  }

  /** Answers a request in a frame: what `read` makes of the answer to `call`; or `null` where the instance died. */
  run(call, frame, read) {
    try {
      const instance = (this.#instance ??= this.#load());
      frame.write(instance);
      const told = instance.ask(call);
      if (told === 0) throw requestError(new Answer(instance).fault());
      const result = read(instance, told, frame, this.digest);
      frame.learn(this.known, instance);
      return result;
    } catch (error) {
      return this.#died(error);
    }
  }

  /** Says whether an instance is the one that decides by this policy. */
  runs(instance) {
    return this.#instance === instance;
  }

  /** Maps the caller of a frame in an instance, and answers by which number it is kept. */
  keep(frame, instance) {
    frame.write(instance);
    const ok = instance.run("keep_caller");
    const answer = new Answer(instance);
    if (!ok) throw requestError(answer.fault());
    return answer.word();
  }

  /** Calls with the instance; answers `null` where it died. */
  with(call) {
    try {
      return call((this.#instance ??= this.#load()));
    } catch (error) {
      return this.#died(error);
    }
  }

  #died(error) {
    if (!(error instanceof Trap)) throw error;
    this.#instance = undefined;
    return null;
  }

  /** Answers a line with a line, or with `null` where the instance died. */
  line(name, line) {
    const bytes = encoder.encode(line);
    return this.with((instance) => {
      const ok = instance.call(name, bytes.length, (room) => room.set(bytes));
      const answer = new Answer(instance);
      if (!ok) throw requestError(answer.fault());
      return answer.line();
    });
  }

  #load() {
    const instance = new Instance(evaluator);
    const ok = instance.call("load", this.#artifact.length, (room) => room.set(this.#artifact));
    const answer = new Answer(instance);
    if (!ok) {
      const { code, message } = answer.fault();
      throw new GatelawError(code, message);
    }
    this.digest = answer.text();
    this.hasLimits = answer.word() === 1;
    this.needs = answer.text();
    return instance;
  }
}

/** Says what a gate answers that can't decide; asks an instance of its own, for the policy's is dead. */
export function unavailableHandling(code, decision, requestId) {
  const bytes = encoder.encode(`${code}\n${requestId}`);
  try {
    const instance = new Instance(evaluator);
    instance.call("unavailable", bytes.length, (room) => room.set(bytes));
    return new Answer(instance).handling(decision);
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    // No memory for an instance: an answer without a body is an answer.
    const headers = [["cache-control", "no-store"], ["x-request-id", requestId]];
    return { decision, answer: { status: 503, headers, body: "" } };
  }
}

/** Names the version of gatelaw, the same for every package of one release. */
export function version() {
  const instance = new Instance(evaluator);
  instance.call("version", 0, () => {});
  return textOf(instance.output());
}

export function requestError({ code, at, message }) {
  return new GatelawError(code, at === "" ? message : `${at}: ${message}`, { at: at === "" ? undefined : at });
}
