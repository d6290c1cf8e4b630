//! Values as text, for headers and records.

use std::fmt::Write;
use std::net::IpAddr;

use crate::ast::Weekday;
use crate::limits::FORWARD_VALUE_BYTES_MAX;
use crate::time::write_instant;

/// Holds one value that becomes text. Members of a set are joined with `,` by whoever has the set, in byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text<'a> {
    /// `true`, `false`
    Bool(bool),
    /// Decimal.
    Int(i64),
    /// As it is.
    String(&'a str),
    /// RFC 5952.
    Ip(IpAddr),
    /// Whole seconds, decimal.
    Duration(i64),
    /// RFC 3339 with `Z`, from Unix seconds.
    Instant(i64),
    /// `HH:MM`, from seconds since midnight.
    Clock(u32),
    /// `mon`
    Weekday(Weekday),
}

impl Text<'_> {
    /// Appends the text; allocates nothing where `out` has room. Returns whether there is one: an instant outside of the
    /// years 0000 to 9999 has none, and nothing is appended.
    pub fn push(self, out: &mut String) -> bool {
        let written = match self {
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) | Self::Duration(value) => write!(out, "{value}"),
            Self::String(value) => out.write_str(value),
            Self::Ip(value) => write!(out, "{value}"),
            Self::Instant(value) => write_instant(value, out),
            Self::Clock(second) => write!(out, "{:02}:{:02}", second / 3600, second / 60 % 60),
            Self::Weekday(day) => out.write_str(day.word()),
        };
        written.is_ok()
    }
}

/// Says whether a text can be the value of a header that `forward` sets: no control characters, no space at an end, at most
/// [`FORWARD_VALUE_BYTES_MAX`] bytes.
#[must_use]
pub fn is_forwardable(text: &str) -> bool {
    text.len() <= FORWARD_VALUE_BYTES_MAX
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.bytes().any(|b| b.is_ascii_control())
}

/// Says whether a member of a set can stand in a header that `forward` sets: the members are joined with `,`.
#[must_use]
pub fn is_forwardable_member(text: &str) -> bool {
    !text.contains(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_text() {
        for (value, expected) in [
            (Text::Bool(true), "true"),
            (Text::Int(-42), "-42"),
            (Text::String("a b"), "a b"),
            (Text::Ip("2001:DB8:0::1".parse().unwrap()), "2001:db8::1"),
            (Text::Ip("10.0.0.1".parse().unwrap()), "10.0.0.1"),
            (Text::Duration(900), "900"),
            (Text::Instant(0), "1970-01-01T00:00:00Z"),
            (Text::Clock(22 * 3600 + 5 * 60 + 59), "22:05"),
            (Text::Weekday(Weekday::Mon), "mon"),
        ] {
            let mut text = String::new();
            assert!(value.push(&mut text));
            assert_eq!(text, expected);
        }
        assert!(!Text::Instant(i64::MAX).push(&mut String::new()));
    }

    #[test]
    fn headers_carry_only_what_arrives_as_sent() {
        let long = "x".repeat(FORWARD_VALUE_BYTES_MAX);
        for good in ["", "a b", "a,b", "é", long.as_str()] {
            assert!(is_forwardable(good), "{good}");
        }
        for bad in [" a", "a ", "a\tb", "a\r\nX: y", "\u{7f}", "\0", &format!("{long}x")] {
            assert!(!is_forwardable(bad), "{bad}");
        }
        assert!(is_forwardable_member("a b") && !is_forwardable_member("a,b"));
    }
}
