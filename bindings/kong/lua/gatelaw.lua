--- gatelaw for nginx with Lua, over the C ABI of libgatelaw.
--
-- Nothing is loaded with this module: `load_unsigned` opens the library, the
-- first time, and every policy, gate, identity and verifier is an object of
-- yours.
--
-- A wrong type is an error that names the argument. All else that goes wrong
-- is `nil, err`: `err.code` for programs, `tostring(err)` for people.
-- @module gatelaw


local ffi = require("ffi")


local error = error
local getmetatable = getmetatable
local ipairs = ipairs
local pairs = pairs
local pcall = pcall
local rawset = rawset
local setmetatable = setmetatable
local tonumber = tonumber
local tostring = tostring
local type = type
local concat = table.concat
local floor = math.floor
local io_open = io.open
local os_time = os.time
local ffi_copy = ffi.copy
local ffi_fill = ffi.fill
local ffi_gc = ffi.gc
local ffi_load = ffi.load
local ffi_new = ffi.new
local ffi_sizeof = ffi.sizeof
local ffi_string = ffi.string
local ngx_time = ngx and ngx.time


-- How many members a table has: OpenResty's LuaJIT counts them without a loop
-- that Lua would have to run.
local has_nkeys, nkeys = pcall(require, "table.nkeys")
if not has_nkeys then
  nkeys = function(members)
    local count = 0
    for _ in pairs(members) do
      count = count + 1
    end

    return count
  end
end


-- Once in a process is enough, and twice is an error of LuaJIT's.
if not pcall(ffi_sizeof, "gate_request") then
  ffi.cdef([[
typedef struct gate_policy gate_policy;
typedef struct gate_session gate_session;
typedef struct gate_identity gate_identity;
typedef struct gate_verifier gate_verifier;

typedef struct gate_error {
  char code[64];
  char message[448];
} gate_error;

typedef struct gate_text {
  const uint8_t *bytes;
  size_t len;
} gate_text;

typedef struct gate_pair {
  gate_text name;
  gate_text value;
} gate_pair;

typedef struct gate_settings {
  uint32_t limits_reported;
  uint32_t lacks;
  gate_text trusted;
  gate_text client_header;
} gate_settings;

typedef struct gate_caller {
  gate_text issuer;
  gate_text id;
  const gate_text *roles;
  size_t roles_len;
} gate_caller;

typedef struct gate_fetch {
  gate_text issuer;
  gate_text url;
} gate_fetch;

typedef struct gate_request {
  gate_text method;
  gate_text scheme;
  gate_text host;
  gate_text target;
  const gate_pair *headers;
  size_t headers_len;
  gate_text ip;
  gate_text peer;
  gate_text country;
  gate_text tls_version;
  gate_text client_cert;
  int64_t asn;
  int64_t bot_score;
  int64_t size;
  int64_t now;
  uint32_t given;
  uint32_t wrong;
  uint32_t headers_cut;
} gate_request;

typedef struct gate_verdict {
  int32_t allowed;
  int32_t status;
  gate_text wanted;
} gate_verdict;

typedef struct gate_limit {
  gate_text name;
  gate_text key;
  uint32_t rate;
  uint32_t per_s;
  uint32_t burst;
} gate_limit;

typedef struct gate_decision {
  int32_t allowed;
  int32_t status;
  gate_text reason;
  gate_text rule;
  gate_text challenge;
  gate_text text;
  gate_text target;
  gate_text audit;
  gate_text policy;
  const gate_pair *set;
  size_t set_len;
  const gate_text *remove;
  size_t remove_len;
  const gate_limit *limits;
  size_t limits_len;
  const gate_pair *keep;
  size_t keep_len;
  const gate_text *observed;
  size_t observed_len;
} gate_decision;

typedef struct gate_handling {
  int32_t forwarded;
  int32_t status;
  gate_text target;
  const gate_text *drop;
  size_t drop_len;
  const gate_pair *headers;
  size_t headers_len;
  gate_text body;
} gate_handling;

typedef struct gate_trace {
  gate_text id;
  gate_text span;
  gate_text caller;
  gate_text traceparent;
  gate_text tracestate;
} gate_trace;

typedef struct gate_served {
  gate_decision decision;
  gate_handling handling;
  gate_caller caller;
  gate_trace trace;
  gate_text wanted;
  int32_t unchanged;
} gate_served;

typedef struct gate_fingerprint {
  uint8_t hex[64];
} gate_fingerprint;

uint32_t gate_abi(void);
const char *gate_version(void);

int32_t gate_load_unsigned(const uint8_t *bytes, size_t bytes_len,
                           gate_policy **policy, gate_error *error);
gate_text gate_digest(const gate_policy *policy);
gate_text gate_needs_json(const gate_policy *policy);
int32_t gate_has_limits(const gate_policy *policy);
void gate_policy_free(gate_policy *policy);

int32_t gate_session_new(const gate_policy *policy,
                         const gate_settings *settings,
                         gate_session **session, gate_error *error);
void gate_session_free(gate_session *session);

int32_t gate_identity_verified(const gate_policy *policy, gate_text issuer,
                               gate_text claims, gate_text client_cert,
                               gate_identity **identity, gate_error *error);
int32_t gate_identity_invalid(const gate_policy *policy, gate_text code,
                              gate_identity **identity, gate_error *error);
int32_t gate_identity_unavailable(const gate_policy *policy, gate_text issuer,
                                  gate_identity **identity, gate_error *error);
int32_t gate_identity_caller(const gate_identity *identity,
                             gate_caller *caller);
void gate_identity_free(gate_identity *identity);

int32_t gate_verifier_new(const gate_policy *policy, uint32_t tokens_max,
                          gate_verifier **verifier, gate_error *error);
int32_t gate_verifier_keys(gate_verifier *verifier, gate_text issuer,
                           gate_text document, gate_error *error);
int32_t gate_verifier_adopt(gate_verifier *verifier,
                            const gate_verifier *other, gate_error *error);
int32_t gate_verifier_next(gate_verifier *verifier, int64_t now,
                           gate_fetch *fetch, gate_error *error);
int32_t gate_verifier_fetched(gate_verifier *verifier, gate_text issuer,
                              gate_text document, gate_text cache_control,
                              int64_t now, gate_fetch *next,
                              gate_error *error);
int32_t gate_verifier_failed(gate_verifier *verifier, gate_text issuer,
                             int64_t now, gate_error *error);
int32_t gate_verifier_caller(gate_verifier *verifier, gate_caller *caller);
int32_t gate_verifier_waits(gate_verifier *verifier, gate_error *error);
int32_t gate_verifier_counters_json(gate_verifier *verifier, gate_text *line,
                                    gate_error *error);
int32_t gate_verifier_prometheus(gate_verifier *verifier, gate_text *text,
                                 gate_error *error);
void gate_verifier_free(gate_verifier *verifier);

int32_t gate_certificate_read(gate_text chain, gate_fingerprint *fingerprint,
                              gate_error *error);

int32_t gate_decide(gate_session *session, const gate_request *request,
                    const gate_identity *identity, gate_decision *decision,
                    gate_error *error);
int32_t gate_decide_token(gate_session *session, gate_verifier *verifier,
                          const gate_request *request,
                          gate_decision *decision, gate_text *wanted,
                          gate_error *error);
int32_t gate_judge(gate_session *session, gate_verifier *verifier,
                   const gate_identity *identity, const gate_request *request,
                   gate_verdict *verdict, gate_error *error);
int32_t gate_decided(gate_session *session, gate_decision *decision,
                     gate_error *error);
int32_t gate_serve(gate_session *session, gate_verifier *verifier,
                   const gate_identity *identity, const gate_request *request,
                   const uint8_t *request_id, size_t request_id_len,
                   int32_t traces, gate_served *served, gate_error *error);
int32_t gate_handle(gate_session *session, const gate_request *request,
                    const uint8_t *request_id, size_t request_id_len,
                    gate_handling *handling, gate_error *error);
int32_t gate_trace_next(gate_session *session, const gate_pair *headers,
                        size_t headers_len, int32_t continues,
                        const uint8_t *random, size_t random_len,
                        gate_trace *trace, gate_error *error);
int32_t gate_decision_json(gate_session *session, gate_text *line,
                           gate_error *error);
int32_t gate_decide_json(gate_session *session, const uint8_t *line,
                         size_t line_len, const int64_t *now,
                         gate_text *answered, gate_error *error);
int32_t gate_explain_json(gate_session *session, const uint8_t *line,
                          size_t line_len, const int64_t *now,
                          gate_text *answered, gate_error *error);
  ]])
end


local GATE_ABI = 4
local GATE_OK = 0
local HEADERS_START = 64

-- Numbers from here on are no exact integers.
local EXACT_MAX = 2 ^ 53


-- One of each serves every call: none yields between writing and reading it.
-- A struct doesn't keep the strings alive that it points to: `hold` does.
local gate_error = ffi_new("gate_error")
local policy_out = ffi_new("gate_policy *[1]")
local session_out = ffi_new("gate_session *[1]")
local identity_out = ffi_new("gate_identity *[1]")
local verifier_out = ffi_new("gate_verifier *[1]")
local text_in = ffi_new("gate_text[3]")
local text_out = ffi_new("gate_text[1]")
local caller_out = ffi_new("gate_caller")
local fetch_out = ffi_new("gate_fetch")
local now_in = ffi_new("int64_t[1]")
local settings_in = ffi_new("gate_settings")
local request_in = ffi_new("gate_request")
local decision_out = ffi_new("gate_decision")
local handling_out = ffi_new("gate_handling")
local trace_out = ffi_new("gate_trace")
local verdict_out = ffi_new("gate_verdict")
local served_out = ffi_new("gate_served")
local fingerprint_out = ffi_new("gate_fingerprint")
local headers_in = ffi_new("gate_pair[?]", HEADERS_START)
local headers_room = HEADERS_START


local function hold() end


local error_mt = {
  __tostring = function(self)
    return self.code .. ": " .. self.message
  end,
}


local function failure(code, message)
  return setmetatable({ code = code, message = message }, error_mt)
end


local function last_failure()
  return failure(ffi_string(gate_error.code), ffi_string(gate_error.message))
end


-- Raises an error that names the argument, for a caller `level` calls above.
local function wrong(argument, wanted, value, level)
  error(argument .. " must be " .. wanted .. ", not " .. type(value),
        level + 1)
end


local function expect(kind, argument, value, level)
  if type(value) ~= kind then
    wrong(argument, "a " .. kind, value, level + 1)
  end

  return value
end


-- What the readers of a request cost is what a caller pays each time: none of
-- them has a loop for what most requests are. LuaJIT compiles no function whole in
-- which a loop runs once or twice, and what calls it neither.
local function one(value)
  return value == nil and 0 or 1
end


local function expect_known(known, argument, given, level)
  for name in pairs(given) do
    if not known[name] then
      error(argument .. " has no member `" .. tostring(name) .. "`", level + 1)
    end
  end
end


local function set_text(slot, text)
  slot.bytes = text
  slot.len = #text
end


local function text_of(text)
  if text.bytes == nil then
    return nil
  end

  return ffi_string(text.bytes, text.len)
end


-- The first two members are read without a loop, and what is left is rare.
local function list_of(read, first, len)
  if len == 0 then
    return {}
  end

  if len == 1 then
    return { read(first[0]) }
  end

  if len == 2 then
    return { read(first[0]), read(first[1]) }
  end

  local list = {}
  for i = 1, tonumber(len) do
    list[i] = read(first[i - 1])
  end

  return list
end


local function pair_of(pair)
  return { text_of(pair.name), text_of(pair.value) }
end


local function texts_of(first, len)
  return list_of(text_of, first, len)
end


local function pairs_of(first, len)
  return list_of(pair_of, first, len)
end


-- Finds the library beside the other C modules: the system's search path says
-- nothing of where Kong keeps its own.
local function find_library()
  for pattern in package.cpath:gmatch("[^;]+") do
    local path = pattern:gsub("?", "libgatelaw")
    local file = io_open(path, "r")
    if file then
      file:close()
      return path
    end
  end

  return "gatelaw"
end


-- Never unloaded: what frees a policy is code of the library, and LuaJIT may
-- collect the library before the policy.
local libraries = {}


local function open_library(path)
  path = path or find_library()
  if libraries[path] then
    return libraries[path]
  end

  local loaded, lib = pcall(ffi_load, path)
  if not loaded then
    return nil, failure("library:missing", tostring(lib))
  end

  local has_abi, abi = pcall(function() return lib.gate_abi() end)
  if not has_abi then
    return nil, failure("library:abi", path .. " is no library of gatelaw")
  end

  if abi ~= GATE_ABI then
    return nil, failure("library:abi",
      path .. " has ABI " .. tonumber(abi) .. ", this Lua needs " .. GATE_ABI
      .. ": install both from one release")
  end

  libraries[path] = lib
  return lib
end


local function read_caller(c)
  return {
    issuer = text_of(c.issuer),
    id = text_of(c.id),
    roles = texts_of(c.roles, c.roles_len),
  }
end


local identity_mt = {}
identity_mt.__index = identity_mt


--- Names the caller.
-- @treturn[opt] table `issuer` and `id`, and `roles`, an array of names; none
-- for a token that isn't valid, or whose claims the policy doesn't take
function identity_mt:caller()
  if self.lib.gate_identity_caller(self.identity, caller_out) ~= 1 then
    return nil
  end

  return read_caller(caller_out)
end


-- Defined below, where times are read.
local verifier_mt = {}
verifier_mt.__index = verifier_mt


local gate_mt = {}
gate_mt.__index = gate_mt


local FACTS = {
  country = { bit = 1, kind = "string" },
  asn = { bit = 2, kind = "number" },
  bot_score = { bit = 4, kind = "number" },
  tls_version = { bit = 8, kind = "string" },
  client_cert = { bit = 16, kind = "string" },
  size = { bit = 32, kind = "number" },
}
local IP_BIT = 64


local REQUEST = {
  method = true, scheme = true, host = true, target = true, headers = true,
  headers_by_name = true, headers_cut = true, ip = true, peer = true,
  facts = true, now = true,
}


-- A value of another type is for the policy to judge: where it is read, the
-- request is denied, `fact:NAME`.
local function set_text_fact(name, value)
  if value == nil then
    return
  end

  local bit = FACTS[name].bit
  if type(value) ~= "string" then
    request_in.wrong = request_in.wrong + bit
    return
  end

  request_in.given = request_in.given + bit
  set_text(request_in[name], value)
end


local function set_number_fact(name, value)
  if value == nil then
    return
  end

  local bit = FACTS[name].bit
  if type(value) ~= "number" or value ~= floor(value)
     or value >= EXACT_MAX or value <= -EXACT_MAX
  then
    request_in.wrong = request_in.wrong + bit
    return
  end

  request_in.given = request_in.given + bit
  request_in[name] = value
end


local function set_facts(f, level)
  local known = one(f.country) + one(f.asn) + one(f.bot_score)
                + one(f.tls_version) + one(f.client_cert) + one(f.size)
  if nkeys(f) ~= known or getmetatable(f) ~= nil then
    expect_known(FACTS, "request.facts", f, level + 1)
  end

  set_text_fact("country", f.country)
  set_number_fact("asn", f.asn)
  set_number_fact("bot_score", f.bot_score)
  set_text_fact("tls_version", f.tls_version)
  set_text_fact("client_cert", f.client_cert)
  set_number_fact("size", f.size)
end


local function grow_headers()
  local grown = ffi_new("gate_pair[?]", headers_room * 2)
  ffi_copy(grown, headers_in, ffi_sizeof("gate_pair") * headers_room)
  headers_in, headers_room = grown, headers_room * 2
end


-- No call of `set_text` for each: this is what a request takes longest.
local function set_line(at, name, value)
  if at == headers_room then
    grow_headers()
  end

  local pair = headers_in[at]
  pair.name.bytes, pair.name.len = name, #name
  pair.value.bytes, pair.value.len = value, #value
end


local function set_pair(headers, i, argument, level)
  local line = headers[i]
  if type(line) ~= "table" or type(line[1]) ~= "string"
     or type(line[2]) ~= "string"
  then
    error(argument .. "[" .. i .. "] must be a pair { name, value } of "
          .. "strings", level + 1)
  end

  set_line(i - 1, line[1], line[2])
end


local function set_four(headers, at, count, argument, level)
  set_pair(headers, at + 1, argument, level + 1)
  if count > at + 1 then
    set_pair(headers, at + 2, argument, level + 1)
  end

  if count > at + 2 then
    set_pair(headers, at + 3, argument, level + 1)
  end

  if count > at + 3 then
    set_pair(headers, at + 4, argument, level + 1)
  end
end


local function set_pairs(headers, from, count, argument, level)
  for i = from, count do
    set_pair(headers, i, argument, level + 1)
  end
end


local function set_headers(headers, argument, level)
  local count = #headers
  if count > 0 then
    set_four(headers, 0, count, argument, level + 1)
  end

  if count > 4 then
    set_four(headers, 4, count, argument, level + 1)
  end

  if count > 8 then
    set_four(headers, 8, count, argument, level + 1)
  end

  if count > 12 then
    set_four(headers, 12, count, argument, level + 1)
  end

  if count > 16 then
    set_pairs(headers, 17, count, argument, level + 1)
  end

  return count
end


local function wrong_line(argument, name, level)
  error(argument .. "[" .. tostring(name) .. "] must be a string or an array "
        .. "of strings, by a string", level + 1)
end


local function set_lines(at, name, values, argument, level)
  for i = 1, #values do
    if type(values[i]) ~= "string" then
      wrong_line(argument, name, level + 1)
    end

    set_line(at, name, values[i])
    at = at + 1
  end

  return at
end


-- Of one name, lines stand in their order; between names there is none.
local function set_headers_by_name(headers, argument, level)
  local count = 0
  for name, value in pairs(headers) do
    local kind = type(name) == "string" and type(value)
    if kind == "string" then
      set_line(count, name, value)
      count = count + 1
    elseif kind == "table" then
      count = set_lines(count, name, value, argument, level + 1)
    else
      wrong_line(argument, name, level + 1)
    end
  end

  return count
end


local function now_of(now, argument, level)
  if now == nil then
    return ngx_time and ngx_time() or os_time()
  end

  if type(now) ~= "number" or now ~= floor(now)
     or now >= EXACT_MAX or now <= -EXACT_MAX
  then
    error(argument .. " must be whole Unix seconds", level + 1)
  end

  return now
end


local function set_words(request, level)
  ffi_fill(request_in, ffi_sizeof(request_in))
  set_text(request_in.method,
           expect("string", "request.method", request.method, level))
  set_text(request_in.scheme,
           expect("string", "request.scheme", request.scheme, level))
  set_text(request_in.host,
           expect("string", "request.host", request.host, level))
  set_text(request_in.target,
           expect("string", "request.target", request.target, level))

  if request.headers_cut ~= nil then
    local cut = expect("boolean", "request.headers_cut", request.headers_cut,
                       level)
    request_in.headers_cut = cut and 1 or 0
  end

  if request.ip ~= nil then
    set_text(request_in.ip, expect("string", "request.ip", request.ip, level))
  end

  if request.peer ~= nil then
    set_text(request_in.peer,
             expect("string", "request.peer", request.peer, level))
  end

  request_in.now = now_of(request.now, "request.now", level)
end


local function known_of(r)
  return one(r.method) + one(r.scheme) + one(r.host) + one(r.target)
         + one(r.headers) + one(r.headers_by_name) + one(r.headers_cut)
         + one(r.ip) + one(r.peer) + one(r.facts) + one(r.now)
end


-- Fills the struct. It points into strings that `request` holds: they stand
-- during the call.
local function set_request(request, level)
  level = level + 1
  expect("table", "request", request, level)
  if nkeys(request) ~= known_of(request) or getmetatable(request) ~= nil then
    expect_known(REQUEST, "request", request, level)
  end

  set_words(request, level + 1)

  local count = 0
  if request.headers ~= nil then
    count = set_headers(expect("table", "request.headers", request.headers,
                               level), "request.headers", level)
  elseif request.headers_by_name ~= nil then
    count = set_headers_by_name(expect("table", "request.headers_by_name",
                                       request.headers_by_name, level),
                                "request.headers_by_name", level)
  end

  request_in.headers = headers_in
  request_in.headers_len = count
  if request.facts ~= nil then
    set_facts(expect("table", "request.facts", request.facts, level), level)
  end
end


local function limit_of(limit)
  return {
    name = text_of(limit.name),
    key = text_of(limit.key),
    rate = limit.rate,
    per_s = limit.per_s,
    burst = limit.burst,
  }
end


local function limits_of(first, len)
  return list_of(limit_of, first, len)
end


local LISTS = { set = true, remove = true, limits = true, keep = true,
                observed = true }


-- A list that is empty is made once somebody asks for it: most are, and few are
-- asked for.
local decision_mt = {
  __index = function(self, name)
    if not LISTS[name] then
      return nil
    end

    local list = {}
    rawset(self, name, list)
    return list
  end,
}


-- None for an empty list: each would be a table.
local function some(read, first, len)
  if len == 0 then
    return nil
  end

  return read(first, len)
end


-- `policy` is the digest of the policy that decided.
local function read_decision(d, policy)
  local allowed = d.allowed == 1

  return setmetatable({
    allowed = allowed,
    effect = allowed and "allow" or "deny",
    status = d.status,
    reason = text_of(d.reason),
    rule = text_of(d.rule),
    challenge = text_of(d.challenge),
    text = text_of(d.text),
    set = some(pairs_of, d.set, d.set_len),
    remove = some(texts_of, d.remove, d.remove_len),
    limits = some(limits_of, d.limits, d.limits_len),
    audit = text_of(d.audit),
    keep = some(pairs_of, d.keep, d.keep_len),
    observed = some(texts_of, d.observed, d.observed_len),
    target = text_of(d.target),
    policy = policy,
    keys_wanted = nil,
  }, decision_mt)
end


-- Makes the lists that are empty too, for who writes all of it down.
local function with_lists(decision)
  for name in pairs(LISTS) do
    decision[name] = decision[name]
  end

  return decision
end


local function read_handling(h)
  local headers = pairs_of(h.headers, h.headers_len)
  if h.forwarded == 1 then
    return {
      forward = {
        target = text_of(h.target),
        drop = texts_of(h.drop, h.drop_len),
        set = headers,
      },
    }
  end

  return {
    answer = {
      status = h.status,
      headers = headers,
      body = text_of(h.body),
    },
  }
end


local function read_trace(t)
  if t.id.bytes == nil then
    return nil
  end

  return {
    id = text_of(t.id),
    span = text_of(t.span),
    caller = text_of(t.caller),
    traceparent = text_of(t.traceparent),
    tracestate = text_of(t.tracestate),
  }
end


-- Answers the verifier or the identity, as C takes the two.
local function asker_of(who, level)
  if who == nil then
    return nil, nil
  end

  local kind = getmetatable(who)
  if kind == verifier_mt then
    return who.verifier, nil
  end

  if kind == identity_mt then
    return nil, who.identity
  end

  wrong("who", "made by policy:verifier or policy:identity", who, level + 1)
end


local function decide(self, request, who, level)
  set_request(request, level + 1)
  local verifier, identity = asker_of(who, level + 1)
  local status
  if verifier then
    status = self.lib.gate_decide_token(self.session, verifier, request_in,
                                        decision_out, text_out, gate_error)
  else
    status = self.lib.gate_decide(self.session, request_in, identity,
                                  decision_out, gate_error)
  end

  hold(request, who)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  local decision = read_decision(decision_out, self.digest)
  if verifier then
    decision.keys_wanted = text_of(text_out[0])
  end

  return decision
end


--- Decides a request.
--
-- Members of the request: `method`, `scheme`, `host`, `target` (path and query
-- as received), `headers` (an array of pairs `{ name, value }`, lines apart) or
-- `headers_by_name` (a table of values and arrays of values, as
-- `ngx.req.get_headers` answers it), `headers_cut`, `ip` or `peer`, `facts` (a
-- table), `now` (Unix seconds; the clock's unless you give it).
-- @tparam table request
-- @tparam[opt] table who what judges the request's token, by `policy:verifier`;
-- or who asks, by `policy:identity`; nobody without
-- @treturn[1] table the decision: ask for `decision.allowed`. Where it is
-- denied and `keys_wanted` names an issuer, keys of that one that the verifier
-- can be given now may change it: wait for them and ask again, or leave it so.
-- `pairs` shows none of its lists that is empty until you ask for it
-- @treturn[2] nil
-- @treturn[2] table what went wrong: deny
function gate_mt:decide(request, who)
  -- No tail call: the level of an error counts this function.
  local decision, err = decide(self, request, who, 2)

  return decision, err
end


--- Decides a request, and answers no more than whether it may pass: that costs
-- no table.
-- @tparam table request as for `decide`
-- @tparam[opt] table who as for `decide`
-- @treturn[1] boolean whether it may pass
-- @treturn[1] number the status to answer with; 200 where it may
-- @treturn[2] nil
-- @treturn[2] table what went wrong: deny
function gate_mt:allows(request, who)
  set_request(request, 2)
  local verifier, identity = asker_of(who, 2)
  local status = self.lib.gate_judge(self.session, verifier, identity,
                                     request_in, verdict_out, gate_error)
  hold(request, who)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return verdict_out.allowed == 1, verdict_out.status
end


--- Decides a request, and says what a gate does about it.
-- @tparam table request as for `decide`
-- @tparam string request_id the correlation id
-- @tparam[opt] table who as for `decide`
-- @treturn[1] table `forward` with `target`, `drop` and `set`; or `answer` with
-- `status`, `headers` and `body`
-- @treturn[1] table the decision
-- @treturn[2] nil
-- @treturn[2] table what went wrong: deny
function gate_mt:handle(request, request_id, who)
  expect("string", "request_id", request_id, 2)
  local decision, err = decide(self, request, who, 2)
  if not decision then
    return nil, err
  end

  local status = self.lib.gate_handle(self.session, request_in, request_id,
                                      #request_id, handling_out, gate_error)
  hold(request)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return read_handling(handling_out), decision
end


local TRACES = { restart = 1, continue = 2 }


local function read_onward(h, request)
  return {
    target = served_out.unchanged == 1 and request.target or text_of(h.target),
    drop = some(texts_of, h.drop, h.drop_len),
    set = pairs_of(h.headers, h.headers_len),
  }
end


local function read_answer(h)
  return {
    status = h.status,
    headers = pairs_of(h.headers, h.headers_len),
    body = text_of(h.body),
  }
end


local function read_served(request, digest)
  local d, h = served_out.decision, served_out.handling
  local is_forwarded = h.forwarded == 1
  local audit = text_of(d.audit)

  return {
    forward = is_forwarded and read_onward(h, request) or nil,
    answer = not is_forwarded and read_answer(h) or nil,
    caller = served_out.caller.id.bytes ~= nil
             and read_caller(served_out.caller) or nil,
    trace = read_trace(served_out.trace),
    keys_wanted = text_of(served_out.wanted),
    effect = d.allowed == 1 and "allow" or "deny",
    status = d.status,
    reason = text_of(d.reason),
    rule = text_of(d.rule),
    audit = audit,
    keep = some(pairs_of, d.keep, d.keep_len),
    observed = some(texts_of, d.observed, d.observed_len),
    limits = some(limits_of, d.limits, d.limits_len),
    decision = audit == "full" and with_lists(read_decision(d, digest)) or nil,
  }
end


-- Apart from what fills the request, as `set_words` is.
local function serve(self, request, request_id, who, traces)
  local verifier, identity = asker_of(who, 2)
  local status = self.lib.gate_serve(self.session, verifier, identity,
                                     request_in, request_id, #request_id,
                                     traces, served_out, gate_error)
  hold(request, who)
  if status ~= GATE_OK then
    return nil, last_failure(), read_trace(served_out.trace)
  end

  return read_served(request, self.digest)
end


--- Does for a request all that a proxy asks for, at the least cost: decides it,
-- takes its place in a trace, and says what a gate does about it.
-- @tparam table request as for `decide`
-- @tparam string request_id the correlation id; where a trace begins, also what
-- its ids are made of: 16 bytes or more of a cryptographic generator, fresh for
-- each request, as `ngx.var.request_id` is
-- @tparam[opt] table who as for `decide`
-- @tparam[opt] string traces `restart`: a new trace begins; `continue`: the one
-- goes on that a trusted neighbour began; no trace without
-- @treturn[1] table `forward` or `answer` as of `handle`, but no `drop` where
-- nothing is; `caller` as of `identity:caller`, where the request goes on;
-- `trace` as of `gate:trace`; of the decision `keys_wanted`, `effect`,
-- `status`, `reason`, `rule`, `audit`, and where they aren't empty `keep`,
-- `observed` and `limits`; where `audit` is `full`, all of it as `decision`
-- @treturn[2] nil
-- @treturn[2] table what went wrong: deny
-- @treturn[2] table the trace, if it was taken before
function gate_mt:serve(request, request_id, who, traces)
  expect("string", "request_id", request_id, 2)
  if traces ~= nil and not TRACES[traces] then
    error("traces must be \"restart\" or \"continue\"", 2)
  end

  set_request(request, 2)

  return serve(self, request, request_id, who, traces and TRACES[traces] or 0)
end


--- Takes the place of a request in its trace (W3C Trace Context).
-- @tparam table headers as those of a request; all, or those of the trace
-- @tparam string random 16 bytes or more of a cryptographic generator, fresh for
-- each request: `ngx.var.request_id` will do
-- @tparam boolean continues whether a trusted neighbour wrote the headers; else
-- a new trace begins
-- @treturn[1] table `id` of the trace, `span` of this gate, and `caller`, the id
-- of the trace that was left for a new one; `traceparent` and `tracestate`, the
-- headers for the request that goes on, in place of what came: without
-- `tracestate`, none
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function gate_mt:trace(headers, random, continues)
  expect("table", "headers", headers, 2)
  expect("string", "random", random, 2)
  expect("boolean", "continues", continues, 2)
  local count = set_headers(headers, "headers", 2)
  local status = self.lib.gate_trace_next(self.session, headers_in, count,
                                          continues and 1 or 0, random, #random,
                                          trace_out, gate_error)
  hold(headers)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return read_trace(trace_out)
end


--- Writes the decision that was made last as one line of JSON.
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function gate_mt:decision_json()
  local status = self.lib.gate_decision_json(self.session, text_out, gate_error)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return text_of(text_out[0])
end


local function answer_line(self, call, line, now)
  expect("string", "line", line, 3)
  local default
  if now ~= nil then
    now_in[0] = now_of(now, "now", 3)
    default = now_in
  end

  local status = call(self.session, line, #line, default, text_out, gate_error)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return text_of(text_out[0])
end


--- Decides a request that is one line of JSON, and answers one line.
-- @tparam string line
-- @tparam[opt] number now stands in for a missing member `now`
-- @treturn[1] string a decision, or what is wrong with the line
-- @treturn[2] nil
-- @treturn[2] table what went wrong: deny
function gate_mt:decide_json(line, now)
  return answer_line(self, self.lib.gate_decide_json, line, now)
end


--- Explains the decision of a request that is one line of JSON.
-- @tparam string line
-- @tparam[opt] number now
-- @treturn[1] string why, or what is wrong with the line
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function gate_mt:explain_json(line, now)
  return answer_line(self, self.lib.gate_explain_json, line, now)
end


local function asked(status)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return true
end


local function read_fetch()
  if fetch_out.url.bytes == nil then
    return nil
  end

  return { issuer = text_of(fetch_out.issuer), url = text_of(fetch_out.url) }
end


--- Gives the verifier the keys of an issuer, in place of those that it would
-- want to be fetched.
-- @tparam string issuer its name in the policy
-- @tparam string document a JWKS document
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table what went wrong, `keys:…`
function verifier_mt:set_keys(issuer, document)
  set_text(text_in[0], expect("string", "issuer", issuer, 2))
  set_text(text_in[1], expect("string", "document", document, 2))
  local status = self.lib.gate_verifier_keys(self.verifier, text_in[0],
                                             text_in[1], gate_error)
  hold(issuer, document)

  return asked(status)
end


--- Takes over the keys that the verifier of another policy has.
-- @tparam table other
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function verifier_mt:adopt(other)
  if getmetatable(other) ~= verifier_mt then
    wrong("other", "made by policy:verifier", other, 2)
  end

  return asked(self.lib.gate_verifier_adopt(self.verifier, other.verifier,
                                            gate_error))
end


--- Begins the next fetch that is due. To be called each second or so, until it
-- answers none; and when a decision has `keys_wanted`. End what it began with
-- `fetched` or `failed`.
-- @tparam[opt] number now in Unix seconds; the clock's unless you give it
-- @treturn[1] table `issuer` and `url`; nil where none is due
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function verifier_mt:next_fetch(now)
  local status = self.lib.gate_verifier_next(self.verifier,
                                             now_of(now, "now", 2), fetch_out,
                                             gate_error)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return read_fetch()
end


--- Takes a document that was fetched.
-- @tparam string issuer as `next_fetch` named it
-- @tparam string document
-- @tparam[opt] string cache_control that header of the answer
-- @tparam[opt] number now when it came, in Unix seconds
-- @treturn[1] boolean true
-- @treturn[1] table `issuer` and `url` of the document to fetch next: this one
-- said where the keys are; nil where that is all
-- @treturn[2] nil
-- @treturn[2] table what went wrong, `discovery:…` or `keys:…`: the fetch has
-- failed, the keys from before stay
function verifier_mt:fetched(issuer, document, cache_control, now)
  cache_control = cache_control == nil and "" or cache_control
  set_text(text_in[0], expect("string", "issuer", issuer, 2))
  set_text(text_in[1], expect("string", "document", document, 2))
  set_text(text_in[2], expect("string", "cache_control", cache_control, 2))
  local status = self.lib.gate_verifier_fetched(self.verifier, text_in[0],
                                                text_in[1], text_in[2],
                                                now_of(now, "now", 2),
                                                fetch_out, gate_error)
  hold(issuer, document, cache_control)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return true, read_fetch()
end


--- Notes that a fetch failed: the keys from before stay, and none is due for
-- 30 s.
-- @tparam string issuer
-- @tparam[opt] number now
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function verifier_mt:failed(issuer, now)
  set_text(text_in[0], expect("string", "issuer", issuer, 2))
  local status = self.lib.gate_verifier_failed(self.verifier, text_in[0],
                                               now_of(now, "now", 2),
                                               gate_error)
  hold(issuer)

  return asked(status)
end


--- Says that the request that was decided last with this verifier, where
-- `keys_wanted` was set, waits for keys and is decided again: it counts by its
-- last answer alone. To be called before another request is decided.
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function verifier_mt:waits()
  return asked(self.lib.gate_verifier_waits(self.verifier, gate_error))
end


--- Answers what was counted of tokens and keys, as one JSON object:
-- docs/metrics.md says what each number is.
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function verifier_mt:counters_json()
  local status = self.lib.gate_verifier_counters_json(self.verifier, text_out,
                                                      gate_error)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return text_of(text_out[0])
end


--- Writes what was counted in the text format of Prometheus, version 0.0.4.
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function verifier_mt:prometheus()
  local status = self.lib.gate_verifier_prometheus(self.verifier, text_out,
                                                   gate_error)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return text_of(text_out[0])
end


--- Names the caller of the request that was decided last with this verifier.
-- @treturn[opt] table as `identity:caller`; none where it had no valid token
function verifier_mt:caller()
  if self.lib.gate_verifier_caller(self.verifier, caller_out) ~= 1 then
    return nil
  end

  return read_caller(caller_out)
end


local policy_mt = {}
policy_mt.__index = policy_mt


--- Answers the digest of what decides: `sha256:` and 64 hex digits.
-- @treturn string
function policy_mt:digest()
  return text_of(self.lib.gate_digest(self.policy))
end


--- Answers what the policy reads and sets, as one JSON object.
-- @treturn string
function policy_mt:needs_json()
  return text_of(self.lib.gate_needs_json(self.policy))
end


--- Answers whether the policy has limits, which somebody must count.
-- @treturn boolean
function policy_mt:has_limits()
  return self.lib.gate_has_limits(self.policy) == 1
end


local OPTIONS = { limits = true, lacks = true, trusted = true,
                  client_header = true }


local function lacks_of(lacks)
  local bits = 0
  for i, name in ipairs(expect("table", "options.lacks", lacks, 3)) do
    if name ~= "ip" and not FACTS[name] then
      error("options.lacks[" .. i .. "] must name a fact, or `ip`", 4)
    end

    bits = bits + (name == "ip" and IP_BIT or FACTS[name].bit)
  end

  return bits
end


--- Makes a gate, which decides requests by this policy.
--
-- Options: `limits`, `"refuse"` (a policy with limits is refused) or
-- `"report"` (you count what decisions name); `lacks`, names of facts that you
-- don't have, and `"ip"`; `trusted`, an array of addresses and networks of
-- proxies, whose word in the header `client_header` counts for `peer`.
-- @tparam[opt] table options
-- @treturn[1] table the gate
-- @treturn[2] nil
-- @treturn[2] table what went wrong, `gate:…`
function policy_mt:gate(options)
  options = expect("table", "options", options == nil and {} or options, 2)
  expect_known(OPTIONS, "options", options, 2)
  ffi_fill(settings_in, ffi_sizeof(settings_in))

  local limits = options.limits
  if limits ~= nil and limits ~= "refuse" and limits ~= "report" then
    error("options.limits must be \"refuse\" or \"report\"", 2)
  end

  settings_in.limits_reported = limits == "report" and 1 or 0
  settings_in.lacks = lacks_of(options.lacks == nil and {} or options.lacks)

  local trusted = options.trusted == nil and {} or options.trusted
  for i, network in ipairs(expect("table", "options.trusted", trusted, 2)) do
    expect("string", "options.trusted[" .. i .. "]", network, 2)
  end

  local networks = concat(trusted, ",")
  set_text(settings_in.trusted, networks)
  if options.client_header ~= nil then
    set_text(settings_in.client_header,
             expect("string", "options.client_header", options.client_header,
                    2))
  end

  local lib = self.lib
  local status = lib.gate_session_new(self.policy, settings_in, session_out,
                                      gate_error)
  hold(networks, options)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return setmetatable({
    lib = lib,
    session = ffi_gc(session_out[0], lib.gate_session_free),
    digest = self:digest(),
  }, gate_mt)
end


local function make_identity(self, status, who)
  hold(who)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return setmetatable({
    lib = self.lib,
    identity = ffi_gc(identity_out[0], self.lib.gate_identity_free),
  }, identity_mt)
end


local WHO = { issuer = true, claims = true, client_cert = true, invalid = true,
              unavailable = true }


--- Says who asks, for as many requests as the token serves.
--
-- One of `{ issuer = NAME, claims = JSON_TEXT, client_cert = HEX }`, the claims
-- of a token that you verified; `{ invalid = CODE }`, a token that you refused;
-- `{ unavailable = ISSUER }`, a token whose keys are not to be had.
-- @tparam table who
-- @treturn[1] table the identity
-- @treturn[2] nil
-- @treturn[2] table what went wrong, `request:…`
function policy_mt:identity(who)
  expect("table", "who", who, 2)
  expect_known(WHO, "who", who, 2)

  local one = (who.claims ~= nil and 1 or 0) + (who.invalid ~= nil and 1 or 0)
              + (who.unavailable ~= nil and 1 or 0)
  if one ~= 1 then
    error("who must have one of `claims`, `invalid` and `unavailable`", 2)
  end

  local lib = self.lib
  ffi_fill(text_in, ffi_sizeof(text_in))
  if who.invalid ~= nil then
    set_text(text_in[0], expect("string", "who.invalid", who.invalid, 2))
    return make_identity(self, lib.gate_identity_invalid(
      self.policy, text_in[0], identity_out, gate_error), who)
  end

  if who.unavailable ~= nil then
    set_text(text_in[0],
             expect("string", "who.unavailable", who.unavailable, 2))
    return make_identity(self, lib.gate_identity_unavailable(
      self.policy, text_in[0], identity_out, gate_error), who)
  end

  set_text(text_in[0], expect("string", "who.issuer", who.issuer, 2))
  set_text(text_in[1], expect("string", "who.claims", who.claims, 2))
  if who.client_cert ~= nil then
    set_text(text_in[2],
             expect("string", "who.client_cert", who.client_cert, 2))
  end

  return make_identity(self, lib.gate_identity_verified(
    self.policy, text_in[0], text_in[1], text_in[2], identity_out, gate_error),
    who)
end


local VERIFYING = { tokens_max = true }
local TOKENS_MAX = 2 ^ 32 - 1


--- Makes a verifier, which judges the tokens of requests for the gates of this
-- policy. It has no keys yet: give it documents, or fetch what it names.
--
-- Options: `tokens_max`, how many valid tokens it remembers, so that the next
-- request with one costs no signature; 10,000 unless you say otherwise.
-- @tparam[opt] table options
-- @treturn[1] table the verifier
-- @treturn[2] nil
-- @treturn[2] table what went wrong
function policy_mt:verifier(options)
  options = expect("table", "options", options == nil and {} or options, 2)
  expect_known(VERIFYING, "options", options, 2)
  local tokens_max = options.tokens_max == nil and 0 or options.tokens_max
  expect("number", "options.tokens_max", tokens_max, 2)
  if tokens_max ~= floor(tokens_max) or tokens_max < 0
     or tokens_max > TOKENS_MAX
  then
    error("options.tokens_max must be a whole number", 2)
  end

  local lib = self.lib
  local status = lib.gate_verifier_new(self.policy, tokens_max, verifier_out,
                                       gate_error)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return setmetatable({
    lib = lib,
    verifier = ffi_gc(verifier_out[0], lib.gate_verifier_free),
  }, verifier_mt)
end


local _M = {}


--- Names the version of gatelaw, the same for every package of one release.
-- @tparam[opt] string library the path of libgatelaw
-- @treturn[1] string
-- @treturn[2] nil
-- @treturn[2] table what went wrong, `library:…`
function _M.version(library)
  local lib, err = open_library(library)
  if not lib then
    return nil, err
  end

  return ffi_string(lib.gate_version())
end


--- Reads the fingerprint of a client's certificate: what the fact `client_cert`
-- is, where the certificate was verified.
-- @tparam string chain in PEM, the client's own certificate first, as
-- `kong.client.tls.get_full_client_certificate_chain` answers it
-- @tparam[opt] string library the path of libgatelaw
-- @treturn[1] string 64 lower-case hex digits
-- @treturn[2] nil
-- @treturn[2] table what went wrong, `certificate:pem` or `library:…`
function _M.certificate(chain, library)
  expect("string", "chain", chain, 2)
  local lib, err = open_library(library)
  if not lib then
    return nil, err
  end

  set_text(text_in[0], chain)
  local status = lib.gate_certificate_read(text_in[0], fingerprint_out,
                                           gate_error)
  hold(chain)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return ffi_string(fingerprint_out.hex, ffi_sizeof(fingerprint_out.hex))
end


--- Loads an artifact that nobody signed: the caller answers for where the
-- bytes come from.
-- @tparam string bytes
-- @tparam[opt] string library the path of libgatelaw; without it, it is looked
-- for as `libgatelaw.so` along `package.cpath`, then where the system looks
-- @treturn[1] table the policy, freed once nobody holds it
-- @treturn[2] nil
-- @treturn[2] table what went wrong, `artifact:…` or `library:…`
function _M.load_unsigned(bytes, library)
  expect("string", "bytes", bytes, 2)
  if library ~= nil then
    expect("string", "library", library, 2)
  end

  local lib, err = open_library(library)
  if not lib then
    return nil, err
  end

  local status = lib.gate_load_unsigned(bytes, #bytes, policy_out, gate_error)
  if status ~= GATE_OK then
    return nil, last_failure()
  end

  return setmetatable({
    lib = lib,
    policy = ffi_gc(policy_out[0], lib.gate_policy_free),
  }, policy_mt)
end


return _M
