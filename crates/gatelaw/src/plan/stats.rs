//! Figures of a plan: what it costs at worst, and what was built.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::Verdict;
use crate::diagram::{Diagrams, Ref};

/// Bounds what one decision can cost, whatever the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The most variables that one decision can classify.
    pub variables_max: u32,
    /// The most words of bit vectors that one decision can read.
    pub words_max: u32,
}

/// Says what a plan is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rules of the policy.
    pub rules: usize,
    /// Variables, programs among them.
    pub variables: usize,
    /// Rules that are asked as programs, because they need too many rows.
    pub programs: usize,
    /// States of the route automata.
    pub states: usize,
    /// Classes of rules, by where they can matter.
    pub classes: usize,
    /// Words of diagrams.
    pub node_words: usize,
    /// Words of all other tables.
    pub table_words: usize,
    /// Words of the route automata.
    pub state_words: usize,
    /// What fell back to bit vectors, each in words an engineer can act on.
    pub fallbacks: Vec<String>,
}

/// What a class costs.
pub(super) fn class_cost(
    diagrams: &Diagrams,
    tables: &[u32],
    verdict: &Verdict,
    matching: Option<u32>,
) -> Cost {
    let of_verdict = match verdict {
        Verdict::None => Cost::default(),
        Verdict::Diagram(root, _) => Cost { variables_max: path_max(diagrams, *root), words_max: 0 },
        Verdict::Rows(bits, _) => bits_cost(tables, *bits),
    };
    let of_matching = matching.map_or(Cost::default(), |bits| bits_cost(tables, bits));
    of_verdict.plus(of_matching)
}

impl Cost {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            variables_max: self.variables_max.saturating_add(other.variables_max),
            words_max: self.words_max.saturating_add(other.words_max),
        }
    }

    pub(super) fn times(self, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            variables_max: self.variables_max.saturating_mul(count),
            words_max: self.words_max.saturating_mul(count),
        }
    }

    pub(super) fn max(self, other: Self) -> Self {
        Self {
            variables_max: self.variables_max.max(other.variables_max),
            words_max: self.words_max.max(other.words_max),
        }
    }
}

fn bits_cost(tables: &[u32], bits: u32) -> Cost {
    let at = |offset: u32| usize::try_from(offset).ok().and_then(|o| tables.get(o)).copied().unwrap_or(0);
    let (rows, variables) = (at(bits), at(bits.saturating_add(1)));
    Cost {
        variables_max: variables,
        words_max: rows.div_ceil(32).saturating_mul(variables.saturating_add(1)),
    }
}

/// Finds the longest path, by the variables that lie on it: children are made before their parents.
fn path_max(diagrams: &Diagrams, root: Ref) -> u32 {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(at) = waiting.pop() {
        if at.number().is_none()
            && reached.insert(at)
            && let Some(node) = diagrams.node(at)
        {
            waiting.extend(node.exceptions.iter().map(|(_, child)| *child).chain([node.default]));
        }
    }
    let mut longest: BTreeMap<Ref, u32> = BTreeMap::new();
    for at in reached {
        let Some(node) = diagrams.node(at) else { continue };
        let children = node.exceptions.iter().map(|(_, child)| *child).chain([node.default]);
        let below = children.filter_map(|child| longest.get(&child).copied()).max().unwrap_or(0);
        longest.insert(at, below.saturating_add(1));
    }
    longest.get(&root).copied().unwrap_or(0)
}
