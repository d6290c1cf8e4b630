--- What the plugin adds to Kong's Admin API: `GET /gatelaw/metrics`.
-- @module kong.plugins.gatelaw.api


local metrics = require("kong.plugins.gatelaw.metrics")


return {
  ["/gatelaw/metrics"] = {
    GET = metrics.answer,
  },
}
