//! `falsetrail help`: commands by their own `--help`, and topics that no single option explains.

use super::{Command, columns, print};
use clap::{Args, CommandFactory};
use falsetrail::error::{Error, did_you_mean};

/// Explain a command or a topic.
#[derive(Args)]
pub struct Help {
    /// A command, or a topic: kafka, metrics, summary.
    #[arg(value_name = "COMMAND|TOPIC")]
    about: Option<String>,
}

/// A topic: its name, what it is about, and its text.
struct Topic {
    name: &'static str,
    about: &'static str,
    text: fn() -> String,
}

const TOPICS: [Topic; 3] = [
    Topic { name: "kafka", about: "how to connect, what records hold, what is guaranteed", text: kafka },
    Topic {
        name: "metrics",
        about: "what a run shows to Prometheus",
        text: || include_str!("help/metrics.txt").to_owned(),
    },
    Topic { name: "summary", about: "what `--summary` writes", text: || include_str!("help/summary.txt").to_owned() },
];

pub fn run(help: &Help) -> Result<u8, Error> {
    let mut command = Command::command();
    command.build();
    let Some(about) = &help.about else {
        let rows: Vec<Vec<String>> =
            TOPICS.iter().map(|topic| vec![topic.name.to_owned(), topic.about.to_owned()]).collect();
        print(&format!("{}\nTopics (`falsetrail help TOPIC`):\n{}", command.render_long_help(), columns(&rows, "  ")))?;
        return Ok(0);
    };
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == about) {
        print(&(topic.text)())?;
        return Ok(0);
    }
    if let Some(found) = command.find_subcommand_mut(about) {
        print(&found.render_long_help().to_string())?;
        return Ok(0);
    }
    let names = command.get_subcommands().map(clap::Command::get_name).chain(TOPICS.iter().map(|topic| topic.name));
    let names: Vec<&str> = names.collect();
    Err(Error::usage(format!("there is no help about `{about}`")).help(did_you_mean(about, names.iter().copied())))
}

/// The topic `kafka`, in which the table of defaults is the one in force.
fn kafka() -> String {
    include_str!("help/kafka.txt").replace("{DEFAULTS}\n", &kafka_defaults())
}

#[cfg(feature = "kafka")]
fn kafka_defaults() -> String {
    let defaults = falsetrail::sink::kafka::DEFAULTS;
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
