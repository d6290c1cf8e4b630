// The lines of the log: one JSON object each.

export class Log {
  #write;
  #problems = new Map();
  /** The issuers whose keys are had. */
  #issuers = new Set();

  constructor(write = (record) => console.log(JSON.stringify(record))) {
    this.#write = write;
  }

  /** Records a decision, in as much detail as the policy asks for. Values that a policy sets are never recorded. */
  decision(decision, { scheme, method, host }, ids) {
    const { effect, status, reason, rule, observed, keep, audit, policy, target } = decision;
    if (audit === "none") return;
    const record = { event: "decision", time: time(), ...idsOf(ids), effect, status, reason, rule, observed, keep, policy };
    if (decision.limits.length > 0) record.limits = decision.limits;
    if (audit === "full") {
      const set = decision.set.map(([name]) => name);
      Object.assign(record, { scheme, method, host, target, set, remove: decision.remove });
    }
    this.#write(record);
  }

  /** Tells which policy is in force from now on. */
  policy(policy) {
    this.#problems.delete("policy");
    this.#surely({ event: "policy", time: time(), policy });
  }

  /** Tells what was counted by a policy since it was told last. */
  counters(policy, counters) {
    this.#surely({ event: "counters", time: time(), policy, ...counters });
  }

  /** Tells what keeps the gate from its work, once for as long as it is the same. */
  problem(what, message, code) {
    if (this.#problems.get(what) === message) return;
    this.#problems.set(what, message);
    this.#surely({ event: "problem", time: time(), what, code, message });
  }

  /** Tells that keys of an issuer are had, once until they aren't. */
  keys(issuer) {
    this.#problems.delete(`keys ${issuer}`);
    if (this.#issuers.has(issuer)) return;
    this.#issuers.add(issuer);
    this.#surely({ event: "keys", time: time(), issuer });
  }

  /** Tells why no new keys of an issuer are had, once for as long as it is the same. */
  noKeys(issuer, url, error) {
    // A query of a URL may be a secret.
    const message = `${url.replace(/\?.*$/s, "?…")}: ${error?.message ?? error}`;
    if (this.#problems.get(`keys ${issuer}`) === message) return;
    this.#problems.set(`keys ${issuer}`, message);
    this.#issuers.delete(issuer);
    this.#surely({ event: "problem", time: time(), what: "keys", issuer, code: error?.code, message });
  }

  /** Tells what went wrong with one request. */
  event(event, ids, error) {
    this.#surely({ event, time: time(), ...idsOf(ids), code: error?.code, message: `${error?.message ?? error}` });
  }

  /** What is told here has denied already: a log that fails takes nothing more from it. */
  #surely(record) {
    try {
      this.#write(record);
    } catch (error) {
      console.error(`the log fails: ${error?.message ?? error}`, JSON.stringify(record));
    }
  }
}

/** What ties a record to those of other gates and of the upstream. */
function idsOf({ requestId, trace }) {
  return trace === undefined ? { request_id: requestId } : { request_id: requestId, trace };
}

function time() {
  return new Date().toISOString();
}
