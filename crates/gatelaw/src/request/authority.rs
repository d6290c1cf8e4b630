//! The host: what it is called, and whether all that name it agree.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::bytes::{LABEL, NAME, all, is};
use super::names::trim;
use super::{RawRequest, RefusalCode};
use crate::limits::{HOST_BYTES_MAX, LABEL_BYTES_MAX};

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

    /// The quick way is for nearly all requests.
    #[test]
    fn a_host_that_is_a_plain_name_is_read_the_quick_way() {
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
