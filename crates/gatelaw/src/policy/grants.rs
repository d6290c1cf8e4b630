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

    /// Finds the roles that a value grants, at least one; `None` for a value that grants nothing. Takes a search by halves, whatever the values
    /// are.
    ///
    /// Before them stands the number of the value's first pair, which tells it from other values.
    pub fn of<'v>(&'v self, value: &'v str) -> Option<(u32, impl Iterator<Item = RoleId> + 'v)> {
        let hash = hash(value.as_bytes(), false);
        // Of equal hashes, which are few unless somebody looked for them, the places are in the order of the values.
        let start = self.hashes.partition_point(|(known, place)| {
            *known < hash
                || *known == hash && self.pair(*place).is_some_and(|(known, _)| known.as_str() < value)
        });
        let (known, place) = *self.hashes.get(start)?;
        // Pairs of one value stand side by side.
        let pairs = self.pairs.get(usize::try_from(place).ok()?..)?;
        let (first, _) = pairs.first()?;
        if known != hash || first != value {
            return None;
        }
        Some((place, pairs.iter().take_while(move |(other, _)| other == value).map(|(_, role)| *role)))
    }

    fn pair(&self, place: u32) -> Option<&(String, RoleId)> {
        self.pairs.get(usize::try_from(place).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(grants: &Grants, value: &str) -> Vec<RoleId> {
        grants.of(value).map(|(_, roles)| roles.collect()).unwrap_or_default()
    }

    #[test]
    fn values_that_grant_have_numbers_of_their_own() {
        let pairs = [("a", 3), ("b", 0), ("b", 2), ("c", 1)];
        let grants = Grants::new(pairs.map(|(value, role)| (value.to_owned(), RoleId(role))).into());
        let numbers = ["a", "b", "c", "d"].map(|value| grants.of(value).map(|(number, _)| number));
        assert_eq!(numbers, [Some(0), Some(1), Some(3), None]);
    }

    #[test]
    fn a_value_grants_what_its_pairs_say() {
        let pairs = [("", 3), ("admin", 0), ("admin", 2), ("administrator", 1), ("staff", 1), ("ädmin", 0)];
        let grants = Grants::new(pairs.map(|(value, role)| (value.to_owned(), RoleId(role))).into());
        for value in ["", "admin", "administrator", "staff", "ädmin", "Admin", "adminn", "a"] {
            let expected = pairs.iter().filter(|(known, _)| *known == value).map(|(_, role)| RoleId(*role));
            assert!(roles(&grants, value).into_iter().eq(expected), "{value}");
        }
        assert!(Grants::new(Vec::new()).of("admin").is_none());
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
        assert_eq!(roles(&grants, first), [RoleId(1), RoleId(2)]);
        assert_eq!(roles(&grants, second), [RoleId(3)]);
        assert!(Grants::new(grants.pairs()[2..].to_vec()).of(first).is_none());
    }
}
