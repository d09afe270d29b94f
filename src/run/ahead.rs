//! Batches that are simulated before anybody asks for them.
//!
//! The simulation's state would wander from processor to processor, if whoever needs a batch simulated it: that costs
//! more than simulating. So one of several threads simulates for all of them, and renders in between.

use super::{lock, source::Batch};
use std::{collections::VecDeque, sync::Mutex};

/// Batches that wait for a thread, in the run's order.
pub(super) struct Ahead {
    state: Mutex<State>,
    /// How many there should be.
    most: usize,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Batch>,
    /// Memory that is used again.
    spare: Vec<Batch>,
}

impl Ahead {
    /// For so many threads: one needs none.
    pub fn new(threads: usize) -> Self {
        Ahead { state: Mutex::default(), most: if threads > 1 { 2 * threads } else { 0 } }
    }

    /// Memory for one more batch, if more should be ready.
    pub fn wanted(&self) -> Option<Batch> {
        let mut state = lock(&self.state);
        (state.ready.len() < self.most).then(|| state.spare.pop().unwrap_or_default())
    }

    /// Adds a batch behind the others.
    pub fn put(&self, batch: Batch) {
        lock(&self.state).ready.push_back(batch);
    }

    /// Takes the first batch, in exchange for memory. False if there is none.
    pub fn take(&self, batch: &mut Batch) -> bool {
        let mut state = lock(&self.state);
        let Some(first) = state.ready.pop_front() else { return false };
        let memory = std::mem::replace(batch, first);
        state.spare.push(memory);
        true
    }
}
