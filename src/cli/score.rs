//! `falsetrail score`: does a rule fire on the attacks, and on what else.

mod report;
mod sweep;

use super::{generate::stop::Stop, print, report as say, verify::as_usage};
use crate::{
    error::{Error, quoted},
    score::{MatchBy, Options, Require, Scorer, Truth},
    sink::{Overwrite, WholeFile},
    units,
};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// Say which attacks a rule's alerts found, which they missed, and on what else the rule fired.
///
/// Reads alerts as a SIEM exports them (JSON lines, JSON arrays, answers to searches, CSV with a header, text) and the
/// ground truth that `falsetrail generate --truth FILE --truth-all` has written. An alert belongs to an instance by the
/// ids of events or requests that stand anywhere in it; without ids by actor, resource or address, and time.
#[derive(Args)]
#[command(after_help = "\
Exit status: 0 if every `--require` is met; 1 if not; 2 for wrong usage or inputs that cannot be read or matched.

Examples:
  falsetrail generate day.yaml -d 1d -o day.ndjson --truth truth.ndjson --truth-all
  falsetrail score --truth truth.ndjson alerts.ndjson
  falsetrail score --truth truth.ndjson alerts.csv --rule rule_name --alert-time fired_at
  falsetrail score --truth truth.ndjson alerts.json --require recall=1
  falsetrail score --sweep deletes=1..20 mass-deletion -- python3 rule.py")]
pub(super) struct Score {
    /// Files with alerts, folders with such files, or `-` for standard input. With `--sweep`: the attacks, as names of
    /// shipped scenarios or paths.
    #[arg(value_name = "ALERTS", required = true)]
    inputs: Vec<PathBuf>,

    /// The ground truth of the run: what `falsetrail generate --truth FILE --truth-all` has written. May be repeated,
    /// for shards and continued runs that wrote one file each.
    #[arg(long, value_name = "FILE", required_unless_present = "sweep", conflicts_with = "sweep")]
    truth: Vec<PathBuf>,

    /// Where alerts name their rule, such as `_source.rule.name`. [default: found; else the name of the file]
    #[arg(long, value_name = "FIELD", help_heading = "Alerts")]
    rule: Option<String>,

    /// Score all alerts as those of one rule: an attack is found if any rule finds it.
    #[arg(long, conflicts_with = "rule", help_heading = "Alerts")]
    together: bool,

    /// Where alerts say when they fired, in event time. [default: found]
    #[arg(long, value_name = "FIELD", help_heading = "Alerts")]
    alert_time: Option<String>,

    /// By which values an alert may belong to an instance; ids come first where there are any.
    #[arg(long = "match", value_enum, value_name = "WHAT", value_delimiter = ',', help_heading = "Alerts",
          default_values_t = [MatchName::Ids, MatchName::Actor, MatchName::Resource, MatchName::Address])]
    match_by: Vec<MatchName>,

    /// Without ids: how long before or after an instance the time of an alert about it may be.
    #[arg(long, value_name = "D", value_parser = units::duration, default_value = "10m", help_heading = "Alerts")]
    window: u64,

    /// Only instances with this label have to be found; may be repeated. [default: every label but `near-miss` and
    /// `negative`]
    #[arg(long, value_name = "LABEL", help_heading = "Labels")]
    label: Vec<String>,

    /// A requirement for every rule: `recall=1`, `precision>=0.9`, `found>=3`, `missed=0`, `near-misses=0`,
    /// `false-alarms=0`, `false-alarms<=2/d`, `unmatched=0`, `detection.p50<5m`, `detection.largest<1h`. May be repeated.
    #[arg(long, value_name = "WHAT", help_heading = "Exit status")]
    require: Vec<Require>,

    /// Write the score as a JSON document: see `falsetrail help scoring`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    summary: Option<PathBuf>,

    /// Replace what exists.
    #[arg(long, help_heading = "Output")]
    force: bool,

    /// Print nothing but errors.
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,

    #[command(flatten)]
    sweep: sweep::SweepOptions,

    /// The rule's command: it reads events as JSON lines from standard input and prints its alerts. `{}` stands for a
    /// file with the events.
    #[arg(last = true, value_name = "COMMAND", requires = "sweep", help_heading = "Sweep")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MatchName {
    /// Ids of events and of requests.
    Ids,
    /// Whatever identifies an actor, such as an id or a mail address.
    Actor,
    /// Ids of the resources that the calls were about.
    Resource,
    /// Client addresses.
    Address,
}

pub(super) fn run(arguments: &Score) -> Result<u8, Error> {
    arguments.refuse_outputs()?;
    if arguments.sweep.is_given() {
        return sweep::run(arguments);
    }
    if !arguments.command.is_empty() {
        return Err(
            Error::usage("a command after `--` is for a sweep").help("add `--sweep deletes=1..20`, or leave it out")
        );
    }
    let stop = Stop::new(Arc::default())?;
    let truth: Vec<&Path> = arguments.truth.iter().map(PathBuf::as_path).collect();
    let mut scorer =
        Scorer::new(Truth::read(&truth)?, Options { stop: Arc::clone(&stop.requested), ..arguments.options() })?;
    for input in &arguments.inputs {
        if input.as_os_str() == "-" {
            scorer.read_from("standard input", "stdin", Box::new(io::stdin()))?;
        } else {
            scorer.read(input)?;
        }
    }
    if stop.requested.load(Ordering::Relaxed) {
        say("error: stopped before all alerts were read, so there is no score\n");
        return Ok(stop.exit_code());
    }
    let score = scorer.finish()?;
    let mut failures = Vec::new();
    for require in &arguments.require {
        failures.extend(require.failures(&score)?);
    }
    let mut document = score.json();
    document["failures"] = failures.clone().into();
    arguments.write_summary(&document)?;
    if !arguments.quiet {
        print(&report::text(&score))?;
    }
    if failures.is_empty() { Ok(0) } else { Err(not_met(&failures)) }
}

fn not_met(failures: &[String]) -> Error {
    Error::failed(format!("the score is not what is required: {}", failures.join("; ")))
}

impl Score {
    fn options(&self) -> Options {
        let by = |name: MatchName| self.match_by.contains(&name);
        Options {
            match_by: MatchBy {
                ids: by(MatchName::Ids),
                actor: by(MatchName::Actor),
                resource: by(MatchName::Resource),
                address: by(MatchName::Address),
            },
            window: self.window,
            rule_at: self.rule.clone(),
            time_at: self.alert_time.clone(),
            together: self.together,
            labels: self.label.clone(),
            ..Options::default()
        }
    }

    fn write_summary(&self, document: &Value) -> Result<(), Error> {
        let Some(path) = &self.summary else { return Ok(()) };
        WholeFile::new(path, Overwrite::from_force(self.force)).write(format!("{document:#}\n").as_bytes())
    }

    /// Refuses outputs that cannot be written, and inputs that cannot be read, before anything is read.
    fn refuse_outputs(&self) -> Result<(), Error> {
        if self.inputs.iter().filter(|input| input.as_os_str() == "-").count() > 1 {
            return Err(Error::usage("standard input can be read once").help("give `-` once"));
        }
        let Some(path) = &self.summary else { return Ok(()) };
        if path.as_os_str() == "-" {
            return Err(Error::usage("`--summary` takes a file: standard output is for the score"));
        }
        WholeFile::refuse(path, Overwrite::from_force(self.force), None).map_err(as_usage)?;
        if self.inputs.iter().chain(&self.truth).any(|input| input == path) {
            let message = format!("{} is both an input and an output", quoted(&path.display().to_string()));
            return Err(Error::usage(message).help("give the output another name"));
        }
        Ok(())
    }
}
