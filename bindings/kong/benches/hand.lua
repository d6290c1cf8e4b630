-- What somebody would write in Lua for the one policy of the benches: a table
-- by place, tables of networks, roles and scopes.
-- It reads no request that isn't canonical, refuses nothing, and gives no
-- reasons. Its statuses are held to gatelaw's.


local find = string.find
local sub = string.sub


local function set(list)
  local members = {}
  for _, member in ipairs(list) do
    members[member] = true
  end
  return members
end


-- Makes a matcher of what `gatelaw-benches runtimes` writes.
return function(workload)
  local burned, embargoed = set(workload.burned), set(workload.embargoed)
  local includes, places = workload.roles, {}
  for _, rule in ipairs(workload.rules) do
    local known = places[rule.place] or {}
    rule.methods = set(rule.methods)
    known[#known + 1] = rule
    places[rule.place] = known
  end

  local matcher = {}

  -- Reduces claims to what is compared, as a host can do once a token.
  function matcher.prepare(claims)
    local roles = {}
    for _, name in ipairs(claims.groups) do
      for _, role in ipairs(includes[name] or {}) do
        roles[role] = true
      end
    end

    return {
      roles = roles,
      scopes = set(claims.scp),
      tenant = claims.org_id,
      mfa = claims.mfa == true,
      suspended = claims.status == "suspended",
    }
  end


  function matcher.decide(request, caller)
    local ip = request.ip
    local _, dot = find(ip, "^%d+%.%d+%.%d+")
    if burned[sub(ip, 1, dot)] then
      return 403
    end

    if embargoed[request.facts.country] then
      return 451
    end

    if not caller then
      return 401
    end

    if caller.suspended then
      return 403
    end

    local target = request.target
    local query = find(target, "?", 1, true)
    local first = find(target, "/", 2, true)
    local second = find(target, "/", first + 1, true)
    local third = find(target, "/", second + 1, true)
    local rules = places[sub(target, 2, third - 1)]
    if not rules then
      return 403
    end

    local rest = sub(target, third + 1, query and query - 1)
    local method, is_deep = request.method, find(rest, "/", 1, true)
    for i = 1, #rules do
      local rule = rules[i]
      if rule.methods[method]
         and not (rule.single and is_deep)
         and caller.roles[rule.role]
         and caller.scopes[rule.scope]
         and (not rule.network or find(ip, rule.network, 1, true) == 1)
         and (caller.mfa or not rule.mfa)
         and (not rule.tenant or rest == caller.tenant)
      then
        return 200
      end
    end

    return 403
  end

  return matcher
end
