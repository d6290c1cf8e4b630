//! The greatest number of steps that one decision can take, found in the tables themselves, whatever their maker says of them.
//!
//! A step reads a few words. What a decision costs beyond that grows with the request alone, whose size has limits: texts that are
//! compared, members of a set that are asked one by one.
//!
//! What a decision can reach is followed once, as a decision follows it. Tables that overlap, or that are named again and again,
//! would make that long, so what is read on the way is bounded too.

use std::collections::BTreeMap;

use super::LoadError;
use super::check::Paths;
use crate::bits::Bits;
use crate::limits::{DECISION_STEPS_BASE, DECISION_STEPS_PER_WORD, ROUTE_AFFIXES_MAX, SEGMENTS_MAX};
use crate::plan::{Plan, SPARSE, State, StringTable, VariableKind, from, word};

/// The path of a request, and the path with `%2F` read as a separator.
const READINGS: u64 = 2;
/// Labels of a host, each of which may begin a suffix that is looked up.
const LABELS_MAX: u64 = 127;

/// Refuses a plan of which one decision could take more steps than its size explains, or whose verdicts are no diagrams.
pub(super) fn check(plan: &Plan, paths: &Paths) -> Result<(), LoadError> {
    let words = [plan.nodes.len(), plan.tables.len(), plan.states.len(), plan.variables.len()];
    let words: u64 = words.into_iter().map(length).sum();
    let allowed = words.saturating_mul(DECISION_STEPS_PER_WORD).saturating_add(DECISION_STEPS_BASE);
    let mut bound = Bound::new(plan, paths, allowed);
    if bound.decision().is_none_or(|steps| steps > allowed) {
        return Err(LoadError::Malformed("one decision could take more steps than its size explains"));
    }
    // From there on, words mean something else than what was checked, and their steps weren't counted.
    if bound.leads_astray { Err(LoadError::Malformed("a verdict leads to no diagram")) } else { Ok(()) }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Follows what a decision can reach. A function answers `None` where the words that may be read are used up, or a table is none.
struct Bound<'p> {
    plan: &'p Plan,
    paths: &'p Paths,
    /// Whether a verdict was met that leads to no node.
    leads_astray: bool,
    /// Words that may still be read.
    left: u64,
    hosts: Memo,
    bits: Memo,
    entries: Memo,
    /// Probes of tables of strings that variables name.
    probes: Memo,
    /// Starts of rules.
    starts: Memo,
    /// States that a walk has met.
    states: Met,
    /// Ends of paths that a walk has met.
    ends: Met,
}

/// Remembers the steps of a table by its offset: of those that many name and that take long to read, which are few.
type Memo = BTreeMap<u32, u64>;

/// What one walk has met, each once.
struct Met {
    /// Nearly all are met, and so few bytes stay in a cache.
    known: Bits,
    /// In the order in which they were met.
    offsets: Vec<u32>,
}

impl Met {
    fn new(words: usize) -> Self {
        Self { known: Bits::below(words), offsets: Vec::new() }
    }

    /// Meets an offset; says whether it is the first time. One past the end is always met as if for the first time: whoever follows it
    /// finds nothing there.
    fn meet(&mut self, at: u32) -> bool {
        // Offset 0 is "none".
        let is_first = at != 0 && self.known.insert(at);
        if is_first {
            self.offsets.push(at);
        }
        is_first
    }

    /// Forgets all, in as many steps as were taken to meet them.
    fn forget(&mut self) {
        self.offsets.drain(..).for_each(|at| self.known.clear_around(at));
    }
}

impl<'p> Bound<'p> {
    fn new(plan: &'p Plan, paths: &'p Paths, left: u64) -> Self {
        Self {
            plan,
            paths,
            leads_astray: false,
            left,
            hosts: Memo::new(),
            bits: Memo::new(),
            entries: Memo::new(),
            probes: Memo::new(),
            starts: Memo::new(),
            states: Met::new(plan.states.len()),
            ends: Met::new(plan.tables.len()),
        }
    }

    /// Bounds a decision.
    fn decision(&mut self) -> Option<u64> {
        let entry = &self.plan.entry;
        let mut dearest = self.host(entry.other_host)?;
        let mut lookups = self.probes(entry.methods)?;
        for at in [entry.exact_hosts, entry.one_label_hosts, entry.hosts_below] {
            let (table, _) = StringTable::read(from(&self.plan.tables, at))?;
            lookups = lookups.saturating_add(self.probes_of(table)?.saturating_mul(LABELS_MAX));
            for host in taken(table) {
                dearest = dearest.max(self.host(*host)?);
            }
        }
        let everywhere = self.class(entry.everywhere)?;
        let variables = self.variables()?;
        let reading = dearest.saturating_add(everywhere).saturating_add(variables);
        Some(lookups.saturating_add(reading.saturating_mul(READINGS)))
    }

    /// Counts words that are read.
    fn read(&mut self, words: u64) -> Option<()> {
        self.left = self.left.checked_sub(words)?;
        Some(())
    }

    /// Bounds what classifying all variables takes: none is classified twice in one reading.
    fn variables(&mut self) -> Option<u64> {
        let mut steps = 0_u64;
        for variable in &self.plan.variables {
            let [root, table, last] = variable.arguments;
            steps = steps.saturating_add(match variable.kind {
                VariableKind::Program => self.path(root),
                VariableKind::Strings | VariableKind::AnyOf | VariableKind::AllOf => self.probes(table)?,
                // Each literal is forgotten, and marked once.
                VariableKind::Scan => self.literals(table)?.saturating_mul(2).saturating_add(1),
                VariableKind::Found => u64::from(last.min(self.plan.entry.literals)).saturating_add(1),
                VariableKind::Issuer
                | VariableKind::Role
                | VariableKind::Scope
                | VariableKind::Present
                | VariableKind::Truth
                | VariableKind::Ints
                | VariableKind::Nets
                | VariableKind::Member
                | VariableKind::Patterns
                | VariableKind::Pair
                | VariableKind::Holds => 1,
            });
        }
        Some(steps)
    }

    /// Bounds all that stands in the table of a host.
    fn host(&mut self, at: u32) -> Option<u64> {
        if at == 0 {
            return Some(0);
        }
        if let Some(known) = self.hosts.get(&at) {
            return Some(*known);
        }
        let tables = &self.plan.tables;
        let (rules, behind) = list(tables, at.saturating_add(1))?;
        let (services, behind) = list(tables, behind)?;
        let (flat, _) = list(tables, behind)?;
        self.read(length(rules.len() + services.len() + flat.len()))?;
        let mut steps = 1_u64;
        for start in rules {
            steps = steps.saturating_add(self.start(*start)?);
        }
        for start in services {
            steps = steps.saturating_add(self.walk(*start, |_, _| Some(0))?);
        }
        for class in flat {
            steps = steps.saturating_add(self.class(*class)?);
        }
        self.hosts.insert(at, steps);
        Some(steps)
    }

    /// Bounds a walk along the path, and the dearest class at an end of it.
    fn start(&mut self, at: u32) -> Option<u64> {
        if let Some(known) = self.starts.get(&at) {
            return Some(*known);
        }
        let steps = self.walk(at, Self::accept)?;
        self.starts.insert(at, steps);
        Some(steps)
    }

    /// Follows all states from one, and bounds the walk: its dearest state for every segment, and the dearest end.
    fn walk(&mut self, start: u32, end: fn(&mut Self, u32) -> Option<u64>) -> Option<u64> {
        let (mut dearest, mut dearest_end) = (0_u64, 0_u64);
        let mut waiting = Vec::new();
        if self.states.meet(start) {
            waiting.push(start);
        }
        while let Some(at) = waiting.pop() {
            let state = State::read(from(&self.plan.states, at))?;
            dearest = dearest.max(self.steps_of(&state)?);
            for target in taken(state.strings).chain(state.others) {
                if self.states.meet(*target) {
                    waiting.push(*target);
                }
            }
            for accept in state.ends {
                if self.ends.meet(accept) {
                    dearest_end = dearest_end.max(end(self, accept)?);
                }
            }
        }
        self.states.forget();
        self.ends.forget();
        let segments = length(SEGMENTS_MAX) + 1;
        Some(segments.saturating_mul(dearest.saturating_add(1)).saturating_add(dearest_end))
    }

    /// Bounds what one segment takes in a state.
    fn steps_of(&mut self, state: &State<'_>) -> Option<u64> {
        if state.affixes.len() > ROUTE_AFFIXES_MAX {
            return None;
        }
        self.read(length(state.others.len()) + 2)?;
        Some(self.probes_of(state.strings)?.saturating_add(length(state.affixes.len())))
    }

    /// Bounds the dearest class of those at one end of a path, by method.
    fn accept(&mut self, at: u32) -> Option<u64> {
        if at == 0 {
            return Some(0);
        }
        let tables = &self.plan.tables;
        let count = word(tables, at);
        let (start, length, step) = if count & SPARSE == 0 {
            (at.checked_add(1)?, count, 1)
        } else {
            // The class of other methods, then pairs of a group and its class.
            (at.checked_add(1)?, (count & !SPARSE).checked_mul(2)?.checked_add(1)?, 2)
        };
        let classes = tables.get(range(start, length)?)?;
        self.read(u64::from(length))?;
        let (mut dearest, mut last) = (0, 0);
        for class in classes.iter().step_by(step).copied() {
            // Most methods have the class of the one before.
            if class != last {
                (dearest, last) = (dearest.max(self.class(class)?), class);
            }
        }
        Some(dearest)
    }

    /// Bounds a class: its verdict, and what else matches.
    fn class(&mut self, at: u32) -> Option<u64> {
        if at == 0 {
            return Some(0);
        }
        let tables = &self.plan.tables;
        self.read(2)?;
        let (verdict, matching) = (word(tables, at), word(tables, at.checked_add(1)?));
        let verdict = match (verdict, word(tables, verdict)) {
            (0, _) => 0,
            (_, 1) => self.path(word(tables, verdict.checked_add(1)?)),
            _ => self.bits(word(tables, verdict.checked_add(1)?))?,
        };
        let matching = if matching == 0 { 0 } else { self.bits(word(tables, matching))? };
        Some(verdict.saturating_add(matching).saturating_add(1))
    }

    /// Bounds bit vectors: their words once, and once more for each row; each variable, and what its class changes.
    fn bits(&mut self, at: u32) -> Option<u64> {
        if let Some(known) = self.bits.get(&at) {
            return Some(*known);
        }
        let tables = &self.plan.tables;
        let (rows, columns) = (word(tables, at), word(tables, at.checked_add(1)?));
        let columns = tables.get(range(at.checked_add(2)?, columns.checked_mul(3)?)?)?;
        self.read(length(columns.len()))?;
        let mut steps = u64::from(rows);
        for [_, entry, _] in columns.as_chunks::<3>().0 {
            steps = steps.saturating_add(self.entry(*entry)?);
        }
        self.bits.insert(at, steps);
        Some(steps)
    }

    /// Bounds what one variable changes in bit vectors.
    fn entry(&mut self, at: u32) -> Option<u64> {
        if let Some(known) = self.entries.get(&at) {
            return Some(*known);
        }
        let tables = &self.plan.tables;
        let (defaults, behind) = pairs(tables, at)?;
        let (classes, _) = pairs(tables, behind)?;
        self.read(length(defaults.len() + classes.len()))?;
        let changes =
            classes.iter().map(|[_, changes]| if *changes == 0 { 0 } else { word(tables, *changes) });
        let steps = u64::from(changes.max().unwrap_or(0)) + length(defaults.len()) + search(classes.len());
        self.entries.insert(at, steps);
        Some(steps)
    }

    /// The longest path from where a root leads.
    fn path(&mut self, root: u32) -> u64 {
        let path = self.paths.from(root);
        self.leads_astray |= path.is_none();
        path.map_or(0, |path| path.steps.into())
    }

    /// Bounds a lookup in a table of strings, which many variables may name.
    fn probes(&mut self, at: u32) -> Option<u64> {
        if let Some(known) = self.probes.get(&at) {
            return Some(*known);
        }
        let (table, _) = StringTable::read(from(&self.plan.tables, at))?;
        let probes = self.probes_of(table)?;
        self.probes.insert(at, probes);
        Some(probes)
    }

    /// Counts the literals that a scan can find.
    fn literals(&mut self, at: u32) -> Option<u64> {
        let tables = &self.plan.tables;
        let rows = word(tables, at).checked_add(1)?.checked_mul(word(tables, at.checked_add(1)?))?;
        let (suffixes, _) = list(tables, at.checked_add(66)?.checked_add(rows)?)?;
        self.read(3)?;
        Some(length(suffixes.len()).min(u64::from(self.plan.entry.literals)))
    }

    /// Finds how many slots of a table of strings one lookup can look at.
    fn probes_of(&mut self, table: StringTable<'_>) -> Option<u64> {
        let slots = table.slots;
        self.read(length(slots.len()).saturating_mul(2))?;
        let (mut longest, mut run) = (0_u64, 0_u64);
        // The slots once, and once more where a run goes on behind the last.
        for [string, _] in slots.iter().chain(slots) {
            run = if *string == 0 { 0 } else { run + 1 };
            longest = longest.max(run);
        }
        Some(longest.min(length(slots.len())) + 1)
    }
}

/// Lists what the strings of a table stand for.
fn taken<'p>(table: StringTable<'p>) -> impl Iterator<Item = &'p u32> {
    table.slots.iter().filter(|[string, _]| *string != 0).map(|[_, value]| value)
}

fn range(start: u32, count: u32) -> Option<std::ops::Range<usize>> {
    Some(usize::try_from(start).ok()?..usize::try_from(start.checked_add(count)?).ok()?)
}

/// Reads a list, which begins with its length, and the offset behind it.
fn list(words: &[u32], at: u32) -> Option<(&[u32], u32)> {
    let (start, count) = (at.checked_add(1)?, word(words, at));
    Some((words.get(range(start, count)?)?, start.checked_add(count)?))
}

/// Reads a list of pairs, and the offset behind it.
fn pairs(words: &[u32], at: u32) -> Option<(&[[u32; 2]], u32)> {
    let (start, count) = (at.checked_add(1)?, word(words, at).checked_mul(2)?);
    Some((words.get(range(start, count)?)?.as_chunks::<2>().0, start.checked_add(count)?))
}

/// Steps of a binary search.
fn search(entries: usize) -> u64 {
    u64::from(usize::BITS - entries.leading_zeros()) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::load_unsigned;
    use crate::plan::VariableWords;
    use crate::source::Sources;

    const LEAF: u32 = 1 << 31;
    const COSTLY: Result<(), LoadError> =
        Err(LoadError::Malformed("one decision could take more steps than its size explains"));

    fn number(count: usize) -> u32 {
        u32::try_from(count).unwrap()
    }

    /// Loads a plan that was changed after it was compiled, as somebody would who wants gates to be slow.
    fn load(change: impl FnOnce(&mut Plan)) -> Result<(), LoadError> {
        let text =
            "allow health { on GET /healthz for anyone }\naudit visits { level brief keep request.host }";
        let mut plan = crate::compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
        change(&mut plan);
        load_unsigned(&plan.to_bytes()).map(drop)
    }

    /// Adds a table, and answers where it stands.
    fn add(plan: &mut Plan, table: &[u32]) -> u32 {
        let at = number(plan.tables.len());
        plan.tables.extend(table);
        at
    }

    /// Makes every request ask a class again and again.
    fn ask(plan: &mut Plan, class: u32, times: usize) {
        let host = [&[0, 0, 0, number(times)], &vec![class; times][..]].concat();
        plan.entry.other_host = add(plan, &host);
    }

    /// Each scan forgets all literals, and each block looks at all that it names: a few words could ask for all again and again.
    #[test]
    fn literals_looked_for_again_and_again_are_refused() {
        let scans = |kind: VariableKind, count| {
            load(|plan| {
                let scan = add(plan, &[&[1, 0][..], &[0; 64], &[60_000], &[0; 60_000]].concat());
                plan.entry.literals = 60_000;
                let scan = VariableWords { kind: VariableKind::Scan, arguments: [1, scan, 0] };
                let found = VariableWords { kind: VariableKind::Found, arguments: [0, 0, u32::MAX] };
                let again = if kind == VariableKind::Scan { scan } else { found };
                plan.variables = vec![again; count];
                plan.variables.insert(0, scan);
            })
        };
        assert_eq!(scans(VariableKind::Scan, 5), Ok(()));
        assert_eq!(scans(VariableKind::Scan, 100), COSTLY);
        assert_eq!(scans(VariableKind::Found, 5), Ok(()));
        assert_eq!(scans(VariableKind::Found, 200), COSTLY);
    }

    #[test]
    fn what_was_compiled_loads() {
        assert_eq!(load(|_| ()), Ok(()));
    }

    /// Once a class could be named as often as there are words, each time with all its rows.
    #[test]
    fn classes_named_again_and_again_are_refused() {
        let rows = |times| {
            load(|plan| {
                let bits = add(plan, &[2_000, 0]);
                let matching = add(plan, &[&[bits, 2_000][..], &[0; 2_000]].concat());
                let class = add(plan, &[0, matching]);
                plan.entry.rows_max = 2_000;
                ask(plan, class, times);
            })
        };
        assert_eq!(rows(100), Ok(()));
        assert_eq!(rows(2_000), COSTLY);
    }

    #[test]
    fn a_long_diagram_that_many_classes_share_is_refused() {
        let shared = |times| {
            load(|plan| {
                plan.variables = vec![VariableWords { kind: VariableKind::Truth, arguments: [1, 0, 0] }];
                let first = number(plan.nodes.len());
                let last = first + 3 * 1_999;
                for at in (first..last).step_by(3) {
                    plan.nodes.extend([0, at + 3, 0]);
                }
                plan.nodes.extend([0, LEAF, 0]);
                let verdict = add(plan, &[1, first, 0]);
                let class = add(plan, &[verdict, 0]);
                ask(plan, class, times);
            })
        };
        assert_eq!(shared(100), Ok(()));
        assert_eq!(shared(3_000), COSTLY);
    }

    /// Once only the roots of those classes were looked at that the notes list, and the steps of a walk that begins inside of a node
    /// were not counted.
    #[test]
    fn a_verdict_that_leads_into_a_node_is_refused() {
        let root = |at| {
            load(|plan| {
                plan.variables = vec![VariableWords { kind: VariableKind::Truth, arguments: [1, 0, 0] }; 2];
                plan.nodes = vec![0, 0, LEAF, 1, 3, LEAF];
                let verdict = add(plan, &[1, at]);
                let class = add(plan, &[verdict, 0]);
                ask(plan, class, 1);
            })
        };
        assert_eq!(root(1), Ok(()));
        assert_eq!(root(3), Err(LoadError::Malformed("a verdict leads to no diagram")));
    }

    #[test]
    fn walks_along_the_path_without_end_are_refused() {
        let walks = |times| {
            load(|plan| {
                // A state that leads to itself: no strings, no affixes, one other target, no ends.
                let state = number(plan.states.len());
                plan.states.extend([0, 0, state, 0, 0]);
                let host = [&[0, number(times)], &vec![state; times][..], &[0, 0]].concat();
                plan.entry.other_host = add(plan, &host);
            })
        };
        assert_eq!(walks(1_000), Ok(()));
        assert_eq!(walks(20_000), COSTLY);
    }

    #[test]
    fn full_tables_of_strings_are_counted_slot_by_slot() {
        let full = |starts: usize| {
            load(|plan| {
                let state = number(plan.states.len());
                let slots = [1, state].repeat(1 << 10);
                plan.states.extend([&[1, 1023][..], &slots, &[0, state, 0, 0]].concat());
                let host = [&[0, number(starts)], &vec![state; starts][..], &[0, 0]].concat();
                plan.entry.other_host = add(plan, &host);
            })
        };
        assert_eq!(full(3), Ok(()));
        assert_eq!(full(30), COSTLY);
    }

    /// Tables that overlap have more words to read than there are: what is read is counted, whatever it costs to decide.
    #[test]
    fn what_is_read_on_the_way_is_bounded() {
        let text = "allow health { on GET /healthz for anyone }";
        let plan = crate::compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
        let read = |words| Bound::new(&plan, &Paths::with(&[]), words).decision();
        assert!(read(1_000).is_some());
        assert_eq!(read(10), None);
    }

    /// The paths from the nodes of the plans below, by offset.
    fn paths() -> Paths {
        Paths::with(&[0, 5, 9])
    }

    /// Walks ask a state for each segment, and once behind the last.
    const WALK: u64 = 129;

    /// A plan that has these tables, from the offset 1 on, and these states.
    fn plan_of(tables: &[u32], states: &[u32]) -> Plan {
        let text = "allow health { on GET /healthz for anyone }";
        let mut plan = crate::compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
        (plan.entry, plan.variables) = (crate::plan::Entry::default(), Vec::new());
        (plan.tables, plan.states) = ([&[0], tables].concat(), [&[0], states].concat());
        plan
    }

    /// What something in a plan is bounded by, and the words that are read to find that.
    #[track_caller]
    fn bounded(plan: &Plan, expected: (u64, u64), of: impl FnOnce(&mut Bound<'_>) -> Option<u64>) {
        let paths = paths();
        let mut bound = Bound::new(plan, &paths, 10_000);
        let steps = of(&mut bound);
        assert_eq!(steps.map(|steps| (steps, 10_000 - bound.left)), Some(expected));
    }

    #[test]
    fn a_lookup_is_bounded_by_the_longest_run_of_slots() {
        let probes = |table: &[u32], expected| bounded(&plan_of(table, &[]), expected, |b| b.probes(1));
        probes(&[0], (1, 0));
        probes(&[1, 1, 0, 0, 0, 0], (1, 4));
        probes(&[1, 1, 7, 1, 0, 0], (2, 4));
        // The run goes on behind the last slot.
        probes(&[3, 3, 7, 1, 8, 1, 0, 0, 9, 1], (4, 8));
        // All are taken.
        probes(&[2, 1, 7, 1, 8, 1], (3, 4));
    }

    #[test]
    fn an_entry_is_bounded_by_its_defaults_a_search_and_the_most_changes() {
        let entry = |table: &[u32], expected| bounded(&plan_of(table, &[]), expected, |b| b.entry(1));
        entry(&[0, 0], (1, 0));
        entry(&[2, 0, 255, 1, 255, 0], (3, 2));
        entry(&[0, 1, 1, 0], (2, 1));
        entry(&[1, 0, 255, 2, 1, 0, 2, 9, 7], (11, 3));
        entry(&[0, 3, 1, 9, 2, 9, 3, 9, 7], (10, 3));
        entry(&[0, 4, 1, 11, 2, 11, 3, 11, 4, 11, 7], (11, 4));
    }

    /// Forty rows; a variable that changes nothing, and one that changes seven words.
    const BITS: [u32; 18] = [40, 2, 0, 9, 0, 1, 11, 0, 0, 0, 1, 0, 255, 2, 1, 0, 2, 0];

    #[test]
    fn bits_are_bounded_by_their_rows_and_the_entry_of_each_variable() {
        let bits = |table: &[u32], expected| bounded(&plan_of(table, &[]), expected, |b| b.bits(1));
        bits(&[40, 0], (40, 0));
        bits(&BITS, (40 + 1 + 4, 6 + 3));
    }

    #[test]
    fn a_class_is_bounded_by_its_verdict_and_what_else_matches() {
        // The bits of a class that has none would be those at 1, as large as they come.
        let class = |table: &[u32], expected| {
            bounded(&plan_of(&[&[4, 0, 900, 0][..], table].concat(), &[]), expected, |b| b.class(5));
        };
        class(&[0, 0], (1, 2));
        class(&[7, 0, 1, 1], (1 + 5, 2));
        class(&[7, 0, 1, LEAF], (1, 2));
        class(&[7, 0, 2, 9, 30, 0], (1 + 30, 2));
        class(&[0, 7, 8, 30, 0], (1 + 30, 2));
        class(&[7, 9, 1, 2, 10, 30, 0], (1 + 9 + 30, 2));
        bounded(&plan_of(&[], &[]), (0, 0), |b| b.class(0));
    }

    /// A class of one step, and one of 31.
    const CHEAP_AND_DEAR: [u32; 7] = [0, 0, 0, 12, 13, 30, 0];

    #[test]
    fn an_end_is_bounded_by_its_dearest_class() {
        let accept = |table: [u32; 7], expected| {
            let tables = [&table[..], &CHEAP_AND_DEAR].concat();
            bounded(&plan_of(&tables, &[]), expected, |b| b.accept(1));
        };
        accept([0; 7], (0, 0));
        accept([3, 0, 8, 10, 0, 0, 0], (31, 3 + 2 + 2));
        accept([2, 0, 8, 10, 0, 0, 0], (1, 2 + 2));
        // The class of other methods, then pairs, whose first words are groups.
        accept([SPARSE, 8, 10, 10, 0, 0, 0], (1, 1 + 2));
        accept([SPARSE | 2, 0, 10, 8, 10, 8, 0], (1, 5 + 2));
        accept([SPARSE | 2, 0, 8, 0, 8, 10, 0], (31, 5 + 2));
        accept([SPARSE | 1, 10, 8, 0, 0, 0, 0], (31, 3 + 2));
        bounded(&plan_of(&[], &[]), (0, 0), |b| b.accept(0));
    }

    #[test]
    fn a_walk_is_bounded_by_the_dearest_state_for_every_segment_and_the_dearest_end() {
        // At 1 an end that is cheap, at 3 one that is dear.
        let tables = [&[1, 8, 1, 10, 0, 0, 0][..], &CHEAP_AND_DEAR].concat();
        let walk = |states: &[u32], expected| {
            bounded(&plan_of(&tables, states), expected, |b| b.start(1));
        };
        walk(&[0, 0, 0, 0, 0], (WALK * 2, 3));
        walk(&[0, 0, 1, 0, 0], (WALK * 2, 3));
        walk(&[0, 0, 0, 1, 0], (WALK * 2 + 1, 3 + 3));
        walk(&[0, 0, 0, 1, 3], (WALK * 2 + 31, 3 + 3 + 3));
        // One segment such as `*.json`: two targets.
        walk(&[0, 1, 7, 8, 0, 0, 0, 0], (WALK * 3, 4));
        // A state of one string behind the first, which has an affix: two words of text are looked at.
        let second = [1, 0, 9, 1, 1, 7, 8, 0, 0, 0, 0];
        walk(&[&[0, 0, 6, 0, 0][..], &second].concat(), (WALK * 4, 3 + 2 + 4));
        bounded(&plan_of(&tables, &[]), (WALK, 0), |b| b.start(0));
    }

    #[test]
    fn places_have_a_number_of_affixes_that_is_bounded() {
        let affixes = |count: usize| {
            let state = [&[0, number(count)][..], &vec![0; 2 * count + (1 << count) + 2]].concat();
            let plan = plan_of(&[], &state);
            Bound::new(&plan, &paths(), 10_000).start(1)
        };
        let most = u64::try_from(ROUTE_AFFIXES_MAX).unwrap();
        assert_eq!(affixes(ROUTE_AFFIXES_MAX), Some(WALK * (1 + most + 1)));
        assert_eq!(affixes(ROUTE_AFFIXES_MAX + 1), None);
    }

    #[test]
    fn a_host_is_bounded_by_all_that_stands_there() {
        let state = [0, 0, 0, 0, 0];
        let host = |table: &[u32], expected| bounded(&plan_of(table, &state), expected, |b| b.host(1));
        host(&[77, 0, 0, 0], (1, 0));
        host(&[77, 1, 1, 0, 0], (1 + WALK * 2, 1 + 3));
        host(&[77, 0, 1, 1, 0], (1 + WALK * 2, 1 + 3));
        host(&[77, 0, 0, 2, 7, 0, 0, 0], (1 + 1, 2 + 2));
        host(&[77, 2, 1, 1, 1, 1, 1, 10, 0, 0, 0], (1 + WALK * 6 + 1, 4 + 3 + 3 + 2));
        bounded(&plan_of(&[], &state), (0, 0), |b| b.host(0));
    }

    /// Tables that many name cost a load one look, and a decision as many as there are.
    #[test]
    fn what_is_named_twice_is_read_once() {
        let twice = |tables: &[u32], expected, of: fn(&mut Bound<'_>) -> Option<u64>| {
            let plan = plan_of(tables, &[0, 0, 0, 0, 0]);
            bounded(&plan, expected, |b| Some(of(b)? + of(b)?));
        };
        twice(&[1, 1, 7, 1, 0, 0], (4, 4), |b| b.probes(1));
        twice(&[1, 0, 255, 2, 1, 0, 2, 9, 7], (22, 3), |b| b.entry(1));
        twice(&BITS, (90, 9), |b| b.bits(1));
        twice(&[77, 1, 1, 0, 0], (2 + WALK * 4, 4), |b| b.host(1));
        twice(&[], (WALK * 4, 3), |b| b.start(1));
    }

    #[test]
    fn variables_are_bounded_by_their_kinds() {
        // At 1 a table of strings; at 7 a scan of two columns, three rows and two literals.
        let scan = [&[2, 3][..], &[0; 64], &[0; 9], &[2, 0, 0]].concat();
        let tables = [&[1, 1, 7, 1, 0, 0][..], &scan].concat();
        let kinds = |literals, kinds: &[(VariableKind, [u32; 3])], expected| {
            let mut plan = plan_of(&tables, &[]);
            plan.entry.literals = literals;
            plan.variables = kinds
                .iter()
                .map(|(kind, arguments)| VariableWords { kind: *kind, arguments: *arguments })
                .collect();
            bounded(&plan, expected, |b| b.variables());
        };
        kinds(0, &[(VariableKind::Truth, [0, 1, 0]), (VariableKind::Pair, [0, 0, 1])], (2, 0));
        kinds(0, &[(VariableKind::Program, [2, 0, 0])], (9, 0));
        kinds(0, &[(VariableKind::Program, [LEAF, 0, 0])], (0, 0));
        for kind in [VariableKind::Strings, VariableKind::AnyOf, VariableKind::AllOf] {
            kinds(0, &[(kind, [0, 1, 0])], (2, 4));
        }
        kinds(9, &[(VariableKind::Scan, [0, 7, 0])], (2 * 2 + 1, 3));
        kinds(1, &[(VariableKind::Scan, [0, 7, 0])], (2 + 1, 3));
        kinds(9, &[(VariableKind::Found, [0, 0, 4])], (4 + 1, 0));
        kinds(3, &[(VariableKind::Found, [0, 0, 4])], (3 + 1, 0));
    }

    /// A decision looks the method up, each label of a host in three tables, and walks both readings of the path.
    #[test]
    fn a_decision_is_bounded_by_its_lookups_and_both_readings() {
        // At 1 a table of strings that leads to a host of a dear class, at 7 that host, at 13 one without anything; at 17 a class.
        let tables = [1, 1, 7, 7, 0, 0, 77, 0, 0, 1, 21, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0, 23, 24, 30, 0];
        let decision = |change: fn(&mut crate::plan::Entry), expected| {
            let mut plan = plan_of(&tables, &[]);
            change(&mut plan.entry);
            plan.variables = vec![VariableWords { kind: VariableKind::Truth, arguments: [0, 0, 0] }];
            bounded(&plan, expected, |b| b.decision());
        };
        let lookups = 1 + 3 * LABELS_MAX;
        decision(|_| (), (lookups + 2, 0));
        decision(|e| e.methods = 1, (lookups + 1 + 2, 4));
        decision(|e| e.other_host = 13, (lookups + 2 * (1 + 1), 0));
        let dear = 1 + 31;
        decision(|e| e.exact_hosts = 1, (lookups + LABELS_MAX + 2 * (dear + 1), 4 + 1 + 2));
        decision(|e| e.one_label_hosts = 1, (lookups + LABELS_MAX + 2 * (dear + 1), 4 + 1 + 2));
        decision(|e| e.hosts_below = 1, (lookups + LABELS_MAX + 2 * (dear + 1), 4 + 1 + 2));
        decision(
            |e| (e.other_host, e.hosts_below) = (13, 1),
            (lookups + LABELS_MAX + 2 * (dear + 1), 4 + 1 + 2),
        );
        decision(|e| e.everywhere = 17, (lookups + 2 * (1 + 1), 2));
    }

    #[test]
    fn a_decision_may_take_just_as_many_steps_as_are_allowed() {
        let checked = |rows| {
            let mut plan = plan_of(&[0, 3, 4, rows, 0], &[]);
            plan.entry.everywhere = 1;
            check(&plan, &paths())
        };
        let plan = plan_of(&[0, 3, 4, 0, 0], &[]);
        let words = length(plan.nodes.len() + plan.tables.len() + plan.states.len());
        let allowed = DECISION_STEPS_BASE + DECISION_STEPS_PER_WORD * words;
        let rows = number(usize::try_from((allowed - 1 - 3 * LABELS_MAX) / 2 - 1).unwrap());
        assert_eq!(checked(rows), Ok(()));
        assert_eq!(checked(rows + 1), COSTLY);
    }
}
