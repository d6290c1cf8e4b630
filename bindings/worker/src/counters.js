// What was counted of tokens and keys, told in the log: each record what came to since the one before, so that those of all isolates,
// of which none lasts, add up.

export class CountersLog {
  #log;
  #every_ms;
  #told_ms;
  #loaded;
  /** What its verifier began with: what those of the policies before counted, and told. An instance in place of one that died begins there. */
  #begun;
  /** What was told last, and of which of its instances. */
  #told;
  #instances = 0;

  constructor(every_s, log) {
    this.#every_ms = every_s * 1000;
    this.#log = log;
  }

  /** Tells what was counted where it is time, and what the policy before counted: called with each request, before it is judged. */
  tend(loaded) {
    const now_ms = Date.now();
    this.#told_ms ??= now_ms;
    if (this.#loaded !== loaded) {
      this.#tell();
      [this.#loaded, this.#begun, this.#told, this.#instances] = [loaded, undefined, undefined, 0];
      this.#tell();
      return;
    }
    // Clocks go back, too.
    if (Math.abs(now_ms - this.#told_ms) < this.#every_ms) return;
    this.#told_ms = now_ms;
    this.#tell();
  }

  #tell() {
    const { policy, verifier } = this.#loaded ?? {};
    if (verifier === undefined) return;
    let counters;
    try {
      counters = verifier.counters();
    } catch (error) {
      // Whoever asks now is answered by the next instance, or denied.
      this.#log.problem("counters", error.message, error.code);
      return;
    }
    this.#begun ??= counters;
    const { v, ...came } = since(counters, this.#instances === verifier.instances ? this.#told : this.#begun) ?? {};
    [this.#told, this.#instances] = [counters, verifier.instances];
    if (Object.keys(came).length > 0) this.#log.counters(policy.digest, came);
  }
}

/** Says what came to, without what is 0; nothing where nothing did. */
function since(now, before) {
  if (typeof now === "number") return now - (before ?? 0) || undefined;
  const members = Object.entries(now).map(([name, member]) => [name, since(member, before?.[name])]);
  const came = members.filter(([, member]) => member !== undefined);
  return came.length === 0 ? undefined : Object.fromEntries(came);
}
