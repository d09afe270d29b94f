//! Time zones and the history of their offsets, from the IANA database in `chrono-tz`.

use std::fmt;

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::{QuantityError, time::RANGE};
use crate::error::{nearest, quoted};

/// A time zone of the IANA database.
///
/// Its rules are known to the end of 2099; after that the last offset remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// Sampling interval in seconds: no zone changes twice within four days, so no change is missed.
const LOOK: i64 = 3 * 86_400;

impl Zone {
    /// UTC.
    pub(crate) const UTC: Zone = Zone(Tz::UTC);

    /// Offset from UTC in seconds, at a time in seconds since the Unix epoch.
    pub fn offset(self, time: i64) -> i64 {
        let moment = DateTime::<Utc>::from_timestamp(time, 0).unwrap_or_default();
        self.0.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc().into()
    }

    /// All offsets from 1700 to 2262: start (seconds since the Unix epoch) and offset from UTC in seconds.
    pub fn offsets(self) -> Vec<(i64, i64)> {
        let begin = RANGE.start / 1_000_000_000;
        let mut offsets = vec![(begin, self.offset(begin))];
        let mut before = begin;
        while before < i64::MAX / 1_000_000_000 {
            let now = before + LOOK;
            let offset = self.offset(now);
            if offsets.last().is_some_and(|(_, last)| *last != offset) {
                offsets.push((self.change(before, now), offset));
            }
            before = now;
        }
        offsets
    }

    /// The first second with a new offset, given exactly one change after `before` and at or before `changed`.
    fn change(self, mut before: i64, mut changed: i64) -> i64 {
        let last = self.offset(changed);
        while changed - before > 1 {
            let middle = before + (changed - before) / 2;
            if self.offset(middle) == last { changed = middle } else { before = middle }
        }
        changed
    }
}

/// Parses the name of a time zone, such as `Europe/Berlin` or `UTC`.
///
/// # Errors
/// The unknown name, with the nearest known one.
pub fn zone(text: &str) -> Result<Zone, QuantityError> {
    text.parse().map(Zone).map_err(|_| {
        let help = match nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                "write a name of the IANA database, such as `Europe/Berlin`, `America/New_York` or `UTC`".to_owned()
            }
        };
        QuantityError::new(format!("{} is not a time zone", quoted(text)), help)
    })
}

impl fmt::Display for Zone {
    /// The name; parses back to the same zone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
