//! The command that gives the same bytes again.

use super::{FormatName, Generate, SplitName};
use falsetrail::{
    plan::{Plan, Starts},
    units::{format_duration, format_time},
};

/// The arguments of the same run, seed and start time filled in.
pub fn command(arguments: &Generate, plan: &Plan) -> String {
    let mut words = vec!["falsetrail".to_owned(), "generate".to_owned()];
    words.extend(arguments.scenarios.iter().cloned());
    let mut add = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(events) = plan.timing.events {
        add("-n", events.to_string());
    }
    if let Starts::Instances(instances) = plan.timing.starts {
        add("--instances", instances.to_string());
    }
    add("--seed", plan.seed.to_string());
    add("--from", format_time(plan.timing.from));
    if let Some(to) = plan.timing.to {
        add("--to", format_time(to));
    }
    if let Some(every) = arguments.every {
        add("--every", format_duration(every));
    }
    if let Some(rate) = arguments.rate {
        add("--rate", rate.to_string());
    }
    for (duration, rate) in &arguments.stage {
        add("--stage", format!("{}:{rate}", format_duration(*duration)));
    }
    for set in &arguments.set {
        add("--set", set.clone());
    }
    if let Some(folder) = &arguments.templates.templates {
        add("--templates", folder.display().to_string());
    }
    if let Some(skip) = arguments.skip {
        add("--skip", skip.to_string());
    }
    if let Some(shard) = arguments.shard {
        add("--shard", shard.to_string());
    }
    match arguments.format {
        FormatName::Ndjson => {}
        FormatName::Json => add("--format", "json".to_owned()),
        FormatName::Batch => add("--format", "batch".to_owned()),
    }
    match arguments.split {
        None => {}
        Some(SplitName::Event) => add("--split", "event".to_owned()),
        Some(SplitName::Instance) => add("--split", "instance".to_owned()),
    }
    if let Some(output) = &arguments.output {
        add("-o", output.display().to_string());
    }
    if let (Some(servers), Some(topic)) = (&arguments.kafka.bootstrap_servers, &arguments.kafka.topic) {
        add("-b", servers.clone());
        add("-t", topic.clone());
    }
    for property in &arguments.kafka.properties {
        add("-X", without_secret(property));
    }
    if let Some(key) = &arguments.kafka.key {
        add("--key", key.clone());
    }
    if arguments.cold_start {
        words.push("--cold-start".to_owned());
    }
    if arguments.as_documented {
        words.push("--as-documented".to_owned());
    }
    if arguments.force {
        words.push("--force".to_owned());
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A property without its value, if that might be a secret.
fn without_secret(property: &str) -> String {
    let secret = |name: &str| {
        ["password", "secret", "jaas", "token", "key.pem", "ssl.key"].iter().any(|word| name.contains(word))
    };
    match property.split_once('=') {
        Some((name, _)) if secret(name) => format!("{name}=…"),
        _ => property.to_owned(),
    }
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
