--- A plugin that does nothing, for the CPU of one that does something to be
-- held against.


local function nothing() end


return {
  VERSION = "0",
  PRIORITY = 1,
  access = nothing,
  configure = nothing,
  header_filter = nothing,
  log = nothing,
}
