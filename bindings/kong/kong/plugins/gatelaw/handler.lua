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


-- Asks the gate. A key that is new, or a gate that has just begun: nobody is
-- turned away for that, if it can be had now.
local function serve(loaded, request, request_id, handled)
  local who, traces = loaded.verifier, loaded.traces
  if loaded.identify then
    handled.trace, traces = trace.of(loaded, request, request_id), nil
    who = identity.of(loaded, request)
  end

  local gate = loaded.gate
  local served, err, taken = gate:serve(request, request_id, who, traces)
  local issuer = served and served.keys_wanted
  if issuer and keys.wait(who, issuer) then
    served, err, taken = gate:serve(request, request_id, who, traces)
  end

  handled.trace = handled.trace or taken or served and served.trace

  return served, err
end


-- Answers what the request is answered with here; none where it goes on.
local function judge(conf, request_id, handled)
  local loaded = policy_of(conf):loaded(conf)
  if not loaded then
    return forward.unavailable("policy", request_id)
  end

  local request = received.request(loaded)
  handled.request = request
  local served, err = serve(loaded, request, request_id, handled)
  if not served then
    kong.log.err("gatelaw denies ", request_id, ": ", tostring(err))
    return forward.unavailable("error", request_id)
  end

  handled.served, handled.policy = served, loaded.digest
  if served.answer then
    return served.answer
  end

  local routed, why = forward.apply(served.forward, request, handled.trace)
  if not routed then
    kong.log.err("gatelaw denies ", request_id, ": ", why)
    return forward.unavailable("routed", request_id)
  end

  if served.caller then
    identity.tell_kong(served.caller)
  end
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
    policies[conf]:loaded(conf)
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
