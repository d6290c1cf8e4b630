//! Lowering: every test of a policy becomes "this variable is in one of these classes".
//!
//! All tests that read one attribute share classifiers, from a value to a small class number; class 0 is "no test is true",
//! which is also the class of an absent value. What stays behind are conditions over variables, and rules without names of captures.

mod automaton;
mod conditions;
mod literals;
mod partition;
mod patterns;
mod probes;
mod reads;
mod routes;
mod scan;

pub(crate) use automaton::Automaton;
pub(crate) use conditions::Cond;
pub(crate) use probes::{Probes, TestId, Tests};
pub(crate) use reads::{Read, ReadKind};
pub(crate) use routes::{Alternative, HostScope, Place, Places, Reading};
pub(crate) use scan::Scan;

use crate::policy::Policy;

/// What the rules of a policy ask, and where. The analysis and the plan both begin with it.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) places: Places,
    /// The tests of all conditions.
    pub(crate) tests: Tests,
    /// By alternative: its condition.
    pub(crate) conditions: Vec<Cond<TestId>>,
}

impl Lowered {
    /// Lowers a checked policy.
    pub(crate) fn of(policy: &Policy) -> Self {
        let places = routes::places(policy);
        let mut probes = Probes::new(policy, Tests::default());
        let condition = |a: &Alternative| {
            let rule = policy.numbered(a.rule);
            rule.map_or(Cond::Constant(false), |rule| probes.condition(&rule.condition, &a.captures))
        };
        let conditions = places.alternatives.iter().map(condition).collect();
        Self { tests: probes.into_tests(), places, conditions }
    }
}

/// Numbers a variable; the order of numbers is the order in which diagrams ask.
pub(crate) type VariableId = u32;

/// What one variable asks, and how it is classified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variable {
    /// 0 for nobody, else the issuer's number + 1.
    Issuer,
    /// Whether the caller has the role.
    Role(u32),
    /// Whether the caller has the scope.
    Scope(String),
    /// Whether an optional value is there, or a set is not empty.
    Present(Read),
    /// Whether a boolean is true.
    Truth(Read),
    /// Class of a number among sorted starts; the class holds from each start on.
    Ints(Read, Vec<(i64, u32)>),
    /// Class of an address among sorted starts, IPv4 and IPv6 apart.
    Nets(Read, Vec<(u32, u32)>, Vec<(u128, u32)>),
    /// Class of a string among sorted literals.
    Strings(Read, Vec<(String, u32)>),
    /// Whether a set holds the string.
    Member(Read, String),
    /// Whether a set holds one of the sorted strings.
    AnyOf(Read, Vec<String>),
    /// Whether a set holds all of the sorted strings.
    AllOf(Read, Vec<String>),
    /// Class of a string by the patterns that match it; where a literal must occur for that, 0 without it.
    Patterns(Read, Automaton, Option<Finds>),
    /// Whether a string holds a literal.
    Found(Read, Finds),
    /// Finds the literals of a string; the scan's number. No test asks it itself.
    Scan(Read, u32, Scan),
    /// Whether two values compare so.
    Pair(Read, crate::ast::CompareOp, Read),
    /// Whether a set holds the value of another attribute.
    Holds(Read, Read),
}

/// Names a literal that a scan finds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finds {
    /// Number of the scan.
    pub(crate) scan: u32,
    /// Number of the literal in it.
    pub(crate) number: u32,
    /// The literal: of a scan that folds letters, in lower case.
    pub(crate) literal: Vec<u8>,
}
