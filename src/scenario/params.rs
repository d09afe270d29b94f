//! Parameters: `$name` where a value stands, replaced in the tree before anything is typed.
//!
//! So every key can take a parameter, and no reader knows about them.

use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{Field, Param, read};
use crate::{
    error::{Diagnostic, Source, did_you_mean, list_of, quoted},
    yaml::{Node, Reader, Spanned, Value, node_text},
};

/// A value for a parameter from outside of the file: `--set name=value`, or a mix's `with`.
#[derive(Debug, Clone)]
pub struct Override {
    /// Where it is written.
    pub source: Arc<Source>,
    /// The parameter's name, without `$`.
    pub name: Spanned<String>,
    /// Its value.
    pub value: Node,
}

impl Override {
    /// The overrides that a mix's `with` stands for.
    pub fn from_fields(source: &Arc<Source>, fields: &[Field]) -> Vec<Self> {
        fields
            .iter()
            .map(|field| Self { source: Arc::clone(source), name: field.name.clone(), value: field.value.clone() })
            .collect()
    }
}

/// The declared parameters with the values in force, the last override first.
pub(super) fn declared(reader: &Reader, node: Option<&Node>, overrides: &[Override]) -> Vec<Param> {
    let entries = node.and_then(|node| reader.entries(node, "`params`"));
    let mut params: Vec<Param> = entries
        .unwrap_or_default()
        .iter()
        .filter(|(name, _)| read::check_name(reader, name, "a parameter"))
        .filter_map(|(name, value)| {
            let value = default(reader, name, value)?;
            Some(Param { name: name.clone(), value })
        })
        .collect();
    for given in overrides {
        match params.iter_mut().find(|param| param.name.value == given.name.value) {
            Some(param) => apply(reader, param, given),
            // A declaration that is itself wrong is reported already.
            None if entries.is_some_and(|entries| entries.iter().any(|(name, _)| name.value == given.name.value)) => {}
            None => {
                let declared: Vec<&str> = params.iter().map(|param| param.name.value.as_str()).collect();
                reader.report(undeclared(reader.source(), given, &declared));
            }
        }
    }
    params
}

/// A copy of a tree in which `$name` is replaced everywhere, `$$` stands for a dollar, and the
/// top level's `params` and free keys are left out of it.
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
        let found = if read::is_name(name) {
            let message = format!("there is no parameter {}", quoted(text));
            let help = if self.values.is_empty() {
                format!("declare it: `params: {{ {name}: … }}`; a text that begins with a dollar is written `${text}`")
            } else {
                did_you_mean(name, sorted(self.values.keys().copied()))
            };
            let alone = self.alone(name);
            self.reader.mistake(&node.span, message).help(if alone.is_empty() { help } else { alone })
        } else {
            let message = format!("{} is not the name of a parameter", quoted(text));
            let braced = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).map(str::trim);
            let alone = match braced.filter(|name| read::is_name(name)) {
                Some(name) => format!("write `${name}`, without braces"),
                None => "a parameter stands alone, such as `$count`".to_owned(),
            };
            self.reader
                .mistake(&node.span, message)
                .help(alone)
                .help(format!("a text that begins with a dollar is written `${text}`"))
        };
        // Whatever takes its place, its type is not the mistake.
        self.reader.settle(found);
        node.clone()
    }
}

impl Replacer<'_> {
    /// For `$size-pool`, where there is a parameter `size`.
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

/// A value at the place where its parameter is used.
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
        let found = reader.mistake(&node.span, message);
        reader.report(found.help("write the value that it has if nobody sets it, or `null` for nothing"));
        return None;
    }
    Some(literal(reader, node))
}

/// The value of a parameter, which cannot be made of other parameters.
fn literal(reader: &Reader, node: &Node) -> Node {
    let value = match &node.value {
        Value::Text(text) if text.starts_with("$$") => Value::Text(text[1..].to_owned()),
        Value::Text(text) if text.starts_with('$') => {
            let message = "a parameter's value cannot be another parameter";
            let help = format!("a text that begins with a dollar is written `${text}`");
            reader.report(reader.mistake(&node.span, message).help(help));
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

/// Whether a value may stand where a parameter has another by default; the place where it stands has the last word.
fn may_replace(old: &Value, new: &Value) -> bool {
    let is_scalar = |value: &Value| !matches!(value, Value::List(_) | Value::Map(_));
    match (old, new) {
        // Nothing is a value for what may be nothing, and a text is whatever is written.
        (_, Value::Null) | (Value::Null | Value::Text(_), _) => is_scalar(old) && is_scalar(new),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => true,
        // So are `3` and `3..8`, `0.1` and `10%`.
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
