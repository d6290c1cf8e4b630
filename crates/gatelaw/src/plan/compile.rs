//! Compiles a checked policy into a plan.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::hosts::{HostTables, host_tables};
use super::methods::{ByMethod, MethodGroups};
use super::nodes::lay_out;
use super::parts::{More, Parts, Verdict};
use super::routes::{ItemId, Routes, State, TooMany};
use super::scans::Scans;
use super::stats::{Cost, Dearest, Stats, class_cost};
use super::tables::{StringPool, Tables, string_table, string_table_words, word};
use super::{
    Action, Entry, Instance, Plan, PlanKind, PlanRule, RuleNames, Source, VariableKind, VariableWords,
};
use crate::eval::texts::literal_text;
use crate::eval::{KeptNotes, NoteDrafts};
use crate::lower::{Alternative, Cond, HostScope, Lowered, Places, Probes, Read, Reading, TestId, Variable};
use crate::needs::{PathParams, Relaxations};
use crate::policy::{self, Policy, RuleId, Value};

/// Compiles a policy. The same policy gives the same plan, byte for byte.
pub(crate) fn compile(policy: &Policy, lowered: Lowered, sources: &crate::source::Sources) -> (Plan, Stats) {
    let Lowered { places, tests, conditions: mut drafts } = lowered;
    let hosts =
        host_tables(policy, &places.scopes, &places.services.iter().map(|(s, _)| *s).collect::<Vec<_>>());
    let walks = Walks::build(policy, &places, &hosts);
    let mut probes = Probes::new(policy, tests);
    let mut notes = NoteDrafts::new(policy, sources, &places, &mut probes);
    let flat = flat_conditions(&places, &walks, &mut probes, &mut drafts, &mut notes);
    let (variables, tests) = probes.into_tests().classify(policy);
    let conditions: Vec<Cond> = drafts.iter().map(|d| d.classified(&tests)).collect();
    let scans = Scans::of(&variables);
    let mut builder = Builder::new(policy, &places, &conditions, variables.len(), &scans);
    builder.classes(&places, &walks, &flat);
    builder.finish(&hosts, &walks, &variables, &tests, notes)
}

/// Says how paths are walked: the automata, where each class of hosts starts, and what could not be built.
pub(super) struct Walks {
    readings: Vec<(Reading, Routes, Routes)>,
    /// By class of hosts.
    starts: Vec<Starts>,
}

/// Where the walks of one class of hosts start.
#[derive(Debug, Clone, Default)]
struct Starts {
    /// Which of [`Walks::readings`].
    reading: usize,
    rules: Vec<usize>,
    services: Vec<usize>,
    /// Sets of hosts whose routes are tests in bit vectors.
    flat: Vec<u32>,
}

impl Walks {
    fn build(policy: &Policy, places: &Places, hosts: &HostTables) -> Self {
        let reads_services = policy.services.iter().any(|s| s.tokens_ignore || s.resource_metadata.is_some());
        let mut readings = Vec::new();
        for reading in [Reading::Exact, Reading::Folded] {
            let folds = reading == Reading::Folded;
            let is_read = hosts.classes.iter().any(|class| class.relaxations.case_fold == folds);
            let mut rules = Routes::new(reading, places.scopes.len());
            for (item, alternative) in (0_u32..).zip(&places.alternatives) {
                if let (Some(place), true) = (&alternative.place, is_read) {
                    rules.insert(alternative.scope, place, item);
                }
            }
            let mut services = Routes::new(reading, places.scopes.len());
            for (item, (scope, place)) in (0_u32..).zip(&places.services) {
                if reads_services && is_read {
                    services.insert(*scope, place, item);
                }
            }
            readings.push((reading, rules, services));
        }
        let mut walks = Self { readings, starts: Vec::new() };
        for class in &hosts.classes {
            let reading = usize::from(class.relaxations.case_fold);
            let starts = walks.starts_of(reading, &class.scopes);
            walks.starts.push(starts);
        }
        walks
    }

    /// Builds the walks of some sets of hosts: all as one, else each for itself, else none.
    fn starts_of(&mut self, reading: usize, scopes: &[u32]) -> Starts {
        let mut starts = Starts { reading, ..Starts::default() };
        let Some((_, rules, services)) = self.readings.get_mut(reading) else { return starts };
        let together = |routes: &mut Routes, out: &mut Vec<usize>, flat: &mut Vec<u32>| {
            if let Ok(start) = routes.build(scopes) {
                return out.extend(start);
            }
            for scope in scopes {
                match routes.build(&[*scope]) {
                    Ok(start) => out.extend(start),
                    Err(TooMany) => flat.push(*scope),
                }
            }
        };
        together(rules, &mut starts.rules, &mut starts.flat);
        // The places of services are literal: one set of hosts alone always fits.
        together(services, &mut starts.services, &mut Vec::new());
        starts
    }

    fn reading(&self, starts: &Starts) -> Reading {
        self.readings.get(starts.reading).map_or(Reading::Exact, |(reading, _, _)| *reading)
    }
}

/// By set of hosts and reading: its alternatives, each with the condition that holds its route too.
type Flat = BTreeMap<(u32, Reading), Vec<(usize, usize)>>;

fn flat_conditions(
    places: &Places,
    walks: &Walks,
    probes: &mut Probes<'_>,
    drafts: &mut Vec<Cond<TestId>>,
    notes: &mut NoteDrafts<'_>,
) -> Flat {
    let mut flat = Flat::new();
    for starts in &walks.starts {
        let reading = walks.reading(starts);
        for scope in &starts.flat {
            if flat.contains_key(&(*scope, reading)) {
                continue;
            }
            let mut members = Vec::new();
            for (number, alternative) in places.alternatives.iter().enumerate() {
                let (Some(place), true) = (&alternative.place, alternative.scope == *scope) else { continue };
                let route = probes.route(place, reading);
                let condition = drafts.get(number).cloned().unwrap_or(Cond::Constant(false));
                members.push((number, drafts.len()));
                notes.push_flat(number, route.clone());
                drafts.push(Cond::all([route, condition]));
            }
            flat.insert((*scope, reading), members);
        }
    }
    flat
}

/// A class: the alternatives that can matter in one place, by number, each with its condition.
type Members = Vec<(usize, usize)>;

struct ClassDraft {
    members: Members,
    verdict: Verdict,
    /// Bits, and the instance of each row.
    matching: Option<(u32, Vec<u32>)>,
}

struct Builder<'c> {
    policy: &'c Policy,
    alternatives: &'c [Alternative],
    scopes: &'c [HostScope],
    scans: &'c Scans,
    parts: Parts<'c>,
    ranked: Vec<RuleId>,
    rank_of: BTreeMap<RuleId, u32>,
    instances: Vec<Instance>,
    /// By alternative: what it does beside deciding.
    instance_of: Vec<Option<u32>>,
    drafts: Vec<ClassDraft>,
    class_of: HashMap<Members, usize>,
    /// By items of a state: the class of each method, and of all others.
    accepts: BTreeMap<Vec<ItemId>, ByMethod<'c>>,
    everywhere: usize,
    flat_classes: BTreeMap<(u32, Reading), usize>,
}

impl<'c> Builder<'c> {
    fn new(
        policy: &'c Policy,
        places: &'c Places,
        conditions: &'c [Cond],
        variables: usize,
        scans: &'c Scans,
    ) -> Self {
        let alternatives = places.alternatives.as_slice();
        let ranked = ranked(policy);
        let rank_of = (0..).zip(&ranked).map(|(rank, rule)| (*rule, rank)).collect();
        let mut builder = Self {
            policy,
            alternatives,
            scopes: &places.scopes,
            scans,
            parts: Parts::new(conditions, variables, scans),
            ranked,
            rank_of,
            instances: Vec::new(),
            instance_of: Vec::new(),
            drafts: Vec::new(),
            class_of: HashMap::new(),
            accepts: BTreeMap::new(),
            everywhere: 0,
            flat_classes: BTreeMap::new(),
        };
        builder.instance_of = alternatives.iter().map(|a| builder.instance(a)).collect();
        builder
    }

    fn instance(&mut self, alternative: &Alternative) -> Option<u32> {
        let rule = self.policy.numbered(alternative.rule)?;
        let action = action_of(self.policy, rule, &alternative.captures)?;
        let instance = Instance { rule: alternative.rule, action };
        // Alternatives of one rule follow each other, so an equal one is near the end.
        let near =
            self.instances.iter().rev().take_while(|i| i.rule == instance.rule).position(|i| *i == instance);
        if let Some(behind) = near {
            return Some(word(self.instances.len().saturating_sub(behind).saturating_sub(1)));
        }
        self.instances.push(instance);
        Some(word(self.instances.len().saturating_sub(1)))
    }

    fn classes(&mut self, places: &Places, walks: &Walks, flat: &Flat) {
        let numbered = places.alternatives.iter().enumerate();
        let everywhere = numbered.filter(|(_, a)| a.place.is_none()).map(|(n, _)| (n, n)).collect();
        self.everywhere = self.class(everywhere);
        for (key, members) in flat {
            let class = self.class(members.clone());
            self.flat_classes.insert(*key, class);
        }
        for (_, rules, _) in &walks.readings {
            for state in &rules.states {
                self.accept(&state.plain);
                self.accept(&state.slash);
            }
        }
    }

    /// Makes the classes of the methods that rules at one place tell apart.
    fn accept(&mut self, items: &[ItemId]) {
        if self.accepts.contains_key(items) {
            return;
        }
        let alternatives = self.alternatives;
        let at = |item: &ItemId| {
            usize::try_from(*item).ok().and_then(|n| Some((n, alternatives.get(n)?.place.as_ref()?)))
        };
        let placed: Vec<_> = items.iter().filter_map(at).collect();
        let mut methods: Vec<&'c String> = placed.iter().flat_map(|(_, place)| &place.methods).collect();
        methods.sort();
        methods.dedup();
        let members = |asked: Option<&String>| {
            let matching = placed.iter().filter(|(_, place)| {
                place.methods.is_empty() || asked.is_some_and(|m| place.methods.contains(m))
            });
            matching.map(|(n, _)| (*n, *n)).collect::<Members>()
        };
        let by_method = methods.iter().map(|m| (m.as_str(), self.class(members(Some(m))))).collect();
        let others = self.class(members(None));
        self.accepts.insert(items.to_vec(), (by_method, others));
    }

    fn class(&mut self, members: Members) -> usize {
        if let Some(known) = self.class_of.get(&members) {
            return *known;
        }
        let (mut deciding, mut matching) = (Vec::new(), Vec::new());
        for (alternative, condition) in &members {
            if let Some(rank) = self.alternatives.get(*alternative).and_then(|a| self.rank_of.get(&a.rule)) {
                deciding.push((*rank, *condition));
            }
            if let Some(Some(instance)) = self.instance_of.get(*alternative) {
                matching.push((*instance, *condition));
            }
        }
        let verdict = self.parts.verdict(&deciding);
        let matching = (!matching.is_empty()).then(|| self.parts.bits(&matching));
        let number = self.drafts.len();
        self.drafts.push(ClassDraft { members: members.clone(), verdict, matching });
        self.class_of.insert(members, number);
        number
    }

    fn finish(
        mut self,
        hosts: &HostTables,
        walks: &Walks,
        variables: &[Variable],
        tests: &[Cond],
        notes: NoteDrafts<'_>,
    ) -> (Plan, Stats) {
        let mut pool = StringPool::default();
        let roots = self
            .drafts
            .iter()
            .filter_map(|d| if let Verdict::Diagram(root, _) = d.verdict { Some(root) } else { None });
        let programs = self
            .parts
            .more
            .iter()
            .filter_map(|more| if let More::Program(root) = more { Some(*root) } else { None });
        let nodes = lay_out(&self.parts.diagrams, roots.chain(programs));
        let mut entry = Entry::default();
        let mut words = VariableWriter {
            tables: std::mem::replace(&mut self.parts.tables, Tables::new()),
            pool: &mut pool,
            entry: &mut entry,
            scans: self.scans,
        };
        let mut variable_words: Vec<VariableWords> = variables.iter().map(|v| words.variable(v)).collect();
        let mut tables = words.tables;
        variable_words.extend(self.parts.more.iter().map(|more| more_words(more, &nodes)));
        let methods = MethodGroups::new(self.accepts.values());
        entry.methods = tables.strings(&mut pool, methods.groups.iter().map(|(m, group)| (*m, *group)));
        let mut classes = ClassWords::new(&self.drafts, &nodes);
        entry.everywhere = classes.offset(&mut tables, self.everywhere);
        let mut accept_offsets: BTreeMap<&[ItemId], u32> = BTreeMap::new();
        let mut accept = |tables: &mut Tables, items: &[ItemId]| {
            let Some((items, place)) = self.accepts.get_key_value(items) else { return 0 };
            let written = || {
                let table = methods.accept(place, |class| classes.offset(tables, class));
                tables.add(table)
            };
            *accept_offsets.entry(items).or_insert_with(written)
        };
        let service_accept = |tables: &mut Tables, pool: &mut StringPool, items: &[ItemId]| {
            write_services(self.policy, tables, pool, items)
        };
        let mut states = StateWords { words: vec![0], offsets: Vec::new() };
        for (_, rules, services) in &walks.readings {
            let of_rules = states.write(&rules.states, &mut pool, |_, items| accept(&mut tables, items));
            let of_services = states
                .write(&services.states, &mut pool, |pool, items| service_accept(&mut tables, pool, items));
            states.offsets.push((of_rules, of_services));
        }
        let host_offsets: Vec<u32> = hosts
            .classes
            .iter()
            .zip(&walks.starts)
            .map(|(class, starts)| {
                let none = (Vec::new(), Vec::new());
                let (of_rules, of_services) = states.offsets.get(starts.reading).unwrap_or(&none);
                let at = |offsets: &Vec<u32>, starts: &Vec<usize>| {
                    starts.iter().filter_map(|s| offsets.get(*s).copied()).collect::<Vec<_>>()
                };
                let flat = starts
                    .flat
                    .iter()
                    .filter_map(|s| self.flat_classes.get(&(*s, walks.reading(starts))))
                    .map(|class| classes.offset(&mut tables, *class));
                let mut host = vec![relaxation_bits(class.relaxations)];
                for list in [at(of_rules, &starts.rules), at(of_services, &starts.services), flat.collect()] {
                    host.push(word(list.len()));
                    host.extend(list);
                }
                tables.add(host)
            })
            .collect();
        let host = |class: &u32| {
            usize::try_from(*class).ok().and_then(|c| host_offsets.get(c)).copied().unwrap_or(0)
        };
        for (table, to) in [
            (&hosts.exact, &mut entry.exact_hosts),
            (&hosts.one_label, &mut entry.one_label_hosts),
            (&hosts.below, &mut entry.hosts_below),
        ] {
            *to = tables.strings(&mut pool, table.iter().map(|(text, class)| (text.as_str(), host(class))));
        }
        entry.other_host = host(&0);
        entry.rows_max = word(self.parts.rows_max);
        entry.literals = self.scans.literals;
        let class_offsets = classes.finish(&mut tables);
        let costs = self.costs(&tables.words);
        let cost = self.cost(&costs, walks);
        let stats = self.stats(walks, variable_words.len(), &costs);
        let conditions = |members: &Members| members.iter().map(|(_, condition)| word(*condition)).collect();
        let classes = self.drafts.iter().zip(class_offsets).map(|(d, at)| (at, conditions(&d.members)));
        let notes = notes.finish(tests, &mut self.parts.diagrams, classes);
        let plan = Plan {
            identity: self.policy.identity.clone(),
            reading: crate::request::Reading::new(self.policy.needs.clone()),
            strings: pool.finish(),
            variables: variable_words,
            nodes: nodes.words,
            tables: tables.words,
            states: states.words,
            entry,
            rules: self.policy.rules.iter().map(plan_rule).collect(),
            rule_names: RuleNames::of(self.policy.rules.iter().map(|r| r.name.as_str())).unwrap_or_default(),
            instances: self.instances,
            allows_from: 0,
            ranked: self.ranked,
            cost,
            digest: String::new(),
            file_digest: String::new(),
            notes: KeptNotes::Compiled(Box::new(notes)),
        };
        let plan = Plan { allows_from: super::allows_from(&plan.rules, &plan.ranked), ..plan };
        let stats = Stats {
            node_words: plan.nodes.len(),
            table_words: plan.tables.len(),
            state_words: plan.states.len(),
            ..stats
        };
        (plan, stats)
    }

    /// Bounds what each class costs.
    fn costs(&self, tables: &[u32]) -> Vec<Cost> {
        let of = |d: &ClassDraft| {
            class_cost(&self.parts.diagrams, tables, &d.verdict, d.matching.as_ref().map(|(bits, _)| *bits))
        };
        self.drafts.iter().map(of).collect()
    }

    /// Bounds the cost of a decision: the rules that apply everywhere, the dearest class for every walk, and all scans.
    fn cost(&self, costs: &[Cost], walks: &Walks) -> Cost {
        let dearest = costs.iter().fold(Cost::default(), |a, b| a.max(*b));
        let walked =
            walks.starts.iter().map(|s| s.rules.len().saturating_add(s.flat.len())).max().unwrap_or(0);
        let scans = Cost { variables_max: word(self.scans.count()), words_max: 0 };
        costs.get(self.everywhere).copied().unwrap_or_default().plus(dearest.times(walked)).plus(scans)
    }

    /// Finds the place, other than everywhere, where a decision costs most; of equals the one with the least names.
    fn dearest(&self, costs: &[Cost]) -> Option<Dearest> {
        let places = self.drafts.iter().zip(costs).enumerate().filter(|(at, _)| *at != self.everywhere);
        let most = places.clone().map(|(_, (_, cost))| (cost.variables_max, cost.words_max)).max()?;
        let equals = places.filter(|(_, (_, cost))| (cost.variables_max, cost.words_max) == most);
        let named =
            equals.map(|(_, (draft, cost))| Dearest { rules: self.names(&draft.members), cost: *cost });
        named.filter(|place| !place.rules.is_empty()).min_by(|a, b| a.rules.cmp(&b.rules))
    }

    /// Names the rules of some alternatives, sorted, each once.
    fn names<'m>(&self, members: impl IntoIterator<Item = &'m (usize, usize)>) -> Vec<String> {
        let rule = |(alternative, _): &(usize, usize)| {
            let id = self.alternatives.get(*alternative)?.rule;
            self.policy.rules.get(usize::try_from(id.0).ok()?)
        };
        let names: BTreeSet<&str> =
            members.into_iter().filter_map(rule).map(|rule| rule.name.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Writes hosts as a policy does.
    fn hosts(&self, scope: u32) -> String {
        let hosts = usize::try_from(scope).ok().and_then(|scope| self.scopes.get(scope));
        let text = |host: &policy::HostPattern| match host {
            policy::HostPattern::Exact(host) => host.clone(),
            policy::HostPattern::OneLabel(below) => format!("*.{below}"),
            policy::HostPattern::Labels(below) => format!("**.{below}"),
        };
        let hosts: Vec<String> = hosts.into_iter().flatten().map(text).collect();
        if hosts.is_empty() { "every host".to_owned() } else { hosts.join(", ") }
    }

    fn stats(&self, walks: &Walks, variables: usize, costs: &[Cost]) -> Stats {
        let mut fallbacks = Vec::new();
        for (scope, reading) in self.flat_classes.keys() {
            let rules = self.alternatives.iter().filter(|a| a.scope == *scope).count();
            fallbacks.push(format!(
                "the {rules} routes of {}{} cross in so many ways that their automaton would have too many states; they are tested segment by segment. Fewer `*` and `{{name}}` beside literal segments at the same place would help",
                self.hosts(*scope),
                if *reading == Reading::Folded { " (case fold)" } else { "" }
            ));
        }
        for draft in &self.drafts {
            if let Verdict::Rows(_, ranks) = &draft.verdict {
                let named = ranks.first().and_then(|r| self.ranked.get(usize::try_from(*r).ok()?));
                let rule = named.and_then(|id| self.policy.rules.get(usize::try_from(id.0).ok()?));
                fallbacks.push(format!(
                    "{} allow and deny rules that can matter in one place, `{}` among them, test too many independent things for a diagram; they are rows of bit vectors. Fewer different attributes in these rules, or narrower `on` clauses, would help",
                    // A rule has a rank for each of its rows.
                    ranks.iter().collect::<BTreeSet<_>>().len(),
                    rule.map_or("", |r| r.name.as_str())
                ));
            }
        }
        fallbacks.sort();
        Stats {
            rules: self.policy.rules.len(),
            variables,
            programs: self.parts.program_of.len(),
            literals: self.scans.literals,
            states: walks
                .readings
                .iter()
                .map(|(_, rules, services)| rules.states.len().saturating_add(services.states.len()))
                .sum(),
            classes: self.drafts.len(),
            dearest: self.dearest(costs),
            program_rules: self.names(
                self.drafts
                    .iter()
                    .flat_map(|draft| &draft.members)
                    .filter(|(_, condition)| self.parts.program_of.contains_key(condition)),
            ),
            fallbacks,
            ..Stats::default()
        }
    }
}

/// Sorts the deciding rules: denies without challenge, denies with one, allows; each by name.
fn ranked(policy: &Policy) -> Vec<RuleId> {
    let order = |rule: &policy::Rule| match &rule.action {
        _ if rule.observe => None,
        policy::Action::Deny(policy::Denial::Respond { .. }) => Some(0),
        policy::Action::Deny(policy::Denial::Challenge { .. }) => Some(1),
        policy::Action::Allow => Some(2),
        policy::Action::Limit(_) | policy::Action::Forward(_) | policy::Action::Audit(_) => None,
    };
    let mut ranked: Vec<_> =
        (0..).zip(&policy.rules).filter_map(|(n, r)| Some((order(r)?, RuleId(n)))).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, rule)| rule).collect()
}

fn plan_rule(rule: &policy::Rule) -> PlanRule {
    let kind = match &rule.action {
        policy::Action::Allow => PlanKind::Allow,
        policy::Action::Deny(denial) => PlanKind::Deny(Box::new(denial.clone())),
        policy::Action::Limit(_) => PlanKind::Limit,
        policy::Action::Forward(_) => PlanKind::Forward,
        policy::Action::Audit(_) => PlanKind::Audit,
    };
    PlanRule { observe: rule.observe, kind }
}

fn action_of(policy: &Policy, rule: &policy::Rule, captures: &BTreeMap<String, u32>) -> Option<Action> {
    let read = |attr: &policy::Attr| {
        Read::of_attr(attr, &policy.needs, |name| captures.get(name).copied().unwrap_or(u32::MAX >> 8))
    };
    let kept = |attr: &policy::Attr| (attr.text(&policy.identity), read(attr));
    match &rule.action {
        _ if rule.observe => Some(Action::Observe),
        policy::Action::Allow | policy::Action::Deny(_) => None,
        policy::Action::Limit(l) => Some(Action::Limit {
            rate: l.rate,
            per_s: l.per_s,
            burst: l.burst,
            by: l.by.iter().map(read).collect(),
        }),
        policy::Action::Forward(f) => {
            let source = |value: &Value| match value {
                Value::Literal(literal) => Source::Text(literal_text(literal)),
                Value::Attr(attr) => Source::Read(read(attr)),
            };
            let set = f.set.iter().map(|(name, value)| (name.clone(), source(value))).collect();
            Some(Action::Forward { set, remove: f.remove.clone() })
        }
        policy::Action::Audit(a) => Some(Action::Audit {
            level: a.level,
            keep: a.keep.iter().map(kept).collect(),
            redact: a.redact.iter().map(|attr| attr.text(&policy.identity)).collect(),
        }),
    }
}

fn more_words(more: &More, nodes: &super::nodes::NodeWords) -> VariableWords {
    match more {
        More::Program(root) => {
            VariableWords { kind: VariableKind::Program, arguments: [nodes.child(*root), 0, 0] }
        }
        More::Found(block) => {
            VariableWords { kind: VariableKind::Found, arguments: [block.scan, block.first, block.count] }
        }
    }
}

/// Writes classes where they are first asked for, so that what a decision reads in turn stands together.
struct ClassWords<'d> {
    drafts: &'d [ClassDraft],
    nodes: &'d super::nodes::NodeWords,
    /// By class: its offset, once it is written.
    offsets: Vec<Option<u32>>,
}

impl<'d> ClassWords<'d> {
    fn new(drafts: &'d [ClassDraft], nodes: &'d super::nodes::NodeWords) -> Self {
        Self { drafts, nodes, offsets: vec![None; drafts.len()] }
    }

    fn offset(&mut self, tables: &mut Tables, class: usize) -> u32 {
        let (Some(draft), Some(offset)) = (self.drafts.get(class), self.offsets.get_mut(class)) else {
            return 0;
        };
        *offset.get_or_insert_with(|| write_class(tables, self.nodes, draft))
    }

    /// Writes the classes that nothing asked for, and returns the offset of each.
    fn finish(mut self, tables: &mut Tables) -> Vec<u32> {
        (0..self.drafts.len()).map(|class| self.offset(tables, class)).collect()
    }
}

fn write_class(tables: &mut Tables, nodes: &super::nodes::NodeWords, draft: &ClassDraft) -> u32 {
    let verdict = match &draft.verdict {
        Verdict::None => 0,
        Verdict::Diagram(root, ranks) => {
            let mut table = vec![1, nodes.child(*root), word(ranks.len())];
            table.extend(ranks);
            tables.add(table)
        }
        Verdict::Rows(bits, ranks) => {
            let mut table = vec![2, *bits, word(ranks.len())];
            table.extend(ranks);
            tables.add(table)
        }
    };
    let matching = draft.matching.as_ref().map_or(0, |(bits, instances)| {
        let mut table = vec![*bits, word(instances.len())];
        table.extend(instances);
        tables.add(table)
    });
    if (verdict, matching) == (0, 0) { 0 } else { tables.add(vec![verdict, matching]) }
}

/// Writes what the services at a place say of tokens (0 nothing, 1 ignore, 2 read) and the metadata of the longest base.
fn write_services(policy: &Policy, tables: &mut Tables, pool: &mut StringPool, items: &[ItemId]) -> u32 {
    let services =
        items.iter().filter_map(|i| policy.services.get(usize::try_from(*i).ok()?)).collect::<Vec<_>>();
    let tokens = match (services.is_empty(), services.iter().all(|s| s.tokens_ignore)) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    let longest = services
        .iter()
        .filter_map(|s| Some((s.base.len(), s.resource_metadata.as_ref()?)))
        .max_by_key(|(n, _)| *n);
    let (length, metadata) = longest.map_or((0, 0), |(n, url)| (word(n), pool.number(url).saturating_add(1)));
    tables.add(vec![tokens, metadata, length])
}

fn relaxation_bits(relaxations: Relaxations) -> u32 {
    let params = match relaxations.path_params {
        PathParams::Refuse => 0,
        PathParams::Strip => 1,
        PathParams::Keep => 2,
    };
    u32::from(relaxations.encoded_slash)
        | u32::from(relaxations.encoded_delims) << 1
        | u32::from(relaxations.empty_segments) << 2
        | u32::from(relaxations.case_fold) << 3
        | params << 4
}

struct StateWords {
    words: Vec<u32>,
    /// By reading: the offsets of the states of rules, and of services.
    offsets: Vec<(Vec<u32>, Vec<u32>)>,
}

impl StateWords {
    /// Writes states, and returns the offset of each.
    fn write(
        &mut self,
        states: &[State],
        pool: &mut StringPool,
        mut accept: impl FnMut(&mut StringPool, &[ItemId]) -> u32,
    ) -> Vec<u32> {
        let mut next = word(self.words.len());
        let mut offsets = vec![0; states.len()];
        let ordered = in_depth(states);
        for (number, state) in &ordered {
            if let Some(offset) = offsets.get_mut(*number) {
                *offset = next;
            }
            let size =
                3 + string_table_words(state.literals.len()) + 2 * state.affixes.len() + state.others.len();
            next = next.saturating_add(word(size));
        }
        let target = |to: &Option<usize>| to.and_then(|to| offsets.get(to)).copied().unwrap_or(0);
        for (_, state) in ordered {
            let literals = state.literals.iter().map(|(text, to)| (text.as_str(), target(to))).collect();
            self.words.extend(string_table(pool, literals));
            self.words.push(word(state.affixes.len()));
            for (before, behind) in &state.affixes {
                self.words.extend([pool.number(before), pool.number(behind)]);
            }
            self.words.extend(state.others.iter().map(target));
            self.words.push(accept(pool, &state.plain));
            self.words.push(accept(pool, &state.slash));
        }
        offsets
    }
}

/// Orders states, each with its number, so that what a path goes through stands together: each before those that it leads to.
fn in_depth(states: &[State]) -> Vec<(usize, &State)> {
    let mut ordered = Vec::with_capacity(states.len());
    let mut seen = vec![false; states.len()];
    let mut waiting: Vec<usize> = (0..states.len()).rev().collect();
    while let Some(number) = waiting.pop() {
        let (Some(state), Some(seen)) = (states.get(number), seen.get_mut(number)) else { continue };
        if !std::mem::replace(seen, true) {
            ordered.push((number, state));
            let targets = state.literals.iter().map(|(_, to)| to).chain(&state.others);
            waiting.extend(targets.rev().copied().flatten());
        }
    }
    ordered
}

struct VariableWriter<'w> {
    tables: Tables,
    pool: &'w mut StringPool,
    entry: &'w mut Entry,
    scans: &'w Scans,
}

impl VariableWriter<'_> {
    fn variable(&mut self, variable: &Variable) -> VariableWords {
        use VariableKind as K;
        let (kind, arguments) = match variable {
            Variable::Issuer => (K::Issuer, [0, 0, 0]),
            Variable::Role(role) => (K::Role, [*role, 0, 0]),
            Variable::Scope(scope) => (K::Scope, [self.pool.number(scope), 0, 0]),
            Variable::Present(read) => (K::Present, [read.0, 0, 0]),
            Variable::Truth(read) => (K::Truth, [read.0, 0, 0]),
            Variable::Ints(read, points) => (K::Ints, [read.0, self.tables.numbers(points), 0]),
            Variable::Nets(read, v4, v6) => (K::Nets, [read.0, self.tables.networks(v4, v6), 0]),
            Variable::Strings(read, classes) => {
                (K::Strings, [read.0, self.strings(classes.iter().map(|(t, c)| (t.as_str(), *c))), 0])
            }
            Variable::Member(read, text) => (K::Member, [read.0, self.pool.number(text), 0]),
            Variable::AnyOf(read, texts) => {
                (K::AnyOf, [read.0, self.strings(texts.iter().map(|t| (t.as_str(), 1))), 0])
            }
            Variable::AllOf(read, texts) => {
                self.entry.all_of_max = self.entry.all_of_max.max(word(texts.len()));
                (K::AllOf, [read.0, self.strings(texts.iter().zip(0..).map(|(t, n)| (t.as_str(), n))), 0])
            }
            Variable::Patterns(read, automaton, guard) => {
                let found = guard.as_ref().and_then(|finds| self.scans.found(finds));
                let found = found.map_or(0, |found| found.saturating_add(1));
                (K::Patterns, [read.0, self.tables.patterns(automaton), found])
            }
            Variable::Found(_, finds) => {
                let (scan, number) = self.scans.literal(finds).unwrap_or_default();
                (K::Found, [scan, number, 1])
            }
            Variable::Scan(read, number, scan) => {
                (K::Scan, [read.0, self.tables.scan(scan), self.scans.first(*number)])
            }
            Variable::Pair(a, op, b) => (K::Pair, [a.0, comparison(*op), b.0]),
            Variable::Holds(set, read) => (K::Holds, [set.0, read.0, 0]),
        };
        VariableWords { kind, arguments }
    }

    fn strings<'t>(&mut self, entries: impl Iterator<Item = (&'t str, u32)>) -> u32 {
        self.tables.strings(self.pool, entries)
    }
}

fn comparison(op: crate::ast::CompareOp) -> u32 {
    use crate::ast::CompareOp as C;
    match op {
        C::Equal => 0,
        C::NotEqual => 1,
        C::Less => 2,
        C::LessOrEqual => 3,
        C::Greater => 4,
        C::GreaterOrEqual => 5,
    }
}
