//! Parts: the rules that can matter in one place, as a diagram, or as bit vectors where a diagram would explode.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::blocks::{Block, blocks};
use super::scans::Scans;
use super::tables::{Tables, word};
use crate::diagram::{Diagrams, OverBudget, Ref};
use crate::limits::{
    ALTERNATIVE_EDGES_MAX, PART_EDGES_BASE, PART_EDGES_MAX, PART_VARIABLES_MAX, PLAN_EDGES_MAX, RULE_ROWS_MAX,
};
use crate::lower::{Cond, VariableId};

/// The verdict of a part: which rank is the least that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No rule decides here.
    None,
    /// A diagram, whose terminal n is the n-th of these ranks.
    Diagram(Ref, Vec<u32>),
    /// Bits, with the rank of each row in order.
    Rows(u32, Vec<u32>),
}

/// A variable that no test of the policy asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    /// The condition of one rule.
    Program(Ref),
    /// Whether one of some literals occurs.
    Found(Block),
}

/// Builds parts, and shares what they have in common.
pub(crate) struct Parts<'c> {
    pub(crate) diagrams: Diagrams,
    pub(crate) tables: Tables,
    /// The condition of every alternative.
    conditions: &'c [Cond],
    /// By condition: the first that is equal to it.
    first_equal: Vec<usize>,
    scans: &'c Scans,
    /// Variables behind all others, which the form of parts asks for.
    pub(crate) more: Vec<More>,
    pub(crate) program_of: BTreeMap<usize, VariableId>,
    block_of: BTreeMap<Block, VariableId>,
    first_more: VariableId,
    edges_left: u64,
    pub(crate) rows_max: usize,
}

impl<'c> Parts<'c> {
    pub(crate) fn new(conditions: &'c [Cond], variables: usize, scans: &'c Scans) -> Self {
        Self {
            diagrams: Diagrams::default(),
            tables: Tables::new(),
            conditions,
            first_equal: first_equal(conditions),
            scans,
            more: Vec::new(),
            program_of: BTreeMap::new(),
            block_of: BTreeMap::new(),
            first_more: word(variables),
            edges_left: PLAN_EDGES_MAX,
            rows_max: 0,
        }
    }

    /// Builds the verdict over some alternatives, each with the rank of its rule.
    pub(crate) fn verdict(&mut self, rules: &[(u32, usize)]) -> Verdict {
        if rules.is_empty() {
            return Verdict::None;
        }
        let rules = self.of_distinct_conditions(rules);
        let mut ranks: Vec<u32> = rules.iter().map(|(rank, _)| *rank).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let budget = part_budget(rules.len()).min(self.edges_left);
        self.diagrams.set_budget(budget);
        let built = if self.variables_of(&rules) > PART_VARIABLES_MAX {
            Err(OverBudget)
        } else {
            self.diagram(&rules, &ranks)
        };
        self.edges_left = self.edges_left.saturating_sub(budget.saturating_sub(self.diagrams.budget()));
        match built {
            Ok(root) => Verdict::Diagram(root, ranks),
            Err(OverBudget) => {
                let mut sorted = rules;
                sorted.sort_unstable();
                let (bits, ranks) = self.bits(&sorted);
                Verdict::Rows(bits, ranks)
            }
        }
    }

    /// Keeps of the rules with one condition the one of the least rank, as no other can decide. Where many services share a host,
    /// most rules of a place are such others.
    fn of_distinct_conditions(&self, rules: &[(u32, usize)]) -> Vec<(u32, usize)> {
        let first = |condition: usize| self.first_equal.get(condition).copied().unwrap_or(condition);
        let mut least: Vec<_> = rules.iter().map(|(rank, condition)| (*rank, first(*condition))).collect();
        least.sort_unstable_by_key(|(rank, condition)| (*condition, *rank));
        least.dedup_by_key(|(_, condition)| *condition);
        least
    }

    fn variables_of(&self, rules: &[(u32, usize)]) -> usize {
        Cond::variables(rules.iter().filter_map(|(_, c)| self.conditions.get(*c))).len()
    }

    /// Merges the rules two by two, so that no large diagram is walked once a rule.
    fn diagram(&mut self, rules: &[(u32, usize)], ranks: &[u32]) -> Result<Ref, OverBudget> {
        let mut layer = Vec::with_capacity(rules.len());
        for (rank, condition) in rules {
            let truth = match self.conditions.get(*condition) {
                Some(condition) => self.diagrams.condition(condition)?,
                None => Ref::NONE,
            };
            let terminal = word(ranks.binary_search(rank).unwrap_or(0)).saturating_add(1);
            layer.push(self.diagrams.renumber(truth, terminal)?);
        }
        while layer.len() > 1 {
            let mut merged = Vec::with_capacity(layer.len().div_ceil(2));
            for pair in layer.chunks(2) {
                merged.push(match pair {
                    [a, b] => self.diagrams.best(*a, *b)?,
                    [a] => *a,
                    _ => Ref::NONE,
                });
            }
            layer = merged;
        }
        Ok(layer.pop().unwrap_or(Ref::NONE))
    }

    /// Builds bit vectors over some alternatives, and returns them with the payload of each row.
    pub(crate) fn bits(&mut self, rules: &[(u32, usize)]) -> (u32, Vec<u32>) {
        let mut rows: Vec<Row> = Vec::new();
        let mut payloads = Vec::new();
        for (payload, condition) in rules {
            for row in self.rows(*condition) {
                rows.push(row);
                payloads.push(*payload);
            }
        }
        self.rows_max = self.rows_max.max(rows.len());
        (self.write_bits(&rows), payloads)
    }

    /// Turns a condition into rows, of which one must hold; a condition that needs too many becomes a program.
    fn rows(&mut self, condition: usize) -> Vec<Row> {
        let Some(cond) = self.conditions.get(condition) else { return Vec::new() };
        if let Some(rows) = disjoined(cond, false) {
            return rows;
        }
        let variable = match self.program_of.get(&condition) {
            Some(known) => *known,
            None => {
                let cond = self.in_blocks(cond);
                let program = self.diagrams.program(&cond);
                let variable = self.variable(More::Program(program));
                self.program_of.insert(condition, variable);
                variable
            }
        };
        vec![Row::from([(variable, Accept { others: false, exceptions: BTreeSet::from([1]) })])]
    }

    fn variable(&mut self, more: More) -> VariableId {
        let number = self.first_more.saturating_add(word(self.more.len()));
        self.more.push(more);
        number
    }

    /// Makes the variable that says whether any literal of a block occurs.
    fn block(&mut self, block: Block) -> VariableId {
        if let Some(known) = self.block_of.get(&block) {
            return *known;
        }
        let variable = self.variable(More::Found(block));
        self.block_of.insert(block, variable);
        variable
    }

    /// Writes what rows say by variable, and asks for the literals of many variables at once before each of them.
    fn write_bits(&mut self, rows: &[Row]) -> u32 {
        let scans = self.scans;
        let (alone, blocks) = blocks(columns_of(rows).into_iter(), |(variable, _)| scans.guard(*variable));
        let mut columns = Vec::new();
        for (variable, column) in &alone {
            columns.push([*variable, write_column(&mut self.tables, column), 0]);
        }
        for (block, members) in &blocks {
            let refused = refused(members.iter().map(|(_, column)| column));
            let entry = write_column(&mut self.tables, &refused);
            columns.push([self.block(*block), entry, word(members.len())]);
            for (variable, column) in members {
                columns.push([*variable, write_column(&mut self.tables, column), 0]);
            }
        }
        let mut bits = vec![word(rows.len()), word(columns.len())];
        bits.extend(columns.iter().flatten());
        self.tables.add(bits)
    }

    /// Writes the same condition so that many tests of literals stand behind one that asks whether any of these occurs.
    fn in_blocks(&mut self, cond: &Cond) -> Cond {
        match cond {
            Cond::Constant(_) | Cond::Test(_) => cond.clone(),
            Cond::Not(inner) => Cond::Not(Box::new(self.in_blocks(inner))),
            Cond::All(parts) => {
                let parts = parts.iter().map(|part| self.in_blocks(part)).collect();
                Cond::All(self.parts_in_blocks(parts, true))
            }
            Cond::Any(parts) => {
                let parts = parts.iter().map(|part| self.in_blocks(part)).collect();
                Cond::Any(self.parts_in_blocks(parts, false))
            }
        }
    }

    /// Joins the parts of an `or` that are true only where a literal occurs, and those of an `and` that are false only there.
    fn parts_in_blocks(&mut self, parts: Vec<Cond>, negated: bool) -> Vec<Cond> {
        let scans = self.scans;
        let literal = |part: &Cond| match (part, negated) {
            // INVARIANT: class 0 is in no test, so it is false where its literal doesn't occur.
            (Cond::Test((variable, _)), false) => scans.guard(*variable),
            (Cond::Not(inner), true) => match &**inner {
                Cond::Test((variable, _)) => scans.guard(*variable),
                Cond::Constant(_) | Cond::Not(_) | Cond::All(_) | Cond::Any(_) => None,
            },
            _ => None,
        };
        let (mut out, blocks) = blocks(parts.into_iter(), literal);
        for (block, members) in blocks {
            let occurs = Cond::Test((self.block(block), vec![1]));
            out.push(if negated {
                Cond::Any(vec![occurs.not(), Cond::All(members)])
            } else {
                Cond::All(vec![occurs, Cond::Any(members)])
            });
        }
        out
    }
}

/// Finds for each condition the first that is equal to it.
fn first_equal(conditions: &[Cond]) -> Vec<usize> {
    let mut known = HashMap::new();
    conditions.iter().enumerate().map(|(number, cond)| *known.entry(cond).or_insert(number)).collect()
}

/// Says how many edges the diagram of a part may take.
fn part_budget(alternatives: usize) -> u64 {
    let alternatives = u64::try_from(alternatives).unwrap_or(u64::MAX);
    alternatives.saturating_mul(ALTERNATIVE_EDGES_MAX).saturating_add(PART_EDGES_BASE).min(PART_EDGES_MAX)
}

/// A row: what it asks of each variable that it asks.
type Row = BTreeMap<VariableId, Accept>;

/// The classes of one variable that a row accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Accept {
    /// Whether classes that are no exceptions are accepted.
    others: bool,
    exceptions: BTreeSet<u32>,
}

impl Accept {
    fn accepts(&self, class: u32) -> bool {
        self.others != self.exceptions.contains(&class)
    }

    fn and(&self, other: &Self) -> Self {
        let others = self.others && other.others;
        let both = self.exceptions.union(&other.exceptions);
        let exceptions =
            both.filter(|c| (self.accepts(**c) && other.accepts(**c)) != others).copied().collect();
        Self { others, exceptions }
    }

    fn is_empty(&self) -> bool {
        !self.others && self.exceptions.is_empty()
    }
}

/// Writes a condition as rows, of which one must hold; `None` where that takes too many.
fn disjoined(cond: &Cond, negated: bool) -> Option<Vec<Row>> {
    match (cond, negated) {
        (Cond::Constant(b), _) => Some(if *b == negated { Vec::new() } else { vec![Row::new()] }),
        (Cond::Not(inner), _) => disjoined(inner, !negated),
        (Cond::Any(parts), false) | (Cond::All(parts), true) => {
            let mut rows = Vec::new();
            for part in parts {
                rows.extend(disjoined(part, negated)?);
                if rows.len() > RULE_ROWS_MAX {
                    return None;
                }
            }
            Some(rows)
        }
        (Cond::All(parts), false) | (Cond::Any(parts), true) => {
            parts.iter().try_fold(vec![Row::new()], |rows, part| product(rows, &disjoined(part, negated)?))
        }
        (Cond::Test((variable, classes)), _) => {
            let exceptions = classes.iter().copied().collect();
            Some(vec![Row::from([(*variable, Accept { others: negated, exceptions })])])
        }
    }
}

fn product(left: Vec<Row>, right: &[Row]) -> Option<Vec<Row>> {
    if left.len().saturating_mul(right.len()) > RULE_ROWS_MAX {
        return None;
    }
    let Some((last, others)) = right.split_last() else { return Some(Vec::new()) };
    // With the last, a row is joined where it stands: an `and` of very many tests copies none.
    let with_all = |row: Row| {
        let mut rows: Vec<Row> = others.iter().filter_map(|other| joined(row.clone(), other)).collect();
        rows.extend(joined(row, last));
        rows
    };
    Some(left.into_iter().flat_map(with_all).collect())
}

/// Joins a row with another; `None` where no class of some variable is left.
fn joined(mut row: Row, other: &Row) -> Option<Row> {
    for (variable, accept) in other {
        let both = row.get(variable).map_or_else(|| accept.clone(), |known| known.and(accept));
        if both.is_empty() {
            return None;
        }
        row.insert(*variable, both);
    }
    Some(row)
}

/// What the rows say of one variable: the rows that refuse its other classes, and what changes for named ones.
#[derive(Default)]
struct Column {
    refuse_others: BTreeMap<u32, u32>,
    /// By class and word: rows that accept it too, and rows that don't.
    changes: BTreeMap<u32, BTreeMap<u32, (u32, u32)>>,
}

/// Sorts what rows say by variable.
fn columns_of(rows: &[Row]) -> BTreeMap<VariableId, Column> {
    let mut columns: BTreeMap<VariableId, Column> = BTreeMap::new();
    for (number, row) in (0_u32..).zip(rows) {
        let (at, bit) = (number / 32, 1 << (number % 32));
        for (variable, accept) in row {
            let column = columns.entry(*variable).or_default();
            if !accept.others {
                *column.refuse_others.entry(at).or_insert(0) |= bit;
            }
            for class in &accept.exceptions {
                let (more, less) = column.changes.entry(*class).or_default().entry(at).or_insert((0, 0));
                if accept.others { *less |= bit } else { *more |= bit }
            }
        }
    }
    columns
}

/// Joins what columns refuse where none of their literals occurs; where one does, each is asked.
fn refused<'c>(columns: impl Iterator<Item = &'c Column>) -> Column {
    let mut joined = Column::default();
    let accepting = joined.changes.entry(1).or_default();
    for (at, refused) in columns.flat_map(|column| &column.refuse_others) {
        *joined.refuse_others.entry(*at).or_insert(0) |= refused;
        accepting.entry(*at).or_insert((0, 0)).0 |= refused;
    }
    joined
}

fn write_column(tables: &mut Tables, column: &Column) -> u32 {
    let mut entry = vec![word(column.refuse_others.len())];
    column.refuse_others.iter().for_each(|(at, refused)| entry.extend([*at, !refused]));
    entry.push(word(column.changes.len()));
    for (class, words) in &column.changes {
        let mut changes = vec![word(words.len())];
        words.iter().for_each(|(at, (more, less))| changes.extend([*at, *more, *less]));
        entry.extend([*class, tables.add(changes)]);
    }
    tables.add(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Once each rule took edges for itself: 300 hosts of every form, which share most of their conditions, took half a minute.
    #[test]
    fn of_rules_with_one_condition_the_least_rank_decides() {
        let test = |class| Cond::Test((0, vec![class]));
        let conditions = [test(1), test(2), test(1), test(1), test(2)];
        let scans = Scans::default();
        let mut parts = Parts::new(&conditions, 1, &scans);
        let built = parts.verdict(&[(7, 0), (3, 1), (5, 2), (6, 3), (4, 4)]);
        let Verdict::Diagram(root, ranks) = built else { panic!("{built:?}") };
        assert_eq!(ranks, [3, 5]);
        let node = parts.diagrams.node(root).unwrap();
        assert_eq!(node.default, Ref::NONE);
        assert_eq!(*node.exceptions, [(1, Ref::terminal(2)), (2, Ref::terminal(1))]);
    }

    /// Both of two sets of classes, each named by what it takes or by what it doesn't.
    #[test]
    fn two_rows_in_one_accept_what_both_accept() {
        let sets = || [&[][..], &[1], &[2], &[1, 2], &[1, 2, 3]].into_iter();
        let accepts = sets().flat_map(|set| {
            [false, true].map(|others| Accept { others, exceptions: set.iter().copied().collect() })
        });
        let accepts: Vec<Accept> = accepts.collect();
        for (a, b) in accepts.iter().flat_map(|a| accepts.iter().map(move |b| (a, b))) {
            let both = a.and(b);
            let classes: Vec<bool> = (0..5).map(|class| both.accepts(class)).collect();
            let expected: Vec<bool> = (0..5).map(|class| a.accepts(class) && b.accepts(class)).collect();
            assert_eq!(classes, expected, "{a:?} {b:?}");
            assert_eq!(both.is_empty(), !expected.contains(&true), "{a:?} {b:?}");
        }
        let accepted = |others| Accept { others, exceptions: [1].into() };
        assert_eq!([0, 1].map(|class| accepted(false).accepts(class)), [false, true]);
        assert_eq!([0, 1].map(|class| accepted(true).accepts(class)), [true, false]);
    }

    /// What combines diagrams recurses once a variable, and must fit a small stack.
    #[test]
    fn a_diagram_has_no_more_variables_than_its_limit() {
        let verdict = |count: usize| {
            let test = |variable| Cond::Test((variable, vec![1]));
            // The last variable first, so that each other takes one node more.
            let tests = (0..word(count)).rev().map(test).collect();
            let conditions = [Cond::Not(Box::new(Cond::All(vec![Cond::Any(tests)])))];
            let scans = Scans::default();
            Parts::new(&conditions, count, &scans).verdict(&[(0, 0)])
        };
        assert!(matches!(verdict(PART_VARIABLES_MAX), Verdict::Diagram(..)));
        assert!(matches!(verdict(PART_VARIABLES_MAX + 1), Verdict::Rows(..)));
    }
}
