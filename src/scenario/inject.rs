//! Reader of the key `inject` of a mix: scenarios at exact times, in addition to the weighted ones.

use super::{Injection, read_common::fields};
use crate::{
    error::quoted,
    yaml::{MapReader, Node, Reader, Spanned, Value},
};

/// The label of an injected scenario for which the file gives none.
pub(crate) const DEFAULT_LABEL: &str = "injected";

pub(super) fn list(reader: &Reader, map: &mut MapReader<'_>, is_mix: bool) -> Vec<Injection> {
    let Some((key, node)) = map.entry("inject") else { return Vec::new() };
    if !is_mix {
        let diagnostic = reader.diagnostic(&key.span, "`inject` belongs to a file with `mix`");
        reader.report(
            diagnostic.help("for a scenario with steps give it on the command line, as `--inject mass-deletion@+2h`"),
        );
    }
    let items = reader.list(node, "`inject`").unwrap_or_default();
    items.iter().filter_map(|item| injection(reader, item)).collect()
}

fn injection(reader: &Reader, node: &Node) -> Option<Injection> {
    let mut map = reader.map_as(node, "an entry of `inject`", "{ scenario: mass-deletion, at: +20m }")?;
    let scenario = map.required_text("scenario");
    let at = map.read_required("at", at);
    let with = map.optional("with").map_or_else(Vec::new, |node| fields(reader, node, "`with`"));
    let label = map.text("label");
    map.finish();
    if let Some(label) = &label {
        check_label(reader, label);
    }
    Some(Injection { scenario: scenario?, at: at?, with, label })
}

/// Reads a time, which must be a text, because a number has no unit.
fn at(reader: &Reader, node: &Node, what: &str) -> Option<Spanned<String>> {
    match node.value {
        Value::Int(_) | Value::Float(_) => {
            let diagnostic = reader.expected(node, what, "a time such as `+20m`");
            reader.report(diagnostic.help("write `+20m` for that long after the run's beginning"));
            None
        }
        _ => reader.text(node, what),
    }
}

/// Checks that a label is a single word, so that tools can compare it easily.
fn check_label(reader: &Reader, label: &Spanned<String>) {
    if !is_label(&label.value) {
        let diagnostic = reader.diagnostic(&label.span, format!("{} cannot be a label", quoted(&label.value)));
        reader.report(diagnostic.help("a label has letters, digits, `-`, `_` and `.`, such as `near-miss`"));
    }
}

/// Whether a text is a valid label.
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
}
