//! Batches that are made side by side leave in their order, while others are still being made.

use super::{lock, source::Batch, summary::Kinds};
use crate::sink::Chunk;
use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, PoisonError},
};

/// A batch and its events, rendered.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub batch: Batch,
    pub chunk: Chunk,
    pub kinds: Kinds,
    /// Who made it.
    pub by: usize,
}

/// Whose turn it is.
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
    /// How many batches may wait: who has made one more waits, too.
    most: usize,
}

#[derive(Default)]
struct State {
    /// The batch that leaves next.
    turn: u64,
    /// Somebody is handing over, and goes on with what comes next.
    busy: bool,
    waiting: BTreeMap<u64, Made>,
    /// Memory that is used again.
    spare: Vec<Made>,
}

impl Turns {
    /// For so many threads.
    pub fn new(threads: usize) -> Self {
        Turns { state: Mutex::default(), changed: Condvar::new(), most: threads }
    }

    /// Lets a batch leave when all before it have left: by `hand_over` here and now, or by whoever hands over those
    /// before it. Returns memory for another one, rather of the same maker: that lies in its processor's cache.
    ///
    /// The batch whose turn it is was either put, or is made by somebody who does not wait: so nobody waits for ever.
    pub fn put(&self, made: Made, mut hand_over: impl FnMut(&mut Made)) -> Made {
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
