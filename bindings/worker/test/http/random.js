// Rows made of the pieces that bypasses are made of, from a seed: the same rows in every run.

const METHODS = ["GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "PROPFIND", "get", "TRACE"];
const SEGMENTS = [
  "admin", "app", "a", "api", "private", "%61dmin", "adm%69n", "%c3%a9", "%C3%A9", "\xc3\xa9", "a%2fb", "a%5cb", "a\\b", ".", "..", "%2e", "%2e%2e", "...",
  "a;b", "a%3bb", "", "a%20", "%20a", "a b", "~a", "%7ea", "a'b", "a\"b", "a|b", "a%00", "a%25", "%zz", "%", "a#b", "A", "a:b", "a@b", "$&'()*+,=!",
  "%c0%ae", "%ef%bc%8e", "%ed%a0%80", "a%0d%0a",
];
const QUERIES = ["", "?", "?role=admin", "?role=user&role=admin", "?%72ole=admin", "?role=a%zz", "?role=%00", "?role=a'b", "?x=\"", "?x=<>", "??role=admin", "?role=root", "?role=a+b", "?role=%c3%a9", "?x#y", "?a;b"];
const NAMES = ["x-role", "X-Role", "x_role", "x.role", "cookie", "Cookie", "authorization", "x-user-id", "X_User_Id", "x-gatelaw-decision", "x-http-method-override", "X-Consumer-Id", "x-forwarded-for", "accept", "connection", "x-request-id", "traceparent", "x-other"];
const VALUES = ["admin", "user, admin", " admin\t", "", "role=admin", "role=admin; a=1", "a=1, role=admin", "Bearer x", "bearer", "Basic eDp5", "\xc3\xa9", "\xe9", "a\x01b", "close, x-role", "x-gatelaw-decision", "keep-alive", "a\"b,c\"", "\xef\xbf\xbd"];
const HOSTS = ["api.example", "API.Example", "h", "api.example:80", "api.example:8080", "api.example.", "api..example", "[::1]", "127.0.0.1", "a@b", "xn--pi-example", "h%61", "a_b", ""];
const SEGMENTS_MAX = 4;
const HEADERS_MAX = 4;

/** Makes rows. */
export function randomRows(count, seed) {
  const next = numbers(seed);
  const below = (bound) => Math.floor(next() * bound);
  const one = (list) => list[below(list.length)];
  const some = (max, make) => Array.from({ length: below(max + 1) }, make);
  return Array.from({ length: count }, (_, index) => {
    const method = one(METHODS);
    const target = `/${some(SEGMENTS_MAX, () => one(SEGMENTS)).join("/")}${one(QUERIES)}`;
    const headers = some(HEADERS_MAX, () => `${one(NAMES)}: ${one(VALUES)}\r\n`).join("");
    const host = below(4) === 0 ? one(HOSTS) : HOSTS[0];
    const length = method === "POST" || method === "PUT" ? "Content-Length: 0\r\n" : "";
    return { name: `random ${seed}.${index}`, bytes: `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${length}${headers}\r\n` };
  });
}

/** Yields numbers from 0 to 1, by mulberry32. */
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
