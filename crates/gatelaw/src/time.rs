//! Instants as Unix seconds, and as text.

use std::fmt::{self, Write};

/// The first instant that RFC 3339 can write: 0000-01-01T00:00:00Z.
pub const INSTANT_MIN: i64 = -62_167_219_200;
/// The last instant that RFC 3339 can write: 9999-12-31T23:59:59Z.
pub const INSTANT_MAX: i64 = 253_402_300_799;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Says whether RFC 3339 can write an instant, given in Unix seconds.
#[must_use]
pub const fn in_range(instant: i64) -> bool {
    INSTANT_MIN <= instant && instant <= INSTANT_MAX
}

/// Counts the days from 1970-01-01 to a day of the proleptic Gregorian calendar.
///
/// The way is Howard Hinnant's `days_from_civil`: years that begin in March, eras of 400 years.
#[must_use]
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Finds year, month and day of a day counted from 1970-01-01: the inverse of [`days_from_civil`].
#[must_use]
pub const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Writes an instant as `2026-01-01T12:00:00Z` (RFC 3339).
///
/// # Errors
/// Where the instant is outside of [`INSTANT_MIN`] to [`INSTANT_MAX`], or `out` fails.
pub fn write_instant(instant: i64, out: &mut impl Write) -> fmt::Result {
    if !in_range(instant) {
        return Err(fmt::Error);
    }
    let (year, month, day) = civil_from_days(instant.div_euclid(SECONDS_A_DAY));
    let second = instant.rem_euclid(SECONDS_A_DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(instant: i64, expected: Option<&str>) {
        let mut text = String::new();
        let written = write_instant(instant, &mut text).is_ok().then_some(text);
        assert_eq!(written.as_deref(), expected);
    }

    #[test]
    fn instants_are_written_as_rfc_3339() {
        check(0, Some("1970-01-01T00:00:00Z"));
        check(951_782_400, Some("2000-02-29T00:00:00Z"));
        check(1_767_268_800, Some("2026-01-01T12:00:00Z"));
        check(-1, Some("1969-12-31T23:59:59Z"));
        check(INSTANT_MIN, Some("0000-01-01T00:00:00Z"));
        check(INSTANT_MAX, Some("9999-12-31T23:59:59Z"));
        check(INSTANT_MIN - 1, None);
        check(INSTANT_MAX + 1, None);
        check(i64::MAX, None);
    }

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-800_000..3_000_000).step_by(13) {
            let (year, month, day) = civil_from_days(days);
            assert!((1..=12).contains(&month) && (1..=31).contains(&day));
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
