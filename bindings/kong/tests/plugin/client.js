// Asks over HTTP, the path as it is written.

import { request } from "node:http";

/** Answers `status`, `headers` and `body`. */
export function fetchFrom({ port }, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers: { host: "api.example", ...headers }, agent: false });
    asked.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk) => { text += chunk; });
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: text }));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Answers the status and the reason of a problem. */
export async function reasonOf(kong, path, init) {
  const { status, body } = await fetchFrom(kong, path, init);
  return `${status} ${status < 400 ? body : JSON.parse(body).reason}`;
}
