//! The state that an event shows: what the simulation copies out of an instance, and where the rendering finds it.
//!
//! The order is the target's state slots, the requested values, the state slots of other resources, then the listed
//! elements. Only this file knows it, but for [the fast path for reads](crate::simulation), which copies a target and
//! one other resource.

use crate::plan::{resolved::ResolvedScenario, state_slots};

/// State that the simulation copies out of an instance for one event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// State slots of this resource.
    pub(crate) target: Option<usize>,
    /// Number of requested values of the call.
    pub(crate) asks: usize,
    /// State slots of the first elements of other resources.
    pub(crate) others: Vec<usize>,
    /// Resources whose existing elements are listed.
    pub(crate) listed: Vec<usize>,
}

impl Snapshot {
    /// Offset of the requested values.
    pub(crate) fn asks_at(&self, scenario: &ResolvedScenario) -> usize {
        self.target.map_or(0, |target| scenario.resources[target].stride)
    }

    /// Offset of the state slots of the first element of `resource`, which is added if it is not the target.
    pub(crate) fn add_other(&mut self, scenario: &ResolvedScenario, resource: usize) -> usize {
        if self.target == Some(resource) {
            return 0;
        }
        if !self.others.contains(&resource) {
            self.others.push(resource);
        }
        let before = self.others.iter().take_while(|other| **other != resource);
        self.others_at(scenario) + before.map(|other| scenario.resources[*other].stride).sum::<usize>()
    }

    /// Offset of the listed elements: before each there is its header (see [`header`]).
    pub(crate) fn listed_at(&self, scenario: &ResolvedScenario) -> usize {
        let others = self.others.iter().map(|other| scenario.resources[*other].stride);
        self.others_at(scenario) + others.sum::<usize>()
    }

    fn others_at(&self, scenario: &ResolvedScenario) -> usize {
        self.asks_at(scenario) + self.asks
    }

    /// Appends what an event about `element` of the target shows of an instance's state, and of the values that its
    /// call requested.
    pub(crate) fn copy(
        &self,
        scenario: &ResolvedScenario,
        element: u32,
        state: &[u64],
        asked: &[u64],
        slots: &mut Vec<u64>,
    ) {
        if let Some(target) = self.target {
            let resource = &scenario.resources[target];
            append(&state[resource.at(element)..][..resource.stride], slots);
        }
        slots.extend_from_slice(&asked[..self.asks]);
        for other in &self.others {
            let resource = &scenario.resources[*other];
            append(&state[resource.state_at..][..resource.stride], slots);
        }
        for listed in &self.listed {
            let resource = &scenario.resources[*listed];
            for element in 0..resource.count {
                let state = &state[resource.at(element)..][..resource.stride];
                if state_slots::exists(state[state_slots::CREATED]) {
                    slots.push(header(*listed, element));
                    append(state, slots);
                }
            }
        }
    }
}

/// The word before the state slots of a listed element: the index of its resource, and its number.
fn header(resource: usize, element: u32) -> u64 {
    ((resource as u64) << 32) | u64::from(element)
}

/// The resource of a listed element, and the element's number.
pub(crate) fn read_header(header: u64) -> (usize, u32) {
    ((header >> 32) as usize, header as u32)
}

/// Appends the state slots of a resource; a fixed length is copied faster, and most have this one.
fn append(from: &[u64], slots: &mut Vec<u64>) {
    match <&[u64; state_slots::FIELDS + 2]>::try_from(from) {
        Ok(from) => slots.extend_from_slice(from),
        Err(_) => slots.extend_from_slice(from),
    }
}
