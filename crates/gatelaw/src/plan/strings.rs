//! The texts that tables name.

use super::hash::first_eight;

/// Holds the texts that tables name, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Strings {
    bytes: String,
    places: Vec<Place>,
}

/// Where a text stands, and how it begins: most texts that are looked up are told apart, and found equal, by this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    start: u32,
    len: u32,
    /// Its first eight bytes, as [`first_eight`] reads them.
    head: u64,
}

/// A text to look for, with its first eight bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sought<'t> {
    text: &'t str,
    head: u64,
}

impl<'t> Sought<'t> {
    #[inline]
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, head: first_eight(text) }
    }
}

impl Strings {
    /// Takes texts that stand behind each other in `bytes`, by where each ends; `None` where one ends inside a character, or
    /// before the one in front of it.
    pub(crate) fn new(bytes: String, ends: &[u32]) -> Option<Self> {
        let mut start = 0;
        let mut place = |end: &u32| {
            let range = usize::try_from(start).ok()?..usize::try_from(*end).ok()?;
            let head = first_eight(bytes.get(range)?);
            let place = Place { start, len: end.checked_sub(start)?, head };
            start = *end;
            Some(place)
        };
        let places = ends.iter().map(&mut place).collect::<Option<_>>()?;
        Some(Self { bytes, places })
    }

    /// Returns the texts behind each other.
    pub(crate) fn bytes(&self) -> &str {
        &self.bytes
    }

    /// Lists where each text ends.
    pub(crate) fn ends(&self) -> impl ExactSizeIterator<Item = u32> {
        self.places.iter().map(|place| place.start.saturating_add(place.len))
    }

    /// Finds a text; empty where there is none.
    #[inline]
    pub(crate) fn text(&self, id: u32) -> &str {
        self.place(id).map_or("", |place| self.at(place))
    }

    /// Says whether a text is the one that is sought.
    #[inline]
    pub(crate) fn is(&self, id: u32, sought: Sought<'_>) -> bool {
        self.place(id).is_some_and(|place| {
            place.head == sought.head
                && usize::try_from(place.len) == Ok(sought.text.len())
                && (place.len <= 8 || self.at(place) == sought.text)
        })
    }

    fn place(&self, id: u32) -> Option<&Place> {
        self.places.get(usize::try_from(id).ok()?)
    }

    fn at(&self, place: &Place) -> &str {
        let start = usize::try_from(place.start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(place.len).unwrap_or(usize::MAX));
        self.bytes.get(start..end).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 9] =
        ["", "a", "b", "orders", "invoices", "invoices2", "invoices3", "a\0", "größer-als-acht"];

    fn strings() -> Strings {
        let ends = TEXTS.iter().scan(0, |end, text| {
            *end += u32::try_from(text.len()).unwrap();
            Some(*end)
        });
        Strings::new(TEXTS.concat(), &ends.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_text_is_itself_alone() {
        let strings = strings();
        for (id, text) in (0..).zip(TEXTS) {
            assert_eq!(strings.text(id), text);
            for other in TEXTS {
                assert_eq!(strings.is(id, Sought::new(other)), text == other, "{text:?}, {other:?}");
            }
        }
        assert!(!strings.is(9, Sought::new("")) && strings.text(9).is_empty());
    }

    #[test]
    fn ends_that_go_back_or_cut_a_character_are_refused() {
        let strings = |ends: &[u32]| Strings::new("aüb".to_owned(), ends);
        let whole = strings(&[1, 3, 3, 4]).unwrap();
        assert_eq!(whole.ends().collect::<Vec<_>>(), [1, 3, 3, 4]);
        for ends in [&[2][..], &[3, 1], &[5], &[1, u32::MAX]] {
            assert_eq!(strings(ends), None, "{ends:?}");
        }
    }
}
