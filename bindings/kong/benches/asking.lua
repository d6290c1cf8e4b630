--- A plugin that asks Kong and nginx for all that ours asks them for a request
-- that goes on, and does nothing with it: what is left of the CPU of ours is its
-- own.


local kong = kong
local ngx_now = ngx.now
local ngx_time = ngx.time
local ngx_var = ngx.var


local HEADER_LINES_MAX = 201
local TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02"


local function nothing() end


local Asking = { VERSION = "0", PRIORITY = 1, configure = nothing }


function Asking:access()
  local request_id = ngx_var.request_id
  local handled = { request_id = request_id }
  kong.ctx.plugin.handled = handled
  handled.now = ngx_now()
  handled.headers = kong.request.get_headers(HEADER_LINES_MAX)
  handled.method = kong.request.get_method()
  handled.scheme = kong.request.get_forwarded_scheme()
  handled.host = ngx_var.http_host
  handled.line = ngx_var.request
  handled.ip = kong.client.get_forwarded_ip()
  handled.time = ngx_time()
  handled.uri, handled.args = ngx_var.upstream_uri, ngx_var.args
  kong.service.request.set_header("traceparent", TRACE)
  kong.service.request.set_header("x-request-id", request_id)
  if handled.headers.authorization then
    kong.client.authenticate(nil, { id = "own/u1", issuer = "own",
                                    subject = "u1" })
    kong.ctx.shared.authenticated_groups = { "staff" }
  end
end


function Asking:header_filter()
  local handled = kong.ctx.plugin.handled
  kong.response.set_header("x-request-id", handled.request_id)
end


function Asking:log()
  kong.log.set_serialize_value("gatelaw", kong.ctx.plugin.handled)
end


return Asking
