// What an issuer of tokens serves, byte for byte as a test says: documents, and all that an endpoint may do wrong.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createPlain } from "node:net";
import { createServer as createTls } from "node:tls";

const TLS = new URL("tls/", import.meta.url);
const HEAD_END = "\r\n\r\n";

/** The name that the certificate of the tests is for. */
export const NAME = "keys.example";

/** Starts an endpoint on a free port; with `tls`, its authority is the one that the tests' nginx trusts. */
export async function startEndpoint({ tls = false } = {}) {
  const sockets = new Set();
  const serve = (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let head = "";
    socket.on("data", (chunk) => {
      head += chunk.toString("latin1");
      if (!head.endsWith(HEAD_END)) return;
      const path = head.split(" ")[1];
      endpoint.asked.push(path);
      endpoint.heads.push(head);
      const answer = endpoint.answers[path] ?? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
      if (typeof answer === "function") answer(socket);
      else socket.end(answer, "latin1");
    });
  };
  const read = (name) => readFileSync(new URL(name, TLS));
  const server = tls ? createTls({ key: read("server.key"), cert: read("server.pem") }, serve) : createPlain(serve);
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const endpoint = {
    port,
    url: tls ? `https://${NAME}:${port}` : `http://127.0.0.1:${port}`,
    /** By path: the bytes of the answer, or what answers on the socket. */
    answers: {},
    /** The paths that were asked for, in order. */
    asked: [],
    heads: [],
    /** How often a path was asked for. */
    times: (path) => endpoint.asked.filter((other) => other === path).length,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return endpoint;
}

/** Makes an answer of a document. */
export function json(document, headers = []) {
  const body = typeof document === "string" ? document : JSON.stringify(document);
  return ["HTTP/1.1 200 OK", "Connection: close", "Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`, ...headers, "", ""]
    .join("\r\n") + Buffer.from(body).toString("latin1");
}

/** Starts a resolver that knows one address for every name: this machine. */
export async function startResolver() {
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    const answer = Buffer.concat([
      question.subarray(0, 2), Buffer.from("81800001000100000000", "hex"), question.subarray(12, question.indexOf(0, 12) + 5),
      // The name of the question, A, IN, 60 s, 127.0.0.1.
      Buffer.from("c00c000100010000003c00047f000001", "hex"),
    ]);
    socket.send(answer, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { port: socket.address().port, stop: () => socket.close() };
}
