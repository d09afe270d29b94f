//! Local times of day, to the minute.

use std::fmt;

use super::QuantityError;
use crate::error::quoted;

/// A time of day: whole minutes since midnight, less than 1,440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// Minutes since midnight.
    pub fn minutes(self) -> u32 {
        self.0
    }
}

/// Parses a time of day such as `14:00` or `9:30`.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub fn time_of_day(text: &str) -> Result<TimeOfDay, QuantityError> {
    let number = |digits: &str, most: u32| {
        let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|number| plain && *number <= most)
    };
    let read = || {
        let (hours, minutes) = text.trim().split_once(':')?;
        Some(TimeOfDay(number(hours, 23)? * 60 + number(minutes, 59).filter(|_| minutes.len() == 2)?))
    };
    read().ok_or_else(|| {
        QuantityError::new(
            format!("{} is not a time of day", quoted(text)),
            "write hours and minutes from \"00:00\" to \"23:59\", such as \"14:00\"",
        )
    })
}

impl fmt::Display for TimeOfDay {
    /// `09:30`; parses back to the same time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}
