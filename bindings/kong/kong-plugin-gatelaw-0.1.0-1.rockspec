package = "kong-plugin-gatelaw"
version = "0.1.0-1"
rockspec_format = "3.0"

-- `luarocks make` in this folder: version 0.1 is in no registry yet.
source = {
  url = "git+file://.",
}

description = {
  summary = "Decides each request by a compiled gatelaw policy, at Kong",
  license = "MIT OR Apache-2.0",
  labels = { "kong", "kong-plugin", "authorization" },
}

dependencies = {
  "lua == 5.1",
}

-- libgatelaw.so is built by cargo: the README says where it goes.
build = {
  type = "builtin",
  modules = {
    ["gatelaw"] = "lua/gatelaw.lua",
    ["kong.plugins.gatelaw.api"] = "kong/plugins/gatelaw/api.lua",
    ["kong.plugins.gatelaw.certificate"] = "kong/plugins/gatelaw/certificate.lua",
    ["kong.plugins.gatelaw.fetch"] = "kong/plugins/gatelaw/fetch.lua",
    ["kong.plugins.gatelaw.forward"] = "kong/plugins/gatelaw/forward.lua",
    ["kong.plugins.gatelaw.handler"] = "kong/plugins/gatelaw/handler.lua",
    ["kong.plugins.gatelaw.identity"] = "kong/plugins/gatelaw/identity.lua",
    ["kong.plugins.gatelaw.keys"] = "kong/plugins/gatelaw/keys.lua",
    ["kong.plugins.gatelaw.metrics"] = "kong/plugins/gatelaw/metrics.lua",
    ["kong.plugins.gatelaw.policy"] = "kong/plugins/gatelaw/policy.lua",
    ["kong.plugins.gatelaw.received"] = "kong/plugins/gatelaw/received.lua",
    ["kong.plugins.gatelaw.record"] = "kong/plugins/gatelaw/record.lua",
    ["kong.plugins.gatelaw.schema"] = "kong/plugins/gatelaw/schema.lua",
    ["kong.plugins.gatelaw.shared"] = "kong/plugins/gatelaw/shared.lua",
    ["kong.plugins.gatelaw.status_api"] = "kong/plugins/gatelaw/status_api.lua",
    ["kong.plugins.gatelaw.trace"] = "kong/plugins/gatelaw/trace.lua",
  },
}
