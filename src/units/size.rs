//! Sizes in bytes: parsing and formatting.

use super::{Decimal, Inexact, QuantityError};
use crate::error::quoted;

/// Units and their bytes. Of those that divide a size, the first one formats it.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Parses a size such as `100MB`, `1.5GB` or `64KiB`.
///
/// # Errors
/// The mistake in the text, and its remedy.
pub(crate) fn size(text: &str) -> Result<u64, QuantityError> {
    let plain: String = text.split_whitespace().collect();
    let known = |suffix: &str| UNITS.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(suffix));
    let split = Decimal::split(&plain).and_then(|(number, suffix)| Some((number, known(suffix)?)));
    let Some((number, (_, unit))) = split else {
        return Err(QuantityError::new(format!("{} is not a size", quoted(text)), "write `100MB` or `64KiB`"));
    };
    match number.times(*unit) {
        Ok(0) => Err(QuantityError::new(format!("the size {} is nothing at all", quoted(text)), "write `1kB` or more")),
        Ok(size) => Ok(size),
        Err(Inexact::TooFine) => Err(QuantityError::new(
            format!("the size {} is not a whole number of bytes", quoted(text)),
            "write fewer digits after the point",
        )),
        Err(Inexact::TooLarge) => Err(QuantityError::new(
            format!("the size {} is too large", quoted(text)),
            format!("the largest is {} bytes", u64::MAX),
        )),
    }
}

/// Formats a size so that [`size`] reads the same number: `100MB`, `64KiB`.
pub(crate) fn format_size(size: u64) -> String {
    let (unit, bytes) = UNITS.iter().find(|(_, bytes)| size.is_multiple_of(*bytes)).unwrap_or(&("B", 1));
    format!("{}{unit}", size / bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_formatted() {
        for (text, bytes, formatted) in [
            ("100MB", 100_000_000, "100MB"),
            ("1.5 kb", 1500, "1500B"),
            ("64KiB", 65_536, "64KiB"),
            ("2gib", 2 << 30, "2GiB"),
            ("1000000kB", 1_000_000_000, "1GB"),
            ("17B", 17, "17B"),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
            assert_eq!(format_size(bytes), formatted);
            assert_eq!(size(formatted), Ok(bytes));
        }
        for (text, expected) in [
            ("100", "is not a size"),
            ("100M", "is not a size"),
            ("-1kB", "is not a size"),
            ("", "is not a size"),
            ("0MB", "nothing at all"),
            ("0.5B", "not a whole number of bytes"),
            ("99999999999GB", "too large"),
        ] {
            let found = size(text).unwrap_err().to_string();
            assert!(found.contains(expected), "{text}: {found}");
        }
    }
}
