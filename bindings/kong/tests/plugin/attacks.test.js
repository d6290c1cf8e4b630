// Tokens that attack, over HTTP: the plugin refuses each for the reason for which gatelaw-host's own tests see it refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ask } from "../../../worker/test/http/client.js";
import { startUpstream } from "../../../worker/test/upstream.js";
import { fetchFrom, reasonOf } from "./client.js";
import { refusalsOf, samplesOf } from "./metrics.js";
import { startKong } from "./nginx.js";
import { artifactOf } from "./policies.js";

const DATA = new URL("../../../../crates/gatelaw-host/tests/data/", import.meta.url);
const { meta, jwks, cases } = JSON.parse(readFileSync(new URL("jwt_attacks.json", DATA), "utf8"));
const codes = readFileSync(new URL("jwt_attacks.codes", DATA), "utf8").trimEnd().split("\n").map((line) => line.split(" "));

/** The policy of the native test. */
const POLICY = `
issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }
allow any-signed { for authenticated }
`;

/** What a header can carry here, with those around it; and one with a comma is two: such are refused before anybody looks at a token. */
const BYTES_MAX = 64 * 1024 - 1024;

const tokenOf = ({ token, token_gen }) => token ?? token_gen.map(([text, times]) => text.repeat(times)).join("");

test("attacks are refused for the same reasons as natively, twice each, and nothing of them goes on", async () => {
  const upstream = await startUpstream();
  const keys = [{ issuer: "idp", document: JSON.stringify(jwks) }];
  const kong = await startKong({ upstream: upstream.port, policy: artifactOf(POLICY), conf: { keys }, clock: true, workers: 1 });
  try {
    kong.setClock(meta.now - Math.floor(Date.now() / 1000));
    assert.deepEqual(codes.map(([id]) => id), cases.map(({ id }) => id));
    let exact = 0;
    for (const [index, attack] of cases.entries()) {
      const [id, code] = codes[index];
      const token = tokenOf(attack);
      // It ends the line, and is no part of any token then.
      if (token.includes("\n")) continue;
      const carried = /^[!-+\--~]+$/.test(token) && token.length <= BYTES_MAX;
      for (let time = 0; time < 2; time += 1) {
        if (carried) {
          const said = await reasonOf(kong, "/x", { headers: { authorization: `Bearer ${token}` } });
          assert.equal(said, code === "ok" ? "200 ok" : `401 token:${code}`, `${id} ${attack.name}`);
        } else {
          const { status } = await ask(kong.port, `GET /x HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
          assert.ok(status >= 400, `${id} ${attack.name}: ${status}`);
        }
      }
      exact += carried ? 1 : 0;
      assert.equal(upstream.take().length, code === "ok" && carried ? 2 : 0, id);
    }
    assert.ok(exact >= 105, `${exact} of ${cases.length}`);
    // Each answer counts once, by the reason that is recorded.
    const refused = {};
    await kong.records(2 * exact);
    // For those that no header carries: they log behind their answer, too.
    await pause(200);
    const reasons = (await kong.records()).map(({ gatelaw }) => gatelaw?.reason ?? "");
    for (const reason of reasons) if (reason.startsWith("token:")) refused[reason] = (refused[reason] ?? 0) + 1;
    const samples = samplesOf((await fetchFrom(kong, "/gatelaw/metrics")).body);
    assert.deepEqual(Object.entries(refusalsOf(samples)).sort(), Object.entries(refused).sort());
    assert.ok(Object.keys(refused).length >= 15);
    assert.equal(samples['gatelaw_tokens_total{issuer="idp",result="accepted"}'], 2 * codes.filter(([, code]) => code === "ok").length);
    console.log(`# ${cases.length} attacks, ${exact} with the native reason, the others refused before`);
    assert.deepEqual(await kong.errors(), []);
  } finally {
    await kong.stop();
    await upstream.stop();
  }
});
