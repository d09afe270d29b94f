//! The summary of a run, as JSON for machines.
//!
//! `falsetrail help summary` documents it. A change that could break a reader needs a new `version`.

use super::{
    Generate,
    repeat::{self, From},
};
use crate::{
    clock,
    error::Error,
    plan::Plan,
    run::{Lag, Outcome, Progress, Selection, Slice},
    run_file::{Emitted, RunFile, Status},
    sink::{LogCounts, Sink, WholeFile},
    units::format_time,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    time::Duration,
};

/// The version of the document's format.
const VERSION: u32 = 2;

/// Everything in a summary that is known before the first event.
pub(super) struct About<'a> {
    arguments: &'a Generate,
    plan: &'a Plan,
    /// The part of the run at the destination; `skip` is its first event.
    part: Slice,
    /// When the run began: wall time in nanoseconds since the Unix epoch.
    started: i64,
    /// The end offset of each partition before the first event.
    offsets_before: BTreeMap<i32, i64>,
    /// The id of the cluster that these offsets are of.
    cluster: Option<String>,
    /// The run file, as it is embedded in the document.
    run_file: String,
}

/// The numbers of the events that were not acknowledged.
#[derive(Default)]
struct Undelivered {
    failed: Selection,
    unknown: Selection,
    /// The number of events that are in neither list.
    unlisted: u64,
}

impl Generate {
    /// Rejects a summary that cannot be written, before anything is created.
    pub(super) fn refuse_summary(&self) -> Result<(), Error> {
        let Some(path) = &self.watch.summary else { return Ok(()) };
        if path.as_os_str() == "-" {
            return Err(Error::usage("`--summary` takes a file: standard output is for events").help("name one"));
        }
        if self.output.as_ref() == Some(path) {
            return Err(Error::usage("`--summary` and `--output` name the same file").help("give each its own"));
        }
        let made = self.output.as_deref().filter(|_| self.split.is_some());
        WholeFile::refuse(path, self.overwrite(), made)
    }
}

impl<'a> About<'a> {
    pub(super) fn new(arguments: &'a Generate, plan: &'a Plan, part: Slice, run: &RunFile, sink: &dyn Sink) -> Self {
        // It is indented one level deeper than in a separate run file.
        let run_file = run.to_json().trim_end().replace('\n', "\n  ");
        let started = clock::now();
        let (offsets_before, cluster) = (sink.offsets_before(), sink.cluster());
        About { arguments, plan, part, started, offsets_before, cluster, run_file }
    }

    /// The summary of a run in progress; it remains if the run is killed.
    pub(super) fn running(&self, seen: &Progress, took: Duration) -> String {
        let (acknowledged, unlisted) = seen.answers.unwrap_or((seen.events, 0));
        let until = seen.next.max(self.part.skip);
        let part = Slice { first: Some(until), ..self.part.clone() };
        let undelivered = Undelivered { unlisted, ..Undelivered::default() };
        self.document(&json!({
            "status": Status::Running.name(),
            "error": null,
            "started": format_time(self.started),
            "ended": null,
            "run": self.run(Some(until)),
            "emitted": numbers(&part, &undelivered),
            "events": seen.events,
            "bytes": seen.bytes,
            "first": null,
            "last": (seen.events > 0).then(|| format_time(seen.time)),
            "digest": null,
            "seconds": took.as_secs_f64(),
            "events_a_second": seen.events as f64 / took.as_secs_f64().max(1e-9),
            "by_scenario": null,
            "by_method": null,
            "pace": null,
            "delivered": {
                "topic": self.arguments.kafka.topic,
                "offsets_before": self.offsets(),
                "cluster": self.cluster,
                "output": self.output(),
                "events": acknowledged,
                "bytes": null,
                "written": null,
                "failed": unlisted,
                "unknown": seen.in_flight(),
                "undelivered": null,
                "log": null,
            },
            "notes": [],
            "continue": null,
        }))
    }

    /// The summary of a run that has ended.
    pub(super) fn over(&self, outcome: &Outcome, seen: &Progress, took: Duration) -> String {
        let (summary, plan) = (&outcome.summary, self.plan);
        let by_method = summary.by_outcome(plan).map(|(method, failure, events)| {
            json!({ "method": method, "outcome": failure.unwrap_or("success"), "events": events })
        });
        let by_scenario = summary.by_scenario(plan).map(|(scenario, events)| {
            let scenario_name =
                plan.scenarios.iter().find(|of| of.name == scenario).map(|of| of.scenario_name.as_str());
            json!({ "story": scenario, "scenario": scenario_name, "events": events })
        });
        let until = until(self.arguments, &self.part, outcome, seen);
        let part = Slice { first: until, ..self.part.clone() };
        let rest = outcome.rest().map(|skip| {
            let rest = From { skip, append: outcome.delivered.unfinished, live: true, ..From::default() };
            json!({ "skip": skip, "command": repeat::command(self.arguments, plan, rest) })
        });
        self.document(&json!({
            "status": status(outcome).name(),
            "error": outcome.error.as_ref().map(|error| error.render(false).trim_end().to_owned()),
            "started": format_time(self.started),
            "ended": format_time(clock::now()),
            "run": self.run(until),
            "emitted": numbers(&part, &Undelivered::new(outcome)),
            "events": summary.events,
            "bytes": summary.bytes,
            "first": summary.first.map(format_time),
            "last": summary.last.map(format_time),
            "digest": summary.digest(),
            "seconds": took.as_secs_f64(),
            "events_a_second": summary.events as f64 / took.as_secs_f64().max(1e-9),
            "by_scenario": by_scenario.collect::<Value>(),
            "by_method": by_method.collect::<Value>(),
            "pace": outcome.lag.map(|lag| pace(lag, summary.events)),
            "delivered": self.delivered(outcome),
            "notes": outcome.delivered.notes,
            "continue": rest,
        }))
    }

    /// The complete document. The run file is at its end, because it is long.
    fn document(&self, values: &Value) -> String {
        let mut document = json!({ "version": VERSION, "falsetrail": env!("CARGO_PKG_VERSION") });
        if let (Some(all), Some(values)) = (document.as_object_mut(), values.as_object()) {
            all.extend(values.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        let text = format!("{document:#}");
        let open = text.strip_suffix("\n}").unwrap_or(&text);
        format!("{open},\n  \"run_file\": {}\n}}\n", self.run_file)
    }

    /// The run and the part of it that was emitted. `until`: the number of the first event that was not emitted, if the
    /// run has no other end.
    fn run(&self, until: Option<u64>) -> Value {
        let (arguments, plan) = (self.arguments, self.plan);
        let again = From { skip: self.part.skip, first: until.map(|until| until.max(1)), ..From::default() };
        json!({
            "name": plan.name,
            "seed": plan.seed,
            "from": format_time(plan.timing.from),
            "to": plan.timing.to.map(format_time),
            "speed": arguments.pace.speed(),
            "skip": arguments.skip.unwrap_or(0),
            "shard": arguments.shard.map(|shard| shard.to_string()),
            "command": repeat::command(arguments, plan, again),
        })
    }

    /// The events at the destination.
    fn delivered(&self, outcome: &Outcome) -> Value {
        let delivered = &outcome.delivered;
        json!({
            "topic": self.arguments.kafka.topic,
            "offsets_before": self.offsets(),
            "cluster": self.cluster,
            "output": self.output(),
            "events": delivered.events,
            "bytes": delivered.bytes,
            "written": delivered.written,
            "failed": delivered.failed,
            "unknown": delivered.unknown,
            "undelivered": delivered.undelivered.as_ref().map(|path| path.display().to_string()),
            "log": delivered.log.map(log),
        })
    }

    fn offsets(&self) -> Option<BTreeMap<String, i64>> {
        let offsets = &self.offsets_before;
        let named = || offsets.iter().map(|(partition, offset)| (partition.to_string(), *offset)).collect();
        (!offsets.is_empty()).then(named)
    }

    fn output(&self) -> Option<String> {
        let output = self.arguments.output.as_ref().filter(|path| path.as_os_str() != "-");
        output.map(|path| path.display().to_string())
    }
}

/// The number that follows that of the last event handed over, if the run did not reach its end and the number is
/// known.
pub(super) fn until(arguments: &Generate, part: &Slice, outcome: &Outcome, seen: &Progress) -> Option<u64> {
    let delivered = &outcome.delivered;
    let until = match status(outcome) {
        Status::Complete => None,
        // The events that the brokers rejected are listed separately.
        _ if arguments.kafka.topic.is_some() => Some(seen.next.max(part.skip)),
        _ if delivered.events + delivered.unknown == 0 => Some(part.skip),
        _ => delivered.next,
    };
    until.into_iter().chain(part.first).min()
}

impl Undelivered {
    /// The events that a run listed, and how many are missing from the list.
    fn new(outcome: &Outcome) -> Self {
        let delivered = &outcome.delivered;
        let (failed, unknown) = delivered.undelivered.as_deref().and_then(listed).unwrap_or_default();
        let listed = failed.count() + unknown.count();
        Undelivered { unlisted: (delivered.failed + delivered.unknown).saturating_sub(listed), failed, unknown }
    }
}

/// Reads the list of undelivered events; a device or pipe cannot be read again.
fn listed(path: &Path) -> Option<(Selection, Selection)> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|found| found.is_file()))?;
    let (mut failed, mut unknown) = (Vec::new(), Vec::new());
    for line in BufReader::new(file).lines() {
        let event: Value = serde_json::from_str(&line.ok()?).ok()?;
        let list = if event["delivery"] == "unknown" { &mut unknown } else { &mut failed };
        list.push(event["event"].as_u64()?);
    }
    Some((failed.into_iter().collect(), unknown.into_iter().collect()))
}

fn numbers(part: &Slice, undelivered: &Undelivered) -> Value {
    Emitted::numbers_to_json(part, &undelivered.failed, &undelivered.unknown, undelivered.unlisted)
}

/// How the run ended.
fn status(outcome: &Outcome) -> Status {
    let delivered = &outcome.delivered;
    match () {
        () if outcome.error.is_some() || delivered.failed + delivered.unknown > 0 => Status::Failed,
        () if outcome.stopped => Status::Stopped,
        () if delivered.closed => Status::Closed,
        () => Status::Complete,
    }
}

/// The events in the life of a log file that was written in place.
fn log(counts: LogCounts) -> Value {
    let LogCounts { rotated, reopened, truncated, oversized, deleted_files, deleted_events } = counts;
    json!({
        "rotated": rotated, "reopened": reopened, "truncated": truncated, "oversized": oversized,
        "deleted_files": deleted_files, "deleted_events": deleted_events,
    })
}

/// How late the events of a live run left.
fn pace(lag: Lag, events: u64) -> Value {
    let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
    let took = seconds(lag.took);
    let rate = (took > 0.0).then(|| events.saturating_sub(1) as f64 / took);
    json!({
        "events_a_second": rate,
        "late_seconds": {
            "p50": seconds(lag.p50), "p99": seconds(lag.p99), "max": seconds(lag.max), "last": seconds(lag.last),
        },
    })
}
