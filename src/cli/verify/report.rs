//! The verdict for people: a table, why, and what to do next.

use super::{Path, Verdict, Verify};
use crate::{
    cli::{columns, wrapped},
    error::Error,
    units::{format_count, format_time},
    verify::{Forms, percent},
};
use std::fmt::Write;

/// Paths of changes that are shown.
const MOST_CHANGES: usize = 5;

/// Lengths of cut records that are shown.
const MOST_LENGTHS: usize = 3;

/// Reasons that are shown.
const MOST_CAUSES: usize = 4;

/// The verdict, and what follows from it.
pub(super) fn text(verdict: &Verdict, is_fine: bool) -> String {
    let mut text = format!(
        "{} events of {} (seed {}, from {}) were expected\n",
        format_count(verdict.expected),
        verdict.name,
        verdict.seed,
        format_time(verdict.from)
    );
    text.extend(columns(&rows(verdict), "  ").lines().flat_map(|line| [line.trim_end(), "\n"]));
    for cause in verdict.causes.iter().take(MOST_CAUSES) {
        let _ = writeln!(text, "why {}: {}", cause.fault, cause.description);
    }
    for warning in &verdict.warnings {
        text.push_str(&wrapped(&format!("warning: {warning}"), "", 120));
    }
    if is_fine {
        text.push_str(&conclusion(verdict));
    }
    text
}

fn rows(verdict: &Verdict) -> Vec<Vec<String>> {
    let of = |events: u64| percent(events, verdict.expected);
    let mut rows = vec![row("arrived", verdict.arrived, of(verdict.arrived))];
    let mut part = |name: &str, events: u64, about: String| {
        if events > 0 {
            rows.push(row(&format!("  {name}"), events, about));
        }
    };
    part("unchanged", verdict.unchanged, String::new());
    part("reformatted", verdict.reformatted, String::new());
    part("added", verdict.added, "with more fields".to_owned());
    part("changed", verdict.changed, as_allowed(verdict.changed_as_allowed));
    part("uncompared", verdict.uncompared, "body not read".to_owned());
    let beginning = match verdict.missing_cut {
        0 => String::new(),
        cut => format!("; of {} the beginning arrived", format_count(cut)),
    };
    rows.push(row("missing", verdict.missing, format!("{}{beginning}", of(verdict.missing))));
    let copies = match verdict.copies {
        0 => String::new(),
        copies => format!("{} copies too many, at most {} of one", format_count(copies), verdict.most_copies),
    };
    rows.push(row("duplicated", verdict.duplicated, copies));
    for ((_, name), events) in Forms::NAMES.iter().zip(verdict.forms).filter(|(_, events)| *events > 0) {
        rows.push(row("form", events, (*name).to_owned()));
    }
    for change in verdict.changes.iter().take(MOST_CHANGES) {
        let example = &change.example;
        let what = match &example.found {
            Some(found) => {
                format!("{} altered, such as `{}` to `{found}` in {}", change.path, example.expected, example.id)
            }
            None => format!("{} dropped, such as `{}` in {}", change.path, example.expected, example.id),
        };
        rows.push(row("change", change.events, what));
    }
    records(verdict, &mut rows);
    order(verdict, &mut rows);
    if let Some(keys) = verdict.keys {
        let of = [(keys.other, "arrived with another key"), (keys.gone, "arrived without their key")];
        rows.extend(
            of.into_iter().filter(|(events, _)| *events > 0).map(|(n, about)| row("re-keyed", n, about.to_owned())),
        );
    }
    if let Some(late) = verdict.late {
        let about = format!(
            "p50 {}, p90 {}, p99 {}, largest {}",
            seconds(late.p50),
            seconds(late.p90),
            seconds(late.p99),
            seconds(late.largest)
        );
        rows.push(row("late", late.events, about));
    }
    rows
}

fn records(verdict: &Verdict, rows: &mut Vec<Vec<String>>) {
    let kinds = [
        (verdict.carrying, "with an event"),
        (verdict.truncated, "cut"),
        (verdict.fragments, "pieces of events"),
        (verdict.mentions, "only mention an event"),
        (verdict.foreign, "foreign"),
    ];
    let kinds: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", format_count(*count)))
        .collect();
    rows.push(row("records", verdict.records, kinds.join(", ")));
    for (length, count) in verdict.cut_at.iter().take(MOST_LENGTHS) {
        rows.push(row("cut", *count, format!("at {} bytes", format_count(*length))));
    }
    if verdict.cut_at.len() > MOST_LENGTHS {
        let others: u64 = verdict.cut_at[MOST_LENGTHS..].iter().map(|(_, count)| count).sum();
        rows.push(row("cut", others, "at other lengths".to_owned()));
    }
    if verdict.foreign_of_this_run > 0 {
        let about = "of this run's seed, name and start, and not expected".to_owned();
        rows.push(row("foreign", verdict.foreign_of_this_run, about));
    }
    if let Some(example) = &verdict.foreign_example {
        rows.push(vec![String::new(), "e.g.".to_owned(), format!("foreign: {example}")]);
    }
    if let Some(example) = &verdict.mention_example {
        rows.push(vec![String::new(), "e.g.".to_owned(), format!("mention: {example}")]);
    }
}

fn order(verdict: &Verdict, rows: &mut Vec<Vec<String>>) {
    let Some(order) = verdict.order else { return };
    let of = [("input", order.of_input), ("key", order.of_key), ("instance", order.of_instance)];
    for (group, disorder) in of.into_iter().filter(|(_, disorder)| disorder.events > 0) {
        let farthest = format_count(disorder.farthest);
        rows.push(row(
            "reordered",
            disorder.events,
            format!("after later ones of their {group}, by up to {farthest} events"),
        ));
    }
}

fn row(name: &str, count: u64, about: String) -> Vec<String> {
    vec![name.to_owned(), format!("{:>11}", format_count(count)), about]
}

fn as_allowed(events: u64) -> String {
    if events == 0 { String::new() } else { format!("{} as allowed", format_count(events)) }
}

fn seconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

fn conclusion(verdict: &Verdict) -> String {
    let events = format_count(verdict.expected);
    if !verdict.is_complete() {
        return "as allowed, but not complete\n".to_owned();
    }
    match verdict.compared {
        "ids-only" => format!("the ids of all {events} events arrived, each once; bodies were not looked at\n"),
        "ids" => format!("all {events} events arrived, each once; values were not compared\n"),
        _ => format!("all {events} events arrived, each once and with all its values\n"),
    }
}

/// Why a verdict fails, and what to do next.
pub(super) fn failure(arguments: &Verify, verdict: &Verdict, failures: &[String]) -> Error {
    let mut error = Error::failed(format!("{} did not arrive as it was sent: {}", verdict.name, failures.join("; ")));
    let run = shown(&arguments.run);
    match &arguments.missing {
        _ if verdict.missing == 0 => {}
        Some(list) => {
            let list = shown(list);
            error = error
                .help(format!("to send the missing events again: falsetrail generate --run {run} --only {list} …"));
        }
        None => {
            let example = verdict.missing_example.as_deref().unwrap_or_default();
            error =
                error.help(format!("one of the missing is {example}; `--missing FILE` lists all, to send them again"));
        }
    }
    if verdict.records == 0 && arguments.topic.is_given() {
        error = error.help(
            "the topic has no record since the run began: if a pipeline keeps the times of older records, add `--from-first`",
        );
    }
    if verdict.arrived == 0 && verdict.mentions > 0 && verdict.compared != "ids-only" {
        error = error.help("records have ids and no bodies: if ids are enough, add `--ids-only`");
    }
    if verdict.arrived == 0 && verdict.records > 0 && verdict.foreign == verdict.records {
        error = error.help("no record is of this run: give the run file of the run that was sent");
    }
    error
}

/// A path as a shell reads it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "/._-+=:@%,".contains(c));
    if is_plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
