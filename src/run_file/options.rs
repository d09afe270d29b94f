//! The options that a run's bytes depend on, in one table: how each is called, read, written and printed.
//!
//! The command line takes its arguments from this table (`src/cli/generate/content.rs`), the commands that a run prints
//! repeat its options, and a run file has its keys.

use super::value::{Field, Kind, RunFileKey};
use crate::plan::Options;

/// An option that bytes depend on.
#[derive(Debug)]
pub(crate) struct ContentOption {
    /// Its name on the command line, without hyphens.
    pub(crate) name: &'static str,
    /// Its value, and where that stands in [`Options`].
    pub(crate) kind: Kind,
    /// How the command line takes it under "Content"; `None` if it is declared elsewhere, or has no option.
    pub(crate) argument: Option<Argument>,
    /// Whether the command that repeats a run prints it together with those under "Content".
    pub(crate) is_repeated: bool,
    /// Whether it may be given together with a run file.
    pub(crate) with_run_file: WithRunFile,
    /// Its key in a run file.
    pub(crate) key: Option<RunFileKey>,
}

/// An argument of the command line.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Its name in one letter.
    pub(crate) short: Option<char>,
    /// The name of its value in the help text; none for a flag.
    pub(crate) value_name: Option<&'static str>,
    /// Other options that it excludes.
    pub(crate) excludes: &'static [&'static str],
    /// The help text.
    pub(crate) help: &'static str,
}

/// Whether an option may be given together with a run file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithRunFile {
    /// No: the run file says what the run is.
    Never,
    /// If the run has no end.
    IfEndless,
    /// Yes.
    Always,
}

/// The field of this name in [`Options`].
macro_rules! field {
    ($name:ident) => {
        Field { get: |options| &options.$name, get_mut: |options| &mut options.$name }
    };
}

const fn key(position: u8, name: &'static str) -> RunFileKey {
    RunFileKey { name, position, is_required: false }
}

const fn required(position: u8, name: &'static str) -> RunFileKey {
    RunFileKey { name, position, is_required: true }
}

const fn argument(value_name: &'static str, help: &'static str) -> Argument {
    Argument { short: None, value_name: Some(value_name), excludes: &[], help }
}

/// A row of the table with the usual values.
const ROW: ContentOption = ContentOption {
    name: "",
    kind: Kind::Flag(field!(cold_start)),
    argument: None,
    is_repeated: true,
    with_run_file: WithRunFile::Never,
    key: None,
};

/// The options, in the order of the help text and of a printed command.
pub(crate) static OPTIONS: [ContentOption; 16] = [
    ContentOption {
        name: "events",
        kind: Kind::Count(field!(events)),
        argument: Some(Argument {
            short: Some('n'),
            ..argument(
                "N",
                "Exactly N events; k, M and G mean thousands, millions and thousand millions. A new instance starts \
                 every second, and the last ones may be cut short; for whole instances see `--instances`. [default: \
                 each scenario once, whole]",
            )
        }),
        with_run_file: WithRunFile::IfEndless,
        key: Some(key(3, "events")),
        ..ROW
    },
    ContentOption {
        name: "instances",
        kind: Kind::Count(field!(instances)),
        argument: Some(argument("N", "Exactly N whole instances of the scenario (or of the mix's, by weight)")),
        key: Some(key(4, "instances")),
        ..ROW
    },
    ContentOption {
        name: "seed",
        kind: Kind::Seed(field!(seed)),
        argument: Some(argument(
            "S",
            "The number that all randomness comes from. [default: the scenario's, else drawn and printed]",
        )),
        key: Some(required(0, "seed")),
        ..ROW
    },
    ContentOption {
        name: "from",
        kind: Kind::Time(field!(from)),
        argument: Some(argument(
            "T",
            "Where event time begins: RFC 3339, a date, `now`, or relative to now as `-7d`. [default: such that the \
             run ends now or, if it has no rate and more than 100,000 events, a little before]",
        )),
        with_run_file: WithRunFile::Always,
        key: Some(required(1, "from")),
        ..ROW
    },
    ContentOption {
        name: "to",
        kind: Kind::Time(field!(to)),
        argument: Some(argument("T", "Where event time ends: nothing happens at this time or later")),
        with_run_file: WithRunFile::IfEndless,
        key: Some(key(2, "to")),
        ..ROW
    },
    ContentOption {
        name: "duration",
        kind: Kind::Duration(field!(duration)),
        argument: Some(Argument {
            short: Some('d'),
            ..argument(
                "D",
                "How much event time the run covers, such as `90s`, `8h` or `7d`: instead of `--from` or `--to`",
            )
        }),
        with_run_file: WithRunFile::IfEndless,
        ..ROW
    },
    // A run file says it of a live run, whose end is not known.
    ContentOption {
        name: "",
        kind: Kind::Flag(field!(unbounded)),
        is_repeated: false,
        key: Some(key(5, "endless")),
        ..ROW
    },
    ContentOption {
        name: "every",
        kind: Kind::Duration(field!(every)),
        argument: Some(argument(
            "D",
            "Event time between the starts of two instances. [default: the scenario's, else 1s]",
        )),
        key: Some(key(6, "every")),
        ..ROW
    },
    ContentOption {
        name: "rate",
        kind: Kind::Rate(field!(rate)),
        argument: Some(Argument {
            excludes: &["every", "instances"],
            ..argument(
                "RATE",
                "Exactly this many events in every second, minute, hour or day of event time, such as `500/s` or \
                 `0.3/s`: needs `-n`, `-d` or `--to`. [default: the mix's, else none: steps happen when they are due]",
            )
        }),
        key: Some(key(7, "rate")),
        ..ROW
    },
    ContentOption {
        name: "stage",
        kind: Kind::Stages(field!(stages)),
        argument: Some(Argument {
            excludes: &["rate", "every", "instances"],
            ..argument(
                "DURATION:RATE",
                "A stage of a changing rate: the rate goes to the target within the duration, at first from 0; \
                 `0s:500/s` jumps. May be repeated; the run ends with the last one",
            )
        }),
        key: Some(key(8, "stages")),
        ..ROW
    },
    ContentOption {
        name: "cold-start",
        kind: Kind::Flag(field!(cold_start)),
        argument: Some(Argument {
            value_name: None,
            ..argument("", "With a rate: start with no instance in progress. [default: start in steady state]")
        }),
        key: Some(key(10, "cold_start")),
        ..ROW
    },
    ContentOption {
        name: "inject",
        kind: Kind::Texts(field!(inject)),
        argument: Some(argument(
            "SCENARIO@TIME",
            "Inject a scenario: its first event is at an exact time, on top of everything else, which stays as it is: \
             `mass-deletion@+2h` after the run's beginning, or at a time in RFC 3339. A label for the truth and \
             parameters may follow the time: `mass-deletion@+2h,label=near-miss,deletes=4`. May be repeated. Its \
             events are not counted by `-n`",
        )),
        key: Some(key(9, "inject")),
        ..ROW
    },
    ContentOption {
        name: "set",
        kind: Kind::Texts(field!(set)),
        argument: Some(argument(
            "NAME=VALUE",
            "Fix a parameter (`deletes=4`), a field of a resource or actor (`pool.max_cfu=20`, `admin.ip=192.0.2.1`) \
             or an identity (`organization.id=…`); may be repeated. Where a text is wanted, the value is the text as \
             typed; quotes around all of it are those of a file. A weight, chance, count or repetition of 0 means \
             never",
        )),
        key: Some(key(11, "set")),
        ..ROW
    },
    // Declared with the other commands' option of this name. A run file contains the files of the folder instead.
    ContentOption { name: "templates", kind: Kind::Folder(field!(templates)), ..ROW },
    ContentOption {
        name: "as-documented",
        kind: Kind::Flag(field!(as_documented)),
        argument: Some(Argument {
            value_name: None,
            ..argument(
                "",
                "Leave envelopes as incomplete as some documented examples print them. [default: every event is a \
                 complete `CloudEvent`]",
            )
        }),
        key: Some(key(12, "as_documented")),
        ..ROW
    },
    // Declared and repeated with the options for Kafka.
    ContentOption { name: "key", kind: Kind::Text(field!(key)), is_repeated: false, key: Some(key(13, "key")), ..ROW },
];

impl ContentOption {
    /// Its name on the command line.
    pub(crate) fn long(&self) -> String {
        format!("--{}", self.name)
    }

    /// Its name on the command line, in one letter if it has such a name.
    pub(crate) fn shortest(&self) -> String {
        match self.argument.as_ref().and_then(|argument| argument.short) {
            Some(short) => format!("-{short}"),
            None => self.long(),
        }
    }

    /// Whether it is given.
    pub(crate) fn is_given(&self, options: &Options) -> bool {
        !self.name.is_empty() && self.kind.is_given(options)
    }

    /// The options that a run file has keys for, in the order of the keys.
    pub(super) fn with_keys() -> Vec<(RunFileKey, &'static Kind)> {
        let mut rows: Vec<_> = OPTIONS.iter().filter_map(|row| Some((row.key?, &row.kind))).collect();
        rows.sort_by_key(|(key, _)| key.position);
        rows
    }
}
