//! Why a request is refused.

use std::fmt;

use crate::limits::REFUSED_NAME_BYTES_MAX;

/// Says why a request has no one meaning. The host answers 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub code: RefusalCode,
    /// The header at fault, where one is.
    pub header: Option<HeaderName>,
}

impl Refused {
    /// Refuses for a fault in one header.
    pub(super) fn header(code: RefusalCode, name: &[u8]) -> Self {
        Self { code, header: Some(HeaderName::new(name)) }
    }
}

impl From<RefusalCode> for Refused {
    fn from(code: RefusalCode) -> Self {
        Self { code, header: None }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())?;
        match &self.header {
            Some(name) => write!(f, ":{}", name.as_str()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refused {}

/// Holds the lower-case name of a header in place, so that refusing allocates nothing.
///
/// Names longer than [`REFUSED_NAME_BYTES_MAX`] bytes are cut.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName {
    // INVARIANT: ASCII, lower case, zero behind `length`: the derived order is the byte order of names.
    bytes: [u8; REFUSED_NAME_BYTES_MAX],
    length: u8,
}

impl HeaderName {
    pub(super) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; REFUSED_NAME_BYTES_MAX];
        let mut length = 0;
        for (to, from) in bytes.iter_mut().zip(name) {
            *to = if from.is_ascii() { from.to_ascii_lowercase() } else { b'?' };
            length += 1;
        }
        Self { bytes, length }
    }

    /// Reads the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Names what is wrong with a refused request. The list is closed; names are stable.
        ///
        /// Codes are looked for in this order, so that a request with two faults has one code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode {
            $($(#[$doc])* $variant,)*
        }

        impl RefusalCode {
            /// Lists every code, in the order they are looked for.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Names the code.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

refusal_codes! {
    /// The authority is no canonical host, or a `Host` line names another one.
    Host = "host",
    /// No upper-case token, or `CONNECT` or `TRACE`.
    Method = "method",
    /// The target doesn't start with `/`.
    NotOriginForm = "not-origin-form",
    /// A raw `#` in the target.
    RawHash = "raw-#",
    /// A raw byte outside 0x21–0x7E in the target.
    CtlOrNonascii = "ctl-or-nonascii",
    /// A raw `\` in the target.
    Backslash = "backslash",
    /// A path, segment or query that is too long or has too many parts.
    Limits = "limits",
    /// A `%` without two hex digits in the path.
    BadPct = "bad-pct",
    /// An escaped control character in the path.
    PctCtl = "pct-ctl",
    /// `%2F` in the path.
    PctSlash = "pct-slash",
    /// `%5C` in the path.
    PctBackslash = "pct-backslash",
    /// `%25` in the path.
    PctPct = "pct-pct",
    /// `%3B` in the path.
    PctSemicolon = "pct-semicolon",
    /// `%3F` or `%23` in the path.
    PctDelim = "pct-delim",
    /// A raw byte that RFC 3986 doesn't allow in a path, or `"`, `<`, `>` in a query.
    RawIllegal = "raw-illegal",
    /// A segment that is not UTF-8.
    BadUtf8 = "bad-utf8",
    /// A segment `.` or `..`.
    DotSegment = "dot-segment",
    /// A `;` in the path, or nothing before it where path parameters are relaxed.
    PathParam = "path-param",
    /// A segment with a space at an end.
    EdgeSpace = "edge-space",
    /// An empty segment that is not the last.
    EmptySegment = "empty-segment",
    /// A header's name is no token (RFC 9110 §5.1).
    HeaderName = "header-name",
    /// Too many header lines, too many bytes, or a host that stopped before the last line.
    HeaderLimits = "header-limits",
    /// A second line, or a comma, of a header that has one value.
    HeaderRepeated = "header-repeated",
    /// A value with control characters, that is not UTF-8, or not of its header's form.
    HeaderValue = "header-value",
    /// A second spelling of a header that is read, such as `x_tenant` for `x-tenant`.
    HeaderAlias = "header-alias",
    /// `Connection` names a header that is read, set or trusted.
    HopByHop = "hop-by-hop",
    /// More than one `Cookie` line, or one that can't be read.
    Cookie = "cookie",
    /// A query pair that is read can't be decoded.
    Query = "query",
    /// The header with the client's address has an entry that is no address.
    ClientIp = "client-ip",
    /// Tokens in two places at once.
    TwoTokens = "two-tokens",
    /// A value that is too long to be matched.
    ValueLimits = "value-limits",
}

impl RefusalCode {
    /// Finds a code by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_the_header_in_lower_case() {
        assert_eq!(Refused::header(RefusalCode::HeaderValue, b"X-Role").to_string(), "header-value:x-role");
        assert_eq!(Refused::from(RefusalCode::RawHash).to_string(), "raw-#");
        let long = Refused::header(RefusalCode::HopByHop, &[b'X'; 1000]);
        assert_eq!(long.to_string().len(), "hop-by-hop:".len() + REFUSED_NAME_BYTES_MAX);
    }

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in RefusalCode::ALL {
            assert_eq!(RefusalCode::from_name(code.name()), Some(*code));
        }
        assert_eq!(RefusalCode::from_name("header-value:x"), None);
    }
}
