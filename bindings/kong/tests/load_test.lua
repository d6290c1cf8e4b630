-- Loading bytes, inside of nginx: the same cases and codes as in every other
-- language. Answers with a line for each test, as `prove` reads them.
-- `GATELAW_ARTIFACT` names a compiled policy, `GATELAW_DIGEST` its digest.


local gatelaw = require("gatelaw")


local file = assert(io.open(os.getenv("GATELAW_ARTIFACT"), "rb"))
local artifact = file:read("*a")
file:close()

local last = artifact:byte(-1)
local flipped = artifact:sub(1, -2) .. string.char((last + 1) % 256)


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
    local ok, _, code = gatelaw.load_unsigned(bytes)
    assert(ok == nil)
    assert(code == expected, "found " .. tostring(code))
  end)
end


test("an artifact loads", function()
  local plan = assert(gatelaw.load_unsigned(artifact))
  assert(plan:digest() == os.getenv("GATELAW_DIGEST"), plan:digest())
end)


test("plans are freed", function()
  for _ = 1, 1000 do
    assert(gatelaw.load_unsigned(artifact))
  end

  collectgarbage()
end)


test("the error tells a person", function()
  local _, err = gatelaw.load_unsigned("no artifact")
  assert(err:find("these bytes are no gatelaw artifact", 1, true) == 1, err)
end)


test("a number is no bytes", function()
  local ok, err = pcall(gatelaw.load_unsigned, 7)
  assert(not ok)
  assert(err:find("bytes must be a string", 1, true), err)
end)


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
