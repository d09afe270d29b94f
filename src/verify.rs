//! Verification: what became of a run's events on their way through a pipeline.
//!
//! A run can be repeated, and each id turned back into its event, so the events need not be stored. The
//! output of a pipeline is read once; each record is compared with the event whose id it has. Bodies are first compared by
//! a hash of their bytes; those that differ wait on disk until the events are rendered again ([`Verifier::finish`]).
//!
//! ```
//! use falsetrail::verify::{Options, Verifier};
//! let plan = falsetrail::Run::new("pool-resize-failure").seed(7).from("2026-01-05T08:00:00Z").plan()?;
//! let mut verifier = Verifier::new(&plan, Options::default())?;
//! plan.events().for_each(|event| verifier.record(&event.body)); // or whatever the pipeline gave
//! let verdict = verifier.finish()?;
//! assert!(verdict.is_complete(), "{} of {} events are missing", verdict.missing, verdict.expected);
//! # Ok::<(), falsetrail::Error>(())
//! ```

mod allowance;
mod arrivals;
pub(crate) mod candidates;
mod causes;
pub(crate) mod columns;
mod comparison;
mod counts;
mod encoded;
mod expectation;
mod fingerprint;
pub(crate) mod input;
mod intake;
pub(crate) mod json;
mod judging;
mod late;
mod order;
mod origin;
mod orphans;
mod otlp;
pub(crate) mod piece;
pub(crate) mod records;
mod shape;
mod spool;
mod tally;
pub(crate) mod times;
#[cfg(feature = "kafka")]
mod topic;
mod unwrap;
mod verdict;
mod walk;

use crate::{
    error::{Error, quoted},
    plan::Plan,
};
use expectation::{Detail, Expectation};
use intake::Intake;
use origin::{Origin, RecordKey};
use piece::Piece;
use shape::Rules;
use std::{
    io::{self, Read, Write},
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

pub use allowance::{Allow, Allowances, Require};
pub use causes::{Cause, percent};
pub use comparison::Forms;
pub use late::Late;
pub use order::{Disorder, Order};
pub use origin::Keys;
#[cfg(feature = "kafka")]
pub use topic::TopicReading;
pub use verdict::{ChangeCount, Example, VERSION, Verdict};
pub use walk::Scope;

/// How much of a record is compared with its event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compare {
    /// Nothing: every id of an event is an arrival, also in a record that only mentions the event.
    IdsOnly,
    /// Whether the record has the event's body, and no other event's ids. Other values are not compared.
    Ids,
    /// Every value.
    #[default]
    Values,
    /// Every byte: another form is a change, too.
    Bytes,
}

impl Compare {
    /// All of them, by the names that people write.
    pub const NAMES: [(&str, Self); 4] =
        [("ids-only", Self::IdsOnly), ("ids", Self::Ids), ("values", Self::Values), ("bytes", Self::Bytes)];

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, compare)| *compare == self).map_or("values", |(name, _)| *name)
    }
}

/// How a run is verified. Everything may be left at its default.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which of the run's events are expected.
    pub scope: Scope,
    /// If nobody knows where the run ended: the events before this number were emitted for certain. Of the others those
    /// are expected that come before the last that arrived.
    pub end_unknown: Option<u64>,
    /// How much is compared.
    pub compare: Compare,
    /// Where the id is in a record, as keys with points between them, if it is to be nowhere else.
    pub id_at: Option<String>,
    /// Where the body is.
    pub body_at: Option<String>,
    /// Where the time is at which the pipeline received the record.
    pub received_at: Option<String>,
    /// Whether inputs say when they received a record, as topics do whose brokers stamp records.
    pub inputs_know_receipt: bool,
    /// Paths at and below which values may change.
    pub may_change: Vec<String>,
    /// Files of folders that are no inputs, such as those that the verification itself writes.
    pub left_out: Vec<PathBuf>,
    /// Partitions of the topic that the run was emitted to, if it was.
    pub partitions: Option<u32>,
    /// Where records wait on disk; the system's folder for such files if `None`.
    pub spool: Option<PathBuf>,
    /// Threads that render and compare; as many as the machine has if `None`.
    pub threads: Option<NonZero<usize>>,
    /// Becomes true to end reading; the verdict is then about what was read.
    pub stop: Arc<AtomicBool>,
    /// Bytes and records read so far, for a display of progress.
    pub seen: Arc<ReadingProgress>,
}

/// How far reading is.
#[derive(Debug, Default)]
pub struct ReadingProgress {
    /// Bytes, unpacked.
    pub bytes: AtomicU64,
    /// Records.
    pub records: AtomicU64,
    /// Events that may arrive.
    pub expected: AtomicU64,
    /// Different events that have arrived, those included of which a record waits to be compared.
    pub arrived: AtomicU64,
}

/// Reads what came out of a pipeline and says what became of the events; see the [module](self).
pub struct Verifier<'p> {
    intake: Intake<'p>,
    options: Options,
    /// How many inputs there were.
    inputs: u16,
    is_stopped: bool,
    warnings: Vec<String>,
}

/// Facts about a record beside its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source<'a> {
    /// The input, see [`Verifier::next_input`]: order counts within it.
    pub input: u16,
    /// When the pipeline received it, in nanoseconds since the Unix epoch.
    pub received: Option<i64>,
    /// Its key.
    pub key: SourceKey<'a>,
}

/// The key of a record.
#[derive(Debug, Clone, Copy, Default)]
pub enum SourceKey<'a> {
    /// The input has no keys.
    #[default]
    Unknown,
    /// The record has no key.
    None,
    /// The record's key.
    Bytes(&'a [u8]),
}

/// Records between two looks at whether to stop.
const LOOK: u64 = 256;

impl<'p> Verifier<'p> {
    /// Simulates the run, and renders it unless only ids matter.
    ///
    /// # Errors
    /// [`Error::Usage`] if the run's events hold no ids, or if there are too many.
    pub fn new(plan: &'p Plan, options: Options) -> Result<Self, Error> {
        let detail = if options.compare == Compare::IdsOnly { Detail::Ids } else { Detail::Bodies };
        let wants_times = options.received_at.is_some() || options.inputs_know_receipt;
        let expectation = Expectation::new(plan, options.scope.clone(), (detail, wants_times), threads(&options))?;
        options.seen.expected.store(expectation.count, Ordering::Relaxed);
        let intake = Intake::new(expectation, options.clone());
        Ok(Verifier { intake, options, inputs: 0, is_stopped: false, warnings: Vec::new() })
    }

    /// Reads a file, or all files of a folder; `.gz` and `.zst` are unpacked.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be read, is no text, or is a folder without files.
    pub fn read(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        for file in input::files(path.as_ref(), &self.options.left_out)? {
            if self.is_stopped {
                return Ok(());
            }
            let reader = input::open(&file, &self.options.stop)?;
            self.read_text(&quoted(&file.display().to_string()), reader)?;
        }
        Ok(())
    }

    /// Reads records from anything, `name` being what messages call it; gzip and zstd are unpacked. A thread
    /// reads it, so that a reader which has nothing to give does not keep [`Options::stop`] from ending it.
    ///
    /// # Errors
    /// As [`Verifier::read`].
    pub fn read_from(&mut self, name: &str, reader: Box<dyn Read + Send>) -> Result<(), Error> {
        let reader = input::interruptible(reader, Arc::clone(&self.options.stop));
        let reader = input::text(name, reader, &self.options.stop)?;
        self.read_text(name, reader)
    }

    fn read_text(&mut self, name: &str, reader: Box<dyn Read>) -> Result<(), Error> {
        let input = self.next_input();
        let reader = Counted { reader, seen: Arc::clone(&self.options.seen), stop: Arc::clone(&self.options.stop) };
        let (intake, options) = (&mut self.intake, &self.options);
        let origin = Origin { input, ..Origin::default() };
        let mut take = |piece: Piece<'_>| {
            intake.take(piece, origin);
            look(intake, options)
        };
        let read = records::read(reader, &mut take);
        self.intake.end_long();
        self.is_stopped |= self.options.stop.load(Ordering::Relaxed);
        match read {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(input::cannot_read(name, &error)),
            _ => Ok(()),
        }
    }

    /// A number for a further input: a file or a partition, within which order counts.
    pub fn next_input(&mut self) -> u16 {
        self.inputs = self.inputs.saturating_add(1);
        self.inputs
    }

    /// Takes one record, such as the value of a Kafka record.
    pub fn record(&mut self, record: &[u8]) {
        self.record_of(record, &Source::default());
    }

    /// Takes one record, and what is known of it beside its bytes. The items of a list are separate records.
    pub fn record_of(&mut self, record: &[u8], source: &Source<'_>) {
        let key = self.intake.expectation.record_key(source.key);
        let origin = Origin { input: source.input, received: source.received, key, ..Origin::default() };
        self.options.seen.bytes.fetch_add(record.len() as u64, Ordering::Relaxed);
        let text = record.trim_ascii();
        if text.starts_with(b"[")
            && text.ends_with(b"]")
            && let Some(items) = unwrap::items(text)
        {
            // The key of a batch is none of its events'.
            let origin = Origin { key: RecordKey::Unknown, ..origin };
            return items.iter().for_each(|item| self.intake.take(Piece::Whole(item), origin));
        }
        self.intake.take(Piece::Whole(text), origin);
        look(&self.intake, &self.options);
    }

    /// A sentence that belongs to the verdict.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Reading has ended before the end of the inputs.
    pub fn stopped(&mut self) {
        self.is_stopped = true;
    }

    /// How many events have to arrive, as far as that is known before reading: not those that only may.
    pub fn expected(&self) -> u64 {
        self.intake.expectation.count - self.intake.expectation.optional.len() as u64
    }

    /// How many of the expected events have not arrived yet, those that wait to be compared included.
    pub fn outstanding(&self) -> u64 {
        self.intake.expectation.count.saturating_sub(self.intake.arrived_at_most())
    }

    /// Compares what waits, and gives the verdict.
    ///
    /// # Errors
    /// [`Error::Failed`] if records could not be kept on disk.
    pub fn finish(self) -> Result<Verdict, Error> {
        self.finish_and(None)
    }

    /// As [`Verifier::finish`], and writes a line for each missing event, in the form that `generate --only` takes.
    ///
    /// # Errors
    /// Also if they cannot be written.
    pub fn finish_and(mut self, missing: Option<&mut dyn Write>) -> Result<Verdict, Error> {
        let threads = threads(&self.options);
        self.intake.end_long();
        let rules = Rules {
            by_bytes: self.options.compare == Compare::Bytes,
            by_ids: self.options.compare == Compare::Ids,
            body_at: self.options.body_at.clone(),
            may_change: self.options.may_change.clone(),
        };
        judging::judge(&mut self.intake, &rules, threads)?;
        let orphans = std::mem::take(&mut self.intake.orphans);
        let beyond = orphans.beyond;
        if !orphans.is_empty() {
            let Intake { expectation, counts, arrivals, .. } = &mut self.intake;
            orphans.settle(expectation, threads, counts, |event| arrivals.note_cut(event));
        }
        if beyond > 0 {
            self.warn(format!("{beyond} records without an id were too many to be looked for as pieces of events"));
        }
        self.verdict(missing, threads)
    }

    fn verdict(self, missing: Option<&mut dyn Write>, threads: NonZero<usize>) -> Result<Verdict, Error> {
        let Verifier { intake, options, is_stopped, warnings, .. } = self;
        let Intake { expectation, arrivals, counts, lateness, .. } = intake;
        let plan = expectation.plan;
        let mut cut_at: Vec<(u64, u64)> = counts.cut_at.iter().map(|(length, records)| (*length, *records)).collect();
        cut_at.sort_by_key(|(length, records)| (std::cmp::Reverse(*records), *length));
        let mut verdict = Verdict {
            name: plan.name.clone(),
            seed: plan.seed,
            from: plan.timing.from,
            compared: options.compare.name(),
            is_end_known: options.end_unknown.is_none(),
            is_stopped,
            records: counts.records,
            carrying: counts.carrying,
            truncated: counts.truncated,
            fragments: counts.fragments,
            mentions: counts.mentions,
            foreign: counts.foreign,
            foreign_of_this_run: counts.versions,
            excepted: counts.optional,
            forms: counts.forms,
            changes: counts.changes(),
            keys: Some(counts.keys).filter(|keys| keys.is_known()),
            late: lateness.late(),
            warnings,
            foreign_example: counts.foreign_example,
            mention_example: counts.mention_example,
            cut_at,
            ..Verdict::default()
        };
        verdict.count(&expectation, &arrivals, &options, missing)?;
        if expectation.detail == Detail::Bodies {
            verdict.order = Some(order::find(&expectation, &arrivals));
        }
        // Nothing tells missing events from others if there are no others.
        if verdict.missing > 0 && verdict.arrived > 0 && options.end_unknown.is_none() {
            let cut_at = match verdict.cut_at.as_slice() {
                [(length, _)] => Some(*length),
                _ => None,
            };
            let faults = [verdict.missing_cut, verdict.missing - verdict.missing_cut];
            verdict.causes = causes::find(&expectation, &arrivals, (options.partitions, cut_at), faults, threads);
        }
        Ok(verdict)
    }
}

fn threads(options: &Options) -> NonZero<usize> {
    options.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN)
}

/// Publishes the progress of reading; whether to continue.
fn look(intake: &Intake<'_>, options: &Options) -> bool {
    let records = intake.counts.records;
    if records.is_multiple_of(LOOK) {
        options.seen.records.store(records, Ordering::Relaxed);
        options.seen.arrived.store(intake.arrived_at_most(), Ordering::Relaxed);
    }
    !options.stop.load(Ordering::Relaxed)
}

/// A reader that counts, and ends when it is to stop.
struct Counted {
    reader: Box<dyn Read>,
    seen: Arc<ReadingProgress>,
    stop: Arc<AtomicBool>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let read = self.reader.read(buffer)?;
        self.seen.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
