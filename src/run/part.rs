//! A part of a run: some of its events, such as those after the first N, or a fixed share of its instances. Never changes
//! a byte.

use super::Only;
use crate::{plan::Plan, stream::Record, value::Key};
use std::str::FromStr;

/// Which of a run's events are emitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// So many events of the whole run are passed over.
    pub skip: u64,
    /// Only the first events of the whole run, so many: none with this number or a later one.
    pub first: Option<u64>,
    /// Only this share of the instances.
    pub shard: Option<Shard>,
    /// Only these events.
    pub only: Option<Only>,
}

/// A share of a run's instances: whole ones, so that the events of one stay in order on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 0.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl Part {
    /// Whether an event belongs to the part.
    pub fn holds(&self, plan: &Plan, record: &Record) -> bool {
        record.number >= self.skip
            && self.first.is_none_or(|first| record.number < first)
            && self.only.as_ref().is_none_or(|only| only.holds(record.number))
            && self.has_instance(plan, record)
    }

    /// Whether an event's instance belongs to the part, passed over or not.
    pub fn has_instance(&self, plan: &Plan, record: &Record) -> bool {
        self.shard.is_none_or(|shard| shard.holds(plan, record))
    }

    /// Whether the part may end before the run does.
    pub fn has_end(&self) -> bool {
        self.first.is_some() || self.only.is_some()
    }

    /// Whether nothing of the part comes at or after this event.
    pub fn ends_before(&self, number: u64) -> bool {
        self.first.is_some_and(|first| first <= number)
            || self.only.as_ref().is_some_and(|only| only.last().is_none_or(|last| last < number))
    }
}

impl Shard {
    /// By what the instance is, so that no shard has to know what the others do.
    fn holds(self, plan: &Plan, record: &Record) -> bool {
        let story = &plan.stories[usize::from(plan.emissions[record.emission as usize].story)];
        Key::root(0).number(story.tag.into()).number(record.instance).below(self.of) == self.index
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
