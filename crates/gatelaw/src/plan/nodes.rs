//! Lays diagrams out as words, every edge forward.

use std::collections::BTreeMap;

use super::tables::word;
use crate::diagram::{Diagrams, Ref};

/// The words of all nodes, and where each root went.
#[derive(Debug)]
pub(crate) struct NodeWords {
    pub(crate) words: Vec<u32>,
    offsets: BTreeMap<Ref, u32>,
}

const TERMINAL: u32 = 1 << 31;

/// Lays out all that the roots reach. Children are made before their parents, so the reverse order has every edge forward.
pub(crate) fn lay_out(diagrams: &Diagrams, roots: impl Iterator<Item = Ref>) -> NodeWords {
    let mut waiting: Vec<Ref> = roots.filter(|r| r.number().is_none()).collect();
    let mut offsets = BTreeMap::new();
    while let Some(at) = waiting.pop() {
        if offsets.insert(at, 0).is_some() {
            continue;
        }
        let Some(node) = diagrams.node(at) else { continue };
        let children = node.exceptions.iter().map(|(_, child)| *child).chain([node.default]);
        waiting.extend(children.filter(|c| c.number().is_none() && !offsets.contains_key(c)));
    }
    let mut next = 1_u32;
    for (at, offset) in offsets.iter_mut().rev() {
        *offset = next;
        let exceptions = diagrams.node(*at).map_or(0, |n| word(n.exceptions.len()));
        next = next.saturating_add(3).saturating_add(exceptions.saturating_mul(2));
    }
    let mut laid = NodeWords { words: vec![0], offsets };
    let order: Vec<Ref> = laid.offsets.keys().rev().copied().collect();
    for at in order {
        let Some(node) = diagrams.node(at) else { continue };
        laid.words.extend([node.variable, laid.child(node.default), word(node.exceptions.len())]);
        for (class, child) in node.exceptions.iter() {
            let child = laid.child(*child);
            laid.words.extend([*class, child]);
        }
    }
    laid
}

impl NodeWords {
    /// Returns the word that stands for a diagram: an offset, or a terminal.
    pub(crate) fn child(&self, at: Ref) -> u32 {
        at.number().map_or_else(|| self.offsets.get(&at).copied().unwrap_or(TERMINAL), |n| TERMINAL | n)
    }
}
