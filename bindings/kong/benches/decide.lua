-- What the doors of the Lua library cost, inside of nginx: the body of the
-- request names an artifact, and a file with a request a line, as Lua.
-- All doors take turns; the least of many rounds stands for each.


local gatelaw = require("gatelaw")


local ROUNDS = 15


local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end


local function clock_s()
  ngx.update_time()
  return os.clock()
end


return function()
  ngx.req.read_body()
  local artifact, requests = ngx.req.get_body_data():match("^(.-)\n(.-)\n$")
  local policy = assert(gatelaw.load_unsigned(read(artifact)))
  local gate = assert(policy:gate())
  local entries, lines = {}, {}
  for line in read(requests):gmatch("[^\n]+") do
    entries[#entries + 1] = assert(loadstring("return " .. line))()
  end

  for line in read((requests:gsub("%.lua$", ".jsonl"))):gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end

  local callers = {}
  for _, entry in ipairs(entries) do
    if entry.caller and not callers[entry.caller] then
      callers[entry.caller] = assert(policy:identity({ issuer = "okta",
                                                       claims = entry.claims }))
    end
  end

  local doors = {
    { "text", function()
      for i = 1, #lines do
        gate:decide_json(lines[i])
      end
    end },
    { "values", function()
      for i = 1, #entries do
        local entry = entries[i]
        gate:decide(entry.asked, entry.caller and policy:identity({
          issuer = "okta", claims = entry.claims,
        }))
      end
    end },
    { "prepared", function()
      for i = 1, #entries do
        local entry = entries[i]
        gate:decide(entry.asked, callers[entry.caller])
      end
    end },
  }
  local least = { math.huge, math.huge, math.huge }
  for _ = 1, ROUNDS do
    for i, door in ipairs(doors) do
      local start = clock_s()
      door[2]()
      least[i] = math.min(least[i], clock_s() - start)
    end
  end

  for i, door in ipairs(doors) do
    local ns = least[i] / #entries * 1e9
    ngx.say(("%-28s%14d%9.2f"):format(door[1], ns, least[i] / least[2]))
  end
end
