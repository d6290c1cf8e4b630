--- What the plugin adds to Kong's Status API, which is for scrapers: the same
-- as to the Admin API.
-- @module kong.plugins.gatelaw.status_api


return require("kong.plugins.gatelaw.api")
