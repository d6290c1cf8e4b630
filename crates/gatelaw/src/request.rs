//! The canonical request: one meaning for the bytes of a request, at every gate, or a refusal.
//!
//! [`Canonical`] reads a [`RawRequest`] in two stages, because what the second may do depends on what the first finds:
//! the host decides about relaxations, host and path about `tokens ignore`. What is ambiguous is [`Refused`]; nothing
//! is repaired. A canonical form that has been used before allocates nothing.

mod authority;
mod bytes;
mod canonical;
mod client;
mod cookies;
mod facts;
mod headers;
mod method;
mod names;
mod pairs;
mod query;
mod raw;
mod reading;
mod refused;
mod segment;
mod target;
mod tokens;

pub use authority::canonical_host;
pub use canonical::Canonical;
pub use client::client_ip;
pub(crate) use facts::{is_country, is_fingerprint};
pub(crate) use method::{KNOWN_METHODS, is_method};
pub use names::{
    ALWAYS_REMOVED, FRAMING, HOP_BY_HOP, RESERVED_IDENTITY, RESERVED_IDENTITY_PREFIXES, SINGLE_VALUED, fold,
    is_always_removed, is_always_removed_as_spelt, is_reserved_identity, is_same_fold,
};
pub use raw::{Fact, Facts, RawRequest, Scheme};
pub use reading::Reading;
pub use refused::{HeaderName, RefusalCode, Refused};
pub use tokens::{Token, TokenSource};

/// Marks a piece of a text buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    start: usize,
    end: usize,
}

impl Part {
    /// Appends a text to a buffer and marks it there.
    fn push(buffer: &mut String, text: &str) -> Self {
        let start = buffer.len();
        buffer.push_str(text);
        Self { start, end: buffer.len() }
    }

    /// Reads the piece back.
    fn of(self, buffer: &str) -> &str {
        buffer.get(self.start..self.end).unwrap_or("")
    }
}
