//! The options for run files: writing one, repeating a run from one, and comparing a run with existing files.

use super::{Generate, Stop, finish, pipeline};
use crate::{
    cli::{print, report},
    error::Error,
    plan::{Options, Plan},
    run::{self, EmitOptions},
    run_file::{Layout, OPTIONS, RunFile, WithRunFile},
    sink::{self, Ending, Output, Sink, Split, WholeFile},
};
use clap::Args;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Args)]
#[command(next_help_heading = "A run as a file")]
pub(super) struct RunFileOptions {
    /// Write down everything that defines the run: scenarios with all that they name, catalog and templates, seed,
    /// start time and the options under "Content". It is on disk before the first event, and `--run` repeats it
    /// anywhere.
    #[arg(long, value_name = "FILE")]
    pub(super) write_run: Option<PathBuf>,

    /// Repeat the run that a run file describes, or the summary of a run (`--summary`), instead of scenarios and
    /// options under "Content". `--from` moves it to another beginning; a run without an end takes `-n`, `-d`, `--to`
    /// or `--first`.
    #[arg(long, value_name = "FILE")]
    pub(crate) run: Option<PathBuf>,

    /// Write nothing, and compare what the run would write with the file or folder given by `--output`: names each file
    /// that differs, is missing or is not part of the run, and exits with 1 if there is one.
    #[arg(long, requires = "output", conflicts_with_all = ["write_run", "force", "skip", "shard", "digest", "bootstrap_servers"])]
    pub(crate) check: bool,
}

impl Generate {
    /// Reads the run file, if one is given.
    pub(super) fn recorded(&self) -> Result<Option<RunFile>, Error> {
        let Some(path) = &self.file.run else {
            if self.file.check {
                let output = self.output.as_deref().unwrap_or(Path::new("DIR/")).display();
                return Err(Error::usage("`--check` compares with the run that a file describes: `--run` is missing")
                    .help(format!("write the run down once: `falsetrail generate … --write-run run.json -o {output}`"))
                    .help(format!("then compare: `falsetrail generate --run run.json --check -o {output}`")));
            }
            let unknown = self.content.options.seed.is_none() || self.content.options.from.is_none();
            let needs = [
                (self.shard.is_some(), "`--shard` needs `--seed` and `--from`, so that all shards are of one run"),
                (self.kafka.only.is_some(), "`--only` needs `--seed` and `--from`, or `--run`, to repeat the run"),
            ];
            return match needs.iter().find(|(given, _)| *given && unknown) {
                Some((_, message)) => {
                    Err(Error::usage(*message).help("add both; `--seed 1 --from 2026-01-05T08:00:00Z` for instance"))
                }
                None => Ok(None),
            };
        };
        let excluded = |option: &str, why: &str| {
            let message = format!("{option} and `--run` exclude each other: {why}");
            Error::usage(message).help("leave it out, or describe another run with `--write-run`")
        };
        if !self.scenarios.is_empty() {
            return Err(excluded("a scenario", "the run file says what the run is"));
        }
        if let Some(option) = self.given(WithRunFile::Never) {
            return Err(excluded(&option, "the run file says what the run is"));
        }
        let mut run = RunFile::read(path)?;
        if let Some(option) = self.given(WithRunFile::IfEndless).filter(|_| !run.is_endless()) {
            return Err(excluded(&option, "the run file says where the run ends"));
        }
        self.complete(&mut run)?;
        if let Some(warning) = run.warning() {
            report(&format!("warning: {warning}\n"));
        }
        Ok(Some(run))
    }

    /// Adds what a run file leaves open: the end of an endless run, or another start.
    fn complete(&self, run: &mut RunFile) -> Result<(), Error> {
        let is_endless = run.is_endless();
        let Options { from, to, events, duration, .. } = &self.content.options;
        if let Some(from) = from {
            run.shift(from)?;
        }
        if !is_endless {
            return Ok(());
        }
        (run.options.events, run.options.duration) = (*events, *duration);
        run.options.to.clone_from(to);
        let has_end = self.given(WithRunFile::IfEndless).is_some() || self.first.is_some() || self.kafka.only.is_some();
        if has_end || self.pace.is_live() {
            return Ok(());
        }
        let file = self.file.run.as_deref().map(|file| file.display().to_string()).unwrap_or_default();
        let emitted = run.emitted.as_ref().and_then(|emitted| emitted.part.first);
        let first = emitted.map(|first| format!("its first {first} events were emitted: `--first {first}`"));
        Err(Error::usage(format!("the run in `{file}` has no end"))
            .help("say how much of it is wanted: `-n 1000`, `-d 1h`, `--to TIME` or `--first 1000`")
            .help(first.unwrap_or_default()))
    }

    /// The first given option of those that may be given `with` a run file.
    fn given(&self, with: WithRunFile) -> Option<String> {
        let options = self.options();
        let given = OPTIONS.iter().find(|option| option.with_run_file == with && option.is_given(&options));
        given.map(|option| format!("`{}`", option.long()))
    }

    /// The run file's `split`: used when a folder is written or checked and `--split` is not given.
    pub(super) fn recorded_split(&self, recorded: Option<&RunFile>) -> Option<Split> {
        let path = self.output.as_deref()?;
        let folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
        recorded?.layout.split.filter(|_| folder)
    }

    /// Rejects a run file that cannot be written, before anything is created.
    pub(super) fn refuse_run_file(&self, output: &Output) -> Result<(), Error> {
        let Some(path) = &self.file.write_run else { return Ok(()) };
        if path.as_os_str() == "-" {
            return Err(Error::usage("`--write-run` takes a file: standard output is for events").help("name one"));
        }
        if output.path.as_ref() == Some(path) {
            return Err(Error::usage("`--write-run` and `--output` name the same file").help("give each its own"));
        }
        let made = output.path.as_deref().filter(|_| output.split.is_some());
        WholeFile::refuse(path, self.overwrite(), made)
    }

    /// The run file that describes the run.
    pub(super) fn run_file(&self, plan: &Plan, recorded: Option<&RunFile>, output: &Output) -> RunFile {
        let options = recorded.map_or_else(|| self.options(), |run| run.options.clone());
        RunFile::new(plan, &options, Layout { format: output.format, split: output.split })
    }

    /// Writes the run file if requested. If that fails, the sink that was opened for the run is closed.
    pub(super) fn write_run(
        &self,
        plan: &Plan,
        recorded: Option<&RunFile>,
        output: &Output,
        sink: Box<dyn Sink>,
    ) -> Result<Box<dyn Sink>, Error> {
        let Some(path) = &self.file.write_run else { return Ok(sink) };
        let document = self.run_file(plan, recorded, output).to_json();
        match WholeFile::new(path, self.overwrite()).write(document.as_bytes()) {
            Ok(()) => Ok(sink),
            Err(error) => {
                let _ = sink.finish(Ending::Stopped);
                Err(error)
            }
        }
    }
}

/// Compares the run with existing files.
pub(super) fn check(arguments: &Generate, plan: &Plan, output: &Output) -> Result<u8, Error> {
    let tell = |line: &str| {
        // If the reader closed the pipe, the exit status alone tells the result.
        let _ = print(&format!("{line}\n"));
    };
    let own = arguments.file.run.as_deref().unwrap_or(Path::new(""));
    let sink = sink::check(output, own, Box::new(tell))?;
    let stop = Stop::new(Arc::default())?;
    let mut outcome = run::emit(plan, sink, EmitOptions::default(), &stop.requested);
    if outcome.error.is_some()
        && let Some(path) = &output.path
        && let Some(found) = pipeline::explain(plan, own, path)
    {
        outcome.error = Some(found);
    }
    if !arguments.quiet {
        for note in &outcome.delivered.notes {
            print(&format!("{note}\n"))?;
        }
    }
    finish(arguments, outcome, &stop)
}
