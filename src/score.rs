//! Score: which labelled instances the alerts of a detection rule found, and on what else the rule fired.
//!
//! The ground truth of a run ([`Truth`]) names its instances; an alert leads to an instance by the ids of events and
//! requests that stand anywhere in it, because both can be turned back into the instance that they belong to. So nothing
//! is kept for an event, and memory grows with the number of instances only. Alerts without ids are matched by actor,
//! resource or address, and time.
//!
//! ```no_run
//! use falsetrail::score::{Options, Scorer, Truth};
//! let mut scorer = Scorer::new(Truth::read(&["truth.ndjson".as_ref()])?, Options::default())?;
//! scorer.read("alerts.ndjson")?;
//! let score = scorer.finish()?;
//! assert!(score.rules.iter().all(|rule| rule.recall() == Some(1.0)));
//! # Ok::<(), falsetrail::Error>(())
//! ```

mod alert;
mod document;
mod matching;
mod require;
mod tally;
mod truth;

use crate::{
    error::{Error, did_you_mean, quoted},
    units::format_time,
    verify::{columns::Columns, input, piece::Piece, records},
};
use alert::{Fields, LongAlert};
use matching::Matcher;
use std::{
    ffi::OsStr,
    io::{self, Read},
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};
use tally::Tallies;

pub use document::VERSION;
pub use require::Require;
pub use tally::{Detection, FalseAlarms, LabelScore, Missed, RuleScore, Score, Times};
pub use truth::{Role, Truth};

/// By which properties an alert may lead to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each property is used or not")]
pub struct MatchBy {
    /// Ids of events and of requests.
    pub ids: bool,
    /// Identity of an actor, such as an id or a mail address.
    pub actor: bool,
    /// Ids of the resources that its calls were about.
    pub resource: bool,
    /// Client addresses.
    pub address: bool,
}

impl MatchBy {
    /// All properties.
    pub const ALL: Self = MatchBy { ids: true, actor: true, resource: true, address: true };
    /// No property.
    pub const NONE: Self = MatchBy { ids: false, actor: false, resource: false, address: false };
}

/// How alerts are scored. Everything may be left at its default.
#[derive(Debug, Clone)]
pub struct Options {
    /// How alerts lead to instances.
    pub match_by: MatchBy,
    /// Without ids: nanoseconds that the time of an alert may lie before or after the instance.
    pub window: u64,
    /// Where an alert names its rule, as keys with points between them; looked for if `None`.
    pub rule_at: Option<String>,
    /// Where an alert says its time; looked for if `None`.
    pub time_at: Option<String>,
    /// Score all alerts as those of one rule.
    pub together: bool,
    /// The labels that have to be found; if there are none, all but `near-miss` and `negative`.
    pub labels: Vec<String>,
    /// Becomes true to end reading.
    pub stop: Arc<AtomicBool>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            match_by: MatchBy::ALL,
            window: 600_000_000_000,
            rule_at: None,
            time_at: None,
            together: false,
            labels: Vec::new(),
            stop: Arc::default(),
        }
    }
}

/// The name under which all alerts are scored together.
const TOGETHER: &str = "all rules";

/// Reads alerts and scores them; see the [module](self).
#[derive(Debug)]
pub struct Scorer {
    matcher: Matcher,
    options: Options,
    fields: Fields,
    tallies: Tallies,
}

impl Scorer {
    /// A scorer without alerts.
    ///
    /// # Errors
    /// [`Error::Usage`] if no instance of the truth has one of the labels.
    pub fn new(mut truth: Truth, options: Options) -> Result<Self, Error> {
        if let Some(label) = options.labels.iter().find(|label| !truth.labels().any(|known| known == *label)) {
            let error = Error::usage(format!("no instance of the truth has the label {}", quoted(label)));
            let known: Vec<&str> = truth.labels().collect();
            return Err(error.help(match known.as_slice() {
                [] => "inject an attack with a label: `--inject mass-deletion@+20m,label=positive`".to_owned(),
                _ => did_you_mean(label, known.iter().copied()),
            }));
        }
        truth.choose_labels(&options.labels);
        let fields = Fields::new(options.rule_at.clone(), options.time_at.clone());
        Ok(Scorer { matcher: Matcher::new(truth, &options), fields, tallies: Tallies::default(), options })
    }

    /// Reads a file, or all files of a folder; `.gz` and `.zst` are unpacked. Alerts that name no rule get the name of
    /// the file or folder without its ending.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be read, is no text, or is a folder without files.
    pub fn read(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let rule = rule_of(path.as_ref());
        for file in input::files(path.as_ref(), &[])? {
            let reader = input::open(&file, &self.options.stop)?;
            self.read_text(&quoted(&file.display().to_string()), &rule, reader)?;
        }
        Ok(())
    }

    /// Reads alerts from anything. Messages call it `name`; alerts that name no rule are those of `rule`.
    ///
    /// # Errors
    /// As [`Scorer::read`].
    pub fn read_from(&mut self, name: &str, rule: &str, reader: Box<dyn Read + Send>) -> Result<(), Error> {
        let stop = &self.options.stop;
        let reader = input::text(name, input::interruptible(reader, Arc::clone(stop)), stop)?;
        self.read_text(name, rule, reader)
    }

    fn read_text(&mut self, name: &str, rule: &str, reader: Box<dyn Read>) -> Result<(), Error> {
        let before = self.tallies.alerts;
        let mut long = None;
        let mut take = |piece: Piece<'_>| {
            match piece {
                Piece::Whole(record) => {
                    self.end_long(&mut long, rule);
                    self.record(record, rule);
                }
                Piece::Slice(part, is_first) => {
                    if is_first {
                        self.end_long(&mut long, rule);
                    }
                    long.get_or_insert_with(LongAlert::default).push(part);
                }
            }
            true
        };
        let read = records::read_tables(reader, Columns::Any, &mut take);
        self.end_long(&mut long, rule);
        if self.tallies.alerts == before {
            // A rule that never fired has a score, too.
            self.tallies.rule(if self.options.together { TOGETHER } else { rule });
        }
        match read {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(input::cannot_read(name, &error)),
            _ => Ok(()),
        }
    }

    fn record(&mut self, record: &[u8], rule: &str) {
        let Scorer { matcher, options, fields, tallies } = self;
        alert::each(record, &mut |alert| {
            let found = fields.of(&alert);
            let belongs = matcher.belongs(alert.text, found.time);
            let rule = match &found.rule {
                _ if options.together => TOGETHER,
                Some(named) => named,
                None => rule,
            };
            tallies.add(rule, &belongs, found.time, alert.text);
        });
    }

    /// Scores an alert that was too long for memory: its ids, without a time.
    fn end_long(&mut self, long: &mut Option<LongAlert>, rule: &str) {
        let Some(long) = long.take() else { return };
        let belongs = self.matcher.by_ids(long.candidates());
        let rule = if self.options.together { TOGETHER } else { rule };
        self.tallies.add(rule, &belongs, None, long.beginning());
    }

    /// The score of every rule.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are alerts and none of them leads to an instance, or if none has a field that the
    /// options name.
    pub fn finish(self) -> Result<Score, Error> {
        let Scorer { matcher, options, fields, tallies } = self;
        if tallies.alerts > 0 {
            fields.check_given()?;
            if tallies.matched == 0 {
                return Err(nothing_matches(&matcher, &options, tallies.alerts));
            }
        }
        Ok(Score::new(&matcher, tallies, &options))
    }
}

/// The rule of alerts in a file that do not name one.
fn rule_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(OsStr::new("alerts")).to_string_lossy();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let known = [".ndjson", ".jsonl", ".json", ".csv", ".tsv", ".log", ".txt"];
    known
        .iter()
        .find_map(|ending| plain.strip_suffix(ending))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(plain)
        .to_owned()
}

fn nothing_matches(matcher: &Matcher, options: &Options, alerts: u64) -> Error {
    let run = matcher.truth.run();
    let of_run = format!("{} (seed {}, from {})", quoted(&run.name), run.seed, format_time(run.from));
    let seen = &matcher.seen;
    let count = if alerts == 1 { "the alert".to_owned() } else { format!("none of {alerts} alerts") };
    let is = if alerts == 1 { "is not" } else { "is" };
    if seen.values_without_time > 0 {
        return Error::usage("the alerts name actors, resources or addresses of the truth, but not when they fired")
            .help("say which field has the time: `--alert-time FIELD`, or keep the ids of the events in the alerts");
    }
    if seen.out_of_window > 0 {
        let error =
            Error::usage("the alerts name actors, resources or addresses of the truth, at other times than theirs");
        return error.help(
            "the time of an alert has to be event time: name its field by `--alert-time FIELD`, or widen `--window`",
        );
    }
    if seen.looks_like_ids > 0 && options.match_by.ids {
        return Error::usage(format!("{count} {is} about the run of this truth, {of_run}")).help(
            "give the truth of the run whose events the rule has read: the ids in the alerts are of none of its events",
        );
    }
    Error::usage(
        "the alerts hold nothing to match by: no id of an event or request, no actor, resource or address of the truth",
    )
    .help("let the rule keep the ids of the events that it matched, or the actor and the time")
}
