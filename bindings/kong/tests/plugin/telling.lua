--- The plugin, with a word on the side: each decision as a line, in a file.


local gatelaw = require("gatelaw")
local pdk = require("pdk")


local load_unsigned = gatelaw.load_unsigned


local function tell(gate)
  local serve = gate.serve
  gate.serve = function(...)
    local served, err, trace = serve(...)
    pdk.append(pdk.settings.log .. ".lines", gate:decision_json() or "")
    return served, err, trace
  end

  return gate
end


function gatelaw.load_unsigned(...)
  local policy, err = load_unsigned(...)
  if not policy then
    return nil, err
  end

  local gate_of = policy.gate
  policy.gate = function(...)
    local gate, problem = gate_of(...)
    return gate and tell(gate), problem
  end

  return policy
end


return require("kong.plugins.gatelaw.handler")
