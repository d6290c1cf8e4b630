//! Partitions: the exact classes into which the tests of one attribute divide its values.
//!
//! A class is the set of tests that are true in it, its *signature*; class 0 is the empty one. There are never more classes
//! than literals or ends of intervals, and one more.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::ClassSet;
use crate::limits::SIGNATURES_MAX;

/// A partition, and for every test the classes in which it is true.
pub(crate) struct Partition<P> {
    /// From every point on, in order, its class. For literals: the class of each.
    pub(crate) points: Vec<(P, u32)>,
    /// By test.
    pub(crate) classes: Vec<ClassSet>,
}

/// Numbers signatures in the order in which they are met.
struct Signatures {
    numbers: BTreeMap<Vec<u32>, u32>,
    classes: Vec<ClassSet>,
    length: usize,
}

impl Signatures {
    fn new(tests: usize) -> Self {
        Self { numbers: BTreeMap::from([(Vec::new(), 0)]), classes: vec![Vec::new(); tests], length: 0 }
    }

    fn class(&mut self, signature: Vec<u32>) -> Option<u32> {
        if let Some(known) = self.numbers.get(&signature) {
            return Some(*known);
        }
        self.length = self.length.saturating_add(signature.len());
        if self.length > SIGNATURES_MAX {
            return None;
        }
        let class = u32::try_from(self.numbers.len()).ok()?;
        for test in &signature {
            let test = usize::try_from(*test).ok()?;
            self.classes.get_mut(test)?.push(class);
        }
        self.numbers.insert(signature, class);
        Some(class)
    }
}

/// Partitions by literals: each test is a set of them. `None` where the signatures grow past their limit.
pub(crate) fn of_literals(tests: &[&[String]]) -> Option<Partition<String>> {
    let mut by_literal: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (number, literals) in (0_u32..).zip(tests) {
        for literal in *literals {
            let signature = by_literal.entry(literal).or_default();
            if signature.last() != Some(&number) {
                signature.push(number);
            }
        }
    }
    let mut signatures = Signatures::new(tests.len());
    let points = by_literal
        .into_iter()
        .map(|(literal, signature)| Some((literal.to_owned(), signatures.class(signature)?)))
        .collect::<Option<_>>()?;
    Some(Partition { points, classes: signatures.classes })
}

/// Half-open intervals `start..end`; `None` as an end is "and all above".
pub(crate) type Intervals<P> = Vec<(P, Option<P>)>;

/// Partitions by intervals: each test is a set of them. `None` where the signatures grow past their limit.
pub(crate) fn of_intervals<P: Copy + Ord>(tests: &[&[(P, Option<P>)]]) -> Option<Partition<P>> {
    // At each point: the tests whose intervals end there, and those whose begin; several of one test may overlap.
    let mut events: BTreeMap<P, Vec<(u32, i32)>> = BTreeMap::new();
    for (number, intervals) in (0_u32..).zip(tests) {
        for (start, end) in *intervals {
            if end.is_some_and(|end| end <= *start) {
                continue;
            }
            events.entry(*start).or_default().push((number, 1));
            if let Some(end) = end {
                events.entry(*end).or_default().push((number, -1));
            }
        }
    }
    let mut signatures = Signatures::new(tests.len());
    let (mut depth, mut active) = (BTreeMap::<u32, i32>::new(), BTreeSet::new());
    let (mut points, mut work) = (Vec::<(P, u32)>::new(), 0_usize);
    for (point, changes) in events {
        for (test, change) in changes {
            let depth = depth.entry(test).or_insert(0);
            *depth = depth.saturating_add(change);
            if *depth > 0 {
                active.insert(test)
            } else {
                active.remove(&test)
            };
        }
        work = work.saturating_add(active.len());
        if work > SIGNATURES_MAX {
            return None;
        }
        let class = signatures.class(active.iter().copied().collect())?;
        if points.last().map_or(0, |(_, c)| *c) != class {
            points.push((point, class));
        }
    }
    Some(Partition { points, classes: signatures.classes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_no_test_tells_apart_share_a_class() {
        let (a, b) = (vec!["x".to_owned(), "y".to_owned()], vec!["y".to_owned(), "z".to_owned()]);
        let partition = of_literals(&[&a, &b]).unwrap();
        assert_eq!(partition.points, vec![("x".into(), 1), ("y".into(), 2), ("z".into(), 3)]);
        assert_eq!(partition.classes, vec![vec![1, 2], vec![2, 3]]);
    }

    #[test]
    fn intervals_divide_the_line() {
        let partition = of_intervals::<i64>(&[&[(0, Some(10))], &[(5, None)]]).unwrap();
        assert_eq!(partition.points, vec![(0, 1), (5, 2), (10, 3)]);
        assert_eq!(partition.classes, vec![vec![1, 2], vec![2, 3]]);
    }

    #[test]
    fn touching_intervals_of_one_test_are_one_class() {
        let partition = of_intervals::<i64>(&[&[(0, Some(5)), (5, Some(9))]]).unwrap();
        assert_eq!(partition.points, vec![(0, 1), (9, 0)]);
    }

    #[test]
    fn signatures_have_a_length_that_is_bounded_together() {
        let mut signatures = Signatures::new(1);
        assert_eq!(signatures.class(vec![0; SIGNATURES_MAX]), Some(1));
        assert_eq!(signatures.class(vec![0; SIGNATURES_MAX]), Some(1), "one that is known takes nothing");
        assert_eq!(signatures.class(vec![0]), None);
        assert_eq!(Signatures::new(1).class(vec![0; SIGNATURES_MAX + 1]), None);
    }
}
