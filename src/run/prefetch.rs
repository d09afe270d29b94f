//! Prefetch: a queue of batches that are simulated in advance.
//!
//! If each thread simulated its own batches, the simulation's state would move from one processor's cache to another's,
//! which costs more than the simulation itself. So one thread simulates for all of them, and renders batches in
//! between.

use super::{lock, source::Batch};
use std::{collections::VecDeque, sync::Mutex};

/// Simulated batches that wait for a thread, in the order of the run.
pub(super) struct Prefetch {
    state: Mutex<State>,
    /// The number of batches to keep ready.
    most: usize,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Batch>,
    /// Used batches, kept for their memory.
    spare: Vec<Batch>,
}

impl Prefetch {
    /// A queue for this number of threads; a single thread needs no prefetch.
    pub(super) fn new(threads: usize) -> Self {
        Prefetch { state: Mutex::default(), most: if threads > 1 { 2 * threads } else { 0 } }
    }

    /// An empty batch to fill, if the queue is not full.
    pub(super) fn wanted(&self) -> Option<Batch> {
        let mut state = lock(&self.state);
        (state.ready.len() < self.most).then(|| state.spare.pop().unwrap_or_default())
    }

    /// Appends a batch to the queue.
    pub(super) fn put(&self, batch: Batch) {
        lock(&self.state).ready.push_back(batch);
    }

    /// Swaps the first batch of the queue into `batch` and keeps the memory of the old one. Returns false if the queue
    /// is empty.
    pub(super) fn take(&self, batch: &mut Batch) -> bool {
        let mut state = lock(&self.state);
        let Some(first) = state.ready.pop_front() else { return false };
        let memory = std::mem::replace(batch, first);
        state.spare.push(memory);
        true
    }
}
