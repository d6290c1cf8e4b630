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
    /// Literals of patterns that are found in one pass over a value, instead of by the patterns one by one.
    pub literals: u32,
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
    /// The place where a decision can cost most, apart from what is asked everywhere.
    pub dearest: Option<Dearest>,
    /// Full names of the rules that are asked as programs, sorted.
    pub program_rules: Vec<String>,
    /// What fell back to bit vectors, each in words an engineer can act on.
    pub fallbacks: Vec<String>,
}

/// Names the rules that can matter in one place, and what it costs to ask them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dearest {
    /// Their full names, sorted.
    pub rules: Vec<String>,
    /// What one decision there costs at most.
    pub cost: Cost,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn stats(text: &str) -> Stats {
        crate::compile(&Sources::from_text("policy.gate", text)).unwrap().stats
    }

    #[test]
    fn rules_that_would_take_too_many_rows_are_named() {
        let way = |n: u32| {
            format!("(request.header_line(\"a{n}\")? == \"x\" or request.header_line(\"b{n}\")? == \"y\")")
        };
        let ways = |count: u32| (0..count).map(way).collect::<Vec<_>>().join(" and ");
        let other = |n: u32| {
            format!(
                "allow r{n} {{ for anyone when request.header_line(\"c{n}\")? == \"x\" and request.header_line(\"d{}\")? == \"y\" }}\n",
                n * 7 % 40
            )
        };
        let others: String = (0..200).map(other).collect();
        let text = format!(
            "{others}allow five {{ for anyone when {} }}\nallow six {{ for anyone when {} }}",
            ways(5),
            ways(6)
        );
        let stats = stats(&text);
        assert_eq!(stats.program_rules, ["six"]);
        assert!(matches!(stats.fallbacks.as_slice(), [why] if why.contains("202 allow and deny rules")));
    }

    #[test]
    fn the_dearest_place_is_named_and_what_is_asked_everywhere_is_not() {
        let stats = stats(
            "allow everywhere { for anyone when request.header_line(\"a\")? == \"x\" and request.header_line(\"b\")? == \"y\" }\n\
             allow cheap { on /cheap for anyone when request.header_line(\"a\")? == \"x\" }\n\
             allow dear { on /dear for anyone when request.header_line(\"c\")? == \"x\" and request.header_line(\"d\")? == \"y\" }",
        );
        let dearest = stats.dearest.unwrap();
        assert_eq!((dearest.rules, dearest.cost.variables_max), (vec!["dear".to_owned()], 2));
        assert_eq!(stats.fallbacks, [] as [String; 0]);
    }

    #[test]
    fn a_plan_is_told_by_its_own_figures() {
        let text = "allow read { on GET /orders/{id} for anyone when request.header_line(\"a\")? == \"x\" }\n\
                    deny shut { on /shut }\n\
                    audit visits { level brief keep request.host }";
        let compiled = crate::compile(&Sources::from_text("policy.gate", text)).unwrap();
        let (plan, stats) = (compiled.plan, compiled.stats);
        assert_eq!(
            (stats.rules, stats.variables, stats.programs, stats.literals),
            (3, plan.variables.len(), 0, 0)
        );
        assert_eq!(stats.node_words, plan.nodes.len());
        assert_eq!(stats.table_words, plan.tables.len());
        assert_eq!(stats.state_words, plan.states.len());
        assert_eq!((stats.variables, stats.states, stats.classes), (1, 5, 4));
    }
}
