--- Who is asking: from the token that the request carries, once the verifier
-- judged it; or from the hook of whoever embeds the gate. Nothing else in a
-- request is believed.
-- @module kong.plugins.gatelaw.identity


local kong = kong
local error = error
local tostring = tostring


local _M = {}


--- Answers what says who is asking: the verifier, or what the hook says.
--
-- The hook answers nil for nobody, or what `policy:identity` of the library
-- takes. What it throws denies the request.
-- @tparam table loaded a policy in force
-- @tparam table request
-- @treturn[opt] table the verifier or an identity, for the gate
function _M.of(loaded, request)
  if loaded.verifier then
    return loaded.verifier
  end

  local who = loaded.identify and loaded.identify(request)
  if not who then
    return nil
  end

  local identity, err = loaded.policy:identity(who)
  if not identity then
    error("config.identify answers what is no identity: " .. tostring(err), 0)
  end

  return identity
end


--- Tells Kong who was let in, so that its own plugins work behind this one.
-- @tparam[opt] table who what `of` answered, and the gate decided by last
function _M.tell_kong(who)
  local caller = who and who:caller()
  if not caller then
    return
  end

  -- Two issuers may know two callers by one name.
  kong.client.authenticate(nil, {
    id = caller.issuer .. "/" .. caller.id,
    issuer = caller.issuer,
    subject = caller.id,
  })
  kong.ctx.shared.authenticated_groups = caller.roles
end


return _M
