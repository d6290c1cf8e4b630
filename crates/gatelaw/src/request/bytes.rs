//! What single bytes are, as one table: every byte of a request is looked up here, so that none is compared with a list.

/// May stand in a token (RFC 9110 §5.6.2).
pub(super) const TOKEN: u8 = 1;
/// May stand in a method: a token without lower-case letters.
pub(super) const METHOD: u8 = 2;
/// May stand in the label of a host.
pub(super) const LABEL: u8 = 4;
/// Stands in a segment of a path for itself, whatever stands beside it: `pchar` (RFC 3986 §3.3) but for `%` and `;`.
pub(super) const PLAIN_SEGMENT: u8 = 8;
/// Stands in a query for itself, and is written back as it is.
pub(super) const PLAIN_QUERY: u8 = 16;
/// May stand in a host that is a name: in a label, or between two.
pub(super) const NAME: u8 = 32;

const KINDS: [u8; 256] = kinds();

/// Says whether a byte is of a kind.
pub(super) fn is(kind: u8, byte: u8) -> bool {
    KINDS.get(usize::from(byte)).is_some_and(|kinds| kinds & kind != 0)
}

/// Says whether all bytes are of a kind; true where there are none.
///
/// Looks at all of them, whatever the first ones are: without a branch for each byte that is sooner done, as nearly all are.
pub(super) fn all(kind: u8, bytes: &[u8]) -> bool {
    let kinds = |byte: &u8| KINDS.get(usize::from(*byte)).copied().unwrap_or(0);
    bytes.iter().fold(kind, |common, byte| common & kinds(byte)) == kind
}

/// Says whether all bytes are ASCII that is printed: no control character, and nothing beyond. Looks at all of them, as [`all`] does; this
/// becomes vector instructions, so that a token of a kilobyte costs less than the rest of its request.
pub(super) fn all_printed(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |printed, byte| printed & (byte.wrapping_sub(b' ') < 0x7f - b' '))
}

/// Says whether a byte stands among others. Looks at all of them, as [`all_printed`] does.
pub(super) fn has(byte: u8, bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, other| found | (*other == byte))
}

#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "runs when this is compiled, and can fail only then"
)]
const fn kinds() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        kinds[at] = kinds_of(byte);
        at += 1;
    }
    kinds
}

const fn kinds_of(byte: u8) -> u8 {
    let mut kinds = 0;
    let is_word = byte.is_ascii_alphanumeric();
    if is_word || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
    {
        kinds |= TOKEN;
        if !byte.is_ascii_lowercase() {
            kinds |= METHOD;
        }
    }
    if is_word || matches!(byte, b'-' | b'_') {
        kinds |= LABEL | NAME;
    }
    if byte == b'.' {
        kinds |= NAME;
    }
    if is_word || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b',' | b':' | b'=' | b'@') {
        kinds |= PLAIN_SEGMENT;
    }
    if byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>' | b'\'') {
        kinds |= PLAIN_QUERY;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: u8, expected: &str) {
        let found: String = (0..=u8::MAX).filter(|byte| is(kind, *byte)).map(char::from).collect();
        let mut expected: Vec<char> = expected.chars().chain('0'..='9').chain('A'..='Z').collect();
        expected.sort_unstable();
        assert_eq!(found, expected.into_iter().collect::<String>());
    }

    const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn kinds_are_those_of_the_standards() {
        check(TOKEN, &format!("!#$%&'*+-.^_`|~{LOWER}"));
        check(METHOD, "!#$%&'*+-.^_`|~");
        check(LABEL, &format!("-_{LOWER}"));
        check(NAME, &format!("-._{LOWER}"));
        check(PLAIN_SEGMENT, &format!("-._~!$&'()*+,:=@{LOWER}"));
        check(PLAIN_QUERY, &format!("!$%&()*+,-./:;=?@[]^_`{{|}}~{LOWER}"));
    }

    #[test]
    fn a_byte_is_seen_wherever_it_stands() {
        for length in 0..80 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'x'; length];
                    bytes[at] = byte;
                    assert_eq!(
                        all_printed(&bytes),
                        (0x20..0x7f).contains(&byte),
                        "{byte} at {at} of {length}"
                    );
                    assert!(has(byte, &bytes) && has(b'x', &bytes) == (byte == b'x' || length > 1));
                }
            }
            assert!(all_printed(&vec![b'x'; length]) && !has(b',', &vec![b'x'; length]));
        }
    }
}
