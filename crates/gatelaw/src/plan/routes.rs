//! Routes: the patterns of all rules as one automaton over the segments of a path.
//!
//! Built by the subset construction over tries, one trie a set of hosts. Where subsets explode (crossing wildcards), a set of
//! hosts is given up, and its routes become tests in bit vectors.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::limits::{ROUTE_AFFIXES_MAX, ROUTE_STATES_MAX};
use crate::lower::{Place, Reading};
use crate::policy::{Segment, TrailingSlash};

/// Numbers a place that something stands at: an alternative of a rule, or a service.
pub(crate) type ItemId = u32;

/// Says that a set of hosts needs too many states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

/// A state of the automaton.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Where each literal leads.
    pub(crate) literals: Vec<(String, Option<usize>)>,
    /// Texts before and behind the `*` of a segment such as `*.json`.
    pub(crate) affixes: Vec<(String, String)>,
    /// Where any other segment leads: one target for each set of affixes that match it, as a bit mask.
    pub(crate) others: Vec<Option<usize>>,
    /// What stands here if the path ends without a slash, sorted.
    pub(crate) plain: Vec<ItemId>,
    /// What stands here if the path ends with a slash, sorted.
    pub(crate) slash: Vec<ItemId>,
}

/// A node of a trie.
#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<String, usize>,
    any: Option<usize>,
    affixes: Vec<((String, String), usize)>,
    ends: Vec<(ItemId, TrailingSlash)>,
    rests: Vec<ItemId>,
}

/// What a state stands for: the trie nodes that the path has reached, and those passed on the way that end with `**`.
type Subset = (Vec<usize>, Vec<usize>);

/// Builds the automaton.
#[derive(Debug)]
pub(crate) struct Routes {
    reading: Reading,
    nodes: Vec<Node>,
    /// By set of hosts: the root of its trie.
    roots: Vec<usize>,
    pub(crate) states: Vec<State>,
    known: BTreeMap<Subset, usize>,
}

impl Routes {
    /// Makes empty tries for a number of sets of hosts.
    pub(crate) fn new(reading: Reading, scopes: usize) -> Self {
        let nodes = (0..scopes).map(|_| Node::default()).collect();
        Self { reading, nodes, roots: (0..scopes).collect(), states: Vec::new(), known: BTreeMap::new() }
    }

    /// Puts an item at a place.
    pub(crate) fn insert(&mut self, scope: u32, place: &Place, item: ItemId) {
        let mut at = usize::try_from(scope).ok().and_then(|s| self.roots.get(s)).copied().unwrap_or(0);
        for segment in &place.segments {
            at = self.child(at, segment);
        }
        if let Some(node) = self.nodes.get_mut(at) {
            if place.rest { node.rests.push(item) } else { node.ends.push((item, place.trailing_slash)) }
        }
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let (fresh, reading) = (self.nodes.len(), self.reading);
        let Some(node) = self.nodes.get_mut(at) else { return at };
        let child = match segment {
            Segment::Literal(text) => *node.literals.entry(reading.of(text)).or_insert(fresh),
            Segment::Any => *node.any.get_or_insert(fresh),
            Segment::Affix(before, behind) => {
                let affix = (reading.of(before), reading.of(behind));
                let known = node.affixes.iter().find(|(a, _)| *a == affix).map(|(_, n)| *n);
                known.unwrap_or_else(|| {
                    node.affixes.push((affix, fresh));
                    fresh
                })
            }
        };
        if child == fresh {
            self.nodes.push(Node::default());
        }
        child
    }

    /// Builds the states of some sets of hosts together, and returns where they start.
    ///
    /// # Errors
    /// [`TooMany`], and then nothing is kept.
    pub(crate) fn build(&mut self, scopes: &[u32]) -> Result<Option<usize>, TooMany> {
        let root = |scope: &u32| self.roots.get(usize::try_from(*scope).ok()?).copied();
        let mut roots: Vec<usize> = scopes.iter().filter_map(root).collect();
        roots.sort_unstable();
        roots.dedup();
        let kept = self.states.len();
        let mut waiting = VecDeque::new();
        let start = self.state(roots, &[], &mut waiting);
        let limit = ROUTE_STATES_MAX.min(self.nodes.len().saturating_mul(8).saturating_add(1_024));
        while let Some((number, subset)) = waiting.pop_front() {
            let built = self.expand(&subset, &mut waiting);
            match (built, self.states.len().saturating_sub(kept) <= limit) {
                (Some(state), true) => {
                    if let Some(slot) = self.states.get_mut(number) {
                        *slot = state;
                    }
                }
                _ => {
                    self.states.truncate(kept);
                    self.known.retain(|_, number| *number < kept);
                    return Err(TooMany);
                }
            }
        }
        Ok(start)
    }

    /// Finds or makes the state of a subset; `None` where nothing can match any more.
    fn state(
        &mut self,
        reached: Vec<usize>,
        passed: &[usize],
        waiting: &mut VecDeque<(usize, Subset)>,
    ) -> Option<usize> {
        let ends_here = reached.iter().filter(|n| self.nodes.get(**n).is_some_and(|n| !n.rests.is_empty()));
        let mut passed: Vec<usize> = passed.iter().chain(ends_here).copied().collect();
        passed.sort_unstable();
        passed.dedup();
        let subset = (reached, passed);
        if subset.0.is_empty() && subset.1.is_empty() {
            return None;
        }
        if let Some(known) = self.known.get(&subset) {
            return Some(*known);
        }
        let number = self.states.len();
        self.states.push(State::default());
        self.known.insert(subset.clone(), number);
        waiting.push_back((number, subset));
        Some(number)
    }

    /// Makes the state of a subset; `None` where too many affixes stand beside each other.
    fn expand(&mut self, subset: &Subset, waiting: &mut VecDeque<(usize, Subset)>) -> Option<State> {
        let (reached, passed) = subset;
        let nodes: Vec<&Node> = reached.iter().filter_map(|n| self.nodes.get(*n)).collect();
        let (plain, slash) = (self.items(&nodes, passed, false), self.items(&nodes, passed, true));
        let affixes: BTreeSet<_> =
            nodes.iter().flat_map(|n| n.affixes.iter().map(|(a, _)| a.clone())).collect();
        if affixes.len() > ROUTE_AFFIXES_MAX {
            return None;
        }
        let affixes: Vec<_> = affixes.into_iter().collect();
        let literals: BTreeSet<String> = nodes.iter().flat_map(|n| n.literals.keys().cloned()).collect();
        let literals: Vec<_> =
            literals.into_iter().map(|l| (targets(&nodes, |a| fits(a, &l), Some(&l)), l)).collect();
        let others: Vec<_> = (0..1_usize << affixes.len())
            .map(|mask| {
                let chosen = |a: &(String, String)| {
                    affixes.iter().position(|b| a == b).is_some_and(|i| mask >> i & 1 == 1)
                };
                targets(&nodes, chosen, None)
            })
            .collect();
        let literals =
            literals.into_iter().map(|(to, text)| (text, self.state(to, passed, waiting))).collect();
        let others = others.into_iter().map(|to| self.state(to, passed, waiting)).collect();
        Some(State { literals, affixes, others, plain, slash })
    }

    fn items(&self, reached: &[&Node], passed: &[usize], slash: bool) -> Vec<ItemId> {
        let ends = reached.iter().flat_map(|n| &n.ends).filter(|(_, asked)| match asked {
            TrailingSlash::Any => true,
            TrailingSlash::Absent => !slash,
            TrailingSlash::Present => slash,
        });
        let rests = passed.iter().filter_map(|n| self.nodes.get(*n)).flat_map(|n| n.rests.iter().copied());
        let mut items: Vec<ItemId> = ends.map(|(item, _)| *item).chain(rests).collect();
        items.sort_unstable();
        items.dedup();
        items
    }
}

/// Says whether a segment has the text before and behind the `*`, without overlap.
pub(crate) fn fits((before, behind): &(String, String), segment: &str) -> bool {
    segment.len() >= before.len().saturating_add(behind.len())
        && segment.starts_with(before.as_str())
        && segment.ends_with(behind.as_str())
}

fn targets(nodes: &[&Node], affix: impl Fn(&(String, String)) -> bool, literal: Option<&str>) -> Vec<usize> {
    let mut to = Vec::new();
    for node in nodes {
        to.extend(node.any);
        to.extend(literal.and_then(|l| node.literals.get(l)));
        to.extend(node.affixes.iter().filter(|(a, _)| affix(a)).map(|(_, n)| *n));
    }
    to.sort_unstable();
    to.dedup();
    to
}
