//! The possible states of a resource at one point of a scenario.

use crate::plan::resolved::{Initial, Owner, Resource};
use std::ops::Range;

/// Bit of [`Facts::exists`]: the resource has not been created.
pub(super) const ABSENT: u8 = 1;
/// Bit of [`Facts::exists`]: the resource exists.
pub(super) const LIVE: u8 = 2;
/// Bit of [`Facts::exists`]: the resource was deleted; its identity is never used again.
pub(super) const GONE: u8 = 4;

/// The possible states of a resource at one point of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    pub(super) exists: u8,
    /// The step that last created or deleted it, for messages.
    pub(super) since: Option<Range<usize>>,
    /// For each changing field, the choices that it may have.
    pub(super) choices: Vec<Choices>,
}

/// The choices that a field may have at one point of the scenario.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Choices {
    pub(super) lowest: u64,
    pub(super) highest: u64,
    /// Whether it has the value that was drawn at the start of the instance.
    pub(super) is_initial: bool,
}

impl Choices {
    pub(super) fn between(lowest: u64, highest: u64) -> Self {
        Choices { lowest, highest, is_initial: false }
    }
}

impl Facts {
    /// The facts at the start of an instance.
    pub(super) fn at_first(resource: &Resource) -> Self {
        let existing = !matches!(resource.owner, Owner::Instance { existing: false, .. });
        let choices = resource.initial.iter().map(|initial| match initial {
            Initial::Fixed(code) => Choices::between(*code, *code),
            Initial::Drawn(weights) => {
                let mut drawn = (0..weights.len()).filter(|choice| weights.draws(*choice)).map(|choice| choice as u64);
                let lowest = drawn.next().unwrap_or(0);
                let highest = drawn.next_back().unwrap_or(lowest);
                Choices { lowest, highest, is_initial: true }
            }
            Initial::Reference(_) => Choices::default(),
        });
        Facts { exists: if existing { LIVE } else { ABSENT }, since: None, choices: choices.collect() }
    }

    pub(super) fn merged(mut self, other: Facts) -> Facts {
        self.merge(other);
        self
    }

    /// Merges the facts of another path to the same point.
    pub(super) fn merge(&mut self, other: Facts) {
        // For messages, a step that deleted the resource is more useful than one that created it.
        if other.exists & GONE != 0 && self.exists & GONE == 0 || self.since.is_none() {
            self.since = other.since;
        }
        self.exists |= other.exists;
        for (known, other) in self.choices.iter_mut().zip(other.choices) {
            *known = Choices {
                lowest: known.lowest.min(other.lowest),
                highest: known.highest.max(other.highest),
                is_initial: known.is_initial && other.is_initial,
            };
        }
    }
}
