// Reads what the module answers: words, then one text. `src/answer.rs` says how it is laid out.

const ABSENT = 0xffff_ffff;
const AUDIT = ["none", "brief", "full"];

const decoder = new TextDecoder();

/** Decodes a run of bytes that is one text. */
export function textOf(bytes) {
  return decoder.decode(bytes);
}

/** The whole answer to one request. Its own members are those of the line that is the same decision, in that order. */
export class Decision {
  constructor(members) {
    Object.assign(this, members);
    Object.freeze(this);
  }

  /** Whether the request may pass. */
  get allowed() {
    return this.effect === "allow";
  }
}

/** Walks along one answer, where it stands in the memory of the module: before the next call. */
export class Answer {
  #bytes;
  #next = 4;
  #text;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
    this.#text = textOf(bytes.subarray(4 * this.#wordAt(0)));
  }

  word() {
    const at = this.#next;
    this.#next += 4;
    return this.#wordAt(at);
  }

  #wordAt(at) {
    const bytes = this.#bytes;
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  }

  text() {
    const start = this.#at;
    this.#at += this.word();
    return this.#text.slice(start, this.#at);
  }

  optional() {
    if (this.#wordAt(this.#next) !== ABSENT) return this.text();
    this.#next += 4;
    return null;
  }

  list(member) {
    const length = this.word();
    const members = [];
    for (let i = 0; i < length; i++) members.push(member());
    return members;
  }

  texts() {
    return this.list(() => this.text());
  }

  pairs() {
    return this.list(() => [this.text(), this.text()]);
  }

  /** Reads a decision. */
  decision(policy) {
    const effect = this.word() === 1 ? "allow" : "deny";
    const status = this.word();
    const audit = AUDIT[this.word()];
    const reason = this.text();
    const rule = this.optional();
    const challenge = this.optional();
    const text = this.optional();
    const target = this.optional();
    const set = this.pairs();
    const remove = this.texts();
    const limits = this.list(() => this.#limit());
    const keep = this.pairs();
    const observed = this.texts();
    return new Decision({
      v: 1, effect, status, reason, rule, challenge, text, set, remove, limits, audit, keep, observed, target, policy,
    });
  }

  #limit() {
    const [name, key] = [this.text(), this.text()];
    const [rate, per_s, burst] = [this.word(), this.word(), this.word()];
    return { name, key, rate, per_s, burst };
  }

  /** Reads what a gate does about a decision. */
  handling(decision) {
    const does = this.word() === 1
      ? { forward: { target: this.text(), drop: this.texts(), set: this.pairs() } }
      : { answer: { status: this.word(), headers: this.pairs(), body: this.text() } };
    const trace = this.#trace();
    return trace === undefined ? { decision, ...does } : { decision, ...does, trace };
  }

  #trace() {
    if (this.word() === 0) return undefined;
    const [id, span, caller] = [this.text(), this.text(), this.optional()];
    return caller === null ? { id, span } : { id, span, caller };
  }

  /** Reads what went wrong. */
  fault() {
    return { code: this.text(), at: this.text(), message: this.text() };
  }
}

/** Makes the decision of a gate that can't decide: a deny, with the reason `gate:CODE`. */
export function unavailable(code, policy) {
  return new Decision({
    v: 1, effect: "deny", status: 503, reason: `gate:${code}`, rule: null, challenge: null, text: null, set: [], remove: [],
    limits: [], audit: "brief", keep: [], observed: [], target: null, policy,
  });
}

/** Makes the explanation of such a decision: no rule was asked. */
export function unexplained(decision) {
  return { v: 1, decision, rules: [], elsewhere: [] };
}
