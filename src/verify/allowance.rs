//! Conditions on a verdict: faults that are allowed, and requirements beyond completeness.

use super::{Disorder, Verdict};
use crate::{
    error::quoted,
    units::{self, format_count},
};
use std::str::FromStr;

/// Faults that are no failure.
#[derive(Debug, Clone, PartialEq)]
pub enum Allow {
    /// Missing events.
    Missing(Amount),
    /// Events that came more than once.
    Duplicated(Amount),
    /// Changed events.
    Changed(Amount),
    /// Changes at and below a path.
    ChangedAt(String),
    /// Events whose body was not read.
    Uncompared(Amount),
}

/// How many events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// Any number.
    Any,
    /// At most this many.
    Most(u64),
    /// That share of the expected events at most, in percent.
    Percent(f64),
}

/// A requirement beyond completeness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Require {
    /// The order of events of one key.
    OrderOfKey,
    /// The order of events of one instance.
    OrderOfInstance,
    /// Unchanged bytes for every event.
    Unchanged,
    /// The key of every event, where records of a topic have keys.
    Keys,
    /// No foreign records.
    NoneForeign,
    /// A limit of lateness: the quantile's name, and seconds that it has to be below.
    Late(&'static str, f64),
}

/// All that is allowed and required.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Allowances {
    /// See [`Allow`].
    pub allow: Vec<Allow>,
    /// See [`Require`].
    pub require: Vec<Require>,
}

const ALLOW_FORM: &str =
    "write `missing=0.01%`, `duplicated=50`, `changed=data.result`, `uncompared`, or a name alone for any number";
const REQUIRE_FORM: &str = "write `order=key`, `order=instance`, `unchanged`, `keys`, `none-foreign` or `late.p99<5s`";

impl FromStr for Allow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.trim())));
        let amount = match value {
            None => Some(Amount::Any),
            Some(value) => amount(value),
        };
        let amount_of =
            || amount.ok_or_else(|| format!("{} is no amount: {ALLOW_FORM}", quoted(value.unwrap_or_default())));
        match (name.trim(), value) {
            ("missing", _) => Ok(Allow::Missing(amount_of()?)),
            ("duplicated", _) => Ok(Allow::Duplicated(amount_of()?)),
            ("uncompared", _) => Ok(Allow::Uncompared(amount_of()?)),
            ("changed", Some(path)) if amount.is_none() && !path.is_empty() => Ok(Allow::ChangedAt(path.to_owned())),
            ("changed", _) => Ok(Allow::Changed(amount_of()?)),
            _ => Err(format!("{} cannot be allowed: {ALLOW_FORM}", quoted(text))),
        }
    }
}

fn amount(text: &str) -> Option<Amount> {
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.trim().parse().ok()?;
        return (0.0..=100.0).contains(&percent).then_some(Amount::Percent(percent));
    }
    if text == "0" {
        return Some(Amount::Most(0));
    }
    units::count(text).ok().map(Amount::Most)
}

impl Amount {
    fn covers(self, events: u64, expected: u64) -> bool {
        match self {
            Amount::Any => true,
            Amount::Most(most) => events <= most,
            Amount::Percent(percent) => events as f64 * 100.0 <= percent * expected as f64,
        }
    }
}

impl FromStr for Require {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{} cannot be required: {REQUIRE_FORM}", quoted(text));
        match text.trim() {
            "order=key" => return Ok(Require::OrderOfKey),
            "order=instance" => return Ok(Require::OrderOfInstance),
            "unchanged" => return Ok(Require::Unchanged),
            "keys" => return Ok(Require::Keys),
            "none-foreign" => return Ok(Require::NoneForeign),
            _ => {}
        }
        let (name, limit) =
            text.trim().strip_prefix("late.").and_then(|rest| rest.split_once('<')).ok_or_else(wrong)?;
        let quantile = ["p50", "p90", "p99", "largest"].into_iter().find(|quantile| *quantile == name.trim());
        let limit =
            units::duration(limit.trim_start_matches('=').trim()).map_err(|diagnostic| diagnostic.to_string())?;
        Ok(Require::Late(quantile.ok_or_else(wrong)?, limit as f64 / 1e9))
    }
}

impl Allowances {
    /// The paths at and below which values may change.
    pub fn paths(&self) -> Vec<String> {
        let path = |allow: &Allow| match allow {
            Allow::ChangedAt(path) => Some(path.clone()),
            _ => None,
        };
        self.allow.iter().filter_map(path).collect()
    }

    /// Why a verdict fails, in sentences; none if it does not.
    pub fn failures(&self, verdict: &Verdict) -> Vec<String> {
        let is_allowed = |events: u64, of: &dyn Fn(&Allow) -> Option<Amount>| {
            events == 0 || self.allow.iter().filter_map(of).any(|amount| amount.covers(events, verdict.expected))
        };
        let mut failures = Vec::new();
        let mut fail = |is_fine: bool, sentence: String| failures.extend((!is_fine).then_some(sentence));
        fail(verdict.expected > 0, "no event was expected".to_owned());
        fail(!verdict.is_stopped, "reading was stopped before the end".to_owned());
        fail(verdict.is_end_known, "it is not known where the run ended".to_owned());
        let missing = is_allowed(verdict.missing, &|allow| match allow {
            Allow::Missing(amount) => Some(*amount),
            _ => None,
        });
        fail(missing, are(verdict.missing, "missing"));
        let duplicated = is_allowed(verdict.duplicated, &|allow| match allow {
            Allow::Duplicated(amount) => Some(*amount),
            _ => None,
        });
        fail(duplicated, format!("{} arrived more than once", events(verdict.duplicated)));
        let changed = verdict.changed - verdict.changed_as_allowed;
        let is_changed_allowed = is_allowed(changed, &|allow| match allow {
            Allow::Changed(amount) => Some(*amount),
            _ => None,
        });
        fail(is_changed_allowed, are(changed, "changed"));
        let uncompared = if verdict.compared.starts_with("ids") { 0 } else { verdict.uncompared };
        let is_uncompared_allowed = is_allowed(uncompared, &|allow| match allow {
            Allow::Uncompared(amount) => Some(*amount),
            _ => None,
        });
        fail(is_uncompared_allowed, format!("the body of {} could not be read", events(uncompared)));
        self.require.iter().for_each(|require| require.check(verdict, &mut failures));
        failures
    }
}

impl Require {
    fn check(self, verdict: &Verdict, failures: &mut Vec<String>) {
        let order = |disorder: Option<Disorder>, of: &str| match disorder {
            None => Some(format!("the order of {of} is not known: only ids were read")),
            Some(disorder) if disorder.events == 0 => None,
            Some(disorder) => Some(format!("{} came after later ones of their {of}", events(disorder.events))),
        };
        failures.extend(match self {
            Require::OrderOfKey => order(verdict.order.map(|order| order.of_key), "key"),
            Require::OrderOfInstance => order(verdict.order.map(|order| order.of_instance), "instance"),
            Require::Unchanged => {
                let others = verdict.arrived - verdict.unchanged;
                (others > 0).then(|| format!("{} have other bytes", events(others)))
            }
            Require::Keys => match verdict.keys {
                None => Some("keys are not known: only records of a topic that are one event have them".to_owned()),
                Some(keys) if keys.other + keys.gone == 0 => None,
                Some(keys) => Some(format!("{} have another key or none", events(keys.other + keys.gone))),
            },
            Require::NoneForeign => {
                (verdict.foreign > 0).then(|| format!("{} records are foreign", format_count(verdict.foreign)))
            }
            Require::Late(quantile, limit) => match verdict.late {
                None => Some("it is not known when events were received: `--received-at` names the field".to_owned()),
                Some(late) => {
                    let of = match quantile {
                        "p50" => late.p50,
                        "p90" => late.p90,
                        "p99" => late.p99,
                        _ => late.largest,
                    };
                    (of >= limit).then(|| format!("late.{quantile} is {of:.3} s and should be below {limit} s"))
                }
            },
        });
    }
}

fn events(count: u64) -> String {
    format!("{} event{}", format_count(count), if count == 1 { "" } else { "s" })
}

fn are(count: u64, what: &str) -> String {
    format!("{} {} {what}", events(count), if count == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_fails_for_all_that_is_not_allowed() {
        let whole = Verdict { is_end_known: true, compared: "values", expected: 10_000, ..Verdict::default() };
        let failures = |allow: &[&str], require: &[&str], verdict: &Verdict| {
            let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
            let require = require.iter().map(|text| text.parse().unwrap()).collect();
            Allowances { allow, require }.failures(verdict)
        };
        assert_eq!(failures(&[], &[], &whole), [""; 0]);
        let one = Verdict { missing: 1, ..whole.clone() };
        assert_eq!(failures(&[], &[], &one), ["1 event is missing"]);
        assert_eq!(failures(&["missing=0.01%"], &[], &one), [""; 0]);
        assert_eq!(failures(&["missing=0.009%"], &[], &one).len(), 1);
        let bad = Verdict { missing: 2, duplicated: 3, changed: 4, uncompared: 5, is_stopped: true, ..whole.clone() };
        assert_eq!(failures(&[], &[], &bad).len(), 5);
        assert_eq!(failures(&["missing", "duplicated=3", "changed=4", "uncompared=5"], &[], &bad).len(), 1);
        assert_eq!(failures(&[], &["order=key", "none-foreign", "unchanged", "keys", "late.p99<5s"], &whole).len(), 3);
        // Where nothing was expected, nothing is proved.
        assert_eq!(failures(&[], &[], &Verdict { expected: 0, ..whole.clone() }), ["no event was expected"]);
        for wrong in ["missing=x", "missing=101%", "lost", "changed="] {
            assert!(wrong.parse::<Allow>().is_err(), "{wrong}");
        }
        for wrong in ["order", "late.p98<5s", "late.p99", "late.p99<5"] {
            assert!(wrong.parse::<Require>().is_err(), "{wrong}");
        }
    }
}
