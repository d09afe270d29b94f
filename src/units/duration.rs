//! Durations in nanoseconds: parsing and formatting.

use std::fmt;

use super::{Decimal, Inexact, QuantityError};
use crate::error::quoted;

/// Units and their nanoseconds, longest first.
const UNITS: [(&str, u64); 8] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Maximum duration: event times are signed 64-bit nanoseconds.
const LONGEST: u64 = i64::MAX as u64;

/// Durations from `low` to `high` nanoseconds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationRange {
    /// Minimum in nanoseconds.
    pub low: u64,
    /// Maximum in nanoseconds; at least `low`.
    pub high: u64,
}

impl fmt::Display for DurationRange {
    /// As written in a scenario: `2s` or `1m..2m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.low))?;
        if self.high != self.low {
            write!(f, "..{}", format_duration(self.high))?;
        }
        Ok(())
    }
}

/// Parses a duration such as `250ms`, `1.5h` or `1m30s` to nanoseconds.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub fn duration(text: &str) -> Result<u64, QuantityError> {
    let text = text.trim();
    if text.contains(char::is_whitespace) {
        let joined: String = text.split_whitespace().collect();
        let message = format!("the duration {} has a space in it", quoted(text));
        return duration(&joined).and(Err(QuantityError::new(message, format!("write `{joined}`"))));
    }
    let mut total = 0_u64;
    let mut rest = text;
    let mut last = u64::MAX;
    while !rest.is_empty() || text.is_empty() {
        let Some((number, after)) = Decimal::split(rest) else {
            return Err(not_a_duration(text));
        };
        let letters = after.find(|character: char| !character.is_alphabetic()).unwrap_or(after.len());
        let (name, after) = after.split_at(letters);
        if name.is_empty() {
            return Err(no_unit(text, last == u64::MAX && after.is_empty()));
        }
        let Some(unit) = unit(name).filter(|unit| *unit < last) else {
            return Err(wrong_unit(text, name));
        };
        let part = number.times(unit).map_err(|why| inexact(text, &why))?;
        total = total
            .checked_add(part)
            .filter(|total| *total <= LONGEST)
            .ok_or_else(|| inexact(text, &Inexact::TooLarge))?;
        (rest, last) = (after, unit);
    }
    Ok(total)
}

/// Parses a duration, or two with `..` between them, both ends included.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub fn duration_range(text: &str) -> Result<DurationRange, QuantityError> {
    let Some((low_text, high_text)) = text.split_once("..") else {
        let only = duration(text).map_err(|diagnostic| other_range(text).unwrap_or(diagnostic))?;
        return Ok(DurationRange { low: only, high: only });
    };
    let (low_text, high_text) = (low_text.trim(), high_text.trim_start_matches(['=', '.']).trim());
    if low_text.is_empty() || high_text.is_empty() {
        return Err(QuantityError::new(
            format!("the range {} lacks an end", quoted(text)),
            "write both ends, such as `1m..2m`",
        ));
    }
    let (low, high) = (duration(low_text)?, duration(high_text)?);
    if low > high {
        return Err(QuantityError::new(
            format!("the range {} ends before it begins", quoted(text)),
            format!("write `{high_text}..{low_text}`"),
        ));
    }
    Ok(DurationRange { low, high })
}

/// Recognizes `1-2m` and `1m to 2m`, which are meant as ranges.
fn other_range(text: &str) -> Option<QuantityError> {
    let (low, high) = text.split_once(" to ").or_else(|| text.split_once('-'))?;
    let (low, high) = (low.trim(), high.trim());
    let unit = high.trim_start_matches(|part: char| part.is_ascii_digit() || part == '.');
    let low = if low.ends_with(|last: char| last.is_ascii_digit()) { format!("{low}{unit}") } else { low.to_owned() };
    duration(&low).and(duration(high)).ok()?;
    Some(QuantityError::new(format!("{} is not a range of durations", quoted(text)), format!("write `{low}..{high}`")))
}

/// Formats nanoseconds in the form that [`duration`] parses: `1m30s`, `1.5s`, `250ms`, `0s`.
pub fn format_duration(nanoseconds: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    let mut rest = nanoseconds;
    for (name, unit) in &UNITS[..3] {
        if rest >= *unit {
            out.push_str(&(rest / unit).to_string());
            out.push_str(name);
            rest %= unit;
        }
    }
    if rest == 0 {
        return out;
    }
    let (name, unit) = match rest {
        _ if !out.is_empty() => ("s", SECOND),
        SECOND.. => ("s", SECOND),
        1_000_000.. => ("ms", 1_000_000),
        1_000.. => ("us", 1_000),
        _ => ("ns", 1),
    };
    out.push_str(&(rest / unit).to_string());
    if !rest.is_multiple_of(unit) {
        let digits = unit.ilog10() as usize;
        let fraction = format!("{:0digits$}", rest % unit);
        out.push('.');
        out.push_str(fraction.trim_end_matches('0'));
    }
    out + name
}

fn unit(name: &str) -> Option<u64> {
    // The micro sign and the Greek letter look alike.
    let name = if name == "μs" { "µs" } else { name };
    UNITS.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit)
}

fn not_a_duration(text: &str) -> QuantityError {
    let message = if text.is_empty() {
        "the duration is empty".to_owned()
    } else if text.starts_with('-') {
        format!("the duration {} is negative", quoted(text))
    } else {
        format!("{} is not a duration", quoted(text))
    };
    QuantityError::new(message, "write a number and a unit, such as `2s`, `250ms` or `1m30s`")
}

fn no_unit(text: &str, alone: bool) -> QuantityError {
    let message = format!("the duration {} lacks a unit", quoted(text));
    if alone {
        return QuantityError::new(
            message,
            format!("write `{text}s` for seconds, or `{text}ms`, `{text}m`, `{text}h`, `{text}d`"),
        );
    }
    QuantityError::new(message, "write a unit after every number, such as `1m30s`")
}

fn wrong_unit(text: &str, name: &str) -> QuantityError {
    if unit(name).is_some() {
        return QuantityError::new(
            format!("the units of {} are not in order", quoted(text)),
            "write longer units first and each once, such as `1h30m`",
        );
    }
    let meant = match name.to_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => Some("s"),
        "min" | "mins" | "minute" | "minutes" => Some("m"),
        "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "day" | "days" => Some("d"),
        "msec" | "msecs" | "millis" => Some("ms"),
        lower => UNITS.iter().find(|(known, _)| *known == lower).map(|(known, _)| *known),
    };
    let message = format!("{} is not a unit of time", quoted(name));
    match meant {
        Some(meant) => QuantityError::new(message, format!("write `{meant}`, as in `2{meant}`")),
        None => QuantityError::new(message, "the units are `ns`, `us`, `ms`, `s`, `m`, `h` and `d`"),
    }
}

fn inexact(text: &str, why: &Inexact) -> QuantityError {
    match why {
        Inexact::TooLarge => QuantityError::new(
            format!("the duration {} is too long", quoted(text)),
            "the longest is about 292 years (`106751d`)",
        ),
        Inexact::TooFine => QuantityError::new(
            format!("the duration {} is finer than a nanosecond", quoted(text)),
            "write fewer digits after the point",
        ),
    }
}
