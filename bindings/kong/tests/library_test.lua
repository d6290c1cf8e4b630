-- The Lua library, inside of nginx: the same cases and codes as in every other
-- language. Answers with a line for each test, as `prove` reads them.
-- `GATELAW_ARTIFACT` names policies/orders-api, compiled, `GATELAW_DIGEST` its
-- digest; `GATELAW_DECISIONS` says how many decisions must leave memory flat.


local ffi = require("ffi")
local gatelaw = require("gatelaw")


-- Only in a library that was built for tests.
ffi.cdef("void gate_panic_in_next_decision(uint32_t skip);")


local file = assert(io.open(os.getenv("GATELAW_ARTIFACT"), "rb"))
local artifact = file:read("*a")
file:close()

-- What decides begins behind the header.
local first = string.char((artifact:byte(121) + 1) % 256)
local flipped = artifact:sub(1, 120) .. first .. artifact:sub(122)


local tests = {}


local function test(name, run)
  tests[#tests + 1] = { name = name, run = run }
end


test("the version is a release", function()
  assert(gatelaw.version():match("^%d+%.%d+%.%d+$"))
end)


local refused = {
  { "text", "allow GET /orders", "artifact:magic" },
  { "nothing", "", "artifact:truncated" },
  { "half a header", "GATELAW", "artifact:truncated" },
  { "another format version", "GATELAW\0\255\255", "artifact:version" },
  { "a cut artifact", artifact:sub(1, -2), "artifact:truncated" },
  { "a changed artifact", flipped, "artifact:digest" },
}

for _, case in ipairs(refused) do
  local name, bytes, expected = case[1], case[2], case[3]

  test("no artifact is refused: " .. name, function()
    local policy, err = gatelaw.load_unsigned(bytes)
    assert(policy == nil)
    assert(err.code == expected, "found " .. err.code)
  end)
end


local policy = assert(gatelaw.load_unsigned(artifact))
local gate = assert(policy:gate({ limits = "report" }))


local function request(members)
  local made = {
    method = "GET",
    scheme = "https",
    host = "api.acme.com",
    target = "/healthz",
    ip = "203.0.113.9",
    now = 1795000000,
  }
  for name, value in pairs(members or {}) do
    made[name] = value
  end

  return made
end


test("an artifact loads", function()
  assert(policy:digest() == os.getenv("GATELAW_DIGEST"), policy:digest())
  assert(policy:has_limits())
  assert(policy:needs_json():find('"headers":["x-tenant"]', 1, true))
end)


test("what is made is freed", function()
  for _ = 1, 1000 do
    local one = assert(gatelaw.load_unsigned(artifact))
    assert(one:gate({ limits = "report" }))
    assert(one:identity({ invalid = "expired" }))
    assert(one:verifier():set_keys("okta", '{"keys":[]}'))
  end

  collectgarbage()
  collectgarbage()
end)


test("the error tells a person", function()
  local _, err = gatelaw.load_unsigned("no artifact")
  assert(err.message:find("these bytes are no gatelaw artifact", 1, true) == 1)
  assert(tostring(err) == "artifact:magic: " .. err.message)
end)


test("a library that isn't there is an error", function()
  local none, err = gatelaw.load_unsigned(artifact, "/nowhere/libgatelaw.so")
  assert(none == nil and err.code == "library:missing", tostring(err))
end)


test("a library of something else is an error", function()
  local none, err = gatelaw.load_unsigned(artifact, "libc.so.6")
  assert(none == nil and err.code == "library:abi", tostring(err))
end)


test("a policy that asks for too much is refused", function()
  local _, err = policy:gate()
  assert(err.code == "gate:limits")
  _, err = policy:gate({ limits = "report", lacks = { "country", "asn" } })
  assert(err.code == "gate:facts" and err.message:find("country", 1, true))
  assert(not err.message:find("asn", 1, true), err.message)
  _, err = policy:gate({ limits = "report", lacks = { "ip" } })
  assert(err.code == "gate:ip")
  _, err = policy:gate({ limits = "report", trusted = { "10.0.0.1/8" } })
  assert(err.code == "gate:trusted")
end)


test("a request is decided", function()
  local decision = assert(gate:decide(request()))
  assert(decision.allowed == true and decision.effect == "allow")
  assert(decision.status == 200 and decision.reason == "rule")
  assert(decision.target == "/healthz" and decision.challenge == nil)
  assert(decision.policy == policy:digest())
end)


for _, case in ipairs({
  { "/a//../b", 400, "refused:dot-segment" },
  { "/%61dmin", 401, "unauthenticated" },
  { "/\255", 400, "refused:ctl-or-nonascii" },
  { "/" .. ("a/"):rep(4700), 400, "refused:limits" },
}) do
  test("a target is judged: " .. case[1]:sub(1, 20):gsub("[\128-\255]", "?"), function()
    local decision = assert(gate:decide(request({ target = case[1] })))
    assert(decision.allowed == false)
    assert(decision.status == case[2], decision.status)
    assert(decision.reason == case[3], decision.reason)
  end)
end


test("headers that were cut are refused", function()
  local decision = assert(gate:decide(request({ headers_cut = true })))
  assert(decision.reason == "refused:header-limits", decision.reason)
end)


test("a fact of another type is for the policy to judge", function()
  local facts = { country = 7, asn = "x" }
  local decision = assert(gate:decide(request({ facts = facts })))
  assert(decision.reason == "fact:country" and decision.status == 503)
  decision = assert(gate:decide(request({ facts = { country = "KP" } })))
  assert(decision.rule == "embargo" and decision.status == 451)
end)


test("the client is found behind trusted proxies", function()
  local trusting = assert(policy:gate({
    limits = "report",
    trusted = { "192.0.2.0/24" },
    client_header = "X-Forwarded-For",
  }))
  local function reason(peer, value)
    local behind = request({ peer = peer })
    behind.ip = nil
    behind.headers = { { "x-forwarded-for", value } }
    return assert(trusting:decide(behind)).reason
  end

  assert(reason("192.0.2.1", "203.0.113.9") == "rule")
  assert(reason("192.0.2.1", "no address") == "refused:client-ip")
  assert(reason("203.0.113.9", "no address") == "rule")
end)


local STAFF = '{"sub":"u1","groups":["Orders Staff"],"org_id":"t1"}'


test("an identity serves many requests", function()
  local who = assert(policy:identity({ issuer = "okta", claims = STAFF }))
  local asked = request({ target = "/v1/orders/1",
                          headers = { { "x-tenant", "t1" } } })
  for _ = 1, 3 do
    local decision = assert(gate:decide(asked, who))
    assert(decision.rule == "orders.read", decision.reason)
    assert(decision.limits[1].name == "orders.per-user")
    assert(decision.limits[1].rate == 600)
  end

  local other = assert(gatelaw.load_unsigned(artifact))
  local _, err = assert(other:gate({ limits = "report" })):decide(asked, who)
  assert(err.code == "abi:identity")
end)


test("an identity names the caller", function()
  local who = assert(policy:identity({ issuer = "okta", claims = STAFF }))
  local caller = who:caller()
  assert(caller.issuer == "okta" and caller.id == "u1")
  assert(table.concat(caller.roles, " ") == "staff viewer")
  for _, nobody in ipairs({ { invalid = "expired" }, { unavailable = "okta" },
                            { issuer = "okta", claims = "{}" } }) do
    assert(policy:identity(nobody):caller() == nil)
  end
end)


test("identities that are none", function()
  local _, err = policy:identity({ issuer = "okta", claims = "{" })
  assert(err.code == "request:json", tostring(err))
  _, err = policy:identity({ invalid = "Not A Code" })
  assert(err.code == "request:wrong-value")
  local expired = assert(policy:identity({ invalid = "expired" }))
  local decision = assert(gate:decide(request({ target = "/v1/orders/1" }),
                                      expired))
  assert(decision.reason == "token:expired" and decision.status == 401)
  local gone = assert(policy:identity({ unavailable = "okta" }))
  decision = assert(gate:decide(request({ target = "/v1/orders/1" }), gone))
  assert(decision.reason == "keys_unavailable" and decision.status == 503)
end)


-- A key whose other half is nobody's any more, and a token that it signed, valid
-- for an hour around the time of `request`.
local KEYS = '{"keys":[{"kty":"EC","x":"hfIiRDWRUfImfQBM651y3M_rR8jUbi16xgHug4j4'
  .. 'cOA","y":"-1wq-IB_efomo0f6C8DIJU4St1dkt9ncANIM4BL1GCs","crv":"P-25'
  .. '6","kid":"k1","use":"sig","alg":"ES256"}]}'
local TOKEN = 'eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2FjbWUub2'
  .. 't0YS5jb20vb2F1dGgyL2RlZmF1bHQiLCJhdWQiOiJhcGk6Ly9vcmRlcnMiLCJzdWIi'
  .. 'OiJ1MSIsImlhdCI6MTc5NDk5OTkwMCwiZXhwIjoxNzk1MDAzNTAwLCJncm91cHMiOl'
  .. 'siT3JkZXJzIFN0YWZmIl0sInNjcCI6W10sIm9yZ19pZCI6InQxIiwibWZhIjpmYWxz'
  .. 'ZX0.oxufBrRyq16yzs1TcRgLD-bNvVYfcnuOFKG1pJ-lhKBfHMghYK_0GPFg97Vype'
  .. 'J8y-QZZlMm96pt2IezpTKXVQ'
local DISCOVERY = '{"issuer":"https://acme.okta.com/oauth2/default",'
                  .. '"jwks_uri":"https://acme.okta.com/keys"}'
local NOW = 1795000000


local function with_token(token, now)
  return request({
    target = "/v1/orders/1",
    headers = { { "authorization", "Bearer " .. token }, { "x-tenant", "t1" } },
    now = now,
  })
end


test("a token is verified by keys that are given", function()
  local verifier = assert(policy:verifier())
  assert(verifier:set_keys("okta", KEYS))
  for _ = 1, 3 do
    local decision = assert(gate:decide(with_token(TOKEN), verifier))
    assert(decision.rule == "orders.read", decision.reason)
    assert(not decision.keys_wanted)
    local caller = verifier:caller()
    assert(caller.issuer == "okta" and caller.id == "u1")
    assert(table.concat(caller.roles, " ") == "staff viewer")
  end

  local handling, decision = gate:handle(with_token(TOKEN, NOW + 7200), "id1",
                                         verifier)
  assert(handling.answer.status == 401 and verifier:caller() == nil)
  assert(decision.reason == "token:expired", decision.reason)
  assert(assert(gate:decide(request(), verifier)).allowed)
  local _, err = verifier:set_keys("nobody", KEYS)
  assert(err.code == "abi:issuer")
  _, err = verifier:set_keys("okta", "<html>")
  assert(err.code == "keys:json")
  local other = assert(gatelaw.load_unsigned(artifact))
  _, err = assert(other:gate({ limits = "report" })):decide(request(), verifier)
  assert(err.code == "abi:verifier")
end)


test("a verifier names what to fetch, and takes it", function()
  local verifier = assert(policy:verifier({ tokens_max = 8 }))
  local decision = assert(gate:decide(with_token(TOKEN), verifier))
  assert(decision.reason == "keys_unavailable")
  assert(decision.keys_wanted == "okta", decision.keys_wanted)
  local fetch = assert(verifier:next_fetch(NOW))
  assert(fetch.issuer == "aws", fetch.issuer)
  assert(verifier:failed("aws", NOW))
  fetch = assert(verifier:next_fetch(NOW))
  assert(fetch.url == "https://acme.okta.com/oauth2/default/"
                      .. ".well-known/openid-configuration", fetch.url)
  assert(verifier:next_fetch(NOW) == nil)
  local done, following = verifier:fetched("okta", DISCOVERY, nil, NOW)
  assert(done and following.url == "https://acme.okta.com/keys")
  done, following = verifier:fetched("okta", KEYS, "max-age=600", NOW)
  assert(done and following == nil)
  decision = assert(gate:decide(with_token(TOKEN), verifier))
  assert(decision.allowed, decision.reason)

  local other = assert(policy:verifier())
  assert(other:adopt(verifier))
  assert(assert(gate:decide(with_token(TOKEN), other)).allowed)
  local none, err = verifier:fetched("okta", KEYS, nil, NOW)
  assert(none == nil and err.code == "abi:order")
  assert(verifier:next_fetch(NOW + 30).issuer == "aws")
  none, err = verifier:fetched("aws", '{"issuer":"https://other"}', "", NOW + 30)
  assert(none == nil and err.code == "discovery:issuer", err.code)
  assert(verifier:next_fetch(NOW + 31) == nil, "the failure cools down")
end)


test("what is answered is counted, each answer once", function()
  local function counted(verifier, sample)
    local text = assert(verifier:prometheus())
    local from, to = text:find("\n" .. sample .. " ", 1, true)
    return from and tonumber(text:match("^%d+", to + 1))
  end

  local verifier = assert(policy:verifier())
  assert(gate:decide(with_token(TOKEN), verifier))
  local unavailable = 'gatelaw_tokens_total{issuer="okta",'
                      .. 'result="keys_unavailable"}'
  assert(counted(verifier, unavailable) == 1, "nobody waits")
  assert(assert(gate:decide(with_token(TOKEN), verifier)).keys_wanted)
  assert(verifier:waits())
  assert(counted(verifier, unavailable) == 1)
  assert(verifier:set_keys("okta", KEYS))
  for _ = 1, 2 do
    assert(assert(gate:decide(with_token(TOKEN), verifier)).allowed)
  end

  assert(gate:decide(with_token("x.y"), verifier))
  assert(counted(verifier, 'gatelaw_tokens_total{issuer="okta",'
                           .. 'result="accepted"}') == 2)
  assert(counted(verifier, 'gatelaw_tokens_remembered_total{issuer="okta"}')
         == 1)
  assert(counted(verifier, 'gatelaw_token_refusals_total{code="token:format"}')
         == 1)
  assert(counted(verifier, unavailable) == 1)

  local json = assert(verifier:counters_json())
  assert(json:find('"okta":{"verified":1,"remembered":1,"by_stale_keys":0,'
                   .. '"keys_unavailable":1,', 1, true), json)

  local other = assert(policy:verifier())
  assert(other:adopt(verifier))
  assert(counted(other, unavailable) == 1, "it goes on from there")
end)


test("a trace begins anew, or goes on", function()
  local id = ("4b"):rep(16)
  local headers = { { "Traceparent", "00-" .. id .. "-" .. ("0f"):rep(8) .. "-01" },
                    { "tracestate", "a=1" } }
  local random = ("r"):rep(16)
  local new = assert(gate:trace(headers, random, false))
  assert(new.id ~= id and new.caller == id and new.tracestate == nil)
  assert(new.traceparent:find("00-" .. new.id .. "-" .. new.span .. "-", 1, true))
  assert(new.id == assert(gate:trace({}, random, false)).id, "of the random bytes")
  assert(new.id ~= assert(gate:trace({}, random .. "x", false)).id)
  local on = assert(gate:trace(headers, random, true))
  assert(on.id == id and on.caller == nil and on.tracestate == "a=1")
  local none, err = gate:trace({}, "short", false)
  assert(none == nil and err.code == "abi:random")
end)


test("no more is answered than whether a request may pass", function()
  local allowed, status = gate:allows(request())
  assert(allowed == true and status == 200)
  allowed, status = gate:allows(request({ target = "/%61dmin" }))
  assert(allowed == false and status == 401)
  local expired = assert(policy:identity({ invalid = "expired" }))
  allowed, status = gate:allows(request({ target = "/v1/orders/1" }), expired)
  assert(allowed == false and status == 401)
  assert(gate:decision_json():find('"reason":"token:expired"', 1, true))
  local none, err = gate:allows(request({ scheme = "ftp" }))
  assert(none == nil and err.code == "request:wrong-value", tostring(err))
  assert(gate:decision_json() == nil, "and none is left behind")
end)


test("headers may stand by name, as nginx answers them", function()
  local many = {}
  for i = 1, 150 do
    many["x-" .. i] = { "1", "2" }
  end

  many["x-user-id"] = { "mine", "yours" }
  many["accept"] = "*/*"
  local asked = request({ headers_by_name = many })
  local decision = assert(gate:decide(asked))
  assert(decision.reason == "refused:header-limits", decision.reason)
  asked.headers_by_name = { ["x-tenant"] = "t1", accept = { "a", "b" } }
  asked.target = "/v1/orders/1"
  local who = assert(policy:identity({ issuer = "okta", claims = STAFF }))
  assert(assert(gate:decide(asked, who)).rule == "orders.read")
  asked.headers_by_name["x-tenant"] = { "t1", "t2" }
  assert(not assert(gate:decide(asked, who)).allowed)
  for _, wrong in ipairs({ { a = 1 }, { a = { "1", 2 } }, { [1] = "a" },
                           { a = { {} } }, { a = true } }) do
    local done, err = pcall(gate.decide, gate,
                            request({ headers_by_name = wrong }))
    assert(not done and err:find("request.headers_by_name[", 1, true), err)
  end
end)


test("a request is served in one call as in three", function()
  local verifier = assert(policy:verifier())
  assert(verifier:set_keys("okta", KEYS))
  local asked = with_token(TOKEN)
  asked.headers[3] = { "X_Request_Id", "mine" }
  asked.headers[4] = { "traceparent", "00-" .. ("4b"):rep(16) .. "-"
                                      .. ("0f"):rep(8) .. "-01" }
  local id = ("a0"):rep(16)
  for _, traces in ipairs({ "restart", "continue" }) do
    local served = assert(gate:serve(asked, id, verifier, traces))
    local trace = assert(gate:trace(asked.headers, id, traces == "continue"))
    for _, name in ipairs({ "id", "span", "caller", "traceparent" }) do
      assert(served.trace[name] == trace[name], name)
    end

    local handling, decision = gate:handle(asked, id, verifier)
    assert(served.forward.target == handling.forward.target)
    assert(served.forward.drop[1] == "X_Request_Id")
    assert(#served.forward.set == #handling.forward.set)
    for i, header in ipairs(handling.forward.set) do
      assert(served.forward.set[i][1] == header[1])
      assert(served.forward.set[i][2] == header[2])
    end

    for _, name in ipairs({ "effect", "status", "reason", "rule", "audit" }) do
      assert(served[name] == decision[name], name)
    end

    assert(served.limits[1].name == decision.limits[1].name)
    assert(served.limits[1].key == decision.limits[1].key)
    assert(served.caller.id == "u1" and served.caller.issuer == "okta")
    assert(table.concat(served.caller.roles, " ") == "staff viewer")
    assert(served.answer == nil and not served.keys_wanted)
  end
end)


test("what is denied is served with its answer, and names nobody", function()
  local verifier = assert(policy:verifier())
  local served = assert(gate:serve(with_token(TOKEN), ("b"):rep(32), verifier))
  assert(served.forward == nil and served.caller == nil)
  assert(served.trace == nil and served.keys_wanted == "okta")
  assert(served.answer.status == 503 and served.reason == "keys_unavailable")
  served = assert(gate:serve(request({ target = "/%68ealthz" }), "id1"))
  assert(served.forward.target == "/healthz" and served.forward.drop == nil)
  assert(served.effect == "allow" and served.caller == nil)
  local who = assert(policy:identity({ issuer = "okta", claims = STAFF }))
  local asked = request({ target = "/v1/orders/1",
                          headers = { { "x-tenant", "t1" } } })
  assert(assert(gate:serve(asked, "id1", who)).caller.id == "u1")
end)


test("all of a decision is there to be written down, empty lists too", function()
  local who = assert(policy:identity({ issuer = "okta", claims = STAFF }))
  local asked = request({ method = "PUT", target = "/v1/orders/1",
                          headers = { { "x-tenant", "t1" } } })
  local served = assert(gate:serve(asked, "id1", who))
  assert(served.audit == "full", served.audit)
  for _, name in ipairs({ "set", "remove", "limits", "keep", "observed" }) do
    assert(type(rawget(served.decision, name)) == "table", name)
  end
end)


test("a request that can't be served has its trace all the same", function()
  local id = ("c"):rep(32)
  local none, err, trace = gate:serve(request({ scheme = "ftp" }), id, nil,
                                      "restart")
  assert(none == nil and err.code == "request:wrong-value", tostring(err))
  assert(trace.id == assert(gate:trace({}, id, false)).id)
  none, err, trace = gate:serve(request(), "short", nil, "restart")
  assert(none == nil and err.code == "abi:random" and trace == nil)
  assert(not pcall(gate.serve, gate, request(), id, nil, "anew"))
  assert(not pcall(gate.serve, gate, request(), id, {}))
  assert(not pcall(gate.serve, gate, request(), 7))
end)


test("a client's certificate has a fingerprint", function()
  local begin, ends = "-----BEGIN CERTIFICATE-----\n",
                      "\n-----END CERTIFICATE-----\n"
  local found = assert(gatelaw.certificate(begin .. "YWJj" .. ends .. begin
                                           .. "eHl6" .. ends))
  assert(found == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
                  .. "15ad", found)
  local none, err = gatelaw.certificate("YWJj")
  assert(none == nil and err.code == "certificate:pem", tostring(err))
  none, err = gatelaw.certificate("", "/nowhere/libgatelaw.so")
  assert(none == nil and err.code == "library:missing", tostring(err))
end)


-- In pages; nothing where the system doesn't tell.
local function resident()
  collectgarbage()
  collectgarbage()
  local statm = io.open("/proc/self/statm")
  local pages = statm and statm:read("*a"):match("^%d+ (%d+)")
  if statm then
    statm:close()
  end

  return tonumber(pages) or 0
end


local DECISIONS = tonumber(os.getenv("GATELAW_DECISIONS")) or 20000
local GROWN_PAGES_MAX = 512


test("memory stays flat over " .. DECISIONS .. " decisions", function()
  local who = assert(policy:identity({ issuer = "okta", claims = STAFF }))
  local asked = { request({ target = "/healthz" }),
                  request({ target = "/v1/orders/1",
                            headers = { { "x-tenant", "t1" } } }),
                  request({ target = "/a//../b" }) }
  local warm
  for i = 1, DECISIONS do
    assert(gate:decide(asked[i % 3 + 1], i % 2 == 0 and who or nil))
    if i == DECISIONS / 10 then
      warm = resident()
    end
  end

  local grown = resident() - warm
  assert(grown <= GROWN_PAGES_MAX, grown .. " pages more than when warm")
end)


test("a bearer token that nobody judged is denied", function()
  local headers = { { "Authorization", "Bearer e30.e30.e30" } }
  local decision = assert(gate:decide(request({ headers = headers })))
  assert(decision.reason == "token:no_verifier" and decision.status == 401)
  assert(decision.challenge == 'Bearer error="invalid_token"')
end)


test("an allowed request is handled", function()
  local headers = { { "X_Request_Id", "mine" }, { "Accept", "*/*" } }
  local handling, decision = gate:handle(request({ headers = headers }), "id1")
  assert(decision.allowed and handling.answer == nil)
  assert(handling.forward.target == "/healthz")
  assert(#handling.forward.drop == 1)
  assert(handling.forward.drop[1] == "X_Request_Id")
  local set = handling.forward.set
  assert(set[#set][1] == "x-request-id" and set[#set][2] == "id1")
end)


test("a denied request is answered", function()
  local handling, decision = gate:handle(request({ target = "//" }), "id1")
  assert(not decision.allowed and handling.forward == nil)
  assert(handling.answer.status == 400)
  assert(handling.answer.body:find('"request_id":"id1"', 1, true))
  assert(handling.answer.headers[2][2] == "application/problem+json")
end)


test("lines are answered", function()
  local answer = assert(gate:decide_json('{"method":7}'))
  assert(answer == '{"v":1,"error":"wrong-type","at":"method"}', answer)
  answer = assert(gate:decide_json("\255\0"))
  assert(answer == '{"v":1,"error":"json","at":""}', answer)
  local line = '{"method":"GET","scheme":"https","host":"api.acme.com",'
               .. '"target":"/healthz","ip":"203.0.113.9"}'
  assert(gate:decide_json(line):find('"at":"now"', 1, true))
  local decided = assert(gate:decide_json(line, 1795000000))
  assert(decided:find('"effect":"allow"', 1, true), decided)
  assert(assert(gate:explain_json(line, 1795000000)):find('"rules":[', 1, true))
  assert(gate:decide(request()))
  assert(gate:decision_json() == decided)
end)


test("a panic is an error, and the next call is none", function()
  local lib = policy.lib
  lib.gate_panic_in_next_decision(0)
  local decision, err = gate:decide(request())
  assert(decision == nil and err.code == "abi:panic")
  assert(not gate:decision_json(), "the decision before is gone")
  assert(gate:decide(request()).allowed)
end)


local verifier = assert(policy:verifier())


local function named(call, ...)
  local ok, err = pcall(call, ...)
  assert(not ok, "no error")
  return err
end


for _, case in ipairs({
  { "request.method", { method = 7 } },
  { "request.scheme", { scheme = false } },
  { "request.host", { host = {} } },
  { "request.target", { target = 7 } },
  { "request.headers must be a table", { headers = "x" } },
  { "request.headers[1] must be a pair", { headers = { "x" } } },
  { "request.headers[2] must be a pair", { headers = { { "a", "b" }, { 1 } } } },
  { "request.headers_cut", { headers_cut = 1 } },
  { "request.ip", { ip = 7 } },
  { "request.peer", { peer = 7 } },
  { "request.facts must", { facts = 7 } },
  { "request.facts has no member `nation`", { facts = { nation = "DE" } } },
  { "request.now", { now = "7" } },
  { "request.now", { now = 1.5 } },
  { "request.now", { now = 0 / 0 } },
  { "request has no member `header`", { header = {} } },
}) do
  test("a wrong type names its argument: " .. case[1], function()
    local err = named(function()
      local decision = gate:decide(request(case[2]))
      return decision
    end)
    assert(err:find(case[1], 1, true), err)
    assert(err:find("library_test.lua:%d+: "), "it blames another: " .. err)
  end)
end


test("a member too many is found beside one that a metatable gives", function()
  local odd = setmetatable(request({ header = {}, method = false }),
                           { __index = { method = "GET" } })
  odd.method = nil
  local err = named(gate.decide, gate, odd)
  assert(err:find("request has no member `header`", 1, true), err)
end)


test("each line of the headers is read, as many as there are", function()
  for count = 1, 40 do
    local headers = {}
    for i = 1, count do
      headers[i] = { "x-" .. i, "v" }
    end

    assert(gate:decide(request({ headers = headers })))
    for i = 1, count do
      headers[i][2] = 7
      local err = named(gate.decide, gate, request({ headers = headers }))
      assert(err:find("request.headers[" .. i .. "] must", 1, true), err)
      headers[i][2] = "v"
    end
  end
end)


test("lists that are empty are there, and each decision's own", function()
  local one = gate:decide(request({ target = "/nowhere" }))
  local other = gate:decide(request({ target = "/nowhere" }))
  for _, name in ipairs({ "set", "remove", "limits", "keep", "observed" }) do
    assert(#one[name] == 0, name)
    one[name][1] = "mine"
    assert(#one[name] == 1, name)
    assert(#other[name] == 0, name)
  end

  assert(one.nothing == nil)
end)


for _, case in ipairs({
  { "bytes must be a string", gatelaw.load_unsigned, 7 },
  { "library must be a string", gatelaw.load_unsigned, "", 7 },
  { "options must be a table", policy.gate, policy, 7 },
  { "options has no member `limit`", policy.gate, policy, { limit = "report" } },
  { "options.limits", policy.gate, policy, { limits = true } },
  { "options.lacks[1]", policy.gate, policy, { lacks = { "nation" } } },
  { "options.trusted[1]", policy.gate, policy, { trusted = { 7 } } },
  { "options.client_header", policy.gate, policy, { client_header = 7 } },
  { "who must be a table", policy.identity, policy, "okta" },
  { "who must have one of", policy.identity, policy, { issuer = "okta" } },
  { "who.issuer", policy.identity, policy, { claims = "{}" } },
  { "who.claims", policy.identity, policy, { issuer = "a", claims = {} } },
  { "who has no member `token`", policy.identity, policy, { token = "x" } },
  { "request must be a table", gate.decide, gate, "GET /" },
  { "who must be made by", gate.decide, gate, request(), { sub = "u1" } },
  { "options.tokens_max", policy.verifier, policy, { tokens_max = 1.5 } },
  { "options.tokens_max", policy.verifier, policy, { tokens_max = "1" } },
  { "options has no member `tokens`", policy.verifier, policy, { tokens = 1 } },
  { "issuer must be a string", verifier.set_keys, verifier, 7, "{}" },
  { "document must be a string", verifier.set_keys, verifier, "okta", {} },
  { "other must be made by", verifier.adopt, verifier, {} },
  { "now must be whole", verifier.next_fetch, verifier, 1.5 },
  { "document must be a string", verifier.fetched, verifier, "okta" },
  { "cache_control must be a string", verifier.fetched, verifier, "okta", "", 7 },
  { "issuer must be a string", verifier.failed, verifier },
  { "request_id must be a string", gate.handle, gate, request(), 7 },
  { "headers must be a table", gate.trace, gate, "x", "y", false },
  { "random must be a string", gate.trace, gate, {}, 7, false },
  { "continues must be a boolean", gate.trace, gate, {}, "x" },
  { "line must be a string", gate.decide_json, gate, {} },
  { "now must be whole", gate.decide_json, gate, "{}", "7" },
}) do
  test("a wrong type names its argument: " .. case[1], function()
    local err = named(unpack(case, 2))
    assert(err:find(case[1], 1, true), err)
  end)
end


return function(say)
  for i, case in ipairs(tests) do
    local ok, err = pcall(case.run)
    say((ok and "ok " or "not ok ") .. i .. " - " .. case.name)
    if not ok then
      say("# " .. tostring(err))
    end
  end

  say("1.." .. #tests)
end
