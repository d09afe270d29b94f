//! `falsetrail generate`: options, and the run from preparation to summary.

mod content;
mod in_place;
pub(super) mod kafka;
mod live;
mod metrics;
mod pipeline;
mod prepared;
mod progress;
mod repeat;
pub(super) mod report;
mod run_file;
pub(super) mod stop;
mod summary;
mod summary_file;
mod truth;
mod url;
mod watch;

use super::TemplatesOption;
use crate::{
    error::Error,
    plan::{Options, Plan},
    run::{self, Counters, EmitOptions, Outcome, Resumed},
    run_file::RunFile,
    sink::{self, Ending, Output, Overwrite, Split, format::Format},
    units,
};
use clap::Args;
use content::Content;
pub(crate) use prepared::Prepared;
use report::Reach;
use std::{
    num::NonZero,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Instant,
};
use stop::Stop;
use summary::About;
use summary_file::SummaryFile;

/// Generate events from scenarios.
///
/// The bytes are a pure function of scenario, templates, seed, start time and the options under "Content". The summary
/// on standard error ends with the command that gives the same bytes again.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = "\
Examples:
  falsetrail generate pool-resize-failure --format json
  falsetrail generate create-pool,update-pool-failure,delete-pool -n 100k -o trail.ndjson.zst
  falsetrail generate mass-deletion --set deletes=20 --seed 7 --from 2026-01-05T08:00:00Z
  falsetrail generate every-method --split event -o fixtures/
  falsetrail generate busy-day -n 1M -b localhost:9092 -t audit
  falsetrail generate my-scenario.yaml --split event -o fixtures/ --write-run fixtures.json
  falsetrail generate --run fixtures.json --check -o fixtures/")]
pub(super) struct Generate {
    /// Scenarios: names of shipped ones (see `falsetrail list`), paths that end in `.yaml`, `-` for standard input, or
    /// a scenario in one line such as 'create-pool -> update-pool-failure -> delete-pool' or, needing no quotes,
    /// create-pool,update-pool:forbidden. Several are a mix of equal weights.
    #[arg(required_unless_present_any = ["run", "check"], value_name = "SCENARIO")]
    scenarios: Vec<String>,

    #[command(flatten)]
    content: Content,

    #[command(flatten)]
    templates: TemplatesOption,

    /// The file to write, `-` for standard output, or with `--split` a folder. Names that end in `.gz` and `.zst` are
    /// compressed. A file gets its name when it is complete; until then it is `FILE.part`. Devices, pipes and descriptors
    /// such as `/dev/fd/3` are written directly. [default: standard output]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,

    #[command(flatten)]
    in_place: in_place::InPlaceOptions,

    /// Replace what exists. The new file has the mode of the old one and, if that is allowed, its owner.
    #[arg(long, help_heading = "Output")]
    force: bool,

    /// How events are written. [default: the run file's, else ndjson]
    #[arg(long, value_enum, help_heading = "Output")]
    format: Option<Format>,

    /// A file for each event or for each instance, in the folder given by `--output`.
    #[arg(long, value_enum, value_name = "WHAT", requires = "output", help_heading = "Output")]
    split: Option<Split>,

    /// Skip the first N events of the whole run, for instance to continue after a run with `-n N`.
    /// [default: 0]
    #[arg(long, value_name = "N", value_parser = skip, help_heading = "Part of a run")]
    skip: Option<u64>,

    /// Only the first N events of the whole run, those of injected scenarios included. Without `-n`, `--instances` or an
    /// end, instances start one after another without an end, as in a live run; that needs `--from`.
    #[arg(long, value_name = "N", value_parser = units::count, help_heading = "Part of a run")]
    first: Option<u64>,

    /// Resume the `FILE.part` or folder that a stopped run has left, after its last event: the run prints the
    /// command, which has `--skip`, too. With `--force` an existing FILE is replaced when the run is complete.
    #[arg(long, requires = "output", help_heading = "Part of a run")]
    append: bool,

    /// Only a fixed share of the instances, such as `0/8` to `7/8`: together the shards are the whole run. Needs
    /// `--seed` and `--from`, or a run file, so that all shards are of one run.
    #[arg(long, value_name = "I/N", help_heading = "Part of a run")]
    shard: Option<run::Shard>,

    /// Threads that render, 256 at most; they never change a byte. [default: as many as the machine has where that makes it faster]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true, help_heading = "Output")]
    threads: Option<NonZero<usize>>,

    /// Write the ground truth to this file: a JSON line for each injected instance with its label, scenario, parameters,
    /// actor, first and last event time, and event ids. Beside a file or folder it is about the events in there, beside a
    /// topic or standard output about those of the whole run.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    truth: Option<PathBuf>,

    /// With `--truth`: a line for every instance.
    #[arg(long, requires = "truth", help_heading = "Output")]
    truth_all: bool,

    /// Print a digest of the events (XXH3, 128 bits), so that two people can compare runs without sending files. It is
    /// over the compact bodies in the run's order, whatever the format.
    #[arg(long, help_heading = "Output")]
    digest: bool,

    /// Exit with status 1 if the reader of standard output or of a pipe leaves before the end of the run. [default:
    /// status 0, as for `| head`]
    #[arg(long, help_heading = "Output")]
    require_all: bool,

    /// No summary on standard error.
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,

    #[command(flatten)]
    pace: live::LiveOptions,

    #[command(flatten)]
    watch: watch::WatchOptions,

    #[command(flatten)]
    file: run_file::RunFileOptions,

    #[command(flatten)]
    kafka: kafka::Kafka,
}

pub(super) fn run(arguments: &Generate) -> Result<u8, Error> {
    let Prepared { plan, is_repeatable, output, part, recorded } = arguments.prepare()?;
    if arguments.file.check {
        return run_file::check(arguments, &plan, &output);
    }
    if !arguments.has_topic() && output.path.as_deref().is_none_or(sink::is_stdout) {
        super::stdout::check()?;
    }
    arguments.refuse_run_file(&output)?;
    truth::refuse(arguments)?;
    arguments.refuse_summary()?;
    let requested = Arc::default();
    let Resumed { sink, begun } = arguments.sink(&plan, &part, &output, &requested)?;
    let sink = arguments.write_run(&plan, recorded.as_ref(), &output, sink)?;
    let watch: Arc<Counters> = Arc::default();
    let there = run::Slice { skip: begun, ..part.clone() };
    let how = EmitOptions {
        part,
        digest: arguments.digest,
        threads: arguments.threads,
        live: arguments.pace.live(),
        truth: truth::open(arguments, begun)?,
        counters: Some(Arc::clone(&watch)),
    };
    let stop = Stop::new(requested)?;
    let watching = arguments.watching(&plan, &how.part, &watch)?;
    if !is_repeatable && !arguments.quiet {
        let first = repeat::From { skip: begun, first: Some(repeat::FIRST_OF_ENDLESS), ..repeat::From::default() };
        super::report(&format!("reproduce with: {}\n", repeat::command(arguments, &plan, first)));
    }
    let described = || arguments.run_file(&plan, recorded.as_ref(), &output);
    let about = || About::new(arguments, &plan, there.clone(), &described(), &*sink);
    let summary = match SummaryFile::begin(arguments, about, &watch) {
        Ok(summary) => summary,
        Err(error) => {
            watching.finish();
            let _ = sink.finish(Ending::Stopped);
            return Err(error);
        }
    };
    let started = Instant::now();
    let outcome = thread::scope(|scope| {
        let _updates = summary.as_ref().map(|summary| summary.keep_current(scope));
        run::emit(&plan, sink, how, &stop.requested)
    });
    let took = started.elapsed();
    watching.finish();
    let until = summary::until(arguments, &there, &outcome, &watch.see());
    if outcome.delivered.closed {
        let asked = arguments.asked_for(recorded.as_ref());
        if !arguments.require_all && (asked || !arguments.quiet) {
            super::report(&report::closed(&plan, &outcome));
        }
    } else if !arguments.quiet {
        super::report(&report::text(arguments, &plan, Reach { begun, until }, &outcome, took));
    }
    let written = summary.map_or(Ok(()), |summary| summary.finish(&outcome, took));
    let status = finish(arguments, outcome, &stop)?;
    written.map(|()| status)
}

/// The exit status: other than 0 if anything that was requested was not done.
fn finish(arguments: &Generate, outcome: Outcome, stop: &Stop) -> Result<u8, Error> {
    if let Some(error) = outcome.error {
        return Err(error);
    }
    if outcome.delivered.closed && arguments.require_all {
        let written = units::format_count(outcome.delivered.events);
        return Err(Error::failed(format!("the reader left before the end of the run, after {written} events")));
    }
    let lost = outcome.delivered.failed + outcome.delivered.unknown;
    if outcome.stopped {
        return Ok(stop.exit_code());
    }
    if lost > 0 {
        let message = format!(
            "{} of {} events were not delivered",
            units::format_count(lost),
            units::format_count(outcome.summary.events)
        );
        return Err(Error::failed(message));
    }
    if let Some(missed) = outcome.lag.and_then(live::missed) {
        return Err(missed);
    }
    Ok(0)
}

/// Parses a number of events to skip; 0 is allowed, for scripts that compute the number.
fn skip(text: &str) -> Result<u64, units::QuantityError> {
    if text.trim() == "0" { Ok(0) } else { units::count(text) }
}

/// Parses a number of threads.
fn threads(text: &str) -> Result<NonZero<usize>, String> {
    let most = run::MOST_THREADS;
    let threads = text.parse().ok().filter(|threads: &NonZero<usize>| threads.get() <= most);
    threads.ok_or_else(|| format!("a run has at least one thread, and {most} at most: write `1` or more"))
}

impl Generate {
    /// Whether the user gave the length of the run, so that a reader who closes the pipe earlier did not get what was
    /// asked for.
    fn asked_for(&self, recorded: Option<&RunFile>) -> bool {
        let options = recorded.map_or_else(|| self.options(), |run| run.options.clone());
        let by_number = options.events.or(options.instances).or(self.first).is_some();
        by_number || options.to.is_some() || options.duration.is_some() || !options.stages.is_empty()
    }

    /// Whether existing files are replaced.
    fn overwrite(&self) -> Overwrite {
        Overwrite::from_force(self.force)
    }

    /// The options that define the run, as typed.
    fn options(&self) -> Options {
        Options {
            scenarios: self.scenarios.clone(),
            templates: self.templates.templates.clone(),
            unbounded: self.first.is_some(),
            key: self.kafka.key.clone(),
            live: self.pace.is_live(),
            ..self.content.options.clone()
        }
    }

    /// Opens the sink, and determines where the run began that it resumes, if any.
    fn sink(&self, plan: &Plan, part: &run::Slice, output: &Output, stop: &Arc<AtomicBool>) -> Result<Resumed, Error> {
        if let Some(topic) = self.kafka.sink(self, plan, stop)? {
            return Ok(Resumed { sink: topic, begun: part.skip });
        }
        if self.append {
            return run::resume_watched(plan, part, output, &progress::passing_over(self));
        }
        let sink = if self.in_place.is_given() {
            self.in_place.open(output, self.pace.is_live())
        } else {
            sink::open(output)
        }?;
        Ok(Resumed { sink, begun: part.skip })
    }

    /// The output to write: options on the command line override those of the run file.
    fn output(&self, plan: &Plan, recorded: Option<&RunFile>) -> Output {
        let split = self.split.or_else(|| self.recorded_split(recorded));
        Output {
            path: self.output.clone().filter(|path| path.as_os_str() != "-"),
            format: self.format.or(recorded.map(|run| run.layout.format)).unwrap_or_default(),
            split,
            overwrite: self.overwrite(),
            most: split
                .filter(|_| !plan.timing.is_endless())
                .map(|_| plan.timing.events.unwrap_or_else(|| plan.count())),
            names: plan.names(),
        }
    }
}
