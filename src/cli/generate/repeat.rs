//! The commands that a run prints: to reproduce it, to resume it, and to send missing events again.

use super::Generate;
use crate::{
    error::shell_word,
    plan::{Options, Plan},
    run_file::{self, OPTIONS},
};
use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

/// The events that a command generates, and how.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is another thing to leave out")]
pub(super) struct From {
    /// The number of events to skip at the beginning of the run.
    pub(crate) skip: u64,
    /// Append to the unfinished output of this run.
    pub(crate) append: bool,
    /// Keep to the pace of the wall clock and append to a log file in place, if the run did.
    pub(crate) live: bool,
    /// Limit the run to this many events, if it has no end.
    pub(crate) first: Option<u64>,
    /// Use the times as they were given, instead of the resolved ones.
    pub(crate) as_given: bool,
    /// Whether the list of undelivered events may be written again to the same place.
    pub(crate) list: bool,
}

/// The number of events in the command that is printed before the first event of an endless run, when its length is not
/// known yet.
pub(super) const FIRST_OF_ENDLESS: u64 = 1_000_000;

/// The command line of the same run, with seed and start time filled in.
pub(super) fn command(arguments: &Generate, plan: &Plan, from: From) -> String {
    command_for_events(arguments, plan, from, arguments.kafka.only.as_deref())
}

/// The same, restricted to the events that the file `only` lists.
pub(super) fn command_for_events(arguments: &Generate, plan: &Plan, from: From, only: Option<&Path>) -> String {
    let mut words = Words(vec!["falsetrail".into(), "generate".into()]);
    // An argument that looks like an option has to be at the end, after `--`.
    let is_plain = arguments.scenarios.iter().all(|scenario| scenario == "-" || !scenario.starts_with('-'));
    let scenarios = || arguments.scenarios.iter().map(OsString::from);
    match &arguments.file.run {
        Some(file) => {
            words.option("--run", file);
            words.content(&given_with_run(arguments, plan, from));
        }
        None => {
            words.0.extend(scenarios().filter(|_| is_plain));
            words.content(&content(arguments, plan, from));
        }
    }
    let is_endless = plan.timing.is_endless();
    if from.live {
        for word in arguments.pace.words() {
            words.0.push(word.into());
        }
    }
    let first = from.first.filter(|_| is_endless).into_iter().chain(arguments.first).min();
    if let Some(first) = first {
        words.option("--first", first.to_string());
    }
    if let Some(list) = only {
        words.option("--only", list);
    }
    // A live run whose start is in the past is one that was stopped.
    if from.skip > 0 || (from.live && arguments.pace.is_live() && !from.as_given) {
        words.option("--skip", from.skip.to_string());
    }
    words.flag("--append", from.append);
    if let Some(shard) = arguments.shard {
        words.option("--shard", shard.to_string());
    }
    output(arguments, from, &mut words);
    arguments.kafka.repeat(&mut words, from.list);
    if !is_plain {
        words.0.push("--".into());
        words.0.extend(scenarios());
    }
    words.0.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}

pub(super) struct Words(Vec<OsString>);

impl Words {
    /// Adds an option with its value; a value that begins with a hyphen is joined to the option with `=`.
    pub(super) fn option(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let value = value.as_ref();
        if value != "-" && value.as_encoded_bytes().starts_with(b"-") {
            let mut word = OsString::from(format!("{name}="));
            word.push(value);
            self.0.push(word);
        } else {
            self.0.extend([name.into(), value.to_owned()]);
        }
    }

    /// Adds the options that bytes depend on.
    fn content(&mut self, options: &Options) {
        for option in OPTIONS.iter().filter(|option| option.is_repeated) {
            for value in option.kind.arguments(options) {
                match value {
                    Some(value) => self.option(&option.shortest(), value),
                    None => self.flag(&option.shortest(), true),
                }
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str, given: bool) {
        self.0.extend(given.then(|| name.into()));
    }
}

/// The options under "Content" that a run file leaves open.
fn given_with_run(arguments: &Generate, plan: &Plan, from: From) -> Options {
    let given = &arguments.content.options;
    let is_moved = given.from.is_some() || arguments.pace.is_re_paced();
    let has_end = given.to.is_some() || given.duration.is_some();
    let times = times(arguments, plan, from);
    Options {
        events: given.events,
        from: times.from.filter(|_| is_moved),
        to: times.to.filter(|_| has_end),
        duration: times.duration,
        ..Options::default()
    }
}

/// All options that the bytes depend on.
fn content(arguments: &Generate, plan: &Plan, from: From) -> Options {
    let Options { from, to, duration, .. } = times(arguments, plan, from);
    Options { from, to, duration, ..run_file::effective(plan, &arguments.options()) }
}

/// Start and end of the run: as given, or as the plan resolved them.
fn times(arguments: &Generate, plan: &Plan, from: From) -> Options {
    if from.as_given {
        arguments.options()
    } else {
        Options { duration: None, ..run_file::effective(plan, &Options::default()) }
    }
}

/// The options for output.
fn output(arguments: &Generate, from: From, words: &mut Words) {
    if let Some(format) = arguments.format {
        words.option("--format", format.name());
    }
    if let Some(split) = arguments.split {
        words.option("--split", split.name());
    }
    if let Some(output) = &arguments.output {
        words.option("-o", output);
    }
    if from.live {
        arguments.in_place.repeat(words);
    }
    words.flag("--force", arguments.force);
    if let Some(threads) = arguments.threads {
        words.option("--threads", threads.to_string());
    }
    if let Some(truth) = &arguments.truth {
        words.option("--truth", truth);
    }
    words.flag("--truth-all", arguments.truth_all);
    words.flag("--digest", arguments.digest);
}
