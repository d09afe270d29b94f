//! Where rendered events leave the program.
//!
//! Rendering and emission meet in one type, the [`Chunk`]: some consecutive
//! events in one buffer. A [`Sink`] takes whole chunks, says whether it can
//! take more, and reports at the end what it has really delivered. Sinks never
//! see templates, scenarios or clocks, so a new destination is one file here.
//!
//! The contract, in the order of a run:
//!
//! 1. A sink is opened before the first event is rendered. Everything that can
//!    be refused (an existing file, a missing directory) is refused there.
//! 2. [`Sink::take_over`], which is [`Sink::take`] for most of them, is called
//!    with chunk after chunk until it answers [`Flow::Closed`] or an error.
//! 3. [`Sink::finish`] is called exactly once in every case, also after an
//!    error (then with [`Ending::Stopped`]): it is the only place that knows
//!    what was delivered. Nothing relies on `Drop`.

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
/// **Layout.** `bodies` holds each body followed by one line feed and nothing
/// else, so that newline-delimited JSON is a single write of the whole buffer:
/// no copy and no system call for each event. [`Event::body`] leaves the line
/// feed out. `keys` holds the keys without any separator. [`Chunk::end_event`]
/// keeps this layout; use it instead of pushing to `events`.
///
/// A chunk is meant to be reused: [`Chunk::clear`] keeps its memory.
#[derive(Debug, Default, Clone)]
pub struct Chunk {
    /// Bodies (compact JSON), each followed by `\n`.
    pub bodies: Vec<u8>,
    /// Kafka keys, one after another.
    pub keys: Vec<u8>,
    /// The events, in the order of the run.
    pub events: Vec<Event>,
    /// All of it as the sink's [`Encoder`] makes it, if that was done already.
    pub encoded: Option<Encoded>,
}

/// One event of a [`Chunk`]: where its bytes are, and what it is.
///
/// Small (48 bytes) because a chunk has hundreds of them.
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
    /// Which instance of its story, from 0.
    pub instance: u64,
    /// Which story: an index into [`Names::stories`].
    pub story: u16,
    /// Which step of the story, from 0.
    pub step: u16,
    /// Which method: an index into [`Names::methods`].
    pub method: u16,
    /// Which outcome: an index into [`Names::outcomes`].
    pub outcome: u16,
}

/// Whether a sink wants more events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a closed sink takes nothing more: the run has to end"]
pub enum Flow {
    /// The chunk was taken; more may follow.
    Open,
    /// The reader went away (a closed pipe, as with `| head -1`): the run ends
    /// without an error, and [`Sink::finish`] says how many events it got.
    Closed,
}

/// Why a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every event of the run was handed over.
    Complete,
    /// The run was interrupted, by a signal or an error: what there is stays
    /// recognisable as unfinished.
    Stopped,
}

/// What a sink has delivered, for the summary.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Whole events that the destination has accepted.
    pub events: u64,
    /// Their bytes as formatted, before compression.
    pub bytes: u64,
    /// Bytes that were written, after compression.
    pub written: u64,
    /// Events that the destination has refused.
    pub failed: u64,
    /// Events of which nobody knows: sent, and never acknowledged.
    pub unknown: u64,
    /// Whether the reader went away before the end (see [`Flow::Closed`]).
    pub closed: bool,
    /// Where a continuation goes on: the number behind that of the last event
    /// delivered. `None` if there was no event, or if nobody knows that just
    /// the events before it have arrived.
    pub next: Option<u64>,
    /// Whether what was delivered lies in an unfinished file or folder that
    /// an [`Unfinished`] goes on with.
    pub unfinished: bool,
    /// The list of the events that were refused or are unknown, if there is one.
    pub undelivered: Option<PathBuf>,
    /// Sentences for the summary, such as where an unfinished file is.
    pub notes: Vec<String>,
}

/// What went wrong at the end of a run, and what was delivered all the same.
#[derive(Debug)]
pub struct Failed {
    /// What could not be done.
    pub error: Error,
    /// What had been delivered until then.
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

/// What a destination has said so far, for whoever watches the run: it answers
/// on its own time.
#[derive(Debug, Default)]
pub struct Tally {
    /// Events that it has accepted.
    pub acknowledged: AtomicU64,
    /// Events that it has not, or of which nobody knows.
    pub unacknowledged: AtomicU64,
}

/// A destination of events.
///
/// A sink may move to a thread of its own.
pub trait Sink: Send {
    /// What can be done to chunks side by side before they are taken in their
    /// order, if that is what takes the time.
    fn encoder(&self) -> Option<Encoder> {
        None
    }

    /// How many threads that render make a run faster: one if a library has
    /// threads of its own, two if one can render while the other writes.
    fn worthwhile_threads(&self) -> usize {
        1
    }

    /// Of a topic: by partition, its end offset before the first event, if that was asked for and the brokers told.
    fn offsets_before(&self) -> BTreeMap<i32, i64> {
        BTreeMap::new()
    }

    /// Where answers are counted while the run goes on, if they come later.
    fn tally(&self) -> Option<Arc<Tally>> {
        None
    }

    /// Takes a whole chunk, blocking while the destination is busy.
    ///
    /// What was taken may still be on its way; [`Sink::finish`] waits for it.
    ///
    /// # Errors
    /// [`Error::Failed`] if the destination cannot take it, with the reason and
    /// how many whole events it has. Nothing is taken after an error.
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error>;

    /// Takes a whole chunk as [`Sink::take`] does, and may keep its bodies
    /// instead of copying them: then another buffer is in their place, with
    /// none of them in it.
    ///
    /// # Errors
    /// As [`Sink::take`].
    fn take_over(&mut self, chunk: &mut Chunk) -> Result<Flow, Error> {
        self.take(chunk)
    }

    /// Writes what is left, waits for acknowledgements and puts files under
    /// their final names if the run is complete.
    ///
    /// After an error of [`Sink::take`] this only reports.
    ///
    /// # Errors
    /// [`Failed`] if something that was taken could not be delivered, or if a
    /// file could not get its name.
    fn finish(self: Box<Self>, how: Ending) -> Result<Delivered, Box<Failed>>;
}

impl Chunk {
    /// Bytes of bodies at which a chunk is full: large enough that a write
    /// costs nothing for each event, small enough for the processor's cache.
    pub const FULL_BYTES: usize = 512 * 1024;

    /// Events at which a chunk is full, however small they are.
    pub const FULL_EVENTS: usize = 512;

    /// Forgets the events and keeps the memory.
    pub fn clear(&mut self) {
        self.bodies.clear();
        self.keys.clear();
        self.events.clear();
        self.encoded = None;
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether it is time to hand the chunk over.
    ///
    /// Asking after every event also keeps the offsets within 32 bits, unless
    /// a single event has more than four thousand million bytes.
    pub fn is_full(&self) -> bool {
        self.bodies.len() >= Self::FULL_BYTES || self.events.len() >= Self::FULL_EVENTS
    }

    /// Ends the event whose body and key were just appended to `bodies` and
    /// `keys`: adds the line feed and fills in `body` and `key` of `event`.
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
