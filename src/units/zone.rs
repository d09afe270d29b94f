//! Time zones: which offset the clocks of a place have had when, by the IANA database that `chrono-tz` carries.

use std::fmt;

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::{Mistake, time::RANGE};
use crate::error::{nearest, quoted};

/// A time zone of the IANA database.
///
/// Its rules are known to the end of 2099; after that the last offset stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// Seconds between two looks at a clock. No two changes of any zone are nearer than four days, so none is missed.
const LOOK: i64 = 3 * 86_400;

impl Zone {
    /// The clock that never changes.
    pub const UTC: Zone = Zone(Tz::UTC);

    /// How many seconds its clocks are ahead of UTC, at a time in seconds since the Unix epoch.
    pub fn offset(self, time: i64) -> i64 {
        let moment = DateTime::<Utc>::from_timestamp(time, 0).unwrap_or_default();
        self.0.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc().into()
    }

    /// All its offsets from 1700 to 2262: since when (seconds since the Unix epoch), and how many seconds ahead of UTC.
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

    /// The first second of another offset, where it changes once after `before` and not after `changed`.
    fn change(self, mut before: i64, mut changed: i64) -> i64 {
        let last = self.offset(changed);
        while changed - before > 1 {
            let middle = before + (changed - before) / 2;
            if self.offset(middle) == last { changed = middle } else { before = middle }
        }
        changed
    }
}

/// Reads the name of a time zone, such as `Europe/Berlin` or `UTC`.
///
/// # Errors
/// Says that there is no such zone, and which one is meant.
pub fn zone(text: &str) -> Result<Zone, Mistake> {
    text.parse().map(Zone).map_err(|_| {
        let help = match nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                "write a name of the IANA database, such as `Europe/Berlin`, `America/New_York` or `UTC`".to_owned()
            }
        };
        Mistake::new(format!("{} is not a time zone", quoted(text)), help)
    })
}

impl fmt::Display for Zone {
    /// Its name: reads back as the same zone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
