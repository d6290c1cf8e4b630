//! The list.

/// Lists every feature that the corpus must cover, sorted.
#[must_use]
pub fn all() -> Vec<String> {
    Vec::new()
}
