//! `falsetrail verify`: what became of a run's events.

mod expected;
mod progress;
mod report;
mod topic;

use super::{generate::stop::Stop, print, report as say};
use crate::{
    error::{Error, quoted},
    run,
    sink::{Ending, Lines, Overwrite, WholeFile, is_same_place},
    units,
    verify::{Allow, Allowances, Compare, Options, ReadingProgress, Require, Verdict, Verifier},
};
use clap::Args;
use std::{
    io::{self, Write},
    num::NonZero,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// Say what became of a run's events: which are missing, doubled, cut, changed, reordered or late, and why.
///
/// Reads what a pipeline has made of the events, from files, folders, standard input or a Kafka topic, in any form that is
/// text: lines with or without a prefix, JSON of any nesting, OTLP, CSV, flattened fields, events in strings. Nothing has to
/// be configured: each event is found by its id, or by that of its request.
#[derive(Args)]
#[command(after_help = "\
Exit status: 0 if every expected event arrived whole, once and with all its values; 1 if not; 2 for wrong usage or inputs
that cannot be read; 130 and 143 after a signal, with the verdict so far.

Examples:
  falsetrail verify --run run.json out.ndjson
  falsetrail verify --run run.json /var/log/siem/ --missing lost.ndjson
  falsetrail verify --run run.json -b localhost:9092 -t enriched --quiet-for 30s
  zstd -dc export.zst | falsetrail verify --run run.json - --summary verdict.json
  falsetrail verify --run run.json out/ --allow missing=0.01% --require order=key")]
pub(super) struct Verify {
    /// Files, folders with files (rotated and compressed ones too), or `-` for standard input.
    #[arg(value_name = "INPUT", required_unless_present = "topic")]
    inputs: Vec<PathBuf>,

    /// The run: a file that `falsetrail generate --write-run` has written, or a run's `--summary`.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,

    /// Expect only the run's first N events.
    #[arg(short = 'n', long, value_name = "N", value_parser = units::count, help_heading = "Expected events")]
    events: Option<u64>,

    /// Expect only events before this time: RFC 3339, a date, `now`, or relative to now as `-1h`.
    #[arg(long, value_name = "T", allow_hyphen_values = true, help_heading = "Expected events")]
    until: Option<String>,

    /// The first N events of the run were skipped.
    #[arg(long, value_name = "N", value_parser = units::count, help_heading = "Expected events")]
    skip: Option<u64>,

    /// Only this share of the instances was emitted.
    #[arg(long, value_name = "I/N", help_heading = "Expected events")]
    shard: Option<run::Shard>,

    /// Only the events that this file lists were emitted, as `--missing` and `--undelivered` write it.
    #[arg(long, value_name = "FILE", help_heading = "Expected events")]
    only: Option<PathBuf>,

    /// Events that this file lists may arrive and need not: a list of `--undelivered`.
    #[arg(long, value_name = "FILE", help_heading = "Expected events")]
    except: Option<PathBuf>,

    /// How much of each record is compared.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Compare::Values, help_heading = "Comparison")]
    compare: Compare,

    /// Count every id as an arrival, also in a record that only mentions its event. Fastest, and needs the least memory.
    #[arg(long, conflicts_with = "compare", help_heading = "Comparison")]
    ids_only: bool,

    /// Where the event's id is in each record, such as `_source.id`, if it is to be looked for nowhere else.
    #[arg(long, value_name = "FIELD", help_heading = "Comparison")]
    id_at: Option<String>,

    /// Where the event is in each record, such as `_source`.
    #[arg(long, value_name = "FIELD", help_heading = "Comparison")]
    body_at: Option<String>,

    /// Where each record says when it was received: then the verdict says how late events were.
    #[arg(long, value_name = "FIELD", help_heading = "Comparison")]
    received_at: Option<String>,

    /// Do not fail for some faults: `missing=0.01%`, `duplicated=50`, `changed=data.result` (that field and all below it),
    /// `uncompared`. May be repeated. Allowed faults are counted all the same.
    #[arg(long, value_name = "WHAT", help_heading = "Exit status")]
    allow: Vec<Allow>,

    /// Fail also for other reasons: `order=key`, `order=instance`, `unchanged` (the same bytes), `keys` (of a topic's
    /// records), `none-foreign`, `late.p99<5s` (or p50, p90, largest). May be repeated.
    #[arg(long, value_name = "WHAT", help_heading = "Exit status")]
    require: Vec<Require>,

    /// List the missing events in a file, for `falsetrail generate --run FILE --only`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    missing: Option<PathBuf>,

    /// Write the verdict as a JSON document: see `falsetrail help verdict`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    summary: Option<PathBuf>,

    /// Replace what exists.
    #[arg(long, help_heading = "Output")]
    force: bool,

    /// Print nothing but errors.
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,

    /// The folder for records that are compared in a second pass. [default: the system's for temporary files]
    #[arg(long, value_name = "DIR", help_heading = "Resources")]
    spool: Option<PathBuf>,

    /// Threads that render and compare. [default: as many as the machine has]
    #[arg(long, value_name = "N", help_heading = "Resources")]
    threads: Option<NonZero<usize>>,

    #[command(flatten)]
    topic: topic::TopicOptions,
}

pub(super) fn run(arguments: &Verify) -> Result<u8, Error> {
    arguments.refuse_outputs()?;
    let expected = arguments.expected()?;
    let allowances = Allowances { allow: arguments.allow.clone(), require: arguments.require.clone() };
    let stop = Stop::new(Arc::default())?;
    let options = Options {
        scope: expected.scope.clone(),
        end_unknown: expected.end_unknown,
        compare: arguments.compare(),
        id_at: arguments.id_at.clone(),
        body_at: arguments.body_at.clone(),
        // Of a run that did not keep to the clock, the times of events say nothing about when they were sent.
        received_at: arguments.received_at.clone().filter(|_| expected.is_live != Some(false)),
        inputs_know_receipt: arguments.topic.is_given() && expected.is_live == Some(true),
        left_out: arguments.files().into_iter().map(|(_, path)| path.clone()).collect(),
        may_change: allowances.paths(),
        partitions: expected
            .topic
            .as_ref()
            .and_then(|topic| u32::try_from(topic.offsets_before.len()).ok())
            .filter(|of| *of > 0),
        spool: arguments.spool.clone(),
        threads: arguments.threads,
        stop: Arc::clone(&stop.requested),
        seen: Arc::default(),
    };
    let watching = progress::Progress::begin(arguments.quiet, &options.seen);
    let verdict = read(arguments, &expected, options);
    watching.finish();
    let verdict = verdict?;
    let failures = allowances.failures(&verdict);
    if let Some(path) = &arguments.summary {
        let mut document = verdict.json();
        document["failures"] = failures.clone().into();
        WholeFile::new(path, arguments.overwrite()).write(format!("{document:#}\n").as_bytes())?;
    }
    if !arguments.quiet {
        print(&report::text(&verdict, failures.is_empty()))?;
    }
    if failures.is_empty() {
        return Ok(0);
    }
    let failure = report::failure(arguments, &verdict, &failures);
    if stop.requested.load(Ordering::Relaxed) {
        say(&failure.render(super::color_on_stderr()));
        return Ok(stop.exit_code());
    }
    Err(failure)
}

/// Reads the inputs, and lists the missing events.
fn read(arguments: &Verify, expected: &expected::Expected, options: Options) -> Result<Verdict, Error> {
    let mut verifier = Verifier::new(&expected.plan, options)?;
    if verifier.expected() == 0 && expected.end_unknown.is_none() {
        return Err(Error::usage("no event of the run has to arrive, so nothing can be verified")
            .help("look at `--until`, `-n`, `--skip`, `--shard`, `--only` and `--except`, and at what the summary says was emitted"));
    }
    expected.warnings.iter().for_each(|warning| verifier.warn(warning));
    if arguments.received_at.is_some() && expected.is_live == Some(false) {
        verifier.warn("the run was not emitted at its events' times, so `--received-at` cannot say how late they were");
    }
    for input in &arguments.inputs {
        if input.as_os_str() == "-" {
            verifier.read_from("standard input", Box::new(io::stdin()))?;
        } else {
            verifier.read(input)?;
        }
    }
    arguments.topic.read(&mut verifier, expected)?;
    let Some(path) = &arguments.missing else { return verifier.finish() };
    let mut list = MissingList { lines: Lines::create(path, arguments.overwrite())?, waiting: Vec::new() };
    let verdict = verifier.finish_and(Some(&mut list));
    let ending = if verdict.is_ok() { Ending::Complete } else { Ending::Stopped };
    list.lines.finish(ending)?;
    verdict
}

/// The list of missing events while it is written.
struct MissingList {
    lines: Lines,
    /// Whole lines.
    waiting: Vec<u8>,
}

impl Write for MissingList {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        const AT_ONCE: usize = 64 << 10;
        self.waiting.extend_from_slice(line);
        if self.waiting.len() >= AT_ONCE {
            self.flush()?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.lines.write(&self.waiting);
        self.waiting.clear();
        written.map_err(|error| io::Error::other(error.to_string()))
    }
}

impl Verify {
    /// Whether existing files are replaced.
    fn overwrite(&self) -> Overwrite {
        Overwrite::from_force(self.force)
    }

    fn compare(&self) -> Compare {
        if self.ids_only { Compare::IdsOnly } else { self.compare }
    }

    /// Files that are no inputs, with the options that name them.
    fn files(&self) -> Vec<(&'static str, &PathBuf)> {
        let files = [
            ("--run", Some(&self.run)),
            ("--only", self.only.as_ref()),
            ("--except", self.except.as_ref()),
            ("--missing", self.missing.as_ref()),
            ("--summary", self.summary.as_ref()),
        ];
        files.into_iter().filter_map(|(option, path)| Some((option, path?))).collect()
    }

    /// Refuses outputs that cannot be written, before anything is read.
    fn refuse_outputs(&self) -> Result<(), Error> {
        for path in [&self.missing, &self.summary].into_iter().flatten() {
            if path.as_os_str() == "-" {
                return Err(Error::usage("`--missing` and `--summary` take files: standard output is for the verdict"));
            }
            WholeFile::refuse(path, self.overwrite(), None).map_err(as_usage)?;
            if self.inputs.iter().any(|input| is_same_place(input, path)) {
                let message = format!("{} is both an input and an output", quoted(&path.display().to_string()));
                return Err(Error::usage(message).help("give the output another name"));
            }
        }
        let files = self.files();
        for (number, (option, path)) in files.iter().enumerate() {
            let is_output = |option: &str| matches!(option, "--missing" | "--summary");
            let same = files[..number].iter().find(|(_, other)| is_same_place(other, path));
            if let Some((other, _)) = same.filter(|(other, _)| is_output(option) || is_output(other)) {
                let message = format!("`{other}` and `{option}` name the same file");
                return Err(Error::usage(message).help("give the output another name"));
            }
        }
        if self.inputs.iter().filter(|input| input.as_os_str() == "-").count() > 1 {
            return Err(Error::usage("standard input can be read once").help("give `-` once"));
        }
        if let Some(folder) = self.spool.as_deref().filter(|folder| !folder.is_dir()) {
            let message = format!("there is no folder {}", quoted(&folder.display().to_string()));
            return Err(Error::usage(message).help("make it, or leave `--spool` out"));
        }
        Ok(())
    }
}

/// Before anything was done, what cannot be written is wrong usage.
pub(super) fn as_usage(error: Error) -> Error {
    match error {
        Error::Failed { message, help } => Error::Usage { message, help },
        other => other,
    }
}
