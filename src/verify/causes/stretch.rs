//! Where in the run events are missing: in one stretch of time, at its end, or evenly.

use super::{Cause, Count, MOST, arrived, percent, share};
use crate::units::format_time;

/// Parts of the run in which missing events are counted.
const PARTS: u64 = 10;

/// Events at most whose positions are kept. Of more of them only a stretch without exception is found.
const MOST_KEPT: usize = 1 << 20;

/// Missing events at least that are called even.
const LEAST_EVEN: u64 = 50;

/// A position in the run, and its time.
type Place = (u64, i64);

/// The positions of the missing events, which come in any order.
#[derive(Default)]
pub(super) struct Missing {
    /// Events of the run.
    total: u64,
    kept: Vec<Place>,
    /// Positions of events with another fault, which say nothing about this one.
    others: Vec<u64>,
    count: u64,
    ends: Option<(Place, Place)>,
    parts: [u64; PARTS as usize],
}

impl Missing {
    pub(super) fn new(total: u64) -> Self {
        Missing { total, ..Missing::default() }
    }

    pub(super) fn add(&mut self, position: u64, time: i64) {
        let place = (position, time);
        self.count += 1;
        let (first, last) = self.ends.unwrap_or((place, place));
        self.ends = Some((first.min(place), last.max(place)));
        self.parts[(u128::from(position) * u128::from(PARTS) / u128::from(self.total.max(position + 1))) as usize] += 1;
        if self.kept.len() < MOST_KEPT {
            self.kept.push(place);
        }
    }

    pub(super) fn add_other(&mut self, position: u64) {
        if self.others.len() <= MOST_KEPT {
            self.others.push(position);
        }
    }

    /// The stretch of time in which events are missing.
    pub(super) fn stretch(&mut self, all: Count) -> Option<Cause> {
        self.kept.sort_unstable();
        self.others.sort_unstable();
        let (first, last) = self.ends?;
        let is_whole = self.within(first.0, last.0)? == all.missing;
        let (first, last) = if is_whole { (first, last) } else { self.shortest(all)? };
        let missing = if is_whole {
            all.missing
        } else {
            self.kept.iter().filter(|(position, _)| (first.0..=last.0).contains(position)).count() as u64
        };
        let with = Count { missing, expected: self.within(first.0, last.0)? };
        let positions = all.expected as f64;
        if !all.is_no_chance(with, positions * positions) {
            return None;
        }
        let is_exact = all.is_exact(with);
        let (from, to) = (format_time(first.1), format_time(last.1));
        let when = if last.0 + 1 == self.total {
            format!("from {from} to the end of the run")
        } else {
            format!("from {from} to {to}")
        };
        let description = match () {
            () if is_exact => format!("every event {when}, and no other"),
            () if with.missing == with.expected => {
                format!("{} {when}: no event of that time arrived", share(with, all))
            }
            () => format!("{} {when}; {} events of that time arrived", share(with, all), arrived(with)),
        };
        Some(Cause {
            fault: "",
            attribute: "time",
            description,
            missing: with.missing,
            expected: with.expected,
            is_exact,
        })
    }

    /// The shortest stretch that has nearly all of the missing events.
    fn shortest(&self, all: Count) -> Option<(Place, Place)> {
        let needed = (all.missing * MOST).div_ceil(100) as usize;
        if self.count > self.kept.len() as u64 || needed == 0 {
            return None;
        }
        let part = self.kept.windows(needed).min_by_key(|part| part[needed - 1].0 - part[0].0)?;
        Some((*part.first()?, *part.last()?))
    }

    /// How many events are in a stretch that did not meet another fault; `None` if these are too many.
    fn within(&self, first: u64, last: u64) -> Option<u64> {
        if self.others.len() > MOST_KEPT {
            return None;
        }
        let others = self.others.partition_point(|at| *at <= last) - self.others.partition_point(|at| *at < first);
        Some(last - first + 1 - others as u64)
    }

    /// Whether events are missing everywhere alike.
    pub(super) fn evenly(&self, all: Count) -> Option<Cause> {
        if all.missing < LEAST_EVEN {
            return None;
        }
        let each = all.missing as f64 / PARTS as f64;
        let square: f64 = self.parts.iter().map(|count| (*count as f64 - each).powi(2) / each).sum();
        // Of nine degrees of freedom, chance is beyond this once in a thousand times.
        (square < 27.88).then(|| Cause {
            fault: "",
            attribute: "evenly",
            description: format!("evenly over the run, {} of its events", percent(all.missing, all.expected)),
            missing: all.missing,
            expected: all.expected,
            is_exact: false,
        })
    }
}
