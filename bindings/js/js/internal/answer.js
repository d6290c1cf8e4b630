// Reads what the module answers: words, then one text. `src/answer.rs` says how it is laid out.

import { textOf } from "./text.js";

const ABSENT = 0xffff_ffff;
/** How many words there are, and how many bytes the text behind them has. */
const HEAD_BYTES = 8;
const AUDIT = ["none", "brief", "full"];

/** Reasons of one word, by their numbers in `src/answer/decided.rs`; in place of 0 the reason stands as a text. */
const REASONS = [
  undefined, "rule", "no_rule", "unauthenticated", "insufficient_user_authentication", "insufficient_scope", "keys_unavailable",
  "forward_value", "record_size",
];
const TARGET = { none: 0, given: 1 };
/** How many words each decision has. */
const DECISION_WORDS = 7;

/** A list of a decision without members, as most are. */
const NONE = Object.freeze([]);

/** The whole answer to one request. Its own members are those of the line that is the same decision, in that order. */
export class Decision {
  constructor(effect, status, reason, rule, challenge, text, set, remove, limits, audit, keep, observed, target, policy) {
    this.v = 1;
    this.effect = effect;
    this.status = status;
    this.reason = reason;
    this.rule = rule;
    this.challenge = challenge;
    this.text = text;
    this.set = set;
    this.remove = remove;
    this.limits = limits;
    this.audit = audit;
    this.keep = keep;
    this.observed = observed;
    this.target = target;
    this.policy = policy;
    Object.freeze(this);
  }

  /** Whether the request may pass. */
  get allowed() {
    return this.effect === "allow";
  }
}

/**
 * Walks along the answer to the last call of an instance, where it stands in the memory: before the next call. Its members are plain:
 * private ones take longer to make than most answers to read.
 */
export class Answer {
  /** `told` is where the answer stands, where the call said so. */
  constructor(instance, told = 0) {
    this.instance = instance;
    this.start = instance.answered(told);
    this.view = instance.view;
    this.next = this.start + HEAD_BYTES;
    /** What stands behind the words, once it is asked for; and where the next text of it begins. */
    this.all = undefined;
    this.at = 0;
  }

  /** Reads an answer that is one text. */
  line() {
    return textOf(this.instance.output());
  }

  word() {
    const { next } = this;
    this.next = next + 4;
    return this.view.getUint32(next, true);
  }

  text() {
    const start = this.at;
    this.at += this.word();
    this.all ??= this.behindWords();
    return this.all.slice(start, this.at);
  }

  behindWords() {
    const words = this.start + 4 * this.view.getUint32(this.start, true);
    return textOf(this.instance.bytes.subarray(words, words + this.view.getUint32(this.start + 4, true)));
  }

  optional() {
    if (this.view.getUint32(this.next, true) !== ABSENT) return this.text();
    this.next += 4;
    return null;
  }

  /** Reads a list of the members that `member` reads; `none` stands for one without any. */
  list(member, none = []) {
    const length = this.word();
    if (length === 0) return none;
    const members = [];
    for (let i = 0; i < length; i++) members.push(member(this));
    return members;
  }

  texts(none) {
    return this.list(text, none);
  }

  pairs(none) {
    return this.list(pair, none);
  }

  /** Reads a decision on the request in a frame. */
  decision(policy, frame) {
    const { view, next } = this;
    this.next = next + 4 * DECISION_WORDS;
    const effect = view.getUint32(next, true) === 1 ? "allow" : "deny";
    const status = view.getUint32(next + 4, true);
    const audit = AUDIT[view.getUint32(next + 8, true)];
    const reason = REASONS[view.getUint32(next + 12, true)] ?? this.text();
    const number = view.getUint32(next + 16, true);
    const rule = number === 0 ? null : this.instance.ruleName(number - 1);
    const target = this.targetOf(view.getUint32(next + 20, true), frame);
    if (view.getUint32(next + 24, true) === 0) {
      return new Decision(effect, status, reason, rule, null, null, NONE, NONE, NONE, audit, NONE, NONE, target, policy);
    }
    const [challenge, text] = [this.optional(), this.optional()];
    const [set, remove, limits] = [this.pairs(NONE), this.texts(NONE), this.list(limit, NONE)];
    const [keep, observed] = [this.pairs(NONE), this.texts(NONE)];
    return new Decision(effect, status, reason, rule, challenge, text, set, remove, limits, audit, keep, observed, target, policy);
  }

  targetOf(kind, frame) {
    if (kind === TARGET.none) return null;
    return kind === TARGET.given ? frame.target : this.text();
  }

  /** Reads what a gate does about a decision. */
  handling(decision) {
    const does = this.word() === 1
      ? { forward: { target: this.text(), drop: this.texts(), set: this.pairs() } }
      : { answer: { status: this.word(), headers: this.pairs(), body: this.text() } };
    const trace = this.trace();
    return trace === undefined ? { decision, ...does } : { decision, ...does, trace };
  }

  trace() {
    if (this.word() === 0) return undefined;
    const [id, span, caller] = [this.text(), this.text(), this.optional()];
    return caller === null ? { id, span } : { id, span, caller };
  }

  /**
   * Reads how far a request is: decided, with its handling, and the issuer whose keys could change that, empty for none; or pending, with a
   * signature to verify.
   */
  step(policy, frame) {
    if (this.word() === 1) {
      const number = this.word();
      return { pending: { number, ...this.signature() } };
    }
    const keysWanted = this.text();
    return { keysWanted, handling: this.handling(this.decision(policy, frame)) };
  }

  /** Reads a signature, and what it is verified by. */
  signature() {
    return { algorithm: this.text(), jwk: this.text(), signed: this.text(), signature: this.text() };
  }

  /** Reads what went wrong. */
  fault() {
    return { code: this.text(), at: this.text(), message: this.text() };
  }
}

function text(answer) {
  return answer.text();
}

function pair(answer) {
  return [answer.text(), answer.text()];
}

function limit(answer) {
  const [name, key] = [answer.text(), answer.text()];
  const [rate, per_s, burst] = [answer.word(), answer.word(), answer.word()];
  return { name, key, rate, per_s, burst };
}

/** Makes the decision of a gate that can't decide: a deny, with the reason `gate:CODE`. */
export function unavailable(code, policy) {
  return new Decision("deny", 503, `gate:${code}`, null, null, null, NONE, NONE, NONE, "brief", NONE, NONE, null, policy);
}

/** Makes the explanation of such a decision: no rule was asked. */
export function unexplained(decision) {
  return { v: 1, decision, rules: [], elsewhere: [] };
}
