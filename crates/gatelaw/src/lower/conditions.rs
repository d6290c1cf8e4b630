//! Conditions over variables.

use super::VariableId;
use super::probes::TestId;

/// The classes in which a test is true: sorted, never class 0.
pub(crate) type ClassSet = Vec<u32>;

/// A condition: over tests while they are collected, over variables and classes once they are classified.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Cond<T = (VariableId, ClassSet)> {
    Constant(bool),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Test(T),
}

impl<T> Cond<T> {
    pub(crate) fn not(self) -> Self {
        match self {
            Self::Constant(b) => Self::Constant(!b),
            Self::Not(inner) => *inner,
            Self::All(_) | Self::Any(_) | Self::Test(_) => Self::Not(Box::new(self)),
        }
    }

    /// Joins conditions, leaving out what is constant.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Constant(true) => {}
                Self::Constant(false) => return Self::Constant(false),
                Self::All(inner) => kept.extend(inner),
                Self::Not(_) | Self::Any(_) | Self::Test(_) => kept.push(part),
            }
        }
        match kept.pop() {
            None => Self::Constant(true),
            Some(only) if kept.is_empty() => only,
            Some(last) => {
                kept.push(last);
                Self::All(kept)
            }
        }
    }

    /// Joins alternatives, leaving out what is constant.
    pub(crate) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Constant(false) => {}
                Self::Constant(true) => return Self::Constant(true),
                Self::Any(inner) => kept.extend(inner),
                Self::Not(_) | Self::All(_) | Self::Test(_) => kept.push(part),
            }
        }
        match kept.pop() {
            None => Self::Constant(false),
            Some(only) if kept.is_empty() => only,
            Some(last) => {
                kept.push(last);
                Self::Any(kept)
            }
        }
    }
}

impl Cond<TestId> {
    /// Replaces every test by its variable and classes.
    pub(crate) fn classified(&self, tests: &[Cond]) -> Cond {
        match self {
            Self::Constant(b) => Cond::Constant(*b),
            Self::Not(inner) => inner.classified(tests).not(),
            Self::All(parts) => Cond::all(parts.iter().map(|p| p.classified(tests))),
            Self::Any(parts) => Cond::any(parts.iter().map(|p| p.classified(tests))),
            Self::Test(id) => tests.get(id.0).cloned().unwrap_or(Cond::Constant(false)),
        }
    }
}

impl Cond {
    /// Lists the variables that some conditions ask, sorted.
    pub(crate) fn variables<'c>(conditions: impl IntoIterator<Item = &'c Self>) -> Vec<VariableId> {
        let mut out = Vec::new();
        conditions.into_iter().for_each(|condition| condition.collect(&mut out));
        out.sort_unstable();
        out.dedup();
        out
    }

    fn collect(&self, out: &mut Vec<VariableId>) {
        match self {
            Self::Constant(_) => {}
            Self::Not(inner) => inner.collect(out),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.collect(out)),
            Self::Test((variable, _)) => out.push(*variable),
        }
    }
}
