//! Readers that several parts of a scenario file share: names, fields, weights.
//!
//! They stand below the readers of those parts, so that none of those needs another.

use super::Field;
use crate::{
    error::quoted,
    yaml::{self, MapReader, Node, Reader, Spanned, Value},
};

/// Reads names and values that are checked later, against the catalog or another scenario.
pub(super) fn fields(reader: &Reader, node: &Node, what: &str) -> Vec<Field> {
    reader
        .entries(node, what)
        .unwrap_or_default()
        .iter()
        .map(|(name, value)| Field { name: name.clone(), value: value.clone() })
        .collect()
}

/// The entry of a map that has exactly one.
pub(super) fn only_entry(node: &Node) -> Option<&(Spanned<String>, Node)> {
    match &node.value {
        Value::Map(entries) if entries.len() == 1 => entries.first(),
        _ => None,
    }
}

/// Reads the key `weight`: more than 0, or 0 if a parameter sets it; 1 if left out.
pub(super) fn weight(map: &mut MapReader<'_>) -> Option<Spanned<f64>> {
    let start = map.span().start;
    let Some(node) = map.optional("weight") else {
        return Some(Spanned::new(1.0, start..start));
    };
    let reader = map.reader();
    if let Some(number) = node.as_text().and_then(|text| text.strip_suffix('%')) {
        let found = reader.expected(node, "`weight`", "a number");
        reader.report(
            found.help(format!("weights are shares of their sum, which may be any number: write `{}`", number.trim())),
        );
        return None;
    }
    let weight = reader.f64(node, "`weight`")?;
    // A parameter may set the weight to 0, which switches the entry off without editing the file.
    if weight.value > 0.0 || (weight.value == 0.0 && node.is_given) {
        return Some(weight);
    }
    reader.report(
        reader
            .diagnostic(&node.span, format!("`weight` must be more than 0, found `{}`", weight.value))
            .help("remove what should never happen, or let a parameter say 0: `weight: $attacks`"),
    );
    None
}

/// Whether a text is a valid name in a scenario: letters, digits, `-` and `_`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character))
}

/// Reports an invalid name; returns whether the name is valid.
pub(super) fn check_name(reader: &Reader, name: &Spanned<String>, what: &str) -> bool {
    let found = if yaml::is_yaml_1_1_boolean(&name.value) {
        reader
            .diagnostic(&name.span, format!("{} cannot name {what}", quoted(&name.value)))
            .help("other YAML readers take it for true or false: choose another name")
    } else if is_name(&name.value) {
        return true;
    } else {
        reader
            .diagnostic(&name.span, format!("{} cannot name {what}", quoted(&name.value)))
            .help("a name has letters, digits, `-` and `_`, and begins with a letter")
    };
    reader.report(found);
    false
}
