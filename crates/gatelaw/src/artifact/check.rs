//! The one checking pass over a plan that was loaded: after it, no check can fail while deciding.

use super::{LoadError, cost};
use crate::eval::{NoteExpr, Notes};
use crate::plan::{Action, Plan, PlanKind, VariableKind, VariableWords};

const TERMINAL: u32 = 1 << 31;

/// Checks that all that a decision follows leads somewhere, and ends.
pub(super) fn check(plan: &Plan) -> Result<(), LoadError> {
    let wrong = |what: &'static str| Err(LoadError::Malformed(what));
    let words = u32::try_from(plan.tables.len()).unwrap_or(u32::MAX);
    let entry = &plan.entry;
    // Each row and each entry takes a word of some table, so larger figures are lies that must not be allocated for.
    if [entry.rows_max, entry.all_of_max, entry.literals].iter().any(|max| *max > words) {
        return wrong("it asks for more room than its tables can use");
    }
    let roles = plan.identity.roles.len();
    let granted = plan.identity.roles.iter().flat_map(|r| &r.closure);
    let mapped = plan
        .identity
        .issuers
        .iter()
        .flat_map(|i| &i.roles)
        .flat_map(|r| r.grants.pairs().iter().map(|(_, role)| role));
    if granted.chain(mapped).any(|role| usize::try_from(role.0).is_ok_and(|r| r >= roles)) {
        return wrong("a role is not there");
    }
    let mut lines = plan.identity.issuers.iter().flat_map(|i| &i.roles);
    if !lines.all(|line| line.grants.pairs().is_sorted_by(|a, b| a < b)) {
        return wrong("grants of roles are not sorted");
    }
    let attributes = plan.identity.attributes.len();
    let given = plan.identity.issuers.iter().flat_map(|i| &i.attributes);
    if given.map(|a| a.attribute.0).any(|a| usize::try_from(a).is_ok_and(|a| a >= attributes)) {
        return wrong("an attribute is not there");
    }
    rules(plan)?;
    let paths = Paths::of(plan, &plan.nodes)?;
    let programs = plan.variables.iter().filter(|v| v.kind == VariableKind::Program);
    if !programs.map(|v| v.arguments).all(|[root, ..]| paths.from(root).is_some_and(|path| !path.asks)) {
        return wrong("a program is not there, or asks another one");
    }
    literals(plan)?;
    cost::check(plan, &paths)
}

/// Checks that what asks for a literal asks a scan, and what waits for one asks for a literal: so neither leads back.
fn literals(plan: &Plan) -> Result<(), LoadError> {
    let kind = |variable: u32| {
        usize::try_from(variable).ok().and_then(|v| plan.variables.get(v)).map(|words| words.kind)
    };
    let leads = |words: &VariableWords| match (words.kind, words.arguments) {
        (VariableKind::Found, [scan, ..]) => kind(scan) == Some(VariableKind::Scan),
        (VariableKind::Patterns, [_, _, found]) => {
            found.checked_sub(1).is_none_or(|found| kind(found) == Some(VariableKind::Found))
        }
        _ => true,
    };
    if plan.variables.iter().all(leads) {
        Ok(())
    } else {
        Err(LoadError::Malformed("a literal is looked for where no scan finds it"))
    }
}

/// Checks that all that an explanation follows leads somewhere, and ends.
pub(super) fn notes(plan: &Plan, notes: &Notes) -> Result<(), LoadError> {
    if plan.rules.len() != notes.rules.len() {
        return Err(LoadError::Malformed("its notes are of another number of rules"));
    }
    let paths = Paths::of(plan, &notes.nodes)?;
    if notes.alternatives.iter().all(|note| leads(&note.expr, &paths)) {
        Ok(())
    } else {
        Err(LoadError::Malformed("a test of its notes leads to no diagram"))
    }
}

fn rules(plan: &Plan) -> Result<(), LoadError> {
    if plan.rule_names.count() != plan.rules.len() {
        return Err(LoadError::Malformed("it has another number of names than of rules"));
    }
    let decides = |rule: &crate::policy::RuleId| {
        plan.rule(*rule).is_some_and(|r| !r.observe && matches!(r.kind, PlanKind::Allow | PlanKind::Deny(_)))
    };
    if !plan.ranked.iter().all(decides) {
        return Err(LoadError::Malformed("a rank is of no rule that decides"));
    }
    let is_deny =
        |rule: &crate::policy::RuleId| plan.rule(*rule).is_some_and(|r| matches!(r.kind, PlanKind::Deny(_)));
    if !plan.ranked.is_sorted_by_key(|rule| !is_deny(rule)) {
        return Err(LoadError::Malformed("an allow ranks before a deny"));
    }
    let fits = |action: &Action, rule: &crate::plan::PlanRule| match action {
        Action::Observe => rule.observe,
        Action::Limit { .. } => !rule.observe && rule.kind == PlanKind::Limit,
        Action::Forward { .. } => rule.kind == PlanKind::Forward,
        Action::Audit { .. } => rule.kind == PlanKind::Audit,
    };
    if !plan.instances.iter().all(|i| plan.rule(i.rule).is_some_and(|r| fits(&i.action, r))) {
        return Err(LoadError::Malformed("an instance is of no rule of its kind"));
    }
    Ok(())
}

/// The longest way through a diagram, from one of its nodes or from a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path {
    /// Nodes, and the steps of searches for a class among their exceptions; 0 from a leaf.
    pub(super) steps: u32,
    /// Whether a program is asked on any way from there.
    asks: bool,
}

/// The paths from all nodes.
#[derive(Debug)]
pub(super) struct Paths {
    /// By word: where a node begins, twice the steps, and one more if a program is asked; else 0, since a node takes a step.
    words: Vec<u32>,
}

impl Paths {
    /// Checks all nodes, each once whatever leads to it: they stand one behind the other, their classes are sorted, and every edge
    /// leads forward to the beginning of a node.
    fn of(plan: &Plan, words: &[u32]) -> Result<Self, LoadError> {
        let begins = beginnings(words).ok_or(LoadError::Malformed("a diagram leads past its end"))?;
        let mut paths = Self { words: vec![0; words.len()] };
        // From the last to the first: what is known already is what stands behind, so an edge that leads back finds nothing.
        for at in begins.into_iter().rev() {
            let node = words.get(at..).and_then(first_node).map(|(node, _)| node);
            let path = node.map_or(Ok(0), |node| paths.through(plan, &node))?;
            if let Some(word) = paths.words.get_mut(at) {
                *word = path;
            }
        }
        Ok(paths)
    }

    /// Says how a diagram goes on where an edge leads; `None` where no node begins.
    pub(super) fn from(&self, edge: u32) -> Option<Path> {
        if edge & TERMINAL != 0 {
            return Some(Path { steps: 0, asks: false });
        }
        let word = usize::try_from(edge).ok().and_then(|at| self.words.get(at)).copied();
        word.filter(|word| *word != 0).map(|word| Path { steps: word >> 1, asks: word & 1 == 1 })
    }

    /// Finds the longest path that begins with a node, as it is kept.
    fn through(&self, plan: &Plan, node: &Node<'_>) -> Result<u32, LoadError> {
        let kind = usize::try_from(node.variable).ok().and_then(|v| plan.variables.get(v)).map(|v| v.kind);
        let kind = kind.ok_or(LoadError::Malformed("a diagram asks what is not there"))?;
        if !node.exceptions.is_sorted_by(|[a, _], [b, _]| a < b) {
            return Err(LoadError::Malformed("the classes of a diagram are not sorted"));
        }
        let below = |child| {
            self.from(child).ok_or(LoadError::Malformed("a diagram has an edge that leads back or astray"))
        };
        let Path { steps: mut longest, mut asks } = below(node.default)?;
        for [_, child] in node.exceptions {
            let below = below(*child)?;
            (longest, asks) = (longest.max(below.steps), asks | below.asks);
        }
        asks |= kind == VariableKind::Program;
        // No path has more steps than the nodes have words, and no edge names more of these than 31 bits do.
        let search = usize::BITS - node.exceptions.len().leading_zeros();
        Ok(longest.saturating_add(search).saturating_add(1).saturating_mul(2) | u32::from(asks))
    }
}

/// Lists where nodes begin that stand one behind the other; `None` where the last isn't whole.
fn beginnings(words: &[u32]) -> Option<Vec<usize>> {
    let mut begins = Vec::new();
    // Offset 0 is "none".
    let mut rest = words.get(1..).unwrap_or(&[]);
    while !rest.is_empty() {
        begins.push(words.len() - rest.len());
        (_, rest) = first_node(rest)?;
    }
    Some(begins)
}

/// One node of a diagram.
struct Node<'w> {
    variable: u32,
    default: u32,
    exceptions: &'w [[u32; 2]],
}

/// Cuts the first node off; `None` where it isn't whole.
fn first_node(words: &[u32]) -> Option<(Node<'_>, &[u32])> {
    let [variable, default, count, rest @ ..] = words else { return None };
    let (exceptions, behind) = rest.split_at_checked(usize::try_from(*count).ok()?.checked_mul(2)?)?;
    let (exceptions, _) = exceptions.as_chunks::<2>();
    Some((Node { variable: *variable, default: *default, exceptions }, behind))
}

/// Says whether all tests of a condition, which an explanation asks, are diagrams.
fn leads(expr: &NoteExpr, paths: &Paths) -> bool {
    match expr {
        NoteExpr::Constant(_) => true,
        NoteExpr::Not(inner) => leads(inner, paths),
        NoteExpr::All(parts) | NoteExpr::Any(parts) => parts.iter().all(|part| leads(part, paths)),
        NoteExpr::Test { test, .. } => paths.from(*test).is_some(),
    }
}

#[cfg(test)]
impl Paths {
    /// Makes paths of so many steps, by offset; 0 where none begins.
    pub(super) fn with(steps: &[u32]) -> Self {
        Self { words: steps.iter().map(|steps| steps * 2).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::load_unsigned;
    use crate::eval::{AlternativeNote, KeptNotes, Line};
    use crate::policy::{AttributeId, Grants, RoleId, RuleId};
    use crate::source::Sources;

    const LEAF: u32 = TERMINAL;

    /// Loads a plan with these nodes; its one variable of its own is number 0, and `programs` begin at the first node.
    fn load(nodes: Vec<u32>, programs: usize) -> Result<(), LoadError> {
        let sources = Sources::from_text("policy.gate", "allow health { on GET /healthz for anyone }");
        let mut plan = crate::compile(&sources).unwrap().plan;
        let of = |kind| VariableWords { kind, arguments: [1, 0, 0] };
        plan.variables = vec![of(VariableKind::Truth)];
        plan.variables.extend((0..programs).map(|_| of(VariableKind::Program)));
        (plan.nodes, plan.entry.everywhere) = (nodes, 0);
        load_unsigned(&plan.to_bytes()).map(drop)
    }

    #[track_caller]
    fn check(nodes: &[u32], expected: Result<(), &'static str>) {
        assert_eq!(load(nodes.to_vec(), 1), expected.map_err(LoadError::Malformed));
    }

    #[test]
    fn nodes_stand_one_behind_the_other() {
        check(&[0, 0, 4, 0, 0, LEAF, 0], Ok(()));
        check(&[0, 0, LEAF, 1, 7], Err("a diagram leads past its end"));
        check(&[0, 0, LEAF], Err("a diagram leads past its end"));
        check(&[0], Err("a program is not there, or asks another one"));
        check(&[0, 0, 7, 0, 0, LEAF, 0], Err("a diagram has an edge that leads back or astray"));
    }

    #[test]
    fn no_edge_leads_into_a_node() {
        // From the word 4 on the exceptions of the first node are a node too, and were once taken for one: nodes that overlap
        // have more edges than the artifact has words.
        let overlapping = [0, 0, 4, 3, 0, LEAF, 1, LEAF, LEAF | 5, LEAF];
        check(&overlapping, Err("a diagram has an edge that leads back or astray"));
    }

    #[test]
    fn no_edge_leads_back() {
        check(&[0, 0, 1, 0], Err("a diagram has an edge that leads back or astray"));
        check(&[0, 0, 4, 0, 0, 1, 0], Err("a diagram has an edge that leads back or astray"));
    }

    /// Inside of a node, words mean something else than what was checked.
    #[test]
    fn no_test_of_an_explanation_leads_into_a_node() {
        let noted = |test| {
            let sources = Sources::from_text("policy.gate", "allow health { on GET /healthz for anyone }");
            let mut plan = crate::compile(&sources).unwrap().plan;
            plan.variables = vec![VariableWords { kind: VariableKind::Truth, arguments: [1, 0, 0] }; 2];
            let expr = NoteExpr::Test { test, text: "true".into(), file: 0, line: Line(1) };
            let expr = NoteExpr::All(vec![NoteExpr::Not(Box::new(expr))]);
            let mut notes = plan.notes().unwrap().clone();
            notes.alternatives = vec![AlternativeNote { rule: 0, expr }];
            notes.nodes = vec![0, 0, LEAF, 1, 3, LEAF];
            plan.notes = KeptNotes::Compiled(Box::new(notes));
            let loaded = load_unsigned(&plan.to_bytes()).unwrap();
            loaded.notes().map(drop)
        };
        assert_eq!(noted(1), Ok(()));
        assert_eq!(noted(LEAF), Ok(()));
        assert_eq!(noted(3), Err(LoadError::Malformed("a test of its notes leads to no diagram")));
    }

    /// Deciding would follow a literal that is looked for by itself without end.
    #[test]
    fn what_looks_for_a_literal_asks_a_scan() {
        let load = |variables: &[(VariableKind, [u32; 3])]| {
            let sources = Sources::from_text("policy.gate", "allow health { on GET /healthz for anyone }");
            let mut plan = crate::compile(&sources).unwrap().plan;
            // A scan for nothing: no states, the columns of all bytes, no literals.
            let table = u32::try_from(plan.tables.len()).unwrap();
            plan.tables.extend([&[1, 0][..], &[0; 64], &[0]].concat());
            let words = |(kind, [a, b, c]): &(VariableKind, [u32; 3])| match kind {
                VariableKind::Scan => VariableWords { kind: *kind, arguments: [*a, table, *c] },
                _ => VariableWords { kind: *kind, arguments: [*a, *b, *c] },
            };
            plan.variables = variables.iter().map(words).collect();
            load_unsigned(&plan.to_bytes()).map(drop)
        };
        let scan = (VariableKind::Scan, [1, 0, 0]);
        let found = |scan| (VariableKind::Found, [scan, 0, 1]);
        let patterns = |found| (VariableKind::Patterns, [1, 0, found]);
        assert_eq!(load(&[scan, found(0), patterns(2), patterns(0)]), Ok(()));
        let astray = Err(LoadError::Malformed("a literal is looked for where no scan finds it"));
        assert_eq!(load(&[scan, found(1)]), astray);
        assert_eq!(load(&[scan, found(2)]), astray);
        assert_eq!(load(&[scan, patterns(1)]), astray);
        assert_eq!(load(&[scan, patterns(2)]), astray);
        assert_eq!(load(&[scan, patterns(3)]), astray);
    }

    #[test]
    fn no_program_asks_a_program() {
        check(&[0, 1, LEAF, 0], Err("a program is not there, or asks another one"));
        check(&[0, 0, 4, 0, 1, LEAF, 0], Err("a program is not there, or asks another one"));
        // By an exception alone, and by both ways.
        check(&[0, 0, LEAF, 1, 1, 6, 1, LEAF, 0], Err("a program is not there, or asks another one"));
        check(&[0, 0, 6, 1, 1, 6, 1, LEAF, 0], Err("a program is not there, or asks another one"));
    }

    /// Once each program walked anew all that it reaches: this artifact would have taken an hour to load. It is read in one pass,
    /// and refused for what its programs would take when they decide.
    #[test]
    fn programs_that_share_their_nodes_are_read_in_one_pass() {
        let chain = |count: usize| {
            let mut nodes = vec![0];
            for at in (4..).step_by(3).take(count - 1) {
                nodes.extend([0, at, 0]);
            }
            nodes.extend([0, LEAF, 0]);
            load(nodes, count)
        };
        assert_eq!(chain(500), Ok(()));
        let costly = LoadError::Malformed("one decision could take more steps than its size explains");
        assert_eq!(chain(200_000), Err(costly));
    }

    /// A rule of each kind, one that only observes, roles that come from claims, and an attribute.
    const POLICY: &str = r#"
        issuer okta {
          url "https://acme.okta.com" audience "api" algorithms RS256
          roles claim groups { "Admins" -> admin, "Staff" -> staff }
          attribute mfa: bool = claim mfa ?? false
        }
        role staff
        role admin includes staff
        allow read { on GET /orders for staff when user.mfa }
        deny embargo { when request.header("x-country").only? == "KP" }
        observe deny bots { when request.bot_score? < 10 }
        limit requests { for authenticated rate 600 per minute by user.id }
        forward identity { for authenticated set "x-user-id" = user.id }
        audit visits { level brief keep request.host }
    "#;

    /// Loads that plan, once it was changed.
    fn changed(change: impl FnOnce(&mut Plan)) -> Result<(), LoadError> {
        let mut plan = crate::compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
        change(&mut plan);
        load_unsigned(&plan.to_bytes()).map(drop)
    }

    fn regrant(plan: &mut Plan, change: impl FnOnce(&mut Vec<(String, RoleId)>)) {
        let grants = &mut plan.identity.issuers[0].roles[0].grants;
        let mut pairs = grants.pairs().to_vec();
        change(&mut pairs);
        *grants = Grants::new(pairs);
    }

    fn id(plan: &Plan, rule: &str) -> RuleId {
        (0..9).map(RuleId).find(|id| plan.rule_name(*id) == Some(rule)).unwrap()
    }

    #[test]
    fn a_plan_of_all_kinds_of_rules_loads() {
        assert_eq!(changed(|_| ()), Ok(()));
    }

    #[test]
    fn no_more_room_is_made_than_the_tables_have_words() {
        let lie = Err(LoadError::Malformed("it asks for more room than its tables can use"));
        let figures: [fn(&mut Plan) -> &mut u32; 3] =
            [|p| &mut p.entry.rows_max, |p| &mut p.entry.all_of_max, |p| &mut p.entry.literals];
        for figure in figures {
            let with = |more| {
                changed(|plan| {
                    let words = u32::try_from(plan.tables.len()).unwrap();
                    *figure(plan) = words + more;
                })
            };
            assert_eq!(with(0), Ok(()));
            assert_eq!(with(1), lie);
        }
    }

    #[test]
    fn roles_and_attributes_that_are_given_are_there() {
        let astray = Err(LoadError::Malformed("a role is not there"));
        assert_eq!(changed(|p| p.identity.roles[0].closure.push(RoleId(2))), astray);
        let grant = |role| changed(|p| regrant(p, |pairs| pairs.last_mut().unwrap().1 = RoleId(role)));
        assert_eq!(grant(1), Ok(()));
        assert_eq!(grant(2), astray);
        let attribute =
            |number| changed(|p| p.identity.issuers[0].attributes[0].attribute = AttributeId(number));
        assert_eq!(attribute(0), Ok(()));
        assert_eq!(attribute(1), Err(LoadError::Malformed("an attribute is not there")));
    }

    /// They are looked up by halves.
    #[test]
    fn grants_of_roles_are_sorted_each_once() {
        let unsorted = Err(LoadError::Malformed("grants of roles are not sorted"));
        assert_eq!(changed(|p| regrant(p, |pairs| pairs.swap(0, 1))), unsorted);
        let twice = |pairs: &mut Vec<(String, RoleId)>| pairs.insert(0, pairs[0].clone());
        assert_eq!(changed(|p| regrant(p, twice)), unsorted);
    }

    #[test]
    fn only_rules_that_decide_have_a_rank_and_denies_come_first() {
        let no_decision = Err(LoadError::Malformed("a rank is of no rule that decides"));
        for rule in ["bots", "requests", "identity", "visits"] {
            assert_eq!(changed(|p| p.ranked[0] = id(p, rule)), no_decision, "{rule}");
        }
        assert_eq!(changed(|p| p.ranked[0] = RuleId(6)), no_decision);
        assert_eq!(
            changed(|p| p.ranked.reverse()),
            Err(LoadError::Malformed("an allow ranks before a deny"))
        );
    }

    #[test]
    fn an_instance_is_of_a_rule_of_its_kind() {
        let count = changed(|p| assert_eq!(p.instances.len(), 4));
        assert_eq!(count, Ok(()));
        for kind in 0..4 {
            for rule in ["read", "embargo", "bots", "requests", "identity", "visits"] {
                let mut own = false;
                let loaded = changed(|plan| {
                    own = plan.instances[kind].rule == id(plan, rule);
                    plan.instances[kind].rule = id(plan, rule);
                });
                let other = LoadError::Malformed("an instance is of no rule of its kind");
                assert_eq!(loaded, if own { Ok(()) } else { Err(other) }, "{kind} {rule}");
            }
        }
        // A limit that only observes counts nothing.
        let observed = |plan: &mut Plan| {
            let limit = usize::try_from(id(plan, "requests").0).unwrap();
            plan.rules[limit].observe = true;
        };
        assert_eq!(changed(observed), Err(LoadError::Malformed("an instance is of no rule of its kind")));
    }

    /// They are looked up by halves.
    #[test]
    fn the_classes_of_a_node_are_sorted_each_once() {
        check(&[0, 0, LEAF, 2, 1, LEAF | 1, 2, LEAF], Ok(()));
        check(&[0, 0, LEAF, 2, 2, LEAF | 1, 1, LEAF], Err("the classes of a diagram are not sorted"));
        check(&[0, 0, LEAF, 2, 1, LEAF | 1, 1, LEAF], Err("the classes of a diagram are not sorted"));
    }

    /// What bounds the steps of a decision.
    #[test]
    fn a_path_is_as_long_as_its_nodes_and_the_searches_in_them() {
        let mut plan = crate::compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
        plan.variables = vec![VariableWords { kind: VariableKind::Truth, arguments: [1, 0, 0] }];
        let paths = |words: &[u32]| Paths::of(&plan, words).unwrap();
        let none_but = |paths: &Paths, begin| (0..9).all(|at| at == begin || paths.from(at).is_none());
        let check = |words: &[u32], steps| {
            assert_eq!(paths(words).from(1), Some(Path { steps, asks: false }), "{words:?}");
        };
        check(&[0, 0, LEAF, 0], 1);
        check(&[0, 0, LEAF, 1, 1, LEAF], 2);
        assert!(none_but(&paths(&[0, 0, LEAF, 1, 1, LEAF]), 1));
        check(&[0, 0, LEAF, 3, 1, LEAF, 2, LEAF, 3, LEAF], 1 + 2);
        check(&[0, 0, LEAF, 4, 1, LEAF, 2, LEAF, 3, LEAF, 4, LEAF], 1 + 3);
        // The longer of two ways: by the default, or by an exception.
        check(&[0, 0, 6, 1, 1, LEAF, 0, LEAF, 0], 2 + 1);
        check(&[0, 0, LEAF, 1, 1, 6, 0, LEAF, 0], 2 + 1);
        assert_eq!(paths(&[0]).from(LEAF | 5), Some(Path { steps: 0, asks: false }));
    }
}
