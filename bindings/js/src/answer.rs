//! An answer as one run of bytes: words, then one text. JavaScript reads it out of the memory of the module, once.
//!
//! All words are `u32`, little-endian. The first is how many words there are, itself too; the text is UTF-8. A text stands in
//! the words as its length in UTF-16 code units, as JavaScript counts, or [`ABSENT`](crate::frame::ABSENT); the text behind
//! the words holds them all, in the same order. A list is its length, then its members.

use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::{Decision, LimitUse};
use gatelaw_host::Handling;

use crate::fault::Fault;
use crate::frame::ABSENT;

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
    }

    /// Ends the answer: its bytes stand in `out`, in place of what stood there.
    pub fn write_to(&mut self, out: &mut Vec<u8>) {
        let count = length(self.words.len() / 4).to_le_bytes();
        self.words.iter_mut().zip(count).for_each(|(word, byte)| *word = byte);
        out.clear();
        out.extend_from_slice(&self.words);
        out.extend_from_slice(self.text.as_bytes());
    }

    /// Adds a decision: effect, status and audit level; its texts; its lists.
    ///
    /// The digest of the policy is left out: whoever loaded the policy has it.
    pub fn decision(&mut self, decision: &Decision) {
        self.word(match decision.effect {
            Effect::Deny => 0,
            Effect::Allow => 1,
        });
        self.word(u32::from(decision.status));
        self.word(match decision.audit {
            AuditLevel::None => 0,
            AuditLevel::Brief => 1,
            AuditLevel::Full => 2,
        });
        self.text(&decision.reason.to_string());
        for text in [&decision.rule, &decision.challenge, &decision.text, &decision.target] {
            self.optional(text.as_deref());
        }
        self.pairs(&decision.set);
        self.texts(&decision.remove);
        self.list(&decision.limits, Self::limit);
        self.pairs(&decision.keep);
        self.texts(&decision.observed);
    }

    /// Adds what a gate does: 1 and target, names to drop and headers to set; or 0 and status, headers and body.
    pub fn handling(&mut self, handling: &Handling) {
        match handling {
            Handling::Answer(answer) => {
                self.word(0);
                self.word(u32::from(answer.status));
                self.pairs(&answer.headers);
                self.text(&answer.body);
            }
            Handling::Forward(forward) => {
                self.word(1);
                self.text(&forward.target);
                self.texts(&forward.drop);
                self.pairs(&forward.set);
            }
        }
    }

    /// Adds what went wrong: code, argument, sentence.
    pub fn fault(&mut self, fault: &Fault) {
        [fault.code, fault.at, &fault.message].into_iter().for_each(|text| self.text(text));
    }

    /// Adds a word.
    pub fn word(&mut self, word: u32) {
        self.words.extend_from_slice(&word.to_le_bytes());
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        self.word(length(units));
        self.text.push_str(text);
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.word(ABSENT),
        }
    }

    fn texts(&mut self, texts: &[String]) {
        self.list(texts, |answer, text| answer.text(text));
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        self.list(pairs, |answer, (name, value)| {
            answer.text(name);
            answer.text(value);
        });
    }

    fn limit(&mut self, limit: &LimitUse) {
        self.text(&limit.name);
        self.text(&limit.key);
        [limit.rate, limit.per_s, limit.burst].into_iter().for_each(|word| self.word(word));
    }

    fn list<T>(&mut self, members: &[T], add: impl Fn(&mut Self, &T)) {
        self.word(length(members.len()));
        members.iter().for_each(|member| add(self, member));
    }
}

/// Turns a length into a word. Memory of 32 bits holds none that doesn't fit.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(ABSENT)
}
