//! `falsetrail man`: manual pages.

use super::print;
use crate::error::{Error, did_you_mean, shown};
use clap::{Args, CommandFactory};
use std::{fs, path::PathBuf};

/// Print a manual page, or write those of all commands into a folder.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail man generate | man -l -
  falsetrail man -o ~/.local/share/man/man1/")]
pub(super) struct Man {
    /// The command that the page is about. [default: the whole]
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Option<String>,

    /// Write a page for each command into this folder, made if it is missing, in place of older ones.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Man) -> Result<u8, Error> {
    let whole = whole();
    if let Some(folder) = &arguments.output {
        let failed = |error| Error::failed(format!("cannot write to `{}`: {error}", shown(folder)));
        fs::create_dir_all(folder).map_err(failed)?;
        clap_mangen::generate_to(whole, folder).map_err(failed)?;
        return Ok(0);
    }
    let wanted = match &arguments.command {
        None => whole,
        Some(name) => match whole.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                let names: Vec<&str> = whole.get_subcommands().map(clap::Command::get_name).collect();
                let unknown = Error::usage(format!("no command is called `{name}`"));
                return Err(unknown.help(did_you_mean(name, names.iter().copied())));
            }
        },
    };
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(wanted).render(&mut page);
    rendered.map_err(|error| Error::failed(format!("cannot make the page: {error}")))?;
    print(&String::from_utf8_lossy(&page))?;
    Ok(0)
}

/// The whole command line, with the full names of subcommands.
fn whole() -> clap::Command {
    let mut command = super::Command::command();
    command.build();
    command
}
