//! `falsetrail help`: concepts that no single option explains, and the help of each command.

use super::{columns, print};
use crate::error::{Error, did_you_mean};
use clap::{Args, CommandFactory};

/// Name, headline, and a function that returns the text.
type Topic = (&'static str, &'static str, fn() -> String);

/// The concepts, in reading order.
const TOPICS: [Topic; 8] = [
    ("scenarios", "how scenarios and workloads are written", || include_str!("help/scenarios.txt").to_owned()),
    ("templates", "how events are made, and how to add your own", || include_str!("help/templates.txt").to_owned()),
    ("time", "event time, rates, live runs and reproducibility", || include_str!("help/time.txt").to_owned()),
    ("kafka", "how to connect, what records hold, what is guaranteed", kafka),
    ("summary", "what `--summary` writes", || include_str!("help/summary.txt").to_owned()),
    ("verdict", "what `falsetrail verify` says, for machines", || include_str!("help/verdict.txt").to_owned()),
    ("scoring", "how `falsetrail score` counts, and what it writes", || include_str!("help/scoring.txt").to_owned()),
    ("metrics", "what a run shows to Prometheus", || include_str!("help/metrics.txt").to_owned()),
];

/// Explain a concept or a command.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail help scenarios
  falsetrail help generate")]
pub(super) struct Help {
    /// A concept (scenarios, templates, time, kafka, summary, verdict, scoring, metrics) or a command.
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,
}

pub(super) fn run(arguments: &Help) -> Result<u8, Error> {
    let mut whole = super::Command::command().color(super::color::in_arguments(std::env::args_os()));
    whole.build();
    let Some(topic) = &arguments.topic else {
        print(&format!("{}{}", styled(&mut whole), overview()))?;
        return Ok(0);
    };
    if let Some((_, _, text)) = TOPICS.iter().find(|(name, ..)| name == topic) {
        print(&text())?;
        return Ok(0);
    }
    if let Some(command) = whole.find_subcommand_mut(topic) {
        print(&styled(command))?;
        return Ok(0);
    }
    let commands = whole.get_subcommands().map(clap::Command::get_name);
    let known: Vec<&str> = TOPICS.iter().map(|(name, ..)| *name).chain(commands).collect();
    Err(Error::usage(format!("there is no help about `{topic}`")).help(did_you_mean(topic, known.iter().copied())))
}

fn styled(command: &mut clap::Command) -> String {
    let help = command.render_long_help();
    if super::color::on_stdout() { help.ansi().to_string() } else { help.to_string() }
}

fn overview() -> String {
    let rows: Vec<Vec<String>> = topics().map(|(name, headline)| vec![name.to_owned(), headline.to_owned()]).collect();
    format!("\nConcepts (falsetrail help TOPIC):\n{}", columns(&rows, "  "))
}

/// Names and headlines of the concepts.
pub(super) fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPICS.iter().map(|(name, headline, _)| (*name, *headline))
}

/// The topic `kafka`, with a table of the current defaults.
fn kafka() -> String {
    include_str!("help/kafka.txt").replace("{DEFAULTS}\n", &kafka_defaults())
}

#[cfg(feature = "kafka")]
fn kafka_defaults() -> String {
    let defaults = crate::sink::kafka::DEFAULTS;
    let rows: Vec<Vec<String>> =
        defaults.iter().map(|(name, value, why)| vec![format!("{name}={value}"), (*why).to_owned()]).collect();
    columns(&rows, "  ")
}

#[cfg(not(feature = "kafka"))]
fn kafka_defaults() -> String {
    columns(
        &[vec!["this build of falsetrail cannot emit to Kafka: build it with the feature `kafka`".to_owned()]],
        "  ",
    )
}
