--- What Kong knows of a request, in the form that a decision takes.
-- @module kong.plugins.gatelaw.received


local kong = kong
local match = string.match
local pairs = pairs
local type = type
local ngx_var = ngx.var


-- One more than a request may have: the evaluator refuses those that do, and
-- what Kong cuts off is refused too.
local HEADER_LINES_MAX = 201


-- The target as it came. `request_uri` lacks the origin of an absolute form,
-- which would be forwarded as if it had never been there.
local function target_of(line)
  return match(line or "", "^%S+ (.*) HTTP/%d[.%d]*$") or ""
end


-- Lines of one name stand in their order. Names are lower case here, so that
-- `X-Role` and `x-role` are one name, as everywhere.
local function headers_of(found)
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


local _M = {}


--- Takes the request apart as it was received: nothing is decoded or repaired.
-- @tparam table loaded a policy in force
-- @treturn table
function _M.request(loaded)
  local found, cut = kong.request.get_headers(HEADER_LINES_MAX)
  local request = {
    method = kong.request.get_method(),
    scheme = kong.request.get_forwarded_scheme(),
    host = ngx_var.http_host or "",
    target = target_of(ngx_var.request),
    headers = headers_of(found),
    headers_cut = cut ~= nil,
  }
  if loaded.finds_client then
    request.peer = kong.client.get_ip()
  else
    request.ip = kong.client.get_forwarded_ip()
  end

  return request
end


--- Lists the headers as they stand now, by lower-case name.
-- @treturn table
function _M.headers()
  return kong.request.get_headers(HEADER_LINES_MAX)
end


return _M
