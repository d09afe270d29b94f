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
//! # Ok::<(), falsetrail::error::Error>(())
//! ```

mod allowance;
mod arrivals;
mod candidates;
mod causes;
mod columns;
mod comparison;
mod counts;
mod expectation;
mod input;
mod intake;
mod json;
mod judging;
mod late;
mod order;
mod orphans;
mod otlp;
mod piece;
mod records;
mod shape;
mod spool;
mod times;
#[cfg(feature = "kafka")]
mod topic;
mod unwrap;
mod verdict;
mod walk;

use crate::{
    error::{Error, quoted},
    identity::EventName,
    plan::Plan,
};
use expectation::{Detail, Expectation};
use intake::Intake;
use piece::Piece;
use serde_json::json;
use shape::{Class, Rules};
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
#[cfg(feature = "kafka")]
pub use topic::TopicReading;
pub use verdict::{ChangeCount, Example, VERSION, Verdict};
pub use walk::Scope;

/// How much of a record is compared with its event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compare {
    /// Nothing: every id of an event is an arrival, also in a record that only mentions the event.
    IdsOnly,
    /// Whether the record has the event's body, not what is in it.
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
    /// Partitions of the topic that the run was emitted to, if it was.
    pub partitions: Option<u32>,
    /// Where records wait on disk; the system's folder for such files if `None`.
    pub spool: Option<PathBuf>,
    /// Threads that render and compare; as many as the machine has if `None`.
    pub threads: Option<NonZero<usize>>,
    /// Becomes true to end reading; the verdict is then about what was read.
    pub stop: Arc<AtomicBool>,
    /// Bytes and records read so far, for a display of progress.
    pub seen: Arc<Seen>,
}

/// How far reading is.
#[derive(Debug, Default)]
pub struct Seen {
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
        for file in input::files(path.as_ref())? {
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
        let reader = input::text(name, input::interruptible(reader, Arc::clone(&self.options.stop)))?;
        self.read_text(name, reader)
    }

    fn read_text(&mut self, name: &str, reader: Box<dyn Read>) -> Result<(), Error> {
        let input = self.next_input();
        let reader = Counted { reader, seen: Arc::clone(&self.options.seen), stop: Arc::clone(&self.options.stop) };
        let (intake, options) = (&mut self.intake, &self.options);
        let mut take = |piece: Piece<'_>| {
            intake.take(piece, input, None);
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
        self.record_of(record, 0, None);
    }

    /// Takes one record of an input, and when that was received, in nanoseconds since the Unix epoch. The items of a
    /// list are separate records.
    pub fn record_of(&mut self, record: &[u8], input: u16, received: Option<i64>) {
        self.options.seen.bytes.fetch_add(record.len() as u64, Ordering::Relaxed);
        let text = record.trim_ascii();
        if text.starts_with(b"[")
            && text.ends_with(b"]")
            && let Some(items) = unwrap::items(text)
        {
            return items.iter().for_each(|item| self.intake.take(Piece::Whole(item), input, received));
        }
        self.intake.take(Piece::Whole(text), input, received);
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
        if verdict.missing > 0 && options.end_unknown.is_none() {
            let cut_at = match verdict.cut_at.as_slice() {
                [(length, _)] => Some(*length),
                _ => None,
            };
            verdict.causes = causes::find(&expectation, &arrivals, (options.partitions, cut_at), threads);
        }
        Ok(verdict)
    }
}

/// An expected event that did not arrive.
struct Missed {
    number: u64,
    name: EventName,
    /// Whether a record has the beginning of its body.
    is_cut: bool,
}

impl Verdict {
    /// Counts the expected events in the run's order, and lists the missing ones.
    fn count(
        &mut self,
        expectation: &Expectation<'_>,
        arrivals: &arrivals::Arrivals,
        options: &Options,
        mut missing: Option<&mut dyn Write>,
    ) -> Result<(), Error> {
        let mut failed = None;
        // Where nobody knows the end: events that did not arrive count once a later one has.
        let mut open = Vec::new();
        walk::Walk::new(expectation.plan, &expectation.scope).for_each(|_, record| {
            let Some(event) = expectation.index_of(record).filter(|event| !expectation.optional.contains(event)) else {
                return;
            };
            if arrivals.has(event) {
                self.arrival(arrivals.copies(event), arrivals.class(event));
                for missed in open.drain(..) {
                    failed = failed.take().or(self.missed(expectation, missed, &mut missing).err());
                }
                return;
            }
            let name = expectation::name_of(expectation.plan, record);
            let missed = Missed { number: record.number, name, is_cut: arrivals.is_cut(event) };
            if options.end_unknown.is_some_and(|certain| record.number >= certain) {
                open.push(missed);
            } else {
                failed = failed.take().or(self.missed(expectation, missed, &mut missing).err());
            }
        });
        self.expected = self.arrived + self.missing;
        let flushed = missing.map_or(Ok(()), Write::flush);
        match failed.or(flushed.err()) {
            Some(error) => {
                Err(Error::failed(format!("cannot write the missing events: {}", crate::sink::reason(&error))))
            }
            None => Ok(()),
        }
    }

    fn arrival(&mut self, copies: u64, class: Class) {
        self.arrived += 1;
        if copies > 1 {
            self.duplicated += 1;
            self.copies += copies - 1;
        }
        self.most_copies = self.most_copies.max(copies);
        match class {
            Class::Unchanged => self.unchanged += 1,
            Class::Reformatted => self.reformatted += 1,
            Class::Added => self.added += 1,
            Class::Uncompared => self.uncompared += 1,
            Class::ChangedAsAllowed => {
                self.changed += 1;
                self.changed_as_allowed += 1;
            }
            Class::Changed => self.changed += 1,
        }
    }

    fn missed(
        &mut self,
        expectation: &Expectation<'_>,
        Missed { number, name, is_cut }: Missed,
        missing: &mut Option<&mut dyn Write>,
    ) -> io::Result<()> {
        self.missing += 1;
        self.missing_cut += u64::from(is_cut);
        if missing.is_none() && self.missing_example.is_some() {
            return Ok(());
        }
        let id = expectation.plan.identities.event_id(name);
        if let Some(missing) = missing {
            missing.write_all(format!("{}\n", json!({ "event": number, "id": id })).as_bytes())?;
        }
        self.missing_example.get_or_insert(id);
        Ok(())
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
    seen: Arc<Seen>,
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
