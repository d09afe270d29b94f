//! Counters of a run in progress, for a progress line or a metrics server.
//!
//! The run adds to atomics once for each batch. Readers poll them on their own thread, at their own pace, and never
//! make the run wait.

use super::Summary;
use crate::{bytes::Chunk, sink::Tally};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

/// Upper bounds of the histogram buckets of [`Counters::lateness`], in seconds.
pub(crate) const LATE: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0];

/// Live counters of a run.
#[derive(Debug, Default)]
pub struct Counters {
    events: AtomicU64,
    bytes: AtomicU64,
    /// The number that follows that of the last event; `time` is the time of that event.
    next: AtomicU64,
    time: AtomicI64,
    passed: AtomicU64,
    tally: OnceLock<Option<Arc<Tally>>>,
    /// Histogram of lateness: one bucket for each bound in [`LATE`] and one above them.
    late: [AtomicU64; LATE.len() + 1],
    /// Sum of the lateness of all events, in nanoseconds.
    lateness: AtomicU64,
}

/// A snapshot of the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Events that the sink has taken.
    pub(crate) events: u64,
    /// Bytes of their bodies.
    pub(crate) bytes: u64,
    /// The number, in the whole run, that follows that of the last event; 0 if there is none.
    pub(crate) next: u64,
    /// The last event's time in nanoseconds since the Unix epoch; 0 if there is none.
    pub(crate) time: i64,
    /// The number of events that were simulated and skipped before the first one, as far as known.
    pub(crate) passed: u64,
    /// If the destination acknowledges events: how many it has acknowledged, and how many it has not or may not have
    /// received.
    pub(crate) answers: Option<(u64, u64)>,
}

impl Progress {
    /// Events in flight: taken, and neither acknowledged nor given up. 0 if the destination does not acknowledge
    /// events.
    pub(crate) fn in_flight(&self) -> u64 {
        self.answers.map_or(0, |(acknowledged, failed)| self.events.saturating_sub(acknowledged + failed))
    }
}

impl Counters {
    /// Takes a snapshot.
    pub(crate) fn see(&self) -> Progress {
        let answers = self.tally.get().and_then(Option::as_ref);
        // Read the acknowledgements first, so that they never exceed the events.
        let answers = answers.map(|tally| (tally.acknowledged.load(Relaxed), tally.unacknowledged.load(Relaxed)));
        Progress {
            answers,
            events: self.events.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            next: self.next.load(Relaxed),
            time: self.time.load(Relaxed),
            passed: self.passed.load(Relaxed),
        }
    }

    /// The lateness of a live run's events: the count in each bucket of [`LATE`] and above all bounds, and the sum in
    /// seconds.
    #[cfg(feature = "metrics")]
    pub(crate) fn lateness(&self) -> ([u64; LATE.len() + 1], f64) {
        let counts = std::array::from_fn(|bound| self.late[bound].load(Relaxed));
        (counts, self.lateness.load(Relaxed) as f64 / 1e9)
    }

    /// Starts watching a run, with the tally in which the sink counts acknowledgements.
    pub(super) fn begin(&self, tally: Option<Arc<Tally>>) {
        // Each `Counters` serves one run, so the cell is empty.
        let _ = self.tally.set(tally);
    }

    /// Adds a chunk that the sink has taken; `summary` includes it.
    pub(super) fn took(&self, summary: &Summary, chunk: &Chunk) {
        let Some(last) = chunk.events.last() else { return };
        self.events.store(summary.events, Relaxed);
        self.bytes.store(summary.bytes, Relaxed);
        self.time.store(last.time, Relaxed);
        self.next.store(last.number + 1, Relaxed);
    }

    /// Records how many events were skipped so far.
    pub(super) fn passed(&self, events: u64) {
        self.passed.store(events, Relaxed);
    }

    /// Records the lateness of an event, in nanoseconds.
    pub(super) fn late(&self, nanoseconds: u64) {
        let seconds = nanoseconds as f64 / 1e9;
        let bound = LATE.iter().position(|bound| seconds <= *bound).unwrap_or(LATE.len());
        self.late[bound].fetch_add(1, Relaxed);
        self.lateness.fetch_add(nanoseconds, Relaxed);
    }
}
