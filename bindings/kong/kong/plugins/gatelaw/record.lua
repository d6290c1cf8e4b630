--- What Kong's logs get of a decision, in as much detail as the policy asks
-- for. Values that a policy sets are never recorded.
-- @module kong.plugins.gatelaw.record


local ipairs = ipairs


-- An empty list would be written as an empty object.
local function filled(list)
  return list[1] and list or nil
end


local function names_of(headers)
  local names = {}
  for i, header in ipairs(headers) do
    names[i] = header[1]
  end

  return filled(names)
end


-- What ties this record to those of other gates and of the upstream.
local function trace_of(trace)
  return trace and { id = trace.id, span = trace.span, caller = trace.caller }
end


local function add_request(record, request, decision)
  record.scheme = request.scheme
  record.method = request.method
  record.host = request.host
  record.target = decision.target
  record.set = names_of(decision.set)
  record.remove = filled(decision.remove)
end


local _M = {}


--- Makes the record of a request.
-- @tparam table handled what the phases before kept
-- @treturn[opt] table none where the policy says `level none`
function _M.of(handled)
  local served, answer = handled.served, handled.answer
  if answer and answer.reason then
    return {
      request_id = handled.request_id,
      trace = trace_of(handled.trace),
      effect = "deny",
      status = answer.status,
      reason = answer.reason,
      policy = served and handled.policy,
    }
  end

  if not served or served.audit == "none" then
    return nil
  end

  local record = {
    request_id = handled.request_id,
    trace = trace_of(handled.trace),
    effect = served.effect,
    status = served.status,
    reason = served.reason,
    rule = served.rule,
    observed = served.observed,
    keep = served.keep,
    limits = served.limits,
    policy = handled.policy,
  }
  if served.decision then
    add_request(record, handled.request, served.decision)
  end

  return record
end


return _M
