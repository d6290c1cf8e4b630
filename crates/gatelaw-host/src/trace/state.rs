//! `tracestate`: what tracing systems note beside a trace (W3C Trace Context §3.3).

use gatelaw::limits::{TRACE_KEY_BYTES_MAX, TRACE_MEMBERS_MAX, TRACE_VALUE_BYTES_MAX};

/// Holds the members of a `tracestate` in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State(Vec<(String, String)>);

impl State {
    /// Reads the lines of a header as one list. `None`: something in it is no member, or it has too many, so that none of it counts.
    pub(super) fn read(lines: &[&[u8]]) -> Option<Self> {
        let mut members: Vec<(String, String)> = Vec::new();
        for line in lines {
            let line = std::str::from_utf8(line).ok()?;
            for member in line.split(',') {
                let member = member.trim_matches([' ', '\t']);
                if member.is_empty() {
                    continue;
                }
                let (key, value) =
                    member.split_once('=').filter(|(key, value)| is_key(key) && is_value(value))?;
                if members.len() >= TRACE_MEMBERS_MAX {
                    return None;
                }
                // The first of two is the newer one: members are added in front.
                if !members.iter().any(|(known, _)| known == key) {
                    members.push((key.to_owned(), value.to_owned()));
                }
            }
        }
        Some(Self(members))
    }

    pub(super) fn written(&self) -> Option<String> {
        let members: Vec<String> = self.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        (!members.is_empty()).then(|| members.join(","))
    }
}

/// `( lcalpha / DIGIT ) 0*255 ( lcalpha / DIGIT / "_" / "-" / "*" / "/" / "@" )` (§3.3.1.3.1)
fn is_key(key: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_next = |byte: &u8| is_first(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= TRACE_KEY_BYTES_MAX
        && key
            .as_bytes()
            .split_first()
            .is_some_and(|(first, rest)| is_first(first) && rest.iter().all(is_next))
}

/// Printable ASCII without `,` and `=`, with no space at the end (§3.3.1.3.2).
fn is_value(value: &str) -> bool {
    (1..=TRACE_VALUE_BYTES_MAX).contains(&value.len())
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
        && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: Option<&str>) {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let written = State::read(&lines).map(|state| state.written().unwrap_or_default());
        assert_eq!(written.as_deref(), expected);
    }

    #[test]
    fn members_are_kept_in_order_and_the_first_of_two_counts() {
        check(&["a=1", "b=2,c=3"], Some("a=1,b=2,c=3"));
        check(&["a=1,b=2,a=3"], Some("a=1,b=2"));
        check(&["", " , ,", "a= b"], Some("a= b"));
        check(&[], Some(""));
    }

    #[test]
    fn one_wrong_member_spoils_all() {
        for bad in ["a", "=1", "a=", "A=1", "_a=1", "a.b=1", "a=1=2", "a=\u{e9}", "a\u{e9}=1", "a=\u{7f}"] {
            check(&["b=2", bad], None);
        }
        let value = |bytes: usize| format!("a={}", "x".repeat(bytes));
        check(&[&value(TRACE_VALUE_BYTES_MAX)], Some(&value(TRACE_VALUE_BYTES_MAX)));
        check(&[&value(TRACE_VALUE_BYTES_MAX + 1)], None);
        assert_eq!(State::read(&[&b"a=\xff"[..]]), None);
        // Members that stand again are not counted, as they are not kept.
        check(&[&vec!["a=1"; TRACE_MEMBERS_MAX + 1].join(",")], Some("a=1"));
    }
}
