--- Who is asking, where it isn't the verifier that says it from the request's
-- token: the hook of whoever embeds the gate. Nothing else in a request is
-- believed.
-- @module kong.plugins.gatelaw.identity


local kong = kong
local error = error
local tostring = tostring


local _M = {}


--- Answers what the hook says of a request.
--
-- The hook answers nil for nobody, or what `policy:identity` of the library
-- takes. What it throws denies the request.
-- @tparam table loaded a policy in force, with a hook
-- @tparam table request
-- @treturn[opt] table an identity, for the gate
function _M.of(loaded, request)
  local who = loaded.identify(request)
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
-- @tparam table caller `issuer`, `id` and `roles`
function _M.tell_kong(caller)
  -- Two issuers may know two callers by one name.
  kong.client.authenticate(nil, {
    id = caller.issuer .. "/" .. caller.id,
    issuer = caller.issuer,
    subject = caller.id,
  })
  kong.ctx.shared.authenticated_groups = caller.roles
end


return _M
