//! Run file: everything that a run's bytes depend on in one JSON document, so that it can be repeated anywhere.
//!
//! The document is meant to be reviewed: a text is a list of its lines. It describes the *content* of a run and not its
//! destination, so it contains no broker, no path of a machine and no secret.
//!
//! ```json
//! {
//!   "falsetrail_run": 1,
//!   "version": "0.1.0",
//!   "scenarios": ["takeover.yaml"],
//!   "seed": 7,
//!   "from": "2026-01-05T08:00:00Z",
//!   "files": {
//!     "scenarios": { "takeover.yaml": ["actors:", "  …"] },
//!     "catalog": { "catalog.yaml": ["name: …"], "OpenDoor.json": ["{", "…"] }
//!   }
//! }
//! ```
//!
//! | key | meaning |
//! |---|---|
//! | `falsetrail_run` | the version of this format |
//! | `version` | the version of the program that wrote it; patch releases never change bytes |
//! | `scenarios` | as on the command line: scenarios in the one-line form, or names under `files` |
//! | `seed`, `from` | the actual values, also if they were drawn or derived from the current time |
//! | `to`, `events`, `instances`, `every`, `rate`, `stages`, `cold_start` | length, rate and beginning of the run |
//! | `endless` | the run has no end: `--run` takes `-n`, `-d`, `--to` or `--first` |
//! | `inject` | scenarios at exact times, as on the command line |
//! | `set`, `as_documented`, `key` | the options of these names |
//! | `output` | `format` and `split`, as a hint for writing or checking files |
//! | `files` | `scenarios`, with all files that they refer to, and the `catalog` with its templates |
//!
//! A text that does not end with a line feed is one string instead of a list of lines.
//!
//! A run's summary (`falsetrail help summary`) contains such a document under `run_file`, and is accepted
//! instead of one: [`RunFile::emitted`] then says how much of the run was emitted.

mod emitted;
mod options;
mod read;
mod read_emitted;
mod value;
mod write;

pub(crate) use emitted::{Emitted, Topic};
pub use emitted::{End, Status};
pub(crate) use options::{Argument, ContentOption, OPTIONS, WithRunFile};

use std::path::Path;

use crate::{
    clock,
    error::{Error, quoted},
    plan::{Options, Plan, Starts},
    sink::{Split, format::Format},
    sources::{RunSources, SourceProvider},
    units::{self, format_time},
    yaml,
};

/// The version of the format that is written, and the newest version that can be read.
pub(crate) const FORMAT: u64 = 1;

/// The version of this program.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// A run with all the files it needs, as stored in a run file.
#[derive(Debug, Clone)]
pub struct RunFile {
    /// The version of the program that wrote it.
    pub(crate) version: String,
    /// The options that define the run. They take its scenarios and catalog from the run file.
    pub options: Options,
    /// The arrangement of its events in files, which does not affect the bytes of an event.
    pub(crate) layout: Layout,
    /// How much of the run was emitted, if it was read from a run's summary.
    pub emitted: Option<Emitted>,
}

/// How the events of a run are arranged in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// How events are separated and indented.
    pub(crate) format: Format,
    /// Whether each event or each instance has a separate file; `None` for a single output.
    pub(crate) split: Option<Split>,
}

/// The options of a planned run, with the values that the plan resolved: seed, times and length.
pub(crate) fn effective(plan: &Plan, asked: &Options) -> Options {
    Options {
        seed: Some(plan.seed),
        from: Some(format_time(plan.timing.from)),
        to: plan.timing.to.map(format_time),
        events: plan.timing.events,
        instances: match plan.timing.starts {
            Starts::Instances(instances) => Some(instances),
            Starts::Once | Starts::Unbounded => None,
        },
        unbounded: plan.timing.is_endless(),
        ..asked.clone()
    }
}

impl RunFile {
    /// Describes a run: the options as given, and the values that the plan resolved (such as a drawn seed).
    pub fn new(plan: &Plan, asked: &Options, layout: Layout) -> Self {
        let (scenarios, inject, texts) = write::texts(plan, &asked.scenarios, &asked.inject);
        let options = Options {
            scenarios,
            inject,
            templates: None,
            duration: None,
            endless: false,
            live: false,
            texts: SourceProvider::Run(texts.into()),
            now: None,
            ..effective(plan, asked)
        };
        Self { version: PROGRAM.to_owned(), options, layout, emitted: None }
    }

    /// Reads a run file, or the run file in a summary that `generate --summary` wrote.
    ///
    /// # Errors
    ///
    /// All mistakes in the document's form, or a format that is newer than this program. Mistakes in the scenarios and
    /// the catalog inside it are found by [`RunFile::plan`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        read::run_file(&yaml::load(path)?)
    }

    /// Resolves and checks the run.
    ///
    /// # Errors
    ///
    /// As for [`Plan::new`]; every diagnostic names the run file.
    pub fn plan(&self) -> Result<Plan, Error> {
        let file = quoted(self.name());
        Plan::new(&self.options).map_err(|error| match error {
            Error::Usage { message, help } if !message.contains(self.name()) => {
                Error::Usage { message: format!("in {file}: {message}"), help }
            }
            Error::Input(found) => {
                let within = RunSources::shown(self.name(), "");
                let placed = |diagnostic: crate::error::Diagnostic| {
                    let known = diagnostic.source.name.starts_with(&within);
                    diagnostic.help(if known { String::new() } else { format!("it stands in {file}") })
                };
                Error::Input(found.into_iter().map(placed).collect())
            }
            other => other,
        })
    }

    /// The document as JSON, with a final line feed.
    pub fn to_json(&self) -> String {
        write::json(self)
    }

    /// Whether the run is endless, so that repeating it needs a number of events, an end or a selection.
    pub(crate) fn is_endless(&self) -> bool {
        self.options.unbounded && self.options.events.is_none() && self.options.to.is_none()
    }

    /// Moves the run to another start, RFC 3339 or relative to now. All times and ids change.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a time that cannot be parsed, or after the year 2262.
    pub(crate) fn shift(&mut self, from: &str) -> Result<(), Error> {
        let now = clock::now().div_euclid(1_000_000_000) * 1_000_000_000;
        let wrong = |diagnostic: units::QuantityError| {
            Error::usage(format!("`--from`: {}", diagnostic.message)).help(diagnostic.help)
        };
        let begins = units::time(from, now).map_err(wrong)?;
        if let (Some(from), Some(to)) = (&self.options.from, &self.options.to) {
            let (from, to) = (units::time(from, now).map_err(wrong)?, units::time(to, now).map_err(wrong)?);
            let to = begins.checked_add(to - from);
            let to = to.ok_or_else(|| {
                Error::usage("the run would go beyond the year 2262").help("give an earlier `--from`")
            })?;
            self.options.to = Some(format_time(to));
        }
        self.options.from = Some(format_time(begins));
        Ok(())
    }

    /// A warning, if this program may generate other bytes than the version that wrote the file.
    pub fn warning(&self) -> Option<String> {
        let changes = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
        (changes(&self.version) != changes(PROGRAM)).then(|| {
            let (file, version) = (quoted(self.name()), &self.version);
            format!("{file} was written by falsetrail {version}, and the bytes of {PROGRAM} may differ")
        })
    }

    /// The run file's name in messages.
    fn name(&self) -> &str {
        match &self.options.texts {
            SourceProvider::Run(run) => &run.file,
            SourceProvider::Machine => "<run>",
        }
    }
}
