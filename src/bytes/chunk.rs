//! Consecutive events, rendered: one buffer with offsets, which the renderer fills and a sink takes.

use std::ops::Range;

/// A batch of consecutive rendered events: one buffer with offsets.
///
/// **Layout.** `bodies` contains each body followed by one line feed and nothing else, so newline-delimited JSON is
/// written with a single write of the whole buffer, without a copy or a system call for each event. [`Event::body`]
/// excludes the line feed. `keys` contains the keys without any separator. [`Chunk::end_event`] maintains this layout;
/// use it instead of pushing to `events`.
///
/// Chunks are reused: [`Chunk::clear`] keeps the allocated memory.
#[derive(Debug, Default, Clone)]
pub struct Chunk {
    /// Bodies (compact JSON), each followed by `\n`.
    pub bodies: Vec<u8>,
    /// Kafka keys, concatenated.
    pub keys: Vec<u8>,
    /// The events, in the order of the run.
    pub events: Vec<Event>,
    /// The whole chunk as compressed by the sink's `Encoder`, if a thread has already done that.
    pub(crate) encoded: Option<Encoded>,
}

/// One event of a [`Chunk`]: where its bytes are, and which event it is.
///
/// Kept small (48 bytes) because a chunk has hundreds of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Event {
    /// The body in [`Chunk::bodies`], without its line feed.
    pub body: Range<u32>,
    /// The key in [`Chunk::keys`]; empty if the event has no key.
    pub key: Range<u32>,
    /// Position in the whole run, not in the shard; from 0.
    pub number: u64,
    /// Event time in nanoseconds since the Unix epoch.
    pub time: i64,
    /// The number of its instance within the scenario, from 0.
    pub instance: u64,
    /// The scenario: an index into [`Names::scenarios`].
    pub scenario: u16,
    /// The step of the scenario, from 0.
    pub step: u16,
    /// The method: an index into [`Names::methods`].
    pub method: u16,
    /// The outcome: an index into [`Names::outcomes`].
    pub outcome: u16,
}

/// A chunk, encoded as one compressed frame.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub(crate) frame: Vec<u8>,
    /// Length in bytes before compression.
    pub(crate) length: usize,
}

/// The names that the numbers in an [`Event`] stand for.
///
/// Only split output needs them; leave them empty otherwise.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Names {
    /// Indexed by [`Event::scenario`](Event::scenario): a scenario's name, or its text in the one-line form.
    pub scenarios: Vec<String>,
    /// Indexed by [`Event::method`](Event::method).
    pub methods: Vec<String>,
    /// Indexed by [`Event::outcome`](Event::outcome).
    pub outcomes: Vec<String>,
}

impl Chunk {
    /// Removes the events and keeps the allocated memory.
    pub fn clear(&mut self) {
        self.bodies.clear();
        self.keys.clear();
        self.events.clear();
        self.encoded = None;
    }

    /// Whether the chunk contains no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Ends the event whose body and key were just appended to `bodies` and `keys`: appends the line feed, and sets
    /// `body` and `key` of `event`.
    pub fn end_event(&mut self, mut event: Event) {
        let (body, key) = self.events.last().map_or((0, 0), |last| (last.body.end + 1, last.key.end));
        debug_assert!(u32::try_from(self.bodies.len() + 1).is_ok(), "chunk too large");
        event.body = body..self.bodies.len() as u32;
        event.key = key..self.keys.len() as u32;
        self.bodies.push(b'\n');
        self.events.push(event);
    }

    /// The body of an event of this chunk: compact JSON without the line feed.
    pub fn body(&self, event: &Event) -> &[u8] {
        &self.bodies[event.body.start as usize..event.body.end as usize]
    }

    /// The key of an event of this chunk; empty if it has none.
    pub fn key(&self, event: &Event) -> &[u8] {
        &self.keys[event.key.start as usize..event.key.end as usize]
    }
}
