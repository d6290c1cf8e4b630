-- Answers a stream of questions, as every other runtime does: a line `@PATH`
-- names an artifact, each other line is a request put to it. A line
-- `%ISSUER PATH` gives an issuer the key set in a file; then `!NOW TOKEN` is a
-- request that carries a token, and a line `#` asks what was counted. The answer
-- has a line for each request. POST the stream.


local gatelaw = require("gatelaw")


local io_open = io.open
local req = ngx.req
local say = ngx.say


local function read_file(path)
  local file = assert(io_open(path, "rb"))
  local bytes = file:read("*a")
  file:close()

  return bytes
end


local function read_body()
  req.read_body()
  local path = req.get_body_file()

  return path and read_file(path) or req.get_body_data() or ""
end


local function carrying(now, token)
  return {
    method = "GET",
    scheme = "https",
    host = "api.example",
    target = "/",
    headers = { { "authorization", "Bearer " .. token } },
    now = tonumber(now),
  }
end


return function()
  local policy, gate, verifier
  for line in read_body():gmatch("([^\n]*)\n") do
    local kind, first, rest = line:match("^([@%%!])([^ ]*) ?(.*)$")
    if kind == "@" then
      policy = assert(gatelaw.load_unsigned(read_file(line:sub(2))))
      gate = assert(policy:gate({ limits = "report" }))
      verifier = nil

    elseif kind == "%" then
      verifier = verifier or assert(policy:verifier())
      assert(verifier:set_keys(first, read_file(rest)))

    elseif kind == "!" then
      assert(gate:decide(carrying(first, rest), verifier))
      say(assert(gate:decision_json()))

    elseif line == "#" then
      say(assert(verifier:counters_json()), " ",
          (assert(verifier:prometheus()):gsub("\n", "|")))

    else
      say(assert(gate:decide_json(line)))
    end
  end
end
