-- What the doors of the Lua library cost, inside of nginx: the body of the
-- request names an artifact, a file with a request a line, as Lua, and what
-- the matcher in hand.lua needs to know, whose statuses must be the expected.
-- All doors take turns; the least of many rounds stands for each. Where there are
-- few requests, a round asks them over and over, for the clock counts microseconds.


local gatelaw = require("gatelaw")
local matcher_of = require("hand")


local ROUNDS = 15
local ASKED = 10000


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
  local body = ngx.req.get_body_data()
  local artifact, requests, known = body:match("^(.-)\n(.-)\n(.-)\n$")
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

  local workload = assert(loadstring(read(known)))()
  local matcher, prepared = matcher_of(workload), {}
  for i, entry in ipairs(entries) do
    prepared[i] = entry.words and matcher.prepare(entry.words) or false
    local status = matcher.decide(entry.asked, prepared[i])
    assert(status == workload.expected[i], "by hand it is decided otherwise")
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
    { "verdict", function()
      for i = 1, #entries do
        local entry = entries[i]
        gate:allows(entry.asked, callers[entry.caller])
      end
    end },
    { "by hand, values", function()
      for i = 1, #entries do
        local words = entries[i].words
        matcher.decide(entries[i].asked, words and matcher.prepare(words))
      end
    end },
    { "by hand, prepared", function()
      for i = 1, #entries do
        matcher.decide(entries[i].asked, prepared[i])
      end
    end },
  }
  local passes = math.max(1, math.floor(ASKED / #entries))
  local least = {}
  for i = 1, #doors do
    least[i] = math.huge
  end

  for _ = 1, ROUNDS do
    for i, door in ipairs(doors) do
      local start = clock_s()
      for _ = 1, passes do
        door[2]()
      end

      least[i] = math.min(least[i], clock_s() - start)
    end
  end

  for i, door in ipairs(doors) do
    local ns = least[i] / #entries / passes * 1e9
    ngx.say(("%-28s%14d%9.2f"):format(door[1], ns, least[i] / least[2]))
  end
end
