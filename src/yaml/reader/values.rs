//! Reads one value of a given type, or records a mistake with the found and the expected value.

use super::{super::Value, Node, Reader, Spanned};
use crate::{
    error::{did_you_mean, list_of, quoted},
    units::{self, CountRange, DurationRange, QuantityError, Rate},
};

/// In messages `what` is the subject: `` `count` `` or `a weight`.
impl Reader {
    /// A text; for a number, the help line says to quote it.
    pub(crate) fn text(&self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(self.spanned(node, text.clone())),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                let written = self.source().text.get(node.span.clone()).unwrap_or_default();
                let found = self.expected(node, what, "a text");
                let plain = !written.starts_with(['$', '*']) && !written.is_empty();
                self.report(found.help(if plain { format!("write \"{written}\"") } else { String::new() }));
                None
            }
            _ => self.wrong(node, what, "a text"),
        }
    }

    /// A boolean: `true` or `false`.
    pub(crate) fn bool(&self, node: &Node, what: &str) -> Option<Spanned<bool>> {
        match &node.value {
            Value::Bool(value) => Some(self.spanned(node, *value)),
            Value::Text(text) => {
                let meant = match text.to_lowercase().as_str() {
                    "yes" | "on" | "y" | "true" => "write `true`",
                    "no" | "off" | "n" | "false" => "write `false`",
                    _ => "",
                };
                self.report(self.expected(node, what, "`true` or `false`").help(meant));
                None
            }
            _ => self.wrong(node, what, "`true` or `false`"),
        }
    }

    /// An integer from 0.
    pub(crate) fn u64(&self, node: &Node, what: &str) -> Option<Spanned<u64>> {
        match &node.value {
            Value::Int(value) => match u64::try_from(*value) {
                Ok(value) => Some(self.spanned(node, value)),
                Err(_) if *value < 0 => self.wrong(node, what, "a whole number from 0"),
                Err(_) => self.wrong(node, what, &format!("a whole number up to {}", u64::MAX)),
            },
            Value::Text(text) => {
                let number = text.parse::<u64>().or_else(|_| text.replace(['_', ','], "").parse());
                let help = number.map(|number| format!("write `{number}`, without quotes"));
                self.report(self.expected(node, what, "a whole number").help(help.unwrap_or_default()));
                None
            }
            _ => self.wrong(node, what, "a whole number"),
        }
    }

    /// An integer, possibly negative.
    pub(crate) fn i64(&self, node: &Node, what: &str) -> Option<Spanned<i64>> {
        match &node.value {
            Value::Int(value) => match i64::try_from(*value) {
                Ok(value) => Some(self.spanned(node, value)),
                Err(_) => self.wrong(node, what, "a whole number of at most 63 bits"),
            },
            _ => self.wrong(node, what, "a whole number"),
        }
    }

    /// A number that is neither infinite nor `.nan`.
    pub(crate) fn f64(&self, node: &Node, what: &str) -> Option<Spanned<f64>> {
        match &node.value {
            Value::Int(value) => Some(self.spanned(node, *value as f64)),
            Value::Float(value) if value.is_finite() => Some(self.spanned(node, *value)),
            _ => self.wrong(node, what, "a number"),
        }
    }

    /// A duration such as `2s`, in nanoseconds.
    pub(crate) fn duration(&self, node: &Node, what: &str) -> Option<Spanned<u64>> {
        self.amount(node, what, "a duration such as `2s`", units::duration)
    }

    /// A rate such as `500/s`.
    pub(crate) fn rate(&self, node: &Node, what: &str) -> Option<Spanned<Rate>> {
        let wanted = "a rate such as `500/s`";
        if let Value::Int(_) | Value::Float(_) = node.value {
            let help = units::rate(&super::super::node_text(node)).err().map(|diagnostic| diagnostic.help);
            self.report(self.expected(node, what, wanted).help(help.unwrap_or_default()));
            return None;
        }
        self.amount(node, what, wanted, units::rate)
    }

    /// A duration or a range such as `1m..2m`.
    pub(crate) fn duration_range(&self, node: &Node, what: &str) -> Option<Spanned<DurationRange>> {
        let wanted = "a duration such as `2s` or `1m..2m`";
        self.amount(node, what, wanted, units::duration_range)
    }

    /// An integer or a range such as `3..8`.
    pub(crate) fn count_range(&self, node: &Node, what: &str) -> Option<Spanned<CountRange>> {
        let wanted = "a count such as `3` or `3..8`";
        if let Value::Int(value) = node.value
            && let Ok(value) = u64::try_from(value)
        {
            return Some(self.spanned(node, CountRange { low: value, high: value }));
        }
        match &node.value {
            Value::Text(text) => self.unit(node, what, units::count_range(text)),
            _ => self.wrong(node, what, wanted),
        }
    }

    /// One of the names in `known`, as its value.
    pub(crate) fn one_of<T: Copy>(&self, node: &Node, what: &str, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?.value;
        let names = || known.iter().map(|(name, _)| *name);
        let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let message = format!("{what} is one of {}, found {}", list_of(names()), quoted(&text));
            self.report(self.diagnostic(&node.span, message).help(did_you_mean(&text, names())));
        }
        found
    }

    /// The items of a list.
    pub(crate) fn list<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            Value::Map(_) => {
                let found = self.expected(node, what, "a list");
                self.report(found.help("write each item on a separate line, after `- `"));
                None
            }
            Value::Text(text) => {
                let word = |part: char| part.is_ascii_alphanumeric() || "-_./".contains(part);
                let found = self.expected(node, what, "a list");
                self.report(if text.chars().all(word) {
                    found.help(format!("write `[{text}]`"))
                } else {
                    found.help("write each item on a separate line, after `- `")
                });
                None
            }
            _ => self.wrong(node, what, "a list"),
        }
    }

    /// Records that a node is not `wanted`; always `None`, for use as a tail expression.
    pub(crate) fn wrong<T>(&self, node: &Node, what: &str, wanted: &str) -> Option<T> {
        self.report(self.expected(node, what, wanted));
        None
    }

    /// The diagnostic of [`Reader::wrong`], to add help to.
    pub(crate) fn expected(&self, node: &Node, what: &str, wanted: &str) -> crate::error::Diagnostic {
        let message = format!("{what} must be {wanted}, found {}{}", node.describe(), self.origin(node));
        self.diagnostic(&node.span, message)
    }

    fn amount<T>(
        &self,
        node: &Node,
        what: &str,
        wanted: &str,
        read: impl FnOnce(&str) -> Result<T, QuantityError>,
    ) -> Option<Spanned<T>> {
        match &node.value {
            Value::Text(text) => self.unit(node, what, read(text)),
            Value::Int(_) | Value::Float(_) => {
                let number = super::super::node_text(node);
                self.report(
                    self.expected(node, what, wanted)
                        .help(format!("write `{number}s` for seconds, or another unit: `ms`, `m`, `h`, `d`")),
                );
                None
            }
            _ => self.wrong(node, what, wanted),
        }
    }

    /// The value of a quantity that was parsed, or `None` after recording the mistake in it.
    pub(crate) fn unit<T>(&self, node: &Node, what: &str, read: Result<T, QuantityError>) -> Option<Spanned<T>> {
        match read {
            Ok(value) => Some(self.spanned(node, value)),
            Err(diagnostic) => {
                let message = format!("{what}: {}{}", diagnostic.message, self.origin(node));
                self.report(self.diagnostic(&node.span, message).help(diagnostic.help));
                None
            }
        }
    }

    /// The parameter that supplied a value, which is written elsewhere than at the place that is shown.
    fn origin(&self, node: &Node) -> String {
        let written = self.source().text.get(node.span.clone()).unwrap_or_default();
        let name = written.trim_matches(['"', '\'']);
        if name.starts_with('$') && !name.starts_with("$$") { format!(" (from `{name}`)") } else { String::new() }
    }

    #[expect(clippy::unused_self, reason = "reads as one of the reader's steps")]
    fn spanned<T>(&self, node: &Node, value: T) -> Spanned<T> {
        Spanned::new(value, node.span.clone())
    }
}
