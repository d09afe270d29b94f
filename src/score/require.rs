//! Requirements on a score, such as `recall=1` or `false-alarms<=2/d`.

use super::{RuleScore, Score};
use crate::{
    error::{Error, quoted},
    units::{self, format_count},
};
use std::{fmt, str::FromStr};

/// A requirement that every rule has to meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Require {
    text: String,
    measure: Measure,
    comparison: Comparison,
    limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Measure {
    Recall,
    Precision,
    Found,
    Missed,
    NearMisses,
    /// In the whole run, or in this number of days.
    FalseAlarms(Option<f64>),
    Unmatched,
    /// Seconds from the first or last event; the largest or the middle one.
    Detection {
        from_last: bool,
        largest: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    AtMost,
    AtLeast,
    Below,
    Above,
}

const FORM: &str = "write `recall=1`, `precision>=0.9`, `found>=3`, `missed=0`, `near-misses=0`, `false-alarms=0`, \
                    `false-alarms<=2/d`, `unmatched=0`, `detection.p50<5m` or `detection.largest<1h`";

const COMPARISONS: [(&str, Comparison); 5] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("=", Comparison::Equal),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

impl FromStr for Require {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{} cannot be required: {FORM}", quoted(text));
        let at = text.find(['<', '>', '=']).ok_or_else(wrong)?;
        let (name, rest) = text.split_at(at);
        let (sign, comparison) = COMPARISONS.into_iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(wrong)?;
        let value = rest[sign.len()..].trim().trim_start_matches('=');
        let (measure, limit) = match name.trim() {
            "recall" => (Measure::Recall, share(value)),
            "precision" => (Measure::Precision, share(value)),
            "found" => (Measure::Found, number(value)),
            "missed" => (Measure::Missed, number(value)),
            "near-misses" => (Measure::NearMisses, number(value)),
            "unmatched" => (Measure::Unmatched, number(value)),
            "false-alarms" => match value.split_once('/') {
                Some((value, unit)) => (Measure::FalseAlarms(Some(days(unit).ok_or_else(wrong)?)), number(value)),
                None => (Measure::FalseAlarms(None), number(value)),
            },
            name => (detection(name).ok_or_else(wrong)?, seconds(value)),
        };
        Ok(Require { text: text.trim().to_owned(), measure, comparison, limit: limit.ok_or_else(wrong)? })
    }
}

fn detection(name: &str) -> Option<Measure> {
    let (name, from_last) = match name.strip_prefix("detection.last.") {
        Some(name) => (name, true),
        None => (name.strip_prefix("detection.")?, false),
    };
    let largest = match name {
        "p50" => false,
        "largest" => true,
        _ => return None,
    };
    Some(Measure::Detection { from_last, largest })
}

/// A share such as `0.9` or `90%`.
fn share(text: &str) -> Option<f64> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent)? / 100.0,
        None => number(text)?,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
}

fn seconds(text: &str) -> Option<f64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1.0, text),
        None => (1.0, text),
    };
    Some(sign * units::duration(text).ok()? as f64 / 1e9)
}

fn days(unit: &str) -> Option<f64> {
    let unit = unit.trim();
    let written = if unit.starts_with(|c: char| c.is_ascii_digit()) { unit.to_owned() } else { format!("1{unit}") };
    let nanoseconds = units::duration(&written).ok().filter(|nanoseconds| *nanoseconds > 0)?;
    Some(nanoseconds as f64 / 86_400e9)
}

impl fmt::Display for Require {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Require {
    /// Why rules fail, in sentences.
    ///
    /// # Errors
    /// [`Error::Usage`] if the truth cannot say whether the requirement is met.
    pub fn failures(&self, score: &Score) -> Result<Vec<String>, Error> {
        let cannot = |why: &str| Error::usage(format!("{} cannot be judged: {why}", quoted(&self.text)));
        if matches!(self.measure, Measure::Recall | Measure::Found) && score.to_find() == 0 {
            return Err(cannot("the truth has no instance that has to be found")
                .help("inject an attack: `--inject mass-deletion@+20m,label=positive`"));
        }
        if matches!(self.measure, Measure::FalseAlarms(Some(_))) && score.span.is_none() {
            return Err(cannot("the truth does not say how long the run was")
                .help("write it with `--truth-all`, or end the run by `-d` or `--to`"));
        }
        let failures = score.rules.iter().filter_map(|rule| {
            let (value, shown) = self.value(rule, score);
            let is_met = value.is_some_and(|value| self.comparison.holds(value, self.limit));
            (!is_met).then(|| format!("{shown} of {}, not {}", quoted(&rule.rule), self.text))
        });
        Ok(failures.collect())
    }

    /// The measured value, and how it is shown.
    fn value(&self, rule: &RuleScore, score: &Score) -> (Option<f64>, String) {
        let count = |count: u64, what: &str| (Some(count as f64), format!("{what} {}", format_count(count)));
        let share = |share: Option<f64>, what: &str| {
            (share, share.map_or_else(|| format!("no {what}"), |share| format!("{what} {share:.2}")))
        };
        match self.measure {
            Measure::Recall => share(rule.recall(), "recall"),
            Measure::Precision => share(rule.precision(), "precision"),
            Measure::Found => count(rule.found(), "found"),
            Measure::Missed => count(rule.to_find() - rule.found(), "missed"),
            Measure::NearMisses => count(rule.near_misses_fired(), "near-misses"),
            Measure::Unmatched => count(rule.unmatched, "unmatched"),
            Measure::FalseAlarms(None) => count(rule.false_alarms.total, "false-alarms"),
            Measure::FalseAlarms(Some(days)) => {
                let total = rule.false_alarms.total;
                let span = score.span.unwrap_or(1) as f64 / 86_400e9;
                let rate = total as f64 * days / span;
                (Some(rate), format!("false-alarms {rate:.2} in that time ({} in all)", format_count(total)))
            }
            Measure::Detection { from_last, largest } => {
                let seconds = rule.detection.map(|detection| {
                    let times = if from_last { detection.from_last } else { detection.from_first };
                    if largest { times.largest } else { times.p50 }
                });
                (
                    seconds,
                    seconds.map_or_else(
                        || "no time of detection".to_owned(),
                        |seconds| format!("detection {seconds:.1} s"),
                    ),
                )
            }
        }
    }
}

impl Comparison {
    fn holds(self, value: f64, limit: f64) -> bool {
        // Shares are quotients: 2/3 is as good as 0.6667.
        const NEAR: f64 = 1e-9;
        match self {
            Comparison::Equal => (value - limit).abs() <= NEAR,
            Comparison::AtMost => value <= limit + NEAR,
            Comparison::AtLeast => value >= limit - NEAR,
            Comparison::Below => value < limit,
            Comparison::Above => value > limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_required_is_refused() {
        for text in [
            "recall=1",
            "recall>=90%",
            "precision>0.5",
            "found>=3",
            "missed=0",
            "near-misses<=1",
            "false-alarms<=2/d",
            "false-alarms<10/12h",
            "false-alarms=0",
            "unmatched=0",
            "detection.p50<5m",
            "detection.largest<=1h30m",
            "detection.last.p50<-5s",
            "recall==1",
        ] {
            assert_eq!(text.parse::<Require>().map(|require| require.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "recall",
            "recall=2",
            "recall=x",
            "recal=1",
            "false-alarms<=2/x",
            "false-alarms<=2/0s",
            "detection<5m",
            "detection.p99<5m",
            "found=-1",
            "=1",
            "recall!1",
            "missed=NaN",
            "found=inf",
        ] {
            assert!(text.parse::<Require>().is_err(), "{text}");
        }
    }
}
