//! Reorder buffer: batches that threads render in parallel are passed on in the order of the run.

use super::{lock, source::Batch, summary::Kinds};
use crate::bytes::Chunk;
use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, PoisonError},
};

/// A batch and its rendered events.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(crate) batch: Batch,
    pub(crate) chunk: Chunk,
    pub(crate) kinds: Kinds,
    /// The number of the thread that rendered it.
    pub(crate) by: usize,
}

/// The batches that wait for earlier ones.
pub(super) struct Reorder {
    state: Mutex<State>,
    changed: Condvar,
    /// A thread that adds a batch blocks while this many batches are waiting.
    most: usize,
}

#[derive(Default)]
struct State {
    /// The number of the next batch to pass on.
    turn: u64,
    /// Whether some thread is passing batches on; it continues with those that become ready meanwhile.
    busy: bool,
    waiting: BTreeMap<u64, Made>,
    /// Used batches, kept for their memory.
    spare: Vec<Made>,
}

impl Reorder {
    /// A reorder buffer for this number of threads.
    pub(super) fn new(threads: usize) -> Self {
        Reorder { state: Mutex::default(), changed: Condvar::new(), most: threads }
    }

    /// Adds a batch. It is passed on after all earlier ones: by `hand_over` in this call, or by the thread that is
    /// passing on batches at the moment. Returns memory for another batch, preferably memory that this thread used
    /// before, because that is in its processor's cache.
    ///
    /// No deadlock: the next batch in order is either in the buffer, or is being rendered by a thread that is not
    /// blocked here.
    pub(super) fn put(&self, made: Made, mut hand_over: impl FnMut(&mut Made)) -> Made {
        let by = made.by;
        let mut state = lock(&self.state);
        state.waiting.insert(made.batch.ticket, made);
        loop {
            let turn = state.turn;
            if !state.busy
                && let Some(mut next) = state.waiting.remove(&turn)
            {
                state.busy = true;
                drop(state);
                hand_over(&mut next);
                state = lock(&self.state);
                state.busy = false;
                state.turn += 1;
                state.spare.push(next);
                self.changed.notify_all();
            } else if state.waiting.len() < self.most {
                let own = state.spare.iter().rposition(|spare| spare.by == by);
                let spare = match own {
                    Some(own) => Some(state.spare.swap_remove(own)),
                    None => state.spare.pop(),
                };
                return Made { by, ..spare.unwrap_or_default() };
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}
