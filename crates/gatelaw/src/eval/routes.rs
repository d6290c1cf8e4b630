//! Finds the classes of rules that can matter: by host, then along the segments of the path.

use super::tables::{from, run, string, string_at, word};
use super::view::View;
use crate::needs::{PathParams, Relaxations};
use crate::plan::{Plan, SPARSE, State, StringTable, is_address};
use crate::request::{Canonical, KNOWN_METHODS};

/// Finds the table of a canonical host.
pub(super) fn host(plan: &Plan, host: &str) -> u32 {
    let find = |table: u32, text: &str| string_at(&plan.tables, table, &plan.strings, text.as_bytes(), false);
    if let Some(found) = find(plan.entry.exact_hosts, host) {
        return found;
    }
    let has_patterns =
        [plan.entry.one_label_hosts, plan.entry.hosts_below].map(|at| word(&plan.tables, at)) != [0; 2];
    if !has_patterns || is_address(host) {
        return plan.entry.other_host;
    }
    let mut rest = host.split_once('.').map(|(_, rest)| rest);
    if let Some(found) = rest.and_then(|rest| find(plan.entry.one_label_hosts, rest)) {
        return found;
    }
    while let Some(suffix) = rest {
        if let Some(found) = find(plan.entry.hosts_below, suffix) {
            return found;
        }
        rest = suffix.split_once('.').map(|(_, rest)| rest);
    }
    plan.entry.other_host
}

/// Reads how a host relaxes the canonical form.
pub(super) fn relaxations(plan: &Plan, host: u32) -> Relaxations {
    let bits = word(&plan.tables, host);
    Relaxations {
        encoded_slash: bits & 1 != 0,
        encoded_delims: bits & 2 != 0,
        empty_segments: bits & 4 != 0,
        case_fold: bits & 8 != 0,
        path_params: match bits >> 4 {
            0 => PathParams::Refuse,
            1 => PathParams::Strip,
            _ => PathParams::Keep,
        },
    }
}

/// The lists of a host's table: where rules start, where services start, and classes of bit vectors alone.
pub(super) struct Starts<'p> {
    rules: &'p [u32],
    services: &'p [u32],
    flat: &'p [u32],
}

pub(super) fn starts(plan: &Plan, host: u32) -> Starts<'_> {
    let tables = &plan.tables;
    let list = |at: u32| {
        (
            run(tables, at.saturating_add(1), word(tables, at)),
            at.saturating_add(1).saturating_add(word(tables, at)),
        )
    };
    let (rules, at) = list(host.saturating_add(1));
    let (services, at) = list(at);
    let (flat, _) = list(at);
    Starts { rules, services, flat }
}

impl Starts<'_> {
    /// Calls back with every class of rules that can matter to the request, beside those that apply everywhere.
    pub(super) fn classes(&self, view: &View<'_>, method: u32, mut each: impl FnMut(u32)) {
        for start in self.rules {
            let accept = walk(view, *start);
            if accept != 0 {
                each(class_of(&view.plan.tables, accept, method));
            }
        }
        self.flat.iter().for_each(|class| each(*class));
    }

    /// Returns what the matching services say: whether all ignore tokens, and the string of the metadata of the longest base.
    pub(super) fn services(&self, view: &View<'_>) -> (bool, Option<u32>) {
        let (mut any, mut all, mut best) = (false, true, (0, 0));
        for start in self.services {
            let accept = walk(view, *start);
            let tables = &view.plan.tables;
            let tokens = if accept == 0 { 0 } else { word(tables, accept) };
            any |= tokens != 0;
            all &= tokens != 2;
            if accept != 0 {
                let (metadata, length) =
                    (word(tables, accept.saturating_add(1)), word(tables, accept.saturating_add(2)));
                if metadata != 0 && (best.1 == 0 || length > best.0) {
                    best = (length, metadata);
                }
            }
        }
        (any && all, best.1.checked_sub(1))
    }
}

/// The groups of the methods that nearly all requests have: looked up once a plan.
#[derive(Debug, Clone)]
pub(super) struct Methods([u32; KNOWN_METHODS.len()]);

impl Methods {
    pub(super) fn new(plan: &Plan) -> Self {
        Self(KNOWN_METHODS.map(|method| group(plan, method)))
    }

    /// Finds the group of a request's method; 0 for one that no rule tells from all others.
    pub(super) fn group(&self, plan: &Plan, request: &Canonical) -> u32 {
        let known = request.known_method().and_then(|known| self.0.get(known)).copied();
        known.unwrap_or_else(|| group(plan, request.method()))
    }
}

fn group(plan: &Plan, method: &str) -> u32 {
    string_at(&plan.tables, plan.entry.methods, &plan.strings, method.as_bytes(), false).unwrap_or(0)
}

fn class_of(tables: &[u32], accept: u32, method: u32) -> u32 {
    let [count, classes @ ..] = from(tables, accept) else { return 0 };
    if count & SPARSE != 0 {
        let [others, named @ ..] = classes else { return 0 };
        let named = run(named, 0, (count & !SPARSE).saturating_mul(2)).as_chunks::<2>().0;
        let found =
            named.binary_search_by_key(&method, |[group, _]| *group).ok().and_then(|at| named.get(at));
        return found.map_or(*others, |[_, class]| *class);
    }
    word(classes, if method < *count { method } else { 0 })
}

/// Walks the segments of the path from a state, and returns what is accepted at its end.
fn walk(view: &View<'_>, start: u32) -> u32 {
    let states = &view.plan.states;
    let fold = view.request.relaxations().case_fold;
    let mut at = start;
    for segment in view.segments() {
        at = match from(states, at) {
            // Where `**` stands alone, no segment is told from another: all that follow lead here again.
            [0, 0, to, ..] if *to == at => break,
            [0, 0, to, ..] => *to,
            state => next(view.plan, state, segment, fold),
        };
        if at == 0 {
            return 0;
        }
    }
    let ends = match from(states, at) {
        [0, 0, _, plain, slash, ..] => [*plain, *slash],
        state => State::read(state).map_or([0; 2], |state| state.ends),
    };
    let [plain, slash] = ends;
    if view.request.trailing_slash() { slash } else { plain }
}

fn next(plan: &Plan, state: &[u32], segment: &[u8], fold: bool) -> u32 {
    if let Some(target) =
        StringTable::open(state).and_then(|table| string(table, &plan.strings, segment, fold))
    {
        return target;
    }
    let Some(state) = State::read(state) else { return 0 };
    let mut mask = 0_u32;
    for (bit, [before, behind]) in (0_u32..).zip(state.affixes) {
        if fits(plan.strings.text(*before), plan.strings.text(*behind), segment, fold) {
            mask |= 1_u32.checked_shl(bit).unwrap_or(0);
        }
    }
    word(state.others, mask)
}

fn fits(before: &str, behind: &str, segment: &[u8], fold: bool) -> bool {
    let (before, behind) = (before.as_bytes(), behind.as_bytes());
    let same =
        |a: &[u8], b: Option<&[u8]>| b.is_some_and(|b| if fold { a.eq_ignore_ascii_case(b) } else { a == b });
    segment.len() >= before.len().saturating_add(behind.len())
        && same(before, segment.get(..before.len()))
        && same(behind, segment.get(segment.len().saturating_sub(behind.len())..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn a_method_has_the_class_of_its_group_or_that_of_all_others() {
        // At 1 a class for each group, the first that of all others; at 5 only the groups that differ.
        let tables = [0, 3, 70, 71, 72, SPARSE | 2, 80, 1, 81, 5, 85, 9, 99];
        let classes = |at| [0, 1, 2, 3, 5, 9].map(|method| class_of(&tables, at, method));
        assert_eq!(classes(1), [70, 71, 72, 70, 70, 70]);
        assert_eq!(classes(5), [80, 81, 80, 80, 85, 80]);
    }

    #[test]
    fn of_several_services_that_with_the_longest_base_says_where_its_metadata_is() {
        let sources = Sources::from_text("policy.gate", "allow health { on GET /healthz for anyone }");
        let mut plan = crate::compile(&sources).unwrap().plan;
        // What services say of tokens, the string of their metadata + 1, and the segments of their base.
        plan.tables = vec![0, 1, 5, 2, 2, 6, 3, 1, 0, 9, 1, 7, 3];
        // A state for each, of which a path without segments is the end; the last is the end of no service.
        let state = |accept| [0, 0, 0, accept, accept];
        plan.states = [&[0][..], &[1, 4, 7, 10, 0].map(state).concat()].concat();
        let [two, three, bare, other_three, nobody] = [1, 6, 11, 16, 21];
        let request = Canonical::new();
        let said = |services: &[u32]| {
            Starts { rules: &[], services, flat: &[] }.services(&View::new(&plan, &request))
        };
        assert_eq!(said(&[]), (false, None));
        assert_eq!(said(&[nobody]), (false, None));
        assert_eq!(said(&[two]), (true, Some(4)));
        assert_eq!(said(&[two, nobody]), (true, Some(4)));
        assert_eq!(said(&[two, three]), (false, Some(5)));
        assert_eq!(said(&[three, two]), (false, Some(5)));
        assert_eq!(said(&[three]), (false, Some(5)));
        // One without metadata says nothing, whatever its base.
        assert_eq!(said(&[bare]), (true, None));
        assert_eq!(said(&[bare, two]), (true, Some(4)));
        assert_eq!(said(&[two, bare]), (true, Some(4)));
        // Of one length the first counts.
        assert_eq!(said(&[three, other_three]), (false, Some(5)));
        assert_eq!(said(&[other_three, three]), (false, Some(6)));
    }
}
