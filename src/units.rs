//! Quantities as people write them (`1m30s`, `2s..5s`, `10k`, `-7d`) and as integers.
//!
//! Numbers without a unit are the most common way to be wrong by a factor of a thousand, so a unit is always required.
//! All functions are pure; the current time is an argument. Arithmetic is on integers, so a text is the same number on
//! every machine.

mod count;
mod duration;
mod rate;
mod size;
mod time;
mod time_of_day;
mod zone;

use std::fmt;

pub use count::{CountRange, count, count_range, format_bytes, format_count};
pub use duration::{DurationRange, duration, duration_range, format_duration};
pub use rate::{Rate, rate};
pub(crate) use size::{format_size, size};
pub(crate) use time::{elapsed, is_relative_time};
pub use time::{format_time, time};
pub(crate) use time_of_day::TimeOfDay;
pub use time_of_day::time_of_day;
pub(crate) use zone::Zone;
pub use zone::zone;

pub(crate) use time::RANGE as TIME_RANGE;

/// A second in nanoseconds.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// A day in nanoseconds.
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// A mistake in a quantity, and its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityError {
    /// The message, in the style of [`crate::error::Diagnostic::message`].
    pub message: String,
    /// The remedy, as a help line.
    pub help: String,
}

impl QuantityError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for QuantityError {}

/// An unsigned decimal number: the digits before and after the point.
struct Decimal<'a> {
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Splits a text into the number at its start and the rest; `None` if it does not start with a number.
    fn split(text: &'a str) -> Option<(Self, &'a str)> {
        let digits = |text: &str| text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let (whole, rest) = text.split_at(digits(text));
        if whole.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix('.') else {
            return Some((Self { whole, fraction: "" }, rest));
        };
        let (fraction, rest) = after.split_at(digits(after));
        (!fraction.is_empty()).then_some((Self { whole, fraction }, rest))
    }

    /// The number times `unit`.
    fn times(&self, unit: u64) -> Result<u64, Inexact> {
        let fraction = self.fraction.trim_end_matches('0');
        let whole: u64 = self.whole.parse().map_err(|_| Inexact::TooLarge)?;
        // Nineteen digits fit in 64 bits, and no unit has more than seventeen.
        if fraction.len() > 19 {
            return Err(Inexact::TooFine);
        }
        let scale = 10_u128.pow(fraction.len() as u32);
        let part = fraction.parse().unwrap_or(0_u128) * u128::from(unit);
        if !part.is_multiple_of(scale) {
            return Err(Inexact::TooFine);
        }
        let total = u128::from(whole) * u128::from(unit) + part / scale;
        u64::try_from(total).map_err(|_| Inexact::TooLarge)
    }
}

/// Why a decimal number of units is not an integer of the smallest unit.
enum Inexact {
    TooLarge,
    TooFine,
}
