//! Sinks: the destinations that rendered events are written to.
//!
//! Rendering and emission share one type, the [`Chunk`]: consecutive events in one buffer. A [`Sink`] takes whole
//! chunks, says whether it can take more, and reports at the end how many events it delivered. Sinks know nothing of
//! templates, scenarios or clocks, so a new destination is one file in this folder.
//!
//! The contract, in the order of a run:
//!
//! 1. A sink is opened before the first event is rendered. Opening rejects everything that can be rejected in advance,
//!    such as an existing file or a missing directory.
//! 2. [`Sink::take_over`], which for most sinks is [`Sink::take`], is called with chunk after chunk until it returns
//!    [`Flow::Closed`] or an error.
//! 3. [`Sink::finish`] is called exactly once in every case, also after an error (then with [`Ending::Stopped`]): only
//!    it knows how many events were delivered. Nothing relies on `Drop`.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};

use crate::error::Error;

mod check;
pub mod compress;
mod directory;
mod encode;
mod file;
pub mod format;
mod indent;
#[cfg(feature = "kafka")]
pub mod kafka;
mod lines;
pub mod memory;
mod messages;
mod names;
mod output;
mod part;
mod piece;
mod place;
mod publish;
mod remains;
mod split;
mod split_remains;
mod target;
mod unfinished;
mod whole_file;

pub use check::{Tell, check};
pub use encode::{Encoded, Encoder};
pub use lines::Lines;
pub use messages::reason;
pub use names::Names;
pub use output::{Output, Split, open};
pub use place::{is_same_place, is_stdout};
pub use unfinished::Unfinished;
pub use whole_file::WholeFile;

/// Some consecutive events, rendered: one buffer with offsets.
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
    /// Kafka keys, one after another.
    pub keys: Vec<u8>,
    /// The events, in the order of the run.
    pub events: Vec<Event>,
    /// The whole chunk as compressed by the sink's [`Encoder`], if a thread has already done that.
    pub encoded: Option<Encoded>,
}

/// One event of a [`Chunk`]: where its bytes are, and which event it is.
///
/// Kept small (48 bytes) because a chunk has hundreds of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Event {
    /// The body in [`Chunk::bodies`], without its line feed.
    pub body: Range<u32>,
    /// The key in [`Chunk::keys`]; empty means that the event has no key.
    pub key: Range<u32>,
    /// Position in the whole run (not in the shard), from 0.
    pub number: u64,
    /// Event time in nanoseconds since the Unix epoch.
    pub time: i64,
    /// The number of its instance within the scenario, from 0.
    pub instance: u64,
    /// The scenario: an index into [`Names::stories`].
    pub story: u16,
    /// The step of the scenario, from 0.
    pub step: u16,
    /// The method: an index into [`Names::methods`].
    pub method: u16,
    /// The outcome: an index into [`Names::outcomes`].
    pub outcome: u16,
}

/// Whether a sink accepts more events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a closed sink takes nothing more: the run has to end"]
pub enum Flow {
    /// The chunk was taken; more may follow.
    Open,
    /// The reader closed the pipe, as with `| head -1`: the run ends without an error, and [`Sink::finish`] reports how
    /// many events were delivered.
    Closed,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every event of the run was handed over.
    Complete,
    /// A signal or an error interrupted the run: the output stays recognisable as unfinished.
    Stopped,
}

/// How many events a sink has delivered, and related facts for the summary.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Complete events that the destination has accepted.
    pub events: u64,
    /// Bytes of these events as formatted, before compression.
    pub bytes: u64,
    /// Bytes written, after compression.
    pub written: u64,
    /// Events that the destination has rejected.
    pub failed: u64,
    /// Events of unknown fate: sent but never acknowledged.
    pub unknown: u64,
    /// Whether the reader closed the pipe before the end (see [`Flow::Closed`]).
    pub closed: bool,
    /// Where to resume: the number that follows that of the last event delivered. `None` if there was no event, or if
    /// it is not certain that exactly the events before it have arrived.
    pub next: Option<u64>,
    /// Whether the delivered events are in an unfinished file or folder that an [`Unfinished`] can resume.
    pub unfinished: bool,
    /// The list of events that were rejected or have an unknown fate, if one was written.
    pub undelivered: Option<PathBuf>,
    /// Sentences for the summary, such as where an unfinished file is.
    pub notes: Vec<String>,
}

/// The error at the end of a run, and what was delivered despite it.
#[derive(Debug)]
pub struct Failed {
    /// The error.
    pub error: Error,
    /// The events that had been delivered by then.
    pub delivered: Delivered,
}

impl From<Error> for Box<Failed> {
    fn from(error: Error) -> Self {
        Box::new(Failed { error, delivered: Delivered::default() })
    }
}

impl From<Box<Failed>> for Error {
    fn from(failed: Box<Failed>) -> Self {
        failed.error
    }
}

/// Live counters of acknowledgements, for destinations that acknowledge events asynchronously.
#[derive(Debug, Default)]
pub struct Tally {
    /// Events that the destination has accepted.
    pub acknowledged: AtomicU64,
    /// Events that it has rejected, or whose fate is unknown.
    pub unacknowledged: AtomicU64,
}

/// A destination of events.
///
/// A sink can be moved to another thread.
pub trait Sink: Send {
    /// The part of this sink's work that threads can do in parallel before chunks are taken in order, if it dominates
    /// the run time.
    fn encoder(&self) -> Option<Encoder> {
        None
    }

    /// How many rendering threads make a run faster with this sink: one if a library brings its own threads, two if one
    /// thread can render while another writes.
    fn worthwhile_threads(&self) -> usize {
        1
    }

    /// For a topic: the end offset of each partition before the first event, if requested and if the brokers returned
    /// it.
    fn offsets_before(&self) -> BTreeMap<i32, i64> {
        BTreeMap::new()
    }

    /// The live counters of acknowledgements, if the destination sends any.
    fn tally(&self) -> Option<Arc<Tally>> {
        None
    }

    /// Takes a whole chunk; blocks while the destination is busy.
    ///
    /// The events may still be in flight when this returns; [`Sink::finish`] waits for them.
    ///
    /// # Errors
    /// [`Error::Failed`] if the destination cannot take the chunk, with the reason and the number of complete events it
    /// has received. After an error, nothing more may be passed to the sink.
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error>;

    /// Takes a whole chunk as [`Sink::take`] does, but may keep its buffer of bodies instead of copying it; the chunk
    /// then gets another, empty buffer.
    ///
    /// # Errors
    /// As for [`Sink::take`].
    fn take_over(&mut self, chunk: &mut Chunk) -> Result<Flow, Error> {
        self.take(chunk)
    }

    /// Writes what is left, waits for acknowledgements and, if the run is complete, gives files their final names.
    ///
    /// After an error of [`Sink::take`] this only reports.
    ///
    /// # Errors
    /// [`Failed`] if events that were taken could not be delivered, or if a file could not get its name.
    fn finish(self: Box<Self>, how: Ending) -> Result<Delivered, Box<Failed>>;
}

impl Chunk {
    /// Size of the bodies, in bytes, at which a chunk is full: large enough that the cost of a write per event is
    /// negligible, small enough for the processor's cache. Like [`Chunk::is_full`], used only by tests.
    pub const FULL_BYTES: usize = 512 * 1024;

    /// Number of events at which a chunk is full, whatever their size.
    pub const FULL_EVENTS: usize = 512;

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

    /// Whether to pass the chunk on; used only by tests.
    ///
    /// Checking after every event also keeps the offsets within 32 bits, unless a single event is larger than 4 GB.
    pub fn is_full(&self) -> bool {
        self.bodies.len() >= Self::FULL_BYTES || self.events.len() >= Self::FULL_EVENTS
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

    /// The body of one of this chunk's events: compact JSON, no line feed.
    pub fn body(&self, event: &Event) -> &[u8] {
        &self.bodies[event.body.start as usize..event.body.end as usize]
    }

    /// The key of one of this chunk's events; empty if it has none.
    pub fn key(&self, event: &Event) -> &[u8] {
        &self.keys[event.key.start as usize..event.key.end as usize]
    }
}
