//! When a run begins and ends, as numbers.

use crate::schedule::Schedule;

/// When a run begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Where event time begins, in nanoseconds since the Unix epoch.
    pub from: i64,
    /// Nothing happens at this time or later.
    pub to: Option<i64>,
    /// Nanoseconds between the starts of two instances.
    pub every: u64,
    /// Exactly so many events, unless `to` comes first.
    pub events: Option<u64>,
    /// Which instances start.
    pub starts: Starts,
    /// How many events happen when; `None` lets instances start every so often and their steps happen when due.
    pub schedule: Option<Schedule>,
    /// With a schedule: whether stories are going on already when the run begins.
    pub warm: bool,
}

/// Which instances start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// Each story once.
    Once,
    /// So many, by weight.
    Instances(u64),
    /// One after another until the run ends.
    Unbounded,
}

impl Timing {
    /// Whether it goes on until it is stopped.
    pub fn is_endless(&self) -> bool {
        let ends_itself = self.schedule.as_ref().and_then(Schedule::length).is_some();
        self.to.is_none() && self.events.is_none() && self.starts == Starts::Unbounded && !ends_itself
    }
}
