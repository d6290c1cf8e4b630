//! Classifies variables, at most once each, and walks diagrams and bit vectors over them.

use super::tables::{from, network, number, patterns, run, scan, string, string_at, word};
use super::view::{Scalar, View};
use crate::ast::CompareOp;
use crate::bits::Bits;
use crate::lower::{Read, ReadKind};
use crate::plan::{Plan, StringTable, VariableKind, VariableWords};

const TERMINAL: u32 = 1 << 31;

/// What was already classified, and room to work in; made once, used for every decision.
#[derive(Debug, Clone)]
pub(super) struct Scratch {
    /// By variable: the round in which it was classified, and its class.
    known: Vec<(u32, u32)>,
    round: u32,
    rows: Vec<u32>,
    /// By string that a set must have all of: whether it was met.
    met: Bits,
    /// By literal of all scans: whether it was found, where its scan found any.
    found: Vec<bool>,
}

impl Scratch {
    pub(super) fn new(plan: &Plan) -> Self {
        let words = |bits: u32| usize::try_from(bits.div_ceil(32)).unwrap_or(0);
        Self {
            known: vec![(0, 0); plan.variables.len()],
            round: 0,
            rows: vec![0; words(plan.entry.rows_max)],
            met: Bits::below(usize::try_from(plan.entry.all_of_max).unwrap_or(0)),
            found: vec![false; usize::try_from(plan.entry.literals).unwrap_or(0)],
        }
    }

    /// Forgets all classes: another request, or another reading of its path.
    pub(super) fn next_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.known.fill((0, 0));
            self.round = 1;
        }
    }

    /// Returns the class of a variable.
    #[inline]
    pub(super) fn class(&mut self, view: &View<'_>, variable: u32) -> u32 {
        view.prepared.class(variable).unwrap_or_else(|| self.class_once(view, variable))
    }

    /// Returns the class of a variable that the caller alone doesn't say: classified where it is asked for first. Kept out of the way of
    /// those that are known.
    #[inline(never)]
    fn class_once(&mut self, view: &View<'_>, variable: u32) -> u32 {
        let at = usize::try_from(variable).unwrap_or(usize::MAX);
        match self.known.get(at) {
            Some((round, class)) if *round == self.round => return *class,
            _ => {}
        }
        let class = match view.plan.variables.get(at) {
            Some(VariableWords { kind: VariableKind::Program, arguments: [root, ..] }) => {
                // INVARIANT: programs ask no programs (checked at load), so this is one level deep.
                self.walk(view, &view.plan.nodes, *root)
            }
            Some(words) => self.classify(view, *words),
            None => 0,
        };
        if let Some(known) = self.known.get_mut(at) {
            *known = (self.round, class);
        }
        class
    }

    fn classify(&mut self, view: &View<'_>, words: VariableWords) -> u32 {
        let [a, b, c] = words.arguments;
        let (read, tables, strings) = (Read(a), &view.plan.tables, &view.plan.strings);
        let fold = read.kind() == Some(ReadKind::RouteSegment);
        match words.kind {
            VariableKind::Issuer => view.caller.map_or(0, |c| c.issuer().0.saturating_add(1)),
            VariableKind::Role => u32::from(view.has_role(a)),
            VariableKind::Scope => u32::from(view.has_scope(strings.text(a))),
            VariableKind::Present if view.is_set(read) => u32::from(view.any_member(read, |_| true)),
            VariableKind::Present => u32::from(view.scalar(read).is_some()),
            VariableKind::Truth => u32::from(view.scalar(read) == Some(Scalar::Bool(true))),
            VariableKind::Ints => view.number(read).map_or(0, |n| number(tables, b, n)),
            VariableKind::Nets => match view.scalar(read) {
                Some(Scalar::Ip(ip)) => network(tables, b, ip),
                _ => 0,
            },
            VariableKind::Strings => {
                view.text(read).and_then(|t| string_at(tables, b, strings, t.as_bytes(), fold)).unwrap_or(0)
            }
            VariableKind::Member => u32::from(view.any_member(read, |m| m == strings.text(b))),
            VariableKind::AnyOf => u32::from(
                view.any_member(read, |m| string_at(tables, b, strings, m.as_bytes(), false).is_some()),
            ),
            VariableKind::AllOf => u32::from(self.holds_all(view, read, b)),
            // INVARIANT: what these ask is a literal, and a literal asks a scan (checked at load), so this ends.
            VariableKind::Patterns if c != 0 && self.class(view, c.saturating_sub(1)) == 0 => 0,
            VariableKind::Patterns => view.text(read).map_or(0, |t| patterns(tables, b, t)),
            VariableKind::Scan => {
                let literals = usize::try_from(c).ok().and_then(|first| self.found.get_mut(first..));
                view.text(read)
                    .zip(literals)
                    .map_or(0, |(t, literals)| u32::from(scan(tables, b, t, literals)))
            }
            VariableKind::Found => u32::from(self.class(view, a) != 0 && self.holds(b, c)),
            VariableKind::Pair => u32::from(compares(view.scalar(read), b, view.scalar(Read(c)))),
            VariableKind::Holds => {
                u32::from(view.text(Read(b)).is_some_and(|t| view.any_member(read, |m| m == t)))
            }
            VariableKind::Program => 0,
        }
    }

    /// Says whether any of some literals was found.
    fn holds(&self, first: u32, count: u32) -> bool {
        let range = usize::try_from(first).unwrap_or(usize::MAX)
            ..usize::try_from(first.saturating_add(count)).unwrap_or(usize::MAX);
        self.found.get(range).is_some_and(|found| found.contains(&true))
    }

    /// Counts which of the strings the set holds.
    fn holds_all(&mut self, view: &View<'_>, read: Read, table: u32) -> bool {
        let mut left = word(&view.plan.tables, table);
        let Some(table) = StringTable::open(from(&view.plan.tables, table)) else { return false };
        self.met.clear();
        view.any_member(read, |member| {
            if let Some(number) = string(table, &view.plan.strings, member.as_bytes(), false)
                && self.met.insert(number)
            {
                left = left.saturating_sub(1);
            }
            left == 0
        })
    }

    /// Walks a diagram to its terminal, and returns its number. Every edge leads forward, so this ends.
    pub(super) fn walk(&mut self, view: &View<'_>, nodes: &[u32], root: u32) -> u32 {
        let mut at = root;
        while at & TERMINAL == 0 {
            let node = usize::try_from(at).ok().and_then(|at| nodes.get(at..));
            let Some([variable, default, count, rest @ ..]) = node else { return 0 };
            let class = self.class(view, *variable);
            let next = match (count, rest) {
                // As most nodes are.
                (1, [only, child, ..]) => {
                    if class == *only {
                        child
                    } else {
                        default
                    }
                }
                _ => exception(rest, *count, class).unwrap_or(default),
            };
            let next = *next;
            if next & TERMINAL == 0 && next <= at {
                return 0;
            }
            at = next;
        }
        at & !TERMINAL
    }

    /// Finds the rows of bit vectors that hold; calls back for each in order, until that says stop.
    pub(super) fn rows(&mut self, view: &View<'_>, bits: u32, mut each: impl FnMut(u32) -> bool) {
        let tables = &view.plan.tables;
        let count = word(tables, bits);
        let words = usize::try_from(count.div_ceil(32)).unwrap_or(0).min(self.rows.len());
        for (number, row) in (0_u32..).zip(self.rows.iter_mut().take(words)) {
            let left = count.saturating_sub(number.saturating_mul(32));
            *row = if left >= 32 { u32::MAX } else { (1_u32 << left).wrapping_sub(1) };
        }
        let count = word(tables, bits.saturating_add(1));
        let (mut columns, _) = run(tables, bits.saturating_add(2), count.saturating_mul(3)).as_chunks::<3>();
        while let Some(([variable, entry, rest], behind)) = columns.split_first() {
            let class = self.class(view, *variable);
            narrow(tables, *entry, class, self.rows.get_mut(..words).unwrap_or(&mut []));
            let passed = if class == 0 { usize::try_from(*rest).unwrap_or(usize::MAX) } else { 0 };
            columns = behind.get(passed..).unwrap_or(&[]);
        }
        for (number, row) in (0_u32..).zip(self.rows.iter().take(words)) {
            let mut row = *row;
            while row != 0 {
                if each(number.saturating_mul(32).saturating_add(row.trailing_zeros())) {
                    return;
                }
                row &= row.wrapping_sub(1);
            }
        }
    }
}

/// Finds the child of a class among the exceptions of a node.
fn exception(words: &[u32], count: u32, class: u32) -> Option<&u32> {
    let exceptions = words.as_chunks::<2>().0.get(..usize::try_from(count).ok()?)?;
    let found = exceptions.binary_search_by_key(&class, |[c, _]| *c).ok()?;
    exceptions.get(found).map(|[_, child]| child)
}

/// Drops the rows that refuse a class of one variable.
fn narrow(tables: &[u32], entry: u32, class: u32, rows: &mut [u32]) {
    let others = word(tables, entry);
    let (defaults, _) = run(tables, entry.saturating_add(1), others.saturating_mul(2)).as_chunks::<2>();
    let at = entry.saturating_add(1).saturating_add(others.saturating_mul(2));
    let (classes, _) = run(tables, at.saturating_add(1), word(tables, at).saturating_mul(2)).as_chunks::<2>();
    let found = classes.binary_search_by_key(&class, |[c, _]| *c).ok().and_then(|i| classes.get(i));
    let changes = found.map_or(0, |[_, changes]| *changes);
    let length = if changes == 0 { 0 } else { word(tables, changes).saturating_mul(3) };
    let (changes, _) = run(tables, changes.saturating_add(1), length).as_chunks::<3>();
    let mut changes = changes.iter().peekable();
    for [at, mask] in defaults {
        while let Some(change) = changes.next_if(|[w, ..]| w < at) {
            apply(rows, change);
        }
        let [_, more, less] = changes.next_if(|[w, ..]| w == at).copied().unwrap_or([0; 3]);
        keep(rows, *at, (mask | more) & !less);
    }
    changes.for_each(|change| apply(rows, change));
}

/// Drops the rows of one word that a class refuses, where no default does.
fn apply(rows: &mut [u32], [at, _, less]: &[u32; 3]) {
    keep(rows, *at, !less);
}

fn keep(rows: &mut [u32], at: u32, mask: u32) {
    if let Some(row) = usize::try_from(at).ok().and_then(|at| rows.get_mut(at)) {
        *row &= mask;
    }
}

fn compares(left: Option<Scalar<'_>>, op: u32, right: Option<Scalar<'_>>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    if std::mem::discriminant(&left) != std::mem::discriminant(&right) {
        return false;
    }
    let op = match op {
        0 => CompareOp::Equal,
        1 => CompareOp::NotEqual,
        2 => CompareOp::Less,
        3 => CompareOp::LessOrEqual,
        4 => CompareOp::Greater,
        _ => CompareOp::GreaterOrEqual,
    };
    match op {
        CompareOp::Equal => left == right,
        CompareOp::NotEqual => left != right,
        CompareOp::Less => left < right,
        CompareOp::LessOrEqual => left <= right,
        CompareOp::Greater => left > right,
        CompareOp::GreaterOrEqual => left >= right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds are counted in 32 bits: were one to have the number of an earlier one, it would take its classes for its own.
    #[test]
    fn no_class_is_known_of_a_round_that_had_the_same_number() {
        let text = r#"allow health { on GET /healthz for anyone when request.country? == "DE" }"#;
        let plan = crate::compile(&crate::Sources::from_text("policy.gate", text)).unwrap().plan;
        let mut scratch = Scratch::new(&plan);
        for round in [1, u32::MAX - 1, u32::MAX] {
            (scratch.round, scratch.known) = (round, vec![(0, 7), (1, 7), (round, 7)]);
            scratch.next_round();
            assert!(scratch.known.iter().all(|(known, _)| *known != scratch.round), "behind {round}");
            assert_eq!(scratch.known.len(), 3);
        }
        assert_eq!((scratch.round, scratch.known[1]), (1, (0, 0)));
    }

    #[test]
    fn two_values_compare_as_their_operator_says_and_only_within_a_type() {
        let orders = |op: u32| {
            let with = |right| compares(Some(Scalar::Int(2)), op, Some(Scalar::Int(right)));
            [1, 2, 3].map(with)
        };
        assert_eq!(orders(0), [false, true, false]);
        assert_eq!(orders(1), [true, false, true]);
        assert_eq!(orders(2), [false, false, true]);
        assert_eq!(orders(3), [false, true, true]);
        assert_eq!(orders(4), [true, false, false]);
        assert_eq!(orders(5), [true, true, false]);
        for op in 0..6 {
            assert!(!compares(None, op, Some(Scalar::Int(2))));
            assert!(!compares(Some(Scalar::Int(2)), op, None));
            assert!(!compares(Some(Scalar::Int(2)), op, Some(Scalar::Instant(2))));
            assert!(!compares(Some(Scalar::Int(2)), op, Some(Scalar::Duration(1))));
        }
    }

    /// Of three words: what rows are left of all, where a class changes them.
    fn left(defaults: &[[u32; 2]], changes: &[[u32; 3]], class: u32) -> [u32; 3] {
        let count = |n: usize| u32::try_from(n).unwrap();
        let head = [&[0, count(defaults.len())][..], defaults.as_flattened(), &[1, 5]].concat();
        let at = count(head.len()) + 1;
        let tables = [&head[..], &[at, count(changes.len())], changes.as_flattened()].concat();
        let mut rows = [0xffff; 3];
        narrow(&tables, 1, class, &mut rows);
        rows
    }

    /// A default is kept, with what the class accepts too and without what it doesn't; a word without one loses only the latter.
    #[test]
    fn a_class_narrows_each_word_by_its_default_and_its_change() {
        let (none, some): (&[[u32; 2]], &[[u32; 2]]) = (&[], &[[0, 0x00ff], [2, 0x0ff0]]);
        assert_eq!(left(none, &[], 5), [0xffff; 3]);
        assert_eq!(left(some, &[], 5), [0x00ff, 0xffff, 0x0ff0]);
        let changes = [[0, 0x0f00, 0x000f], [1, 0x00ff, 0xf000], [2, 0xf000, 0x0f00]];
        // Another class changes nothing.
        assert_eq!(left(some, &changes, 4), [0x00ff, 0xffff, 0x0ff0]);
        assert_eq!(left(some, &changes, 5), [0x0ff0, 0x0fff, 0xf0f0]);
        assert_eq!(left(some, &changes[..1], 5), [0x0ff0, 0xffff, 0x0ff0]);
        assert_eq!(left(some, &changes[1..2], 5), [0x00ff, 0x0fff, 0x0ff0]);
        assert_eq!(left(some, &changes[2..], 5), [0x00ff, 0xffff, 0xf0f0]);
        assert_eq!(left(none, &changes, 5), [0xfff0, 0x0fff, 0xf0ff]);
        assert_eq!(left(&some[1..], &changes, 5), [0xfff0, 0x0fff, 0xf0f0]);
        assert_eq!(left(&some[..1], &changes, 5), [0x0ff0, 0x0fff, 0xf0ff]);
    }
}
