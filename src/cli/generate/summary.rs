//! The summary of a run for machines.
//!
//! `falsetrail help summary` documents it. A change that could break a reader changes `version`.

use super::{
    Generate,
    repeat::{self, From},
};
use falsetrail::{
    error::Error,
    plan::Plan,
    run::{Lag, Outcome},
    sink::WholeFile,
    units::format_time,
};
use serde_json::{Value, json};
use std::time::Duration;

/// The version of the form.
const VERSION: u32 = 1;

impl Generate {
    /// Refuses a summary that cannot be written, before anything is made.
    pub(super) fn refuse_summary(&self) -> Result<(), Error> {
        let Some(path) = &self.watch.summary else { return Ok(()) };
        if path.as_os_str() == "-" {
            return Err(Error::usage("`--summary` takes a file: standard output is for events").help("name one"));
        }
        if self.output.as_ref() == Some(path) {
            return Err(Error::usage("`--summary` and `--output` name the same file").help("give each its own"));
        }
        let made = self.output.as_deref().filter(|_| self.split.is_some());
        WholeFile::refuse(path, self.force, made)
    }

    /// Writes the summary, if one is asked for. `begun`: where the events begin that there are.
    pub(super) fn write_summary(
        &self,
        plan: &Plan,
        begun: u64,
        outcome: &Outcome,
        took: Duration,
    ) -> Result<(), Error> {
        let Some(path) = &self.watch.summary else { return Ok(()) };
        let document = document(self, plan, begun, outcome, took);
        WholeFile::create(path, self.force)?.write(format!("{document:#}\n").as_bytes())
    }
}

fn document(arguments: &Generate, plan: &Plan, begun: u64, outcome: &Outcome, took: Duration) -> Value {
    let summary = &outcome.summary;
    let by_method = summary.by_outcome(plan).map(|(method, failure, events)| {
        json!({ "method": method, "outcome": failure.unwrap_or("success"), "events": events })
    });
    let by_scenario = summary.by_story(plan).map(|(story, events)| {
        let scenario = plan.stories.iter().find(|of| of.name == story).map(|of| of.scenario.as_str());
        json!({ "story": story, "scenario": scenario, "events": events })
    });
    let mut document = json!({
        "version": VERSION,
        "falsetrail": env!("CARGO_PKG_VERSION"),
        "status": status(outcome),
        "error": outcome.error.as_ref().map(|error| error.render(false).trim_end().to_owned()),
        "run": run(arguments, plan, begun, outcome),
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
        "delivered": delivered(arguments, outcome),
        "notes": outcome.delivered.notes,
    });
    document["continue"] = outcome.rest().map_or(Value::Null, |skip| {
        let rest = From { skip, append: outcome.delivered.unfinished, live: true, end: None };
        json!({ "skip": skip, "command": repeat::command(arguments, plan, rest) })
    });
    document
}

/// How it ended, in a word.
fn status(outcome: &Outcome) -> &'static str {
    let delivered = &outcome.delivered;
    match () {
        () if outcome.error.is_some() || delivered.failed + delivered.unknown > 0 => "failed",
        () if outcome.stopped => "stopped",
        () if delivered.closed => "closed",
        () => "complete",
    }
}

/// What defines the run, and which part of it this was.
fn run(arguments: &Generate, plan: &Plan, begun: u64, outcome: &Outcome) -> Value {
    let end = plan.timing.is_endless().then_some(outcome.background);
    let again = From { skip: begun, append: false, live: false, end };
    json!({
        "name": plan.name,
        "seed": plan.seed,
        "from": format_time(plan.timing.from),
        "to": plan.timing.to.map(format_time),
        "skip": arguments.skip.unwrap_or(0),
        "shard": arguments.shard.map(|shard| shard.to_string()),
        "command": repeat::command(arguments, plan, again),
    })
}

/// How well a live run kept to the clock.
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

/// What the destination has.
fn delivered(arguments: &Generate, outcome: &Outcome) -> Value {
    let delivered = &outcome.delivered;
    let output = arguments.output.as_ref().filter(|path| path.as_os_str() != "-");
    json!({
        "topic": arguments.kafka.topic,
        "output": output.map(|path| path.display().to_string()),
        "events": delivered.events,
        "bytes": delivered.bytes,
        "written": delivered.written,
        "failed": delivered.failed,
        "unknown": delivered.unknown,
        "undelivered": delivered.undelivered.as_ref().map(|path| path.display().to_string()),
    })
}
