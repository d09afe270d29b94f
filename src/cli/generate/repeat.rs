//! The command that gives the same bytes again.

use super::{FormatName, Generate, SplitName};
use falsetrail::{
    plan::{Plan, Starts},
    units::{format_duration, format_time},
};
use std::path::Path;

/// The arguments of the same run, seed and start time filled in.
pub fn command(arguments: &Generate, plan: &Plan) -> String {
    of_events(arguments, plan, arguments.kafka.only.as_deref())
}

/// The same, for those events alone that a file lists.
pub fn of_events(arguments: &Generate, plan: &Plan, only: Option<&Path>) -> String {
    let mut words = Words(vec!["falsetrail".to_owned(), "generate".to_owned()]);
    words.0.extend(arguments.scenarios.iter().cloned());
    content(arguments, plan, &mut words);
    if let Some(list) = only {
        words.option("--only", list.display().to_string());
    }
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

/// What the bytes depend on, and which part of the run is written.
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
    for set in &arguments.set {
        words.option("--set", set.as_str());
    }
    if let Some(folder) = &arguments.templates.templates {
        words.option("--templates", folder.display().to_string());
    }
    words.flag("--as-documented", arguments.as_documented);
    if let Some(skip) = arguments.skip {
        words.option("--skip", skip.to_string());
    }
    if let Some(shard) = arguments.shard {
        words.option("--shard", shard.to_string());
    }
}

/// Where and how events are written.
fn output(arguments: &Generate, words: &mut Words) {
    match arguments.format {
        FormatName::Ndjson => {}
        FormatName::Json => words.option("--format", "json"),
        FormatName::Batch => words.option("--format", "batch"),
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
