--- The policy in force of one configuration: from a file, looked at again and
-- again, or from the configuration itself; and what judges tokens for it.
-- @module kong.plugins.gatelaw.policy


local keys = require("kong.plugins.gatelaw.keys")
local metrics = require("kong.plugins.gatelaw.metrics")


local kong = kong
local error = error
local find = string.find
local gsub = string.gsub
local huge = math.huge
local ipairs = ipairs
local match = string.match
local io_open = io.open
local pcall = pcall
local require = require
local setmetatable = setmetatable
local tostring = tostring
local type = type
local ngx_decode_base64 = ngx.decode_base64
local ngx_now = ngx.now
local null = ngx.null


-- After a policy couldn't be had, requests are denied for so long before it is
-- looked for again.
local RETRY_S = 1

-- What no Kong knows by itself: facts of the edge.
local LACKS = { "country", "asn", "bot_score", "tls_version" }


local policy_mt = {}
policy_mt.__index = policy_mt


local function read_file(path)
  local file, err = io_open(path, "rb")
  if not file then
    return nil, err
  end

  local bytes
  bytes, err = file:read("*a")
  file:close()
  if not bytes then
    return nil, path .. ": " .. tostring(err)
  end

  return bytes
end


local function bytes_of(self)
  if self.path then
    return read_file(self.path)
  end

  local bytes = ngx_decode_base64(self.artifact)
  if not bytes then
    return nil, "config.artifact is no base64"
  end

  return bytes
end


-- The key sets that the configuration has, in its order.
local function key_sets_of(self)
  local key_sets = {}
  for i, given in ipairs(self.keys) do
    local document, err = given.document, nil
    if given.path then
      document, err = read_file(given.path)
    end

    if not document then
      return nil, err
    end

    key_sets[i] = document
  end

  return key_sets
end


-- What `require` says first: behind it stand all the places it looked at.
local function required(name)
  local done, found = pcall(require, name)
  if not done then
    error("the Lua module `" .. name .. "` can't be loaded: "
          .. match(tostring(found), "^[^\n]*"), 0)
  end

  return found
end


-- The module is the operator's: it answers who asks.
local function hook_of(name)
  if not name then
    return nil
  end

  local found = required(name)
  local hook = type(found) == "table" and found.identify or found
  if type(hook) ~= "function" then
    error("config.identify: the module `" .. name .. "` answers no function, "
          .. "and no table with a function `identify`", 0)
  end

  return hook
end


-- Judges tokens by the keys that the configuration has, and by those that are
-- fetched of the issuers that it doesn't name.
local function verifier_of(self, policy, key_sets)
  local verifier, err = policy:verifier({ tokens_max = self.tokens_max })
  if not verifier then
    error(tostring(err), 0)
  end

  local before = self.in_force and self.in_force.verifier
  if before then
    verifier:adopt(before)
  end

  -- Before it counts anything of its own.
  metrics.tend(verifier, before)

  for i, given in ipairs(self.keys) do
    local done
    done, err = verifier:set_keys(given.issuer, key_sets[i])
    if not done then
      error("config.keys[" .. i .. "]: " .. tostring(err), 0)
    end
  end

  keys.tend(verifier)

  return verifier
end


local function load(self, bytes, key_sets)
  local gatelaw = required("gatelaw")
  local policy, err = gatelaw.load_unsigned(bytes, self.library)
  if not policy then
    error(tostring(err), 0)
  end

  local gate
  gate, err = policy:gate(self.options)
  if not gate then
    error(tostring(err), 0)
  end

  -- A policy without an issuer knows no identity. In names that stand in this
  -- text, quotation marks are escaped.
  local needs = policy:needs_json()
  local has_issuers = find(needs, '"tokens":true', 1, true)
  local hook = has_issuers and hook_of(self.identify) or nil

  return {
    policy = policy,
    digest = policy:digest(),
    gate = gate,
    identify = hook,
    verifier = has_issuers and not hook and verifier_of(self, policy, key_sets)
               or nil,
    finds_client = self.options.trusted ~= nil,
    -- A header of that name would do no more than have it read for nothing.
    reads_cert = find(needs, '"client_cert"', 1, true) ~= nil,
    takes_any_cert = self.takes_any_cert,
    read_certificate = gatelaw.certificate,
    library = self.library,
    traces = self.traces,
  }
end


-- Says what keeps the gate from its work, once for as long as it is the same.
local function tell(self, problem)
  -- One line, whoever's words it quotes.
  problem = problem and gsub(tostring(problem), "%s*\n%s*", " ")
  if self.problem == problem then
    return
  end

  self.problem = problem
  if problem then
    local kept = self.in_force
                 and self.in_force.digest .. " stays in force"
                 or "all requests are denied"
    kong.log.err("gatelaw has no policy from ", self.path or "config.artifact",
                 ": ", problem, "; ", kept)
  end
end


local function is_seen(self, bytes, key_sets)
  if bytes ~= self.seen then
    return false
  end

  for i, document in ipairs(key_sets) do
    if document ~= self.seen_key_sets[i] then
      return false
    end
  end

  return true
end


-- What is not set may be a null of Kong's.
local function set(value)
  if value ~= null then
    return value
  end
end


-- Copies the key sets that the configuration has; says, too, whether they may
-- change: those in files, and those that Kong has from a vault, and puts in
-- their places anew.
local function keys_of(conf)
  local given, may_change = {}, false
  for i, entry in ipairs(set(conf.keys) or {}) do
    given[i] = {
      issuer = entry.issuer,
      path = set(entry.path),
      document = set(entry.document),
    }
    may_change = may_change or given[i].path ~= nil or entry["$refs"] ~= nil
  end

  return given, may_change
end


local function look(self, conf)
  self.keys = keys_of(conf)
  local bytes, err = bytes_of(self)
  local key_sets
  if bytes then
    key_sets, err = key_sets_of(self)
  end

  if not key_sets then
    return tell(self, err)
  end

  if is_seen(self, bytes, key_sets) then
    return
  end

  local done, loaded = pcall(load, self, bytes, key_sets)
  if not done then
    return tell(self, loaded)
  end

  tell(self, nil)
  self.seen, self.seen_key_sets = bytes, key_sets
  -- One assignment: a request decides with the one that it found.
  self.in_force = loaded
  kong.log.notice("gatelaw decides by ", loaded.digest)
end


--- Answers what decides now, and sees to it that what may change is looked at
-- when it is time.
-- @tparam table conf as `new` had it
-- @treturn[opt] table `policy`, its `digest`, `gate`, and `verifier` or
-- `identify` where the policy has issuers; without one, deny
function policy_mt:loaded(conf)
  local now = ngx_now()
  local wait_s = self.in_force and self.check_s or RETRY_S
  if now >= self.asked_s + wait_s or now < self.asked_s then
    self.asked_s = now
    look(self, conf)
  end

  return self.in_force
end


local function options_of(conf)
  local options = { limits = set(conf.limits), lacks = LACKS }
  local trusted = set(conf.trusted)
  if trusted then
    options.client_header = set(conf.client_header)
    options.trusted = {}
    for i = 1, #trusted do
      options.trusted[i] = trusted[i]
    end
  end

  return options
end


local _M = {}


--- Reads a configuration. It copies what it needs, and keeps none of it; the
-- key sets it reads again when it looks.
-- @tparam table conf as the schema has it
-- @treturn table
function _M.new(conf)
  local path = set(conf.path)
  local _, may_change = keys_of(conf)

  return setmetatable({
    path = path,
    artifact = set(conf.artifact),
    -- All else of the configuration never changes: there is nothing to look at.
    check_s = (path or may_change) and set(conf.check_s) or huge,
    tokens_max = set(conf.tokens_max),
    takes_any_cert = conf.client_cert == "presented",
    traces = conf.trace ~= "pass" and set(conf.trace) or nil,
    library = set(conf.library),
    identify = set(conf.identify),
    options = options_of(conf),
    asked_s = -RETRY_S,
  }, policy_mt)
end


return _M
