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

use crate::{bytes::Chunk, error::Error};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};

mod check;
pub(crate) mod compress;
mod directory;
mod encode;
mod file;
pub(crate) mod format;
mod in_place;
mod indent;
#[cfg(feature = "kafka")]
pub(crate) mod kafka;
mod lines;
pub(crate) mod memory;
mod messages;
mod names;
mod output;
mod output_file;
mod overwrite;
mod part;
mod piece;
mod place;
mod publish;
mod resume;
mod split;
mod whole_file;

pub(crate) use check::check;
pub(crate) use encode::Encoder;
pub(crate) use in_place::{InPlace, RotateAt, append_to_log, is_rotated_name, refuse_for_log};
pub use lines::Lines;
pub(crate) use messages::reason;
pub use output::{Output, Split, open};
pub use overwrite::Overwrite;
pub(crate) use place::{is_same_place, is_stdout};
pub use resume::StoppedOutput;
pub use whole_file::WholeFile;

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
    /// Whether the delivered events are in an unfinished file or folder that a [`StoppedOutput`] can resume.
    pub unfinished: bool,
    /// The list of events that were rejected or have an unknown fate, if one was written.
    pub undelivered: Option<PathBuf>,
    /// For a log file written in place: the events that happened to it.
    pub log: Option<LogCounts>,
    /// Sentences for the summary, such as where an unfinished file is.
    pub notes: Vec<String>,
}

/// The events in the life of a log file that is written in place.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LogCounts {
    /// How often the run itself began a new file.
    pub(crate) rotated: u64,
    /// How often the name was opened again, because the file had been renamed or removed.
    pub(crate) reopened: u64,
    /// How often the file was shorter than the run had left it.
    pub(crate) truncated: u64,
    /// Files larger than the size at which they are rotated, because of a single event.
    pub(crate) oversized: u64,
    /// Files that were deleted because only a number of them is kept.
    pub(crate) deleted_files: u64,
    /// Events in the deleted files that this run has written, without those of a run that it continues.
    pub(crate) deleted_events: u64,
}

/// The error at the end of a run, and what was delivered despite it.
#[derive(Debug)]
pub struct Failed {
    /// The error.
    pub error: Error,
    /// The events that had been delivered by then.
    pub(crate) delivered: Delivered,
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
    pub(crate) acknowledged: AtomicU64,
    /// Events that it has rejected, or whose fate is unknown.
    pub(crate) unacknowledged: AtomicU64,
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

    /// For a topic: the id of its cluster, if it was requested and the brokers returned it. Offsets of another cluster
    /// say nothing about the topic.
    fn cluster(&self) -> Option<String> {
        None
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
    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>>;
}
