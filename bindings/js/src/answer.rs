//! An answer as one run of bytes: words, then one text. JavaScript reads it out of the memory of the module, once.
//!
//! All words are `u32`, little-endian. The first is how many words there are, itself too, the second how many bytes the text has, which
//! is UTF-8. A text stands in the words as its length in UTF-16 code units, as JavaScript counts, or all ones where it is absent; the text behind
//! the words holds them all, in the same order. A list is its length, then its members.

#[cfg(feature = "evaluator")]
mod decided;

#[cfg(any(feature = "evaluator", feature = "tokens"))]
use crate::fault::Fault;
use crate::words::ABSENT;

/// Collects an answer, in buffers that are used again.
#[derive(Debug, Default)]
pub struct Answer {
    words: Vec<u8>,
    text: String,
}

impl Answer {
    /// Begins anew.
    pub fn clear(&mut self) {
        self.words.clear();
        self.text.clear();
        self.word(0);
        self.word(0);
    }

    /// Ends the answer: its bytes stand in `out`, whose room is the answer's now.
    pub fn write_to(&mut self, out: &mut Vec<u8>) {
        let head = [self.words.len() / 4, self.text.len()].map(|number| length(number).to_le_bytes());
        if let Some(words) = self.words.as_chunks_mut::<4>().0.first_chunk_mut() {
            *words = head;
        }
        std::mem::swap(&mut self.words, out);
        out.extend_from_slice(self.text.as_bytes());
    }

    /// Adds a word.
    pub fn word(&mut self, word: u32) {
        self.words.extend_from_slice(&word.to_le_bytes());
    }

    /// Adds words that every answer of its kind has.
    #[cfg(feature = "evaluator")]
    fn words<const COUNT: usize>(&mut self, words: [u32; COUNT]) {
        self.words.extend_from_slice(words.map(u32::to_le_bytes).as_flattened());
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        self.word(length(units));
        self.text.push_str(text);
    }

    /// Adds what went wrong: code, argument, sentence.
    #[cfg(any(feature = "evaluator", feature = "tokens"))]
    pub fn fault(&mut self, fault: &Fault) {
        [fault.code, &fault.at, &fault.message].into_iter().for_each(|text| self.text(text));
    }
}

/// Turns a length into a word. Memory of 32 bits holds none that doesn't fit.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(ABSENT)
}
