//! Groups of methods that no place of a policy tells apart, so that a place lists one class a group.

use std::collections::BTreeMap;

use super::tables::word;

/// The class of each method that rules at one place tell apart, and of all others.
pub(super) type ByMethod<'a> = (Vec<(&'a str, usize)>, usize);

/// Marks a place that lists groups with their classes.
pub(crate) const SPARSE: u32 = 1 << 31;

/// The groups: group 0 holds every method that no place names.
#[derive(Debug, Default)]
pub(super) struct MethodGroups<'a> {
    /// By method: its group.
    pub(super) groups: BTreeMap<&'a str, u32>,
}

impl<'a> MethodGroups<'a> {
    /// Groups methods by the classes that they have at all places; the group of more places has the smaller number.
    pub(super) fn new(places: impl Iterator<Item = &'a ByMethod<'a>>) -> Self {
        let mut at_places: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, (by_method, others)) in places.enumerate() {
            for (method, class) in by_method.iter().filter(|(_, class)| class != others) {
                at_places.entry(method).or_default().push((place, *class));
            }
        }
        let mut distinct: Vec<_> = at_places.values().collect();
        distinct.sort_unstable_by_key(|places| (std::cmp::Reverse(places.len()), *places));
        distinct.dedup();
        let numbers: BTreeMap<_, u32> = distinct.into_iter().zip(1..).collect();
        let group = |places| numbers.get(places).copied().unwrap_or(0);
        Self { groups: at_places.iter().map(|(method, places)| (*method, group(places))).collect() }
    }

    /// Writes the classes of the groups at a place: one a group up to the last that is not as all others, or, where that is
    /// longer, only those that are not.
    pub(super) fn accept(
        &self,
        (by_method, others): &ByMethod<'_>,
        mut offset: impl FnMut(usize) -> u32,
    ) -> Vec<u32> {
        let group = |method: &str| self.groups.get(method).copied().filter(|group| *group != 0);
        let named: BTreeMap<u32, u32> =
            by_method.iter().filter_map(|(method, class)| Some((group(method)?, offset(*class)))).collect();
        let count = named.last_key_value().map_or(1, |(group, _)| group.saturating_add(1));
        let others = offset(*others);
        if usize::try_from(count).is_ok_and(|count| count > 4 + 2 * named.len()) {
            let pairs = named.iter().flat_map(|(group, class)| [*group, *class]);
            return [SPARSE | word(named.len()), others].into_iter().chain(pairs).collect();
        }
        let classes = (0..count).map(|group| named.get(&group).copied().unwrap_or(others));
        std::iter::once(count).chain(classes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(methods: &[(&'a str, usize)], others: usize) -> ByMethod<'a> {
        (methods.to_vec(), others)
    }

    #[test]
    fn methods_that_no_place_tells_apart_are_one_group() {
        let places =
            [place(&[("GET", 1), ("HEAD", 1), ("POST", 2)], 0), place(&[("GET", 3), ("HEAD", 3)], 0)];
        let groups = MethodGroups::new(places.iter());
        assert_eq!(groups.groups, BTreeMap::from([("GET", 1), ("HEAD", 1), ("POST", 2)]));
        let classes = |place| groups.accept(place, |class| word(class) + 100);
        assert_eq!(classes(&places[0]), vec![3, 100, 101, 102]);
        assert_eq!(classes(&places[1]), vec![2, 100, 103]);
    }

    #[test]
    fn a_method_that_is_as_all_others_has_no_group() {
        let places = [place(&[("GET", 4)], 4)];
        let groups = MethodGroups::new(places.iter());
        assert!(groups.groups.is_empty());
        assert_eq!(groups.accept(&places[0], word), vec![1, 4]);
    }
    #[test]
    fn a_place_of_one_group_among_many_lists_that_alone() {
        let methods: Vec<String> = (0..50).map(|n| format!("M{n:02}")).collect();
        let places: Vec<ByMethod> =
            methods.iter().zip(1..).map(|(m, class)| place(&[(m, class)], 0)).collect();
        let groups = MethodGroups::new(places.iter());
        assert_eq!(groups.accept(&places[0], word), vec![2, 0, 1]);
        assert_eq!(groups.accept(&places[49], word), vec![SPARSE | 1, 0, 50, 50]);
    }
}
