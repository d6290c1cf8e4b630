//! What is written for a call that is about no request: a time, and texts one after the other.
//!
//! Words, then texts: how many words there are, the time in two of them, then the lengths of the texts that the export names, which stand
//! behind the words.

use crate::words::{Texts, split};

/// Takes one text after the other.
pub(crate) struct Call<'c> {
    /// The time, in Unix seconds.
    pub(crate) now: i64,
    /// Those that are left, the next one last.
    lengths: Vec<u32>,
    texts: Texts<'c>,
}

impl<'c> Call<'c> {
    pub(crate) fn read(bytes: &'c [u8]) -> Option<Self> {
        let (mut words, texts) = split(bytes)?;
        let now = words.integer()?;
        let mut lengths: Vec<u32> = std::iter::from_fn(|| words.next()).collect();
        lengths.reverse();
        Some(Self { now, lengths, texts })
    }

    /// Takes the next text, whatever its bytes.
    pub(crate) fn bytes(&mut self) -> Option<&'c [u8]> {
        self.lengths.pop().and_then(|length| self.texts.bytes(length))
    }

    pub(crate) fn text(&mut self) -> Option<&'c str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// Says whether all texts were taken.
    #[cfg(feature = "tokens")]
    pub(crate) fn is_over(&self) -> bool {
        self.lengths.is_empty()
    }
}
