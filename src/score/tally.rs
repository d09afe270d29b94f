//! Counts of each rule, and the numbers that follow from them.

use super::{
    Options,
    matching::{Belongs, Matcher},
    truth::{Role, Truth, TruthRun, UNLISTED},
};
use crate::units::format_count;
use std::collections::{BTreeMap, HashMap};

/// Counts of the alerts of one rule.
#[derive(Debug, Default)]
pub(super) struct Tally {
    alerts: u64,
    unmatched: u64,
    /// Alerts about the background.
    about_background: u64,
    /// Each instance on which it fired, and when first.
    fired: HashMap<u32, Option<i64>>,
}

/// The counts of all rules.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    pub alerts: u64,
    pub matched: u64,
    rules: Vec<(String, Tally)>,
    by_name: HashMap<String, usize>,
    /// The rule of the last alert: alerts of one rule come together.
    last: usize,
    unmatched_example: Option<String>,
}

impl Tallies {
    /// The counts of a rule.
    pub(super) fn rule(&mut self, name: &str) -> &mut Tally {
        if self.rules.get(self.last).is_none_or(|(last, _)| last != name) {
            self.last = self.by_name.get(name).copied().unwrap_or_else(|| {
                self.by_name.insert(name.to_owned(), self.rules.len());
                self.rules.push((name.to_owned(), Tally::default()));
                self.rules.len() - 1
            });
        }
        &mut self.rules[self.last].1
    }

    /// Counts an alert.
    pub(super) fn add(&mut self, rule: &str, belongs: &Belongs, time: Option<i64>, text: &[u8]) {
        const SHOWN: usize = 200;
        self.alerts += 1;
        let is_matched = belongs.role.is_some();
        self.matched += u64::from(is_matched);
        if !is_matched && self.unmatched_example.is_none() {
            self.unmatched_example = Some(String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).into_owned());
        }
        let tally = self.rule(rule);
        tally.alerts += 1;
        tally.unmatched += u64::from(!is_matched);
        tally.about_background += u64::from(belongs.role == Some(Role::Background));
        for instance in &belongs.instances {
            let first = tally.fired.entry(*instance).or_insert(time);
            *first = match (*first, time) {
                (Some(first), Some(time)) => Some(first.min(time)),
                (first, time) => first.or(time),
            };
        }
    }
}

/// The instances of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelScore {
    /// The label.
    pub label: String,
    /// The duty of a rule about its instances.
    pub role: Role,
    /// How many there are.
    pub expected: u64,
    /// Those on which the rule fired.
    pub fired: u64,
}

/// An instance that a rule should have found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The label.
    pub label: String,
    /// Name of the scenario in the run, such as `mass-deletion@+20m`.
    pub instance: String,
    /// Time of its first event, in nanoseconds since the Unix epoch.
    pub first: i64,
}

/// Instances without a label on which a rule fired.
#[derive(Debug, Clone, PartialEq)]
pub struct FalseAlarms {
    /// How many.
    pub total: u64,
    /// Alerts about them.
    pub alerts: u64,
    /// How many a day of the run.
    pub a_day: Option<f64>,
    /// How many instances there are on which it could have fired; `None` if the truth does not list them.
    pub out_of: Option<u64>,
    /// By scenario, the most frequent first.
    pub by_scenario: Vec<(String, u64)>,
}

/// The middle one and the largest of several durations in seconds; negative if an alert came earlier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// At least half are no longer than this.
    pub p50: f64,
    /// The largest.
    pub largest: f64,
}

/// How long it took from an instance to the first alert about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Of how many found instances alerts say their time.
    pub instances: u64,
    /// From the first event of each.
    pub from_first: Times,
    /// From the last event of each.
    pub from_last: Times,
}

/// The score of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleScore {
    /// Its name.
    pub rule: String,
    /// Its alerts.
    pub alerts: u64,
    /// Alerts that lead to no instance.
    pub unmatched: u64,
    /// For each label.
    pub labels: Vec<LabelScore>,
    /// Instances that it should have found, [`MOST_MISSED`](super::tally) at most.
    pub missed: Vec<Missed>,
    /// On what else it fired.
    pub false_alarms: FalseAlarms,
    /// `None` if no alert about a found instance says its time.
    pub detection: Option<Detection>,
}

/// The score of all rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The run.
    pub run: TruthRun,
    /// Instances that the truth lists.
    pub instances: u64,
    /// Whether it lists those without a label.
    pub is_all: bool,
    /// Length of the run in nanoseconds, if known.
    pub span: Option<u64>,
    /// Alerts of all rules.
    pub alerts: u64,
    /// The rules, by name.
    pub rules: Vec<RuleScore>,
    /// Sentences that a reader should know.
    pub warnings: Vec<String>,
    /// The beginning of an alert that leads to no instance.
    pub unmatched_example: Option<String>,
}

/// Missed instances that are named.
const MOST_MISSED: usize = 1_000;

const DAY: f64 = 86_400e9;

impl Score {
    pub(super) fn new(matcher: &Matcher, tallies: Tallies, options: &Options) -> Self {
        let truth = &matcher.truth;
        let Tallies { alerts, mut rules, unmatched_example, .. } = tallies;
        rules.sort_by(|one, other| one.0.cmp(&other.0));
        let mut warnings = Vec::new();
        let unlisted = truth.instances.len() - truth.listed;
        if truth.is_all && unlisted > 0 {
            warnings.push(format!(
                "alerts are about {} instances that the truth does not list: give the truth of every shard and part of the run",
                format_count(unlisted as u64)
            ));
        }
        if matcher.seen.by_values > 0 && matcher.seen.by_ids > 0 && options.match_by.ids {
            warnings.push(format!(
                "{} alerts have no id of an event and were matched by their values and time",
                format_count(matcher.seen.by_values)
            ));
        }
        Score {
            run: truth.run().clone(),
            instances: truth.listed as u64,
            is_all: truth.is_all,
            span: truth.span(),
            alerts,
            rules: rules.into_iter().map(|(name, tally)| tally.score(name, truth)).collect(),
            warnings,
            unmatched_example,
        }
    }

    /// Alerts of all rules that lead to no instance.
    pub fn unmatched(&self) -> u64 {
        self.rules.iter().map(|rule| rule.unmatched).sum()
    }

    /// Instances that have to be found.
    pub fn to_find(&self) -> u64 {
        self.rules.first().map_or(0, RuleScore::to_find)
    }
}

impl Tally {
    fn score(self, rule: String, truth: &Truth) -> RuleScore {
        let mut labels: Vec<LabelScore> = truth
            .roles()
            .iter()
            .map(|(label, role)| LabelScore { label: label.clone(), role: *role, expected: 0, fired: 0 })
            .collect();
        let (mut missed, mut delays) = (Vec::new(), Vec::new());
        for (index, instance) in (0..).zip(&truth.instances[..truth.listed]) {
            let Some(label) = instance.label else { continue };
            let of_label = &mut labels[usize::from(label)];
            of_label.expected += 1;
            let fired = self.fired.get(&index);
            of_label.fired += u64::from(fired.is_some());
            if of_label.role != Role::Find {
                continue;
            }
            match fired {
                Some(Some(time)) => delays.push((time - instance.first, time - instance.last)),
                Some(None) => {}
                None if missed.len() == MOST_MISSED => {}
                None => missed.push(Missed {
                    label: of_label.label.clone(),
                    instance: truth.names.get(&index).cloned().unwrap_or_default(),
                    first: instance.first,
                }),
            }
        }
        missed.sort_by_key(|missed| missed.first);
        labels.sort_by(|one, other| other.role.cmp(&one.role).then_with(|| one.label.cmp(&other.label)));
        RuleScore {
            rule,
            alerts: self.alerts,
            unmatched: self.unmatched,
            labels,
            missed,
            false_alarms: self.false_alarms(truth),
            detection: Detection::new(&delays),
        }
    }

    fn false_alarms(&self, truth: &Truth) -> FalseAlarms {
        let mut by_scenario: BTreeMap<&str, u64> = BTreeMap::new();
        for instance in self.fired.keys().filter(|instance| truth.role(**instance) == Role::Background) {
            let scenario = usize::from(truth.instances[*instance as usize].scenario);
            *by_scenario.entry(&truth.scenarios[scenario]).or_default() += 1;
        }
        let total = by_scenario.values().sum();
        let mut by_scenario: Vec<(String, u64)> =
            by_scenario.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        by_scenario.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let background = truth.instances.iter().filter(|instance| instance.label.is_none()).count() as u64;
        FalseAlarms {
            total,
            alerts: self.about_background,
            a_day: truth.span().map(|span| total as f64 * DAY / span as f64),
            out_of: truth.is_all.then_some(background),
            by_scenario,
        }
    }
}

impl FalseAlarms {
    /// The scenario that caused most of them, and how many.
    pub fn main_cause(&self) -> Option<(&str, u64)> {
        let (scenario, count) = self.by_scenario.first()?;
        (scenario != UNLISTED).then_some((scenario.as_str(), *count))
    }
}

impl RuleScore {
    fn sum(&self, role: Role, of: impl Fn(&LabelScore) -> u64) -> u64 {
        self.labels.iter().filter(|label| label.role == role).map(of).sum()
    }

    /// Instances that it has to find.
    pub fn to_find(&self) -> u64 {
        self.sum(Role::Find, |label| label.expected)
    }

    /// Those of them that it found.
    pub fn found(&self) -> u64 {
        self.sum(Role::Find, |label| label.fired)
    }

    /// Instances that look like an attack and are none.
    pub fn near_misses(&self) -> u64 {
        self.sum(Role::Quiet, |label| label.expected)
    }

    /// Those of them on which it fired.
    pub fn near_misses_fired(&self) -> u64 {
        self.sum(Role::Quiet, |label| label.fired)
    }

    /// Found instances among those that it had to find; `None` if there are none.
    pub fn recall(&self) -> Option<f64> {
        let expected = self.to_find();
        (expected > 0).then(|| self.found() as f64 / expected as f64)
    }

    /// Found instances among all on which it fired, near misses and false alarms included; `None` if it never fired.
    pub fn precision(&self) -> Option<f64> {
        let fired = self.found() + self.near_misses_fired() + self.false_alarms.total;
        (fired > 0).then(|| self.found() as f64 / fired as f64)
    }
}

impl Detection {
    fn new(delays: &[(i64, i64)]) -> Option<Self> {
        let times = |of: fn(&(i64, i64)) -> i64| {
            let mut sorted: Vec<i64> = delays.iter().map(of).collect();
            sorted.sort_unstable();
            let middle = sorted.get(sorted.len().div_ceil(2).checked_sub(1)?)?;
            Some(Times { p50: *middle as f64 / 1e9, largest: *sorted.last()? as f64 / 1e9 })
        };
        let (from_first, from_last) = (times(|delay| delay.0)?, times(|delay| delay.1)?);
        Some(Detection { instances: delays.len() as u64, from_first, from_last })
    }
}
