//! A run as a file: written, repeated, and what it makes compared with files.

use super::{Generate, Stop, finish};
use crate::cli::{print, report};
use clap::Args;
use falsetrail::{
    error::Error,
    plan::{Options, Plan},
    run::{self, How},
    run_file::{Layout, RunFile},
    sink::{self, Ending, Output, Sink, Split, WholeFile},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Args)]
#[command(next_help_heading = "A run as a file")]
pub struct RunFileOptions {
    /// Write down everything that defines the run: scenarios with all that they name, catalog and templates, seed,
    /// start time and the options under "Content". `--run` repeats it anywhere.
    #[arg(long, value_name = "FILE")]
    write_run: Option<PathBuf>,

    /// Repeat the run that a file describes, instead of scenarios and options under "Content".
    #[arg(long, value_name = "FILE")]
    pub run: Option<PathBuf>,

    /// Write nothing, and compare what the run would write with the file or folder given by `--output`: names each file
    /// that differs, is missing or is not part of the run, and exits with 1 if there is one.
    #[arg(long, requires_all = ["run", "output"], conflicts_with_all = ["write_run", "force", "skip", "shard", "digest", "bootstrap_servers"])]
    pub check: bool,
}

impl Generate {
    /// The run that a file describes, if one is given.
    pub(super) fn recorded(&self) -> Result<Option<RunFile>, Error> {
        let Some(path) = &self.file.run else {
            if self.shard.is_some() && (self.seed.is_none() || self.from.is_none()) {
                let error = Error::usage("`--shard` needs `--seed` and `--from`, so that all shards are of one run");
                return Err(error.help("add both; `--seed 1 --from 2026-01-05T08:00:00Z` for instance"));
            }
            return Ok(None);
        };
        if let Some(option) = self.content_given() {
            let message = format!("{option} and `--run` exclude each other: the run file says what the run is");
            return Err(Error::usage(message).help("leave it out, or describe the run anew with `--write-run`"));
        }
        let run = RunFile::read(path)?;
        if let Some(warning) = run.warning() {
            report(&format!("warning: {warning}\n"));
        }
        Ok(Some(run))
    }

    /// The first thing that is given although the run file has it.
    fn content_given(&self) -> Option<&'static str> {
        let given = [
            ("a scenario", !self.scenarios.is_empty()),
            ("`--events`", self.events.is_some()),
            ("`--instances`", self.instances.is_some()),
            ("`--seed`", self.seed.is_some()),
            ("`--from`", self.from.is_some()),
            ("`--to`", self.to.is_some()),
            ("`--duration`", self.duration.is_some()),
            ("`--every`", self.every.is_some()),
            ("`--rate`", self.rate.is_some()),
            ("`--stage`", !self.stage.is_empty()),
            ("`--cold-start`", self.cold_start),
            ("`--inject`", !self.inject.is_empty()),
            ("`--set`", !self.set.is_empty()),
            ("`--as-documented`", self.as_documented),
            ("`--templates`", self.templates.templates.is_some()),
            ("`--key`", self.kafka.key.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }

    /// What has a file of its own by the run file: where a folder is to be written or checked, and nothing else says.
    pub(super) fn recorded_split(&self, recorded: Option<&RunFile>) -> Option<Split> {
        let path = self.output.as_deref()?;
        let folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
        recorded?.layout.split.filter(|_| folder)
    }

    /// Refuses a run file that cannot be written, before anything is made.
    pub(super) fn refuse_run_file(&self, plan: &Plan, output: &Output) -> Result<(), Error> {
        let Some(path) = &self.file.write_run else { return Ok(()) };
        if path.as_os_str() == "-" {
            return Err(Error::usage("`--write-run` takes a file: standard output is for events").help("name one"));
        }
        if self.pace.is_live() && plan.timing.is_endless() {
            let error = Error::usage("a run that goes on until it is stopped cannot be written down");
            return Err(error.help("give it an end: `-n`, `-d` or `--to`"));
        }
        if output.path.as_ref() == Some(path) {
            return Err(Error::usage("`--write-run` and `--output` name the same file").help("give each its own"));
        }
        let made = output.path.as_deref().filter(|_| output.split.is_some());
        WholeFile::refuse(path, self.force, made)
    }

    /// Writes the run file if one is asked for. If that fails, the sink that was opened for the run ends with it.
    pub(super) fn write_run(
        &self,
        plan: &Plan,
        recorded: Option<&RunFile>,
        output: &Output,
        sink: Box<dyn Sink>,
    ) -> Result<Box<dyn Sink>, Error> {
        let Some(path) = &self.file.write_run else { return Ok(sink) };
        let options = recorded.map_or_else(|| self.options(), |run| run.options.clone());
        match write(path, self.force, plan, &options, output) {
            Ok(()) => Ok(sink),
            Err(error) => {
                let _ = sink.finish(Ending::Stopped);
                Err(error)
            }
        }
    }
}

fn write(path: &Path, force: bool, plan: &Plan, options: &Options, output: &Output) -> Result<(), Error> {
    let layout = Layout { format: output.format, split: output.split };
    WholeFile::create(path, force)?.write(RunFile::of(plan, options, layout).to_json().as_bytes())
}

/// Compares what the run makes with the files that are there.
pub(super) fn check(arguments: &Generate, plan: &Plan, output: &Output) -> Result<u8, Error> {
    let tell = |line: &str| {
        // Whoever does not read on has heard enough, and the exit status says the rest.
        let _ = print(&format!("{line}\n"));
    };
    let own = arguments.file.run.as_deref().unwrap_or(Path::new(""));
    let sink = sink::check(output, own, Box::new(tell))?;
    let stop = Stop::new(Arc::default())?;
    let outcome = run::emit(plan, sink, How::default(), &stop.requested);
    if !arguments.quiet {
        for note in &outcome.delivered.notes {
            print(&format!("{note}\n"))?;
        }
    }
    finish(outcome, &stop)
}
