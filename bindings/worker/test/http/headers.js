// What the upstream must get of the headers of a request: written down here once more, from docs/request.md.

const ALWAYS_REMOVED = [
  "x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-original-uri", "x-original-method",
  "x-rewrite-url", "x-middleware-subrequest", "x-credential-identifier", "x-authenticated-groups", "x-anonymous-consumer",
  "x-forwarded-user", "x-forwarded-groups", "x-forwarded-email", "x-forwarded-access-token", "txn-token",
];
const ALWAYS_REMOVED_BELOW = ["x-consumer-", "x-auth-request-"];
/** The gate's own, and checked apart. */
const CORRELATION = "x-request-id";

/** Lists the headers that went on, but for those that the server of a gate writes itself. */
export function headersOf({ headers }, gate) {
  return joined(headers.filter(([name]) => !isOwn(name, gate)));
}

/** Lists the headers that must go on: those that were sent, without those that are dropped, and those that are set. */
export function headersDue(bytes, set, remove, gate) {
  const answered = [...set.map(([name]) => name), ...remove, CORRELATION].map(folded);
  const passes = (name) => !answered.includes(folded(name)) && !isAlwaysRemoved(folded(name)) && !isOwn(name, gate);
  const sent = linesOf(handedOver(bytes, gate)).filter(([name]) => passes(name));
  // One character a byte.
  return joined([...sent, ...set.map(([name, value]) => [name, Buffer.from(value, "utf8").toString("latin1")])]);
}

/**
 * Takes away the lines that the server of a gate leaves out: those with names that it doesn't read, and of some headers the empty
 * ones before the first that is not.
 */
export function handedOver(bytes, gate) {
  const [first, ...lines] = bytes.slice(0, bytes.indexOf("\r\n\r\n")).split("\r\n");
  const begun = new Set();
  const kept = lines.filter((line) => {
    if (gate.leavesOut?.test(line)) return false;
    const name = gate.ownWhereEmpty.find((name) => isOf(name, line));
    if (name !== undefined && !isEmpty(line)) begun.add(name);
    return name === undefined || begun.has(name);
  });
  return [first, ...kept].join("\r\n") + bytes.slice(bytes.indexOf("\r\n\r\n"));
}

function isOf(name, line) {
  return line.toLowerCase().startsWith(`${name}:`);
}

function isEmpty(line) {
  return /^[^:]*:[ \t]*$/.test(line);
}

/** Takes lines apart as both servers do: a line feed alone ends one too, and a name without a colon has an empty value. */
function linesOf(bytes) {
  const [, ...lines] = bytes.slice(0, bytes.indexOf("\r\n\r\n")).split(/\r?\n/);
  return lines.map((line) => /^([^:]*):?(.*)$/s.exec(line).slice(1));
}

function isAlwaysRemoved(name) {
  return ALWAYS_REMOVED.includes(name) || ALWAYS_REMOVED_BELOW.some((begin) => name.startsWith(begin));
}

function isOwn(name, gate) {
  return gate.own.includes(name.toLowerCase()) || name.toLowerCase() === CORRELATION;
}

function folded(name) {
  return name.toLowerCase().replace(/[_.]/g, "-");
}

/** One line a name, as a Worker has them, without the spaces at its ends that no recipient sees. */
function joined(headers) {
  const lines = new Map();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    lines.set(lower, trimmed(lines.has(lower) ? `${lines.get(lower)}, ${trimmed(value)}` : value));
  }
  return Object.fromEntries([...lines].sort());
}

function trimmed(value) {
  return value.replace(/^[ \t]+|[ \t]+$/g, "");
}
