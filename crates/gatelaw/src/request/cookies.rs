//! Cookies (RFC 6265 §4): one line, pairs between `;`.

use super::RefusalCode;
use super::names::{is_token, trim_text};
use super::pairs::Pairs;
use super::reading::slot_of;
use crate::needs::Needs;

/// Reads the cookies that `needs` names, for conditions and for tokens, from the one `Cookie` line.
pub(super) fn read_cookies(
    line: &[u8],
    needs: &Needs,
    cookies: &mut Pairs,
    tokens: &mut Pairs,
) -> Result<(), RefusalCode> {
    let text = std::str::from_utf8(line).map_err(|_| RefusalCode::Cookie)?;
    let is_odd = |c: char| c.is_ascii_control() || c == ',' || c == char::REPLACEMENT_CHARACTER;
    if trim_text(text).contains(is_odd) {
        return Err(RefusalCode::Cookie);
    }
    for pair in text.split(';') {
        // A pair without `=` has no name; one whose name is no token is dropped with it.
        let Some((name, value)) = trim_text(pair).split_once('=') else {
            continue;
        };
        let is_name = is_token(name.as_bytes());
        // Servers trim names: one that is read would be spelt in two ways, and stand twice for them.
        let name = if is_name { name } else { trimmed(name) };
        let slot = slot_of(&needs.cookies, name);
        let token = needs.token_cookies.binary_search_by(|n| n.as_str().cmp(name)).ok();
        if (slot.is_some() || token.is_some()) && !(is_name && is_value(value)) {
            return Err(RefusalCode::Cookie);
        }
        if let Some(slot) = slot {
            cookies.push(slot, value);
        }
        if let Some(token) = token.and_then(|index| u32::try_from(index).ok()) {
            tokens.push(token, value);
        }
    }
    cookies.close();
    tokens.close();
    Ok(())
}

/// Takes away at both ends what some server may take for white space: all that isn't printed ASCII.
fn trimmed(name: &str) -> &str {
    let is_printed = |byte: &u8| byte.is_ascii_graphic();
    let start = name.as_bytes().iter().position(is_printed).unwrap_or(0);
    let end = name.as_bytes().iter().rposition(is_printed).map_or(0, |last| last + 1);
    name.get(start..end).unwrap_or("")
}

/// Says whether a text is a cookie's value, with or without quotes around it; quotes belong to the value.
fn is_value(value: &str) -> bool {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    inner.bytes().all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::Named;

    #[track_caller]
    fn check(line: &str, expected: Result<&[&str], RefusalCode>) {
        let needs = Needs {
            cookies: vec![Named { name: "role".into(), matched: false }],
            token_cookies: vec!["session".into()],
            ..Needs::default()
        };
        let (mut cookies, mut tokens) = (Pairs::default(), Pairs::default());
        let read = read_cookies(line.as_bytes(), &needs, &mut cookies, &mut tokens);
        let found = read.map(|()| cookies.values(0).chain(tokens.values(0)).collect::<Vec<_>>());
        assert_eq!(found.as_deref().map_err(|e| *e), expected, "{line}");
    }

    #[test]
    fn every_value_of_a_cookie_is_seen() {
        check("a=1; role=user; role=admin", Ok(&["user", "admin"]));
        check("role=a;role=b;;", Ok(&["a", "b"]));
        check("session=t; role=", Ok(&["", "t"]));
        check("role=a=b==", Ok(&["a=b=="]));
        check("role=\"x\"", Ok(&["\"x\""]));
        check("", Ok(&[]));
    }

    #[test]
    fn pairs_without_a_token_for_a_name_are_dropped() {
        check("\"role\"=admin; other =x; =y; role; Role=z; a=b c; \"q\"=é", Ok(&[]));
    }

    /// Once such a pair was passed over, and a server that trims names took it for the cookie that was judged.
    #[test]
    fn a_second_spelling_of_a_cookie_that_is_read_is_refused() {
        for bad in
            ["role =x", "role=a; role  =x", "session =t; session=u", "role\u{a0}=x", "\u{2003}session=t"]
        {
            check(bad, Err(RefusalCode::Cookie));
        }
    }

    #[test]
    fn lines_and_values_that_servers_read_differently_are_refused() {
        for bad in ["a=1, role=2", "a=\u{1}", "a=\tb", "a=\u{7f}", "a=\u{fffd}"] {
            check(bad, Err(RefusalCode::Cookie));
        }
        for bad in ["role=a b", "role=\"a", "role=a\\b", "role=é", "session=\"\"\"", "role= a"] {
            check(bad, Err(RefusalCode::Cookie));
        }
    }
}
