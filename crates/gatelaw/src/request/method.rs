//! The method: an upper-case token.

use super::RefusalCode;
use super::bytes::{METHOD, all};
use crate::limits::METHOD_BYTES_MAX;

/// The methods that nearly every request has: what is known of them by number needs no text.
pub(crate) const KNOWN_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

/// Holds the method of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Method {
    /// Which of [`KNOWN_METHODS`] it is.
    known: Option<usize>,
    /// Any other.
    other: String,
}

impl Method {
    pub(super) fn clear(&mut self) {
        self.known = None;
        self.other.clear();
    }

    /// Reads the method of a request, where none was read since it was cleared.
    pub(super) fn read(&mut self, method: &[u8]) -> Result<(), RefusalCode> {
        self.known = known(method);
        if self.known.is_none() {
            self.other.push_str(other(method).ok_or(RefusalCode::Method)?);
        }
        Ok(())
    }

    pub(super) fn known(&self) -> Option<usize> {
        self.known
    }

    pub(super) fn text(&self) -> &str {
        self.known.and_then(|known| KNOWN_METHODS.get(known)).copied().unwrap_or(&self.other)
    }
}

/// Says whether a canonical request can have a method.
pub(crate) fn is_method(text: &str) -> bool {
    other(text.as_bytes()).is_some()
}

/// Finds a method in [`KNOWN_METHODS`].
fn known(method: &[u8]) -> Option<usize> {
    match method {
        b"GET" => Some(0),
        b"HEAD" => Some(1),
        b"POST" => Some(2),
        b"PUT" => Some(3),
        b"DELETE" => Some(4),
        b"PATCH" => Some(5),
        b"OPTIONS" => Some(6),
        _ => None,
    }
}

/// Reads any method that may be asked for.
fn other(method: &[u8]) -> Option<&str> {
    let fits = (1..=METHOD_BYTES_MAX).contains(&method.len()) && all(METHOD, method);
    let text = std::str::from_utf8(method).ok().filter(|_| fits)?;
    (!matches!(text, "CONNECT" | "TRACE")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_upper_case_tokens() {
        let long = "A".repeat(METHOD_BYTES_MAX + 1);
        let mut method = Method::default();
        for good in ["GET", "M-SEARCH", "FOO", "GETT", "X!#$%&'*+.^_`|~9", &long[1..]] {
            method.clear();
            assert_eq!(method.read(good.as_bytes()), Ok(()));
            assert_eq!(method.text(), good);
        }
        for bad in [
            "",
            "get",
            "Get",
            "GET ",
            "GE T",
            "G@T",
            "GET/a",
            "G\0ET",
            "PUT\u{a0}",
            "CONNECT",
            "TRACE",
            &long,
        ] {
            method.clear();
            assert_eq!(method.read(bad.as_bytes()), Err(RefusalCode::Method), "{bad:?}");
            assert_eq!(method.text(), "");
        }
    }

    /// The quick way is for nearly all requests, and says what the other does.
    #[test]
    fn methods_that_are_known_are_read_as_any_other() {
        for (number, method) in KNOWN_METHODS.into_iter().enumerate() {
            assert_eq!(known(method.as_bytes()), Some(number));
            assert_eq!(other(method.as_bytes()), Some(method));
        }
        for unknown in ["get", "PURGE", "CONNECT", "TRACE", ""] {
            assert_eq!(known(unknown.as_bytes()), None);
        }
    }
}
