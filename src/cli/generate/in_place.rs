//! `--in-place`: a log file as an application writes it, and its rotation.

use super::{Generate, repeat::Words};
use crate::{
    bytes::Chunk,
    error::{Error, shown},
    plan::Plan,
    render::Renderer,
    sink::{self, InPlace, Output, RotateAt, Sink},
    units,
};
use clap::Args;
use signal_hook::{consts::SIGUSR1, flag};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(super) struct InPlaceOptions {
    /// Append the events to FILE under its own name, from the first one on, as an application writes its log: whole
    /// lines, which are there at once. Keeps what is in FILE. If another program renames or removes FILE, the name is
    /// opened again within a second, or at once on SIGUSR1.
    #[arg(long, requires = "output", conflicts_with = "topic")]
    in_place: bool,

    /// With `--in-place`: rename FILE to `FILE.1`, `FILE.1` to `FILE.2` and so on, before it grows beyond a size such as
    /// `100MB`, or when another period begins, such as `1h` or `1d`. Periods are in UTC, of event time or, in a live run,
    /// of wall time.
    #[arg(long, value_name = "SIZE|D", requires = "in_place", allow_hyphen_values = true)]
    rotate: Option<RotateAt>,

    /// With `--rotate`: keep this number of renamed files, and delete the oldest. [default: keep all]
    #[arg(long, value_name = "N", value_parser = units::count, requires = "rotate", allow_hyphen_values = true)]
    keep: Option<u64>,
}

/// Sizes of this many bytes and more are not compared with events before the run.
const AMPLE: u64 = 1 << 20;

/// The number of events that a smaller size is compared with.
const SAMPLE: usize = 1_000;

impl InPlaceOptions {
    /// Whether the events are appended to a log file.
    pub(super) fn is_given(&self) -> bool {
        self.in_place
    }

    /// Writes the same options again.
    pub(super) fn repeat(&self, words: &mut Words) {
        words.flag("--in-place", self.in_place);
        if let Some(rotate) = self.rotate {
            words.option("--rotate", rotate.to_string());
        }
        if let Some(keep) = self.keep {
            words.option("--keep", keep.to_string());
        }
    }

    /// Rejects options that make no sense together, before anything is opened.
    pub(super) fn refuse(&self, arguments: &Generate, plan: &Plan, output: &Output) -> Result<(), Error> {
        if !self.in_place {
            return Ok(());
        }
        let excluded = [
            (arguments.append, "--append", "it appends anyway, and knows no `FILE.part`"),
            (arguments.force, "--force", "it replaces nothing"),
            (arguments.file.check, "--check", "a check writes nothing"),
        ];
        if let Some((_, option, why)) = excluded.iter().find(|(given, ..)| *given) {
            return Err(Error::usage(format!("`--in-place` and `{option}` exclude each other: {why}"))
                .help(format!("leave out `{option}`")));
        }
        sink::refuse_for_log(output)?;
        let (Some(rotate), Some(file)) = (self.rotate, &output.path) else { return Ok(()) };
        refuse_rotated_name(arguments, file)?;
        match rotate {
            RotateAt::Size(size) if size < AMPLE => {
                let longest = longest(plan);
                if size < longest {
                    let message = format!(
                        "`--rotate {rotate}` is less than an event: one of the first {SAMPLE} has {longest} bytes"
                    );
                    return Err(Error::usage(message).help("give a larger size, such as `--rotate 1MB`"));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Opens the log file; from then on, SIGUSR1 makes the run open it again.
    pub(super) fn open(&self, output: &Output, is_live: bool) -> Result<Box<dyn Sink>, Error> {
        let how = InPlace { rotate: self.rotate, keep: self.keep, is_live, ..InPlace::default() };
        flag::register(SIGUSR1, Arc::clone(&how.reopen))
            .map_err(|error| Error::failed(format!("cannot wait for signals: {error}")))?;
        sink::append_to_log(output, how)
    }
}

/// Another file of the run must not have a name that rotating uses.
fn refuse_rotated_name(arguments: &Generate, file: &Path) -> Result<(), Error> {
    let others = [
        ("--truth", &arguments.truth),
        ("--summary", &arguments.watch.summary),
        ("--write-run", &arguments.file.write_run),
    ];
    let taken = |(option, path): &(&str, &Option<PathBuf>)| {
        let path = path.as_deref().filter(|path| sink::is_rotated_name(file, path))?;
        Some(format!("`{option} {}` is a name that `--rotate` gives to a file of events", shown(path)))
    };
    match others.iter().find_map(taken) {
        Some(message) => Err(Error::usage(message).help("name another file")),
        None => Ok(()),
    }
}

/// The length of the longest of the first events, with its line end.
fn longest(plan: &Plan) -> u64 {
    let (mut stream, mut slots, mut chunk) = (plan.stream(), Vec::new(), Chunk::default());
    let mut renderer = Renderer::new(plan);
    let mut longest = 0;
    for _ in 0..SAMPLE {
        slots.clear();
        chunk.clear();
        let Some(record) = stream.next(&mut slots) else { break };
        renderer.render(&record, &slots, &mut chunk);
        longest = longest.max(chunk.bodies.len() as u64);
    }
    longest
}
