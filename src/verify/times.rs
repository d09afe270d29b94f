//! Times as pipelines write them: the same instant in other words.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// How two texts of one instant differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Differs {
    /// In the number of digits of a second.
    pub digits: bool,
    /// In the separator or the zone.
    pub form: bool,
}

/// An instant as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment<'a> {
    /// Nanoseconds since the Unix epoch.
    nanoseconds: i128,
    /// Digits of a second.
    digits: u32,
    separator: u8,
    zone: &'a str,
}

/// How `found` differs from `expected` if both are the same instant, as far as the digits of `found` go.
pub(super) fn same(expected: &str, found: &str) -> Option<Differs> {
    let expected = moment(expected)?;
    let found = match moment(found) {
        Some(found) => found,
        None => epoch(found)?,
    };
    let is_same = expected.nanoseconds == found.nanoseconds || is_cut(expected, found);
    is_same.then_some(Differs {
        digits: expected.digits != found.digits,
        form: expected.separator != found.separator || expected.zone != found.zone,
    })
}

/// The instant that a text says, in nanoseconds since the Unix epoch: RFC 3339 and its relatives, or a number of
/// seconds, milliseconds, microseconds or nanoseconds.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let moment = moment(text).or_else(|| epoch(text))?;
    i64::try_from(moment.nanoseconds).ok()
}

/// Whether `found` is `expected` cut or rounded to its digits.
fn is_cut(expected: Moment<'_>, found: Moment<'_>) -> bool {
    if found.digits >= expected.digits {
        return false;
    }
    let unit = 10_i128.pow(9 - found.digits.min(9));
    let cut = expected.nanoseconds.div_euclid(unit) * unit;
    found.nanoseconds == cut || found.nanoseconds == cut + unit && expected.nanoseconds - cut >= unit / 2
}

/// `2026-01-05T08:00:22.199793400Z`, also with a space, other digits, another zone or none, which is UTC.
fn moment(text: &str) -> Option<Moment<'_>> {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let text = text.get(range).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        text.parse::<u32>().ok()
    };
    let separator = bytes[10];
    if !matches!(separator, b'T' | b't' | b' ' | b'_') {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(0..4)? as i32, number(5..7)?, number(8..10)?)?;
    let time = NaiveTime::from_hms_opt(number(11..13)?, number(14..16)?, number(17..19)?)?;
    let mut rest = text.get(19..)?;
    let (mut nanoseconds, mut digits) = (0_i128, 0);
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        digits = length as u32;
        let kept = &fraction[..length.min(9)];
        nanoseconds = kept.parse::<i128>().ok()? * 10_i128.pow(9 - kept.len() as u32);
        rest = &fraction[length..];
    }
    let zone = rest.trim_start();
    let seconds = NaiveDateTime::new(date, time).and_utc().timestamp() - offset(zone)?;
    Some(Moment { nanoseconds: i128::from(seconds) * 1_000_000_000 + nanoseconds, digits, separator, zone })
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z" | "UTC" | "GMT" | "+0000 UTC") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return None,
    };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    Some(sign * (hours * 3600 + minutes * 60))
}

/// A number since the Unix epoch, whose size says its unit.
fn epoch(text: &str) -> Option<Moment<'_>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // From the year 2001 on, the number of digits says the unit.
    let unit_digits = match whole.len() {
        10 => 0,
        13 => 3,
        16 => 6,
        19 => 9,
        _ => return None,
    };
    let kept = &fraction[..fraction.len().min(9 - unit_digits)];
    let scale = |digits: usize| 10_i128.pow(digits as u32);
    let mut nanoseconds = whole.parse::<i128>().ok()? * scale(9 - unit_digits);
    if !kept.is_empty() {
        nanoseconds += kept.parse::<i128>().ok()? * scale(9 - unit_digits - kept.len());
    }
    // A double has no more than some 16 digits: those after them say nothing.
    let digits = if kept.is_empty() { unit_digits } else { (unit_digits + kept.len()).min(6) };
    let unit = scale(9 - digits);
    Some(Moment {
        nanoseconds: nanoseconds.div_euclid(unit) * unit,
        digits: digits as u32,
        separator: b'#',
        zone: "epoch",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_in_other_words_is_the_same() {
        let expected = "2026-01-05T08:00:22.199793400Z";
        let (no, digits, form) = (false, true, true);
        for (found, differs) in [
            ("2026-01-05T08:00:22.199793400Z", (no, no)),
            ("2026-01-05T08:00:22.1997934Z", (digits, no)),
            ("2026-01-05T08:00:22.199Z", (digits, no)),
            ("2026-01-05T08:00:22.200Z", (digits, no)),
            ("2026-01-05 08:00:22.199793400", (no, form)),
            ("2026-01-05 08:00:22.199793+00", (digits, form)),
            ("2026-01-05T10:00:22.199793400+02:00", (no, form)),
            ("2026-01-05T08:00:22Z", (digits, no)),
            ("1767600022.1997933", (digits, form)),
            ("1767600022199", (digits, form)),
            ("1767600022199793400", (no, form)),
        ] {
            let differs = Differs { digits: differs.0, form: differs.1 };
            assert_eq!(same(expected, found), Some(differs), "{found}");
        }
        for found in [
            "2026-01-05T08:00:22.199793401Z",
            "2026-01-05T08:00:22.198Z",
            "2026-01-05T08:00:23Z",
            "2026-01-05T08:00:22.199793400+02:00",
            "2026-13-05T08:00:22.199793400Z",
            "1767600023",
            "x",
            "",
            "2026-01-05",
            "2026-01-05T08:00:2ä.1Z",
        ] {
            assert_eq!(same(expected, found), None, "{found}");
        }
    }
}
