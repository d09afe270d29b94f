//! The command line, parsed by clap. The doc comments of commands, options and value enums are the text of `--help`.

mod color;
mod completions;
mod generate;
mod habits;
mod help;
mod list;
mod man;
mod new;
mod plan;
mod schema;
mod score;
mod show;
mod stdout;
mod validate;
mod value_names;
mod verify;

pub use color::on_stderr as color_on_stderr;

use crate::{catalog::Catalog, error::Error, sink};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

/// Generates audit trails of things that never happened: synthetic audit events for load tests, seeded environments
/// and test fixtures.
#[derive(Parser)]
#[command(name = "falsetrail", version, propagate_version = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
#[command(after_help = "\
Begin with:
  falsetrail list                                       what is shipped
  falsetrail generate pool-resize-failure               one instance, on standard output
  falsetrail generate 'create-pool -> delete-pool' -n 1000 -o trail.ndjson.gz
  falsetrail plan busy-day -n 1M                        what that would be, before it is
  falsetrail show pool-resize-failure                   who does what in it, and when
  falsetrail new my-scenario                            a file of your own
  falsetrail help scenarios                             how to write it
  falsetrail verify --run run.json out.ndjson           whether everything arrived
  falsetrail score --truth truth.ndjson alerts.json     whether a rule found the attacks

Data goes to standard output, everything else to standard error.
Exit status: 0 done, 1 failed, 2 wrong usage or input, 129, 130 and 143 stopped by a signal.")]
struct Command {
    #[command(subcommand)]
    subcommand: Subcommands,

    /// When to colour messages. `auto` means on a terminal, unless the variable `NO_COLOR` is set.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto", help_heading = "Everywhere")]
    color: color::Color,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Generate events from scenarios, and write them to standard output, files or a Kafka topic.
    Generate(Box<generate::Generate>),
    /// Say what a run would be, without emitting anything: how many events of what, when, and how many bytes.
    ///
    /// Takes the options of `falsetrail generate`, but writes no events. The run is simulated, so counts
    /// are exact; bytes come from a rendered sample. Of a run of more than a million events the first million are
    /// simulated. The counts of the rest follow from the averages of the scenarios: they are an estimate, and its error is
    /// printed.
    Plan(Box<plan::Plan>),
    /// Say what became of a run's events: which are missing, doubled, cut, changed, reordered or late, and why.
    Verify(Box<verify::Verify>),
    /// Say which attacks a rule's alerts found, which they missed, and on what else the rule fired.
    Score(Box<score::Score>),
    /// List the shipped scenarios, or the methods, kinds or failures of the catalog.
    List(list::List),
    /// Show a scenario as a timeline, a method with its failures and an example, or a kind with its fields.
    Show(show::Show),
    /// Write a scenario to begin with.
    New(new::New),
    /// Find everything that is wrong with scenario files and catalogs.
    Validate(validate::Validate),
    /// Print the JSON Schema of scenario files or catalogs, for editors.
    Schema(schema::Schema),
    /// Print a script that completes commands, options and names in a shell.
    Completions(completions::Completions),
    /// Print a manual page, or write those of all commands into a folder.
    Man(man::Man),
    /// Explain a concept (scenarios, templates, time, kafka, summary, verdict, scoring, metrics) or a command.
    Help(help::Help),
}

/// Runs the command; returns the exit status of the process.
pub fn run() -> Result<u8, Error> {
    completions::answer();
    generate::stop::survive_file_size_limit();
    let command = parse();
    command.color.choose();
    match command.subcommand {
        Subcommands::Generate(generate) => generate::run(&generate),
        Subcommands::Plan(plan) => plan::run(*plan),
        Subcommands::Verify(verify) => verify::run(&verify),
        Subcommands::Score(score) => score::run(&score),
        Subcommands::List(list) => list::run(&list),
        Subcommands::Show(show) => show::run(&show),
        Subcommands::New(new) => new::run(&new),
        Subcommands::Validate(validate) => validate::run(&validate),
        Subcommands::Schema(schema) => schema::run(&schema),
        Subcommands::Completions(completions) => completions::run(&completions),
        Subcommands::Man(man) => man::run(&man),
        Subcommands::Help(help) => help::run(&help),
    }
}

/// Parses the command line. If it is wrong or asks for help, the process ends here.
fn parse() -> Command {
    let command = Command::command().color(color::in_arguments(std::env::args_os()));
    Command::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// Where templates come from.
#[derive(clap::Args)]
struct TemplatesOption {
    /// A folder with other templates: with a `catalog.yaml` it is used instead of the built-in catalog, without one
    /// its templates replace the built-in ones of the same name.
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
}

impl TemplatesOption {
    fn catalog(&self) -> Result<Arc<Catalog>, Error> {
        match &self.templates {
            Some(folder) => Catalog::load(folder),
            None => Catalog::built_in(),
        }
    }
}

/// Writes to standard output. A reader that closed the pipe is not an error.
fn print(text: &str) -> Result<(), Error> {
    stdout::check()?;
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("cannot write to standard output: {}", sink::reason(&error))))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error; an error of writing there cannot be reported and is ignored.
pub fn report(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Formats rows as columns, two spaces apart; the last column is not padded.
fn columns(rows: &[Vec<String>], indent: &str) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            if widths.len() <= column {
                widths.push(0);
            }
            widths[column] = widths[column].max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        text.push_str(indent);
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < row.len() {
                text.extend(std::iter::repeat_n(' ', widths[column] - cell.chars().count() + 2));
            }
        }
        text.push('\n');
    }
    text
}

/// Wraps a text into lines of at most `width` characters, each after `indent`.
fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().flat_map(|line| [indent, line, "\n"]).collect()
}
