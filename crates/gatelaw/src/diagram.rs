//! Hash-consed decision diagrams over variables with many classes.
//!
//! A node asks one variable for its class and goes to the child of that class, or to its default child. Along every path
//! variables are asked in the order of their numbers, each at most once (Bryant 1986, with multi-valued variables as in
//! Srinivasan et al. 1990). Equal nodes are one node.
//!
//! INVARIANT: the default child is the child of class 0, and no exception leads to it; so equal functions are one [`Ref`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use crate::limits::DIAGRAM_RESULTS_MAX;
use crate::lower::Cond;

/// Points at a node, or is a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ref(u32);

const TERMINAL: u32 = 1 << 31;

impl Ref {
    /// The terminal "false", and "no rule".
    pub(crate) const NONE: Self = Self(TERMINAL);
    /// The terminal "true", and the first rule.
    pub(crate) const TRUE: Self = Self(TERMINAL | 1);

    /// Makes the terminal of a number; 0 is [`Ref::NONE`].
    pub(crate) fn terminal(number: u32) -> Self {
        Self(TERMINAL | number)
    }

    /// Returns the number of a terminal.
    pub(crate) fn number(self) -> Option<u32> {
        (self.0 & TERMINAL != 0).then_some(self.0 & !TERMINAL)
    }
}

/// Says that a budget is used up: the part must be built in another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OverBudget;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) variable: u32,
    pub(crate) default: Ref,
    /// Classes with another child than the default, sorted.
    pub(crate) exceptions: Rc<[(u32, Ref)]>,
}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_both(self.variable, self.default.0, state);
        self.exceptions.iter().for_each(|(class, child)| hash_both(*class, child.0, state));
    }
}

/// Hashes two numbers at once: a hasher takes as long for four bytes as for eight.
fn hash_both<H: Hasher>(a: u32, b: u32, state: &mut H) {
    state.write_u64(u64::from(a) << 32 | u64::from(b));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Not,
    Best,
    Renumber,
}

/// What was combined, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Combined(Operation, Ref, Ref);

impl Hash for Combined {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self(operation, a, b) = self;
        hash_both(a.0, b.0, state);
        std::mem::discriminant(operation).hash(state);
    }
}

/// Holds the nodes of all diagrams of a policy.
#[derive(Debug, Default)]
pub(crate) struct Diagrams {
    nodes: Vec<Node>,
    known: HashMap<Node, Ref>,
    results: HashMap<Combined, Ref>,
    /// Edges that may still be made before [`OverBudget`].
    budget: u64,
}

impl Diagrams {
    /// Sets how many edges may be made from here on.
    pub(crate) fn set_budget(&mut self, edges: u64) {
        self.budget = edges;
    }

    /// Returns how many edges may still be made.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// Makes the diagram of a condition.
    pub(crate) fn condition(&mut self, cond: &Cond) -> Result<Ref, OverBudget> {
        match cond {
            Cond::Constant(b) => Ok(if *b { Ref::TRUE } else { Ref::NONE }),
            Cond::Not(inner) => {
                let inner = self.condition(inner)?;
                self.not(inner)
            }
            Cond::All(parts) => self.joined(parts, Ref::TRUE, Self::and),
            Cond::Any(parts) => self.joined(parts, Ref::NONE, Self::or),
            Cond::Test((variable, classes)) => self.test(*variable, classes),
        }
    }

    fn joined(
        &mut self,
        parts: &[Cond],
        unit: Ref,
        join: impl Fn(&mut Self, Ref, Ref) -> Result<Ref, OverBudget>,
    ) -> Result<Ref, OverBudget> {
        parts.iter().try_fold(unit, |all, part| {
            let part = self.condition(part)?;
            join(self, all, part)
        })
    }

    /// Makes a program: the tests of a condition in written order, each once, with jumps for what is not asked any more.
    ///
    /// Its size is that of the condition, and its nodes keep no order of variables: it can be walked, not combined.
    pub(crate) fn program(&mut self, cond: &Cond) -> Ref {
        self.set_budget(u64::MAX);
        self.jumps(cond, Ref::TRUE, Ref::NONE)
    }

    fn jumps(&mut self, cond: &Cond, yes: Ref, no: Ref) -> Ref {
        match cond {
            Cond::Constant(b) => {
                if *b {
                    yes
                } else {
                    no
                }
            }
            Cond::Not(inner) => self.jumps(inner, no, yes),
            Cond::All(parts) => parts.iter().rev().fold(yes, |yes, part| self.jumps(part, yes, no)),
            Cond::Any(parts) => parts.iter().rev().fold(no, |no, part| self.jumps(part, yes, no)),
            Cond::Test((variable, classes)) => {
                let exceptions = classes.iter().filter(|_| yes != no).map(|c| (*c, yes)).collect();
                self.intern(Node { variable: *variable, default: no, exceptions }).unwrap_or(Ref::NONE)
            }
        }
    }

    /// Finds a node.
    pub(crate) fn node(&self, at: Ref) -> Option<&Node> {
        self.nodes.get(usize::try_from(at.0).ok()?)
    }

    /// Makes the diagram "the variable is in one of these classes"; the classes sorted, without class 0.
    pub(crate) fn test(&mut self, variable: u32, classes: &[u32]) -> Result<Ref, OverBudget> {
        let exceptions = classes.iter().map(|c| (*c, Ref::TRUE)).collect();
        self.intern(Node { variable, default: Ref::NONE, exceptions })
    }

    /// Makes "both".
    pub(crate) fn and(&mut self, a: Ref, b: Ref) -> Result<Ref, OverBudget> {
        self.combine(Operation::And, a, b)
    }

    /// Makes "either".
    pub(crate) fn or(&mut self, a: Ref, b: Ref) -> Result<Ref, OverBudget> {
        self.combine(Operation::Or, a, b)
    }

    /// Makes "not".
    pub(crate) fn not(&mut self, a: Ref) -> Result<Ref, OverBudget> {
        self.combine(Operation::Not, a, Ref::NONE)
    }

    /// Makes the diagram that has the terminal with the least number of both, other than [`Ref::NONE`].
    pub(crate) fn best(&mut self, a: Ref, b: Ref) -> Result<Ref, OverBudget> {
        self.combine(Operation::Best, a, b)
    }

    /// Replaces [`Ref::TRUE`] by another terminal.
    pub(crate) fn renumber(&mut self, a: Ref, number: u32) -> Result<Ref, OverBudget> {
        self.combine(Operation::Renumber, a, Ref::terminal(number))
    }

    fn intern(&mut self, node: Node) -> Result<Ref, OverBudget> {
        if node.exceptions.is_empty() {
            return Ok(node.default);
        }
        let place = match self.known.entry(node) {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(place) => place,
        };
        let node = place.key();
        let edges = u64::try_from(node.exceptions.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.budget = self.budget.checked_sub(edges).ok_or(OverBudget)?;
        let at = Ref(u32::try_from(self.nodes.len()).ok().filter(|n| n & TERMINAL == 0).ok_or(OverBudget)?);
        self.nodes.push(node.clone());
        place.insert(at);
        Ok(at)
    }

    /// Combines two diagrams. The depth is that of the diagrams, which [`crate::limits::PART_VARIABLES_MAX`] bounds.
    fn combine(&mut self, operation: Operation, a: Ref, b: Ref) -> Result<Ref, OverBudget> {
        if let Some(result) = of_terminals(operation, a, b) {
            return Ok(result);
        }
        let commutes = !matches!(operation, Operation::Renumber);
        let key = if commutes && b < a { Combined(operation, b, a) } else { Combined(operation, a, b) };
        if let Some(result) = self.results.get(&key) {
            return Ok(*result);
        }
        let result = self.combine_children(operation, a, b)?;
        // What is forgotten is found again: diagrams are interned.
        if self.results.len() >= DIAGRAM_RESULTS_MAX {
            self.results.clear();
        }
        self.results.insert(key, result);
        Ok(result)
    }

    fn combine_children(&mut self, operation: Operation, a: Ref, b: Ref) -> Result<Ref, OverBudget> {
        let variable = self.variable(a).min(self.variable(b));
        let (a_default, a_exceptions) = self.children(a, variable);
        let (b_default, b_exceptions) = self.children(b, variable);
        let work = a_exceptions.len().saturating_add(b_exceptions.len());
        let both = merged(a_exceptions, a_default, b_exceptions, b_default);
        let default = self.combine(operation, a_default, b_default)?;
        self.budget =
            self.budget.checked_sub(u64::try_from(work / 8).unwrap_or(u64::MAX)).ok_or(OverBudget)?;
        let mut exceptions = Vec::with_capacity(both.len());
        for (class, x, y) in both {
            let child = self.combine(operation, x, y)?;
            if child != default {
                exceptions.push((class, child));
            }
        }
        self.intern(Node { variable, default, exceptions: exceptions.into() })
    }

    fn variable(&self, at: Ref) -> u32 {
        self.node(at).map_or(u32::MAX, |n| n.variable)
    }

    /// Returns the children of a node if it asks the variable, else the diagram itself for every class.
    fn children(&self, at: Ref, variable: u32) -> (Ref, &[(u32, Ref)]) {
        match self.node(at) {
            Some(node) if node.variable == variable => (node.default, &node.exceptions),
            _ => (at, &[]),
        }
    }
}

fn of_terminals(operation: Operation, a: Ref, b: Ref) -> Option<Ref> {
    match operation {
        Operation::And if a == Ref::NONE || b == Ref::NONE => Some(Ref::NONE),
        Operation::And if a == Ref::TRUE || a == b => Some(b),
        Operation::And if b == Ref::TRUE => Some(a),
        Operation::Or if a == Ref::TRUE || b == Ref::TRUE => Some(Ref::TRUE),
        Operation::Or if a == Ref::NONE || a == b => Some(b),
        Operation::Or if b == Ref::NONE => Some(a),
        Operation::And | Operation::Or => None,
        Operation::Not => a.number().map(|n| if n == 0 { Ref::TRUE } else { Ref::NONE }),
        Operation::Best if a == Ref::NONE || a == b => Some(b),
        Operation::Best if b == Ref::NONE => Some(a),
        Operation::Best => match (a.number(), b.number()) {
            (Some(x), Some(y)) => Some(Ref::terminal(x.min(y))),
            (Some(1), _) => Some(a),
            (_, Some(1)) => Some(b),
            (Some(_) | None, None) | (None, Some(_)) => None,
        },
        Operation::Renumber => a.number().map(|n| if n == 0 { Ref::NONE } else { b }),
    }
}

/// Walks two sorted lists of exceptions as one, with both children of every class in either.
fn merged(a: &[(u32, Ref)], a_default: Ref, b: &[(u32, Ref)], b_default: Ref) -> Vec<(u32, Ref, Ref)> {
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (Some((x, child)), Some((y, other))) if x == y => {
                out.push((*x, *child, *other));
                a.next();
                b.next();
            }
            (Some((x, child)), next) if next.is_none_or(|(y, _)| x < y) => {
                out.push((*x, *child, b_default));
                a.next();
            }
            (_, Some((y, other))) => {
                out.push((*y, a_default, *other));
                b.next();
            }
            (_, None) => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagrams() -> Diagrams {
        let mut diagrams = Diagrams::default();
        diagrams.set_budget(1_000);
        diagrams
    }

    #[test]
    fn equal_functions_are_one_node() {
        let mut d = diagrams();
        let a = d.test(0, &[1]).unwrap();
        let b = d.test(1, &[2, 3]).unwrap();
        let ab = d.and(a, b).unwrap();
        let ba = d.and(b, a).unwrap();
        assert_eq!(ab, ba);
        let not_ab = d.not(ab).unwrap();
        let (not_a, not_b) = (d.not(a).unwrap(), d.not(b).unwrap());
        assert_eq!(d.or(not_a, not_b).unwrap(), not_ab);
        let again = d.not(not_ab).unwrap();
        assert_eq!(again, ab);
    }

    #[test]
    fn best_keeps_the_least_number() {
        let mut d = diagrams();
        let a = d.test(0, &[1]).unwrap();
        let (first, second) = (d.renumber(a, 1).unwrap(), d.renumber(Ref::TRUE, 2).unwrap());
        let both = d.best(second, first).unwrap();
        let node = d.node(both).unwrap();
        assert_eq!(node.default.number(), Some(2));
        assert_eq!(*node.exceptions, [(1, Ref::terminal(1))]);
    }

    #[test]
    fn the_budget_ends_an_explosion() {
        // The classic bad order: pairs (i, i + n) make a diagram of 2^n nodes.
        let mut d = diagrams();
        d.set_budget(10_000);
        let mut all = Ref::NONE;
        let outcome = (0..40).try_for_each(|i| {
            let (a, b) = (d.test(i, &[1])?, d.test(i + 40, &[1])?);
            let pair = d.and(a, b)?;
            all = d.or(all, pair)?;
            Ok(())
        });
        assert_eq!(outcome, Err(OverBudget));
    }

    /// Variables of the small worlds below, and classes of each.
    const VARIABLES: u32 = 3;
    const CLASSES: u32 = 3;

    /// Every way the variables can be classified.
    fn worlds() -> Vec<Vec<u32>> {
        (0..VARIABLES).fold(vec![Vec::new()], |worlds, _| {
            let with = |world: Vec<u32>| (0..CLASSES).map(move |class| [world.as_slice(), &[class]].concat());
            worlds.into_iter().flat_map(with).collect()
        })
    }

    /// Asks a diagram as a decision does.
    fn asked(d: &Diagrams, at: Ref, world: &[u32]) -> u32 {
        match d.node(at) {
            None => at.number().unwrap(),
            Some(node) => {
                let class = world[usize::try_from(node.variable).unwrap()];
                let exception = node.exceptions.iter().find(|(c, _)| *c == class);
                asked(d, exception.map_or(node.default, |(_, child)| *child), world)
            }
        }
    }

    fn table(d: &Diagrams, at: Ref) -> Vec<u32> {
        worlds().iter().map(|world| asked(d, at, world)).collect()
    }

    /// Functions of truth: each variable's classes, and what operations make of them.
    fn functions(d: &mut Diagrams) -> Vec<Ref> {
        let mut functions = vec![Ref::NONE, Ref::TRUE];
        for variable in 0..VARIABLES {
            for classes in [&[1][..], &[2], &[1, 2]] {
                functions.push(d.test(variable, classes).unwrap());
            }
        }
        for at in 2..8 {
            let (a, b) = (functions[at], functions[at + 3]);
            let both = d.and(a, b).unwrap();
            let other = d.not(both).unwrap();
            functions.extend([both, other, d.or(other, functions[at + 1]).unwrap()]);
        }
        functions
    }

    fn worldly() -> Diagrams {
        let mut d = Diagrams::default();
        d.set_budget(u64::MAX);
        d
    }

    #[test]
    fn operations_say_of_every_world_what_their_names_say() {
        let mut d = worldly();
        let functions = functions(&mut d);
        for a in functions.clone() {
            let of_a = table(&d, a);
            let not = d.not(a).unwrap();
            assert_eq!(table(&d, not), of_a.iter().map(|x| 1 - x).collect::<Vec<_>>());
            for b in functions.clone() {
                let pairs: Vec<(u32, u32)> = of_a.iter().copied().zip(table(&d, b)).collect();
                let said = |f: fn(u32, u32) -> u32| pairs.iter().map(|(x, y)| f(*x, *y)).collect::<Vec<_>>();
                let and = d.and(a, b).unwrap();
                assert_eq!(table(&d, and), said(|x, y| x & y));
                let or = d.or(a, b).unwrap();
                assert_eq!(table(&d, or), said(|x, y| x | y));
                // The rule 2 and the rule 3: the first that matches.
                let (second, third) = (d.renumber(a, 2).unwrap(), d.renumber(b, 3).unwrap());
                let first_of = |x, y| if x == 1 { 2 } else { 3 * y };
                let best = d.best(second, third).unwrap();
                assert_eq!(table(&d, best), said(first_of));
                let best = d.best(third, second).unwrap();
                assert_eq!(table(&d, best), said(first_of));
                // The first rule of all is the best, whatever stands on the other side.
                let best = d.best(a, third).unwrap();
                assert_eq!(table(&d, best), said(|x, y| if x == 1 { 1 } else { 3 * y }));
            }
        }
    }

    #[test]
    fn what_says_the_same_of_every_world_is_one_node_in_order() {
        let mut d = worldly();
        let functions = functions(&mut d);
        let mut known = HashMap::new();
        for a in functions.clone() {
            for b in functions.clone() {
                let renumbered = d.renumber(b, 2).unwrap();
                let made =
                    [d.and(a, b), d.or(a, b), d.or(b, a), d.best(a, renumbered), d.best(renumbered, a)];
                for at in made.map(Result::unwrap) {
                    assert_eq!(*known.entry(table(&d, at)).or_insert(at), at);
                }
            }
        }
        for node in &d.nodes {
            let children = || node.exceptions.iter().map(|(_, child)| *child);
            assert!(node.exceptions.is_sorted_by(|(x, _), (y, _)| x < y), "{node:?}");
            assert!(children().all(|child| child != node.default), "{node:?}");
            for child in children().chain([node.default]) {
                assert!(d.node(child).is_none_or(|below| below.variable > node.variable), "{node:?}");
            }
        }
    }

    /// Conditions as rules have them, with constants in them and tests that are repeated.
    fn conditions() -> Vec<Cond> {
        let test = |variable, classes: &[u32]| Cond::Test((variable, classes.to_vec()));
        let not = |cond| Cond::Not(Box::new(cond));
        let (a, b, c) = (test(0, &[1]), test(1, &[1, 2]), test(2, &[2]));
        vec![
            Cond::Constant(true),
            Cond::Constant(false),
            a.clone(),
            not(b.clone()),
            Cond::All(Vec::new()),
            Cond::Any(Vec::new()),
            Cond::All(vec![a.clone(), b.clone(), c.clone()]),
            Cond::Any(vec![a.clone(), b.clone(), c.clone()]),
            not(Cond::All(vec![c.clone(), Cond::Any(vec![a.clone(), not(b.clone())])])),
            Cond::Any(vec![
                Cond::All(vec![a.clone(), a.clone()]),
                Cond::All(vec![b.clone(), Cond::Constant(false)]),
            ]),
            Cond::All(vec![Cond::Any(vec![c, Cond::Constant(true)]), b, Cond::Any(vec![a.clone(), not(a)])]),
        ]
    }

    fn holds(cond: &Cond, world: &[u32]) -> bool {
        match cond {
            Cond::Constant(b) => *b,
            Cond::Not(inner) => !holds(inner, world),
            Cond::All(parts) => parts.iter().all(|part| holds(part, world)),
            Cond::Any(parts) => parts.iter().any(|part| holds(part, world)),
            Cond::Test((variable, classes)) => classes.contains(&world[usize::try_from(*variable).unwrap()]),
        }
    }

    #[test]
    fn diagrams_and_programs_answer_as_the_condition_reads() {
        for cond in conditions() {
            let mut d = worldly();
            let expected: Vec<u32> = worlds().iter().map(|world| u32::from(holds(&cond, world))).collect();
            let diagram = d.condition(&cond).unwrap();
            assert_eq!(table(&d, diagram), expected, "{cond:?}");
            let program = d.program(&cond);
            assert_eq!(table(&d, program), expected, "{cond:?}");
        }
    }

    /// One test whose answer no longer matters asks nothing.
    #[test]
    fn a_program_passes_over_what_can_not_matter() {
        let mut d = worldly();
        let either = Cond::Any(vec![Cond::Test((0, vec![1])), Cond::Constant(true)]);
        assert_eq!(d.program(&either), Ref::TRUE);
    }

    #[test]
    fn a_node_takes_an_edge_for_each_child_off_the_budget() {
        let mut d = worldly();
        d.set_budget(5);
        d.test(0, &[1]).unwrap();
        assert_eq!(d.budget(), 3);
        d.test(0, &[1]).unwrap();
        assert_eq!(d.budget(), 3, "a node that is there costs nothing");
        d.test(0, &[1, 2]).unwrap();
        assert_eq!(d.budget(), 0);
        assert_eq!(d.test(1, &[1]), Err(OverBudget));
    }

    /// Long lists could be walked again and again to make nothing of them.
    #[test]
    fn combining_takes_an_eighth_of_both_lists_off_the_budget() {
        let classes: Vec<u32> = (1..=80).collect();
        let contradiction = |budget| {
            let mut d = worldly();
            let some = d.test(0, &classes).unwrap();
            let none = d.not(some).unwrap();
            d.set_budget(budget);
            d.and(some, none).map(|both| (both, d.budget()))
        };
        assert_eq!(contradiction(21), Ok((Ref::NONE, 1)));
        assert_eq!(contradiction(20), Ok((Ref::NONE, 0)));
        assert_eq!(contradiction(19), Err(OverBudget));
    }

    /// What one side decides alone is walked on neither: policies have thousands of rules of which most can't meet.
    #[test]
    fn what_one_side_decides_is_not_walked() {
        let mut d = worldly();
        let (a, b) = (d.test(0, &[1]).unwrap(), d.test(1, &[1]).unwrap());
        let some = d.or(a, b).unwrap();
        let known = d.results.len();
        for (left, right) in [(some, Ref::NONE), (some, Ref::TRUE), (some, some)] {
            for (left, right) in [(left, right), (right, left)] {
                d.and(left, right).unwrap();
                d.or(left, right).unwrap();
                d.best(left, right).unwrap();
            }
        }
        assert_eq!(d.results.len(), known);
    }

    #[test]
    fn two_diagrams_are_combined_once_whichever_comes_first() {
        let mut d = worldly();
        let (a, b) = (d.test(0, &[1]).unwrap(), d.test(1, &[1]).unwrap());
        for (first, second) in [(a, b), (b, a)] {
            let both = d.and(first, second).unwrap();
            let known = d.results.len();
            assert_eq!(d.and(second, first), Ok(both));
            assert_eq!(d.results.len(), known);
        }
    }
}
