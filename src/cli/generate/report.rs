//! The summary of a run, for people.

use super::{
    Generate,
    repeat::{self, From},
};
use crate::{
    cli::columns,
    error::shown as shown_path,
    plan::Plan,
    run::Outcome,
    units::{format_bytes, format_count, format_time},
};
use std::{fmt::Write, time::Duration};

/// A message that the reader closed the pipe, and how much it had received.
pub(crate) fn closed(plan: &Plan, outcome: &Outcome) -> String {
    let written = format_count(outcome.delivered.events);
    let all = plan.timing.events.map(|events| format!(" of {}", format_count(events))).unwrap_or_default();
    format!("the reader went away: {written}{all} events written\n")
}

/// The range of events at the destination.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    /// The number of the first event.
    pub(crate) begun: u64,
    /// The number that follows the last event's, if the run did not reach its end and the number is known.
    pub(crate) until: Option<u64>,
}

/// The whole text: the result, how to reproduce the run, and how to resume it.
pub(crate) fn text(arguments: &Generate, plan: &Plan, reach: Reach, outcome: &Outcome, took: Duration) -> String {
    let mut text = headline(plan, outcome, took);
    let rows: Vec<Vec<String>> = outcome
        .summary
        .by_outcome(plan)
        .map(|(method, failure, count)| {
            vec![method.to_owned(), failure.unwrap_or("success").to_owned(), format_count(count)]
        })
        .collect();
    text.push_str(&right_aligned(rows));
    if let Some(lag) = outcome.lag {
        let late = |nanoseconds: u64| shown(Duration::from_nanos(nanoseconds));
        let (p50, p99, max) = (late(lag.p50), late(lag.p99), late(lag.max));
        let gaps = outcome.summary.events.saturating_sub(1);
        let rate = gaps as f64 * 1e9 / lag.took.max(1) as f64;
        let rate = if gaps > 0 { format!("{rate:.1}/s, ") } else { String::new() };
        let _ = writeln!(text, "pace: {rate}events left {p50} late at p50, {p99} at p99, {max} at most");
    }
    for line in delivery(arguments, outcome) {
        let _ = writeln!(text, "{line}");
    }
    if let Some(digest) = outcome.summary.digest() {
        let _ = writeln!(text, "digest: {digest}");
    }
    // A run that was stopped before its first event has no events to reproduce, and no command generates zero events.
    let first = reach.until.map(|until| until.max(1)).or(Some(repeat::FIRST_OF_ENDLESS));
    let again = From { skip: reach.begun, first, ..From::default() };
    if let Some(list) = &outcome.delivered.undelivered {
        let _ = writeln!(text, "not delivered: listed in {}", shown_path(list));
        let _ = writeln!(text, "only these again: {}", repeat::command_for_events(arguments, plan, again, Some(list)));
    }
    let _ = writeln!(text, "reproduce with: {}", repeat::command(arguments, plan, again));
    if let Some(skip) = outcome.rest() {
        let rest = From { skip, append: outcome.delivered.unfinished, live: true, ..From::default() };
        let _ = writeln!(text, "to continue: {}", repeat::command(arguments, plan, rest));
    }
    text
}

fn headline(plan: &Plan, outcome: &Outcome, took: Duration) -> String {
    let summary = &outcome.summary;
    let events = format_count(summary.events);
    let plural = if summary.events == 1 { "event" } else { "events" };
    let mut text = format!("{events} {plural} of {}, {}", plan.name, format_bytes(summary.bytes));
    if let (Some(first), Some(last)) = (summary.first, summary.last) {
        let second = |time: i64| format_time(time.div_euclid(1_000_000_000) * 1_000_000_000);
        let _ = write!(text, ", event time {} to {}", second(first), second(last));
    }
    let _ = writeln!(text, ", in {}", shown(took));
    text
}

/// A duration for people, with three significant digits.
pub(crate) fn shown(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        0.0..0.001 => format!("{:.0} µs", seconds * 1e6),
        0.001..1.0 => format!("{:.0} ms", seconds * 1e3),
        1.0..100.0 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.0} s"),
    }
}

pub(crate) fn right_aligned(mut rows: Vec<Vec<String>>) -> String {
    let width = rows.iter().filter_map(|row| row.last()).map(|cell| cell.chars().count()).max().unwrap_or(0);
    for row in &mut rows {
        if let Some(cell) = row.last_mut() {
            *cell = format!("{cell:>width$}");
        }
    }
    columns(&rows, "  ")
}

/// The fate of the events, where it needs mentioning.
fn delivery(arguments: &Generate, outcome: &Outcome) -> Vec<String> {
    let delivered = &outcome.delivered;
    let mut lines = Vec::new();
    if let Some(topic) = &arguments.kafka.topic {
        lines.push(format!(
            "topic {topic}: {} acknowledged, {} failed, {} unknown",
            format_count(delivered.events),
            format_count(delivered.failed),
            format_count(delivered.unknown)
        ));
    } else if outcome.stopped || outcome.error.is_some() {
        let unknown = match delivered.unknown {
            0 => String::new(),
            unknown => format!(", {} not known to be on the disk", format_count(unknown)),
        };
        lines.push(format!("stopped: {} events written{unknown}", format_count(delivered.events)));
    }
    lines.extend(delivered.notes.iter().cloned());
    lines
}
