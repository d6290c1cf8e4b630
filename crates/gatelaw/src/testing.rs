//! Runs the tests of a policy, with whatever decides.

mod expect;

use std::net::{IpAddr, Ipv4Addr};

use crate::ast::{LiteralKind, Test, TestLineKind};
use crate::decision::Decision;
use crate::identity::{Caller, Identity, TokenFault};
use crate::json::Json;
use crate::policy::{Issuer, Policy};
use crate::request::{Fact, Facts, RawRequest, Scheme};
use crate::source::Span;

/// The client's address in a test that doesn't say `from`: documentation only (RFC 5737).
const FROM_DEFAULT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// The time of a test that doesn't say `at`: 2026-01-01T12:00:00Z.
const AT_DEFAULT: i64 = 1_767_268_800;
/// How long the token of a test lives, in seconds, where its claims have no `exp`.
const TOKEN_S: i64 = 300;

/// Holds what came of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// The test's name.
    pub name: String,
    /// The whole test.
    pub span: Span,
    /// The expectations that didn't hold, in the order written; empty where the test passed.
    pub mismatches: Vec<Mismatch>,
    /// What was decided.
    pub decision: Decision,
}

/// Says which expectation didn't hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The `expect` line.
    pub span: Span,
    /// What the line asks for, such as ``allow by `orders.read` ``.
    pub expected: String,
    /// What came instead, such as ``deny 401 (`unauthenticated`)``.
    pub found: String,
}

impl TestOutcome {
    /// Says whether every expectation held.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// Runs all tests of a policy, in its order. `decide` answers one request: with the compiled plan, or with the
/// [reference](crate::reference::decide).
pub fn run_tests(
    policy: &Policy,
    mut decide: impl FnMut(&RawRequest<'_>, Caller<'_>) -> Decision,
) -> Vec<TestOutcome> {
    policy
        .tests
        .iter()
        .map(|test| {
            let decision = Question::of(policy, test).ask(&mut decide);
            TestOutcome {
                name: test.name.node.clone(),
                span: test.span,
                mismatches: expect::mismatches(test, &decision),
                decision,
            }
        })
        .collect()
}

/// Holds what a test asks: a request, and who sends it.
#[derive(Debug, Clone)]
pub struct Question<'t> {
    method: &'t str,
    scheme: Scheme,
    host: &'t str,
    target: String,
    headers: Vec<(&'t [u8], &'t [u8])>,
    ip: IpAddr,
    facts: Facts<'t>,
    now: i64,
    caller: Asker,
}

/// Who sends the request of a test.
#[derive(Debug, Clone)]
enum Asker {
    Anonymous,
    Invalid(&'static str),
    Mapped(Box<Identity>),
}

impl<'t> Question<'t> {
    /// Reads the lines of a test; what it leaves out has its default.
    #[must_use]
    pub fn of(policy: &Policy, test: &'t Test) -> Self {
        let mut question = Self {
            method: "GET",
            scheme: Scheme::Https,
            host: "",
            target: "/".into(),
            headers: Vec::new(),
            ip: FROM_DEFAULT,
            facts: Facts::default(),
            now: AT_DEFAULT,
            caller: Asker::Anonymous,
        };
        for line in &test.lines {
            question.take(&line.node);
        }
        // The claims come last: `iat` is `at`, and a token may be bound to the certificate among the facts.
        for line in &test.lines {
            if let TestLineKind::As(issuer, claims) = &line.node {
                question.caller = question.signed_in(policy, &issuer.node, &claims.node);
            }
        }
        question
    }

    /// Asks for a decision.
    pub fn ask(&self, decide: impl FnOnce(&RawRequest<'_>, Caller<'_>) -> Decision) -> Decision {
        let raw = RawRequest {
            scheme: self.scheme,
            headers: &self.headers,
            ip: Some(self.ip),
            facts: self.facts,
            now: self.now,
            ..RawRequest::new(self.method.as_bytes(), self.host.as_bytes(), self.target.as_bytes())
        };
        let caller = match &self.caller {
            Asker::Anonymous => Caller::Anonymous,
            Asker::Invalid(code) => Caller::Invalid(code),
            Asker::Mapped(identity) => Caller::Verified(identity),
        };
        decide(&raw, caller)
    }

    fn take(&mut self, line: &'t TestLineKind) {
        match line {
            TestLineKind::Request(method, url) => {
                self.method = &method.node;
                if let Some((scheme, host, target)) = split_url(&url.node) {
                    (self.scheme, self.host, self.target) = (scheme, host, target);
                }
            }
            TestLineKind::Header(name, value) => {
                self.headers.push((name.node.as_bytes(), value.node.as_bytes()));
            }
            TestLineKind::From(literal) => {
                if let LiteralKind::Ip(net) = &literal.node {
                    self.ip = net.address();
                }
            }
            TestLineKind::At(literal) => {
                if let LiteralKind::Instant(instant) = &literal.node {
                    self.now = *instant;
                }
            }
            TestLineKind::Facts(facts) => {
                for (name, value) in facts {
                    set_fact(&mut self.facts, &name.node, &value.node);
                }
            }
            TestLineKind::AsInvalid => self.caller = Asker::Invalid("invalid"),
            TestLineKind::AsAnonymous
            | TestLineKind::As(..)
            | TestLineKind::ExpectEffect(..)
            | TestLineKind::ExpectRefused(_)
            | TestLineKind::ExpectHeader(..)
            | TestLineKind::ExpectLimit(_)
            | TestLineKind::ExpectObserved(_) => {}
        }
    }

    fn signed_in(&self, policy: &Policy, issuer: &str, claims: &Json) -> Asker {
        let client_cert = match self.facts.client_cert {
            Fact::Present(hex) => Some(hex),
            Fact::Absent | Fact::Wrong => None,
        };
        let declared = policy.identity.issuers.iter().find(|i| i.name == issuer);
        let mapped = declared.ok_or(TokenFault::Issuer).and_then(|declared| {
            let claims = filled_in(declared, claims, self.now);
            Identity::map(&policy.identity, issuer, &claims, client_cert)
        });
        match mapped {
            Ok(identity) => Asker::Mapped(Box::new(identity)),
            Err(fault) => Asker::Invalid(fault.code()),
        }
    }
}

/// Splits a URL into scheme, host and target as a client would send them: nothing is normalised, and an empty path is `/`
/// (RFC 9112 §3.2.1). `None` where it begins with neither `https://` nor `http://`.
#[must_use]
pub fn split_url(url: &str) -> Option<(Scheme, &str, String)> {
    let (scheme, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (Scheme::Https, rest),
        (None, Some(rest)) => (Scheme::Http, rest),
        (None, None) => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, target) = rest.split_at_checked(end)?;
    let slash = if target.starts_with('/') { "" } else { "/" };
    Some((scheme, host, format!("{slash}{target}")))
}

/// Sets a fact as a host would give it; a value of another type is the host's fault.
fn set_fact<'t>(facts: &mut Facts<'t>, name: &str, value: &'t Json) {
    let text = match value {
        Json::String(text) => Fact::Present(text.as_ref()),
        _ => Fact::Wrong,
    };
    let number = match value {
        Json::Int(number) => Fact::Present(*number),
        _ => Fact::Wrong,
    };
    match name {
        "country" => facts.country = text,
        "asn" => facts.asn = number,
        "bot_score" => facts.bot_score = number,
        "tls_version" => facts.tls_version = text,
        "client_cert" => facts.client_cert = text,
        "size" => facts.size = number,
        _ => {}
    }
}

/// Adds what every token has and no test should have to repeat: `iss`, `aud`, `iat`, `exp`, where the claims leave them out.
fn filled_in(issuer: &Issuer, claims: &Json, now: i64) -> Json {
    let Json::Object(members) = claims else { return claims.clone() };
    let mut members = members.clone();
    let mut fill = |name: &str, value: Json| {
        if !members.iter().any(|(n, _)| n == name) {
            members.push((name.to_owned().into(), value));
        }
    };
    fill("iss", Json::String(issuer.url.clone().into()));
    if let Some(audience) = issuer.audience.first() {
        fill("aud", Json::String(audience.clone().into()));
    }
    fill("iat", Json::Int(now));
    fill("exp", Json::Int(now.saturating_add(TOKEN_S.min(issuer.max_age_s))));
    Json::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_and_nothing_else() {
        let https = |host, target: &str| Some((Scheme::Https, host, target.to_owned()));
        for (url, expected) in [
            ("https://a.b/c/../d%2F?x=1", https("a.b", "/c/../d%2F?x=1")),
            ("https://A.b:8443//c", https("A.b:8443", "//c")),
            ("https://a.b", https("a.b", "/")),
            ("https://a.b?x", https("a.b", "/?x")),
            ("https://a.b/#f", https("a.b", "/#f")),
            ("https://u@a.b/c", https("u@a.b", "/c")),
            ("http://a.b/", Some((Scheme::Http, "a.b", "/".to_owned()))),
            ("a.b/c", None),
            ("/c", None),
            ("ftp://a.b", None),
        ] {
            assert_eq!(split_url(url), expected, "{url}");
        }
    }
}
