//! Headers: which lines matter, whether each has one meaning, and the values that a policy reads.
//!
//! Of several headers with one fault the least name is reported, because hosts hand lines over in different orders.

use super::bytes::{all_printed, has};
use super::names::{fold_into, is_token, trim, trim_text};
use super::reading::{Found, Header, Reading};
use super::{HeaderName, Part, RawRequest, RefusalCode, Refused};
use crate::limits::{HEADER_BYTES_MAX, HEADER_LINES_MAX};
use crate::sort::sort;

/// Holds the header lines that matter to a policy, and the values that it reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers {
    // INVARIANT: sorted once `classify` is through; (index of the header in the reading, index of the line).
    lines: Vec<(u32, u32)>,
    text: String,
    /// By slot: the lines of one header joined.
    joined: Vec<Option<Part>>,
    content_length: Option<i64>,
    folded: Vec<u8>,
}

impl Headers {
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.text.clear();
        self.joined.clear();
        self.content_length = None;
    }

    /// Reads and judges the header lines.
    pub(super) fn read(&mut self, raw: &RawRequest<'_>, reading: &Reading) -> Result<(), Refused> {
        let alias = self.classify(raw, reading)?;
        self.joined.resize(reading.needs().headers.len(), None);
        if self.lines.is_empty() && alias.is_none() {
            return Ok(());
        }
        self.judge_repeated(raw, reading)?;
        self.judge_values(raw, reading)?;
        if let Some(name) = alias {
            return Err(Refused { code: RefusalCode::HeaderAlias, header: Some(name) });
        }
        self.judge_hop_by_hop(raw, reading)?;
        self.join(raw, reading);
        Ok(())
    }

    /// Returns the lines of a header joined with `, `.
    pub(super) fn line(&self, slot: u32) -> Option<&str> {
        self.joined.get(usize::try_from(slot).ok()?)?.map(|part| part.of(&self.text))
    }

    /// Returns the number in the `content-length` header, where the policy reads it.
    pub(super) fn content_length(&self) -> Option<i64> {
        self.content_length
    }

    /// Lists the lines that matter, as the headers they belong to and their trimmed values.
    pub(super) fn lines<'a>(
        &self,
        raw: &'a RawRequest<'_>,
        reading: &'a Reading,
    ) -> impl Iterator<Item = (&'a Header, &'a [u8])> {
        self.lines.iter().filter_map(|(header, line)| {
            let (_, value) = raw.headers.get(usize::try_from(*line).ok()?)?;
            Some((reading.header(*header)?, trim(value)))
        })
    }

    /// Judges names and sizes, and finds the lines that matter; returns the least name that is an alias of a header that is read.
    fn classify(
        &mut self,
        raw: &RawRequest<'_>,
        reading: &Reading,
    ) -> Result<Option<HeaderName>, RefusalCode> {
        let (mut alias, mut bytes): (Option<HeaderName>, usize) = (None, 0);
        for (line, (name, value)) in (0..).zip(raw.headers) {
            if !is_token(name) {
                return Err(RefusalCode::HeaderName);
            }
            bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
            match reading.find(name, &mut self.folded) {
                Found::Nothing => {}
                Found::Header(header) => self.lines.push((header, line)),
                Found::Alias => {
                    let name = HeaderName::new(name);
                    alias = Some(alias.map_or(name, |least| least.min(name)));
                }
            }
        }
        if raw.headers_cut || raw.headers.len() > HEADER_LINES_MAX || bytes > HEADER_BYTES_MAX {
            return Err(RefusalCode::HeaderLimits);
        }
        sort(&mut self.lines);
        Ok(alias)
    }

    fn judge_repeated(&self, raw: &RawRequest<'_>, reading: &Reading) -> Result<(), Refused> {
        let mut before: Option<&Header> = None;
        for (header, value) in self.lines(raw, reading).filter(|(header, _)| header.single) {
            let is_second = before.is_some_and(|b| b.name == header.name);
            if is_second || has_second_value(&header.name, value) {
                return Err(Refused::header(RefusalCode::HeaderRepeated, header.name.as_bytes()));
            }
            before = Some(header);
        }
        Ok(())
    }

    fn judge_values(&mut self, raw: &RawRequest<'_>, reading: &Reading) -> Result<(), Refused> {
        let mut content_length = None;
        for (header, value) in self.lines(raw, reading).filter(|(header, _)| header.judged) {
            let refused = Refused::header(RefusalCode::HeaderValue, header.name.as_bytes());
            if !is_text(value) {
                return Err(refused);
            }
            if header.name == "content-length" && reading.needs().facts.size {
                content_length = Some(read_number(value).ok_or(refused)?);
            }
        }
        self.content_length = content_length;
        Ok(())
    }

    fn judge_hop_by_hop(&mut self, raw: &RawRequest<'_>, reading: &Reading) -> Result<(), Refused> {
        let mut least: Option<HeaderName> = None;
        let mut folded = std::mem::take(&mut self.folded);
        let is_list = |header: &Header| matches!(header.name.as_str(), "connection" | "proxy-connection");
        for (_, value) in self.lines(raw, reading).filter(|(header, _)| is_list(header)) {
            for name in value.split(|b| *b == b',').map(trim) {
                fold_into(name, &mut folded);
                if reading.keeps(&folded) {
                    let name = HeaderName::new(name);
                    least = Some(least.map_or(name, |least| least.min(name)));
                }
            }
        }
        self.folded = folded;
        match least {
            Some(_) => Err(Refused { code: RefusalCode::HopByHop, header: least }),
            None => Ok(()),
        }
    }

    /// Joins the lines of each header that a policy reads.
    fn join(&mut self, raw: &RawRequest<'_>, reading: &Reading) {
        for (header, line) in &self.lines {
            let slot = reading.header(*header).and_then(|h| h.slot).and_then(|s| usize::try_from(s).ok());
            let Some(joined) = slot.and_then(|s| self.joined.get_mut(s)) else { continue };
            let value =
                usize::try_from(*line).ok().and_then(|line| raw.headers.get(line)).map(|(_, v)| trim(v));
            let Some(text) = value.and_then(|v| std::str::from_utf8(v).ok()) else { continue };
            // The lines of one header follow each other, so that its part grows at the end of the text.
            match joined {
                None => *joined = Some(Part::push(&mut self.text, text)),
                Some(part) => {
                    self.text.push_str(", ");
                    part.end = Part::push(&mut self.text, text).end;
                }
            }
        }
        for part in self.joined.iter_mut().flatten() {
            // A host that joins lines hands over `a, ` for `a` and an empty line: trimmed again, both are one.
            let line = part.of(&self.text);
            let trimmed = trim_text(line);
            let before = line.len() - line.trim_start_matches([' ', '\t']).len();
            *part = Part { start: part.start + before, end: part.start + before + trimmed.len() };
        }
    }
}

/// Splits a header's joined line into the members of its set.
pub(super) fn members(line: &str) -> impl Iterator<Item = &str> + Clone {
    line.split(',').map(trim_text).filter(|member| !member.is_empty())
}

/// Returns a header's value where it has exactly one.
pub(super) fn only(line: &str) -> Option<&str> {
    (!line.is_empty() && !line.contains(',')).then_some(line)
}

/// Says whether bytes are UTF-8 without control characters, and without what a host makes of other bytes.
fn is_text(value: &[u8]) -> bool {
    all_printed(value) || is_other_text(value)
}

/// Says the same of a value that has more than printed ASCII, as few have.
fn is_other_text(value: &[u8]) -> bool {
    let is_control = |b: &u8| b.is_ascii_control() && *b != b'\t';
    !value.iter().any(is_control)
        && std::str::from_utf8(value).is_ok_and(|text| !text.contains(char::REPLACEMENT_CHARACTER))
}

fn read_number(value: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(value).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Says whether the line of a single-valued header may stand for two lines that a host joined.
fn has_second_value(name: &str, value: &[u8]) -> bool {
    has(b',', value) && (name != "authorization" || are_credentials_cut(value))
}

/// Says whether one of the commas of an `authorization` stands elsewhere than between parameters of one scheme.
fn are_credentials_cut(value: &[u8]) -> bool {
    let mut parts = value.split(|b| *b == b',').map(trim);
    let first = parts.next().unwrap_or(value);
    let scheme_end = first.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(first.len());
    let (scheme, rest) = first.split_at_checked(scheme_end).unwrap_or((first, b""));
    let mut parts = parts.peekable();
    // Only between parameters a comma belongs to the value (RFC 9110 §11.4). Quotes have no meaning here: where two lines
    // were joined, they may begin in one and end in the other.
    parts.peek().is_some()
        && (scheme.eq_ignore_ascii_case(b"bearer")
            || !is_token(scheme)
            || !is_parameter(trim(rest))
            || !parts.all(is_parameter))
}

/// Says whether bytes begin as `name=value`.
fn is_parameter(part: &[u8]) -> bool {
    let equals = part.iter().position(|b| *b == b'=');
    let split = equals.and_then(|at| part.split_at_checked(at));
    split.is_some_and(|(name, value)| is_token(name) && value.get(1).is_some_and(|b| *b != b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECES: [&[u8]; 22] = [
        b"",
        b" ",
        b"\t",
        b",",
        b"=",
        b"a",
        b"Bearer",
        b"Basic",
        b"Digest",
        b"e30.e30.e30",
        b"a=b",
        b"a==",
        b"a=\"b",
        b"\x00",
        b"\x1f",
        b"\x7f",
        b"\x80",
        "é".as_bytes(),
        "\u{fffd}".as_bytes(),
        b"\xef\xbf",
        b"\xf0\x9f\x98",
        b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    /// Every value of four pieces.
    fn values() -> impl Iterator<Item = Vec<u8>> {
        let piece = |number: usize, digit| PIECES[number / PIECES.len().pow(digit) % PIECES.len()];
        (0..PIECES.len().pow(4))
            .map(move |number| (0..4).flat_map(|digit| piece(number, digit)).copied().collect())
    }

    #[test]
    fn the_short_way_calls_text_what_the_long_way_does() {
        let (mut short, mut other) = (0, 0);
        for value in values() {
            let is_other = is_other_text(&value);
            assert_eq!(is_text(&value), is_other, "{value:?}");
            (short, other) = (
                short + usize::from(all_printed(&value)),
                other + usize::from(is_other && !all_printed(&value)),
            );
        }
        assert!(short > 10_000 && other > 1_000, "{short} and {other} values");
    }

    /// What a value that a host may have joined of two lines is by the words of the design, comma or none.
    fn is_joined(name: &str, value: &[u8]) -> bool {
        if name != "authorization" {
            return value.contains(&b',');
        }
        are_credentials_cut(value)
    }

    #[test]
    fn values_without_commas_are_one() {
        for value in values() {
            for name in ["authorization", "host"] {
                assert_eq!(has_second_value(name, &value), is_joined(name, &value), "{name}: {value:?}");
            }
        }
    }
}
