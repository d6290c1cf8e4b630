//! The full names of rules: told once one decided, and never looked for.

/// Holds the full names of rules, by number, behind each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RuleNames {
    text: String,
    /// Where each ends; it begins where the one before it ends.
    ends: Vec<u32>,
}

impl RuleNames {
    /// Begins with the names behind each other, and room for where so many of them end.
    pub(crate) fn new(text: String, count: usize) -> Self {
        Self { text, ends: Vec::with_capacity(count) }
    }

    /// Cuts the next name off; `None` where it ends inside a character, or past the end.
    pub(crate) fn push(&mut self, len: u32) -> Option<()> {
        let end = self.ends.last().copied().unwrap_or(0).checked_add(len)?;
        self.text.is_char_boundary(usize::try_from(end).ok()?).then(|| self.ends.push(end))
    }

    /// Puts names behind each other; `None` where they are longer than 32 bits can say.
    pub(crate) fn of<'n>(names: impl ExactSizeIterator<Item = &'n str> + Clone) -> Option<Self> {
        let mut all = Self::new(names.clone().collect(), names.len());
        names.map(|name| u32::try_from(name.len()).ok()).try_for_each(|len| all.push(len?))?;
        Some(all)
    }

    /// Returns the names behind each other.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Counts the names.
    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Lists how long each name is.
    pub(crate) fn lens(&self) -> impl Iterator<Item = u32> {
        let starts = std::iter::once(&0).chain(&self.ends);
        self.ends.iter().zip(starts).map(|(end, start)| end.saturating_sub(*start))
    }

    /// Finds the name of a rule.
    pub(crate) fn find(&self, number: usize) -> Option<&str> {
        let end = self.ends.get(number)?;
        let start = number.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before))?;
        self.text.get(usize::try_from(*start).ok()?..usize::try_from(*end).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_numbers() {
        let all = ["orders/read", "", "größer", "z"];
        let names = RuleNames::of(all.into_iter()).unwrap();
        assert_eq!((names.count(), names.text()), (4, "orders/readgrößerz"));
        assert_eq!(names.lens().collect::<Vec<_>>(), [11, 0, 8, 1]);
        assert_eq!(
            [0, 1, 2, 3, 4].map(|number| names.find(number)),
            [&all.map(Some)[..], &[None]].concat()[..]
        );
        assert_eq!(RuleNames::default().find(0), None);
    }

    #[test]
    fn names_end_where_characters_do() {
        let cut = |lens: &[u32]| {
            let mut names = RuleNames::new("aüb".to_owned(), 0);
            lens.iter().try_for_each(|len| names.push(*len))
        };
        assert_eq!(cut(&[1, 2, 0, 1]), Some(()));
        assert_eq!(cut(&[2]), None);
        assert_eq!(cut(&[1, 2, 2]), None);
        assert_eq!(cut(&[1, u32::MAX]), None);
    }
}
