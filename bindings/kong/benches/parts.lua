-- What the parts of the plugin cost that are its own, one by one, in a worker of
-- nginx and outside of any request: the call of C alone, the library around it,
-- and the record. The body of the request names an artifact, a file with the key
-- set of the issuer `own`, and a token of it. The least of many rounds stands for
-- each.


local ffi = require("ffi")
local gatelaw = require("gatelaw")
local record = require("kong.plugins.gatelaw.record")


local ROUNDS = 15
local CALLS = 20000
local ID = ("4b"):rep(16)


local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end


local function request_of(target, token)
  return {
    method = "GET",
    scheme = "http",
    host = "api.example",
    target = target,
    headers_by_name = {
      host = "api.example",
      ["user-agent"] = "bench/1.0",
      accept = "application/json",
      ["accept-encoding"] = "gzip, br",
      ["accept-language"] = "en",
      ["x-tenant"] = "t1",
      authorization = token and "Bearer " .. token or nil,
    },
    headers_cut = false,
    ip = "127.0.0.1",
  }
end


-- Keeps what the library hands to C, for it to be called again without it.
local function caught(gate, ...)
  local lib, call = gate.lib, nil
  gate.lib = setmetatable({}, { __index = function(_, name)
    return function(...)
      call = { name = name, select("#", ...), ... }
      return lib[name](...)
    end
  end })
  assert(gate:serve(...))
  gate.lib = lib
  local session, verifier, identity, request, id, len, traces, served, err =
    unpack(call, 2, call[1] + 1)

  return function()
    return lib.gate_serve(session, verifier, identity, request, id, len, traces,
                          served, err)
  end
end


local function least_ns(run)
  local least = math.huge
  for _ = 1, ROUNDS do
    local start = os.clock()
    for _ = 1, CALLS do
      run()
    end

    least = math.min(least, os.clock() - start)
  end

  return least / CALLS * 1e9
end


return function()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local artifact, keys, token = body:match("^(.-)\n(.-)\n(.-)\n$")
  local policy = assert(gatelaw.load_unsigned(read(artifact)))
  local verifier = assert(policy:verifier())
  assert(verifier:set_keys("own", read(keys)))
  local told = {}
  for _, case in ipairs({ { "nobody", request_of("/v1/open/a") },
                          { "a token", request_of("/v1/items/a", token) } }) do
    local gate = assert(policy:gate())
    local name, request = case[1], case[2]
    local served = assert(gate:serve(request, ID, verifier, "restart"))
    assert(served.forward, served.reason)
    local handled = { request_id = ID, request = request, served = served,
                      trace = served.trace, policy = policy:digest() }
    local parts = {
      { "the call of C, decision in it", caught(gate, request, ID, verifier,
                                                "restart") },
      { "gate:serve, that call in it", function()
        return gate:serve(request, ID, verifier, "restart")
      end },
      { "the record", function() return record.of(handled) end },
    }
    for _, part in ipairs(parts) do
      told[#told + 1] = ("  %-12s%-34s%8d ns"):format(name, part[1],
                                                       least_ns(part[2]))
    end
  end

  return table.concat(told, "\n")
end
