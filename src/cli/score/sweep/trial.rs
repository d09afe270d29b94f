//! One run of the rule's command: events with variants of attacks among them, and which of these it found.

use super::{Axes, SECOND, Score};
use crate::{
    catalog::Catalog,
    error::{Error, quoted},
    plan::{Options as RunOptions, Plan},
    run,
    score::{FalseAlarms, Options, Scorer, Truth},
    sink::reason,
};
use serde_json::Value;
use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, BufWriter, ErrorKind, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

/// The label of swept attacks.
const LABEL: &str = "swept";

/// Runs of the command.
pub(super) struct Trial<'a> {
    arguments: &'a Score,
    catalog: &'a Arc<Catalog>,
    folder: TempDir,
}

/// A variant of an attack.
pub(super) struct Variant {
    scenario: String,
    /// Its parameters as `--inject` takes them.
    with: String,
    /// About how long it is.
    length: u64,
}

/// The result of a run.
pub(super) struct TrialResult {
    /// For each variant whether it was found; `None` if it has to wait for another run.
    pub(crate) found: Vec<Option<bool>>,
    pub(crate) false_alarms: FalseAlarms,
    pub(crate) seconds: f64,
}

impl Variant {
    pub(super) fn new(scenario: &str, axes: &Axes, values: &[String], length: u64) -> Self {
        let settings = axes.names().zip(values);
        let with = settings.fold(String::new(), |text, (name, value)| text + "," + name + "=" + value);
        Variant { scenario: scenario.to_owned(), with, length }
    }
}

impl<'a> Trial<'a> {
    pub(super) fn new(arguments: &'a Score, catalog: &'a Arc<Catalog>) -> Result<Self, Error> {
        let folder = tempfile::tempdir()
            .map_err(|error| Error::failed(format!("cannot make a temporary folder: {}", reason(&error))))?;
        Ok(Trial { arguments, catalog, folder })
    }

    /// Injects the variants into a fresh background and runs the command on it.
    pub(super) fn run(&self, variants: &[Variant], seed: u64) -> Result<TrialResult, Error> {
        let slots = self.slots(variants);
        let all: Vec<usize> = (0..variants.len()).collect();
        let plan = self.plan(variants, &slots, &all, seed)?;
        let kept = kept(&plan, &run::truth_of(&plan, false));
        // Those that stay are as they were: no injection changes another.
        let plan = if kept.len() < variants.len() { self.plan(variants, &slots, &kept, seed)? } else { plan };
        let events = self.folder.path().join("events.ndjson");
        write_events(&plan, &events)
            .map_err(|error| Error::failed(format!("cannot write events for the rule: {}", reason(&error))))?;
        let alerts = self.folder.path().join("alerts.ndjson");
        self.command(&events, &alerts)?;
        let options = Options { together: true, labels: vec![LABEL.to_owned()], ..self.arguments.options() };
        let mut scorer = Scorer::new(Truth::from_lines(&run::truth_of(&plan, true))?, options)?;
        scorer.read(&alerts)?;
        let score = scorer.finish()?;
        let Some(rule) = score.rules.into_iter().next() else { return Err(Error::failed("the alerts have no score")) };
        let missed: HashSet<String> = rule.missed.iter().map(|missed| missed.instance.clone()).collect();
        let names: Vec<&str> =
            plan.scenarios[plan.background..].iter().map(|scenario| scenario.name.as_str()).collect();
        let swept = &names[names.len() - kept.len()..];
        let mut found = vec![None; variants.len()];
        for (variant, name) in kept.iter().zip(swept) {
            found[*variant] = Some(!missed.contains(*name));
        }
        let seconds = score.span.unwrap_or_default() as f64 / 1e9;
        Ok(TrialResult { found, false_alarms: rule.false_alarms, seconds })
    }

    /// When each variant begins, in seconds after the run's beginning; and at the end how long the run is.
    fn slots(&self, variants: &[Variant]) -> Vec<u64> {
        let apart = self.arguments.sweep.apart.div_ceil(SECOND).max(1);
        let mut slots = vec![apart];
        for variant in variants {
            // Delays are drawn again in each run, so that the length is not exact.
            let length = (variant.length + variant.length / 2).div_ceil(SECOND);
            slots.push(slots[slots.len() - 1] + length + apart);
        }
        slots
    }

    fn plan(&self, variants: &[Variant], slots: &[u64], kept: &[usize], seed: u64) -> Result<Plan, Error> {
        let inject = kept.iter().map(|at| {
            let Variant { scenario, with, .. } = &variants[*at];
            format!("{scenario}@+{}s,label={LABEL}{with}", slots[*at])
        });
        let sweep = &self.arguments.sweep;
        let options = RunOptions {
            scenarios: vec![sweep.background.clone()],
            seed: Some(seed),
            from: Some(sweep.from.clone()),
            duration: slots.last().map(|end| end.saturating_mul(SECOND)),
            rate: Some(sweep.rate),
            inject: inject.collect(),
            ..RunOptions::default()
        };
        Plan::with_catalog(self.catalog, &options)
    }

    fn command(&self, events: &Path, alerts: &Path) -> Result<(), Error> {
        let cannot = |error: &io::Error, what: &str| Error::failed(format!("cannot {what}: {}", reason(error)));
        let Some((program, arguments)) = self.arguments.command.split_first() else {
            return Err(Error::usage("no command of the rule is given").help("write it after `--`"));
        };
        let input = File::open(events).map_err(|error| cannot(&error, "read events for the rule"))?;
        let output = File::create(alerts).map_err(|error| cannot(&error, "keep the alerts of the rule"))?;
        let mut command = Command::new(program);
        command.args(arguments.iter().map(|argument| with_file(argument, events)));
        let status = command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).status();
        let shown = quoted(&program.to_string_lossy());
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::failed(format!("the rule's command {shown} failed: {status}"))
                .help("it gets events on standard input, and has to exit with 0 whether it fires or not")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Error::usage(format!("there is no command {shown}")).help("give the rule's command after `--`"))
            }
            Err(error) => Err(cannot(&error, &format!("start the rule's command {shown}"))),
        }
    }
}

/// An argument in which `{}` stands for the file with the events.
fn with_file(argument: &OsStr, events: &Path) -> OsString {
    match argument.to_str() {
        Some(text) if text.contains("{}") => text.replace("{}", &events.to_string_lossy()).into(),
        _ => argument.to_owned(),
    }
}

fn write_events(plan: &Plan, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for event in plan.events() {
        file.write_all(&event.body)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// The variants of different people: of several by one person the first.
fn kept(plan: &Plan, truth: &[u8]) -> Vec<usize> {
    let swept = plan.scenarios[plan.background..].iter().filter(|scenario| is_swept(scenario));
    let names: Vec<&str> = swept.map(|scenario| scenario.name.as_str()).collect();
    let lines = truth.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let people: std::collections::HashMap<String, String> =
        lines.map(|line| (line["story"].as_str().unwrap_or_default().to_owned(), line["actor"].to_string())).collect();
    let mut seen = HashSet::new();
    let is_first = |name: &str| people.get(name).is_none_or(|person| seen.insert(person.clone()));
    let mut is_first = is_first;
    names.iter().enumerate().filter_map(|(at, name)| is_first(name).then_some(at)).collect()
}

fn is_swept(scenario: &crate::plan::resolved::ResolvedScenario) -> bool {
    scenario.injection.as_ref().is_some_and(|injection| injection.label == LABEL)
}
