// Reads a request line as values, exactly: bytes that JSON can't hold as bytes, whole numbers beyond 2^53 as bigints, and claims as
// the text that stands there.

/** Turns a line into a `RequestInput`. */
export function requestOfLine(line) {
  const { target_hex, ...request } = JSON.parse(line);
  if (target_hex !== undefined) request.target = Buffer.from(target_hex, "hex");
  const bytesOf = (value) => (typeof value === "string" ? value : Buffer.from(value.hex, "hex"));
  request.headers = request.headers?.map(([name, value]) => [name, bytesOf(value)]);
  for (const [name, fact] of Object.entries(request.facts ?? {})) {
    if (Number.isInteger(fact) && !Number.isSafeInteger(fact)) request.facts[name] = wholeFact(line, name) ?? fact;
  }
  if (request.identity?.claims !== undefined) request.identity.claims = claimsOf(line);
  return request;
}

/** Finds a whole number among the facts, as it is written; nothing where it is written with a point or an exponent. */
function wholeFact(line, name) {
  const facts = line.slice(line.indexOf('"facts":'));
  const digits = facts.match(new RegExp(`"${name}":(-?\\d+)[,}]`))?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

/** Cuts the claims out of a line: whole numbers beyond 2^53 would not outlive JSON.parse. */
function claimsOf(line) {
  const start = line.indexOf('"claims":', line.indexOf('"identity":')) + '"claims":'.length;
  let depth = 0;
  for (const { 0: token, index } of line.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === "{") depth++;
    if (token === "}" && --depth === 0) return line.slice(start, start + index + 1);
  }
  throw new Error(`no claims in ${line}`);
}
