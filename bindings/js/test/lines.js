// Reads a request line as values, exactly: bytes that JSON can't hold as bytes, and claims as the text that stands there.

/** Turns a line into a `RequestInput`. */
export function requestOfLine(line) {
  const { target_hex, ...request } = JSON.parse(line);
  if (target_hex !== undefined) request.target = Buffer.from(target_hex, "hex");
  const bytesOf = (value) => (typeof value === "string" ? value : Buffer.from(value.hex, "hex"));
  request.headers = request.headers?.map(([name, value]) => [name, bytesOf(value)]);
  if (request.identity?.claims !== undefined) request.identity.claims = claimsOf(line);
  return request;
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
