//! The naive interpreter of a checked policy: it says what the language means, slowly.
//!
//! Tests hold the compiled plan equal to it. It asks every rule, one after the other, with its own matching of routes,
//! globs, regular expressions, lists and times; with the plan it shares only the canonical request, the identity and the
//! texts of a decision. Nothing else should call it.

mod conditions;
mod forward;
mod glob;
mod records;
mod regex;
mod routes;
mod values;

use crate::ast::{AuditLevel, Effect};
use crate::decision::{Challenge, ChallengeError, Decision, Reason};
use crate::identity::{Caller, Identity};
use crate::policy::{Action, Denial, Policy, Rule, Service};
use crate::request::{Canonical, RawRequest, Reading};
use routes::Path;
use values::Input;

/// Decides one request. `digest` names the policy in the decision: `sha256:` and 64 hex digits.
#[must_use]
pub fn decide(policy: &Policy, digest: &str, raw: &RawRequest<'_>, caller: Caller<'_>) -> Decision {
    let mut request = Canonical::new();
    match read(policy, digest, raw, caller, &mut request) {
        Err(decision) => *decision,
        Ok(Read { decision, metadata, identity }) => {
            let input = Input { policy, request: &request, identity };
            let mut decision = decide_by_rules(&input, decision, metadata);
            records::write(&input, &mut decision);
            decision
        }
    }
}

/// Lists the full names of all rules that match a request, those that only observe too. `None` where the request is answered
/// before any rule is asked.
#[must_use]
pub fn matching_rules<'p>(
    policy: &'p Policy,
    raw: &RawRequest<'_>,
    caller: Caller<'_>,
) -> Option<Vec<&'p str>> {
    let mut request = Canonical::new();
    let identity = read(policy, "", raw, caller, &mut request).ok()?.identity;
    let input = Input { policy, request: &request, identity };
    let matching = policy.rules.iter().filter(|rule| input.matches(rule).is_some());
    Some(matching.map(|rule| rule.name.as_str()).collect())
}

/// Says whether all of some rules match a request, those that only observe too.
pub(crate) fn all_match(policy: &Policy, rules: &[&Rule], raw: &RawRequest<'_>, caller: Caller<'_>) -> bool {
    let mut request = Canonical::new();
    let Ok(Read { identity, .. }) = read(policy, "", raw, caller, &mut request) else { return false };
    let input = Input { policy, request: &request, identity };
    rules.iter().all(|rule| input.matches(rule).is_some())
}

/// What steps 1 and 2 find.
struct Read<'a> {
    decision: Decision,
    metadata: Option<&'a str>,
    identity: Option<&'a Identity>,
}

/// Steps 1 and 2.
///
/// # Errors
/// The decision, where they come to one.
fn read<'a>(
    policy: &'a Policy,
    digest: &str,
    raw: &RawRequest<'_>,
    caller: Caller<'a>,
    request: &mut Canonical,
) -> Result<Read<'a>, Box<Decision>> {
    let mut decision = nothing_decided(digest);

    // Step 1: the request has one meaning, or none.
    if let Err(refused) = request.read_target(raw, |host| routes::relaxations(policy, host)) {
        return Err(Box::new(deny(decision, 400, Reason::Refused(refused.to_string()))));
    }
    let services = routes::matching_services(policy, request);
    let tokens_ignored = !services.is_empty() && services.iter().all(|s| s.tokens_ignore);
    if let Err(refused) = request.read_rest(raw, &Reading::new(policy.needs.clone()), tokens_ignored) {
        return Err(Box::new(deny(decision, 400, Reason::Refused(refused.to_string()))));
    }
    decision.target = Some(request.target().to_owned());
    if let Some(fact) = request.wrong_fact() {
        return Err(Box::new(deny(decision, 503, Reason::Fact(fact))));
    }

    // Step 2: a token that is present is valid.
    let metadata = resource_metadata(&services);
    let identity = match caller {
        _ if tokens_ignored => None,
        Caller::Anonymous if request.token().is_some() => {
            return Err(Box::new(invalid_token(decision, "no_verifier", metadata)));
        }
        Caller::Anonymous => None,
        Caller::Invalid(code) => return Err(Box::new(invalid_token(decision, code, metadata))),
        Caller::KeysUnavailable => {
            return Err(Box::new(deny(decision, 503, Reason::KeysUnavailable)));
        }
        Caller::Verified(identity) => Some(identity),
        Caller::Prepared(prepared) => Some(prepared.identity()),
    };
    Ok(Read { decision, metadata, identity })
}

/// Steps 3 to 5.
fn decide_by_rules(input: &Input<'_>, decision: Decision, metadata: Option<&str>) -> Decision {
    let mut denies: Vec<(&Rule, &Denial)> = Vec::new();
    let mut allows: Vec<&Rule> = Vec::new();
    for rule in input.policy.rules.iter().filter(|r| !r.observe && input.matches(r).is_some()) {
        match &rule.action {
            Action::Deny(denial) => denies.push((rule, denial)),
            Action::Allow => allows.push(rule),
            Action::Limit(_) | Action::Forward(_) | Action::Audit(_) => {}
        }
    }
    // Those that challenge come last; among equals the least name comes first.
    denies.sort_by_key(|(rule, denial)| (matches!(denial, Denial::Challenge { .. }), &rule.name));
    allows.sort_by_key(|rule| &rule.name);
    if let Some((rule, denial)) = denies.first() {
        return by_deny(input, decision, &rule.name, denial, metadata);
    }
    if let Some(rule) = allows.first() {
        return by_allow(input, decision, &rule.name);
    }
    if input.identity.is_none() && !input.policy.identity.issuers.is_empty() {
        let challenge = Challenge { resource_metadata: metadata, ..Challenge::default() };
        return challenged(decision, 401, Reason::Unauthenticated, challenge);
    }
    deny(decision, 403, Reason::NoRule)
}

fn by_deny(
    input: &Input<'_>,
    mut decision: Decision,
    name: &str,
    denial: &Denial,
    metadata: Option<&str>,
) -> Decision {
    decision.rule = Some(name.to_owned());
    let (max_age_s, acr, scope) = match denial {
        Denial::Respond { status, text } => {
            decision.text.clone_from(text);
            return deny(decision, *status, Reason::Rule);
        }
        Denial::Challenge { max_age_s, acr, scope } => (*max_age_s, acr, scope),
    };
    let scope_alone = !scope.is_empty() && acr.is_empty() && max_age_s.is_none();
    let (status, reason, error) = if input.identity.is_none() {
        (401, Reason::Unauthenticated, None)
    } else if scope_alone {
        (403, Reason::InsufficientScope, Some(ChallengeError::InsufficientScope))
    } else {
        let error = ChallengeError::InsufficientUserAuthentication;
        (401, Reason::InsufficientUserAuthentication, Some(error))
    };
    let challenge = Challenge { error, scope, max_age_s, acr, resource_metadata: metadata };
    challenged(decision, status, reason, challenge)
}

fn by_allow(input: &Input<'_>, decision: Decision, name: &str) -> Decision {
    match forward::headers(input) {
        Ok((set, remove)) => Decision {
            effect: Effect::Allow,
            status: 200,
            reason: Reason::Rule,
            rule: Some(name.to_owned()),
            set,
            remove,
            limits: records::limits(input),
            ..decision
        },
        Err(forward_rule) => {
            let decision = Decision { rule: Some(forward_rule), ..decision };
            deny(decision, 403, Reason::ForwardValue)
        }
    }
}

fn invalid_token(decision: Decision, code: &str, metadata: Option<&str>) -> Decision {
    let error = Some(ChallengeError::InvalidToken);
    let challenge = Challenge { error, resource_metadata: metadata, ..Challenge::default() };
    challenged(decision, 401, Reason::Token(code.to_owned()), challenge)
}

fn challenged(decision: Decision, status: u16, reason: Reason, challenge: Challenge<'_>) -> Decision {
    deny(Decision { challenge: Some(challenge.to_string()), ..decision }, status, reason)
}

fn deny(decision: Decision, status: u16, reason: Reason) -> Decision {
    Decision { effect: Effect::Deny, status, reason, ..decision }
}

fn nothing_decided(digest: &str) -> Decision {
    Decision {
        effect: Effect::Deny,
        status: 403,
        reason: Reason::NoRule,
        rule: None,
        challenge: None,
        text: None,
        set: Vec::new(),
        remove: Vec::new(),
        limits: Vec::new(),
        audit: AuditLevel::Brief,
        keep: Vec::new(),
        observed: Vec::new(),
        target: None,
        policy: digest.to_owned(),
    }
}

/// The matching service with the longest base says where its metadata stands (RFC 9728); of equal bases all say the same.
fn resource_metadata<'p>(services: &[&'p Service]) -> Option<&'p str> {
    let mut best: Option<(usize, &str)> = None;
    for service in services {
        if let Some(url) = &service.resource_metadata
            && best.is_none_or(|(length, _)| service.base.len() > length)
        {
            best = Some((service.base.len(), url));
        }
    }
    best.map(|(_, url)| url)
}

impl<'a> Input<'a> {
    /// Says whether a rule matches, with what its route captured. A deny is asked twice where a path has two readings.
    fn matches(&self, rule: &'a Rule) -> Option<values::Captures<'a>> {
        let first = self.matches_path(rule, &Path::first(self.request));
        let is_deny = matches!(rule.action, Action::Deny(_));
        if first.is_some() || !is_deny || !self.request.has_split() {
            return first;
        }
        self.matches_path(rule, &Path::split(self.request))
    }

    fn matches_path(&self, rule: &'a Rule, path: &Path<'a>) -> Option<values::Captures<'a>> {
        routes::captures(self.policy, rule, self.request, path)
            .into_iter()
            .find(|captures| conditions::holds(self, captures, &rule.condition))
    }
}
