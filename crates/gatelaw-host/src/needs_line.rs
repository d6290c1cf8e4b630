//! What a policy reads and sets, as one line of JSON.

use gatelaw::needs::{Named, Needs};
use serde::Serialize;

/// Lists what a policy reads and sets: serialised, it is one JSON object with members in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeedsLine<'n> {
    /// Names of headers that are read; lower case.
    pub headers: Vec<&'n str>,
    /// Names of query parameters that are read.
    pub query: Vec<&'n str>,
    /// Names of cookies that are read.
    pub cookies: Vec<&'n str>,
    /// Names of facts that are read.
    pub facts: Vec<&'static str>,
    /// Whether the client's address is read.
    pub ip: bool,
    /// Whether the policy has an issuer, so that a token can be valid.
    pub tokens: bool,
    /// Headers that issuers take tokens from.
    pub token_headers: &'n [String],
    /// Cookies that issuers take tokens from.
    pub token_cookies: &'n [String],
    /// Headers that the policy sets.
    pub sets: &'n [String],
}

impl<'n> NeedsLine<'n> {
    /// Lists the needs of a policy.
    #[must_use]
    pub fn of(needs: &'n Needs) -> Self {
        let names = |named: &'n [Named]| named.iter().map(|n| n.name.as_str()).collect();
        let facts = [
            (needs.facts.country, "country"),
            (needs.facts.asn, "asn"),
            (needs.facts.bot_score, "bot_score"),
            (needs.facts.tls_version, "tls_version"),
            (needs.facts.client_cert, "client_cert"),
            (needs.facts.size, "size"),
        ];
        Self {
            headers: names(&needs.headers),
            query: names(&needs.query),
            cookies: names(&needs.cookies),
            facts: facts.into_iter().filter(|(is_read, _)| *is_read).map(|(_, name)| name).collect(),
            ip: needs.ip,
            tokens: needs.tokens,
            token_headers: &needs.token_headers,
            token_cookies: &needs.token_cookies,
            sets: &needs.sets,
        }
    }
}

/// Writes what a policy reads and sets as one line, without a line break at its end.
#[must_use]
pub fn needs_line(needs: &Needs) -> String {
    // Texts and truths alone always serialise.
    serde_json::to_string(&NeedsLine::of(needs)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use gatelaw::{Sources, compile};

    use super::*;

    #[test]
    fn every_need_is_named() {
        let policy = r#"
issuer okta { url "https://acme.okta.com"  audience "api"  algorithms RS256  token header "X-Token"  token cookie "sid" }
allow a { on GET /a  for anyone  when request.header("X-Tenant") contains "t" and request.query("q") contains "1" and request.cookie("c") contains "1" and request.country? == "DE" and request.ip in 10.0.0.0/8 }
forward f { on GET /a  set "x-user" = "u" }
"#;
        let compiled = compile(&Sources::from_text("policy.gate", policy)).unwrap();
        assert_eq!(
            needs_line(compiled.plan.needs()),
            r#"{"headers":["x-tenant"],"query":["q"],"cookies":["c"],"facts":["country"],"ip":true,"tokens":true,"token_headers":["x-token"],"token_cookies":["sid"],"sets":["x-user"]}"#
        );
    }
}
