//! The part of a run that is emitted: a slice of its events, a shard (a fixed share of its instances), or a selection
//! by number. Selecting a part never changes the bytes of an event.

use super::Selection;
use crate::{plan::Plan, simulation::Record, value::Key};
use std::str::FromStr;

/// Which events of a run are emitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slice {
    /// The number of events to skip at the beginning of the whole run.
    pub skip: u64,
    /// Emit only events among this many first ones of the whole run, that is, those with a smaller number.
    pub first: Option<u64>,
    /// Emit only this share of the instances.
    pub shard: Option<Shard>,
    /// Emit only these events.
    pub only: Option<Selection>,
}

/// A share of a run's instances. Instances are never divided, so the events of each stay in order on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// The index of this shard, from 0.
    pub index: u64,
    /// The number of shards.
    pub of: u64,
}

impl Slice {
    /// Whether the part contains this event.
    pub(crate) fn holds(&self, plan: &Plan, record: &Record) -> bool {
        record.number >= self.skip
            && self.first.is_none_or(|first| record.number < first)
            && self.only.as_ref().is_none_or(|only| only.holds(record.number))
            && self.has_instance(plan, record)
    }

    /// Whether the event's instance belongs to the shard, even if the event itself is skipped.
    pub(crate) fn has_instance(&self, plan: &Plan, record: &Record) -> bool {
        self.shard.is_none_or(|shard| shard.holds(plan, record))
    }

    /// Whether the part may end before the run does.
    pub(crate) fn has_end(&self) -> bool {
        self.first.is_some() || self.only.is_some()
    }

    /// Whether the part has no event with this number or a later one.
    pub(crate) fn ends_before(&self, number: u64) -> bool {
        self.first.is_some_and(|first| first <= number)
            || self.only.as_ref().is_some_and(|only| only.last().is_none_or(|last| last < number))
    }
}

impl Shard {
    /// Decided by the instance's identity, so that shards need no knowledge of each other.
    fn holds(self, plan: &Plan, record: &Record) -> bool {
        let scenario = &plan.scenarios[usize::from(plan.event_kinds[record.event_kind as usize].scenario)];
        Key::root(0).number(scenario.tag.into()).number(record.instance).below(self.of) == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed =
            text.split_once('/').and_then(|(index, of)| Some((index.trim().parse().ok()?, of.trim().parse().ok()?)));
        match parsed {
            None => Err("write it as `0/8`: the first of eight".to_owned()),
            Some((_, 0)) => Err("a run has at least one shard: write `0/1`".to_owned()),
            Some((index, of)) if index >= of => {
                Err(format!("shards count from 0: the last of {of} is `{}/{of}`", of - 1))
            }
            Some((index, of)) => Ok(Shard { index, of }),
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}
