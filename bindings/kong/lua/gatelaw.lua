--- gatelaw for Kong and nginx, over the C ABI of libgatelaw.
--
-- The library is looked for as `libgatelaw.so` along `package.cpath`, then
-- where the system looks. Load it once, in `init_by_lua` or at the top of a
-- plugin's handler, never per request.
-- @module gatelaw


local ffi = require("ffi")


local error = error
local setmetatable = setmetatable
local type = type
local io_open = io.open
local ffi_gc = ffi.gc
local ffi_load = ffi.load
local ffi_new = ffi.new
local ffi_string = ffi.string


ffi.cdef([[
typedef struct gate_plan gate_plan;

typedef struct gate_error {
  char code[64];
  char message[448];
} gate_error;

const char *gate_version(void);
int32_t gate_load_unsigned(const uint8_t *bytes, size_t bytes_len,
                           gate_plan **plan, gate_error *error);
const char *gate_digest(const gate_plan *plan, size_t *digest_len);
void gate_free(gate_plan *plan);
]])


local GATE_OK = 0


-- Finds the library beside the other C modules: the system's search path says
-- nothing of where Kong keeps its own.
local function open_library()
  for pattern in package.cpath:gmatch("[^;]+") do
    local path = pattern:gsub("?", "libgatelaw")
    local file = io_open(path, "r")
    if file then
      file:close()
      return ffi_load(path)
    end
  end

  return ffi_load("gatelaw")
end


local lib = open_library()


-- One of each serves every call: none yields between writing and reading it.
local gate_error = ffi_new("gate_error")
local plan_out = ffi_new("gate_plan *[1]")
local len_out = ffi_new("size_t[1]")


local function last_error()
  return ffi_string(gate_error.message), ffi_string(gate_error.code)
end


local plan_mt = {}
plan_mt.__index = plan_mt


--- Answers the digest of what decides: `sha256:` and 64 hex digits.
-- @treturn string
function plan_mt:digest()
  local digest = lib.gate_digest(self.handle, len_out)

  return ffi_string(digest, len_out[0])
end


local _M = {}


--- Names the version of gatelaw, the same for every package of one release.
-- @treturn string
function _M.version()
  return ffi_string(lib.gate_version())
end


--- Loads an artifact that nobody signed: the caller answers for where the
-- bytes come from.
-- @tparam string bytes
-- @treturn[1] table the plan, freed once nobody holds it
-- @treturn[2] nil
-- @treturn[2] string what went wrong, for a person
-- @treturn[2] string its code, `artifact:…`, for programs
function _M.load_unsigned(bytes)
  if type(bytes) ~= "string" then
    error("bytes must be a string", 2)
  end

  local status = lib.gate_load_unsigned(bytes, #bytes, plan_out, gate_error)
  if status ~= GATE_OK then
    return nil, last_error()
  end

  return setmetatable({ handle = ffi_gc(plan_out[0], lib.gate_free) }, plan_mt)
end


return _M
