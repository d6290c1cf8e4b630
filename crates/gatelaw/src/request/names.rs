//! Names of headers: how spellings are compared, and which names are special everywhere.

use super::bytes::{TOKEN, all};

/// Names the headers that have one value: a second line, or a comma where none belongs, is refused.
///
/// `txn-token` carries the assertion from edge to gateway. Sorted.
pub const SINGLE_VALUED: &[&str] = &["authorization", "content-length", "host", "traceparent", "txn-token"];

/// Names the headers that belong to one connection (RFC 9110 §7.6.1) and are never forwarded or set. Sorted.
pub const HOP_BY_HOP: &[&str] = &[
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Names the headers that say where a message ends. Sorted.
pub const FRAMING: &[&str] = &["content-length", "transfer-encoding"];

/// Names, by fold, headers that upstreams obey in place of the request line: always removed. Sorted.
///
/// [`RESERVED_IDENTITY`] and [`RESERVED_IDENTITY_PREFIXES`] are always removed too, see [`is_always_removed`].
pub const ALWAYS_REMOVED: &[&str] = &[
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-middleware-subrequest",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
];

/// Names, by fold, headers in which upstreams expect an identity that the gate vouches for. Sorted.
pub const RESERVED_IDENTITY: &[&str] = &[
    "txn-token",
    "x-anonymous-consumer",
    "x-authenticated-groups",
    "x-credential-identifier",
    "x-forwarded-access-token",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-user",
];

/// Names, by fold, how further reserved identity headers begin. Sorted.
pub const RESERVED_IDENTITY_PREFIXES: &[&str] = &["x-auth-request-", "x-consumer-", "x-gatelaw-"];

/// Folds a name: lower case, `_` and `.` to `-`.
///
/// CGI-style upstreams and Kong's `get_header` take names with one fold for one header.
#[must_use]
pub fn fold(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '_' | '.' => '-',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}

/// Says whether two names have one fold, without writing it.
#[must_use]
pub fn is_same_fold(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| fold_byte(*a) == fold_byte(*b))
}

/// Folds a name into a buffer.
pub(super) fn fold_into(name: &[u8], buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend(name.iter().copied().map(fold_byte));
}

pub(super) fn fold_byte(byte: u8) -> u8 {
    FOLDED.get(usize::from(byte)).copied().unwrap_or(byte)
}

/// By byte: what it is folded to.
const FOLDED: [u8; 256] = folded();

#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "runs when this is compiled, and can fail only then"
)]
const fn folded() -> [u8; 256] {
    let mut folded = [0; 256];
    let mut at = 0;
    while at < 256 {
        folded[at] = match at as u8 {
            b'_' | b'.' => b'-',
            byte => byte.to_ascii_lowercase(),
        };
        at += 1;
    }
    folded
}

/// Says whether a folded name is a reserved identity header's.
#[must_use]
pub fn is_reserved_identity(folded: &str) -> bool {
    is_reserved_identity_bytes(folded.as_bytes())
}

/// Says whether a header is removed before every forwarding, whatever the policy says, by its folded name.
#[must_use]
pub fn is_always_removed(folded: &str) -> bool {
    ALWAYS_REMOVED.contains(&folded) || is_reserved_identity(folded)
}

/// Says of a name as it came what [`is_always_removed`] says of its fold, which isn't written for that.
#[must_use]
pub fn is_always_removed_as_spelt(name: &[u8]) -> bool {
    let is_spelling_of = |other: &&str| is_same_fold(other.as_bytes(), name);
    let begins_with =
        |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| is_same_fold(prefix.as_bytes(), start));
    ALWAYS_REMOVED.iter().chain(RESERVED_IDENTITY).any(is_spelling_of)
        || RESERVED_IDENTITY_PREFIXES.iter().any(begins_with)
}

pub(super) fn is_reserved_identity_bytes(folded: &[u8]) -> bool {
    RESERVED_IDENTITY.iter().any(|name| name.as_bytes() == folded)
        || RESERVED_IDENTITY_PREFIXES.iter().any(|prefix| folded.starts_with(prefix.as_bytes()))
}

/// Says whether bytes are a token (RFC 9110 §5.6.2).
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all(TOKEN, bytes)
}

/// Takes away white space (RFC 9110 §5.6.3: space and tab, nothing else) at both ends.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Takes away white space at both ends of a text, as [`trim`] does.
pub(super) fn trim_text(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_join_every_spelling_of_a_name() {
        for spelling in ["X-Gate-Sub", "x_gate_sub", "X.GATE_Sub"] {
            assert_eq!(fold(spelling), "x-gate-sub");
            let mut buffer = Vec::new();
            fold_into(spelling.as_bytes(), &mut buffer);
            assert_eq!(buffer, b"x-gate-sub");
        }
        assert_eq!(fold("é_"), "é-");
    }

    #[test]
    fn lists_are_sorted_and_folded() {
        let lists = [
            SINGLE_VALUED,
            HOP_BY_HOP,
            FRAMING,
            ALWAYS_REMOVED,
            RESERVED_IDENTITY,
            RESERVED_IDENTITY_PREFIXES,
        ];
        for list in lists {
            assert!(list.is_sorted());
            assert!(list.iter().all(|name| fold(name) == *name));
        }
    }

    #[test]
    fn reserved_headers_are_always_removed() {
        for name in
            ["x-consumer-id", "X_Consumer_Groups", "txn-token", "x-auth-request-user", "X-Rewrite-URL"]
        {
            assert!(is_always_removed(&fold(name)), "{name}");
            assert!(is_always_removed_as_spelt(name.as_bytes()), "{name}");
        }
        for name in ["x-consumer", "x-forwarded-for", "authorization"] {
            assert!(!is_always_removed(&fold(name)), "{name}");
            assert!(!is_always_removed_as_spelt(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_are_compared_as_their_folds_are() {
        let names = ["x-a", "X-A", "x_a", "X.A", "x-b", "x-a-", "x-", "", "x\u{e9}a"];
        for (one, other) in names.iter().flat_map(|one| names.map(|other| (*one, other))) {
            let expected = fold(one) == fold(other);
            assert_eq!(is_same_fold(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_spaces_and_tabs_are_trimmed() {
        assert_eq!(trim(b" \ta b\t "), b"a b");
        assert_eq!(trim(b" \t"), b"");
        assert_eq!(trim(b"\x0ba\x0b"), b"\x0ba\x0b");
        assert_eq!(trim("\u{a0}a".as_bytes()), "\u{a0}a".as_bytes());
    }
}
