--- What leaves the gate: the request that goes on, or the answer.
-- @module kong.plugins.gatelaw.forward


local received = require("kong.plugins.gatelaw.received")


local kong = kong
local byte = string.byte
local find = string.find
local format = string.format
local gsub = string.gsub
local ipairs = ipairs
local rawget = rawget
local sub = string.sub
local ngx_var = ngx.var


local SLASH = byte("/")
-- What Kong escapes when it writes a path.
local ESCAPED = "[^!#$&'()*+,/:;=?@%[\\%]A-Za-z0-9%-_.~%%]"


local function percent(char)
  return format("%%%02X", byte(char))
end


local function escape(path)
  return (gsub(path, ESCAPED, percent))
end


-- Whether Kong has found the route by the judged path. Where the path came as
-- it was judged, nothing in it is anything else to Kong: dot segments were
-- refused, empty ones too or merged, and escapes are looked for here.
local function is_routed_by(path, came)
  if came == path and not find(path, "%", 1, true) then
    return true
  end

  return escape(kong.request.get_path()) == path
end


local function split(target)
  local mark = find(target, "?", 1, true)
  if not mark then
    return target
  end

  return sub(target, 1, mark - 1), sub(target, mark + 1)
end


-- Whether `written`, Kong's path to the upstream, is the judged path behind the
-- path of the service, whole or without the segments that the route strips.
local function is_rewritten(written, path, base, strips)
  if byte(base, -1) == SLASH then
    base = sub(base, 1, -2)
  end

  -- Kong takes dots away that stripping lays bare: `/a..` behind `/a` is `/`.
  if sub(written, 1, #base) ~= base
     or (strips and find(path .. "/", "./", 1, true))
  then
    return false
  end

  local rest = sub(written, #base + 1)
  if rest == "" or rest == "/" then
    return strips or path == "/"
  end

  return byte(rest) == SLASH and sub(path, -#rest) == rest
end


-- Sees to it that Kong sends the judged path, as its route and service rewrite
-- it.
local function set_path(path, came)
  if not is_routed_by(path, came) then
    return nil, "Kong chose the route by another spelling of the path"
  end

  if ngx_var.upstream_uri == path then
    return true
  end

  local route, service = kong.router.get_route(), kong.router.get_service()
  local strips = route and route.strip_path
  local base = service and service.path or "/"
  if not strips and base == "/" then
    kong.service.request.set_path(path)
    return ngx_var.upstream_uri == path, "Kong writes the path in another way"
  end

  return is_rewritten(ngx_var.upstream_uri, path, base, strips),
         "the route's strip_path, or the service's path, cuts through a segment"
end


local function set_query(query)
  if (ngx_var.args or "") == (query or "") then
    return true
  end

  kong.service.request.set_raw_query(query or "")
  return (ngx_var.args or "") == (query or ""),
         "Kong writes the query in another way"
end


-- A header is cleared by its own spelling: another one stays.
local function drop(names)
  if not names then
    return true
  end

  for _, name in ipairs(names) do
    kong.service.request.clear_header(name)
  end

  local left = received.headers()
  for _, name in ipairs(names) do
    if left[name] then
      return nil, "Kong doesn't remove the header " .. name
    end
  end

  return true
end


-- Before what the policy sets, which may be these headers too.
local function set_trace(trace, request)
  kong.service.request.set_header("traceparent", trace.traceparent)
  if trace.tracestate then
    kong.service.request.set_header("tracestate", trace.tracestate)
  elseif not request.headers_by_name
         or rawget(request.headers_by_name, "tracestate")
  then
    kong.service.request.clear_header("tracestate")
  end
end


local function set_header(header)
  if header then
    kong.service.request.set_header(header[1], header[2])
  end
end


-- LuaJIT compiles no function whole in which a loop runs once or twice, as it
-- does for most policies.
local function set_headers(headers)
  set_header(headers[1])
  set_header(headers[2])
  if not headers[3] then
    return
  end

  for i = 3, #headers do
    set_header(headers[i])
  end
end


local function is_grpc()
  local service = kong.router.get_service()
  local protocol = service and service.protocol
  return protocol == "grpc" or protocol == "grpcs"
end


local _M = {}


--- Changes the request that goes on to what was judged.
-- @tparam table onward `target`, `drop` where there is any, and `set`
-- @tparam table request as it came
-- @tparam[opt] table trace the request's place in its trace
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string why Kong would send something else: deny
function _M.apply(onward, request, trace)
  local came = request.target
  -- nginx sends gRPC to the path that came, whatever is set.
  if came ~= onward.target and is_grpc() then
    return nil, "a gRPC service gets the path as it came"
  end

  local path, query = split(onward.target)
  local ok, err = set_path(path, (split(came)))
  if ok then
    ok, err = set_query(query)
  end

  if ok then
    ok, err = drop(onward.drop)
  end

  if not ok then
    return nil, err
  end

  if trace then
    set_trace(trace, request)
  end

  set_headers(onward.set)

  return true
end


--- Makes the answer of a gate that can't decide: 503, with the reason
-- `gate:CODE`. The library may be what is missing: this needs none of it.
-- @tparam string code
-- @tparam string request_id
-- @treturn table `status`, `headers` and `body`
function _M.unavailable(code, request_id)
  return {
    status = 503,
    reason = "gate:" .. code,
    headers = {
      { "cache-control", "no-store" },
      { "content-type", "application/problem+json" },
      { "x-request-id", request_id },
    },
    body = format('{"type":"about:blank","title":"Service Unavailable",'
                  .. '"status":503,"detail":"the gate can\'t decide now",'
                  .. '"reason":"gate:%s","request_id":"%s"}', code, request_id),
  }
end


--- Answers the request here.
-- @tparam table answer
function _M.exit(answer)
  local headers = {}
  for _, header in ipairs(answer.headers) do
    headers[header[1]] = header[2]
  end

  return kong.response.exit(answer.status, answer.body, headers)
end


return _M
