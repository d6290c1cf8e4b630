//! The plan: what runs. Flat words, forward-only, made once and checked once.
//!
//! A decision goes: host table → route automaton → class → diagram. No part scans all rules. Every table stands in one of a few
//! vectors of `u32`, and is named by the offset of its first word; offset 0 is "none".
//!
//! | table | words |
//! |---|---|
//! | strings | `n`; if that isn't 0, a mask `m` in 24 bits with a turn `t` in the 8 above, then `m` + 1 slots of (string + 1, value), 0 for an empty one; a string stands in the first free slot from (its [`hash`] × (2`t` + 1)) >> 8, masked, on |
//! | numbers | `n`, then `n` × (start low, start high, class) |
//! | networks | `n`, then `n` × (IPv4 start, class); `n`, then `n` × (IPv6 start in four words, highest first; class) |
//! | patterns | `width`, `states`, 64 words of byte columns, `states` rows of `width` next rows and the class of a text that ends there; a row is named by the number of words before it |
//! | scan | patterns, whose class is the longest literal that ends there + 1; `n`, then by literal the longest other that it ends with + 1 |
//! | node | variable, default child, `n`, then `n` × (class, child); a child with bit 31 set is a terminal |
//! | bits | `rows`, `n`, then `n` × (variable, entry, how many of those behind it say nothing more if its class is 0) |
//! | entry | `n`, then `n` × (word, mask of rows that accept every class not named); `n`, then `n` × (class, changes) |
//! | changes | `n`, then `n` × (word, rows that accept the class too, rows that don't) |
//! | verdict | 1, root node, `n`, `n` ranks; or 2, bits, `n`, a rank for each row |
//! | matching | bits, `n`, an instance for each row |
//! | class | verdict, matching |
//! | accept | `n`, then the class of each group of methods; a group past the end has the first class, that of all other methods. With bit 31 set: `n`, class of other methods, then `n` × (group, class), sorted |
//! | accept of services | tokens: 0 no service, 1 all ignore, 2 some read; string of the metadata + 1; segments of its base |
//! | state | strings, each with its state; `a`, then `a` × (string before, string behind), 2^`a` × state; accept without a slash; accept with one |
//! | host | relaxations; `n`, `n` × start of rules; `n`, `n` × start of services; `n`, `n` × class of bit vectors alone |

mod blocks;
mod compile;
mod hash;
mod hosts;
mod layout;
mod methods;
mod nodes;
mod parts;
mod routes;
mod rule_names;
mod scans;
mod stats;
mod strings;
mod summary;
mod tables;

pub(crate) use compile::compile;
pub(crate) use hash::{first_slot, hash, slot_mask};
pub(crate) use hosts::is_address;
pub(crate) use layout::{State, StringTable, from, word};
pub(crate) use methods::SPARSE;
pub(crate) use nodes::lay_out;
pub(crate) use rule_names::RuleNames;
pub use stats::{Cost, Dearest, Stats};
pub(crate) use strings::{Sought, Strings};
pub use summary::RuleSummary;

use crate::ast::AuditLevel;
use crate::lower::Read;
use crate::policy::{Denial, IdentityModel, RuleId};
use crate::request::Reading;

/// Holds a compiled policy, ready to decide. Made by [`crate::compile`] or [`crate::artifact::load_unsigned`].
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) identity: IdentityModel,
    pub(crate) reading: Reading,
    pub(crate) strings: Strings,
    /// Kind and three arguments of each variable.
    pub(crate) variables: Vec<VariableWords>,
    pub(crate) nodes: Vec<u32>,
    pub(crate) tables: Vec<u32>,
    pub(crate) states: Vec<u32>,
    pub(crate) entry: Entry,
    /// By rule, in the order of full names.
    pub(crate) rules: Vec<PlanRule>,
    /// The full name of each.
    pub(crate) rule_names: RuleNames,
    /// What matching rules do, with captures as segments.
    pub(crate) instances: Vec<Instance>,
    /// The rules by rank: denies without challenge, denies with one, allows; each by name.
    pub(crate) ranked: Vec<RuleId>,
    /// The rank of the first allow: made, not saved.
    pub(crate) allows_from: u32,
    pub(crate) cost: Cost,
    pub(crate) digest: String,
    pub(crate) file_digest: String,
    pub(crate) notes: crate::eval::KeptNotes,
}

impl Plan {
    /// Returns what the policy reads of a request.
    #[must_use]
    pub fn needs(&self) -> &crate::needs::Needs {
        self.reading.needs()
    }

    /// Says whether a header line of this name can't matter to any decision or refusal, whatever its value is. A host that meets the name
    /// again may leave the line out, as long as all lines together stay within the limits of a request.
    #[must_use]
    pub fn passes_over(&self, header: &[u8]) -> bool {
        self.reading.passes_over(header)
    }

    /// Returns how claims become an identity.
    #[must_use]
    pub fn identity_model(&self) -> &IdentityModel {
        &self.identity
    }

    /// Returns the bounds of what one decision can cost.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Returns whether any rule is a limit that counts: a host that can't count must not pretend to.
    #[must_use]
    pub fn has_limits(&self) -> bool {
        self.instances.iter().any(|instance| matches!(instance.action, Action::Limit { .. }))
    }
}

/// Where a decision starts: offsets of tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Strings: whole hosts.
    pub(crate) exact_hosts: u32,
    /// Strings: what follows the first label.
    pub(crate) one_label_hosts: u32,
    /// Strings: suffixes that one label or more stand before.
    pub(crate) hosts_below: u32,
    /// The host of no pattern.
    pub(crate) other_host: u32,
    /// Strings: methods, each with its group, from 1: those that no place tells apart.
    pub(crate) methods: u32,
    /// The class of rules that apply everywhere.
    pub(crate) everywhere: u32,
    /// The most rows of any bits.
    pub(crate) rows_max: u32,
    /// The most entries of any table of "all of these strings".
    pub(crate) all_of_max: u32,
    /// The literals of all scans.
    pub(crate) literals: u32,
}

/// Holds one variable: its kind and three arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VariableWords {
    pub(crate) kind: VariableKind,
    pub(crate) arguments: [u32; 3],
}

macro_rules! variable_kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// Names how a variable is classified.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum VariableKind { $($(#[$doc])* $name,)* }

        impl VariableKind {
            pub(crate) const fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            pub(crate) fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

variable_kinds! {
    /// 0 for nobody, else the issuer's number + 1
    Issuer = 0,
    /// role
    Role = 1,
    /// string of the scope
    Scope = 2,
    /// read
    Present = 3,
    /// read
    Truth = 4,
    /// read, numbers
    Ints = 5,
    /// read, networks
    Nets = 6,
    /// read, strings
    Strings = 7,
    /// read, string
    Member = 8,
    /// read, strings
    AnyOf = 9,
    /// read, strings
    AllOf = 10,
    /// read, patterns, variable that says whether one can match + 1, or 0
    Patterns = 11,
    /// read, comparison, read
    Pair = 12,
    /// read of a set, read
    Holds = 13,
    /// node of a program: one rule's tests in written order
    Program = 14,
    /// read, scan, number of its first literal among those of all scans: whether any is found
    Scan = 15,
    /// variable of a scan, number of a literal among those of all scans, how many: whether one of them is found
    Found = 16,
}

/// Counts the denies among the rules by rank, which come first.
pub(crate) fn allows_from(rules: &[PlanRule], ranked: &[RuleId]) -> u32 {
    let kind = |id: &RuleId| usize::try_from(id.0).ok().and_then(|id| rules.get(id)).map(|rule| &rule.kind);
    let denies = ranked.partition_point(|id| matches!(kind(id), Some(PlanKind::Deny(_))));
    u32::try_from(denies).unwrap_or(u32::MAX)
}

/// Holds what is known of a rule once it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlanRule {
    pub(crate) observe: bool,
    pub(crate) kind: PlanKind,
}

/// What a rule is, with what is needed when it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlanKind {
    Allow,
    Deny(Box<Denial>),
    Limit,
    Forward,
    Audit,
}

impl PlanKind {
    /// Names the kind as policies do.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny(_) => "deny",
            Self::Limit => "limit",
            Self::Forward => "forward",
            Self::Audit => "audit",
        }
    }
}

/// What a matching rule does, for one way its captures stand in the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) rule: RuleId,
    pub(crate) action: Action,
}

/// What a matching rule does beside deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Reports itself: `observe`.
    Observe,
    Limit {
        rate: u32,
        per_s: u32,
        burst: u32,
        by: Vec<Read>,
    },
    Forward {
        set: Vec<(String, Source)>,
        remove: Vec<String>,
    },
    Audit {
        level: Option<AuditLevel>,
        keep: Vec<(String, Read)>,
        redact: Vec<String>,
    },
}

/// Where the value of a header comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A literal, as text.
    Text(String),
    Read(Read),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::load_unsigned;
    use crate::source::Sources;

    /// A plan as it was compiled, and as it was loaded.
    fn plans(text: &str) -> [Plan; 2] {
        let plan = crate::compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
        [load_unsigned(&plan.to_bytes()).unwrap(), plan]
    }

    #[test]
    fn limits_that_only_observe_need_no_counter() {
        let limit = "limit requests { rate 10 per minute by request.ip }";
        for (text, expected) in [
            ("allow health { on GET /healthz for anyone }".to_owned(), false),
            (limit.to_owned(), true),
            (format!("observe {limit}"), false),
        ] {
            assert_eq!(plans(&text).map(|plan| plan.has_limits()), [expected; 2], "{text}");
        }
    }

    #[test]
    fn a_header_that_a_rule_reads_is_not_passed_over() {
        let text = r#"deny beta { when request.header("x-beta").only? == "1" }"#;
        for plan in plans(text) {
            assert!(!plan.passes_over(b"x-beta"));
            assert!(!plan.passes_over(b"host"));
            assert!(plan.passes_over(b"x-gamma"));
        }
    }

    #[test]
    fn a_loaded_plan_costs_what_the_compiled_one_does() {
        let text = r#"deny beta { when request.header("x-beta").only? == "1" and request.method == "GET" }"#;
        let [loaded, compiled] = plans(text);
        assert_eq!(loaded.cost(), compiled.cost());
        // Two variables, in both readings of the path.
        assert_eq!(loaded.cost().variables_max, 4);
    }

    #[test]
    fn kinds_of_rules_have_the_names_that_policies_write() {
        let deny = PlanKind::Deny(Box::new(Denial::Respond { status: 403, text: None }));
        let kinds = [PlanKind::Allow, deny, PlanKind::Limit, PlanKind::Forward, PlanKind::Audit];
        assert_eq!(kinds.map(|kind| kind.name()), ["allow", "deny", "limit", "forward", "audit"]);
    }
}
