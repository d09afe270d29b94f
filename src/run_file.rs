//! A run as a file: everything that its bytes depend on, so that a machine that has nothing else repeats it.
//!
//! One JSON document, made to be read in a review: a text is a list of its lines. It holds what a run is *about* and
//! never where it goes, so no broker, no path of a machine and no secret is in it.
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
//! | `version` | the program that has written it; patch releases never change bytes |
//! | `scenarios` | as on the command line: stories in one line, or names under `files` |
//! | `seed`, `from` | in force, also if they were drawn or followed from the time of day |
//! | `to`, `events`, `instances`, `every`, `rate`, `stages`, `cold_start` | how much, and when |
//! | `endless` | nothing ends the run: `--run` takes `-n`, `-d`, `--to` or `--first` |
//! | `inject` | stories at exact times, as on the command line |
//! | `set`, `as_documented`, `key` | the options of these names |
//! | `output` | `format` and `split`, as a hint for whoever writes or checks files |
//! | `files` | `scenarios`, with all that they name, and the `catalog` with its templates |
//!
//! A text that does not end with a line feed is one string instead of a list of lines.
//!
//! A run's summary (`falsetrail help summary`) holds such a document under `run_file`, and is read as one:
//! [`RunFile::emitted`] has the rest of what it says.

mod emitted;
mod read;
mod read_emitted;
mod write;

pub use emitted::{Emitted, End, Status, Topic};

use std::path::Path;

use crate::{
    error::{Error, quoted},
    plan::{Options, Plan, Starts},
    sink::{Split, format::Format},
    texts::{RunTexts, Texts},
    units::{self, format_time},
    yaml,
};

/// The version of the format that is written, and the newest that is read.
pub const FORMAT: u64 = 1;

/// The version of this program.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// A run, and everything that it is made of.
#[derive(Debug, Clone)]
pub struct RunFile {
    /// The version of the program that has written it.
    pub version: String,
    /// What defines the run. Its texts are those of the file.
    pub options: Options,
    /// How its events were written. No byte of an event depends on it.
    pub layout: Layout,
    /// How much of the run was emitted, if it was read from the summary of a run.
    pub emitted: Option<Emitted>,
}

/// How the events of a run are laid out in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// How events follow each other.
    pub format: Format,
    /// What has a file of its own, if not all is in one.
    pub split: Option<Split>,
}

impl RunFile {
    /// Writes down a run: what was asked for, and what came of it.
    pub fn of(plan: &Plan, asked: &Options, layout: Layout) -> Self {
        // Every option is named, so that a new one cannot be forgotten here.
        let Options {
            scenarios,
            templates: _,
            seed: _,
            from: _,
            to: _,
            duration: _,
            events: _,
            instances: _,
            rate,
            stages,
            inject,
            cold_start,
            every,
            set,
            as_documented,
            key,
            endless: _,
            unbounded: _,
            live: _,
            texts: _,
            now: _,
        } = asked;
        let (scenarios, inject, texts) = write::texts(plan, scenarios, inject);
        let options = Options {
            scenarios,
            templates: None,
            seed: Some(plan.seed),
            from: Some(format_time(plan.timing.from)),
            to: plan.timing.to.map(format_time),
            duration: None,
            events: plan.timing.events,
            instances: match plan.timing.starts {
                Starts::Instances(instances) => Some(instances),
                Starts::Once | Starts::Unbounded => None,
            },
            rate: *rate,
            stages: stages.clone(),
            inject,
            cold_start: *cold_start,
            every: *every,
            set: set.clone(),
            as_documented: *as_documented,
            key: key.clone(),
            endless: false,
            unbounded: plan.timing.is_endless(),
            live: false,
            texts: Texts::Run(texts.into()),
            now: None,
        };
        Self { version: PROGRAM.to_owned(), options, layout, emitted: None }
    }

    /// Reads a run file, or the run in a summary that `generate --summary` has written.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its form, and a format that is newer than this program. What is wrong with the
    /// texts in it shows when it is planned.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        read::run_file(&yaml::load(path)?)
    }

    /// Resolves and checks the run.
    ///
    /// # Errors
    ///
    /// As [`Plan::new`]; every mistake names the file.
    pub fn plan(&self) -> Result<Plan, Error> {
        let file = quoted(self.name());
        Plan::new(&self.options).map_err(|error| match error {
            Error::Usage { message, help } if !message.contains(self.name()) => {
                Error::Usage { message: format!("in {file}: {message}"), help }
            }
            Error::Input(found) => {
                let within = RunTexts::shown(self.name(), "");
                let placed = |mistake: crate::error::Diagnostic| {
                    let known = mistake.source.name.starts_with(&within);
                    mistake.help(if known { String::new() } else { format!("it stands in {file}") })
                };
                Error::Input(found.into_iter().map(placed).collect())
            }
            other => other,
        })
    }

    /// The document, one line feed at its end.
    pub fn to_json(&self) -> String {
        write::json(self)
    }

    /// Whether nothing ends the run, so that it needs a number of events, an end or a selection to be repeated.
    pub fn is_endless(&self) -> bool {
        self.options.unbounded && self.options.events.is_none() && self.options.to.is_none()
    }

    /// Moves the run to another beginning, RFC 3339 or relative to now: other times, other ids.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a time that cannot be read, or beyond the year 2262.
    pub fn shift(&mut self, from: &str) -> Result<(), Error> {
        let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default();
        let now = now.div_euclid(1_000_000_000) * 1_000_000_000;
        let wrong = |mistake: units::Mistake| Error::usage(format!("`--from`: {}", mistake.message)).help(mistake.help);
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

    /// What to say if this program may give other bytes than the one that has written the file.
    pub fn warning(&self) -> Option<String> {
        let changes = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
        (changes(&self.version) != changes(PROGRAM)).then(|| {
            let (file, version) = (quoted(self.name()), &self.version);
            format!("{file} was written by falsetrail {version}, and the bytes of {PROGRAM} may differ")
        })
    }

    /// What messages call it.
    fn name(&self) -> &str {
        match &self.options.texts {
            Texts::Run(run) => &run.file,
            Texts::Machine => "<run>",
        }
    }
}
