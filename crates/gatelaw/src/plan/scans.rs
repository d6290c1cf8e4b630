//! Scans among the variables: which find what, and how their literals are numbered as one.

use std::collections::BTreeMap;

use super::tables::word;
use crate::lower::{Finds, Variable, VariableId};

/// A literal: the variable of the scan that finds it, and its number among those of all scans.
pub(super) type Literal = (VariableId, u32);

/// Where scans and their literals stand.
#[derive(Debug, Default)]
pub(super) struct Scans {
    /// By number of a scan: its variable, and the number of its first literal.
    scans: BTreeMap<u32, (VariableId, u32)>,
    /// By scan and number of a literal: the variable that asks for it.
    found: BTreeMap<(u32, u32), VariableId>,
    /// By variable that is true only where a literal occurs: that.
    of_variable: BTreeMap<VariableId, Literal>,
    /// How many literals there are.
    pub(super) literals: u32,
}

impl Scans {
    /// Numbers the literals of some variables.
    pub(super) fn of(variables: &[Variable]) -> Self {
        let mut scans = Self::default();
        for (id, variable) in (0..).zip(variables) {
            match variable {
                Variable::Scan(_, number, scan) => {
                    scans.scans.insert(*number, (id, scans.literals));
                    scans.literals = scans.literals.saturating_add(word(scan.suffixes.len()));
                }
                Variable::Found(_, finds) => {
                    scans.found.insert((finds.scan, finds.number), id);
                }
                _ => {}
            }
        }
        for (id, variable) in (0..).zip(variables) {
            if let Variable::Found(_, finds) | Variable::Patterns(_, _, Some(finds)) = variable
                && let Some(literal) = scans.literal(finds)
            {
                scans.of_variable.insert(id, literal);
            }
        }
        scans
    }

    /// Returns how many scans there are.
    pub(super) fn count(&self) -> usize {
        self.scans.len()
    }

    /// Finds the number of the first literal of a scan.
    pub(super) fn first(&self, scan: u32) -> u32 {
        self.scans.get(&scan).map_or(0, |(_, first)| *first)
    }

    /// Finds a literal.
    pub(super) fn literal(&self, finds: &Finds) -> Option<Literal> {
        let (scan, first) = self.scans.get(&finds.scan)?;
        Some((*scan, first.saturating_add(finds.number)))
    }

    /// Finds the variable that asks whether a literal occurs.
    pub(super) fn found(&self, finds: &Finds) -> Option<VariableId> {
        self.found.get(&(finds.scan, finds.number)).copied()
    }

    /// Finds the literal that must occur for a variable to be true.
    pub(super) fn guard(&self, variable: VariableId) -> Option<Literal> {
        self.of_variable.get(&variable).copied()
    }
}
