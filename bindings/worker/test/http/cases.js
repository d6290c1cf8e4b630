// The rows: each a name, and the bytes of a request (one character a byte).

import { readFileSync } from "node:fs";
import { join } from "node:path";

const DATA = join(process.env.GATELAW_REPOSITORY, "crates/gatelaw/tests/data");
const HOST = "Host: api.example\r\n";
/** The host of the header and method cases. */
const SHORT_HOST = "Host: h\r\n";
const CLOSE = "Connection: close\r\n";

const read = (file) => JSON.parse(readFileSync(join(DATA, file), "utf8"));
/** A text as its UTF-8 bytes, one character each. */
const bytesOf = (text) => Buffer.from(text, "utf8").toString("latin1");

/** The 97 targets: what is sent stands in each row, `\xNN` for a byte. */
export function targets() {
  return read("targets.json").rows.map(({ target, refused }) => {
    const bytes = bytesOf(target).replace(/\\x([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    return { name: `target ${clipped(target)}`, bytes: `GET ${bytes} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, refused };
  });
}

/** The bypasses: method, target and headers stand in each row. */
export function bypasses() {
  return read("http_bypass.json").cases.map(({ id, method, target, headers, expect }) => {
    const has = (name) => headers.some(([other]) => other.trim().toLowerCase() === name);
    const lines = headers.map(([name, value]) => `${bytesOf(name)}: ${bytesOf(value)}\r\n`).join("");
    const own = `${has("host") ? "" : HOST}${has("connection") ? "" : CLOSE}${method === "POST" ? "Content-Length: 0\r\n" : ""}`;
    return {
      name: `bypass ${id} ${clipped(`${method} ${target}`)}`,
      bytes: `${bytesOf(method)} ${bytesOf(target)} HTTP/1.1\r\n${own}${lines}\r\n`,
      expect,
    };
  });
}

/** The bytes of the header cases, which the measurement has by name alone. */
const HEADERS = {
  "dup": "x-role: user\r\nx-role: admin\r\n",
  "comma": "x-role: user,admin\r\n",
  "case dup": "x-role: user\r\nX-ROLE: admin\r\n",
  "underscore": "x_role: admin\r\n",
  "hyphen+underscore": "x-role: user\r\nx_role: admin\r\n",
  "space before colon": "x-role : admin\r\n",
  "leading space name": " x-role: admin\r\n",
  "obs-fold": "x-role: us\r\n  er\r\n",
  "tab value": "x-role:\tadmin\t\r\n",
  "nbsp value": "x-role: \xa0admin\r\n",
  "NUL value": "x-role: a\0b\r\n",
  "bare CR value": "x-role: a\rb\r\n",
  "bare LF sep": "x-role: user\nx-other: 1\r\n",
  "latin1 value": "x-role: \xe9\r\n",
  "utf8 value": "x-role: \xc3\xa9\r\n",
  "empty value": "x-role:\r\n",
  "empty name": ": admin\r\n",
  "nonascii name": "x-r\xf6le: admin\r\n",
  "no colon": "x-role\r\n",
  "connection nominates": "Connection: close, x-role\r\nx-role: admin\r\n",
  "dup host": "Host: evil\r\n",
  "dup auth": "authorization: Bearer A\r\nauthorization: Bearer B\r\n",
  "dup cookie": "cookie: a=1\r\ncookie: a=2\r\n",
  "dot name": "x.role: admin\r\n",
  "ctl value": "x-role: a\x01b\r\n",
  "del value": "x-role: a\x7fb\r\n",
  "300 headers": Array.from({ length: 300 }, (_, index) => `x-${index}: 1\r\n`).join(""),
  "64k header": `x-role: ${"A".repeat(65_536)}\r\n`,
};

/** The 41 header and method cases. */
export function views() {
  return read("observed_header_method_views.json").map((row) => {
    const [, kind, rest] = /^(header|method):(.*)$/s.exec(row.case);
    return { name: clipped(row.case), bytes: kind === "header" ? headerCase(rest) : methodCase(rest, row) };
  });
}

function headerCase(name) {
  const lines = HEADERS[name];
  if (lines === undefined) throw new Error(`no bytes are known for the header case \`${name}\``);
  return `GET /app HTTP/1.1\r\n${SHORT_HOST}${/^Connection/.test(lines) ? "" : CLOSE}${lines}\r\n`;
}

/** The name is the method as Python shows bytes, cut where it is long. */
function methodCase(shown, row) {
  const short = shown.replace(/^b'(.*)'$/s, "$1").replaceAll("\\x00", "\0");
  const method = /^A+$/.test(short) ? row.nginx_lua_underscores_on.method : short;
  return `${method} /app HTTP/1.1\r\n${SHORT_HOST}${CLOSE}\r\n`;
}

function clipped(text) {
  const shown = text.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return shown.length > 60 ? `${shown.slice(0, 60)}… (${text.length})` : shown;
}
