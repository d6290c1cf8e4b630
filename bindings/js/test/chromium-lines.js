// Answers request lines in headless Chromium: `node chromium-lines.js [ARTIFACT] < QUESTIONS > ANSWERS`.
// A line `@PATH` in the questions names an artifact too, for the lines behind it.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bodyOf, browse } from "./chromium.js";

const [first] = process.argv.slice(2);
const folder = dirname(dirname(fileURLToPath(import.meta.url)));

await browse(folder, "test/chromium-lines.html", async (path, request, response, done) => {
  switch (`${request.method} ${path}`) {
    case "GET questions":
      if (first !== undefined) response.write(`@${first}\n`);
      process.stdin.pipe(response);
      return;
    case "POST file":
      response.end(await readFile(String(await bodyOf(request))));
      return;
    case "POST answers":
      if (!process.stdout.write(await bodyOf(request))) await once(process.stdout, "drain");
      response.end();
      return;
    case "POST end": {
      const error = String(await bodyOf(request));
      response.end();
      done(error === "" ? null : new Error(`in the page: ${error}`));
      return;
    }
    default:
      response.writeHead(404).end();
  }
});
