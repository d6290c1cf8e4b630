//! From the tree as written to the checked policy: every error and warning that needs no diagram.
//!
//! Names first, then what rules stand on (roles, lists, issuers, services), then rules one by one, then what only the whole
//! tells: needs and what is never used. A name that could not be found is reported once, and silent from there on.

mod attributes;
mod cycles;
mod expressions;
mod issuers;
mod lists;
mod names;
mod needs;
mod never_had;
pub(crate) mod overlap;
mod principals;
mod roles;
mod routes;
mod rules;
mod services;
mod tests;
mod warnings;

use std::collections::BTreeSet;

pub use names::RESERVED;

use crate::ast::{Ast, Item};
use crate::diagnostic::Diagnostic;
use crate::limits::RULES_MAX;
use crate::lower::Lowered;
use crate::policy::{Attr, AttributeId, IdentityModel, Issuer, List, Policy, Role, RoleId, UserAttribute};
use crate::source::{Sources, Span};
use names::Names;

/// Checks a policy. It is `None` where any diagnostic is an error.
#[must_use]
pub fn check(ast: &Ast, sources: &Sources) -> (Option<Policy>, Vec<Diagnostic>) {
    let (checked, out) = check_and_lower(ast, sources);
    (checked.map(|(policy, _)| policy), out)
}

/// Checks a policy, and keeps what its rules were lowered to for that.
pub(crate) fn check_and_lower(ast: &Ast, sources: &Sources) -> (Option<(Policy, Lowered)>, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let names = Names::collect(ast, &mut out);
    let closures = roles::closures(&names, &mut out);
    let lists = lists::lists(&names, sources, &mut out);
    let role_names: Vec<&str> = names.roles.iter().map(|r| r.name.node.as_str()).collect();
    let declared = issuers::check_issuers(&names.issuers, &role_names, &mut out);
    let rules = names::rules(ast, &names, &mut out);
    if rules.len() > RULES_MAX {
        let message = format!("the policy has {} rules; at most {RULES_MAX} stand", rules.len());
        let at = rules
            .first()
            .map_or(Span { file: crate::source::FileId(0), start: 0, end: 0 }, |(_, _, r)| r.span);
        out.push(
            Diagnostic::at(crate::codes::names::TOO_MANY_RULES, at, message)
                .help("use lists and roles in place of rules that differ in one value"),
        );
        return (None, out);
    }
    let cyclic_defines = cycles::cyclic_defines(&names, &mut out);
    let token_headers = declared.issuers.iter().flat_map(|i| i.token_headers.iter().cloned()).collect();
    let mut checker = Checker {
        sources,
        names: &names,
        closures: &closures,
        lists: &lists,
        issuers: &declared.issuers,
        attributes: &declared.attributes,
        token_headers,
        cyclic_defines,
        used_attributes: BTreeSet::new(),
        expanded: Some(0),
        out,
    };
    let services = checker.services();
    let checked: Vec<_> =
        rules.into_iter().map(|(full, service, rule)| checker.rule(full, service, rule, &services)).collect();
    checker.refuse_headers_both_read_and_set(&checked);
    checker.unused(&checked, &declared.attribute_spans);
    let Checker { mut out, .. } = checker;
    let identity = IdentityModel {
        reads_token_age: checked.iter().any(|c| c.reads.contains(&Attr::UserTokenAge)),
        matched: needs::matched_of_user(&checked),
        roles: roles_of(&names, &closures),
        issuers: declared.issuers,
        attributes: declared.attributes,
    };
    let needs = needs::needs(&checked, &identity);
    let tests = tests_of(ast, sources);
    let policy = Policy {
        identity,
        lists,
        services: services.into_iter().map(|s| s.service).collect(),
        rules: checked.into_iter().map(|c| c.rule).collect(),
        tests,
        needs,
    };
    tests::check_tests(&policy.tests.iter().collect::<Vec<_>>(), &tests::Names::of(&policy), &mut out);
    let lowered = (!Diagnostic::any_is_error(&out)).then(|| Lowered::of(&policy));
    if let Some(lowered) = &lowered {
        out.extend(crate::analysis::analyse(&policy, lowered));
    }
    out.sort_by(|a, b| {
        // Most are at places of their own: no message is looked at for these.
        let by_place = a.span.cmp(&b.span).then_with(|| a.list_line.cmp(&b.list_line));
        by_place.then_with(|| a.code.cmp(&b.code)).then_with(|| a.message.cmp(&b.message))
    });
    out.dedup();
    let checked = lowered.filter(|_| !Diagnostic::any_is_error(&out)).map(|lowered| (policy, lowered));
    (checked, out)
}

/// What is known while rules are checked.
struct Checker<'c> {
    sources: &'c Sources,
    names: &'c Names<'c>,
    closures: &'c [Vec<RoleId>],
    lists: &'c [List],
    issuers: &'c [Issuer],
    attributes: &'c [UserAttribute],
    /// Headers that issuers take tokens from.
    token_headers: Vec<String>,
    cyclic_defines: BTreeSet<&'c str>,
    used_attributes: BTreeSet<AttributeId>,
    /// Tests that defines stood for in rules up to here; `None` once that is too many, and was reported.
    expanded: Option<u32>,
    out: Vec<Diagnostic>,
}

/// What is known of the rule that is being checked, and what was found on the way.
struct RuleScope {
    span: Span,
    is_allow: bool,
    is_deny: bool,
    /// The patterns of `on`, with the names that each captures.
    routes: Vec<(Span, BTreeSet<String>)>,
    /// The name of the host's first label, where the service captures it.
    host_label: Option<String>,
    may_be_anonymous: bool,
    /// The issuers whose tokens can satisfy `for`, by number.
    issuers: Vec<usize>,
    /// How many defines stand around.
    in_define: u32,
    depth: u32,
    tests: u32,
    reported_size: bool,
    /// Tests, and names of defines, that are mistakes, each told once: defines that double would find them again and again.
    mistaken: BTreeSet<Span>,
    /// Everything that was read.
    reads: Vec<Attr>,
    /// What a `matches` tests.
    matched: Vec<Attr>,
    captures_read: Vec<(String, Span)>,
    offsets: Vec<(i32, Span)>,
}

fn roles_of(names: &Names<'_>, closures: &[Vec<RoleId>]) -> Vec<Role> {
    let closures = closures.iter().cloned();
    names.roles.iter().zip(closures).map(|(r, closure)| Role { name: r.name.node.clone(), closure }).collect()
}

/// Lists the tests by file name, then place.
fn tests_of(ast: &Ast, sources: &Sources) -> Vec<crate::ast::Test> {
    let mut tests: Vec<_> =
        ast.items.iter().filter_map(|i| if let Item::Test(t) = i { Some(t.clone()) } else { None }).collect();
    let name = |span: Span| sources.file(span.file).map_or("", |f| f.name.as_str());
    tests.sort_by(|a, b| name(a.span).cmp(name(b.span)).then(a.span.start.cmp(&b.span.start)));
    tests
}
