//! Readers that several sections of `catalog.yaml` share: a text with names, a constant, weights, a scope.
//!
//! They stand below the readers of the sections, so that none of those needs another.

use super::{Catalog, KindId, Scalar, Text};
use crate::{
    error::{did_you_mean, nearest},
    value::WeightedIndex,
    yaml::{self, Node, Reader, Spanned, Value},
};
use std::ops::Range;

/// Words of the scenario language, which no field or column may have as its name.
const RESERVED_FIELDS: &[&str] = &["kind", "count", "existing"];

/// Reads a text with names.
pub(super) fn parse_text(reader: &Reader, text: &Spanned<String>) -> Option<Text> {
    match Text::parse(&text.value) {
        Ok(parsed) => Some(parsed),
        Err(_) => {
            reader.report(
                reader.diagnostic(&text.span, "`${` without a name and `}`").help("write names as `${region.id}`"),
            );
            None
        }
    }
}

/// Reads a constant.
pub(super) fn scalar(reader: &Reader, node: &Node) -> Option<Scalar> {
    let written = yaml::node_text(node);
    let wrong = |message: String, help: String| {
        reader.report(reader.diagnostic(&node.span, message).help(help));
        None
    };
    match &node.value {
        Value::Null => Some(Scalar::Null),
        Value::Bool(value) => Some(Scalar::Boolean(*value)),
        Value::Text(text) => Some(Scalar::Text(text.clone())),
        // Events must show the number exactly as written.
        Value::Int(value) if (Scalar::LEAST..=Scalar::MOST).contains(value) && written == value.to_string() => {
            Some(Scalar::Integer(*value))
        }
        Value::Int(value) if (Scalar::LEAST..=Scalar::MOST).contains(value) => {
            let message = format!("`{written}` is another way to write the number {value}");
            wrong(message, format!("write `{value}` for the number, or \"{written}\" for the text"))
        }
        Value::Int(_) | Value::Float(_) => {
            let (least, most) = (Scalar::LEAST, Scalar::MOST);
            let message = format!("the number `{written}` is not a whole number from {least} to {most}");
            wrong(message, format!("write \"{written}\" for a text"))
        }
        Value::List(_) | Value::Map(_) => {
            let found = node.describe();
            let message = format!("must be a text, a whole number, `true`, `false` or `null`, found {found}");
            wrong(message, "write one value, or several of them as choices or columns".to_owned())
        }
    }
}

pub(super) fn scope(reader: &Reader, names: &[Spanned<String>], catalog: &Catalog, own: KindId) -> Vec<KindId> {
    let mut scope = Vec::new();
    for name in names {
        match catalog.kind(&name.value) {
            Some(kind) if kind < own => scope.push(kind),
            Some(_) => reader.report(
                reader.diagnostic(&name.span, format!("`{}` stands below", name.value)).help("put outer kinds first"),
            ),
            None => {
                let names = || catalog.kinds.iter().map(|kind| kind.name.as_str());
                unknown(reader, name, "kind", names());
                // Use the kind that was probably meant, so that texts with its fields are not reported as well.
                let meant = nearest(&name.value, names()).and_then(|near| catalog.kind(near));
                scope.extend(meant.filter(|kind| *kind < own));
            }
        }
    }
    scope
}

/// Reports a name that is not among the known ones.
pub(super) fn unknown<'a>(
    reader: &Reader,
    name: &Spanned<String>,
    what: &str,
    known: impl IntoIterator<Item = &'a str, IntoIter: Clone> + Clone,
) {
    let diagnostic = reader.diagnostic(&name.span, format!("no {what} is called `{}`", name.value));
    reader.report(diagnostic.help(did_you_mean(&name.value, known)));
}

/// Rejects a field name that is reserved in scenarios.
pub(super) fn check_field_name(reader: &Reader, name: &Spanned<String>) {
    if RESERVED_FIELDS.contains(&name.value.as_str()) {
        let message = format!("`{}` is a word of the scenario language", name.value);
        reader.report(reader.diagnostic(&name.span, message).help("give the field another name"));
    }
}

/// The index of the first value whose type differs from that of the values before it; null is compatible with every
/// type.
pub(super) fn of_another_type<'a>(values: impl IntoIterator<Item = &'a Scalar>) -> Option<usize> {
    let mut first = None;
    values.into_iter().position(|value| {
        let shape = value.shape();
        let differs = shape.is_some() && first.is_some() && first != shape;
        first = first.take().or(shape);
        differs
    })
}

/// Builds the alias table of the weights.
pub(super) fn weighted(reader: &Reader, at: &Range<usize>, weights: &[u64]) -> Option<WeightedIndex> {
    let wrong = |message: String, help: &str| {
        reader.report(reader.diagnostic(at, message).help(help));
        None
    };
    if weights.iter().try_fold(0_u64, |sum, weight| sum.checked_add(*weight)).is_none() {
        let message = format!("the sum of the weights is more than {}", u64::MAX);
        return wrong(message, "write lower ones: what counts is how they relate to each other");
    }
    match WeightedIndex::weighted(weights) {
        Some(skew) => Some(skew),
        None => {
            wrong("all weights are 0: nothing would ever be drawn".to_owned(), "write at least one that is 1 or more")
        }
    }
}
