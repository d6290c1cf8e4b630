// What the evaluator itself decides for the bytes that are sent, where they are one request beyond doubt.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { Policy } = await import(pathToFileURL(join(process.env.GATELAW_NPM, "js/node.js")));
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Makes the function that answers a line, or nothing for bytes that two readers may take apart in two ways. */
export function reference(artifact) {
  const policy = Policy.loadUnsigned(artifact);
  return (bytes) => {
    const request = takenApart(bytes);
    return request === null ? null : policy.decideJson(JSON.stringify({ ...request, scheme: "http", ip: "127.0.0.1", now: 1_795_000_000 }));
  };
}

function takenApart(bytes) {
  const [line, ...lines] = bytes.slice(0, bytes.indexOf("\r\n\r\n")).split("\r\n");
  const parts = line.split(" ");
  if (lines.some((text) => !text.includes(":"))) return null;
  const pairs = lines.map((text) => [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)]);
  if (parts.length !== 3 || !TOKEN.test(parts[0]) || pairs.some(([name, value]) => !TOKEN.test(name) || /[\r\n\0]/.test(value))) return null;
  const hosts = pairs.filter(([name]) => name.toLowerCase() === "host");
  if (hosts.length !== 1) return null;
  const hex = (text) => Buffer.from(text, "latin1").toString("hex");
  const headers = pairs.filter((pair) => pair !== hosts[0]).map(([name, value]) => [name, { hex: hex(value) }]);
  return { method: parts[0], host: hosts[0][1].trim(), target_hex: hex(parts[1]), headers };
}
