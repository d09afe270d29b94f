//! How much of a run was emitted: what a run's summary says beside the run file in it.
//!
//! `generate --summary` writes it from the first event on, so that it is there also after a run that was killed.

use std::collections::BTreeMap;

use crate::run::{Only, Part, Shard};
use serde_json::{Value, json};

/// How much of a run was emitted, when, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Emitted {
    /// How the run ended, if it has.
    pub status: Status,
    /// Which events of the run were emitted, as far as that is known: see [`Emitted::end`].
    ///
    /// `skip` is where the events at the destination begin, which for a file that was continued is before the events of
    /// this run; `first` is the number of the first event that was not handed over any more.
    pub part: Part,
    /// How many events the destination has taken or, if it is a topic, acknowledged.
    pub delivered: u64,
    /// Events that a topic's brokers have refused: they are not in the topic.
    pub failed: Only,
    /// Events that were sent to a topic and never acknowledged: they may be in the topic.
    pub unknown: Only,
    /// Events that were given up and that neither of both lists has, because the list could not be written.
    pub unlisted: u64,
    /// When the run began in wall time: nanoseconds since the Unix epoch.
    pub started: i64,
    /// When it ended, if it has.
    pub ended: Option<i64>,
    /// Seconds of event time in a second of wall time, of a live run.
    pub speed: Option<f64>,
    /// The topic, if it was one.
    pub topic: Option<Topic>,
}

/// Where the events of a run went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topic {
    /// The topic's name.
    pub name: String,
    /// By partition: its end offset before the run's first event. Empty if the brokers did not tell.
    pub offsets_before: BTreeMap<i32, i64>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is not over, or it was killed.
    Running,
    /// Every event was emitted.
    Complete,
    /// A signal ended it.
    Stopped,
    /// Something went wrong, or not every event was delivered.
    Failed,
    /// The reader went away.
    Closed,
}

/// What is known of where the emitted events end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// They end where the run does.
    Run,
    /// None with this number or a later one was emitted.
    At(u64),
    /// All before this number were emitted, and there may be more: the run was killed.
    AtLeast(u64),
    /// Nobody knows.
    Unknown,
}

impl Status {
    /// All of them, by the names that a summary has.
    pub const NAMES: [(&str, Self); 5] = [
        ("running", Self::Running),
        ("complete", Self::Complete),
        ("stopped", Self::Stopped),
        ("failed", Self::Failed),
        ("closed", Self::Closed),
    ];

    /// Its name in a summary.
    pub fn name(self) -> &'static str {
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

    /// The part of the document that only this type reads: which events.
    pub fn numbers_to_json(part: &Part, failed: &Only, unknown: &Only, unlisted: u64) -> Value {
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

/// Numbers as first and last of each stretch of consecutive ones.
fn ranges(numbers: &Only) -> Value {
    numbers.ranges().iter().map(|range| json!([range.start(), range.end()])).collect()
}
