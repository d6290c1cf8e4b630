--- What the workers of one node know together: of the documents that were
-- fetched each last good one, how the last fetch ended, and who fetches now; and
-- what they counted.
--
-- In the shared dictionary `gatelaw`, where nginx has it; else each worker
-- knows it for itself.
-- @module kong.plugins.gatelaw.shared


local format = string.format
local match = string.match
local setmetatable = setmetatable
local tonumber = tonumber
local ngx_now = ngx.now


local NAME = "gatelaw"
-- Longer than a fetch may take: a worker that died lets go.
local LOCK_S = 10


-- What a dictionary does, for one worker.
local own_mt = {}
own_mt.__index = own_mt


function own_mt:get(key)
  local entry = self[key]
  if not entry or (entry.ends_s and entry.ends_s <= ngx_now()) then
    return nil
  end

  return entry.value
end


function own_mt:set(key, value, time_s)
  self[key] = { value = value, ends_s = time_s and ngx_now() + time_s }

  return true
end


function own_mt:add(key, value, time_s)
  if self:get(key) ~= nil then
    return false, "exists"
  end

  return self:set(key, value, time_s)
end


function own_mt:delete(key)
  self[key] = nil
end


function own_mt:incr(key, by, start)
  local value = (self:get(key) or start) + by
  self:set(key, value)

  return value
end


local dict = ngx.shared[NAME] or setmetatable({}, own_mt)


-- Fetches are numbered: clocks jump.
local function next_number()
  return dict:incr("count", 1, 0) or 0
end


local function store(key, number, at_s, head, body)
  return dict:set(key, format("%d %d %s\n%s", number, at_s, head, body))
end


local function load(key)
  local number, at_s, head, body = match(dict:get(key) or "",
                                         "^(%d+) (%-?%d+) ([^\n]*)\n(.*)$")
  if not number then
    return nil
  end

  return {
    number = tonumber(number),
    at_s = tonumber(at_s),
    head = head,
    body = body,
  }
end


local _M = {}


--- Keeps a document that was good.
-- @tparam string url
-- @tparam string body
-- @tparam string cache_control that header of the answer
-- @tparam number at_s when it came
-- @treturn[1] number the number of the fetch
-- @treturn[2] nil
-- @treturn[2] string why the others can't see it
function _M.keep(url, body, cache_control, at_s)
  local number = next_number()
  local done, err = store("good:" .. url, number, at_s, cache_control, body)

  return done and number, err
end


--- Keeps that a fetch failed.
-- @tparam string url
-- @tparam string why in one line
-- @tparam number at_s
-- @treturn number the number of the fetch
function _M.keep_failure(url, why, at_s)
  local number = next_number()
  store("failed:" .. url, number, at_s, why, "")

  return number
end


--- Answers what became of a URL since a fetch: the last good document, or else
-- how the last fetch failed.
-- @tparam string url
-- @tparam number since the number of the fetch that is known
-- @treturn[opt] table `number` and `at_s`; `body` and `cache_control` of a
-- document, or `failed`, why not
function _M.news(url, since)
  local good = load("good:" .. url)
  if good and good.number > since then
    good.cache_control = good.head

    return good
  end

  local failure = load("failed:" .. url)
  if failure and failure.number > since then
    failure.failed = failure.head

    return failure
  end
end


--- Adds to a number that all workers count together.
-- @tparam string name
-- @tparam number by
-- @treturn[opt] number what it came to; nil where there is no room for it
function _M.count(name, by)
  return (dict:incr("counted:" .. name, by, 0))
end


--- Answers what all workers counted.
-- @tparam string name
-- @treturn number
function _M.counted(name)
  return dict:get("counted:" .. name) or 0
end


--- Lets one worker alone fetch a URL.
-- @tparam string url
-- @treturn boolean whether it is this one, which says `unlock` in the end
function _M.lock(url)
  return (dict:add("lock:" .. url, true, LOCK_S))
end


--- Lets others fetch the URL.
-- @tparam string url
function _M.unlock(url)
  dict:delete("lock:" .. url)
end


return _M
