//! Test items: each asks one thing that can be asked, and expects what can be.

use std::collections::BTreeMap;

use crate::ast::{Effect, Literal, RuleKind, RuleRef, Test, TestLine, TestLineKind, Text, Type};
use crate::codes::tests as codes;
use crate::diagnostic::{Code, Diagnostic};
use crate::json::Json;
use crate::policy::{Action, Policy};
use crate::request::RefusalCode;
use crate::source::{Span, Spanned};
use crate::suggest::did_you_mean;
use crate::testing::split_url;

/// The facts that a host may know.
const FACTS: [&str; 6] = ["asn", "bot_score", "client_cert", "country", "size", "tls_version"];
/// The statuses of denies: those of `respond`, of challenges and of steps 1 and 2.
const DENY_STATUSES: [i64; 10] = [400, 401, 403, 404, 405, 410, 423, 429, 451, 503];

/// The names that tests may use.
pub(crate) struct Names<'a> {
    /// The rules by full name, each with its kind and whether it is observed.
    pub(crate) rules: BTreeMap<&'a str, (RuleKind, bool)>,
    /// The issuers.
    pub(crate) issuers: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// Collects the names of a policy.
    pub(crate) fn of(policy: &'a Policy) -> Self {
        let kind = |action: &Action| match action {
            Action::Allow => RuleKind::Allow,
            Action::Deny(_) => RuleKind::Deny,
            Action::Limit(_) => RuleKind::Limit,
            Action::Forward(_) => RuleKind::Forward,
            Action::Audit(_) => RuleKind::Audit,
        };
        Self {
            rules: policy.rules.iter().map(|r| (r.name.as_str(), (kind(&r.action), r.observe))).collect(),
            issuers: policy.identity.issuers.iter().map(|i| i.name.as_str()).collect(),
        }
    }
}

/// Checks the tests of a policy.
pub(crate) fn check_tests(tests: &[&Test], names: &Names<'_>, out: &mut Vec<Diagnostic>) {
    for test in tests {
        refuse_repeats(test, out);
        refuse_contradictions(test, out);
        require(
            test,
            codes::REQUEST_MISSING,
            "asks nothing",
            is_request,
            "write `request GET \"https://…\"`",
            out,
        );
        require(
            test,
            codes::EXPECT_MISSING,
            "expects nothing",
            is_expect,
            "write `expect allow` or `expect deny`",
            out,
        );
        for line in &test.lines {
            check_line(&line.node, names, out);
        }
    }
}

fn require(
    test: &Test,
    code: Code,
    what: &str,
    is: fn(&TestLineKind) -> bool,
    help: &str,
    out: &mut Vec<Diagnostic>,
) {
    if !test.lines.iter().any(|line| is(&line.node)) {
        let message = format!("test \"{}\" {what}", test.name.node);
        out.push(Diagnostic::at(code, test.name.span, message).help(help));
    }
}

fn is_request(line: &TestLineKind) -> bool {
    matches!(line, TestLineKind::Request(..))
}

fn is_expect(line: &TestLineKind) -> bool {
    matches!(
        line,
        TestLineKind::ExpectEffect(..)
            | TestLineKind::ExpectRefused(_)
            | TestLineKind::ExpectHeader(..)
            | TestLineKind::ExpectLimit(_)
            | TestLineKind::ExpectObserved(_)
    )
}

/// Names the kind of a line that may stand once; `None` for those that may repeat.
fn single(line: &TestLineKind) -> Option<&'static str> {
    match line {
        TestLineKind::Request(..) => Some("request"),
        TestLineKind::From(_) => Some("from"),
        TestLineKind::At(_) => Some("at"),
        TestLineKind::Facts(_) => Some("facts"),
        TestLineKind::As(..) | TestLineKind::AsAnonymous | TestLineKind::AsInvalid => Some("as"),
        TestLineKind::ExpectEffect(..) => Some("expect allow` or `expect deny"),
        TestLineKind::ExpectRefused(_) => Some("expect refused"),
        TestLineKind::Header(..)
        | TestLineKind::ExpectHeader(..)
        | TestLineKind::ExpectLimit(_)
        | TestLineKind::ExpectObserved(_) => None,
    }
}

fn refuse_repeats(test: &Test, out: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for line in &test.lines {
        let Some(word) = single(&line.node) else { continue };
        match first.get(word) {
            None => _ = first.insert(word, line.span),
            Some(span) => out.push(
                Diagnostic::at(codes::LINE_TWICE, line.span, format!("this test has two `{word}` lines"))
                    .label(*span, "the first one")
                    .help("make two tests of it"),
            ),
        }
    }
}

/// A refused request is denied and nothing else: no rule is asked, no header is set.
fn refuse_contradictions(test: &Test, out: &mut Vec<Diagnostic>) {
    let is_denied = |line: &&TestLine| {
        matches!(&line.node, TestLineKind::ExpectRefused(_) | TestLineKind::ExpectEffect(Effect::Deny, ..))
    };
    let needs_allow = |line: &&TestLine| {
        matches!(
            &line.node,
            TestLineKind::ExpectEffect(Effect::Allow, ..)
                | TestLineKind::ExpectHeader(..)
                | TestLineKind::ExpectLimit(_)
        )
    };
    let (Some(denied), Some(allowed)) =
        (test.lines.iter().find(is_denied), test.lines.iter().find(needs_allow))
    else {
        return;
    };
    out.push(
        Diagnostic::at(codes::CONTRADICTION, allowed.span, "only an allowed request fulfils this")
            .label(denied.span, "and only a denied one this")
            .help("make two tests of it"),
    );
}

fn check_line(line: &TestLineKind, names: &Names<'_>, out: &mut Vec<Diagnostic>) {
    match line {
        TestLineKind::Request(_, url) => check_url(url, out),
        TestLineKind::From(literal) => check_literal(literal, Type::Ip, "from", "from 203.0.113.9", out),
        TestLineKind::At(literal) => {
            check_literal(literal, Type::Instant, "at", "at 2026-01-01T12:00:00Z", out)
        }
        TestLineKind::Facts(facts) => check_facts(facts, out),
        TestLineKind::As(issuer, _) => {
            if !names.issuers.contains(&issuer.node.as_str()) {
                let message = format!("issuer `{}` isn't declared", issuer.node);
                let diagnostic = Diagnostic::at(codes::ISSUER_UNKNOWN, issuer.span, message);
                out.push(or_listed(diagnostic, &issuer.node, &names.issuers, "issuers"));
            }
        }
        TestLineKind::ExpectEffect(effect, status, rule) => {
            if let Some(status) = status {
                check_status(*effect, status, out);
            }
            if let Some(rule) = rule {
                check_deciding_rule(*effect, rule, names, out);
            }
        }
        TestLineKind::ExpectRefused(code) => check_refusal(code, out),
        TestLineKind::ExpectLimit(rule) => {
            let is_limit = |kind, observe: bool| kind == RuleKind::Limit && !observe;
            check_rule(rule, names, is_limit, "is no limit that counts", out);
        }
        TestLineKind::ExpectObserved(rule) => {
            check_rule(rule, names, |_, observe| observe, "isn't marked `observe`", out);
        }
        TestLineKind::Header(..)
        | TestLineKind::AsAnonymous
        | TestLineKind::AsInvalid
        | TestLineKind::ExpectHeader(..) => {}
    }
}

fn check_url(url: &Text, out: &mut Vec<Diagnostic>) {
    if split_url(&url.node).is_none() {
        let message = format!("`{}` doesn't begin with `https://` or `http://`", url.node);
        out.push(
            Diagnostic::at(codes::URL_BAD, url.span, message)
                .help("write the whole URL, such as `\"https://api.acme.com/v1/orders\"`"),
        );
    }
}

fn check_literal(literal: &Literal, ty: Type, word: &str, sample: &str, out: &mut Vec<Diagnostic>) {
    let is_net = matches!(&literal.node, crate::ast::LiteralKind::Ip(net) if !net.is_host());
    if literal.node.ty() != ty || is_net {
        let found = if is_net { "network" } else { literal.node.ty().word() };
        let wanted = if ty == Type::Ip { "an address" } else { "an instant" };
        out.push(
            Diagnostic::at(
                codes::LITERAL_TYPE,
                literal.span,
                format!("`{word}` takes {wanted}, not this {found}"),
            )
            .help(format!("write `{sample}`")),
        );
    }
}

fn check_facts(facts: &[(crate::ast::Name, Spanned<Json>)], out: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for (name, value) in facts {
        if !FACTS.contains(&name.node.as_str()) {
            let diagnostic =
                Diagnostic::at(codes::FACT_UNKNOWN, name.span, format!("there is no fact `{}`", name.node));
            out.push(or_listed(diagnostic, &name.node, &FACTS, "facts"));
        }
        if value.node == Json::Null {
            out.push(
                Diagnostic::at(codes::FACT_NULL, value.span, "a fact is never `null`")
                    .help("leave out what the host doesn't know"),
            );
        }
        if let Some(span) = first.insert(&name.node, name.span) {
            out.push(
                Diagnostic::at(codes::LINE_TWICE, name.span, format!("fact `{}` is given twice", name.node))
                    .label(span, "the first one")
                    .help("keep one of the two"),
            );
        }
    }
}

fn check_status(effect: Effect, status: &Spanned<i64>, out: &mut Vec<Diagnostic>) {
    let (possible, statuses) = match effect {
        Effect::Allow => (status.node == 200, "200".to_string()),
        Effect::Deny => {
            let list: Vec<String> = DENY_STATUSES.iter().map(i64::to_string).collect();
            (DENY_STATUSES.contains(&status.node), list.join(", "))
        }
    };
    if !possible {
        let word = if effect == Effect::Allow { "allow" } else { "deny" };
        let message = format!("no {word} has status {}", status.node);
        out.push(
            Diagnostic::at(codes::STATUS, status.span, message)
                .help(format!("the statuses of `{word}` are {statuses}")),
        );
    }
}

/// A deny names the deny that decided, or the forward whose value no header carries.
fn check_deciding_rule(effect: Effect, rule: &RuleRef, names: &Names<'_>, out: &mut Vec<Diagnostic>) {
    match effect {
        Effect::Allow => {
            let is_allow = |kind, observe: bool| kind == RuleKind::Allow && !observe;
            check_rule(rule, names, is_allow, "never allows", out);
        }
        Effect::Deny => {
            let is_deny =
                |kind, observe: bool| matches!(kind, RuleKind::Deny | RuleKind::Forward) && !observe;
            check_rule(rule, names, is_deny, "never denies", out);
        }
    }
}

fn check_rule(
    rule: &RuleRef,
    names: &Names<'_>,
    fits: impl Fn(RuleKind, bool) -> bool,
    otherwise: &str,
    out: &mut Vec<Diagnostic>,
) {
    let fitting: Vec<&str> =
        names.rules.iter().filter(|(_, (kind, observe))| fits(*kind, *observe)).map(|(n, _)| *n).collect();
    match names.rules.get(rule.node.as_str()) {
        Some((kind, observe)) if fits(*kind, *observe) => {}
        Some(_) => out.push(
            Diagnostic::at(codes::RULE_KIND, rule.span, format!("rule `{}` {otherwise}", rule.node))
                .help("name the rule that does, or expect something else"),
        ),
        None => {
            let message = format!("rule `{}` isn't declared", rule.node);
            let diagnostic = Diagnostic::at(codes::RULE_UNKNOWN, rule.span, message);
            out.push(match unqualified(&rule.node, &fitting) {
                Some(full) => {
                    diagnostic.help(format!("did you mean `{full}`? Rules of a service begin with its name"))
                }
                None => match did_you_mean(&rule.node, fitting) {
                    Some(hint) => diagnostic.help(hint),
                    None => diagnostic.help("name a rule in full, such as `orders.read`"),
                },
            });
        }
    }
}

/// Finds the one rule whose name behind its service's is the word.
fn unqualified<'a>(word: &str, rules: &[&'a str]) -> Option<&'a str> {
    let mut found = rules.iter().filter(|full| full.split_once('.').is_some_and(|(_, name)| name == word));
    let first = found.next()?;
    found.next().is_none().then_some(*first)
}

fn check_refusal(code: &Text, out: &mut Vec<Diagnostic>) {
    let names = || RefusalCode::ALL.iter().map(|c| c.name());
    let name = code.node.split(':').next().unwrap_or("");
    if names().any(|known| known == name) {
        return;
    }
    let diagnostic =
        Diagnostic::at(codes::REFUSAL_UNKNOWN, code.span, format!("there is no refusal `{name}`"));
    out.push(or_listed(diagnostic, name, &names().collect::<Vec<_>>(), "refusals"));
}

/// Guesses what was meant, or lists what there is.
fn or_listed(diagnostic: Diagnostic, word: &str, known: &[&str], what: &str) -> Diagnostic {
    match did_you_mean(word, known.iter().copied()) {
        Some(hint) => diagnostic.help(hint),
        None if known.is_empty() => diagnostic.help(format!("the policy has no {what}")),
        None => {
            let list: Vec<String> = known.iter().map(|k| format!("`{k}`")).collect();
            diagnostic.help(format!("the {what} are {}", list.join(", ")))
        }
    }
}
