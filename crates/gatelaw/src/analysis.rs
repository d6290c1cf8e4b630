//! What the rules of a checked policy mean together: rules that can never match, allows that a deny always covers, rules
//! that say the same, answers and headers that contradict each other.
//!
//! Conditions are compared as diagrams over the same classes that the plan uses. A warning is never wrong: "never" and
//! "always" hold for every assignment of classes, possible or not. What contradicts each other is reported only with a
//! request that shows it, which the reference interpreter has answered. Where a budget ends, a warning may be missing.

mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::check::overlap::{common_host_of, common_path, matches_host};
use crate::codes::{rules as rule_codes, warnings as codes};
use crate::diagnostic::Diagnostic;
use crate::diagram::{Diagrams, OverBudget, Ref};
use crate::limits::{ANALYSIS_EDGES_MAX, ANALYSIS_PAIRS_MAX, PART_VARIABLES_MAX};
use crate::lower::{Alternative, Cond, HostScope, Lowered, Place, Variable};
use crate::policy::{
    Action, Denial, Expr, ListEntries, Policy, Route, Rule, Segment, Service, Test, TrailingSlash, Value,
};
use crate::request::fold;
use crate::source::Span;

/// Analyses a policy. Its order is that of full names.
pub(crate) fn analyse(policy: &Policy, lowered: &Lowered) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut analysis = Analysis::new(policy, lowered);
    let rules = analysis.rules();
    analysis.never(&rules, &mut out);
    analysis.covered(&rules, &mut out);
    analysis.same(&rules, &mut out);
    analysis.contradictions(&rules, &mut out);
    out
}

struct Analysis<'p> {
    policy: &'p Policy,
    /// The services whose hosts compare letters folded.
    folding: Vec<&'p Service>,
    scopes: &'p [HostScope],
    alternatives: &'p [Alternative],
    variables: Vec<Variable>,
    diagrams: Diagrams,
    /// By alternative: its condition, where the budget allowed.
    conditions: Vec<Option<Ref>>,
    pairs_left: usize,
}

impl<'p> Analysis<'p> {
    fn new(policy: &'p Policy, lowered: &'p Lowered) -> Self {
        let (variables, tests) = lowered.tests.classify(policy);
        let mut diagrams = Diagrams::default();
        diagrams.set_budget(ANALYSIS_EDGES_MAX);
        let built = lowered.conditions.iter().map(|d| {
            let condition = d.classified(&tests);
            let small = Cond::variables([&condition]).len() <= PART_VARIABLES_MAX / 2;
            if small { diagrams.condition(&condition).ok() } else { None }
        });
        let conditions = built.collect();
        let folding = policy.services.iter().filter(|s| s.relaxations.case_fold).collect();
        let (scopes, alternatives) = (&lowered.places.scopes, &lowered.places.alternatives);
        let pairs_left = ANALYSIS_PAIRS_MAX;
        Self { policy, folding, scopes, alternatives, variables, diagrams, conditions, pairs_left }
    }

    /// Lists the rules with their alternatives, which stand side by side.
    fn rules(&self) -> Vec<Meant<'p>> {
        let mut next = 0;
        let meant = self.alternatives.chunk_by(|a, b| a.rule == b.rule).filter_map(|of_rule| {
            let first = next;
            next += of_rule.len();
            Some((self.policy.numbered(of_rule.first()?.rule)?, first..next))
        });
        meant.collect()
    }

    fn condition(&self, alternative: usize) -> Option<Ref> {
        self.conditions.get(alternative).copied().flatten()
    }

    fn never(&self, rules: &[Meant<'_>], out: &mut Vec<Diagnostic>) {
        for (rule, alternatives) in rules {
            let is_never = alternatives.clone().all(|a| self.condition(a) == Some(Ref::NONE));
            if !alternatives.is_empty() && is_never && !self.reads_empty_list(&rule.condition) {
                let message = format!("`{}` can never match: its conditions exclude each other", rule.name);
                out.push(
                    Diagnostic::at(codes::NEVER_MATCHES, rule.name_span, message)
                        .help("look at `for`, `when` and `unless` together, or leave the rule out"),
                );
            }
        }
    }

    /// Says whether a list without entries is read: it may be empty today, and have entries tomorrow.
    fn reads_empty_list(&self, condition: &Expr) -> bool {
        match condition {
            Expr::Constant(_) => false,
            Expr::Not(inner) => self.reads_empty_list(inner),
            Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| self.reads_empty_list(part)),
            Expr::Test(
                Test::InList(_, list) | Test::ContainsAnyOf(_, list) | Test::ContainsAllOf(_, list),
                _,
            ) => self.policy.entries(*list).is_some_and(ListEntries::is_empty),
            Expr::Test(..) => false,
        }
    }

    fn covered(&mut self, rules: &[Meant<'_>], out: &mut Vec<Diagnostic>) {
        let denies: Vec<_> =
            rules.iter().filter(|(r, _)| !r.observe && matches!(r.action, Action::Deny(_))).collect();
        for (rule, alternatives) in rules.iter().filter(|(r, _)| !r.observe && r.action == Action::Allow) {
            if alternatives.clone().all(|a| self.condition(a) == Some(Ref::NONE)) {
                continue;
            }
            if self.pairs_left == 0 {
                return;
            }
            let covering = denies.iter().find(|(_, d)| self.covers(d, alternatives));
            if let Some((deny, _)) = covering {
                let message = format!(
                    "`{}` never allows anything: `{}` denies all that it would",
                    rule.name, deny.name
                );
                out.push(
                    Diagnostic::at(codes::COVERED, rule.name_span, message)
                        .label(deny.name_span, "this deny always wins")
                        .help("leave one of them out, or narrow the deny"),
                );
            }
        }
    }

    /// Says whether some deny alternative holds wherever one of the allow's does.
    fn covers(&mut self, denies: &Range<usize>, allows: &Range<usize>) -> bool {
        allows.clone().all(|allow| denies.clone().any(|deny| self.implies(allow, deny).unwrap_or(false)))
    }

    fn implies(&mut self, allow: usize, deny: usize) -> Option<bool> {
        self.pairs_left = self.pairs_left.checked_sub(1)?;
        let (a, d) = (self.alternatives.get(allow)?, self.alternatives.get(deny)?);
        let wider = d.scope == 0 || d.scope == a.scope;
        if !wider || !within(a.place.as_ref(), d.place.as_ref()) {
            return Some(false);
        }
        let (a, d) = (self.condition(allow)?, self.condition(deny)?);
        let both = |diagrams: &mut Diagrams| -> Result<Ref, OverBudget> {
            let not = diagrams.not(d)?;
            diagrams.and(a, not)
        };
        Some(both(&mut self.diagrams).ok()? == Ref::NONE)
    }

    fn same(&self, rules: &[Meant<'_>], out: &mut Vec<Diagnostic>) {
        let mut known: BTreeMap<(Vec<Where<'_>>, bool, Option<&Denial>), &Rule> = BTreeMap::new();
        for (rule, alternatives) in rules {
            let denial = match &rule.action {
                Action::Allow => None,
                Action::Deny(denial) => Some(denial),
                Action::Limit(_) | Action::Forward(_) | Action::Audit(_) => continue,
            };
            let key = |a| {
                let alternative = self.alternatives.get(a)?;
                let condition = self.condition(a).filter(|c| *c != Ref::NONE)?;
                Some((condition, alternative.scope, alternative.place.as_ref()))
            };
            let Some(mut key) = alternatives.clone().map(key).collect::<Option<Vec<_>>>() else { continue };
            key.sort();
            let twin = *known.entry((key, rule.observe, denial)).or_insert(rule);
            if twin.name != rule.name {
                let message = format!("`{}` and `{}` match the same requests", twin.name, rule.name);
                out.push(
                    Diagnostic::at(codes::SAME_CONDITION, rule.name_span, message)
                        .label(twin.name_span, "the other one")
                        .help("leave one of them out"),
                );
            }
        }
    }

    /// Finds denies that answer differently, and forwards that treat one header differently, where both can match.
    fn contradictions(&mut self, rules: &[Meant<'p>], out: &mut Vec<Diagnostic>) {
        let (mut headers, mut answers): (BTreeMap<String, Groups<Treatment<'_>>>, Groups<&Denial>) =
            (BTreeMap::new(), BTreeMap::new());
        for (at, (rule, _)) in rules.iter().enumerate().filter(|(_, (rule, _))| !rule.observe) {
            match &rule.action {
                Action::Forward(forward) => {
                    let sets = forward.set.iter().map(|(name, value)| (name, Treatment::Set(name, value)));
                    let removes = forward.remove.iter().map(|name| (name, Treatment::Removed));
                    for (name, treatment) in sets.chain(removes) {
                        // Names with one fold are one header to what stands behind a gate: set in two spellings, it is set twice.
                        headers.entry(fold(name)).or_default().entry(treatment).or_default().push(at);
                    }
                }
                Action::Deny(denial) if is_written(denial) => answers.entry(denial).or_default().push(at),
                Action::Deny(_) | Action::Allow | Action::Limit(_) | Action::Audit(_) => {}
            }
        }
        // A rule that contradicts one other is told once, however many more it contradicts.
        let (mut known, mut told) = (BTreeSet::new(), BTreeSet::new());
        for ((x, a), (y, b)) in headers.values().flat_map(across) {
            if self.pairs_left == 0 {
                return;
            }
            if told.contains(&b) || !known.insert((a, b)) {
                continue;
            }
            let Some(header) = x.header().or(y.header()) else { continue };
            let Some((a, b, request)) = self.both_match(rules, a, b, &mut told) else { continue };
            out.push(
                Diagnostic::at(
                    rule_codes::FORWARD_CONFLICT,
                    b.name_span,
                    format!("`{}` and `{}` both match this request, and treat the header `{header}` differently: {request}", a.name, b.name),
                )
                .label(a.name_span, "the other rule")
                .help("give their conditions or values a difference: one header has one value"),
            );
        }
        for ((_, a), (_, b)) in across(&answers) {
            if self.pairs_left == 0 {
                return;
            }
            if told.contains(&b) {
                continue;
            }
            let Some((a, b, request)) = self.both_match(rules, a, b, &mut told) else { continue };
            out.push(
                Diagnostic::at(
                    codes::RESPONDS_DIFFER,
                    b.name_span,
                    format!(
                        "`{}` and `{}` both match this request, and answer differently: {request}",
                        a.name, b.name
                    ),
                )
                .label(a.name_span, "the other deny; the least name decides")
                .help("write one answer in both, or narrow one of them"),
            );
        }
    }

    /// Finds a request that two rules match, and notes that the second is told.
    fn both_match(
        &mut self,
        rules: &[Meant<'p>],
        a: usize,
        b: usize,
        told: &mut BTreeSet<usize>,
    ) -> Option<(&'p Rule, &'p Rule, String)> {
        let ((one, of_one), (other, of_other)) = (rules.get(a)?, rules.get(b)?);
        let request = self.witness(one, of_one, other, of_other)?;
        told.insert(b);
        Some((one, other, request))
    }

    /// Finds a request that both rules match.
    fn witness(&mut self, a: &Rule, of_a: &Range<usize>, b: &Rule, of_b: &Range<usize>) -> Option<String> {
        for x in of_a.clone() {
            for y in of_b.clone() {
                self.pairs_left = self.pairs_left.checked_sub(1)?;
                let Some((host, method, path)) = self.common_place(a, x, b, y) else { continue };
                let (Some(c), Some(d)) = (self.condition(x), self.condition(y)) else { continue };
                let Ok(both) = self.diagrams.and(c, d) else { continue };
                let place = witness::Place { host, method, path };
                let found = witness::find(self.policy, &self.variables, &self.diagrams, both, &place, [a, b]);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    fn common_place(&self, a: &Rule, x: usize, b: &Rule, y: usize) -> Option<(String, String, String)> {
        let (x, y) = (self.alternatives.get(x)?, self.alternatives.get(y)?);
        let hosts = |scope: u32| {
            usize::try_from(scope).ok().and_then(|s| self.scopes.get(s)).map_or(&[][..], Vec::as_slice)
        };
        let (xs, ys) = (hosts(x.scope), hosts(y.scope));
        let both = |host: &String| serves(xs, host) && serves(ys, host);
        // Where one of the two is for more hosts, those of services that fold letters may show what others don't.
        let more =
            self.folding.iter().flat_map(|s| [common_host_of(xs, &s.hosts), common_host_of(ys, &s.hosts)]);
        let candidates = common_host_of(xs, ys).into_iter().chain(more.flatten());
        let (x, y) = (route(x, a.name_span), route(y, b.name_span));
        candidates.filter(both).find_map(|host| {
            let fold = self.folding.iter().any(|s| serves(&s.hosts, &host));
            common_path(&x, &y, fold).map(|(method, path)| (host, method, path))
        })
    }
}

/// Says whether one of some patterns matches a host; none is every host.
fn serves(hosts: &[crate::policy::HostPattern], host: &str) -> bool {
    hosts.is_empty() || hosts.iter().any(|pattern| matches_host(pattern, host))
}

/// Condition, hosts and place of an alternative: the condition first, as most differ in it, and it is compared at once.
type Where<'a> = (Ref, u32, Option<&'a Place>);

/// A rule, and the numbers of its alternatives.
type Meant<'p> = (&'p Rule, Range<usize>);

/// Rules, by their place among all, in groups that do one thing.
type Groups<K> = BTreeMap<K, Vec<usize>>;

/// What a forward does with a header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Treatment<'p> {
    /// `set "x-user" = user.id`
    Set(&'p str, &'p Value),
    /// `remove "x-user"`
    Removed,
}

impl<'p> Treatment<'p> {
    fn header(self) -> Option<&'p str> {
        match self {
            Self::Set(name, _) => Some(name),
            Self::Removed => None,
        }
    }
}

/// A deny without `respond` says nothing that another could contradict.
fn is_written(denial: &Denial) -> bool {
    let silent = Denial::Respond { status: 403, text: None };
    matches!(denial, Denial::Respond { .. }) && *denial != silent
}

/// Lists pairs of rules of two groups, the lesser first: no more than can be compared.
fn across<K: Copy>(groups: &Groups<K>) -> Vec<((K, usize), (K, usize))> {
    let mut pairs = Vec::new();
    for (at, (one, rules)) in groups.iter().enumerate() {
        for (other, others) in groups.iter().skip(at + 1) {
            for (a, b) in rules.iter().flat_map(|a| others.iter().map(move |b| (*a, *b))) {
                if pairs.len() == ANALYSIS_PAIRS_MAX {
                    return pairs;
                }
                pairs.push(if a < b { ((*one, a), (*other, b)) } else { ((*other, b), (*one, a)) });
            }
        }
    }
    pairs
}

/// Turns an alternative back into a route.
fn route(alternative: &Alternative, span: Span) -> Route {
    let everywhere =
        Place { methods: Vec::new(), segments: Vec::new(), rest: true, trailing_slash: TrailingSlash::Any };
    let place = alternative.place.clone().unwrap_or(everywhere);
    Route {
        methods: place.methods,
        segments: place.segments,
        rest: place.rest,
        trailing_slash: place.trailing_slash,
        captures: alternative.captures.clone(),
        span,
    }
}

/// Says whether every request at one place is at the other too.
fn within(inner: Option<&Place>, outer: Option<&Place>) -> bool {
    let Some(outer) = outer else { return true };
    let Some(inner) = inner else { return false };
    let methods = outer.methods.is_empty()
        || (!inner.methods.is_empty() && inner.methods.iter().all(|m| outer.methods.contains(m)));
    let slash = outer.trailing_slash == TrailingSlash::Any || outer.trailing_slash == inner.trailing_slash;
    let length = if outer.rest {
        inner.segments.len() >= outer.segments.len()
    } else {
        !inner.rest && inner.segments.len() == outer.segments.len()
    };
    let segment = |(i, o): (&Segment, &Segment)| i == o || *o == Segment::Any;
    methods && slash && length && inner.segments.iter().zip(&outer.segments).all(segment)
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    fn messages(text: &str) -> Vec<String> {
        let sources = Sources::from_text("policy.gate", text);
        let (ast, parsed) = crate::parse::parse(&sources);
        assert_eq!(parsed, []);
        let (_, found) = crate::check::check(&ast, &sources);
        found.into_iter().map(|d| format!("{}: {}", d.code, d.message)).collect()
    }

    const ISSUER: &str = "issuer i { url \"https://i.example\" audience none algorithms RS256 scopes claim scp roles claim r as named {a, b} }\nrole a\nrole b includes a\n";

    #[test]
    fn a_list_that_may_be_empty_may_have_entries_tomorrow() {
        let policy =
            "list burned: ip may be empty = []\nallow x { for anyone }\ndeny y { when request.ip in burned }";
        assert_eq!(messages(policy), Vec::<String>::new());
    }

    #[test]
    fn what_rules_mean_together() {
        let table = [
            (
                "allow x { for a and b when request.method == \"GET\" and request.method == \"PUT\" }",
                "G0907: `x` can never match: its conditions exclude each other",
            ),
            (
                "allow w { on /w for a }\nallow x { on /y for b }\ndeny z { for b }",
                "G0908: `x` never allows anything: `z` denies all that it would",
            ),
            ("allow x { for a or b }\nallow z { for b or a }", "G0909: `x` and `z` match the same requests"),
            (
                "allow x { for a or b }\nforward f { on /x/* for a set \"x-h\" = \"1\" }\nforward g { on /*/y for b when request.country? in [\"DE\"] set \"x-h\" = \"2\" }",
                "G0612: `f` and `g` both match this request, and treat the header `x-h` differently: GET https://a.example/x/y, country DE, as `u1` of i with a, b",
            ),
            (
                "allow x { for a or b }\ndeny f { when request.header(\"q\") contains \"1\" respond 404 }\ndeny g { on PUT /x respond 410 }",
                "G0910: `f` and `g` both match this request, and answer differently: PUT https://a.example/x, header q: 1, nobody signed in",
            ),
        ];
        for (rules, expected) in table {
            assert_eq!(messages(&format!("{ISSUER}{rules}")), [expected]);
        }
    }

    #[test]
    fn a_rule_that_contradicts_several_is_told_once() {
        let rules = "deny f { respond 404 }\ndeny g { respond 410 }\ndeny h { respond 423 }";
        let found = messages(&format!("{ISSUER}allow x {{ on /x for a or b }}\n{rules}"));
        let told: Vec<_> = found.iter().filter(|m| m.starts_with("G0910")).map(|m| &m[..16]).collect();
        assert_eq!(told, ["G0910: `f` and `", "G0910: `f` and `"], "{found:#?}");
    }

    #[test]
    fn two_spellings_of_a_header_are_one() {
        for other in ["set \"x_h\" = \"1\"", "set \"x.h\" = \"2\"", "remove \"x_h\""] {
            let rules = format!("forward f {{ set \"x-h\" = \"1\" }}\nforward g {{ on /y {other} }}");
            let expected = "G0612: `f` and `g` both match this request, and treat the header `x-h` differently: GET https://a.example/y, nobody signed in";
            assert_eq!(
                messages(&format!("{ISSUER}allow x {{ for a or b }}\n{rules}")),
                [expected],
                "{other}"
            );
        }
    }

    #[test]
    fn what_excludes_each_other_contradicts_nothing() {
        for rules in [
            "forward f { on /x set \"x-h\" = \"1\" }\nforward g { on /y set \"x-h\" = \"2\" }",
            "forward f { when has request.country set \"x-h\" = \"1\" }\nforward g { when not has request.country set \"x-h\" = \"2\" }",
            "forward f { when request.country? in [\"DE\"] set \"x-h\" = \"1\" }\nforward g { when not has request.country set \"x-h\" = \"2\" }",
            "forward f { for b set \"x-h\" = \"1\" }\nforward g { for authenticated and not a set \"x-h\" = \"2\" }",
            "forward f { set \"x-h\" = \"1\" }\nforward g { set \"x-h\" = \"1\" }",
        ] {
            assert_eq!(messages(&format!("{ISSUER}allow x {{ for a or b }}\n{rules}")), [""; 0], "{rules}");
        }
    }
}
