//! Rate profile: a histogram of events over time in bounded memory.

use crate::{schedule::Schedule, units::elapsed};

/// Events over event time.
#[derive(Debug, Clone)]
pub(crate) struct RateProfile {
    from: i64,
    /// Nanoseconds per bin. When the run exceeds the last bin, bins are merged in pairs and the width doubles.
    width: u64,
    bins: Vec<u32>,
    /// The second at hand, counted from the run's beginning, and its events.
    second: (u64, u64),
    busiest: u64,
    last: i64,
}

/// Enough that a column of a chart covers hundreds of bins, so that rounding to bins is invisible.
const BINS: usize = 1 << 16;

/// Of a longer run, only about this many seconds are looked at for the busiest one.
const MOST_SECONDS: u64 = 100_000;

const SECOND: u64 = 1_000_000_000;

impl RateProfile {
    /// An empty profile of a run that starts at `from` (nanoseconds since the Unix epoch).
    pub(super) fn new(from: i64) -> Self {
        RateProfile { from, width: 1_000_000, bins: Vec::new(), second: (0, 0), busiest: 0, last: from }
    }

    /// The profile up to `end` (nanoseconds since the Unix epoch) of a run with a rate. A `share` of its events counts.
    pub(super) fn from_schedule(schedule: &Schedule, from: i64, end: i64, share: f64) -> Self {
        let span = elapsed(from, end).saturating_add(1);
        let between = |begin: u64, width: u64| {
            let (begin, end) = (begin.min(span), begin.saturating_add(width).min(span));
            let events = schedule.count_before(end) - schedule.count_before(begin);
            (events as f64 * share).round() as u64
        };
        let width = span.div_ceil(BINS as u64);
        let bins = (0..span.div_ceil(width)).map(|bin| between(bin * width, width));
        let seconds = span.div_ceil(SECOND);
        let step = seconds.div_ceil(MOST_SECONDS) as usize;
        let busiest = (0..seconds).step_by(step).map(|second| between(second * SECOND, SECOND)).max();
        RateProfile {
            from,
            width,
            bins: bins.map(|events| u32::try_from(events).unwrap_or(u32::MAX)).collect(),
            second: (0, 0),
            busiest: busiest.unwrap_or(0),
            last: end,
        }
    }

    /// Adds an event, which must not be before the run's start.
    pub(super) fn add(&mut self, time: i64) {
        let since = elapsed(self.from, time);
        let mut bin = (since / self.width) as usize;
        while bin >= BINS {
            self.width *= 2;
            self.bins = self.bins.chunks(2).map(|pair| pair.iter().sum()).collect();
            bin /= 2;
        }
        if bin >= self.bins.len() {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += 1;
        self.last = time;
        let second = since / SECOND;
        self.second = if second == self.second.0 { (second, self.second.1 + 1) } else { (second, 1) };
        self.busiest = self.busiest.max(self.second.1);
    }

    /// Number of events of the busiest second; seconds are counted from the run's start.
    pub(crate) fn busiest_second(&self) -> u64 {
        self.busiest
    }

    /// Time of the last event.
    pub(crate) fn until(&self) -> i64 {
        self.last
    }

    /// Events per second in `parts` equal parts of the time from the run's start to `end` (nanoseconds since the Unix
    /// epoch). Empty if that time is 0.
    pub(crate) fn rates(&self, end: i64, parts: usize) -> Vec<f64> {
        let span = u128::from(elapsed(self.from, end));
        if span == 0 || parts == 0 {
            return Vec::new();
        }
        // A column's edge, rounded up. In whole nanoseconds: beyond 104 days floating point cannot tell two neighbours
        // apart, and the walk along a bin would stand still.
        let edge = |index: usize| (span * index as u128).div_ceil(parts as u128);
        let mut events = vec![0.0; parts];
        for (bin, count) in self.bins.iter().enumerate() {
            // A bin that two columns share is divided between them.
            let begin = bin as u128 * u128::from(self.width);
            let end = (begin + u128::from(self.width)).min(span);
            if begin >= end {
                events[parts - 1] += f64::from(*count);
                continue;
            }
            let density = f64::from(*count) / (end - begin) as f64;
            let mut at = begin;
            while at < end {
                let index = (at * parts as u128 / span) as usize;
                let until = end.min(edge(index + 1));
                events[index] += density * (until - at) as f64;
                at = until;
            }
        }
        let part = span as f64 / parts as f64;
        events.into_iter().map(|events| events * SECOND as f64 / part).collect()
    }
}
