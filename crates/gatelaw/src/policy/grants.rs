//! What the values of a claim grant.

use super::RoleId;
use crate::plan::hash;

/// Holds which value of a claim grants which role; what roles include is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    /// Sorted by value, then by role.
    pairs: Vec<(String, RoleId)>,
    /// By pair, the hash of its value and its place, sorted. Values mostly begin alike, such as `team-`: hashes are told apart sooner.
    hashes: Vec<(u32, u32)>,
}

impl Grants {
    /// Takes pairs that are sorted, each once: others may not be found.
    #[must_use]
    pub fn new(pairs: Vec<(String, RoleId)>) -> Self {
        let hashes = pairs.iter().map(|(value, _)| hash(value.as_bytes(), false));
        let mut hashes: Vec<_> = hashes.zip(0..).collect();
        crate::sort::sort(&mut hashes);
        Self { pairs, hashes }
    }

    /// Lists the pairs.
    #[must_use]
    pub fn pairs(&self) -> &[(String, RoleId)] {
        &self.pairs
    }

    /// Lists the roles that a value grants. Takes a search by halves, whatever the values are.
    pub fn of(&self, value: &str) -> impl Iterator<Item = RoleId> {
        let hash = hash(value.as_bytes(), false);
        // Of equal hashes, which are few unless somebody looked for them, the places are in the order of the values.
        let start = self.hashes.partition_point(|(known, place)| {
            *known < hash
                || *known == hash && self.pair(*place).is_some_and(|(known, _)| known.as_str() < value)
        });
        let grants = move |(known, place): &(u32, u32)| {
            let pair = if *known == hash { self.pair(*place) } else { None };
            pair.filter(|(known, _)| known == value).map(|(_, role)| *role)
        };
        self.hashes.get(start..).unwrap_or_default().iter().map_while(grants)
    }

    fn pair(&self, place: u32) -> Option<&(String, RoleId)> {
        self.pairs.get(usize::try_from(place).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_grants_what_its_pairs_say() {
        let pairs = [("", 3), ("admin", 0), ("admin", 2), ("administrator", 1), ("staff", 1), ("ädmin", 0)];
        let grants = Grants::new(pairs.map(|(value, role)| (value.to_owned(), RoleId(role))).into());
        for value in ["", "admin", "administrator", "staff", "ädmin", "Admin", "adminn", "a"] {
            let expected = pairs.iter().filter(|(known, _)| *known == value).map(|(_, role)| RoleId(*role));
            assert!(grants.of(value).eq(expected), "{value}");
        }
        assert_eq!(Grants::new(Vec::new()).of("admin").next(), None);
    }

    /// Values of one hash, which nobody meets by chance, but somebody can look for: with many of them, each search would take as many
    /// steps as there are.
    #[test]
    fn values_of_one_hash_are_told_apart() {
        let mut known = std::collections::HashMap::new();
        let found = (0_u32..).find_map(|number| {
            let value = number.to_string();
            known.insert(hash(value.as_bytes(), false), number).map(|other| [other.to_string(), value])
        });
        let mut values = found.unwrap();
        values.sort();
        let [first, second] = &values;
        let pairs = vec![(first.clone(), RoleId(1)), (first.clone(), RoleId(2)), (second.clone(), RoleId(3))];
        let grants = Grants::new(pairs);
        assert!(grants.of(first).eq([RoleId(1), RoleId(2)]));
        assert!(grants.of(second).eq([RoleId(3)]));
        assert!(Grants::new(grants.pairs()[2..].to_vec()).of(first).next().is_none());
    }
}
