-- Answers a stream of questions, as every other runtime does: a line `@PATH`
-- names an artifact, each other line is a request put to it. The answer has a
-- line for each request. POST the stream.


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


return function()
  local gate
  for line in read_body():gmatch("([^\n]*)\n") do
    local path = line:match("^@(.*)$")
    if path then
      local policy = assert(gatelaw.load_unsigned(read_file(path)))
      gate = assert(policy:gate({ limits = "report" }))
    else
      say(assert(gate:decide_json(line)))
    end
  end
end
