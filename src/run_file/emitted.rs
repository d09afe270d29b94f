//! How much of a run was emitted: the keys of a summary that describe its progress, next to the run file in it.
//!
//! `generate --summary` writes them from the first event on, so they also exist after a run that was killed.

use std::collections::BTreeMap;

use crate::run::{Selection, Shard, Slice};
use serde_json::{Value, json};

/// Which part of a run was emitted, when, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Emitted {
    /// How the run ended, or that it is still in progress.
    pub status: Status,
    /// Which events of the run were emitted, as far as known: see [`Emitted::end`].
    ///
    /// `skip` is the number of the first event at the destination; in a file that was resumed, that is before the
    /// events of this run. `first` is the number of the first event that was no longer handed over.
    pub part: Slice,
    /// How many events the destination has taken or, if it is a topic, acknowledged.
    pub delivered: u64,
    /// Events that a topic's brokers rejected: they are not in the topic.
    pub failed: Selection,
    /// Events that were sent to a topic and never acknowledged: they may be in the topic.
    pub unknown: Selection,
    /// Events that were given up but are in neither list, because the list could not be written.
    pub unlisted: u64,
    /// When the run began in wall time: nanoseconds since the Unix epoch.
    pub started: i64,
    /// When the run ended, in the same unit; `None` if it has not.
    pub ended: Option<i64>,
    /// Seconds of event time in a second of wall time, of a live run.
    pub(crate) speed: Option<f64>,
    /// The topic, if the destination was one.
    pub topic: Option<Topic>,
}

/// The topic that the events of a run went to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topic {
    /// The topic's name.
    pub name: String,
    /// The end offset of each partition before the run's first event. Empty if the brokers did not return them.
    pub offsets_before: BTreeMap<i32, i64>,
    /// The id of the cluster that these offsets are of, if its brokers returned it.
    pub(crate) cluster: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has not ended, or it was killed.
    Running,
    /// Every event was emitted.
    Complete,
    /// A signal ended it.
    Stopped,
    /// An error ended it, or not every event was delivered.
    Failed,
    /// The reader closed the pipe.
    Closed,
}

/// Where the emitted events end, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At the end of the run.
    Run,
    /// Before this number: no event with this number or a later one was emitted.
    At(u64),
    /// At this number or later: all events before it were emitted, and there may be more, because the run was killed.
    AtLeast(u64),
    /// Not known.
    Unknown,
}

impl Status {
    /// All statuses with their names in a summary.
    pub(crate) const NAMES: [(&str, Self); 5] = [
        ("running", Self::Running),
        ("complete", Self::Complete),
        ("stopped", Self::Stopped),
        ("failed", Self::Failed),
        ("closed", Self::Closed),
    ];

    /// The status's name in a summary.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, status)| *status == self).map_or("", |(name, _)| name)
    }
}

impl Emitted {
    /// Where the emitted events end.
    pub fn end(&self) -> End {
        match (self.status, self.part.first) {
            (Status::Running, first) => End::AtLeast(first.unwrap_or(0)),
            (_, Some(first)) => End::At(first),
            (Status::Complete, None) => End::Run,
            (_, None) => End::Unknown,
        }
    }

    /// The keys of the document that only this type reads: which events were emitted, rejected or lost.
    pub(crate) fn numbers_to_json(part: &Slice, failed: &Selection, unknown: &Selection, unlisted: u64) -> Value {
        json!({
            "skip": part.skip,
            "until": part.first,
            "shard": part.shard.map(|shard: Shard| shard.to_string()),
            "only": part.only.as_ref().map(ranges),
            "failed": ranges(failed),
            "unknown": ranges(unknown),
            "unlisted": unlisted,
        })
    }
}

/// Numbers as `[first, last]` pairs of consecutive ones.
fn ranges(numbers: &Selection) -> Value {
    numbers.ranges().iter().map(|range| json!([range.start(), range.end()])).collect()
}
