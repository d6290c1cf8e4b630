--- gatelaw as a plugin of Kong: decides each request by a compiled policy, and
-- forwards what is allowed in the canonical form that was judged.
--
-- Whatever goes wrong, the request is denied: nothing here falls through.
-- @module kong.plugins.gatelaw.handler


local forward = require("kong.plugins.gatelaw.forward")
local identity = require("kong.plugins.gatelaw.identity")
local keys = require("kong.plugins.gatelaw.keys")
local policy = require("kong.plugins.gatelaw.policy")
local received = require("kong.plugins.gatelaw.received")
local record = require("kong.plugins.gatelaw.record")
local trace = require("kong.plugins.gatelaw.trace")


local kong = kong
local ipairs = ipairs
local pcall = pcall
local setmetatable = setmetatable
local tostring = tostring
local ngx_var = ngx.var


local REQUEST_ID = "x-request-id"


-- By configuration: a policy is freed once Kong drops the configuration.
-- INVARIANT: no value here holds its key, or neither would ever be freed.
local policies = setmetatable({}, { __mode = "k" })


local function policy_of(conf)
  local found = policies[conf]
  if not found then
    found = policy.new(conf)
    policies[conf] = found
  end

  return found
end


-- Answers what to do with a request: `forward` and `decision`, or `answer` and
-- `decision`.
local function judge(conf, request_id, handled)
  local loaded = policy_of(conf):loaded()
  if not loaded then
    return forward.unavailable("policy", request_id)
  end

  local request = received.request(loaded)
  handled.request = request
  handled.trace = trace.of(loaded, request, request_id)
  local who = identity.of(loaded, request)
  local gate = loaded.gate
  local handling, decision = gate:handle(request, request_id, who)
  -- A key that is new, or a gate that has just begun: nobody is turned away for
  -- that, if it can be had now.
  if handling and decision.keys_wanted and keys.wait(who) then
    handling, decision = gate:handle(request, request_id, who)
  end

  if not handling then
    kong.log.err("gatelaw denies ", request_id, ": ", tostring(decision))
    return forward.unavailable("error", request_id)
  end

  handled.decision = decision
  if handling.answer then
    return handling.answer
  end

  local routed, why = forward.apply(handling.forward, request.target,
                                     handled.trace)
  if not routed then
    kong.log.err("gatelaw denies ", request_id, ": ", why)
    return forward.unavailable("routed", request_id)
  end

  identity.tell_kong(who)
end


local Gatelaw = {
  VERSION = "0.1.0",
  -- Before every plugin that authenticates (the first is `session`, 1900): the
  -- headers that those set are no client's, and what is refused here costs
  -- them nothing. Behind `cors` (2000), whose preflights carry no token.
  PRIORITY = 1950,
}


--- Loads the policy of each configuration, before a request needs it.
function Gatelaw:configure(configs)
  for _, conf in ipairs(configs or {}) do
    policies[conf] = policy.new(conf)
    policies[conf]:loaded()
  end
end


--- Decides the request, and sends it on as it was judged, or answers it.
function Gatelaw:access(conf)
  local request_id = ngx_var.request_id
  local handled = { request_id = request_id }
  kong.ctx.plugin.handled = handled

  local done, answer = pcall(judge, conf, request_id, handled)
  if not done then
    kong.log.err("gatelaw denies ", request_id, ": ", tostring(answer))
    answer = forward.unavailable("error", request_id)
  end

  handled.answer = answer
  if answer then
    return forward.exit(answer)
  end
end


--- Puts the correlation id on what the upstream answered.
function Gatelaw:header_filter()
  local handled = kong.ctx.plugin.handled
  if handled then
    kong.response.set_header(REQUEST_ID, handled.request_id)
  end
end


--- Gives the decision to the plugins that log.
function Gatelaw:log()
  local handled = kong.ctx.plugin.handled
  if handled then
    kong.log.set_serialize_value("gatelaw", record.of(handled))
  end
end


return Gatelaw
