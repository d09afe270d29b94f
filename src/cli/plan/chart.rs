//! Draws a rate over time as a text chart.

use crate::units::{SECOND, format_count, format_duration, format_time};
use std::fmt::Write;

/// The width of the chart in columns.
const COLUMNS: usize = 60;

/// The height of the chart in lines; each is divided into eighths.
const LINES: usize = 4;

const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A chart of the rate between two times. `rates(n)` returns the events per second in each of `n` equal parts.
pub(super) fn chart(from: i64, end: i64, rates: impl Fn(usize) -> Vec<f64>) -> String {
    let columns = rates(COLUMNS);
    let highest = columns.iter().copied().fold(0.0, f64::max);
    if highest <= 0.0 {
        return String::new();
    }
    let label = rate(highest);
    let width = label.chars().count();
    let mut text = String::new();
    for line in (0..LINES).rev() {
        let shown = if line + 1 == LINES { label.as_str() } else { "" };
        let cells: String = columns.iter().map(|column| cell(column / highest, line)).collect();
        let _ = writeln!(text, "{}", format!("  {shown:>width$} ┤{cells}").trim_end());
    }
    let _ = writeln!(text, "  {:>width$} └{}", 0, "─".repeat(COLUMNS));
    let (from, end) = (second(from), second(end));
    let gap = COLUMNS.saturating_sub(from.chars().count() + end.chars().count());
    let _ = writeln!(text, "  {:width$}  {from}{}{end}", "", " ".repeat(gap.max(1)));
    text
}

/// The character that a column of this height, relative to the maximum, has in a line.
fn cell(height: f64, line: usize) -> char {
    let eighths = (height * (LINES * 8) as f64).round() as usize;
    // A rate above zero is always visible.
    let eighths = if height > 0.0 { eighths.max(1) } else { 0 };
    EIGHTHS[eighths.saturating_sub(line * 8).min(8)]
}

/// Formats events per second: `500/s`, `20/m`.
pub(super) fn rate(per_second: f64) -> String {
    let (number, unit) = match per_second {
        1.0.. => (per_second, 's'),
        _ if per_second * 60.0 >= 1.0 => (per_second * 60.0, 'm'),
        _ if per_second * 3_600.0 >= 1.0 => (per_second * 3_600.0, 'h'),
        _ => (per_second * 86_400.0, 'd'),
    };
    if number >= 1_000.0 {
        return format!("{}/{unit}", format_count(number.round() as u64));
    }
    let digits = match number {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let text = format!("{number:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}/{unit}")
}

/// Formats a time without its fraction of a second.
pub(super) fn second(time: i64) -> String {
    format_time(time.div_euclid(SECOND) * SECOND)
}

/// Formats a length of event time, in whole seconds if it is longer than one.
pub(super) fn length(nanoseconds: i64) -> String {
    let whole = if nanoseconds > SECOND { nanoseconds / SECOND * SECOND } else { nanoseconds };
    format_duration(whole.max(0).unsigned_abs())
}
