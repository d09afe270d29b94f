//! Rates: events per unit of time, without rounding.

use std::{fmt, str::FromStr};

use super::{Decimal, Inexact, QuantityError};
use crate::error::quoted;

/// A rate in thousandths of events per day: the smallest is one event in three years, and every rate with up to three
/// decimal places is a whole number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

const DAY_SECONDS: u64 = 86_400;

/// Maximum: ten million events per second. Above it, slots of whole nanoseconds would become uneven.
const HIGHEST: u64 = 10_000_000 * DAY_SECONDS * 1_000;

impl Rate {
    /// No events.
    pub(crate) const ZERO: Rate = Rate(0);

    /// The maximum rate.
    pub(crate) const HIGHEST: Rate = Rate(HIGHEST);

    /// The rate nearest to a number of events per second, rounded to four digits or more, so that it is short to write.
    pub(crate) fn from_per_second(per_second: f64) -> Rate {
        let per_day = per_second * DAY_SECONDS as f64;
        // In thousandths of an event per second, hour or day, of which there are at least a thousand.
        let unit = [DAY_SECONDS, 24, 1].into_iter().find(|unit| per_day >= *unit as f64).unwrap_or(1);
        let mut thousandths = (per_day / unit as f64 * 1_000.0).round().min(HIGHEST as f64) as u64;
        let mut digits = 1;
        while thousandths / digits >= 100_000 {
            digits *= 10;
        }
        thousandths = (thousandths + digits / 2) / digits * digits;
        Rate((thousandths * unit).clamp(1, HIGHEST))
    }

    /// Events per second.
    pub(crate) fn per_second(self) -> f64 {
        self.0 as f64 / (DAY_SECONDS * 1_000) as f64
    }

    /// From thousandths of events per day, limited to the maximum rate.
    pub(crate) fn from_thousandths_per_day(thousandths: u64) -> Rate {
        Rate(thousandths.min(HIGHEST))
    }

    /// Whether the rate multiplied by `thousandths` is still at most the maximum.
    pub(crate) fn can_be_multiplied(self, thousandths: u32) -> bool {
        u128::from(self.0) * u128::from(thousandths) <= u128::from(HIGHEST) * 1_000
    }

    /// Thousandths of events per day.
    pub fn per_day_in_thousandths(self) -> u64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        rate(text)
    }
}

/// Parses a rate such as `500/s`, `0.3/s`, `20/m`, `1000/h` or `5k/d`.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub fn rate(text: &str) -> Result<Rate, QuantityError> {
    let plain = text.trim().replace('_', "");
    if plain.is_empty() || plain.starts_with('-') {
        let message = if plain.is_empty() { "the rate is empty".to_owned() } else { negative(text) };
        return Err(QuantityError::new(message, "write it as `500/s`"));
    }
    let Some((number, unit)) = plain.split_once('/') else {
        return Err(without_slash(text, &plain));
    };
    let seconds = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => DAY_SECONDS,
        other => {
            let message = format!("{} is not a unit of rates", quoted(other));
            return Err(QuantityError::new(
                message,
                match unit_of(other) {
                    Some(unit) => format!("write `{}/{unit}`", number.trim()),
                    None => "write `/s`, `/m`, `/h` or `/d`".to_owned(),
                },
            ));
        }
    };
    let not_a_rate = || QuantityError::new(format!("{} is not a rate", quoted(text)), "write it as `500/s`");
    let (decimal, suffix) = Decimal::split(number.trim()).ok_or_else(not_a_rate)?;
    let thousands = match suffix {
        "" => 1,
        "k" | "K" => 1_000,
        "M" => 1_000_000,
        _ => return Err(not_a_rate()),
    };
    let unit = DAY_SECONDS / seconds * 1_000 * thousands;
    match decimal.times(unit) {
        Ok(rate) if rate <= HIGHEST => Ok(Rate(rate)),
        Ok(_) | Err(Inexact::TooLarge) => {
            Err(QuantityError::new(format!("the rate {} is too high", quoted(text)), "the highest is `10M/s`"))
        }
        Err(Inexact::TooFine) => Err(QuantityError::new(
            format!("the rate {} is too fine", quoted(text)),
            "use at most three decimal places",
        )),
    }
}

/// The error for a rate without a `/`, such as `500`, `50eps` or `500 per second`; `plain` is the text without
/// surrounding blanks.
fn without_slash(text: &str, plain: &str) -> QuantityError {
    let message = format!("the rate {} has no unit", quoted(text));
    let Some((_, rest)) = Decimal::split(plain).filter(|(number, _)| !matches!(number.times(1_000), Ok(0))) else {
        return QuantityError::new(message, "write `500/s`, or `/m`, `/h` or `/d`");
    };
    let digits = &plain[..plain.len() - rest.len()];
    let thousands = rest.strip_prefix(['k', 'K', 'M']);
    let (number, word) = match thousands.map(|word| (word, unit_of(word))) {
        Some((word, unit)) if word.is_empty() || unit.is_some() => (&plain[..=digits.len()], word),
        _ => (digits, rest),
    };
    match unit_of(word) {
        Some(unit) => QuantityError::new(format!("{} is not a rate", quoted(text)), format!("write `{number}/{unit}`")),
        None => QuantityError::new(message, format!("write `{number}/s`, or `/m`, `/h` or `/d`")),
    }
}

/// The unit that other programs and people mean by a word after a number, or after a `/`.
fn unit_of(word: &str) -> Option<&'static str> {
    let word = word.trim().to_ascii_lowercase();
    let word = word.trim_start_matches("events").trim_start_matches("requests").trim_start();
    let word = ["per ", "per", "a "].iter().find_map(|start| word.strip_prefix(start)).unwrap_or(word).trim_start();
    Some(match word {
        "eps" | "rps" | "qps" | "tps" | "ops" | "mps" | "ps" | "hz" | "sec" | "secs" | "second" | "seconds" => "s",
        "epm" | "rpm" | "qpm" | "tpm" | "min" | "mins" | "minute" | "minutes" => "m",
        "eph" | "rph" | "hr" | "hrs" | "hour" | "hours" => "h",
        "epd" | "rpd" | "day" | "days" => "d",
        _ => return None,
    })
}

fn negative(text: &str) -> String {
    format!("the rate {} is negative", quoted(text))
}

impl fmt::Display for Rate {
    /// In the largest unit that needs at most three decimal places; parses back to the same rate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, seconds) in [("s", 1), ("m", 60), ("h", 3_600)] {
            let per_unit = DAY_SECONDS / seconds;
            if self.0.is_multiple_of(per_unit) {
                return write_thousandths(self.0 / per_unit, name, f);
            }
        }
        write_thousandths(self.0, "d", f)
    }
}

fn write_thousandths(thousandths: u64, unit: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    if rest == 0 {
        return write!(f, "{whole}/{unit}");
    }
    let digits = format!("{rest:03}");
    write!(f, "{whole}.{}/{unit}", digits.trim_end_matches('0'))
}
