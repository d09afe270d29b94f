//! Memory of the instances in progress.

use super::instance::Instance;

/// The instances in progress, in a slab: freed places are reused.
#[derive(Debug)]
pub(super) struct Instances {
    places: Vec<Instance>,
    /// Head of the list of free places, linked through `state_at`.
    free: u32,
    in_progress: usize,
}

const NONE: u32 = u32::MAX;

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
