// The guide, followed: its nginx decides by its policy; its table of options is the schema; the rock has every file.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { ask } from "../../../worker/test/http/client.js";
import { startUpstream } from "../../../worker/test/upstream.js";
import { startKong, startNginx } from "./nginx.js";
import { artifactOf } from "./policies.js";

const KONG = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, KONG), "utf8");
const guide = read("README.md");

/** Takes the block of a language out of the guide, where there is one. */
function block(language) {
  const blocks = [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))];
  assert.equal(blocks.length, 1, language);
  return blocks[0][1];
}

test("the nginx of the guide forwards, denies and refuses as the guide says", async () => {
  const upstream = await startUpstream();
  const nginx = await startNginx({
    files: { "policy.gatelaw": artifactOf(block("gate")), "lua/gatelaw.lua": read("lua/gatelaw.lua") },
    configuration: block("nginx").replace("127.0.0.1:8000", `127.0.0.1:${upstream.port}`),
  });
  try {
    const statusOf = async (path) => (await ask(nginx.port, `GET ${path} HTTP/1.1\r\nHost: a.example\r\nx_edge: forged\r\nConnection: close\r\n\r\n`)).status;
    assert.equal(await statusOf("/v1/items/%61?x=1"), 200);
    const [{ target, headers }] = upstream.take();
    assert.equal(target, "/v1/items/a?x=1");
    assert.deepEqual(headers.filter(([name]) => /^x.edge$/i.test(name)).map(([, value]) => value), ["a.example"]);
    assert.equal(await statusOf("/v1/items/hidden"), 403);
    assert.equal(await statusOf("/v1/items/a/../hidden"), 400);
    assert.deepEqual(upstream.take(), []);
  } finally {
    await nginx.stop();
    await upstream.stop();
  }
});

test("the nginx of the guide denies all without a policy", async () => {
  const nginx = await startNginx({ files: { "lua/gatelaw.lua": read("lua/gatelaw.lua") }, configuration: block("nginx") });
  try {
    assert.equal((await ask(nginx.port, "GET /v1/items/a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")).status, 500);
  } finally {
    await nginx.stop();
  }
});

/** Stands in for Kong's own types, and answers what the schema says of a configuration. */
const PROBE = `
local types = setmetatable({}, { __index = function(_, name)
  return setmetatable({ kong_type = name }, { __call = function(self, more)
    more.kong_type = self.kong_type
    return more
  end })
end })
package.loaded["kong.db.schema.typedefs"] = types

return function()
  local schema = require("kong.plugins.gatelaw.schema")
  local answers = { name = schema.name, fields = {}, defaults = {}, validated = {}, referenceable = {} }
  for _, field in ipairs(schema.fields) do
    for _, option in ipairs(field.config and field.config.fields or {}) do
      local name, rules = next(option)
      answers.fields[#answers.fields + 1] = name
      answers.defaults[name] = rules.default
      for _, member in ipairs(rules.elements and rules.elements.fields or {}) do
        local member_name, member_rules = next(member)
        -- Kong takes references for texts alone.
        if member_rules.referenceable and member_rules.type == "string" then
          answers.referenceable[#answers.referenceable + 1] = name .. "." .. member_name
        end
      end
      for _, value in ipairs(rules.custom_validator and { "/etc/policy", "policy", "", "Z2F0ZWxhdw==", "%" } or {}) do
        local taken, err = rules.custom_validator(value)
        answers.validated[#answers.validated + 1] = { name, value, tostring(taken or err) }
      end
    end
  end
  return require("pdk").json(answers)
end
`;

test("the schema has the options of the guide, and refuses what is none", async () => {
  const kong = await startKong({ modules: { probe: PROBE } });
  try {
    const answered = await (await fetch(`http://127.0.0.1:${kong.port}/probe`)).json();
    assert.equal(answered.name, "gatelaw");
    const table = guide.slice(guide.indexOf("| `config` |"), guide.indexOf("What it does"));
    const told = [...table.matchAll(/^\| (`.*?) \|/gm)].slice(1).flatMap(([, names]) => names.replaceAll("`", "").split(", "));
    assert.deepEqual([...answered.fields].sort(), told.sort());
    assert.deepEqual(answered.defaults, { check_s: 30, client_cert: "verified", limits: "refuse", tokens_max: 10000, trace: "restart" });
    assert.deepEqual(answered.referenceable, ["keys.document"]);
    const isTaken = { artifact: ["/etc/policy", "policy", "Z2F0ZWxhdw=="], path: ["/etc/policy"], library: ["/etc/policy"] };
    for (const [name, value, said] of answered.validated) {
      const expected = isTaken[name].includes(value) ? "true" : name === "artifact" ? "must be an artifact in base64" : "must be an absolute path";
      assert.equal(said, expected, `${name}: ${value}`);
    }
    assert.equal(answered.validated.length, 15);
  } finally {
    await kong.stop();
  }
});

test("the version is that of every package, and the rock has every file", () => {
  const version = /\[workspace\.package\][^[]*\nversion = "([^"]+)"/.exec(read("../../Cargo.toml"))[1];
  assert.equal(/VERSION = "([^"]+)"/.exec(read("kong/plugins/gatelaw/handler.lua"))[1], version);
  const rock = read(`kong-plugin-gatelaw-${version}-1.rockspec`);
  assert.equal(/^version = "([^"]+)"/m.exec(rock)[1], `${version}-1`);
  const plugin = readdirSync(new URL("kong/plugins/gatelaw", KONG)).filter((name) => name.endsWith(".lua"));
  const expected = ["lua/gatelaw.lua", ...plugin.map((name) => `kong/plugins/gatelaw/${name}`)];
  assert.deepEqual([...rock.matchAll(/"\] = "([^"]+)"/g)].map(([, path]) => path).sort(), expected.sort());
});
