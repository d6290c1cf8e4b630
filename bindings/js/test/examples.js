// The examples of README.md: what stands in its fences.

import { readFileSync } from "node:fs";

/** Lists the examples of one kind, such as `js node`: the code, and what it prints where that is shown behind it. */
export function examples(kind) {
  const text = readFileSync("README.md", "utf8");
  const fences = Array.from(text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms), ([, name, code]) => ({ name, code }));
  return fences.flatMap(({ name, code }, index) => {
    if (name !== kind) return [];
    const next = fences[index + 1];
    return [{ code, prints: next?.name === "text" ? next.code : "" }];
  });
}
