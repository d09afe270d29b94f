//! Describes a method: its inputs and failures, an example event, and which parts of the event vary.

use crate::{
    catalog::{Catalog, InputValue, Method, MethodId, Precondition},
    cli::{color, columns, list::effect},
    error::Error,
    plan::{Options, Plan},
};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

/// The number of events that are compared to find what varies.
const COMPARED: u64 = 24;

/// The whole description of a method.
pub(super) fn text(catalog: &Arc<Catalog>, id: MethodId) -> Result<String, Error> {
    let method = &catalog.methods[id];
    let mut text =
        format!("{} ({}): {} a {}\n", method.name, method.short, effect(method.does), catalog.kinds[method.kind].label);
    let asks: Vec<&str> = method
        .input
        .iter()
        .filter(|input| matches!(input.value, InputValue::Changes { .. }))
        .map(|input| input.name.as_str())
        .collect();
    if !asks.is_empty() {
        let _ = writeln!(text, "\n`with` may ask for {}", asks.join(", "));
    }
    let _ = write!(text, "\nfailures, the usual one first:\n{}", failures(catalog, method));
    if let Some(template) = &catalog.templates[id] {
        let _ = writeln!(text, "\ntemplate: {}\n{}", catalog.template_names[id], template.source().text.trim_end());
    }
    let examples = examples(catalog, &method.short)?;
    let mut varying = BTreeSet::new();
    for other in &examples[1..] {
        compare(&examples[0], other, "", &mut varying);
    }
    text.push_str("\ndiffers from event to event:\n");
    let mut rows = Vec::new();
    list(&examples[0], "", &varying, &mut rows);
    text.push_str(&columns(&rows, "  "));
    text.push_str("\nexample:\n");
    if color::on_stdout() {
        coloured(&examples[0], "", &varying, 0, &mut text);
        text.push('\n');
    } else {
        let _ = writeln!(text, "{:#}", examples[0]);
    }
    Ok(text)
}

fn failures(catalog: &Catalog, method: &Method) -> String {
    let row = |failure: &usize| {
        let failure = &catalog.failures[*failure];
        let when = match (failure.precondition, &failure.when) {
            (_, Some(when)) => format!("by itself when `{}` is lowered", when.input),
            (Precondition::Absent, _) => "where it does not exist".to_owned(),
            (Precondition::Live, _) => "where it exists".to_owned(),
            (Precondition::Any, _) => "anywhere".to_owned(),
        };
        vec![failure.name.clone(), failure.status.clone(), when, failure.detail.to_string()]
    };
    columns(&method.failures.iter().map(row).collect::<Vec<_>>(), "  ")
}

/// Successful events of a method: the first is the example, the others have other seeds.
fn examples(catalog: &Arc<Catalog>, short: &str) -> Result<Vec<Value>, Error> {
    let mut examples = Vec::new();
    for number in 0..COMPARED {
        let options = Options {
            scenarios: vec![short.to_owned()],
            seed: Some(7 + number),
            // Each starts at another second, so that times and values derived from them differ.
            from: Some(format!("2026-01-05T08:00:{:02}Z", number % 60)),
            ..Options::default()
        };
        let plan = Plan::with_catalog(catalog, &options)?;
        let body = plan.events().next().map(|event| event.body).unwrap_or_default();
        let value = serde_json::from_slice(&body);
        examples.push(value.map_err(|error| Error::failed(format!("the template gives no JSON: {error}")))?);
    }
    Ok(examples)
}

/// Collects the places where two events differ, as dotted paths.
fn compare(left: &Value, right: &Value, at: &str, found: &mut BTreeSet<String>) {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) if left.keys().eq(right.keys()) => {
            left.iter().for_each(|(key, value)| compare(value, &right[key], &below(at, key), found));
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right).enumerate();
            pairs.for_each(|(index, (left, right))| compare(left, right, &format!("{at}[{index}]"), found));
        }
        _ if left == right => {}
        _ => {
            found.insert(at.to_owned());
        }
    }
}

fn below(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

/// The varying places with their values, in the order of the event.
fn list(value: &Value, at: &str, varying: &BTreeSet<String>, rows: &mut Vec<Vec<String>>) {
    if varying.contains(at) {
        rows.push(vec![at.to_owned(), value.to_string()]);
        return;
    }
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| list(value, &below(at, key), varying, rows)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| list(item, &format!("{at}[{index}]"), varying, rows));
        }
        _ => {}
    }
}

const DIM: &str = "\u{1b}[2m";
const VARIES: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// The event, indented and coloured: dim keys, and varying values in a separate colour.
fn coloured(value: &Value, at: &str, varying: &BTreeSet<String>, depth: usize, out: &mut String) {
    let indent = |depth: usize| "  ".repeat(depth);
    match value {
        _ if varying.contains(at) => {
            let _ =
                write!(out, "{VARIES}{}{PLAIN}", format!("{value:#}").replace('\n', &format!("\n{}", indent(depth))));
        }
        Value::Object(map) if !map.is_empty() => {
            out.push_str("{\n");
            for (number, (key, value)) in map.iter().enumerate() {
                let comma = if number + 1 < map.len() { "," } else { "" };
                let _ = write!(out, "{}{DIM}{}:{PLAIN} ", indent(depth + 1), Value::from(key.as_str()));
                coloured(value, &below(at, key), varying, depth + 1, out);
                let _ = writeln!(out, "{comma}");
            }
            let _ = write!(out, "{}}}", indent(depth));
        }
        Value::Array(items) if !items.is_empty() => {
            out.push_str("[\n");
            for (index, item) in items.iter().enumerate() {
                out.push_str(&indent(depth + 1));
                coloured(item, &format!("{at}[{index}]"), varying, depth + 1, out);
                out.push_str(if index + 1 < items.len() { ",\n" } else { "\n" });
            }
            let _ = write!(out, "{}]", indent(depth));
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}
