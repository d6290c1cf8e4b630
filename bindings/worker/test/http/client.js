// Sends bytes over a socket as they are, and reads the head of what comes back.

import { connect } from "node:net";

const ANSWER_MS = 10_000;

/** Answers the status, or `closed` where the server says nothing; and the headers by lower-case name. */
export function ask(port, bytes) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    const end = (outcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer within ${ANSWER_MS} ms to ${JSON.stringify(bytes.slice(0, 200))}`));
    }, ANSWER_MS);
    socket.on("connect", () => socket.write(bytes, "latin1"));
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (answer.includes("\r\n\r\n")) end(read(answer));
    });
    // A server that answers before it has read all may reset the connection after its answer.
    socket.on("error", () => end(read(answer)));
    socket.on("close", () => end(read(answer)));
  });
}

function read(answer) {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]);
  if (Number.isNaN(status)) return { status: "closed", headers: {} };
  const [, ...lines] = answer.split("\r\n\r\n")[0].split("\r\n");
  return { status, headers: Object.fromEntries(lines.map((line) => [line.split(":")[0].toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])) };
}
