//! The score for people: a line for each rule, and what to look at.

use crate::{
    cli::{columns, wrapped},
    score::{RuleScore, Score, Times},
    units::{format_count, format_duration, format_time},
};
use std::fmt::Write;

/// Missed instances of a rule that are named.
const MOST_MISSED: usize = 5;

/// Scenarios that are named as causes of false alarms.
const MOST_CAUSES: usize = 5;

/// The score as a table.
pub(super) fn text(score: &Score) -> String {
    let mut text = headline(score);
    let rows: Vec<Vec<String>> = [head()].into_iter().chain(score.rules.iter().map(row)).collect();
    // The details of a rule follow its line.
    let table = columns(&rows, "  ");
    let mut lines = table.lines();
    text.extend(lines.next().map(|line| format!("{}\n", line.trim_end())));
    for (line, rule) in lines.zip(&score.rules) {
        let _ = writeln!(text, "{}", line.trim_end());
        details(rule, score, &mut text);
    }
    if score.unmatched() > 0 {
        let example = score.unmatched_example.as_deref().unwrap_or_default();
        let message = format!("{} are about no instance of the truth, such as {example}", alerts(score.unmatched()));
        text.push_str(&wrapped(&message, "", 120));
    }
    for warning in &score.warnings {
        text.push_str(&wrapped(&format!("warning: {warning}"), "", 120));
    }
    text
}

fn headline(score: &Score) -> String {
    let run = &score.run;
    let rules = if score.rules.len() == 1 { "1 rule".to_owned() } else { format!("{} rules", score.rules.len()) };
    let instances = if score.is_all {
        format!("{} instances", format_count(score.instances))
    } else {
        format!("{} labelled instances", format_count(score.instances))
    };
    format!(
        "{rules}, {}; {} (seed {}, from {}), {instances}\n",
        alerts(score.alerts),
        run.name,
        run.seed,
        format_time(run.from)
    )
}

fn alerts(count: u64) -> String {
    format!("{} alert{}", format_count(count), if count == 1 { "" } else { "s" })
}

fn head() -> Vec<String> {
    ["rule", "found", "recall", "precision", "near misses", "false alarms", "detected after"].map(str::to_owned).into()
}

fn row(rule: &RuleScore) -> Vec<String> {
    let of = |some: u64, all: u64| {
        if all == 0 { "-".to_owned() } else { format!("{} of {}", format_count(some), format_count(all)) }
    };
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{share:.2}"));
    let false_alarms = &rule.false_alarms;
    let mut fired = format_count(false_alarms.total);
    if let Some(all) = false_alarms.out_of {
        let _ = write!(fired, " of {}", format_count(all));
    }
    if let Some(a_day) = false_alarms.a_day.filter(|_| false_alarms.total > 0) {
        let _ = write!(fired, " ({} a day)", rounded(a_day));
    }
    let detected = rule.detection.map_or_else(|| "-".to_owned(), |detection| times(detection.from_first));
    vec![
        rule.rule.clone(),
        of(rule.found(), rule.to_find()),
        share(rule.recall()),
        share(rule.precision()),
        of(rule.near_misses_fired(), rule.near_misses()),
        fired,
        detected,
    ]
}

/// A number with three digits that count.
pub(super) fn rounded(number: f64) -> String {
    match number {
        number if number >= 100.0 => format_count(number.round() as u64),
        number if number >= 10.0 => format!("{number:.1}"),
        number => format!("{number:.2}"),
    }
}

pub(super) fn times(times: Times) -> String {
    format!("p50 {}, largest {}", seconds(times.p50), seconds(times.largest))
}

/// Seconds as a duration, to three digits.
pub(super) fn seconds(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let unit = if seconds.abs() < 10.0 { 1e3 } else { 1.0 };
    let nanoseconds = ((seconds.abs() * unit).round() / unit * 1e9).round() as u64;
    format!("{sign}{}", format_duration(nanoseconds))
}

fn details(rule: &RuleScore, score: &Score, text: &mut String) {
    let labels: Vec<_> = rule.labels.iter().filter(|label| label.expected > 0).collect();
    if labels.len() > 2 {
        let each = labels.iter().map(|label| format!("{} {} of {}", label.label, label.fired, label.expected));
        let _ = writeln!(text, "    fired on: {}", each.collect::<Vec<_>>().join(", "));
    }
    for missed in rule.missed.iter().take(MOST_MISSED) {
        let _ =
            writeln!(text, "    missed: {} ({}), from {}", missed.instance, missed.label, format_time(missed.first));
    }
    if rule.missed.len() > MOST_MISSED {
        let others = format_count((rule.missed.len() - MOST_MISSED) as u64);
        let _ = writeln!(text, "    missed: {others} more, which `--summary FILE` lists");
    }
    let false_alarms = &rule.false_alarms;
    if !score.is_all && false_alarms.total > 0 {
        let _ = writeln!(text, "    false alarms: a truth of every instance, `--truth-all`, names their scenarios");
        return;
    }
    for (scenario, count) in false_alarms.by_scenario.iter().take(MOST_CAUSES) {
        let (count, total) = (format_count(*count), format_count(false_alarms.total));
        let _ = writeln!(text, "    false alarms: {count} of {total} are {scenario}");
    }
    if false_alarms.by_scenario.len() > MOST_CAUSES {
        let others: u64 = false_alarms.by_scenario[MOST_CAUSES..].iter().map(|(_, count)| count).sum();
        let _ = writeln!(text, "    false alarms: {} are of other scenarios", format_count(others));
    }
}
