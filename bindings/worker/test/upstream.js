// An upstream that keeps what it was sent, byte for byte.

import { once } from "node:events";
import { createServer } from "node:net";

const HEAD_END = "\r\n\r\n";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Starts it on a free port. */
export async function startUpstream() {
  const requests = [];
  /** By socket, what came of a request that isn't whole. */
  const unfinished = new Map();
  const server = createServer((socket) => {
    socket.on("close", () => unfinished.delete(socket));
    socket.on("error", () => socket.destroy());
    let bytes = "";
    unfinished.set(socket, () => bytes);
    socket.on("data", (chunk) => {
      // One character a byte.
      bytes += chunk.toString("latin1");
      for (let taken = take(bytes); taken !== null; taken = take(bytes)) {
        bytes = bytes.slice(taken.length);
        requests.push(taken.request);
        socket.write(typeof upstream.answer === "function" ? upstream.answer(taken.request) : (upstream.answer ?? OK), "latin1");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const upstream = {
    port: server.address().port,
    /** The bytes of the response, or what makes them of a request, where they are not the usual ones. */
    answer: undefined,
    /** Shows what came of requests that aren't whole. */
    unfinished: () => [...unfinished.values()].map((bytes) => bytes()).join(""),
    /** Takes all requests that came since the last call. */
    take: () => requests.splice(0),
    stop: async () => {
      for (const socket of unfinished.keys()) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return upstream;
}

/** Takes one whole request from the front, where there is one. */
function take(bytes) {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const [line, ...rest] = bytes.slice(0, end).split("\r\n");
  const headers = rest.map((header) => [header.slice(0, header.indexOf(":")), header.slice(header.indexOf(":") + 1).trim()]);
  const find = (name) => headers.find(([other]) => other.toLowerCase() === name)?.[1];
  const start = end + HEAD_END.length;
  const body = find("transfer-encoding") === undefined ? counted(bytes, start, Number(find("content-length") ?? 0)) : chunked(bytes, start);
  if (body === null) return null;
  const [method, target] = line.split(" ");
  return { length: body.end, request: { line, method, target, headers, body: body.text } };
}

function counted(bytes, start, length) {
  return bytes.length < start + length ? null : { text: bytes.slice(start, start + length), end: start + length };
}

function chunked(bytes, start) {
  let text = "";
  for (let at = start; ; ) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return null;
    const length = Number.parseInt(bytes.slice(at, end), 16);
    const next = end + 2 + length + 2;
    if (bytes.length < next) return null;
    if (length === 0) return { text, end: next };
    text += bytes.slice(end + 2, end + 2 + length);
    at = next;
  }
}
