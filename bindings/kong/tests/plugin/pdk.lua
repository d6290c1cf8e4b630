--- A stand-in for Kong, so that the plugin runs in a plain nginx: the part of the
-- public PDK (3.4 to 3.9) that the plugin asks for, as it is documented, and as
-- much of a router and a proxy as it takes to ask.
--
-- Errors of type and phase are Kong's too: a call that Kong refuses fails here.


local error = error
local floor = math.floor
local ipairs = ipairs
local open = io.open
local pairs = pairs
local pcall = pcall
local setmetatable = setmetatable
local tostring = tostring
local type = type
local concat = table.concat
local get_phase = ngx.get_phase
local req = ngx.req
local var = ngx.var


local HEADERS_DEFAULT = 100
local HEADERS_MAX = 1000
local STATUS_MIN, STATUS_MAX = 100, 599

-- Characters that mean something in a path: their escapes are kept.
local RESERVED = "[!*'();:@&=+$,/?%%#%[%]]"


local function set(...)
  local members = {}
  for _, name in ipairs({ ... }) do
    members[name] = true
  end

  return members
end


local PHASES = {
  request = set("rewrite", "access", "header_filter", "log"),
  route = set("access", "header_filter", "log"),
  change = set("rewrite", "access"),
  answer = set("rewrite", "access", "header_filter"),
  -- Kong's Admin and Status API answer from here.
  exit = set("rewrite", "access", "content"),
  access = set("access"),
}


-- As Kong's: no more than a look, for LuaJIT to compile what calls it.
local function check_phase(allowed)
  local phase = get_phase()
  if not allowed[phase] then
    error("function cannot be called in " .. phase .. " phase", 3)
  end
end


local NUMBER, STRING = set("number"), set("string")
local VALUE = set("string", "number", "boolean")
local STRING_OR_NONE, TABLE_OR_NONE = set("string", "nil"), set("table", "nil")


local function check_type(name, value, allowed)
  if allowed[type(value)] then
    return
  end

  local kinds = {}
  for kind in pairs(allowed) do
    kinds[#kinds + 1] = kind
  end

  error(name .. " must be a " .. concat(kinds, " or "), 3)
end


-- RFC 3986 §6, as Kong does it: escapes of reserved characters stay, all others
-- are decoded; dot segments are resolved, and slashes merged.
local function normalize(path)
  path = path:gsub("%%(%x%x)", function(hex)
    local char = string.char(tonumber(hex, 16))
    return char:find(RESERVED) and "%" .. hex:upper() or char
  end)

  local segments, ends = {}, ""
  for segment in path:gmatch("[^/]+") do
    if segment == ".." then
      segments[#segments] = nil
    elseif segment ~= "." then
      segments[#segments + 1] = segment
    end
  end

  if path:find("/%.?%.?$") and segments[1] then
    ends = "/"
  end

  return "/" .. concat(segments, "/") .. ends
end


local function escape(path)
  return (path:gsub("[^!#$&'()*+,/:;=?@%[\\%]A-Za-z0-9%-_.~%%]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end


local request = {}


function request.get_method()
  check_phase(PHASES.request)
  return req.get_method()
end


function request.get_scheme()
  check_phase(PHASES.request)
  return var.scheme
end


-- No address is trusted here.
request.get_forwarded_scheme = request.get_scheme


function request.get_raw_path()
  check_phase(PHASES.request)
  local mark = var.request_uri:find("?", 2, true)
  return mark and var.request_uri:sub(1, mark - 1) or var.request_uri
end


function request.get_path()
  return normalize(request.get_raw_path())
end


function request.get_headers(max)
  check_phase(PHASES.request)
  max = max or HEADERS_DEFAULT
  check_type("max_headers", max, NUMBER)
  if max < 1 or max > HEADERS_MAX then
    error("max_headers must be between 1 and " .. HEADERS_MAX, 2)
  end

  return req.get_headers(max)
end


local client = {}


function client.get_ip()
  check_phase(PHASES.request)
  return var.realip_remote_addr or var.remote_addr
end


function client.get_forwarded_ip()
  check_phase(PHASES.request)
  return var.remote_addr
end


function client.authenticate(consumer, credential)
  check_phase(PHASES.access)
  check_type("consumer", consumer, TABLE_OR_NONE)
  check_type("credential", credential, TABLE_OR_NONE)
  if consumer == nil and credential == nil then
    error("either credential or consumer must be provided", 2)
  end

  ngx.ctx.authenticated_consumer = consumer
  ngx.ctx.authenticated_credential = credential
end


function client.get_credential()
  check_phase(PHASES.route)
  return ngx.ctx.authenticated_credential
end


client.tls = {}


-- Of the chain a plain nginx tells the first alone, which is the client's own.
function client.tls.get_full_client_certificate_chain()
  check_phase(PHASES.request)
  if var.https ~= "on" then
    return nil, "connection is not TLS or TLS support for Nginx not enabled"
  end

  local chain = var.ssl_client_raw_cert
  return chain ~= "" and chain or nil
end


local service_request = {}


function service_request.set_path(path)
  check_phase(PHASES.change)
  check_type("path", path, STRING)
  if path:sub(1, 1) ~= "/" then
    error("path must start with /", 2)
  end

  var.upstream_uri = escape(path)
end


function service_request.set_raw_query(query)
  check_phase(PHASES.change)
  check_type("query", query, STRING)
  req.set_uri_args(query)
end


function service_request.set_header(name, value)
  check_phase(PHASES.change)
  check_type("header", name, STRING)
  check_type("value", value, VALUE)
  req.set_header(name, value == "" and " " or tostring(value))
end


function service_request.clear_header(name)
  check_phase(PHASES.change)
  check_type("header", name, STRING)
  req.clear_header(name)
end


local router = {}


function router.get_route()
  check_phase(PHASES.route)
  return ngx.ctx.route
end


function router.get_service()
  check_phase(PHASES.route)
  return ngx.ctx.service
end


local response = {}


function response.set_header(name, value)
  check_phase(PHASES.answer)
  check_type("name", name, STRING)
  check_type("value", value, VALUE)
  ngx.header[name] = value == "" and " " or tostring(value)
end


function response.exit(status, body, headers)
  check_phase(PHASES.exit)
  check_type("code", status, NUMBER)
  check_type("body", body, STRING_OR_NONE)
  check_type("headers", headers, TABLE_OR_NONE)
  if status < STATUS_MIN or status > STATUS_MAX then
    error("code must be between " .. STATUS_MIN .. " and " .. STATUS_MAX, 2)
  end

  ngx.status = status
  for name, value in pairs(headers or {}) do
    check_type("value", value, VALUE)
    ngx.header[name] = value == "" and " " or tostring(value)
  end

  ngx.header["content-length"] = #(body or "")
  if body then
    ngx.print(body)
  end

  return ngx.exit(status)
end


local log = {}


for _, level in ipairs({ "err", "warn", "notice" }) do
  log[level] = function(...)
    ngx.log(ngx[level:upper()], "[gatelaw] ", ...)
  end
end


function log.set_serialize_value(key, value)
  check_type("key", key, STRING)
  local values = ngx.ctx.serialize_values or {}
  values[key] = value
  ngx.ctx.serialize_values = values
end


-- One table a request for all, and one for each plugin, of which there is one.
local ctx = setmetatable({}, {
  __index = function(_, name)
    local tables = ngx.ctx.kong_tables or { plugin = {}, shared = {} }
    ngx.ctx.kong_tables = tables
    return tables[name]
  end,
})


-- What `kong.log.serialize` is for: a line of JSON in a file.
local function json(value)
  if type(value) == "number" then
    return value == floor(value) and ("%d"):format(value) or tostring(value)
  end

  if type(value) ~= "table" then
    local text = tostring(value)
    return type(value) == "string"
           and '"' .. text:gsub('[%c"\\]', function(char)
             return ("\\u%04x"):format(char:byte())
           end) .. '"'
           or text
  end

  local members = {}
  if value[1] ~= nil then
    for i, member in ipairs(value) do
      members[i] = json(member)
    end

    return "[" .. concat(members, ",") .. "]"
  end

  for name, member in pairs(value) do
    members[#members + 1] = json(tostring(name)) .. ":" .. json(member)
  end

  return "{" .. concat(members, ",") .. "}"
end


local function append(path, line)
  local file = open(path, "a")
  file:write(line, "\n")
  file:close()
end


local pdk = {
  request = request,
  client = client,
  service = { request = service_request },
  router = router,
  response = response,
  log = log,
  ctx = ctx,
}


local _M = { append = append, json = json, normalize = normalize }


-- A clock that a test moves: seconds, in a file.
local function move_time(path)
  local time = ngx.time
  ngx.time = function()
    local file = open(path)
    if not file then
      return time()
    end

    local offset_s = file:read("*n")
    file:close()

    return time() + offset_s
  end
end


--- Runs a plugin.
-- @tparam table settings `handler`, its name; `conf`; `route` and `service`, as
-- Kong has them; `log`, the file for what loggers get; `clock`, the file that
-- moves the time
function _M.run(settings)
  _G.kong = pdk
  if settings.clock then
    move_time(settings.clock)
  end

  _M.settings = settings
  _M.handler = require(settings.handler)
end


--- As Kong does when a worker starts.
function _M.init_worker()
  local handler = _M.handler
  local done, err = pcall(handler.configure, handler, { _M.settings.conf })
  if not done then
    log.err("failed to execute plugin: ", err)
  end
end


-- Kong's way of path_handling v0.
local function upstream_path(path, route, service)
  local base = service.path or "/"
  local rest = path
  if route.strip_path then
    rest = path:sub(#route.paths[1] + 1):gsub("^%.%.?/", ""):gsub("^%.%.?$", "")
  end

  if rest == "" or (rest == "/" and base ~= "/") then
    return base
  end

  return base:gsub("/$", "") .. "/" .. rest:gsub("^/", "")
end


--- As Kong does in the access phase: it finds the route, runs the plugin, and
-- finishes the path to the upstream.
function _M.access()
  local settings = _M.settings
  local path = request.get_path()
  ngx.ctx.route, ngx.ctx.service = settings.route, settings.service
  var.upstream_scheme = "http"
  var.upstream_uri = escape(upstream_path(path, settings.route,
                                          settings.service))

  local done, err = pcall(_M.handler.access, _M.handler, settings.conf)
  if not done then
    log.err("failed to execute plugin: ", err)
    return response.exit(500, "An unexpected error occurred")
  end

  if var.request_uri:sub(-1) == "?" or var.is_args == "?" then
    var.upstream_uri = var.upstream_uri .. "?" .. (var.args or "")
  end
end


--- As Kong does once the headers of the answer are there.
function _M.header_filter()
  _M.handler:header_filter(_M.settings.conf)
end


--- As Kong does last: a logger behind the plugin gets what it serialises.
function _M.log()
  _M.handler:log(_M.settings.conf)
  if not _M.settings.log then
    return
  end

  local values = ngx.ctx.serialize_values or {}
  values.credential = ngx.ctx.authenticated_credential
  values.groups = ctx.shared.authenticated_groups
  append(_M.settings.log, json(values))
end


return _M
