//! Sinks that write to no file, for tests and benchmarks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Delivered, Ending, Failed, Flow, Sink};
use crate::{bytes::Chunk, error::Error};

/// Collects all events in memory.
///
/// Clones share the collected events: pass one clone as the sink and read the other.
///
/// ```
/// use falsetrail::machinery::{
///     bytes::{Chunk, Event},
///     sink::{Ending, Memory, Sink},
/// };
///
/// let memory = Memory::default();
/// let mut sink: Box<dyn Sink> = Box::new(memory.clone());
/// let mut chunk = Chunk::default();
/// chunk.bodies.extend_from_slice(b"{}");
/// chunk.end_event(Event::default());
/// let _ = sink.take(&chunk)?;
/// sink.finish(Ending::Complete)?;
/// assert_eq!(memory.collected().bodies, b"{}\n");
/// # Ok::<(), falsetrail::Error>(())
/// ```
#[derive(Debug, Default, Clone)]
pub struct Memory(Arc<Mutex<Chunk>>);

/// Counts events and forgets them.
#[derive(Debug, Default)]
pub struct Null(Delivered);

impl Memory {
    /// All events so far, as one chunk.
    pub fn collected(&self) -> Chunk {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Chunk> {
        // If another thread panicked while reading, the collected events are still intact.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Memory {
    fn worthwhile_threads(&self) -> usize {
        usize::MAX
    }

    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        let mut collected = self.lock();
        for event in &chunk.events {
            collected.bodies.extend_from_slice(chunk.body(event));
            collected.keys.extend_from_slice(chunk.key(event));
            collected.end_event(event.clone());
        }
        Ok(Flow::Open)
    }

    fn finish(self: Box<Self>, _how: Ending) -> Result<Delivered, Box<Failed>> {
        let collected = self.lock();
        Ok(Delivered {
            events: collected.events.len() as u64,
            bytes: collected.bodies.len() as u64,
            written: collected.bodies.len() as u64,
            next: collected.events.last().map(|event| event.number + 1),
            ..Delivered::default()
        })
    }
}

impl Sink for Null {
    fn worthwhile_threads(&self) -> usize {
        usize::MAX
    }

    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        // The events are not read, so that a benchmark measures only the work before the sink.
        self.0.events += chunk.events.len() as u64;
        self.0.next = chunk.events.last().map(|event| event.number + 1).or(self.0.next);
        self.0.bytes += chunk.bodies.len() as u64;
        Ok(Flow::Open)
    }

    fn finish(self: Box<Self>, _how: Ending) -> Result<Delivered, Box<Failed>> {
        Ok(self.0)
    }
}
