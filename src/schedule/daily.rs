//! A rate that rises and falls with the time of day in a time zone: a week in local time, mapped to UTC.
//!
//! The curve follows daylight saving time: a skipped hour has no events, a repeated hour has them twice, and the peak
//! stays at the same local time.

use super::{area_before, ramp::Stretch, week::Week};
use crate::units::{Rate, SECOND, TIME_RANGE, TimeOfDay, Zone};

/// A daily curve in a time zone.
#[derive(Debug, PartialEq, Eq)]
pub struct DailyCurve {
    peak: Rate,
    week: Week,
    zone: Zone,
    /// Spans in order, from 1700.
    spans: Vec<Span>,
}

/// A time span in which the zone's offset does not change.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    /// Start in nanoseconds since the Unix epoch.
    begin: i64,
    /// Offset to local time, in nanoseconds.
    offset: i128,
    /// The integral since the start of the first span.
    before: i128,
    /// The week's integral at its start, in local time.
    local: i128,
}

impl DailyCurve {
    /// The rate is a raised cosine in local time, with its trough twelve hours from its peak, approximated by straight
    /// lines between minutes. `trough` is at most `peak`, which is more than 0. On Saturdays and Sundays the rate is
    /// multiplied by `weekend` thousandths.
    pub fn new(peak: Rate, trough: Rate, peak_at: TimeOfDay, weekend: u32, zone: Zone) -> DailyCurve {
        let week = Week::new(peak, trough, peak_at, weekend);
        let mut spans: Vec<Span> = Vec::new();
        for (begin, offset) in zone.offsets() {
            let (begin, offset) = (begin * SECOND, i128::from(offset) * i128::from(SECOND));
            let before =
                spans.last().map_or(0, |last| last.before + week.integral(last.local_time(begin)) - last.local);
            let local = week.integral(i128::from(begin) + offset);
            spans.push(Span { begin, offset, before, local });
        }
        DailyCurve { peak, week, zone, spans }
    }

    /// Maximum rate.
    pub(crate) fn peak(&self) -> Rate {
        self.peak
    }

    /// The rate in each minute of a working day, in any unit, and the time zone.
    pub(super) fn workday(&self) -> (&[u64], Zone) {
        (self.week.workday(), self.zone)
    }

    /// The latest whole second (in nanoseconds since the Unix epoch) at which a run of `events` events can start so
    /// that it ends at `end`; `None` if that is before 1700.
    pub fn latest_start(&self, events: u64, end: i64) -> Option<i64> {
        let most = self.integral(end) - area_before(events)?;
        let (mut begin, mut beyond) = (TIME_RANGE.start / SECOND, end.div_euclid(SECOND));
        if begin >= beyond || self.integral(begin * SECOND) >= most {
            return None;
        }
        while beyond - begin > 1 {
            let middle = begin + (beyond - begin) / 2;
            if self.integral(middle * SECOND) < most { begin = middle } else { beyond = middle }
        }
        Some(begin * SECOND)
    }

    /// The integral from 1700 to a time in nanoseconds since the Unix epoch, rounded down.
    pub(super) fn integral(&self, time: i64) -> i128 {
        let span = self.span(time).1;
        span.before + self.week.integral(span.local_time(time)) - span.local
    }

    /// [`integral`](Self::integral), rounded up.
    pub(super) fn integral_at_most(&self, time: i64) -> i128 {
        let span = self.span(time).1;
        span.before + self.week.integral_at_most(span.local_time(time)) - span.local
    }

    /// The rate at a time in nanoseconds since the Unix epoch.
    pub(super) fn rate(&self, time: i64) -> Rate {
        let local = self.span(time).1.local_time(time);
        let minute = self.week.minute(local);
        Rate::from_thousandths_per_day(minute.ramp.rate((local - minute.begin) as u64))
    }

    /// The span in which the integral since `from` exceeds `wanted`; `passed` is the integral at `from`.
    pub(super) fn stretch(&self, from: i64, passed: i128, wanted: i128) -> Option<Stretch> {
        let at = self.spans.partition_point(|span| span.before <= wanted + passed).checked_sub(1)?;
        let span = &self.spans[at];
        // The difference between the week's integral and the run's.
        let ahead = span.local - span.before + passed;
        let minute = self.week.reaching(wanted + ahead);
        let before = minute.before - ahead;
        let end = before + minute.ramp.whole();
        Some(Stretch {
            ramp: minute.ramp,
            origin: minute.begin - span.offset - i128::from(from),
            before,
            until: self.spans.get(at + 1).map_or(end, |next| end.min(next.before - passed)),
            begin: span.begin.saturating_sub(from).max(0) as u64,
        })
    }

    /// When the rate next becomes 0 for a while, at or after a time in nanoseconds since the Unix epoch.
    pub(super) fn quiet_from(&self, time: i64) -> Option<i64> {
        if !self.week.rests() {
            return None;
        }
        let (first, _) = self.span(time);
        self.spans[first..].iter().enumerate().find_map(|(index, span)| {
            let local = Week::next_weekend(span.local_time(time.max(span.begin)));
            let quiet = i64::try_from(local - span.offset).ok()?;
            self.spans.get(first + index + 1).is_none_or(|next| quiet < next.begin).then_some(quiet)
        })
    }

    /// The span that contains a time, and its index.
    fn span(&self, time: i64) -> (usize, &Span) {
        let at = self.spans.partition_point(|span| span.begin <= time).saturating_sub(1);
        (at, &self.spans[at])
    }
}

impl Span {
    fn local_time(&self, time: i64) -> i128 {
        i128::from(time) + self.offset
    }
}
