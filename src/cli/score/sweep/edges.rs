//! Where along the last parameter a rule stops finding an attack.

use super::axis::Axes;
use crate::cli::columns;
use serde_json::{Value, json};

/// How often a variant was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Always,
    Sometimes,
    Never,
}

/// Along the last parameter, with fixed values of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    /// Values of the other parameters; the last of them is a range if neighbours are alike.
    before: Vec<String>,
    /// Ranges of the last parameter's values.
    always: Vec<String>,
    sometimes: Vec<String>,
    never: Vec<String>,
}

/// Finds the edges; `outcomes` has for each combination in how many runs it was found, and in how many it was tried.
pub(super) fn find(axes: &Axes, outcomes: &[(u32, u32)]) -> Vec<Edge> {
    let (_, values) = axes.last();
    let found = |(found, runs): &(u32, u32)| match found {
        0 => Found::Never,
        found if found == runs => Found::Always,
        _ => Found::Sometimes,
    };
    let rows = axes.combinations_before_last().into_iter().zip(outcomes.chunks(values.len().max(1)));
    rows.map(|(before, row)| {
        let row: Vec<Found> = row.iter().map(found).collect();
        let of = |wanted: Found| ranges(values, &row, wanted);
        Edge { before, always: of(Found::Always), sometimes: of(Found::Sometimes), never: of(Found::Never) }
    })
    .collect()
}

/// Stretches of values with that outcome.
fn ranges(values: &[String], row: &[Found], wanted: Found) -> Vec<String> {
    let mut ranges = Vec::new();
    let mut at = 0;
    for stretch in row.chunk_by(|one, other| one == other) {
        let (first, last) = (&values[at], &values[at + stretch.len() - 1]);
        at += stretch.len();
        if stretch[0] == wanted {
            ranges.push(if first == last { first.clone() } else { format!("{first}..{last}") });
        }
    }
    ranges
}

impl Edge {
    fn is_like(&self, other: &Self) -> bool {
        (&self.always, &self.sometimes, &self.never) == (&other.always, &other.sometimes, &other.never)
            && self.before.split_last().map(|(_, rest)| rest) == other.before.split_last().map(|(_, rest)| rest)
    }

    pub(super) fn json(&self, axes: &Axes) -> Value {
        json!({
            "params": axes.params(&self.before),
            "along": axes.last().0,
            "always": self.always,
            "sometimes": self.sometimes,
            "never": self.never,
        })
    }
}

/// The edges as a table; neighbours that are alike share a row.
pub(super) fn table(axes: &Axes, edges: &[Edge]) -> String {
    let others = axes.names().count().saturating_sub(1);
    let name = axes.last().0;
    let mut head: Vec<String> = axes.names().take(others).map(str::to_owned).collect();
    head.extend([format!("always found: {name}"), "sometimes".to_owned(), "never".to_owned()]);
    let mut rows = vec![head];
    for alike in edges.chunk_by(Edge::is_like) {
        let (Some(first), Some(last)) = (alike.first(), alike.last()) else { continue };
        let mut row = first.before.clone();
        if let (Some(shown), Some(end)) = (row.last_mut(), last.before.last())
            && shown != end
        {
            *shown = format!("{shown}..{end}");
        }
        let listed = |ranges: &[String]| if ranges.is_empty() { "-".to_owned() } else { ranges.join(", ") };
        row.extend([listed(&first.always), listed(&first.sometimes), listed(&first.never)]);
        rows.push(row);
    }
    columns(&rows, "  ")
}
