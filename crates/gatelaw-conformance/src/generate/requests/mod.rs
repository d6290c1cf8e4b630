//! Requests that meet a policy: each aims at making one of its rules match, with the policy's own literals.

mod aim;
mod claims;
mod head;
mod line;
mod samples;
mod target;

use std::net::IpAddr;

use gatelaw::identity::{Caller, Identity};
use gatelaw::json::Json;
use gatelaw::policy::{Action, Policy, Rule};
use gatelaw::request::{Fact, Facts, RawRequest, Scheme};

use super::rng::Rng;
use aim::Wishes;
use samples::Samples;

/// Holds one request and who sends it.
#[derive(Debug, Clone)]
pub struct Question {
    /// The method.
    pub method: String,
    /// How the client reached the gate.
    pub scheme: Scheme,
    /// The authority.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// The header lines.
    pub headers: Vec<(String, String)>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// What the edge knows.
    pub facts: OwnFacts,
    /// The time, in Unix seconds.
    pub now: i64,
    /// Who sends it.
    pub asker: Asker,
    /// The same, as a line says it.
    pub identity: Option<Json>,
}

/// Holds the facts of a request.
#[derive(Debug, Clone, Default)]
pub struct OwnFacts {
    /// `country`
    pub country: Fact<String>,
    /// `asn`
    pub asn: Fact<i64>,
    /// `bot_score`
    pub bot_score: Fact<i64>,
    /// `tls_version`
    pub tls_version: Fact<String>,
    /// `client_cert`
    pub client_cert: Fact<String>,
    /// `size`
    pub size: Fact<i64>,
}

/// Says who sends a request.
#[derive(Debug, Clone)]
pub enum Asker {
    /// Nobody is signed in.
    Anonymous,
    /// Claims that were mapped.
    Verified(Box<Identity>),
    /// A token that is not valid.
    Invalid(&'static str),
    /// A token whose keys are not to be had.
    KeysUnavailable,
}

impl Question {
    /// Asks for whatever can be said of the request.
    pub fn ask<T>(&self, answer: impl FnOnce(&RawRequest<'_>, Caller<'_>) -> T) -> T {
        let headers: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        let raw = RawRequest {
            scheme: self.scheme,
            headers: &headers,
            ip: self.ip,
            facts: self.facts.borrowed(),
            now: self.now,
            ..RawRequest::new(self.method.as_bytes(), self.host.as_bytes(), self.target.as_bytes())
        };
        let caller = match &self.asker {
            Asker::Anonymous => Caller::Anonymous,
            Asker::Verified(identity) => Caller::Verified(identity),
            Asker::Invalid(code) => Caller::Invalid(code),
            Asker::KeysUnavailable => Caller::KeysUnavailable,
        };
        answer(&raw, caller)
    }
}

impl OwnFacts {
    fn borrowed(&self) -> Facts<'_> {
        Facts {
            country: text(&self.country),
            asn: self.asn,
            bot_score: self.bot_score,
            tls_version: text(&self.tls_version),
            client_cert: text(&self.client_cert),
            size: self.size,
        }
    }
}

fn text(fact: &Fact<String>) -> Fact<&str> {
    match fact {
        Fact::Absent => Fact::Absent,
        Fact::Present(text) => Fact::Present(text),
        Fact::Wrong => Fact::Wrong,
    }
}

/// Makes questions for one policy.
#[derive(Debug)]
pub struct Questions<'p> {
    policy: &'p Policy,
    samples: Samples,
    allows: Vec<&'p Rule>,
}

impl<'p> Questions<'p> {
    /// Collects the literals of a policy.
    #[must_use]
    pub fn new(policy: &'p Policy) -> Self {
        let is_allow = |rule: &&Rule| rule.action == Action::Allow && !rule.observe;
        Self { policy, samples: Samples::of(policy), allows: policy.rules.iter().filter(is_allow).collect() }
    }

    /// Makes one question by chance.
    pub fn question(&self, rng: &mut Rng) -> Question {
        let rule = if !self.allows.is_empty() && rng.chance(70) {
            Some(*rng.pick(&self.allows))
        } else if self.policy.rules.is_empty() || rng.chance(10) {
            None
        } else {
            Some(rng.pick(&self.policy.rules))
        };
        let mut wishes = Wishes::default();
        if let Some(rule) = rule {
            wishes.aim(self.policy, &rule.condition, rng.chance(90), rng);
        }
        // What also matches shows how rules meet.
        if !self.policy.rules.is_empty() && rng.chance(60) {
            wishes.aim(self.policy, &rng.pick(&self.policy.rules).condition, true, rng);
        }
        let now = head::now(&wishes, &self.samples, rng);
        let mut question = Question {
            method: target::method(rule, &wishes, rng),
            scheme: target::scheme(&wishes, rng),
            host: target::host(self.policy, rule, &wishes, rng),
            target: target::path(self.policy, rule, &wishes, &self.samples, rng),
            headers: Vec::new(),
            ip: head::ip(&wishes, &self.samples, rng),
            facts: head::facts(&wishes, &self.samples, rng),
            now,
            asker: Asker::Anonymous,
            identity: None,
        };
        question.target.push_str(&target::query(self.policy, &wishes, &self.samples, rng));
        if rng.chance(3) {
            target::spoil(&mut question.target, rng);
        }
        question.headers = head::headers(self.policy, &wishes, &self.samples, rng);
        (question.asker, question.identity) =
            claims::asker(self.policy, &wishes, &self.samples, &question, rng);
        question
    }
}
