//! The texts that tables name.

use super::hash::{first_eight, hash_exact};

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
    text: &'t [u8],
    head: u64,
}

impl<'t> Sought<'t> {
    #[inline]
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, head: first_eight(text) }
    }

    /// Returns the hash of the text, as [`hash`](super::hash()) makes it.
    #[inline]
    pub(crate) fn hash(self) -> u32 {
        hash_exact(self.text, self.head)
    }
}

impl Strings {
    /// Takes texts that stand behind each other in `bytes`, by their lengths; `None` where one ends inside a character, or past the end.
    pub(crate) fn new(bytes: String, lens: &[u32]) -> Option<Self> {
        let mut start = 0_u32;
        let mut places = Vec::with_capacity(lens.len());
        for len in lens {
            let end = start.checked_add(*len)?;
            let text = bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
            places.push(Place { start, len: *len, head: first_eight(text.as_bytes()) });
            start = end;
        }
        Some(Self { bytes, places })
    }

    /// Returns the texts behind each other.
    pub(crate) fn bytes(&self) -> &str {
        &self.bytes
    }

    /// Lists how long each text is.
    pub(crate) fn lens(&self) -> impl ExactSizeIterator<Item = u32> {
        self.places.iter().map(|place| place.len)
    }

    /// Finds a text; empty where there is none.
    #[inline]
    pub(crate) fn text(&self, id: u32) -> &str {
        self.find(id).unwrap_or("")
    }

    /// Finds a text.
    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<&str> {
        self.place(id).map(|place| self.at(place))
    }

    /// Says whether a text is the one that is sought.
    #[inline]
    pub(crate) fn is(&self, id: u32, sought: Sought<'_>) -> bool {
        self.place(id).is_some_and(|place| {
            place.head == sought.head
                && usize::try_from(place.len) == Ok(sought.text.len())
                && (place.len <= 8 || self.at(place).as_bytes() == sought.text)
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

    fn of(texts: &[&str]) -> Strings {
        let lens: Vec<u32> = texts.iter().map(|text| u32::try_from(text.len()).unwrap()).collect();
        Strings::new(texts.concat(), &lens).unwrap()
    }

    const TEXTS: [&str; 9] =
        ["", "a", "b", "orders", "invoices", "invoices2", "invoices3", "a\0", "größer-als-acht"];

    #[test]
    fn a_text_is_itself_alone() {
        let strings = of(&TEXTS);
        for (id, text) in (0..).zip(TEXTS) {
            assert_eq!(strings.text(id), text);
            for other in TEXTS {
                assert_eq!(
                    strings.is(id, Sought::new(other.as_bytes())),
                    text == other,
                    "{text:?}, {other:?}"
                );
            }
        }
        assert!(!strings.is(9, Sought::new(b"")) && strings.text(9).is_empty());
    }

    #[test]
    fn lengths_past_the_end_or_that_cut_a_character_are_refused() {
        let strings = |lens: &[u32]| Strings::new("aüb".to_owned(), lens);
        let whole = strings(&[1, 2, 0, 1]).unwrap();
        assert_eq!(whole.lens().collect::<Vec<_>>(), [1, 2, 0, 1]);
        assert_eq!([whole.find(1), whole.find(2), whole.find(4)], [Some("ü"), Some(""), None]);
        for lens in [&[2][..], &[1, 1], &[5], &[4, 1], &[1, u32::MAX]] {
            assert_eq!(strings(lens), None, "{lens:?}");
        }
    }
}
