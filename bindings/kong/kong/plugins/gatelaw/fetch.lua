--- Fetches one small document, without blocking the worker.
--
-- Not `resty.http`, which Kong has: it bounds neither the head of an answer nor
-- the time of all reads together, and who serves keys may be hostile. This
-- reads one status, 200; it follows nothing, and keeps no connection.
-- @module kong.plugins.gatelaw.fetch


local error = error
local find = string.find
local gmatch = string.gmatch
local lower = string.lower
local match = string.match
local tonumber = tonumber
local tostring = tostring
local concat = table.concat
local ngx_sleep = ngx.sleep
local tcp = ngx.socket.tcp
local spawn = ngx.thread.spawn
local kill = ngx.thread.kill
local wait = ngx.thread.wait


-- For all of it: name, handshake, request, answer.
local TIME_MAX_S = 5
local HEAD_BYTES_MAX = 16 * 1024
local BODY_BYTES_MAX = 256 * 1024
-- A size in hexadecimal, and extensions that nobody sends.
local CHUNK_LINE_BYTES_MAX = 128
local PORTS = { http = 80, https = 443 }

local REQUEST = "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n"
                .. "Accept-Encoding: identity\r\nUser-Agent: gatelaw\r\n"
                .. "Connection: close\r\n\r\n"


-- An address, or the one name that never asks a resolver here.
local function is_loopback(host)
  return host == "localhost" or host == "[::1]" or host == "127.0.0.1"
end


-- Takes a URL apart; user names, fragments and anything but visible ASCII are
-- refused.
local function parse(url)
  local scheme, authority, path = match(url, "^(https?)://([^/?#]+)([^#]*)$")
  if not scheme or find(url, "[^\33-\126]") or find(authority, "@", 1, true)
  then
    return nil, "is no URL of https"
  end

  local host, port = match(authority, "^(%[[%x:.]+%]):?(%d*)$")
  if not host then
    host, port = match(authority, "^([%w.-]+):?(%d*)$")
  end

  if not host then
    return nil, "has no host"
  end

  if scheme == "http" and not is_loopback(host) then
    return nil, "is not https"
  end

  return {
    scheme = scheme,
    host = host,
    -- A name that anyone's DNS might answer is no loopback address.
    address = scheme == "http" and host == "localhost" and "127.0.0.1" or host,
    port = port == "" and PORTS[scheme] or tonumber(port),
    authority = authority,
    path = match(path, "^/") and path or "/" .. path,
  }
end


-- Reads up to a mark, and no more than so many bytes.
local function read_until(sock, mark, bytes_max)
  local read = sock:receiveuntil(mark)
  local text, err = read(bytes_max)
  if not text then
    return nil, err or "an answer without a status"
  end

  local more
  more, err = read(1)
  if more or err then
    return nil, err or "more than " .. bytes_max .. " bytes in a row"
  end

  return text
end


-- The fields of a head by lower-case name. A field that frames the body must
-- not stand twice.
local function parse_head(head)
  local status, rest = match(head, "^HTTP/1%.[01] (%d%d%d)[^\r\n]*\r?\n?(.*)$")
  if not status then
    return nil, "an answer that is not HTTP"
  end

  local fields = {}
  for line in gmatch(rest, "[^\r\n]+") do
    local name, value = match(line, "^([%w!#$%%&'*+.^_`|~-]+):[ \t]*(.-)[ \t]*$")
    if not name then
      return nil, "a header that is none"
    end

    name = lower(name)
    if fields[name] and (name == "content-length"
                         or name == "transfer-encoding") then
      return nil, "two headers `" .. name .. "`"
    end

    fields[name] = fields[name] and fields[name] .. ", " .. value or value
  end

  return { status = status, fields = fields }
end


local function too_large()
  return nil, "more than " .. BODY_BYTES_MAX .. " bytes"
end


local function read_chunk_size(sock)
  local line, err = read_until(sock, "\r\n", CHUNK_LINE_BYTES_MAX)
  if not line then
    return nil, err
  end

  local size = match(line, "^(%x+)[ \t]*$") or match(line, "^(%x+)[ \t]*;")
  return size and tonumber(size, 16), "a chunk without a size"
end


-- What may follow the last chunk is not read: the connection ends here.
local function read_chunks(sock)
  local chunks, left = {}, BODY_BYTES_MAX
  while true do
    local size, err = read_chunk_size(sock)
    if not size then
      return nil, err
    end

    if size == 0 then
      return concat(chunks)
    end

    if size > left then
      return too_large()
    end

    local chunk
    chunk, err = sock:receive(size)
    if not chunk then
      return nil, err
    end

    left = left - size
    chunks[#chunks + 1] = chunk
    if sock:receive(2) ~= "\r\n" then
      return nil, "a chunk that is longer than its size"
    end
  end
end


local function read_counted(sock, length)
  length = match(length, "^%d+$") and tonumber(length)
  if not length then
    return nil, "a content-length that is none"
  end

  if length > BODY_BYTES_MAX then
    return too_large()
  end

  return sock:receive(length)
end


local function read_to_end(sock)
  local body, err, partial = sock:receive(BODY_BYTES_MAX + 1)
  if body then
    return too_large()
  end

  if err ~= "closed" then
    return nil, err
  end

  return partial
end


local function read_body(sock, fields)
  if (fields["content-encoding"] or "identity") ~= "identity" then
    return nil, "an encoding that was not asked for"
  end

  local coding, length = fields["transfer-encoding"], fields["content-length"]
  if coding then
    if lower(coding) ~= "chunked" or length then
      return nil, "a body that can be read in two ways"
    end

    return read_chunks(sock)
  end

  if length then
    return read_counted(sock, length)
  end

  return read_to_end(sock)
end


local function connect(sock, url)
  sock:settimeout(TIME_MAX_S * 1000)
  local ok, err = sock:connect(url.address, url.port)
  if ok and url.scheme == "https" then
    -- Against the authorities of `lua_ssl_trusted_certificate`.
    ok, err = sock:sslhandshake(false, url.host, true)
  end

  return ok, err
end


local function get(sock, url)
  local ok, err = connect(sock, url)
  if ok then
    ok, err = sock:send(REQUEST:format(url.path, url.authority))
  end

  if not ok then
    return nil, err
  end

  local text, answer, body
  text, err = read_until(sock, "\r\n\r\n", HEAD_BYTES_MAX)
  if text then
    answer, err = parse_head(text)
  end

  if not answer then
    return nil, err
  end

  if answer.status ~= "200" then
    return nil, "status " .. answer.status
  end

  body, err = read_body(sock, answer.fields)
  if not body then
    return nil, err
  end

  return { body = body, fields = answer.fields }
end


local function give_up()
  ngx_sleep(TIME_MAX_S)

  return nil, "no answer within " .. TIME_MAX_S .. " s"
end


local _M = {}


--- Fetches a document. To be called where a worker may yield.
-- @tparam string url of https, or of http on this machine
-- @treturn[1] table `body`, and `fields` by lower-case name
-- @treturn[2] nil
-- @treturn[2] string why not: for the log, it quotes nothing of the answer
function _M.get(url)
  local parsed, err = parse(url)
  if not parsed then
    return nil, err
  end

  -- What a socket times is one read; this times them all.
  local sock = tcp()
  local fetching = spawn(get, sock, parsed)
  local waiting = spawn(give_up)
  local done, answer
  done, answer, err = wait(fetching, waiting)
  kill(fetching)
  kill(waiting)
  sock:close()
  if not done then
    error(tostring(answer), 0)
  end

  return answer, err
end


return _M
