//! Amounts as people write them (`1m30s`, `2s..5s`, `10k`, `-7d`) and as the program counts them.
//!
//! Numbers without a unit are the most common way to be wrong by a factor of a thousand, so a unit
//! is always asked for. Everything here is a pure function; the current time is an argument.
//! Arithmetic is done on integers: the same text is the same number on every machine.

mod count;
mod duration;
mod rate;
mod time;
mod time_of_day;
mod zone;

use std::fmt;

pub use count::{CountRange, count, count_range, format_bytes, format_count};
pub use duration::{DurationRange, duration, duration_range, format_duration};
pub use rate::{Rate, rate};
pub use time::{elapsed, format_time, is_relative_time, time};
pub use time_of_day::{TimeOfDay, time_of_day};
pub use zone::{Zone, zone};

pub(crate) use time::RANGE as TIME_RANGE;

/// Why a text is not an amount, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, in the style of [`crate::error::Diagnostic::message`].
    pub message: String,
    /// What to write.
    pub help: String,
}

impl Mistake {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for Mistake {}

/// A decimal number without sign, exactly: `whole` and the digits after the point.
struct Decimal<'a> {
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Splits off the number that a text begins with; `None` if it does not begin with one.
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
        // Nineteen digits hold in 64 bits, and no unit has more than seventeen.
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

/// Why a decimal number of units is not a whole number of the smallest ones.
enum Inexact {
    TooLarge,
    TooFine,
}
