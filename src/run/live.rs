//! Pacing of a live run: when an event may leave, and how late it was.
//!
//! The pacing is open-loop: an event's due time depends only on its event time, never on how fast the sink was before.
//! A run that was held up catches up, and reports how late it was.

use super::Counters;
use crate::{
    clock::Clock,
    error::Error,
    units::{elapsed, format_duration},
};
use hdrhistogram::Histogram;
use std::sync::{Arc, atomic::AtomicBool};

/// How a run is paced against the wall clock.
#[derive(Clone)]
pub struct Live {
    /// The clock that the run follows.
    pub clock: Arc<dyn Clock>,
    /// Seconds of event time in a second of wall time, more than 0.
    pub speed: f64,
    /// Stop the run if an event leaves later than this, in nanoseconds.
    pub max_lag: Option<u64>,
}

/// How late the events of a run left, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// The median lateness.
    pub p50: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The maximum.
    pub max: u64,
    /// The lateness of the last event.
    pub last: u64,
    /// The wall time from the first event's departure to the last one's.
    pub took: u64,
}

/// Decides when events leave, and records how late they were.
pub(super) struct Pacer {
    live: Live,
    from: i64,
    /// For a resumed run: when its first event was due, and when it left.
    resumed: Option<(i64, i64)>,
    resumes: bool,
    lags: Histogram<u64>,
    last: u64,
    /// When the first events left, and when the latest ones did.
    left: Option<(i64, i64)>,
    watch: Option<Arc<Counters>>,
}

/// Events that are due within this time (in nanoseconds) leave together: a wake-up costs more than sending a hundred
/// events. Half of it is how early an event may leave.
const TOGETHER: i64 = 500_000;

/// Upper limit of the recorded lateness: an hour, in nanoseconds.
const LATEST: u64 = 3_600_000_000_000;

/// A resumed run catches up at no more than this multiple of its pace.
const CATCH_UP: i64 = 2;

impl Pacer {
    /// Creates the pacer of a run whose event time begins at `from`; `resumes` if its first events are skipped.
    pub(super) fn new(live: Live, from: i64, resumes: bool, watch: Option<Arc<Counters>>) -> Self {
        // Two significant digits suffice for lateness in the tens of microseconds.
        let lags =
            Histogram::new_with_max(LATEST, 2).unwrap_or_else(|error| unreachable!("these bounds are valid: {error}"));
        Pacer { live, from, resumed: None, resumes, lags, last: 0, left: None, watch }
    }

    /// The wall time at which an event with this event time is due.
    pub(super) fn due(&mut self, time: i64) -> i64 {
        let since = elapsed(self.from, time) as f64 / self.live.speed;
        let due = self.from.saturating_add(since as i64);
        if !self.resumes {
            return due;
        }
        let (first, left) = *self.resumed.get_or_insert_with(|| (due, self.live.clock.now().max(due)));
        due.max(left.saturating_add(due.saturating_sub(first) / CATCH_UP))
    }

    /// Waits until `due`. Returns the time up to which events may leave now.
    pub(super) fn wait_for(&self, due: i64, stop: &AtomicBool) -> i64 {
        self.live.clock.wait_until(due, stop);
        self.live.clock.now().saturating_add(TOGETHER)
    }

    /// Records that events with these due times have left.
    ///
    /// # Errors
    ///
    /// If one of them was later than allowed. The earliest due time decides: after the process or the machine was
    /// suspended, the last event of a batch may be on time again.
    pub(super) fn left(&mut self, dues: &[i64]) -> Result<(), Error> {
        let now = self.live.clock.now();
        let mut latest = 0;
        for due in dues {
            self.last = now.saturating_sub(*due).max(0).unsigned_abs();
            latest = latest.max(self.last);
            self.lags.saturating_record(self.last);
            if let Some(watch) = &self.watch {
                watch.late(self.last);
            }
        }
        self.left = Some((self.left.map_or(now, |(first, _)| first), now));
        match self.live.max_lag {
            Some(max) if latest > max => {
                let lag = format_duration(latest / 1_000_000 * 1_000_000);
                let message = format!("the run cannot keep up: an event left {lag} late, more than `--max-lag` allows");
                Err(Error::failed(message).help("lower the rate, or find out what holds up the reader of the events"))
            }
            _ => Ok(()),
        }
    }

    /// The lateness recorded so far.
    pub(super) fn lag(&self) -> Lag {
        Lag {
            p50: self.lags.value_at_quantile(0.5),
            p99: self.lags.value_at_quantile(0.99),
            max: self.lags.max(),
            last: self.last,
            took: self.left.map_or(0, |(first, last)| last.abs_diff(first)),
        }
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("speed", &self.speed).field("max_lag", &self.max_lag).finish_non_exhaustive()
    }
}
