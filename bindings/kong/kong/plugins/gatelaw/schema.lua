local typedefs = require("kong.db.schema.typedefs")


local byte = string.byte
local ngx_decode_base64 = ngx.decode_base64


-- Longer than a day, and nobody would know any more which policy is in force.
local CHECK_S_MAX = 86400
-- Some hundred bytes each, and more for callers with many claims.
local TOKENS_MAX = 1000000
local SLASH = byte("/")


-- Workers of nginx have no working directory that anyone should rely on.
local function validate_absolute(path)
  if byte(path) ~= SLASH then
    return nil, "must be an absolute path"
  end

  return true
end


local function validate_base64(text)
  local bytes = ngx_decode_base64(text)
  if not bytes or bytes == "" then
    return nil, "must be an artifact in base64"
  end

  return true
end


return {
  name = "gatelaw",
  fields = {
    -- A consumer is known only once somebody authenticated it: too late.
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    { config = {
      type = "record",
      fields = {
        { path = {
          type = "string",
          description = "The absolute path of the artifact.",
          custom_validator = validate_absolute,
        } },
        { artifact = {
          type = "string",
          description = "The artifact itself, in base64.",
          len_min = 1,
          custom_validator = validate_base64,
        } },
        { check_s = {
          type = "number",
          description = "The seconds between two looks at `path`.",
          required = true,
          default = 30,
          between = { 1, CHECK_S_MAX },
        } },
        { library = {
          type = "string",
          description = "The absolute path of libgatelaw.so; without it, it "
                        .. "is looked for along the path of C modules.",
          custom_validator = validate_absolute,
        } },
        { limits = {
          type = "string",
          description = "`refuse` a policy that has limits, for this gate "
                        .. "doesn't count; or `report` in the log what a "
                        .. "request counts against.",
          required = true,
          default = "refuse",
          one_of = { "refuse", "report" },
        } },
        { trusted = {
          type = "array",
          description = "Addresses and networks of proxies, whose word in "
                        .. "`client_header` counts; without them the client's "
                        .. "address is the one that Kong finds.",
          len_min = 1,
          elements = typedefs.ip_or_cidr,
        } },
        { client_header = typedefs.header_name {
          description = "The header in which trusted proxies name the client.",
        } },
        { keys = {
          type = "array",
          description = "Key sets of issuers that the policy names; those of "
                        .. "the others are fetched, from where the policy or "
                        .. "the issuer's discovery document says.",
          elements = {
            type = "record",
            fields = {
              { issuer = {
                type = "string",
                description = "The issuer's name in the policy.",
                required = true,
              } },
              { path = {
                type = "string",
                description = "The absolute path of a JWKS document.",
                custom_validator = validate_absolute,
              } },
              { document = {
                type = "string",
                description = "The JWKS document itself; with a shared "
                              .. "secret in it, better a reference to a vault.",
                referenceable = true,
              } },
            },
            entity_checks = {
              { only_one_of = { "path", "document" } },
            },
          },
        } },
        { tokens_max = {
          type = "integer",
          description = "How many valid tokens each worker remembers, so that "
                        .. "the next request with one costs no signature.",
          required = true,
          default = 10000,
          between = { 1, TOKENS_MAX },
        } },
        { trace = {
          type = "string",
          description = "`restart`: each request begins a trace of its own "
                        .. "(W3C Trace Context); `continue` the one that a "
                        .. "trusted edge began; `pass` leaves the headers as "
                        .. "they came.",
          required = true,
          default = "restart",
          one_of = { "restart", "continue", "pass" },
        } },
        { client_cert = {
          type = "string",
          description = "`verified`: a client's certificate counts where "
                        .. "nginx, or who verifies in its place, has found it "
                        .. "good; `presented`: each whose key the client has.",
          required = true,
          default = "verified",
          one_of = { "verified", "presented" },
        } },
        { identify = {
          type = "string",
          description = "The Lua module that answers who is asking, in place "
                        .. "of the gate, which verifies tokens itself.",
          match_all = {
            { pattern = "^[%w_.-]+$", err = "must name a Lua module" },
          },
        } },
      },
    } },
  },
  entity_checks = {
    { only_one_of = { "config.path", "config.artifact" } },
    { mutually_required = { "config.trusted", "config.client_header" } },
  },
}
