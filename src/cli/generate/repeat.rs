//! The commands that give the same bytes again, and those that are missing.

use super::{FormatName, Generate, SplitName};
use falsetrail::{
    plan::{Plan, Starts},
    units::{format_duration, format_time},
};
use std::path::Path;

/// Which events a command gives.
#[derive(Clone, Copy)]
pub struct From {
    /// The run's, behind so many of them.
    pub skip: u64,
    /// Behind those in an unfinished file.
    pub append: bool,
    /// At the pace of the wall clock, if the run was.
    pub live: bool,
    /// So many of the run's, if it has no end of its own.
    pub end: Option<u64>,
}

/// The arguments of the same run, seed and start time filled in.
pub fn command(arguments: &Generate, plan: &Plan, from: From) -> String {
    of_events(arguments, plan, from, arguments.kafka.only.as_deref())
}

/// The same, for those events alone that a file lists.
pub fn of_events(arguments: &Generate, plan: &Plan, from: From, only: Option<&Path>) -> String {
    let mut words = Words(vec!["falsetrail".to_owned(), "generate".to_owned()]);
    match &arguments.file.run {
        Some(file) => words.option("--run", file.display().to_string()),
        None => {
            words.0.extend(arguments.scenarios.iter().cloned());
            if let Some(end) = from.end {
                words.option("-n", end.to_string());
            }
            content(arguments, plan, &mut words);
        }
    }
    if from.live {
        words.0.extend(arguments.pace.words());
    }
    if let Some(list) = only {
        words.option("--only", list.display().to_string());
    }
    if from.skip > 0 {
        words.option("--skip", from.skip.to_string());
    }
    words.flag("--append", from.append);
    part(arguments, &mut words);
    output(arguments, &mut words);
    words.0.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn option(&mut self, name: &str, value: impl Into<String>) {
        self.0.extend([name.to_owned(), value.into()]);
    }

    pub(super) fn flag(&mut self, name: &str, given: bool) {
        self.0.extend(given.then(|| name.to_owned()));
    }
}

/// What the bytes depend on.
fn content(arguments: &Generate, plan: &Plan, words: &mut Words) {
    if let Some(events) = plan.timing.events {
        words.option("-n", events.to_string());
    }
    if let Starts::Instances(instances) = plan.timing.starts {
        words.option("--instances", instances.to_string());
    }
    words.option("--seed", plan.seed.to_string());
    words.option("--from", format_time(plan.timing.from));
    if let Some(to) = plan.timing.to {
        words.option("--to", format_time(to));
    }
    if let Some(every) = arguments.every {
        words.option("--every", format_duration(every));
    }
    if let Some(rate) = arguments.rate {
        words.option("--rate", rate.to_string());
    }
    for (duration, rate) in &arguments.stage {
        words.option("--stage", format!("{}:{rate}", format_duration(*duration)));
    }
    words.flag("--cold-start", arguments.cold_start);
    for inject in &arguments.inject {
        words.option("--inject", inject.as_str());
    }
    for set in &arguments.set {
        words.option("--set", set.as_str());
    }
    if let Some(folder) = &arguments.templates.templates {
        words.option("--templates", folder.display().to_string());
    }
    words.flag("--as-documented", arguments.as_documented);
}

/// Which part of the run is written.
fn part(arguments: &Generate, words: &mut Words) {
    if let Some(shard) = arguments.shard {
        words.option("--shard", shard.to_string());
    }
}

/// Where and how events are written.
fn output(arguments: &Generate, words: &mut Words) {
    match arguments.format {
        None => {}
        Some(FormatName::Ndjson) => words.option("--format", "ndjson"),
        Some(FormatName::Json) => words.option("--format", "json"),
        Some(FormatName::Batch) => words.option("--format", "batch"),
    }
    match arguments.split {
        None => {}
        Some(SplitName::Event) => words.option("--split", "event"),
        Some(SplitName::Instance) => words.option("--split", "instance"),
    }
    if let Some(output) = &arguments.output {
        words.option("-o", output.display().to_string());
    }
    words.flag("--force", arguments.force);
    if let Some(threads) = arguments.threads {
        words.option("--threads", threads.to_string());
    }
    if let Some(truth) = &arguments.truth {
        words.option("--truth", truth.display().to_string());
    }
    words.flag("--truth-all", arguments.truth_all);
    words.flag("--digest", arguments.digest);
    arguments.kafka.repeat(words);
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+…".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
