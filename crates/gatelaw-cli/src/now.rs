//! `--now`: a moment as RFC 3339 or as Unix seconds, or the clock's.

use std::time::{SystemTime, UNIX_EPOCH};

use gatelaw::time::{days_from_civil, write_instant};

/// Reads `2026-01-01T12:00:00Z`, `2026-01-01T12:00:00+02:00` or `1767268800` as Unix seconds.
///
/// # Errors
/// Says what a moment looks like.
pub(crate) fn parse_now(text: &str) -> Result<i64, String> {
    text.parse().ok().or_else(|| instant(text)).ok_or_else(|| {
        "write an instant of whole seconds like `2026-01-01T12:00:00Z`, or Unix seconds like `1767268800`"
            .into()
    })
}

/// Returns the time of this machine in Unix seconds.
pub(crate) fn clock() -> i64 {
    // A clock before 1970 is wrong, and no token is valid then.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Writes Unix seconds as RFC 3339, or as a number where it has no words for them.
pub(crate) fn in_words(instant: i64) -> String {
    let mut text = String::new();
    if write_instant(instant, &mut text).is_ok() { text } else { instant.to_string() }
}

/// Reads an RFC 3339 instant of whole seconds.
fn instant(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let (time, offset_s) = match time.strip_suffix('Z') {
        Some(time) => (time, 0),
        None => offset(time)?,
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let valid = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    valid.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_s)
}

/// Splits `12:00:00+02:00` into the time and the seconds east of UTC.
fn offset(time: &str) -> Option<(&str, i64)> {
    let at = time.rfind(['+', '-'])?;
    let (time, offset) = time.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(offset.get(1..)?, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some((time, sign * (hours * 3_600 + minutes * 60)))
}

/// Reads numbers of fixed widths: `2026-01-01` with widths 4, 2, 2.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part =
            parts.next().filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::parse_now;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse_now(text).ok(), expected, "{text}");
    }

    #[test]
    fn seconds_and_instants_are_moments() {
        check("0", Some(0));
        check("-1", Some(-1));
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-01-01T12:00:00Z", Some(1_767_268_800));
        check("2026-01-01T12:00:00+02:00", Some(1_767_261_600));
        check("2024-02-29T23:59:59-05:30", Some(1_709_270_999));
        check("1969-12-31T23:59:59Z", Some(-1));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "now", "2026-01-01", "2026-01-01T12:00:00", "2026-01-01T12:00:00.5Z", "2026-02-29T00:00:00Z"]
        {
            check(text, None);
        }
        for text in [
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01t00:00:00Z",
            "2026-01-01T00:00:00+2:00",
        ] {
            check(text, None);
        }
    }
}
