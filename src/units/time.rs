//! Points in event time: nanoseconds since 1970 in UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use super::{QuantityError, duration};
use crate::error::quoted;

/// Valid times: 1700 to the end of 2199. Leaves room around a run, as 64-bit nanoseconds end in 1677 and 2262.
pub(crate) const RANGE: std::ops::Range<i64> = -8_520_336_000_000_000_000..7_258_118_400_000_000_000;

/// Parses a point in time: RFC 3339, a date (midnight in UTC), `now`, or `-7d` and `+1h` relative to `now`.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub fn time(text: &str, now: i64) -> Result<i64, QuantityError> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(offset) = text.strip_prefix(['+', '-']) {
        // Durations always fit, see `LONGEST` there.
        let offset = i64::try_from(duration(offset)?).unwrap_or(i64::MAX);
        let shifted = if text.starts_with('-') { now.checked_sub(offset) } else { now.checked_add(offset) };
        return shifted.filter(|time| RANGE.contains(time)).ok_or_else(|| out_of_range(text));
    }
    let moment = if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        moment.to_utc()
    } else if let Some(midnight) = date(text) {
        midnight
    } else {
        return Err(not_a_time(text));
    };
    moment.timestamp_nanos_opt().filter(|time| RANGE.contains(time)).ok_or_else(|| out_of_range(text))
}

/// Whether a time depends on when it is read: `now`, `-7d`, `+1h`.
pub(crate) fn is_relative_time(text: &str) -> bool {
    let text = text.trim();
    text == "now" || text.starts_with(['+', '-'])
}

/// Nanoseconds from one time to a later one, 0 if it is not later. Unsigned, because a run may last up to 562 years,
/// which an `i64` cannot hold.
pub(crate) fn elapsed(from: i64, to: i64) -> u64 {
    if to > from { to.abs_diff(from) } else { 0 }
}

/// Writes a point in time as RFC 3339 in UTC, with 0, 3, 6 or 9 digits of a second as needed.
pub fn format_time(nanoseconds: i64) -> String {
    DateTime::from_timestamp_nanos(nanoseconds).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc())
}

fn not_a_time(text: &str) -> QuantityError {
    let message = format!("{} is not a time", quoted(text));
    for (seconds, forms) in
        [("", ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]), (":00", ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])]
    {
        if forms.iter().any(|form| NaiveDateTime::parse_from_str(text, form).is_ok()) {
            return QuantityError::new(
                format!("the time {} does not say its time zone", quoted(text)),
                format!("write `{}{seconds}Z` for UTC, or an offset such as `+02:00`", text.replace(' ', "T")),
            );
        }
    }
    if duration(text).is_ok() {
        return QuantityError::new(message, format!("write `-{text}` for that long ago, or `+{text}`"));
    }
    QuantityError::new(
        message,
        "write RFC 3339 such as `2025-01-31T09:00:00Z`, a date such as `2025-01-31`, `now`, or an offset such as `-7d`",
    )
}

fn out_of_range(text: &str) -> QuantityError {
    QuantityError::new(
        format!("the time {} cannot be counted in nanoseconds", quoted(text)),
        "write a time from 1700 to 2199",
    )
}
