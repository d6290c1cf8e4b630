// Finds what the tests read: the policies of the repository, and the conformance corpus.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** Reads the files below a folder that a policy can be made of, by name. */
export function textsBelow(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const name = (path) => relative(folder, path).split(sep).join("/");
  return Object.fromEntries(paths.map((path) => [name(path), readFileSync(path)]));
}

/** Reads the conformance corpus: each topic with its folder, and its cases as pairs of a request and its whole answer. */
export function corpus(repository) {
  const root = join(repository, "policies/conformance");
  const topics = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return topics.map(({ name }) => {
    const lines = readFileSync(join(root, name, "cases.txt"), "utf8").split("\n");
    const behind = (sign) => lines.filter((line) => line.startsWith(sign)).map((line) => line.slice(sign.length));
    return { name, folder: join(root, name), requests: behind("> "), answers: behind("< ") };
  });
}
