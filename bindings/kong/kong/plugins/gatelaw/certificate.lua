--- The client's certificate, for policies that read it, and for tokens that are
-- bound to one (RFC 8705).
-- @module kong.plugins.gatelaw.certificate


local kong = kong
local error = error
local tostring = tostring
local ngx_var = ngx.var


-- Clients keep their connections, and their certificates: reading one again for
-- each request would cost more than the decision. Two generations of so many.
local KNOWN_MAX = 1000
local young, old, count = {}, {}, 0


local function fingerprint_of(chain, loaded)
  local known = young[chain]
  if known then
    return known
  end

  local err
  known = old[chain]
  if not known then
    known, err = loaded.read_certificate(chain, loaded.library)
  end

  if not known then
    error("the client's certificate can't be read: " .. tostring(err), 0)
  end

  if count >= KNOWN_MAX then
    young, old, count = {}, young, 0
  end

  young[chain] = known
  count = count + 1

  return known
end


local _M = {}


--- Answers the fact `client_cert`, where the client has shown a certificate that
-- counts: one that was verified, unless the configuration takes every one whose
-- key the client has.
-- @tparam table loaded a policy in force
-- @treturn[opt] table
function _M.facts(loaded)
  if not loaded.takes_any_cert and ngx_var.ssl_client_verify ~= "SUCCESS" then
    return nil
  end

  local chain = kong.client.tls.get_full_client_certificate_chain()
  if not chain then
    return nil
  end

  return { client_cert = fingerprint_of(chain, loaded) }
end


return _M
