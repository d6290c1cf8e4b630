//! Literals: by longest match an instant, an address or network, a clock, a duration, an integer.

use super::faults::{expected, fail, no_match};
use super::input::{Fault, Input, Parsed};
use super::tokens::{peek, sign, string, word};
use crate::address::IpNet;
use crate::ast::{Literal, LiteralKind, Weekday};
use crate::codes::tokens::BAD_LITERAL;
use crate::diagnostic::Diagnostic;
use crate::limits::DURATION_S_MAX;
use crate::source::Spanned;
use crate::time::days_from_civil;

/// `"text"`, `true`, `mon`, `10.0.0.0/8`, `15m`, `2026-01-01T12:00:00Z`, `22:00`, `42`
pub(super) fn literal(input: Input<'_>) -> Parsed<'_, Literal> {
    match string(input) {
        Ok((rest, text)) => {
            return Ok((rest, Spanned { node: LiteralKind::String(text.node), span: text.span }));
        }
        Err(nom::Err::Error(_)) => {}
        Err(e) => return Err(e),
    }
    if let Some(node) = word_literal(peek(input)) {
        let (rest, word) = word(input)?;
        return Ok((rest, Spanned { node, span: word.span }));
    }
    number_like(input)
}

/// Demands a literal.
pub(super) fn must_literal<'a>(what: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Literal> {
    move |input| {
        literal(input).map_err(|e| if let nom::Err::Error(_) = e { expected(input, what) } else { e })
    }
}

fn word_literal(word: &str) -> Option<LiteralKind> {
    match word {
        "true" => Some(LiteralKind::Bool(true)),
        "false" => Some(LiteralKind::Bool(false)),
        word => Weekday::ALL.into_iter().find(|d| d.word() == word).map(LiteralKind::Weekday),
    }
}

/// Reads a text that begins like a number or an IPv6 address.
fn number_like(input: Input<'_>) -> Parsed<'_, Literal> {
    let start = input.space();
    let text = run(start.rest);
    let numeric = text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    let address = text.bytes().filter(|b| *b == b':').count() >= 2
        && text.bytes().all(|b| b.is_ascii_hexdigit() || b":./".contains(&b));
    if !numeric && !address {
        return Err(no_match());
    }
    let rest = start.skip(text.len());
    let span = start.span_to(rest);
    match classify(text) {
        Ok(node) => Ok((rest, Spanned { node, span })),
        Err((message, help)) => Err(fail(Diagnostic::at(BAD_LITERAL, span, message).help(help))),
    }
}

/// Takes the characters that a literal can have, up to `..`.
fn run(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.:/+-".contains(c);
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let run = text.get(..end).unwrap_or("");
    run.split_once("..").map_or(run, |(before, _)| before)
}

type Wrong = (String, String);

fn classify(text: &str) -> Result<LiteralKind, Wrong> {
    let bytes = text.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 4 && bytes.get(4) == Some(&b'-') {
        return instant(text).map(LiteralKind::Instant).ok_or_else(|| {
            (format!("`{text}` is no instant"), "instants are written `2026-01-01T12:00:00Z` or `2026-01-01T14:00:00+02:00`, in whole seconds".into())
        });
    }
    let colons = bytes.iter().filter(|b| **b == b':').count();
    let dots = bytes.iter().filter(|b| **b == b'.').count();
    if colons >= 2 || dots == 3 || (dots > 0 && text.contains('/')) {
        return IpNet::parse(text).map(LiteralKind::Ip).ok_or_else(|| address_fault(text));
    }
    if colons == 1 {
        return clock(text).map(LiteralKind::Clock).ok_or_else(|| {
            (
                format!("`{text}` is no time of day"),
                "times of day are written `HH:MM`, from `00:00` to `23:59`".into(),
            )
        });
    }
    match bytes.last() {
        Some(b's' | b'm' | b'h' | b'd') if digits + 1 == bytes.len() => {
            duration(text).map(LiteralKind::Duration)
        }
        _ => integer(text).map(LiteralKind::Int),
    }
}

fn address_fault(text: &str) -> Wrong {
    if let Some((address, prefix)) = text.split_once('/') {
        let parsed = crate::address::parse_ip(address.as_bytes());
        let bits = prefix.parse::<u8>().ok().filter(|bits| bits.to_string() == prefix);
        let cleared = parsed.zip(bits).and_then(|(address, bits)| IpNet::around(address, bits));
        if let Some(net) = cleared {
            return (
                format!("`{text}` has bits set behind its prefix"),
                format!("write `{net}` for the network, or `{address}` for the one address"),
            );
        }
    }
    (format!("`{text}` is no address or network"), "write `203.0.113.9`, `10.0.0.0/8`, `2001:db8::1` or `2001:db8::/32`; without leading zeros, ports or zones".into())
}

fn integer(text: &str) -> Result<i64, Wrong> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if text.contains('.') {
        return Err((format!("`{text}` is no integer"), "numbers are whole: there are no floats".into()));
    }
    let grouped =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    if !grouped {
        return Err((format!("`{text}` is no literal"), "numbers have digits only, with `_` between them; durations one unit of `s`, `m`, `h` or `d`, as `15m`".into()));
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err((
            format!("`{text}` has leading zeros"),
            format!("write `{}`", text.replacen(digits, digits.trim_start_matches(['0', '_']), 1)),
        ));
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    plain.parse().map_err(|_| {
        (
            format!("`{text}` is too large"),
            "integers have 64 bits: -9223372036854775808 to 9223372036854775807".into(),
        )
    })
}

fn duration(text: &str) -> Result<i64, Wrong> {
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).unwrap_or((text, ""));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => 86_400,
    };
    let count = integer(number)?;
    count
        .checked_mul(seconds)
        .filter(|s| *s <= DURATION_S_MAX)
        .ok_or_else(|| (format!("`{text}` is too long"), "durations go up to ten years, `3650d`".into()))
}

fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |t: &str| {
        (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Reads an instant (RFC 3339 §5.6, whole seconds, no leap seconds) into Unix seconds.
fn instant(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    let is = |at: usize, sign: u8| text.as_bytes().get(at) == Some(&sign);
    let shaped = is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':');
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    let days = days_from_civil(year, month, day);
    if !shaped || !in_range || crate::time::civil_from_days(days) != (year, month, day) {
        return None;
    }
    let offset_min = match text.get(19..)? {
        "Z" => 0,
        offset => i64::from(offset_min(offset)?),
    };
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second - offset_min * 60)
}

/// Reads `+02:00` into minutes.
fn offset_min(text: &str) -> Option<i32> {
    let negative = match text.as_bytes().first()? {
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    let minutes = i32::from(clock(text.get(1..)?)?);
    Some(if negative { -minutes } else { minutes })
}

/// `+02:00` behind `time` or `weekday`
pub(super) fn offset(input: Input<'_>) -> Parsed<'_, Option<Spanned<i32>>> {
    let start = input.space();
    if !start.rest.starts_with(['+', '-']) {
        return Ok((input, None));
    }
    let length = 1 + start.rest.get(1..).map_or(0, |t| run(t).len());
    let rest = start.skip(length);
    let span = start.span_to(rest);
    match offset_min(start.text_at(span)) {
        Some(node) => Ok((rest, Some(Spanned { node, span }))),
        None => {
            let message = format!("`{}` is no offset", start.text_at(span));
            Err(fail(
                Diagnostic::at(BAD_LITERAL, span, message)
                    .help("offsets from UTC are written `+02:00` or `-05:30`"),
            ))
        }
    }
}

/// `15m`: a duration, in seconds
pub(super) fn duration_s<'a>(what: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Spanned<i64>> {
    move |input| match must_literal(what)(input)? {
        (rest, Spanned { node: LiteralKind::Duration(s), span }) => Ok((rest, Spanned { node: s, span })),
        (_, _) => Err::<_, nom::Err<Fault>>(expected(input, what)),
    }
}

/// `600`: an integer
pub(super) fn int<'a>(what: &'static str) -> impl Fn(Input<'a>) -> Parsed<'a, Spanned<i64>> {
    move |input| match must_literal(what)(input)? {
        (rest, Spanned { node: LiteralKind::Int(n), span }) => Ok((rest, Spanned { node: n, span })),
        (_, _) => Err::<_, nom::Err<Fault>>(expected(input, what)),
    }
}

/// `[a, b]`: literals in brackets, also none
pub(super) fn literal_list(input: Input<'_>) -> Parsed<'_, (crate::source::Span, Vec<Literal>)> {
    let (mut rest, open) = sign("[")(input)?;
    let mut literals = Vec::new();
    if sign("]")(rest).is_err() {
        (rest, literals) = super::tokens::list1(must_literal("a value"))(rest)?;
    }
    let (rest, end) = super::tokens::close("]", open)(rest)?;
    Ok((rest, (open.to(end), literals)))
}

#[cfg(test)]
mod tests {
    use super::classify;

    #[test]
    fn bits_behind_a_prefix_are_blamed_only_where_they_are_set() {
        let told = |text| classify(text).unwrap_err().0;
        assert_eq!(told("10.0.0.1/8"), "`10.0.0.1/8` has bits set behind its prefix");
        for text in ["10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/33", "10.0.0.0/"] {
            assert_eq!(told(text), format!("`{text}` is no address or network"));
        }
    }
}
