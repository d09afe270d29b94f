//! `falsetrail help`: concepts that no option explains, and the commands' own help.

use super::print;
use clap::{Args, CommandFactory};
use falsetrail::error::{Error, did_you_mean};

/// The concepts, in the order in which a reader meets them: name, headline, text.
const TOPICS: [(&str, &str, &str); 4] = [
    ("scenarios", "how a story and a load are written", include_str!("help/scenarios.txt")),
    ("templates", "how events are made, and how to add your own", include_str!("help/templates.txt")),
    ("time", "event time, rates, live runs and the same again", include_str!("help/time.txt")),
    ("kafka", "events in a topic, and what is promised about them", include_str!("help/kafka.txt")),
];

/// Explain a concept or a command.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail help scenarios
  falsetrail help generate")]
pub struct Help {
    /// A concept (scenarios, templates, time, kafka) or a command.
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,
}

pub fn run(arguments: &Help) -> Result<u8, Error> {
    let mut whole = super::Command::command().color(super::color::in_arguments(std::env::args_os()));
    whole.build();
    let Some(topic) = &arguments.topic else {
        print(&format!("{}{}", styled(&mut whole), overview()))?;
        return Ok(0);
    };
    if let Some((_, _, text)) = TOPICS.iter().find(|(name, ..)| name == topic) {
        print(text)?;
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
    format!("\nConcepts (falsetrail help TOPIC):\n{}", super::columns(&rows, "  "))
}

/// Names and headlines of the concepts.
pub fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPICS.iter().map(|(name, headline, _)| (*name, *headline))
}
