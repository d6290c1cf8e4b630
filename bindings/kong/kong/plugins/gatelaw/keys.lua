--- Sees to it that verifiers have keys: fetches what they name in the
-- background, once for all workers of a node.
--
-- When to fetch, and what a document is worth, the verifier says; here is only
-- how to get it.
-- @module kong.plugins.gatelaw.keys


local fetch = require("kong.plugins.gatelaw.fetch")
local semaphore = require("ngx.semaphore")
local shared = require("kong.plugins.gatelaw.shared")


local kong = kong
local error = error
local format = string.format
local floor = math.floor
local gsub = string.gsub
local pairs = pairs
local pcall = pcall
local setmetatable = setmetatable
local tostring = tostring
local ngx_now = ngx.now
local ngx_sleep = ngx.sleep
local ngx_time = ngx.time
local timer_at = ngx.timer.at
local timer_every = ngx.timer.every


local TICK_S = 1
-- How often a worker looks whether the one that fetches has ended, and when it
-- gives that one up.
local LOOK_S = 0.02
local LOOKS_MAX = floor(10 / LOOK_S)
-- Of a request, for keys: as long as one endpoint may take to answer.
local WAIT_MAX_S = 5
-- More requests than that don't wait for one issuer: each holds memory and a
-- connection.
local WAITING_MAX = 1000


-- By verifier, which is given up once its policy is.
-- INVARIANT: no value here holds its key, or neither would ever be freed.
local tended = setmetatable({}, { __mode = "k" })
local is_ticking = false


-- Fetches a document, or waits for another worker that does.
local function obtain(url, since)
  for _ = 1, LOOKS_MAX do
    local news = shared.news(url, since)
    if news then
      return news
    end

    if shared.lock(url) then
      -- Another worker may have ended between the two.
      news = shared.news(url, since)
      if news then
        shared.unlock(url)

        return news
      end

      local at_s = ngx_time()
      local answer, err = fetch.get(url)
      if not answer then
        return { failed = err, at_s = at_s, is_new = true }
      end

      return {
        body = answer.body,
        cache_control = answer.fields["cache-control"] or "",
        at_s = at_s,
        is_new = true,
      }
    end

    ngx_sleep(LOOK_S)
  end

  return { failed = "another worker doesn't end its fetch", at_s = ngx_time() }
end


-- Tells the other workers how it went, and lets go.
local function publish(url, found, failed)
  local number, err
  if failed then
    number = shared.keep_failure(url, failed, found.at_s)
  else
    number, err = shared.keep(url, found.body, found.cache_control, found.at_s)
    if not number then
      kong.log.warn("gatelaw: the shared dictionary takes no keys of ",
                    (gsub(url, "%?.*$", "?...")), ": ", err)
    end
  end

  shared.unlock(url)

  return number
end


-- Gives a verifier a document that was asked for, and answers what failed and
-- what to fetch behind it.
local function give(verifier, wanted, found)
  if found.failed then
    verifier:failed(wanted.issuer, found.at_s)

    return found.failed
  end

  local done, next_wanted = verifier:fetched(wanted.issuer, found.body,
                                             found.cache_control, found.at_s)
  if not done then
    return tostring(next_wanted)
  end

  return nil, next_wanted
end


-- Takes one document, and answers what failed and what to fetch behind it.
local function take(verifier, state, wanted, is_current)
  local url = wanted.url
  local found = obtain(url, state.numbers[url] or 0)
  local is_wanted = is_current()
  local failed, next_wanted = found.failed, nil
  if is_wanted then
    failed, next_wanted = give(verifier, wanted, found)
  end

  -- Answers of endpoints aren't quoted; what is told is one line anyway.
  failed = failed and gsub(failed, "%s+", " ")
  local number = found.is_new and publish(url, found, failed) or found.number
  -- A fetch that was given up leaves the document to the one after it.
  if is_wanted then
    state.numbers[url] = number or state.numbers[url]
  end

  return failed, next_wanted
end


-- Says what keeps an issuer's keys from being had, once for as long as it is
-- the same.
local function tell(state, wanted, problem)
  if state.problems[wanted.issuer] == problem then
    return
  end

  state.problems[wanted.issuer] = problem
  if problem then
    -- A query of a URL may be a secret.
    kong.log.err("gatelaw has no new keys of the issuer ", wanted.issuer,
                 " from ", (gsub(wanted.url, "%?.*$", "?...")), ": ", problem)
  else
    kong.log.notice("gatelaw has keys of the issuer ", wanted.issuer)
  end
end


local function follow(verifier, state, wanted, is_current)
  repeat
    local failed, next_wanted = take(verifier, state, wanted, is_current)
    if not is_current() then
      return
    end

    if failed or not next_wanted then
      tell(state, wanted, failed)
    end

    wanted = next_wanted
  until not wanted
end


-- What is known of an issuer's fetches: how many are under way, which is the
-- last that was begun, and who waits. A fetch that takes too long, by a clock
-- that may have jumped, is given up, and another one begins: what the first
-- gets then is not what the verifier waits for.
local function fetches_of(state, issuer)
  local fetches = state.fetches[issuer]
  if not fetches then
    fetches = { count = 0, last = 0, waiting = 0, semaphore = semaphore.new() }
    state.fetches[issuer] = fetches
  end

  return fetches
end


local function end_fetch(fetches)
  fetches.count = fetches.count - 1
  if fetches.count == 0 and fetches.waiting > 0 then
    fetches.semaphore:post(fetches.waiting)
  end
end


-- In a timer: nobody's request waits for what it does here, unless it says so.
local function fetch_keys(premature, verifier, state, wanted, turn)
  local fetches = fetches_of(state, wanted.issuer)
  if not premature then
    local function is_current()
      return fetches.last == turn
    end

    local done, err = pcall(follow, verifier, state, wanted, is_current)
    if not done then
      kong.log.err("gatelaw can't fetch keys: ", tostring(err))
      if is_current() then
        verifier:failed(wanted.issuer)
      end
    end
  end

  end_fetch(fetches)
end


-- Begins all fetches that are due.
local function begin(verifier, state)
  while true do
    local wanted, err = verifier:next_fetch()
    if err then
      error(tostring(err), 0)
    end

    if not wanted then
      return
    end

    local fetches = fetches_of(state, wanted.issuer)
    fetches.count = fetches.count + 1
    fetches.last = fetches.last + 1
    local started
    started, err = timer_at(0, fetch_keys, verifier, state, wanted,
                            fetches.last)
    if not started then
      verifier:failed(wanted.issuer)
      end_fetch(fetches)
      kong.log.err("gatelaw can't fetch keys: ", err)
    end
  end
end


local function tick(premature)
  if premature then
    return
  end

  for verifier, state in pairs(tended) do
    local done, err = pcall(begin, verifier, state)
    if not done then
      kong.log.err("gatelaw can't fetch keys: ", err)
    end
  end
end


local _M = {}


--- Fetches a verifier's keys from now on, for as long as somebody holds it.
-- @tparam table verifier
function _M.tend(verifier)
  local state = {
    -- By issuer: a slow one holds nobody who waits for another, and those who
    -- wait for it keep nobody from that.
    fetches = {},
    -- By URL, the fetch that this verifier knows; by issuer, what was told.
    numbers = {},
    problems = {},
  }
  tended[verifier] = state
  if not is_ticking then
    local started, err = timer_every(TICK_S, tick)
    if not started then
      error(format("keys can't be fetched: %s", err), 0)
    end

    is_ticking = true
  end

  begin(verifier, state)
end


--- Waits for the keys of an issuer that a request lacks, if they are being
-- fetched or can be.
-- @tparam table verifier
-- @tparam string issuer its name in the policy
-- @treturn boolean whether there may be news: ask again
function _M.wait(verifier, issuer)
  local state = tended[verifier]
  if not state then
    return false
  end

  begin(verifier, state)
  local fetches = fetches_of(state, issuer)
  if fetches.count == 0 or fetches.waiting >= WAITING_MAX then
    return false
  end

  -- What it was answered until now counts for nothing.
  verifier:waits()
  fetches.waiting = fetches.waiting + 1
  fetches.semaphore:wait(WAIT_MAX_S)
  fetches.waiting = fetches.waiting - 1

  return true
end


return _M
