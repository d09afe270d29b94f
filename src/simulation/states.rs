//! Memory of the state of the instances in progress.

use crate::{plan::resolved::ResolvedScenario, simulation::steps::MOST_SHOWN};

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

    /// Frees the state slots at an offset, of which there is at least one.
    pub(super) fn give_back(&mut self, scenario: u16, at: u32) {
        let free = &mut self.free[usize::from(scenario)];
        self.slots[at as usize] = u64::from(*free);
        *free = at;
    }

    /// Prefetches resources by reading their first state slot, and the last common one, which may be on the next cache
    /// line.
    pub(super) fn fetch(&self, resources: [u32; 2]) -> u64 {
        let slot = |at: usize| self.slots.get(at).copied().unwrap_or_default();
        let [one, other] = resources.map(|at| slot(at as usize) ^ slot(at as usize + MOST_OF_A_LINE));
        one ^ other
    }

    /// Appends a few state slots of the instance whose state is at `state_at`. Copies a fixed length and truncates,
    /// which is faster than a variable copy.
    #[inline]
    pub(super) fn show(&self, state_at: u32, (from, count): (u32, usize), slots: &mut Vec<u64>) {
        let at = state_at.wrapping_add(from) as usize;
        if let Some(shown) = self.slots[at..].first_chunk::<MOST_SHOWN>() {
            let before = slots.len();
            slots.extend_from_slice(shown);
            slots.truncate(before + count);
        }
    }

    /// The state slots of an instance of `scenario`.
    pub(super) fn slots(&mut self, scenario: &ResolvedScenario, state_at: u32) -> &mut [u64] {
        &mut self.slots[state_at as usize..][..scenario.state_slots]
    }
}
