--- The trace that a request belongs to, before the gate is asked: what a hook
-- throws is recorded with its trace.
-- @module kong.plugins.gatelaw.trace


local error = error
local ipairs = ipairs
local tostring = tostring


-- By lower-case name, as requests have them.
local CARRIES = { traceparent = true, tracestate = true }


local function lines_of(request)
  local lines = {}
  for _, line in ipairs(request.headers) do
    if CARRIES[line[1]] then
      lines[#lines + 1] = line
    end
  end

  return lines
end


local _M = {}


--- Takes the place of a request in its trace.
-- @tparam table loaded a policy in force
-- @tparam table request
-- @tparam string request_id random: the ids of a new trace are made of it
-- @treturn[opt] table `id`, `span`, `caller`, `traceparent`, `tracestate`; none
-- where traces are left to others
function _M.of(loaded, request, request_id)
  if not loaded.traces then
    return nil
  end

  local trace, err = loaded.gate:trace(lines_of(request), request_id,
                                       loaded.traces == "continue")
  if not trace then
    error(tostring(err), 0)
  end

  return trace
end


return _M
