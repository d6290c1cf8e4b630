--- What Kong knows of a request, in the form that a decision takes.
-- @module kong.plugins.gatelaw.received


local certificate = require("kong.plugins.gatelaw.certificate")


local kong = kong
local find = string.find
local match = string.match
local pairs = pairs
local sub = string.sub
local type = type
local ngx_var = ngx.var


-- One more than a request may have: the evaluator refuses those that do, and
-- what Kong cuts off is refused too.
local HEADER_LINES_MAX = 201
local VERSION_BYTES = #" HTTP/1.1"


-- How the lines of most requests end: LuaJIT compiles no pattern.
local VERSIONS = { [" HTTP/1.1"] = true, [" HTTP/1.0"] = true,
                   [" HTTP/2.0"] = true, [" HTTP/3.0"] = true }


-- The target as it came. `request_uri` lacks the origin of an absolute form,
-- which would be forwarded as if it had never been there.
local function target_of(line)
  -- nginx lets no method through in which there is white space.
  local space = line and find(line, " ", 1, true)
  if space and space > 1 and VERSIONS[sub(line, -VERSION_BYTES)] then
    return sub(line, space + 1, -VERSION_BYTES - 1)
  end

  return match(line or "", "^%S+ (.*) HTTP/%d[.%d]*$") or ""
end


-- Lines of one name stand in their order. Names are lower case here, so that
-- `X-Role` and `x-role` are one name, as everywhere.
local function lines_of(found)
  local headers, count = {}, 0
  for name, values in pairs(found) do
    if type(values) ~= "table" then
      values = { values }
    end

    for i = 1, #values do
      count = count + 1
      headers[count] = { name, values[i] }
    end
  end

  return headers
end


-- Apart from the reading of headers, which is a loop: so LuaJIT compiles it
-- whole.
local function request_of(loaded, found, cut)
  local has_hook = loaded.identify ~= nil

  return {
    method = kong.request.get_method(),
    scheme = kong.request.get_forwarded_scheme(),
    host = ngx_var.http_host or "",
    target = target_of(ngx_var.request),
    headers = has_hook and lines_of(found) or nil,
    headers_by_name = not has_hook and found or nil,
    headers_cut = cut ~= nil,
    peer = loaded.finds_client and kong.client.get_ip() or nil,
    ip = not loaded.finds_client and kong.client.get_forwarded_ip() or nil,
    facts = loaded.reads_cert and certificate.facts(loaded) or nil,
  }
end


local _M = {}


--- Takes the request apart as it was received: nothing is decoded or repaired.
-- @tparam table loaded a policy in force
-- @treturn table for the library; a hook, which reads it too, gets its headers
-- as lines
function _M.request(loaded)
  local found, cut = kong.request.get_headers(HEADER_LINES_MAX)

  return request_of(loaded, found, cut)
end


--- Lists the headers as they stand now, by lower-case name.
-- @treturn table
function _M.headers()
  return kong.request.get_headers(HEADER_LINES_MAX)
end


return _M
