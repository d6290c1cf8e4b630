//! What a policy reads, ready to be looked up by the names of a request.

use super::names::{SINGLE_VALUED, fold, fold_byte, fold_into, is_reserved_identity_bytes, is_token};
use crate::needs::{Named, Needs};
use crate::sort::{sort, sort_each_once};

/// Names headers whose values are always judged: servers act on them whatever a policy reads. Sorted.
const ALWAYS_JUDGED: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Holds a policy's [`Needs`] with the headers they name sorted by fold; made once a policy, read by every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    needs: Needs,
    // INVARIANT: sorted by fold, then name; one entry a name.
    headers: Vec<Header>,
    // INVARIANT: sorted folds of the headers that no `Connection` may name, besides the reserved ones.
    kept: Vec<String>,
    /// Which [`sieve_bit`]s some header has: most lines of a request are let go here.
    sieve: [u64; 4],
}

/// Says what one header name means to a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Header {
    pub(super) fold: String,
    /// Lower case.
    pub(super) name: String,
    /// Index into [`Needs::headers`].
    pub(super) slot: Option<u32>,
    /// Index into [`Needs::token_headers`].
    pub(super) token: Option<u32>,
    /// A second line or a comma is refused.
    pub(super) single: bool,
    /// Control characters and bytes that are not UTF-8 are refused.
    pub(super) judged: bool,
    /// Another spelling of the fold is refused.
    pub(super) read: bool,
}

/// Says what a request's header line is to a policy.
pub(super) enum Found {
    /// No header that matters.
    Nothing,
    /// The header at this index of [`Reading::header`].
    Header(u32),
    /// Another spelling of a header that is read.
    Alias,
}

impl Reading {
    /// Prepares the needs of a policy.
    #[must_use]
    pub fn new(needs: Needs) -> Self {
        let headers = headers(&needs);
        let mut kept: Vec<_> = needs.sets.iter().map(|name| fold(name)).collect();
        kept.extend(headers.iter().filter(|h| h.read).map(|h| h.fold.clone()));
        kept.push("host".into());
        sort_each_once(&mut kept);
        let mut sieve = [0; 4];
        for header in &headers {
            let (word, bit) = sieve_bit(header.fold.as_bytes());
            sieve.iter_mut().skip(word).take(1).for_each(|w| *w |= bit);
        }
        Self { needs, headers, kept, sieve }
    }

    /// Returns the needs.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    pub(super) fn header(&self, index: u32) -> Option<&Header> {
        self.headers.get(usize::try_from(index).ok()?)
    }

    /// Says whether the request's cookies are read.
    pub(super) fn reads_cookies(&self) -> bool {
        !self.needs.cookies.is_empty() || !self.needs.token_cookies.is_empty()
    }

    /// Finds what a header line is; `folded` is a buffer.
    #[inline]
    pub(super) fn find(&self, name: &[u8], folded: &mut Vec<u8>) -> Found {
        let (word, bit) = sieve_bit(name);
        if self.sieve.get(word).is_none_or(|w| w & bit == 0) {
            return Found::Nothing;
        }
        self.look_up(name, folded)
    }

    /// Finds what a header line is whose name went through the sieve.
    #[inline(never)]
    fn look_up(&self, name: &[u8], folded: &mut Vec<u8>) -> Found {
        fold_into(name, folded);
        let start = self.headers.partition_point(|h| h.fold.as_bytes() < folded.as_slice());
        let mut found = Found::Nothing;
        for (index, header) in self.headers.iter().enumerate().skip(start) {
            if header.fold.as_bytes() != folded.as_slice() {
                break;
            }
            if header.name.as_bytes().eq_ignore_ascii_case(name) {
                found = Found::Header(u32::try_from(index).unwrap_or(u32::MAX));
            } else if header.read {
                return Found::Alias;
            }
        }
        found
    }

    /// Says whether a line of this name can't matter, whatever its value is.
    pub(crate) fn passes_over(&self, name: &[u8]) -> bool {
        is_token(name) && matches!(self.find(name, &mut Vec::new()), Found::Nothing)
    }

    /// Says whether no `Connection` may name a header; `folded` is its fold.
    pub(super) fn keeps(&self, folded: &[u8]) -> bool {
        is_reserved_identity_bytes(folded)
            || self.kept.binary_search_by(|kept| kept.as_bytes().cmp(folded)).is_ok()
    }
}

/// Sums a name up by its length and its ends, alike for all names of one fold: a word and a bit of it.
fn sieve_bit(name: &[u8]) -> (usize, u64) {
    let end = |byte: Option<&u8>| usize::from(byte.copied().map_or(0, fold_byte));
    let sum =
        name.len().wrapping_mul(31) ^ end(name.first()).wrapping_mul(7) ^ end(name.last()).wrapping_mul(13);
    (sum / 64 % 4, 1 << (sum % 64))
}

/// Finds a name in a sorted list of needs.
pub(super) fn slot_of(names: &[Named], name: &str) -> Option<u32> {
    let index = names.binary_search_by(|named| named.name.as_str().cmp(name)).ok()?;
    u32::try_from(index).ok()
}

fn headers(needs: &Needs) -> Vec<Header> {
    let mut headers = Vec::new();
    for name in SINGLE_VALUED {
        entry(&mut headers, name).single = true;
    }
    for name in ALWAYS_JUDGED {
        entry(&mut headers, name).judged = true;
    }
    for (slot, named) in (0..).zip(&needs.headers) {
        read(&mut headers, &named.name).slot = Some(slot);
    }
    for (index, name) in (0..).zip(&needs.token_headers) {
        let header = read(&mut headers, name);
        header.token = Some(index);
        header.single = true;
    }
    read(&mut headers, "authorization");
    if needs.facts.size {
        read(&mut headers, "content-length");
    }
    if !needs.cookies.is_empty() || !needs.token_cookies.is_empty() {
        // Cookies have their own judgement and code.
        entry(&mut headers, "cookie").read = true;
    }
    sort(&mut headers);
    headers
}

fn read<'a>(headers: &'a mut Vec<Header>, name: &str) -> &'a mut Header {
    let header = entry(headers, name);
    header.judged = true;
    header.read = true;
    header
}

#[expect(clippy::indexing_slicing, reason = "the index was found or made a line above")]
fn entry<'a>(headers: &'a mut Vec<Header>, name: &str) -> &'a mut Header {
    let index = headers.iter().position(|h| h.name == name).unwrap_or(headers.len());
    if index == headers.len() {
        headers.push(Header { fold: fold(name), name: name.into(), ..Header::default() });
    }
    &mut headers[index]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(headers: &[&str], sets: &[&str]) -> Reading {
        let named = |name: &&str| Named { name: (*name).into(), matched: false };
        Reading::new(Needs {
            headers: headers.iter().map(named).collect(),
            sets: sets.iter().map(|s| (*s).into()).collect(),
            ..Needs::default()
        })
    }

    #[track_caller]
    fn check(reading: &Reading, name: &str, expected: &str) {
        let found = match reading.find(name.as_bytes(), &mut Vec::new()) {
            Found::Nothing => "nothing",
            Found::Header(index) => reading.header(index).unwrap().name.as_str(),
            Found::Alias => "alias",
        };
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn lines_are_found_by_name_and_aliases_by_fold() {
        let reading = reading(&["te", "x-role", "x_odd"], &[]);
        check(&reading, "X-Role", "x-role");
        check(&reading, "X_Role", "alias");
        check(&reading, "x.role", "alias");
        check(&reading, "x_odd", "x_odd");
        check(&reading, "x-odd", "alias");
        check(&reading, "x-rol", "nothing");
        check(&reading, "TE", "te");
        check(&reading, "content_length", "nothing");
        check(&reading, &"x".repeat(100), "nothing");
    }

    #[test]
    fn lines_are_passed_over_that_are_neither_read_nor_at_fault() {
        let reading = reading(&["x-role"], &[]);
        for name in ["accept", "User-Agent", "x-rol", "cookie", "x-gatelaw-signature"] {
            assert!(reading.passes_over(name.as_bytes()), "{name}");
        }
        for name in ["", "a b", "é", "X-Role", "x_role", "HOST", "Authorization", "connection", "traceparent"]
        {
            assert!(!reading.passes_over(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn connection_may_not_name_what_is_read_set_or_reserved() {
        let reading = reading(&["x-role"], &["x-user-id"]);
        for kept in
            ["x-role", "x-user-id", "authorization", "x-consumer-name", "txn-token", "x-gatelaw-signature"]
        {
            assert!(reading.keeps(kept.as_bytes()), "{kept}");
        }
        for dropped in ["close", "upgrade", "x-forwarded-for", "cookie"] {
            assert!(!reading.keeps(dropped.as_bytes()), "{dropped}");
        }
    }

    /// Lines of other names are passed over by what their names sum up to: most of them, where a policy reads a few.
    #[test]
    fn names_spread_over_the_sieve() {
        let ends = (0..26_u8).flat_map(|a| (0..26_u8).map(move |b| (b'a' + a, b'a' + b)));
        let names =
            ends.flat_map(|(a, b)| (1..5).map(move |length| [&[a][..], &vec![b'-'; length], &[b]].concat()));
        let mut counts = std::collections::BTreeMap::new();
        for name in names {
            let (word, bit) = sieve_bit(&name);
            assert!(word < 4 && bit.is_power_of_two());
            *counts.entry((word, bit)).or_insert(0_u32) += 1;
        }
        let (places, fullest) = (counts.len(), counts.values().max().copied());
        assert!(
            places > 200 && fullest < Some(40),
            "{places} places of 256, and {fullest:?} of 2,704 names in one"
        );
    }
}
