//! Counts: parsing and formatting of whole numbers and ranges.

use std::fmt;

use super::{Decimal, Inexact, QuantityError};
use crate::error::quoted;

/// Counts from `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountRange {
    /// Minimum.
    pub low: u64,
    /// Maximum; at least `low`.
    pub high: u64,
}

impl fmt::Display for CountRange {
    /// As written in a scenario: `3` or `3..8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "{}..{}", self.low, self.high) }
    }
}

/// Parses a count of at least one, as on the command line: `1000`, `1_000`, `10k`, `2.5M`, `1G`.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub fn count(text: &str) -> Result<u64, QuantityError> {
    let plain = text.trim().replace('_', "");
    let Some((number, suffix)) = Decimal::split(&plain) else {
        return Err(not_a_count(text));
    };
    let unit = match suffix {
        "" => 1,
        "k" | "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err(wrong_suffix(text, &plain, suffix)),
    };
    match number.times(unit) {
        Ok(0) => Err(QuantityError::new(format!("the count {} is nothing at all", quoted(text)), "write `1` or more")),
        Ok(count) => Ok(count),
        Err(Inexact::TooFine) => Err(QuantityError::new(
            format!("the count {} is not a whole number", quoted(text)),
            "write a whole number, such as `3`, or with a unit, such as `2.5k`",
        )),
        Err(Inexact::TooLarge) => Err(QuantityError::new(
            format!("the count {} is too large", quoted(text)),
            format!("the largest is {}", u64::MAX),
        )),
    }
}

/// Parses a count, or two with `..` between them, both ends included; zero is allowed.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub fn count_range(text: &str) -> Result<CountRange, QuantityError> {
    let one = |part: &str| {
        let part = part.trim();
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        part.parse::<u64>().ok()
    };
    let range = match text.split_once("..") {
        None => one(text).map(|only| (only, only)),
        Some((low, high)) => one(low).zip(one(high.trim_start_matches(['=', '.']))),
    };
    let Some((low, high)) = range else {
        return Err(QuantityError::new(
            format!("{} is neither a count nor a range of counts", quoted(text)),
            "write a whole number or two, such as `3` or `3..8`",
        ));
    };
    if low > high {
        return Err(QuantityError::new(
            format!("the range {} ends before it begins", quoted(text)),
            format!("write `{high}..{low}`"),
        ));
    }
    Ok(CountRange { low, high })
}

/// Formats a count with commas: `1,234,567`.
pub fn format_count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a number of bytes with three digits and a decimal unit: `999 B`, `1.54 MB`, `23.4 GB`.
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut index = bytes.ilog(1000) as usize;
    // Rounding may carry to the next unit: 999,996 bytes are 1.00 MB, not 1000 kB.
    let mut value = bytes as f64 / 1000_u64.pow(index as u32) as f64;
    if value >= 999.5 && index + 1 < UNITS.len() {
        index += 1;
        value /= 1000.0;
    }
    let digits = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", UNITS[index])
}

fn not_a_count(text: &str) -> QuantityError {
    let message = if text.trim().is_empty() {
        "the count is empty".to_owned()
    } else if text.trim_start().starts_with('-') {
        format!("the count {} is negative", quoted(text))
    } else {
        format!("{} is not a count", quoted(text))
    };
    QuantityError::new(message, "write a number, such as `1000`, `10k`, `1M` or `2.5G`")
}

fn wrong_suffix(text: &str, plain: &str, suffix: &str) -> QuantityError {
    let message = format!("the count {} has an unknown unit {}", quoted(text), quoted(suffix));
    let number = &plain[..plain.len() - suffix.len()];
    match suffix {
        "m" | "g" => QuantityError::new(message, format!("write `{number}{}`", suffix.to_uppercase())),
        _ if suffix.starts_with(',') => QuantityError::new(
            format!("the count {} has a comma", quoted(text)),
            format!("write `{}`", text.trim().replace(',', "_")),
        ),
        _ => QuantityError::new(message, format!("the units are `k`, `M` and `G`, such as `{number}k`")),
    }
}
