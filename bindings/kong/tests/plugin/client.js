// Asks over HTTP, the path as it is written.

import { request } from "node:http";
import { request as secureRequest } from "node:https";

/** Answers `status`, `headers` and `body`; `tls` has the client's `cert` and `key`, where it speaks TLS. */
export function fetchFrom({ port }, path, { method = "GET", headers = {}, body, tls } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, headers: { host: "api.example", ...headers }, agent: false };
    // Who the server is, is not what is tested.
    const asked = tls === undefined ? request(options) : secureRequest({ ...options, ...tls, rejectUnauthorized: false });
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
