//! References encoded in one state slot: type and index.

/// Refers to nothing.
pub(crate) const NULL: u64 = 0;
const RESOURCE: u64 = 1 << 56;
const ACTOR: u64 = 2 << 56;
const POPULATION: u64 = 3 << 56;

/// A decoded reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Refers to nothing.
    Null,
    /// A resource of the scenario, by index.
    Resource(usize),
    /// An actor of the scenario, by index.
    Actor(usize),
    /// A member of the population: kind and index.
    Population(usize, u32),
}

/// Encodes a resource of the scenario.
pub(crate) fn resource(index: usize) -> u64 {
    RESOURCE | index as u64
}

/// Encodes an actor of the scenario.
pub(crate) fn actor(index: usize) -> u64 {
    ACTOR | index as u64
}

/// Encodes a member of the population.
pub(crate) fn population(kind: usize, index: u32) -> u64 {
    POPULATION | ((kind as u64) << 32) | u64::from(index)
}

/// Decodes a reference.
pub(crate) fn meaning(slot: u64) -> Meaning {
    let which = slot & ((1 << 56) - 1);
    match slot & (0xFF << 56) {
        RESOURCE => Meaning::Resource(which as usize),
        ACTOR => Meaning::Actor(which as usize),
        POPULATION => Meaning::Population((which >> 32) as usize, which as u32),
        _ => Meaning::Null,
    }
}
