//! Start, end and rate of a run, resolved to numbers.

use crate::schedule::Schedule;

/// Start, end and rate of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Start of event time, in nanoseconds since the Unix epoch.
    pub from: i64,
    /// End of event time, exclusive.
    pub to: Option<i64>,
    /// Nanoseconds between the starts of two instances.
    pub every: u64,
    /// Exact number of events, unless `to` comes first.
    pub events: Option<u64>,
    /// Which instances start.
    pub(crate) starts: Starts,
    /// Events over time; `None` starts instances at fixed intervals, and their steps happen when they are due.
    pub schedule: Option<Schedule>,
    /// With a schedule: whether the run starts in steady state, with instances in progress.
    pub(crate) warm: bool,
}

/// The results of a simulation of the whole run without its state, before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DryRun {
    /// Number of events, those of injected scenarios included.
    pub(crate) events: u64,
    /// Time of the last event that is not injected, in nanoseconds since the Unix epoch.
    pub(crate) last: i64,
}

/// Which instances start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starts {
    /// One of each scenario.
    Once,
    /// This many, by weight.
    Instances(u64),
    /// One after another until the run ends.
    Unbounded,
}

impl Timing {
    /// End of event time, exclusive, as far as start and options say it: without simulating the run.
    pub(crate) fn end(&self) -> Option<i64> {
        let of_events = || self.events.and_then(|events| self.schedule.as_ref()?.slot(events));
        let of_stages = || self.schedule.as_ref().and_then(Schedule::length);
        let span = || of_events().into_iter().chain(of_stages()).min();
        self.to.or_else(|| span().map(|span| self.from.saturating_add_unsigned(span)))
    }

    /// Whether the run has no end.
    pub fn is_endless(&self) -> bool {
        let ends_itself = self.schedule.as_ref().and_then(Schedule::length).is_some();
        self.to.is_none() && self.events.is_none() && self.starts == Starts::Unbounded && !ends_itself
    }
}
