--- What all workers of a node counted of tokens and keys.
--
-- Each worker adds what came to since it last did so to the shared dictionary:
-- what was counted stays where a worker ends, or a policy gives way to the next
-- one, and no sum ever goes back.
-- @module kong.plugins.gatelaw.metrics


local shared = require("kong.plugins.gatelaw.shared")


local kong = kong
local error = error
local format = string.format
local gmatch = string.gmatch
local match = string.match
local pairs = pairs
local setmetatable = setmetatable
local sort = table.sort
local tonumber = tonumber
local tostring = tostring
local concat = table.concat
local timer_every = ngx.timer.every


local TICK_S = 1


-- By verifier, its number, and by sample what it had counted when that was added
-- last.
-- INVARIANT: no value here holds its key, or neither would ever be freed.
local tended = setmetatable({}, { __mode = "k" })
local count = 0
local is_ticking = false


-- Calls with each line of the text format: a sample and its value, or a comment.
local function each_line(text, call)
  for line in gmatch(text, "[^\n]+") do
    local sample, value = match(line, "^([^#].*) (%d+)$")
    call(sample or line, tonumber(value))
  end
end


local function text_of(verifier)
  local text, err = verifier:prometheus()
  if not text then
    error(tostring(err), 0)
  end

  return text
end


-- Adds what a verifier counted since it was last asked, and answers its text.
local function add(verifier, added)
  local text = text_of(verifier)
  each_line(text, function(sample, value)
    local came = value and value - (added[sample] or 0) or 0
    if came > 0 and shared.count(sample, came) then
      added[sample] = value
    end
  end)

  return text
end


-- Nginx lets timers run once more when a worker ends.
local function tick()
  for verifier, state in pairs(tended) do
    add(verifier, state.added)
  end
end


local _M = {}


--- Counts for a verifier from now on, for as long as somebody holds it. What it
-- took over from the one before counts there, for the last time where nobody
-- holds that any more.
-- @tparam table verifier
-- @tparam[opt] table before
function _M.tend(verifier, before)
  if before then
    add(before, tended[before].added)
  end

  local added = {}
  each_line(text_of(verifier), function(sample, value)
    added[sample] = value
  end)
  count = count + 1
  tended[verifier] = { number = count, added = added }

  if not is_ticking then
    local started, err = timer_every(TICK_S, tick)
    if not started then
      error(format("metrics can't be counted: %s", err), 0)
    end

    is_ticking = true
  end
end


-- Puts the lines of all verifiers together: of each family its comments, then
-- each sample once.
local function families_of(found)
  local families, names = {}, {}
  for i = 1, #found do
    each_line(found[i].text, function(line, value)
      local name = match(line, value and "^[%w_]+" or "^# %u+ ([%w_]+)")
      local family = families[name]
      if not family then
        family = { seen = {} }
        families[name] = family
        names[#names + 1] = name
      end

      if not family.seen[line] then
        family.seen[line] = true
        family[#family + 1] = { line, value }
      end
    end)
  end

  return families, names
end


--- Writes what all workers of the node counted, in the text format of
-- Prometheus: those of other workers as they were a second ago.
-- @treturn string
function _M.text()
  local found = {}
  for verifier, state in pairs(tended) do
    found[#found + 1] = { number = state.number, text = add(verifier, state.added) }
  end

  sort(found, function(one, other)
    return one.number < other.number
  end)

  local families, names = families_of(found)
  local lines = {}
  for i = 1, #names do
    local family = families[names[i]]
    for j = 1, #family do
      local line, value = family[j][1], family[j][2]
      lines[#lines + 1] = value and format("%s %d\n", line, shared.counted(line))
                          or line .. "\n"
    end
  end

  return concat(lines)
end


--- Answers a request of Kong's own APIs with that text.
function _M.answer()
  return kong.response.exit(200, _M.text(), {
    ["content-type"] = "text/plain; version=0.0.4; charset=utf-8",
  })
end


return _M
