// What the evaluator itself decides for the bytes that are sent, where they are one request beyond doubt.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { Gate, Policy, Verifier } = await import(pathToFileURL(join(process.env.GATELAW_NPM, "js/node.js")));
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Makes the function that answers a line, or nothing for bytes that two readers may take apart in two ways. `sets` are keys by issuer. */
export function reference(artifact, sets) {
  const verifier = new Verifier(new Gate(Policy.loadUnsigned(artifact)));
  for (const [issuer, document] of Object.entries(sets)) verifier.setKeys(issuer, document);
  return async (bytes) => {
    const request = takenApart(bytes);
    if (request === null) return null;
    const { decision } = await verifier.handle({ ...request, scheme: "http" }, { ip: "127.0.0.1" });
    return JSON.stringify(decision);
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
  const bytesOf = (text) => Uint8Array.from(Buffer.from(text, "latin1"));
  const headers = pairs.filter((pair) => pair !== hosts[0]).map(([name, value]) => [name, bytesOf(value)]);
  return { method: parts[0], host: hosts[0][1].trim(), target: bytesOf(parts[1]), headers };
}
