//! A run as others may see it while it goes on: numbers that cost it nothing.
//!
//! The run adds to atomics once for a batch; whoever shows them reads them on a thread of its own and at its own pace,
//! and never makes the run wait.

use super::Summary;
use crate::sink::{Chunk, Tally};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

/// Upper bounds of what [`Watch::lateness`] counts, in seconds.
pub const LATE: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0];

/// What a run has done so far.
#[derive(Debug, Default)]
pub struct Watch {
    events: AtomicU64,
    bytes: AtomicU64,
    /// Behind the last event: its number in the run, and its time.
    next: AtomicU64,
    time: AtomicI64,
    passed: AtomicU64,
    tally: OnceLock<Option<Arc<Tally>>>,
    /// Events by how late they left: one more than there are bounds.
    late: [AtomicU64; LATE.len() + 1],
    /// How late they were together, in nanoseconds.
    lateness: AtomicU64,
}

/// What a run had done at some moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Events that the sink has taken.
    pub events: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// The number behind the last of them in the whole run; 0 if there is none.
    pub next: u64,
    /// Its event time in nanoseconds since the Unix epoch; 0 if there is none.
    pub time: i64,
    /// How many events were simulated and passed over before the first one, as far as that is known.
    pub passed: u64,
    /// Events that the destination has acknowledged, and those that it has not or of which nobody knows, if it says so.
    pub answers: Option<(u64, u64)>,
}

impl Seen {
    /// Events on their way: taken, and neither acknowledged nor given up. 0 if the destination does not say.
    pub fn in_flight(&self) -> u64 {
        self.answers.map_or(0, |(acknowledged, failed)| self.events.saturating_sub(acknowledged + failed))
    }
}

impl Watch {
    /// What the run has done so far.
    pub fn see(&self) -> Seen {
        let answers = self.tally.get().and_then(Option::as_ref);
        // Answers first: there are never more of them than events.
        let answers = answers.map(|tally| (tally.acknowledged.load(Relaxed), tally.unacknowledged.load(Relaxed)));
        Seen {
            answers,
            events: self.events.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            next: self.next.load(Relaxed),
            time: self.time.load(Relaxed),
            passed: self.passed.load(Relaxed),
        }
    }

    /// How late the events of a live run have left: how many by each bound of [`LATE`] and above all of them, and their
    /// lateness together in seconds.
    pub fn lateness(&self) -> ([u64; LATE.len() + 1], f64) {
        let counts = std::array::from_fn(|bound| self.late[bound].load(Relaxed));
        (counts, self.lateness.load(Relaxed) as f64 / 1e9)
    }

    /// The run begins; the sink counts answers here.
    pub(super) fn begin(&self, tally: Option<Arc<Tally>>) {
        // A watch is for one run.
        let _ = self.tally.set(tally);
    }

    /// The sink has taken a chunk, with which the run has come to this.
    pub(super) fn took(&self, summary: &Summary, chunk: &Chunk) {
        let Some(last) = chunk.events.last() else { return };
        self.events.store(summary.events, Relaxed);
        self.bytes.store(summary.bytes, Relaxed);
        self.time.store(last.time, Relaxed);
        self.next.store(last.number + 1, Relaxed);
    }

    /// So many events were passed over so far.
    pub(super) fn passed(&self, events: u64) {
        self.passed.store(events, Relaxed);
    }

    /// An event has left so many nanoseconds late.
    pub(super) fn late(&self, nanoseconds: u64) {
        let seconds = nanoseconds as f64 / 1e9;
        let bound = LATE.iter().position(|bound| seconds <= *bound).unwrap_or(LATE.len());
        self.late[bound].fetch_add(1, Relaxed);
        self.lateness.fetch_add(nanoseconds, Relaxed);
    }
}
