//! Substitution of parameters: replaces `$name` in the YAML tree, before the scenario is read from it.
//!
//! So every key can take a parameter, and the readers of the keys need no code for it.

use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{
    Field, Param,
    read_common::{check_name, is_name},
};
use crate::{
    error::{Diagnostic, Source, did_you_mean, list_of, quoted},
    yaml::{Node, Reader, Spanned, Value, node_text},
};

/// A value for a parameter or field, and where it is given: in the file, by `--set name=value`, or by `with` in a mix.
#[derive(Debug, Clone)]
pub struct Override {
    /// The text that contains it.
    pub source: Arc<Source>,
    /// The name of the parameter, without `$`, or of the field.
    pub name: Spanned<String>,
    /// Its value.
    pub value: Node,
}

impl Override {
    /// The values of a map in a file, such as `with` in a mix.
    pub fn from_fields(source: &Arc<Source>, fields: &[Field]) -> Vec<Self> {
        fields
            .iter()
            .map(|field| Self { source: Arc::clone(source), name: field.name.clone(), value: field.value.clone() })
            .collect()
    }
}

/// The declared parameters with their current values; the last override takes precedence.
pub(super) fn declared(reader: &Reader, node: Option<&Node>, overrides: &[Override]) -> Vec<Param> {
    let entries = node.and_then(|node| reader.entries(node, "`params`"));
    let mut params: Vec<Param> = entries
        .unwrap_or_default()
        .iter()
        .filter(|(name, _)| check_name(reader, name, "a parameter"))
        .filter_map(|(name, value)| {
            let value = default(reader, name, value)?;
            Some(Param { name: name.clone(), value })
        })
        .collect();
    for given in overrides {
        match params.iter_mut().find(|param| param.name.value == given.name.value) {
            Some(param) => apply(reader, param, given),
            // A declaration with a mistake was reported already.
            None if entries.is_some_and(|entries| entries.iter().any(|(name, _)| name.value == given.name.value)) => {}
            None => {
                let declared: Vec<&str> = params.iter().map(|param| param.name.value.as_str()).collect();
                reader.report(undeclared(reader.source(), given, &declared));
            }
        }
    }
    params
}

/// A copy of the tree in which each `$name` is replaced by its value and `$$` by `$`. The top level's `params` and `x-`
/// keys are copied unchanged.
pub(super) fn replace(reader: &Reader, root: &Node, params: &[Param]) -> Node {
    let replacer =
        Replacer { reader, values: params.iter().map(|param| (param.name.value.as_str(), &param.value)).collect() };
    let Value::Map(entries) = &root.value else {
        return root.clone();
    };
    let entries = entries
        .iter()
        .map(|(key, node)| {
            let is_free = key.value == "params" || key.value.starts_with("x-");
            let node = if is_free { node.clone() } else { replacer.node(node) };
            (key.clone(), node)
        })
        .collect();
    Node { value: Value::Map(entries), ..root.clone() }
}

struct Replacer<'a> {
    reader: &'a Reader,
    values: HashMap<&'a str, &'a Node>,
}

impl Replacer<'_> {
    fn node(&self, node: &Node) -> Node {
        let value = match &node.value {
            Value::Text(text) if text.starts_with('$') => return self.text(node, text),
            Value::List(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            Value::Map(entries) => {
                Value::Map(entries.iter().map(|(key, item)| (key.clone(), self.node(item))).collect())
            }
            other => other.clone(),
        };
        Node { value, ..node.clone() }
    }

    fn text(&self, node: &Node, text: &str) -> Node {
        if let Some(rest) = text.strip_prefix("$$") {
            return Node { value: Value::Text(format!("${rest}")), ..node.clone() };
        }
        let name = &text[1..];
        if let Some(value) = self.values.get(name) {
            return placed(value, &node.span);
        }
        let found = if is_name(name) {
            let message = format!("there is no parameter {}", quoted(text));
            let help = if self.values.is_empty() {
                format!("declare it: `params: {{ {name}: … }}`; a text that begins with a dollar is written `${text}`")
            } else {
                did_you_mean(name, sorted(self.values.keys().copied()))
            };
            let alone = self.alone(name);
            self.reader.diagnostic(&node.span, message).help(if alone.is_empty() { help } else { alone })
        } else {
            let message = format!("{} is not the name of a parameter", quoted(text));
            let braced = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).map(str::trim);
            let alone = match braced.filter(|name| is_name(name)) {
                Some(name) => format!("write `${name}`, without braces"),
                None => "a parameter stands alone, such as `$count`".to_owned(),
            };
            self.reader
                .diagnostic(&node.span, message)
                .help(alone)
                .help(format!("a text that begins with a dollar is written `${text}`"))
        };
        // Mark the node as settled, so that the type of its replacement is not reported as well.
        self.reader.settle(found);
        node.clone()
    }
}

impl Replacer<'_> {
    /// A remedy for `$size-pool` where a parameter `size` exists.
    fn alone(&self, name: &str) -> String {
        let begins = |known: &&str| name.strip_prefix(*known).is_some_and(|rest| rest.starts_with(['-', '_']));
        let known = sorted(self.values.keys().copied());
        known.into_iter().rfind(begins).map_or_else(String::new, |known| {
            format!("a parameter is a whole value: `${known}` cannot be a part of a longer text")
        })
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

/// The value with the span of the place where its parameter is used.
fn placed(node: &Node, span: &Range<usize>) -> Node {
    let value = match &node.value {
        Value::List(items) => Value::List(items.iter().map(|item| placed(item, span)).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, item)| (Spanned::new(key.value.clone(), span.clone()), placed(item, span)))
                .collect(),
        ),
        other => other.clone(),
    };
    Node { value, span: span.clone(), defined: Some(node.span.clone()), is_given: true, ..node.clone() }
}

fn default(reader: &Reader, name: &Spanned<String>, node: &Node) -> Option<Node> {
    if node.value == Value::Null && node.written.is_none() {
        let message = format!("the parameter {} has no value", quoted(&name.value));
        let found = reader.diagnostic(&node.span, message);
        reader.report(found.help("write the value that it has if nobody sets it, or `null` for nothing"));
        return None;
    }
    Some(literal(reader, node))
}

/// Checks the value of a parameter, which may not contain other parameters.
fn literal(reader: &Reader, node: &Node) -> Node {
    let value = match &node.value {
        Value::Text(text) if text.starts_with("$$") => Value::Text(text[1..].to_owned()),
        Value::Text(text) if text.starts_with('$') => {
            let message = "a parameter's value cannot be another parameter";
            let help = format!("a text that begins with a dollar is written `${text}`");
            reader.report(reader.diagnostic(&node.span, message).help(help));
            node.value.clone()
        }
        Value::List(items) => Value::List(items.iter().map(|item| literal(reader, item)).collect()),
        Value::Map(entries) => {
            Value::Map(entries.iter().map(|(key, item)| (key.clone(), literal(reader, item))).collect())
        }
        other => other.clone(),
    };
    Node { value, ..node.clone() }
}

fn apply(reader: &Reader, param: &mut Param, given: &Override) {
    if may_replace(&param.value.value, &given.value.value) {
        param.value = placed(&given.value, &param.value.span);
        return;
    }
    let message = format!("the parameter {} cannot be {}", quoted(&given.name.value), given.value.describe());
    let (line, _) = reader.source().position(param.name.span.start);
    reader.report(Diagnostic::new(&given.source, given.value.span.clone(), message).help(format!(
        "write a value such as `{}`, its default in `{}`, line {line}",
        node_text(&param.value),
        reader.source().name
    )));
}

/// Whether an override may have a type other than that of the default. The key that uses the parameter checks it again.
fn may_replace(old: &Value, new: &Value) -> bool {
    let is_scalar = |value: &Value| !matches!(value, Value::List(_) | Value::Map(_));
    match (old, new) {
        // Null may replace any scalar and any scalar may replace null; a text may hold any scalar as written.
        (_, Value::Null) | (Value::Null | Value::Text(_), _) => is_scalar(old) && is_scalar(new),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => true,
        // A number may be replaced by a range (`3..8`) or a percentage (`10%`).
        (Value::Int(_) | Value::Float(_), Value::Text(text)) => {
            text.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        }
        _ => std::mem::discriminant(old) == std::mem::discriminant(new),
    }
}

fn undeclared(source: &Arc<Source>, given: &Override, declared: &[&str]) -> Diagnostic {
    let message = format!("`{}` has no parameter {}", source.name, quoted(&given.name.value));
    let found = Diagnostic::new(&given.source, given.name.span.clone(), message);
    if declared.is_empty() {
        return found.help("it declares none; write `params:` in it");
    }
    let names = declared.iter().copied();
    if crate::error::nearest(&given.name.value, names.clone()).is_some() {
        return found.help(did_you_mean(&given.name.value, names));
    }
    found.help(format!("it declares {}", list_of(names)))
}
