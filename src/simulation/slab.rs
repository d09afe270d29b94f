//! Memory of the instances in progress: their positions and their state, in places that are used again.

use super::instance::Instance;
use crate::{
    plan::{Plan, resolved::ResolvedScenario},
    simulation::steps::MOST_SHOWN,
};

/// The instances in progress, in a slab: freed places are reused.
#[derive(Debug)]
pub(super) struct Instances {
    places: Vec<Instance>,
    /// Head of the list of free places, linked through `state_at`.
    free: u32,
    in_progress: usize,
}

/// The state of all instances in progress, in one vector. The state slots of an instance are contiguous; those of an
/// ended one are reused by the next instance of the same scenario.
#[derive(Debug)]
pub(super) struct States {
    /// Padded at the end, so that reads of a fixed length stay within bounds.
    slots: Vec<u64>,
    /// For each scenario the head of its list of free ranges, linked through their first slot.
    free: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// Offset of the last commonly needed state slot of a resource.
const MOST_OF_A_LINE: usize = 3;

/// Marks a free place.
const NO_SCENARIO: u16 = u16::MAX;

impl Default for Instances {
    fn default() -> Self {
        Instances { places: Vec::new(), free: NONE, in_progress: 0 }
    }
}

impl Instances {
    /// Number of instances in progress.
    pub(super) fn len(&self) -> usize {
        self.in_progress
    }

    /// The scenario of each instance.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = u16> {
        self.places.iter().map(|instance| instance.scenario).filter(|scenario| *scenario != NO_SCENARIO)
    }

    /// Stores an instance; returns its place.
    pub(super) fn insert(&mut self, instance: Instance) -> u32 {
        self.in_progress += 1;
        let Some(free) = self.places.get_mut(self.free as usize) else {
            self.places.push(instance);
            return self.places.len() as u32 - 1;
        };
        let place = std::mem::replace(&mut self.free, free.state_at);
        *free = instance;
        place
    }

    /// Frees a place.
    pub(super) fn remove(&mut self, place: u32) {
        self.in_progress -= 1;
        let instance = &mut self.places[place as usize];
        instance.scenario = NO_SCENARIO;
        instance.state_at = std::mem::replace(&mut self.free, place);
    }

    /// The instance at a place.
    pub(super) fn get(&self, place: u32) -> &Instance {
        &self.places[place as usize]
    }

    /// The instance at a place, to advance it.
    pub(super) fn get_mut(&mut self, place: u32) -> &mut Instance {
        &mut self.places[place as usize]
    }
}

impl States {
    /// No state yet, for `scenarios` scenarios.
    pub(super) fn new(scenarios: usize) -> Self {
        States { slots: vec![0; MOST_SHOWN], free: vec![NONE; scenarios] }
    }

    /// Allocates the state slots of an instance, all 0.
    pub(super) fn take(&mut self, scenario: u16, length: usize) -> u32 {
        if length == 0 {
            return 0;
        }
        let free = self.free[usize::from(scenario)];
        if free == NONE {
            let at = self.slots.len() - MOST_SHOWN;
            self.slots.resize(at + length + MOST_SHOWN, 0);
            return at as u32;
        }
        let slots = &mut self.slots[free as usize..][..length];
        self.free[usize::from(scenario)] = slots[0] as u32;
        slots.fill(0);
        free
    }

    /// Frees the state slots of an instance.
    pub(super) fn give_back(&mut self, plan: &Plan, instance: &Instance) {
        if plan.scenarios[usize::from(instance.scenario)].state_slots > 0 {
            let free = &mut self.free[usize::from(instance.scenario)];
            self.slots[instance.state_at as usize] = u64::from(*free);
            *free = instance.state_at;
        }
    }

    /// Prefetches resources by reading their first state slot, and the last common one, which may be on the next cache
    /// line.
    pub(super) fn fetch(&self, resources: [u32; 2]) -> u64 {
        let slot = |at: usize| self.slots.get(at).copied().unwrap_or_default();
        let [one, other] = resources.map(|at| slot(at as usize) ^ slot(at as usize + MOST_OF_A_LINE));
        one ^ other
    }

    /// Appends a few state slots of an instance: copies a fixed length and truncates, which is faster than a variable
    /// copy.
    #[inline]
    pub(super) fn show(&self, instance: &Instance, (from, count): (u32, usize), slots: &mut Vec<u64>) {
        let at = instance.state_at.wrapping_add(from) as usize;
        if let Some(shown) = self.slots[at..].first_chunk::<MOST_SHOWN>() {
            let before = slots.len();
            slots.extend_from_slice(shown);
            slots.truncate(before + count);
        }
    }

    /// The state slots of an instance.
    pub(super) fn slots(&mut self, scenario: &ResolvedScenario, instance: &Instance) -> &mut [u64] {
        &mut self.slots[instance.state_at as usize..][..scenario.state_slots]
    }
}
