// Reads what a gate writes for Prometheus, as strictly as a scraper does; and what is expected of clocks that are wrong.

import assert from "node:assert/strict";

const LABELS = /^\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,(?!\})|(?=\})))+\}$/;

/** Answers the values by sample, those alone that aren't 0; what is no such text fails. */
export function samplesOf(text) {
  assert.ok(text.endsWith("\n"), "the last line ends");
  const samples = new Map();
  const families = new Set();
  let family;
  let typed;
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, name, rest] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      assert.ok(!families.has(name), `${name} stands in one place`);
      families.add(name);
      [family, typed] = [name, false];
    } else if (kind === "TYPE") {
      assert.deepEqual([name, rest], [family, "counter"]);
      typed = true;
    } else {
      const [, of, labels, value] = /^([a-z_]+)(\{.*\}) (\d+)$/.exec(line) ?? [];
      assert.ok(typed && of === family && LABELS.test(labels), line);
      assert.ok(!samples.has(of + labels), `${line} stands once`);
      samples.set(of + labels, Number(value));
    }
  }
  return Object.fromEntries([...samples].filter(([, value]) => value > 0));
}

/** What is refused, by reason, whoever the issuer is. */
export function refusalsOf(samples) {
  const refused = {};
  for (const [sample, value] of Object.entries(samples)) {
    const [, code] = /^gatelaw_token_refusals_total\{.*code="([^"]*)"\}$/.exec(sample) ?? [];
    if (code !== undefined) refused[code] = value;
  }
  return refused;
}

/**
 * Of a token that was issued just now, lives a minute and has 30 s of leeway: what a gate answers whose clock is so many seconds from the
 * issuer's, and which suspicion it counts.
 */
export const SKEWS = [
  [-120, "401 token:not_yet_valid", 'clock="behind",result="refused"'],
  [-20, "200", 'clock="behind",result="accepted"'],
  [30, "200", undefined],
  [80, "200", 'clock="ahead",result="accepted"'],
  [120, "401 token:expired", 'clock="ahead",result="refused"'],
];
