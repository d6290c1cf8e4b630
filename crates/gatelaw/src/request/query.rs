//! The query: pairs between `&`, of which only those that a policy reads are decoded.

use super::RefusalCode;
use super::pairs::Pairs;
use super::reading::slot_of;
use crate::needs::Needs;

/// Reads the pairs that `needs` names; `decoded` is a buffer.
///
/// A pair whose name can't be decoded has no name that a policy could ask for.
pub(super) fn read_query(
    query: &str,
    needs: &Needs,
    pairs: &mut Pairs,
    decoded: &mut Vec<u8>,
) -> Result<(), RefusalCode> {
    if needs.query.is_empty() {
        return Ok(());
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(slot) = decode(name, decoded).and_then(|name| slot_of(&needs.query, name)) else {
            continue;
        };
        let value = decode(value, decoded).filter(|value| !value.contains('\0'));
        pairs.push(slot, value.ok_or(RefusalCode::Query)?);
    }
    pairs.close();
    Ok(())
}

/// Decodes a name or value once; `None` where an escape is no escape or the result is not UTF-8.
fn decode<'a>(text: &str, decoded: &'a mut Vec<u8>) -> Option<&'a str> {
    decoded.clear();
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (escaped, tail) = split_escape(rest)?;
                rest = tail;
                escaped
            }
            _ => *byte,
        });
    }
    std::str::from_utf8(decoded).ok()
}

/// Splits the two hex digits behind a `%` from what follows, and reads them.
pub(super) fn split_escape(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], rest) = bytes.split_first_chunk::<2>()?;
    let digit = |hex: &u8| char::from(*hex).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some((digit(high)? << 4 | digit(low)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::Named;

    #[track_caller]
    fn check(query: &str, name: &str, expected: Result<&[&str], RefusalCode>) {
        let needs = Needs { query: vec![Named { name: name.into(), matched: false }], ..Needs::default() };
        let mut pairs = Pairs::default();
        let read = read_query(query, &needs, &mut pairs, &mut Vec::new());
        let found = read.map(|()| pairs.values(0).collect::<Vec<_>>());
        assert_eq!(found.as_deref().map_err(|e| *e), expected, "{query}");
        let only = expected.ok().and_then(|values| if let [one] = values { Some(*one) } else { None });
        assert_eq!(pairs.only(0), only, "{query}");
    }

    #[test]
    fn pairs_are_split_at_ampersands_and_the_first_equals_sign() {
        check("role=a&role=b&role=a", "role", Ok(&["a", "b", "a"]));
        check("role=a;role=b", "role", Ok(&["a;role=b"]));
        check("role=a=b", "role", Ok(&["a=b"]));
        check("role", "role", Ok(&[""]));
        check("role=&x", "role", Ok(&[""]));
        check("&&role=1&&", "role", Ok(&["1"]));
        check("&&", "", Ok(&[]));
        check("=admin", "", Ok(&["admin"]));
        check("?role=admin", "?role", Ok(&["admin"]));
        check("role[]=admin", "role", Ok(&[]));
        check("role[]=admin", "role[]", Ok(&["admin"]));
    }

    #[test]
    fn names_and_values_are_decoded_once() {
        check("%72ole=admin", "role", Ok(&["admin"]));
        check("role=+a%20b%2Bc", "role", Ok(&[" a b+c"]));
        check("role=%2561", "role", Ok(&["%61"]));
        check("a+b=1", "a b", Ok(&["1"]));
        check("role=%c3%a9", "role", Ok(&["é"]));
    }

    #[test]
    fn only_pairs_that_are_read_must_decode() {
        let refused = Err(RefusalCode::Query);
        check("role=admin%00", "role", refused);
        check("role=%u0061dmin", "role", refused);
        check("role=%ff", "role", refused);
        check("role=%", "role", refused);
        check("role=%4", "role", refused);
        check("role=%+1", "role", refused);
        check("%72ole=%c0%af", "role", refused);
        check("x=%00&%ff=%zz&role=a&%zz", "role", Ok(&["a"]));
    }
}
