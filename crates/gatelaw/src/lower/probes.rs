//! Probes: the distinct tests of a policy, collected first and classified together.

use std::collections::BTreeMap;

use super::conditions::{ClassSet, Cond};
use super::partition::{Intervals, of_intervals, of_literals};
use super::patterns::PatternText;
use super::reads::{Read, ReadKind};
use super::routes::{Place, Reading};
use super::{Variable, VariableId};
use crate::address::IpNet;
use crate::ast::{CompareOp, LiteralKind};
use crate::policy::{Attr, Expr, ListEntries, ListId, Policy, Segment, Test, TrailingSlash, Value};

/// Numbers a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TestId(pub(crate) usize);

/// A distinct test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Probe {
    Issuer(ClassSet),
    Yes(Variable),
    Strings(Read, Vec<String>),
    StringsOf(Read, ListId),
    Ints(Read, Intervals<i64>),
    IntsOf(Read, ListId),
    Nets(Read, Vec<IpNet>),
    NetsOf(Read, ListId),
    Pattern(Read, PatternText),
}

/// The distinct tests of a policy.
#[derive(Debug, Default)]
pub(crate) struct Tests(BTreeMap<Probe, TestId>);

/// Collects the probes of a policy.
pub(crate) struct Probes<'p> {
    policy: &'p Policy,
    known: BTreeMap<Probe, TestId>,
}

/// Literals or points from which on a variable is asked before all narrower ones.
const WIDE_CLASSES: usize = 32;
const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;

impl<'p> Probes<'p> {
    /// Goes on with the tests that are known already.
    pub(crate) fn new(policy: &'p Policy, Tests(known): Tests) -> Self {
        Self { policy, known }
    }

    pub(crate) fn into_tests(self) -> Tests {
        Tests(self.known)
    }

    fn test(&mut self, probe: Probe) -> Cond<TestId> {
        let next = TestId(self.known.len());
        Cond::Test(*self.known.entry(probe).or_insert(next))
    }

    fn yes(&mut self, variable: Variable) -> Cond<TestId> {
        self.test(Probe::Yes(variable))
    }

    /// Lowers the condition of a rule. The depth is that of the expression, which the checker bounds.
    pub(crate) fn condition(&mut self, expr: &Expr, captures: &BTreeMap<String, u32>) -> Cond<TestId> {
        match expr {
            Expr::Constant(b) => Cond::Constant(*b),
            Expr::Not(inner) => self.condition(inner, captures).not(),
            Expr::All(parts) => {
                Cond::all(parts.iter().map(|p| self.condition(p, captures)).collect::<Vec<_>>())
            }
            Expr::Any(parts) => {
                Cond::any(parts.iter().map(|p| self.condition(p, captures)).collect::<Vec<_>>())
            }
            Expr::Test(test, _) => self.lowered(test, &|attr| self.policy.read(attr, captures)),
        }
    }

    /// Makes the condition that a place is where the request goes, for routes that are no part of an automaton.
    pub(crate) fn route(&mut self, place: &Place, reading: Reading) -> Cond<TestId> {
        let mut parts = Vec::new();
        if !place.methods.is_empty() {
            parts.push(self.test(Probe::Strings(Read::of(ReadKind::Method), place.methods.clone())));
        }
        let count = i64::try_from(place.segments.len()).unwrap_or(i64::MAX);
        let counts = vec![(count, if place.rest { None } else { Some(count.saturating_add(1)) })];
        parts.push(self.test(Probe::Ints(Read::of(ReadKind::SegmentCount), counts)));
        let slash = Variable::Truth(Read::of(ReadKind::TrailingSlash));
        match place.trailing_slash {
            TrailingSlash::Any => {}
            TrailingSlash::Present => parts.push(self.yes(slash)),
            TrailingSlash::Absent => parts.push(self.yes(slash).not()),
        }
        for (number, segment) in (0_u32..).zip(&place.segments) {
            let read = match reading {
                Reading::Exact => Read::with(ReadKind::Segment, number),
                Reading::Folded => Read::with(ReadKind::RouteSegment, number),
            };
            match segment {
                Segment::Any => {}
                Segment::Literal(text) => parts.push(self.test(Probe::Strings(read, vec![reading.of(text)]))),
                Segment::Affix(before, behind) => {
                    let affix = PatternText::Affix(reading.of(before), reading.of(behind));
                    parts.push(self.test(Probe::Pattern(read, affix)));
                }
            }
        }
        Cond::all(parts)
    }

    fn lowered(&mut self, test: &Test, read: &dyn Fn(&Attr) -> Read) -> Cond<TestId> {
        match test {
            Test::Authenticated => self.issuers((1..).take(self.policy.identity.issuers.len()).collect()),
            Test::Issuer(id) => self.issuers(vec![id.0.saturating_add(1)]),
            Test::Role(id) => self.yes(Variable::Role(id.0)),
            Test::Scope(scope) => self.yes(Variable::Scope(scope.clone())),
            Test::Subject(id, subject) => {
                let issuer = self.issuers(vec![id.0.saturating_add(1)]);
                Cond::all([
                    issuer,
                    self.test(Probe::Strings(Read::of(ReadKind::UserId), vec![subject.clone()])),
                ])
            }
            Test::Has(attr) => self.present(attr, read(attr)),
            Test::True(attr) => self.yes(Variable::Truth(read(attr))),
            Test::Compare(left, op, right) => self.compare(left, *op, right, read),
            Test::InLiterals(attr, literals) => self.one_of(attr, literals, read(attr)),
            Test::InList(attr, list) => self.in_list(*list, read(attr)),
            Test::InNet(attr, net) => self.test(Probe::Nets(read(attr), vec![*net])),
            Test::InInterval(attr, low, high) => self.interval(attr, low, high, read(attr)),
            Test::Like(attr, glob) => self.test(Probe::Pattern(read(attr), PatternText::Glob(glob.clone()))),
            Test::Matches(attr, regex) => {
                self.test(Probe::Pattern(read(attr), PatternText::Regex(regex.clone())))
            }
            Test::Contains(attr, Value::Literal(literal)) => self.member(attr, text_of(literal), read(attr)),
            Test::Contains(set, Value::Attr(attr)) => self.yes(Variable::Holds(read(set), read(attr))),
            Test::ContainsAny(attr, texts) => self.any_of(attr, texts.clone(), read(attr)),
            Test::ContainsAll(attr, texts) => self.all_of(attr, texts.clone(), read(attr)),
            Test::ContainsAnyOf(attr, list) => self.any_of(attr, self.policy.strings(*list), read(attr)),
            Test::ContainsAllOf(attr, list) => self.all_of(attr, self.policy.strings(*list), read(attr)),
        }
    }

    fn issuers(&mut self, classes: ClassSet) -> Cond<TestId> {
        if classes.is_empty() { Cond::Constant(false) } else { self.test(Probe::Issuer(classes)) }
    }

    fn present(&mut self, attr: &Attr, read: Read) -> Cond<TestId> {
        match attr {
            Attr::UserId | Attr::UserIssuer | Attr::UserTokenAge => {
                self.lowered(&Test::Authenticated, &|_| read)
            }
            Attr::Method | Attr::Scheme | Attr::Host | Attr::Ip | Attr::Path(_) | Attr::HostLabel(_) => {
                Cond::Constant(true)
            }
            Attr::Now | Attr::Time(_) | Attr::Weekday(_) => Cond::Constant(true),
            Attr::Header(_)
            | Attr::HeaderLine(_)
            | Attr::HeaderOnly(_)
            | Attr::Query(_)
            | Attr::QueryOnly(_) => self.yes(Variable::Present(read)),
            Attr::Cookie(_)
            | Attr::CookieOnly(_)
            | Attr::Country
            | Attr::Asn
            | Attr::BotScore
            | Attr::TlsVersion => self.yes(Variable::Present(read)),
            Attr::ClientCert
            | Attr::Size
            | Attr::UserRoles
            | Attr::UserScopes
            | Attr::UserClient
            | Attr::UserActor => self.yes(Variable::Present(read)),
            Attr::UserTokenId | Attr::UserAuthAge | Attr::User(_) => self.yes(Variable::Present(read)),
        }
    }

    fn compare(
        &mut self,
        left: &Value,
        op: CompareOp,
        right: &Value,
        read: &dyn Fn(&Attr) -> Read,
    ) -> Cond<TestId> {
        match (left, right) {
            (Value::Attr(a), Value::Attr(b)) => self.yes(Variable::Pair(read(a), op, read(b))),
            (Value::Attr(a), Value::Literal(literal)) => self.compare_literal(a, op, literal, read(a)),
            (Value::Literal(literal), Value::Attr(a)) => {
                self.compare_literal(a, flipped(op), literal, read(a))
            }
            (Value::Literal(_), Value::Literal(_)) => Cond::Constant(false),
        }
    }

    fn compare_literal(
        &mut self,
        attr: &Attr,
        op: CompareOp,
        literal: &LiteralKind,
        read: Read,
    ) -> Cond<TestId> {
        if op == CompareOp::NotEqual {
            let equal = self.one_of(attr, std::slice::from_ref(literal), read);
            return Cond::all([self.present(attr, read), equal.not()]);
        }
        if op == CompareOp::Equal {
            return self.one_of(attr, std::slice::from_ref(literal), read);
        }
        match literal {
            LiteralKind::Int(n) | LiteralKind::Duration(n) | LiteralKind::Instant(n) => {
                self.test(Probe::Ints(read, vec![half_line(op, *n)]))
            }
            LiteralKind::Clock(minute) => {
                let (start, end) = half_line(op, i64::from(*minute).saturating_mul(60));
                self.clock(attr, start.max(0), end.unwrap_or(DAY_S).min(DAY_S))
            }
            LiteralKind::Bool(_) | LiteralKind::String(_) | LiteralKind::Ip(_) | LiteralKind::Weekday(_) => {
                Cond::Constant(false)
            }
        }
    }

    /// Lowers "equal to one of these literals", all of the attribute's type.
    fn one_of(&mut self, attr: &Attr, literals: &[LiteralKind], read: Read) -> Cond<TestId> {
        let Some(first) = literals.first() else { return Cond::Constant(false) };
        match first {
            LiteralKind::Bool(_) => {
                Cond::any(literals.iter().map(|l| self.boolean(attr, l, read)).collect::<Vec<_>>())
            }
            LiteralKind::Int(_) | LiteralKind::Duration(_) | LiteralKind::Instant(_) => {
                let points = literals.iter().filter_map(number_of).map(|n| (n, n.checked_add(1))).collect();
                self.test(Probe::Ints(read, points))
            }
            LiteralKind::String(_) => {
                let texts: Vec<String> = literals.iter().map(|l| text_of(l).to_owned()).collect();
                self.strings(attr, texts, read)
            }
            LiteralKind::Ip(_) => {
                let nets =
                    literals.iter().filter_map(|l| if let LiteralKind::Ip(n) = l { Some(*n) } else { None });
                self.test(Probe::Nets(read, nets.collect()))
            }
            LiteralKind::Clock(_) | LiteralKind::Weekday(_) => {
                Cond::any(literals.iter().map(|l| self.moment(attr, l)).collect::<Vec<_>>())
            }
        }
    }

    fn boolean(&mut self, attr: &Attr, literal: &LiteralKind, read: Read) -> Cond<TestId> {
        let truth = self.yes(Variable::Truth(read));
        if *literal == LiteralKind::Bool(true) {
            truth
        } else {
            Cond::all([self.present(attr, read), truth.not()])
        }
    }

    fn strings(&mut self, attr: &Attr, mut texts: Vec<String>, read: Read) -> Cond<TestId> {
        if *attr == Attr::UserIssuer {
            let names = (1_u32..).zip(&self.policy.identity.issuers);
            return self.issuers(names.filter(|(_, i)| texts.contains(&i.name)).map(|(n, _)| n).collect());
        }
        texts.sort();
        texts.dedup();
        self.test(Probe::Strings(read, texts))
    }

    fn moment(&mut self, attr: &Attr, literal: &LiteralKind) -> Cond<TestId> {
        match (attr, literal) {
            (Attr::Weekday(offset_min), LiteralKind::Weekday(day)) => {
                let start = day_number(*day).saturating_mul(DAY_S);
                self.week(*offset_min, &[(start, start.saturating_add(DAY_S))])
            }
            (_, LiteralKind::Clock(minute)) => {
                let second = i64::from(*minute).saturating_mul(60);
                self.clock(attr, second, second.saturating_add(1))
            }
            _ => Cond::Constant(false),
        }
    }

    fn interval(&mut self, attr: &Attr, low: &LiteralKind, high: &LiteralKind, read: Read) -> Cond<TestId> {
        match (low, high) {
            (LiteralKind::Clock(low), LiteralKind::Clock(high)) => {
                let (low, high) = (i64::from(*low).saturating_mul(60), i64::from(*high).saturating_mul(60));
                if low <= high {
                    return self.clock(attr, low, high);
                }
                let (late, early) = (self.clock(attr, low, DAY_S), self.clock(attr, 0, high));
                Cond::any([late, early])
            }
            _ => match (number_of(low), number_of(high)) {
                (Some(low), Some(high)) => self.test(Probe::Ints(read, vec![(low, Some(high))])),
                _ => Cond::Constant(false),
            },
        }
    }

    /// Lowers "the second of the local day is in `start..end`".
    fn clock(&mut self, attr: &Attr, start: i64, end: i64) -> Cond<TestId> {
        let Attr::Time(offset_min) = attr else { return Cond::Constant(false) };
        let days: Vec<_> = (0..7).map(|d| (d * DAY_S + start, d * DAY_S + end)).collect();
        self.week(*offset_min, &days)
    }

    /// Lowers intervals of the local week to the week in UTC, where they may wrap.
    fn week(&mut self, offset_min: i32, local: &[(i64, i64)]) -> Cond<TestId> {
        let mut intervals = Vec::new();
        for (start, end) in local.iter().filter(|(start, end)| start < end) {
            let length = end - start;
            let start = (start - i64::from(offset_min) * 60).rem_euclid(WEEK_S);
            intervals.push((start, Some((start + length).min(WEEK_S))));
            if start + length > WEEK_S {
                intervals.push((0, Some(start + length - WEEK_S)));
            }
        }
        intervals.sort_unstable();
        self.test(Probe::Ints(Read::of(ReadKind::WeekSecond), intervals))
    }

    fn in_list(&mut self, list: ListId, read: Read) -> Cond<TestId> {
        match self.policy.entries(list) {
            Some(ListEntries::Strings(_)) => self.test(Probe::StringsOf(read, list)),
            Some(ListEntries::Ints(_)) => self.test(Probe::IntsOf(read, list)),
            Some(ListEntries::Nets(_)) => self.test(Probe::NetsOf(read, list)),
            None => Cond::Constant(false),
        }
    }

    fn member(&mut self, set: &Attr, text: &str, read: Read) -> Cond<TestId> {
        match set {
            Attr::UserRoles => {
                self.policy.role_number(text).map_or(Cond::Constant(false), |r| self.yes(Variable::Role(r)))
            }
            Attr::UserScopes => self.yes(Variable::Scope(text.to_owned())),
            _ => self.yes(Variable::Member(read, text.to_owned())),
        }
    }

    fn any_of(&mut self, set: &Attr, texts: Vec<String>, read: Read) -> Cond<TestId> {
        match set {
            _ if texts.is_empty() => Cond::Constant(false),
            Attr::UserRoles => Cond::any(texts.iter().map(|t| self.member(set, t, read)).collect::<Vec<_>>()),
            _ => self.yes(Variable::AnyOf(read, texts)),
        }
    }

    fn all_of(&mut self, set: &Attr, texts: Vec<String>, read: Read) -> Cond<TestId> {
        match set {
            _ if texts.is_empty() => Cond::Constant(true),
            Attr::UserRoles => Cond::all(texts.iter().map(|t| self.member(set, t, read)).collect::<Vec<_>>()),
            _ => self.yes(Variable::AllOf(read, texts)),
        }
    }
}

impl Tests {
    /// Turns all probes into variables, sorted, and every probe into a condition over them.
    pub(crate) fn classify(&self, policy: &Policy) -> (Vec<Variable>, Vec<Cond>) {
        let mut classified = Classified { policy, drafts: Vec::new(), scans: 0 };
        let mut groups: BTreeMap<(u8, Read), Vec<(&Probe, TestId)>> = BTreeMap::new();
        for (probe, id) in &self.0 {
            groups.entry(group(probe)).or_default().push((probe, *id));
        }
        for ((kind, read), probes) in &groups {
            classified.group(*kind, *read, probes);
        }
        classified.sorted(self.0.len())
    }
}

/// Says which probes share classifiers.
fn group(probe: &Probe) -> (u8, Read) {
    match probe {
        Probe::Issuer(_) => (0, Read(0)),
        Probe::Yes(_) => (1, Read(0)),
        Probe::Strings(read, _) | Probe::StringsOf(read, _) => (2, *read),
        Probe::Ints(read, _) | Probe::IntsOf(read, _) => (3, *read),
        Probe::Nets(read, _) | Probe::NetsOf(read, _) => (4, *read),
        Probe::Pattern(read, _) => (5, *read),
    }
}

/// Variables as they come, each with the probes that it answers.
struct Classified<'p> {
    policy: &'p Policy,
    drafts: Vec<(Variable, Vec<(TestId, ClassSet)>)>,
    /// How many scans there are.
    scans: u32,
}

impl Classified<'_> {
    fn group(&mut self, kind: u8, read: Read, probes: &[(&Probe, TestId)]) {
        match kind {
            2 => self.strings(read, probes),
            3 => self.ints(read, probes),
            4 => self.nets(read, probes),
            5 => self.patterns(read, probes),
            _ => probes.iter().for_each(|(probe, id)| self.single(probe, *id)),
        }
    }

    fn single(&mut self, probe: &Probe, id: TestId) {
        match probe {
            Probe::Issuer(classes) => self.drafts.push((Variable::Issuer, vec![(id, classes.clone())])),
            Probe::Yes(variable) => self.drafts.push((variable.clone(), vec![(id, vec![1])])),
            _ => {}
        }
    }

    fn strings(&mut self, read: Read, probes: &[(&Probe, TestId)]) {
        let owned: Vec<Vec<String>> = probes.iter().map(|(p, _)| self.texts(p)).collect();
        let sets: Vec<&[String]> = owned.iter().map(Vec::as_slice).collect();
        match of_literals(&sets) {
            Some(p) => self.drafts.push((Variable::Strings(read, p.points), numbered(probes, p.classes))),
            None => self.halved(probes, |this, half| this.strings(read, half)),
        }
    }

    fn ints(&mut self, read: Read, probes: &[(&Probe, TestId)]) {
        let owned: Vec<Intervals<i64>> = probes.iter().map(|(p, _)| self.numbers(p)).collect();
        let sets: Vec<_> = owned.iter().map(Vec::as_slice).collect();
        match of_intervals(&sets) {
            Some(p) => self.drafts.push((Variable::Ints(read, p.points), numbered(probes, p.classes))),
            None => self.halved(probes, |this, half| this.ints(read, half)),
        }
    }

    /// Classifies networks: both families on one line, IPv6 above all of IPv4.
    fn nets(&mut self, read: Read, probes: &[(&Probe, TestId)]) {
        let owned: Vec<Intervals<(bool, u128)>> = probes.iter().map(|(p, _)| self.ranges(p)).collect();
        let sets: Vec<_> = owned.iter().map(Vec::as_slice).collect();
        let Some(p) = of_intervals(&sets) else {
            return self.halved(probes, |this, half| this.nets(read, half));
        };
        let of = |v6: bool| p.points.iter().filter(move |((family, _), _)| *family == v6);
        let v4 =
            of(false).filter_map(|((_, start), class)| Some((u32::try_from(*start).ok()?, *class))).collect();
        let v6 = of(true).map(|((_, start), class)| (*start, *class)).collect();
        self.drafts.push((Variable::Nets(read, v4, v6), numbered(probes, p.classes)));
    }

    fn patterns(&mut self, read: Read, probes: &[(&Probe, TestId)]) {
        let texts: Vec<(PatternText, TestId)> = probes
            .iter()
            .filter_map(
                |(p, id)| if let Probe::Pattern(_, text) = p { Some((text.clone(), *id)) } else { None },
            )
            .collect();
        self.drafts.extend(super::patterns::variables(read, &texts, &mut self.scans));
    }

    /// Splits tests whose signatures are too long together; one test alone always fits, as its signature is itself.
    fn halved(&mut self, probes: &[(&Probe, TestId)], mut build: impl FnMut(&mut Self, &[(&Probe, TestId)])) {
        let (left, right) = probes.split_at(probes.len() / 2);
        if !left.is_empty() {
            build(self, left);
            build(self, right);
        }
    }

    fn texts(&self, probe: &Probe) -> Vec<String> {
        match probe {
            Probe::Strings(_, texts) => texts.clone(),
            Probe::StringsOf(_, list) => self.policy.strings(*list),
            _ => Vec::new(),
        }
    }

    fn numbers(&self, probe: &Probe) -> Intervals<i64> {
        match probe {
            Probe::Ints(_, intervals) => intervals.clone(),
            Probe::IntsOf(_, list) => match self.policy.entries(*list) {
                Some(ListEntries::Ints(ints)) => ints.iter().map(|n| (*n, n.checked_add(1))).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn ranges(&self, probe: &Probe) -> Intervals<(bool, u128)> {
        match probe {
            Probe::Nets(_, nets) => nets.iter().map(range_of).collect(),
            Probe::NetsOf(_, list) => match self.policy.entries(*list) {
                Some(ListEntries::Nets(nets)) => nets.iter().map(range_of).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Sorts the variables, joins those that are one, and says what each probe became.
    fn sorted(mut self, probes: usize) -> (Vec<Variable>, Vec<Cond>) {
        self.drafts.sort_by(|a, b| (is_narrow(&a.0), &a.0).cmp(&(is_narrow(&b.0), &b.0)));
        let mut variables: Vec<Variable> = Vec::new();
        let mut tests = vec![Cond::Constant(false); probes];
        for (variable, answers) in self.drafts {
            if variables.last() != Some(&variable) {
                variables.push(variable);
            }
            let number = VariableId::try_from(variables.len().saturating_sub(1)).unwrap_or(VariableId::MAX);
            for (id, classes) in answers {
                if let (Some(test), false) = (tests.get_mut(id.0), classes.is_empty()) {
                    *test = Cond::Test((number, classes));
                }
            }
        }
        (variables, tests)
    }
}

/// Says whether a variable has few classes. Those with many are asked first: below each of their classes little is left,
/// while asked last they would be repeated below every set of roles.
fn is_narrow(variable: &Variable) -> bool {
    match variable {
        Variable::Strings(_, classes) => classes.len() <= WIDE_CLASSES,
        Variable::Ints(_, points) => points.len() <= WIDE_CLASSES,
        _ => true,
    }
}

fn numbered(probes: &[(&Probe, TestId)], classes: Vec<ClassSet>) -> Vec<(TestId, ClassSet)> {
    probes.iter().map(|(_, id)| *id).zip(classes).collect()
}

/// Turns a network into its range on the line of both families.
fn range_of(net: &IpNet) -> ((bool, u128), Option<(bool, u128)>) {
    let (v6, first, bits) = match net.address() {
        std::net::IpAddr::V4(a) => (false, u128::from(a.to_bits()), 32_u32),
        std::net::IpAddr::V6(a) => (true, a.to_bits(), 128),
    };
    let size = 1_u128.checked_shl(bits.saturating_sub(u32::from(net.prefix())));
    let end = size.and_then(|size| first.checked_add(size)).map(|end| (v6, end));
    // The last network of IPv6 has no end; that of IPv4 ends where no IPv4 address is.
    ((v6, first), end)
}

/// The half line on which `value op n` holds.
fn half_line(op: CompareOp, n: i64) -> (i64, Option<i64>) {
    match op {
        CompareOp::Less => (i64::MIN, Some(n)),
        CompareOp::LessOrEqual => (i64::MIN, n.checked_add(1)),
        CompareOp::Greater => n.checked_add(1).map_or((0, Some(0)), |n| (n, None)),
        CompareOp::GreaterOrEqual => (n, None),
        CompareOp::Equal | CompareOp::NotEqual => (n, n.checked_add(1)),
    }
}

fn flipped(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal | CompareOp::NotEqual => op,
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
    }
}

fn number_of(literal: &LiteralKind) -> Option<i64> {
    match literal {
        LiteralKind::Int(n) | LiteralKind::Duration(n) | LiteralKind::Instant(n) => Some(*n),
        LiteralKind::Bool(_) | LiteralKind::String(_) | LiteralKind::Ip(_) => None,
        LiteralKind::Clock(_) | LiteralKind::Weekday(_) => None,
    }
}

fn text_of(literal: &LiteralKind) -> &str {
    if let LiteralKind::String(text) = literal { text } else { "" }
}

fn day_number(day: crate::ast::Weekday) -> i64 {
    use crate::ast::Weekday as W;
    match day {
        W::Mon => 0,
        W::Tue => 1,
        W::Wed => 2,
        W::Thu => 3,
        W::Fri => 4,
        W::Sat => 5,
        W::Sun => 6,
    }
}

impl Policy {
    fn read(&self, attr: &Attr, captures: &BTreeMap<String, u32>) -> Read {
        Read::of_attr(attr, &self.needs, |name| captures.get(name).copied().unwrap_or(u32::MAX >> 8))
    }

    pub(crate) fn entries(&self, list: ListId) -> Option<&ListEntries> {
        self.lists.get(usize::try_from(list.0).ok()?).map(|l| &l.entries)
    }

    fn strings(&self, list: ListId) -> Vec<String> {
        if let Some(ListEntries::Strings(texts)) = self.entries(list) { texts.clone() } else { Vec::new() }
    }

    fn role_number(&self, name: &str) -> Option<u32> {
        let at = self.identity.roles.binary_search_by(|r| r.name.as_str().cmp(name)).ok()?;
        u32::try_from(at).ok()
    }
}
