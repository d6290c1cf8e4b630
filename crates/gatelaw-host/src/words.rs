//! An explanation in words: what was decided, which rules match, and what each rule asked.

use gatelaw::decision::{Decision, Reason};
use gatelaw::policy::{IdentityModel, RoleId};
use gatelaw::{Effect, Explanation, RuleExplained};

use crate::explanation_line::is_before_rules;
use crate::paint::Paint;
use crate::request_line::LineCaller;

/// How many rules of other hosts, methods and paths are named.
const ELSEWHERE_SHOWN_MAX: usize = 8;

/// Writes an explanation. `folder` is the way to the policy's root, before the names of files.
#[must_use]
pub fn explanation_in_words(explanation: &Explanation, folder: &str, paint: Paint) -> String {
    let decision = &explanation.decision;
    format!(
        "{}\n{}{}",
        decision_in_words(decision, paint),
        effects(decision),
        rules_in_words(explanation, folder, paint)
    )
}

/// Writes who is asking: for every rule that names roles or scopes, half of the answer.
#[must_use]
pub fn caller_in_words(caller: &LineCaller, model: &IdentityModel) -> String {
    let identity = match caller {
        LineCaller::Anonymous => return "nobody is signed in".into(),
        LineCaller::Invalid(code) => return format!("a token that is not valid (`{code}`)"),
        LineCaller::KeysUnavailable => return "a token that can't be verified".into(),
        LineCaller::Verified(identity) => identity,
        LineCaller::Prepared(prepared) => prepared.identity(),
    };
    let issuer = model.issuers.iter().zip(0..).find(|(_, number)| *number == identity.issuer().0);
    let mut text =
        format!("`{}` of {}", identity.id().escape_debug(), issuer.map_or("", |(issuer, _)| &issuer.name));
    let roles = model.roles.iter().zip(0..).filter(|(_, number)| identity.has_role(RoleId(*number)));
    let roles: Vec<&str> = roles.map(|(role, _)| role.name.as_str()).collect();
    for (noun, names) in
        [("roles", roles.join(", ")), ("scopes", identity.scopes().collect::<Vec<_>>().join(", "))]
    {
        if !names.is_empty() {
            text += &format!("; {noun} {}", names.escape_debug());
        }
    }
    text
}

/// Writes what the rules had to do with a decision: those that match, those that apply to the request and don't, and, where
/// none allows it, the allows for other requests.
#[must_use]
pub fn rules_in_words(explanation: &Explanation, folder: &str, paint: Paint) -> String {
    if is_before_rules(&explanation.decision.reason) {
        return "no rule was asked\n".into();
    }
    if let Some(error) = &explanation.unread {
        return format!("which rules were asked can't be told: {error}\n");
    }
    let mut text = String::new();
    let mut reached: Vec<&RuleExplained> = explanation.rules.iter().filter(|rule| rule.reached).collect();
    reached.sort_by_key(|rule| rank(rule, explanation.decision.rule.as_deref()));
    let (matching, others): (Vec<_>, Vec<_>) = reached.into_iter().partition(|rule| rule.matched);
    if !matching.is_empty() {
        text += "matching:\n";
        matching.iter().for_each(|rule| text += &rule_in_words(rule, folder, paint));
    }
    if !others.is_empty() {
        text += "not matching:\n";
        others.iter().for_each(|rule| text += &rule_in_words(rule, folder, paint));
    }
    if !explanation.rules.iter().any(|rule| rule.matched && is_allow(rule)) {
        text += &elsewhere(&explanation.rules);
    }
    text
}

/// Writes a decision as a headline: `deny 403: no rule allows it`.
#[must_use]
pub fn decision_in_words(decision: &Decision, paint: Paint) -> String {
    let (word, status) = match decision.effect {
        Effect::Allow => (paint.green("allow"), decision.status),
        Effect::Deny => (paint.red("deny"), decision.status),
    };
    let rule = decision.rule.as_ref().map_or_else(String::new, |rule| format!(" by `{rule}`"));
    let because = because(&decision.reason);
    let colon = if because.is_empty() { "" } else { ": " };
    format!("{word} {status}{rule}{colon}{because}")
}

fn because(reason: &Reason) -> String {
    match reason {
        Reason::Rule => String::new(),
        Reason::NoRule => "no rule allows it".into(),
        Reason::Unauthenticated => "nobody is signed in, and no rule allows that".into(),
        Reason::InsufficientUserAuthentication => "the caller has to sign in again, or with more".into(),
        Reason::InsufficientScope => "the token lacks a scope".into(),
        Reason::KeysUnavailable => "no keys of the token's issuer are at hand (`keys_unavailable`)".into(),
        Reason::ForwardValue => {
            "a header that this rule sets can't carry its value, or there are too many (`forward_value`)"
                .into()
        }
        Reason::RecordSize => {
            "what this rule and others keep is more than a record holds (`record_size`)".into()
        }
        Reason::Refused(_) => format!("the request is refused, whatever the rules say (`{reason}`)"),
        Reason::Token(_) => format!("the token is not valid (`{reason}`)"),
        Reason::Fact(_) => format!("a fact that the policy reads is of a wrong type or form (`{reason}`)"),
    }
}

/// What a host does about the decision, one line each.
fn effects(decision: &Decision) -> String {
    let mut lines = Vec::new();
    lines.extend(decision.challenge.iter().map(|value| format!("answers WWW-Authenticate: {value}")));
    lines.extend(decision.text.iter().map(|text| format!("answers \"{text}\"")));
    lines.extend(decision.set.iter().map(|(name, value)| format!("sets {name}: {value}")));
    lines.extend(decision.limits.iter().map(|limit| {
        format!("counts against {}: {} in {} s, burst {}", limit.name, limit.rate, limit.per_s, limit.burst)
    }));
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

/// A rule, and below it what it asked.
fn rule_in_words(rule: &RuleExplained, folder: &str, paint: Paint) -> String {
    let mut text = format!("  {}  {folder}{}:{}\n", paint.bold(&name(rule)), rule.file, rule.line);
    if rule.asked.is_empty() {
        text += "    asks nothing more\n";
    }
    let width = rule.asked.iter().map(|asked| asked.text.chars().count()).max().unwrap_or(0);
    for asked in &rule.asked {
        let outcome = if asked.outcome { paint.green("yes") } else { paint.red("no ") };
        let (test, file, line) = (&asked.text, &asked.file, asked.line);
        text += &format!("    {outcome}  {test:<width$}  {folder}{file}:{line}\n");
    }
    text
}

/// `observe deny bots`
fn name(rule: &RuleExplained) -> String {
    let observe = if rule.observe { "observe " } else { "" };
    format!("{observe}{} {}", rule.kind, rule.name)
}

/// Puts first what decides, then what could have, then the rest; each by name.
fn rank(rule: &RuleExplained, deciding: Option<&str>) -> usize {
    let kinds = ["deny", "allow", "limit", "forward", "audit"];
    match kinds.iter().position(|kind| *kind == rule.kind) {
        _ if deciding == Some(&rule.name) => 0,
        Some(kind) if !rule.observe => kind + 1,
        Some(_) | None => kinds.len() + 1,
    }
}

fn is_allow(rule: &RuleExplained) -> bool {
    rule.kind == "allow" && !rule.observe
}

/// Names the allows that are for other requests: often the one that was meant is among them.
fn elsewhere(rules: &[RuleExplained]) -> String {
    let rules: Vec<&RuleExplained> = rules.iter().filter(|rule| is_allow(rule) && !rule.reached).collect();
    if rules.is_empty() {
        return String::new();
    }
    let (are, number) = if rules.len() == 1 {
        ("is", "1 other allow".into())
    } else {
        ("are", format!("{} other allows", rules.len()))
    };
    let mut text = format!("{number} {are} for another host, method or path:\n");
    let width = rules.iter().take(ELSEWHERE_SHOWN_MAX).map(|rule| rule.name.len()).max().unwrap_or(0);
    for rule in rules.iter().take(ELSEWHERE_SHOWN_MAX) {
        let on =
            if rule.routes.is_empty() { "everywhere at its hosts".into() } else { rule.routes.join(", ") };
        text += &format!("  {:<width$}  {on}\n", rule.name);
    }
    let more = rules.len().saturating_sub(ELSEWHERE_SHOWN_MAX);
    if more > 0 {
        text += &format!("  and {more} more\n");
    }
    text
}
