//! Host and method: the ends of the request that stand outside the target.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::bytes::{LABEL, METHOD, NAME, all, is};
use super::names::trim;
use super::{RawRequest, RefusalCode};
use crate::limits::{HOST_BYTES_MAX, LABEL_BYTES_MAX, METHOD_BYTES_MAX};

/// Refuses a `Host` line that names another host than the authority, whose canonical form is `host`; `line` is a buffer.
pub(super) fn judge_host_line(
    raw: &RawRequest<'_>,
    host: &str,
    line: &mut String,
) -> Result<(), RefusalCode> {
    let mut lines = raw.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"host"));
    let (Some((_, value)), None) = (lines.next(), lines.next()) else {
        return Ok(());
    };
    // A comma stands for a second line: `header-repeated` names that fault.
    if value.contains(&b',') || (canonical_host(trim(value), line) && line.as_str() == host) {
        return Ok(());
    }
    Err(RefusalCode::Host)
}

/// Writes the canonical form of an authority: lower case, without port; returns `false` where there is none.
///
/// A host is labels of letters, digits, `-` and `_` (so a name beyond ASCII stands as A-labels), a dotted IPv4 address, or
/// a bracketed IPv6 address without zone. Other spellings of an IPv4 address, such as `127.1` and `0x7f000001`, are none.
pub fn canonical_host(authority: &[u8], host: &mut String) -> bool {
    host.clear();
    let Ok(text) = std::str::from_utf8(authority) else {
        return false;
    };
    if is_plain_name(authority) {
        host.push_str(text);
        host.make_ascii_lowercase();
        return true;
    }
    match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, port))) => write_ipv6(address, host) && is_port(port),
        Some(None) => false,
        None => {
            let (name, port) =
                text.split_at_checked(text.find(':').unwrap_or(text.len())).unwrap_or((text, ""));
            write_name(name, host) && is_port(port)
        }
    }
}

/// Says whether an authority is a name without port that no URL parser takes for an address, as nearly all are.
///
/// A name this short has no label that is too long.
fn is_plain_name(authority: &[u8]) -> bool {
    let (mut before, mut first) = (b'.', b'.');
    for byte in authority {
        if before == b'.' {
            first = *byte;
            if first == b'.' {
                return false;
            }
        }
        before = *byte;
    }
    before != b'.'
        && first.is_ascii_alphabetic()
        && authority.len() <= LABEL_BYTES_MAX
        && all(NAME, authority)
}

fn write_ipv6(address: &str, host: &mut String) -> bool {
    address.parse::<Ipv6Addr>().is_ok_and(|address| write!(host, "[{address}]").is_ok())
}

fn write_name(name: &str, host: &mut String) -> bool {
    let last = name.rsplit('.').next().unwrap_or("");
    if name.len() > HOST_BYTES_MAX
        || !is_labels(name)
        || (is_number(last) && name.parse::<Ipv4Addr>().is_err())
    {
        return false;
    }
    host.push_str(name);
    host.make_ascii_lowercase();
    true
}

/// Says whether a text is labels with dots between them.
fn is_labels(name: &str) -> bool {
    let mut length = 0;
    for byte in name.bytes() {
        match byte {
            b'.' if length == 0 => return false,
            b'.' => length = 0,
            _ if length == LABEL_BYTES_MAX || !is(LABEL, byte) => return false,
            _ => length += 1,
        }
    }
    length != 0
}

/// Says whether URL parsers would take a host that ends in this label for an IPv4 address (WHATWG URL §3.5).
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|b| b.is_ascii_digit()) || hex.is_some_and(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Says whether a text is empty, or `:` and a port.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    port.bytes().all(|b| b.is_ascii_digit()) && port.len() <= 5 && port.parse::<u16>().is_ok()
}

/// Reads the method of a request into `method`.
pub(super) fn read_method(raw: &RawRequest<'_>, method: &mut String) -> Result<(), RefusalCode> {
    method.clear();
    method
        .push_str(known_method(raw.method).or_else(|| other_method(raw.method)).ok_or(RefusalCode::Method)?);
    Ok(())
}

/// Says whether a canonical request can have a method.
pub(crate) fn is_method(text: &str) -> bool {
    other_method(text.as_bytes()).is_some()
}

/// Finds a method among those that nearly every request has.
fn known_method(method: &[u8]) -> Option<&'static str> {
    match method {
        b"GET" => Some("GET"),
        b"HEAD" => Some("HEAD"),
        b"POST" => Some("POST"),
        b"PUT" => Some("PUT"),
        b"DELETE" => Some("DELETE"),
        b"PATCH" => Some("PATCH"),
        b"OPTIONS" => Some("OPTIONS"),
        _ => None,
    }
}

/// Reads any method that may be asked for.
fn other_method(method: &[u8]) -> Option<&str> {
    let fits = (1..=METHOD_BYTES_MAX).contains(&method.len()) && all(METHOD, method);
    let text = std::str::from_utf8(method).ok().filter(|_| fits)?;
    (!matches!(text, "CONNECT" | "TRACE")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authority: &str, expected: Option<&str>) {
        let mut host = String::from("before");
        let found = canonical_host(authority.as_bytes(), &mut host).then_some(host.as_str());
        assert_eq!(found, expected, "{authority:?}");
    }

    #[test]
    fn hosts_are_lower_case_without_port() {
        check("API.Example", Some("api.example"));
        check("api.example:443", Some("api.example"));
        check("localhost:65535", Some("localhost"));
        check("xn--bcher-kva.example", Some("xn--bcher-kva.example"));
        check("a_b-c.0x.example", Some("a_b-c.0x.example"));
        check("192.0.2.1:80", Some("192.0.2.1"));
        check("[2001:DB8::0:1]:80", Some("[2001:db8::1]"));
        check("[::ffff:192.0.2.1]", Some("[::ffff:192.0.2.1]"));
    }

    #[test]
    fn ambiguous_hosts_are_refused() {
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            ":80",
            "a:",
            "a:65536",
            "a:+80",
            "a:8 0",
            "a:80:80",
            "user@a",
            "a b",
            "a,b",
            "a#",
            "a/b",
            "a%61",
            "[fe80::1%eth0]",
            "[::1",
            "::1",
            "[::1]x",
            "[1.2.3.4]",
            "[]",
            "127.1",
            "1.2.3",
            "0x7f000001",
            "2130706433",
            "01.2.3.4",
            "1.2.3.4.5",
            "a.0X",
            "a.1",
            "bücher.example",
            "api\u{3002}example",
        ] {
            check(bad, None);
        }
        check(&"a".repeat(63), Some(&"a".repeat(63)));
        check(&"a".repeat(64), None);
        check(&["abc"; 63].join(".")[..251], Some(&["abc"; 63].join(".")[..251]));
        check(&"a.".repeat(127)[..253], Some(&"a.".repeat(127)[..253]));
        check(&format!("b{}", &"a.".repeat(127)[..253]), None);
    }

    #[test]
    fn methods_are_upper_case_tokens() {
        let long = "A".repeat(METHOD_BYTES_MAX + 1);
        let mut method = String::new();
        for good in ["GET", "M-SEARCH", "FOO", "GETT", "X!#$%&'*+.^_`|~9", &long[1..]] {
            assert_eq!(read_method(&RawRequest::new(good.as_bytes(), b"h", b"/"), &mut method), Ok(()));
            assert_eq!(method, good);
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
            let refused = read_method(&RawRequest::new(bad.as_bytes(), b"h", b"/"), &mut method);
            assert_eq!(refused, Err(RefusalCode::Method), "{bad:?}");
        }
    }

    /// The quick way is for nearly all requests, and says what the other does.
    #[test]
    fn what_nearly_every_request_has_is_read_the_quick_way() {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            assert_eq!(known_method(method.as_bytes()), Some(method));
            assert_eq!(other_method(method.as_bytes()), Some(method));
        }
        for other in ["get", "PURGE", "CONNECT", "TRACE", ""] {
            assert_eq!(known_method(other.as_bytes()), None);
        }
        for (host, expected) in [
            ("api.example", true),
            ("a.b-c.d_e.example", true),
            ("localhost", true),
            ("api.example:443", false),
            ("192.0.2.1", false),
            ("a.1", false),
            ("a..b", false),
            (".a", false),
            ("a.", false),
            ("", false),
        ] {
            assert_eq!(is_plain_name(host.as_bytes()), expected, "{host:?}");
        }
    }
}
