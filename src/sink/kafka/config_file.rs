//! Parser of configuration files with librdkafka properties, in the format that librdkafka's tools and kcat share.
//!
//! ```text
//! # a comment
//! bootstrap.servers = broker:9092
//! sasl.password = ${PASSWORD}
//! ```
//!
//! Such files contain secrets, so messages quote a line with every value replaced by `***`.

use std::ops::Range;

use super::brokers;
use super::names::{canonical, is_registry, refused};
use crate::error::{Diagnostic, Error, Source};

/// Replaces each value in messages.
const HIDDEN: &str = "***";

/// The properties in a file's text, in order: names as in librdkafka, values with their variables expanded. A name
/// without `=` is a mistake, and so is `${VAR}` if `variable` does not know it; `$${` stands for `${`.
///
/// # Errors
/// [`Error::Input`] with all mistakes, none of which shows a value.
pub fn read_properties(
    name: &str,
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, Error> {
    let mut reader = Reader { shown: String::new(), diagnostics: Vec::new(), variable };
    let mut properties = Vec::new();
    // The continuation lines of a Java client's long value are skipped, because its name is reported.
    let mut skips = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if skips || line.is_empty() || line.starts_with('#') {
            skips = skips && line.ends_with('\\');
            reader.shown.push('\n');
            continue;
        }
        let diagnostics = reader.diagnostics.len();
        let property = reader.property(line);
        reader.shown.push('\n');
        skips = reader.diagnostics.len() > diagnostics && line.ends_with('\\');
        properties.extend(property);
    }
    reader.finish(name)?;
    Ok(properties)
}

/// A mistake, and its place in the text that may be shown.
struct Unplaced {
    span: Range<usize>,
    message: String,
    help: String,
}

struct Reader<F> {
    /// The text without its values.
    shown: String,
    diagnostics: Vec<Unplaced>,
    variable: F,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// Parses `name = value`.
    fn property(&mut self, line: &str) -> Option<(String, String)> {
        let start = self.shown.len();
        let Some((name, value)) = line.split_once('=') else {
            // A name may be shown; anything else may be the second half of a secret.
            let word = line.split_whitespace().next().filter(|word| *word != line && is_name(word));
            self.shown.extend(word.map(|word| format!("{word} ")));
            self.shown.push_str(HIDDEN);
            let help = "a line is `name=value`, or a comment that begins with `#`";
            self.diagnostic(start, "this line has no `=`", help);
            return None;
        };
        let (name, value) = (name.trim(), value.trim());
        if !is_name(name) {
            self.shown.push_str(HIDDEN);
            self.diagnostic(start, "what stands before the `=` is not the name of a property", "write `linger.ms=5`");
            return None;
        }
        self.shown.push_str(name);
        if let Some(instead) = refused(name).filter(|_| !is_registry(name)) {
            self.diagnostic(start, format!("kafka property `{name}` cannot be set here"), instead);
        }
        self.shown.push('=');
        let value = self.value(value);
        if canonical(name) == "bootstrap.servers"
            && let Err((message, help)) = brokers::check(&value)
        {
            self.diagnostic(start, message, help);
        }
        Some((canonical(name).to_owned(), value))
    }

    /// Expands a value's variables.
    fn value(&mut self, value: &str) -> String {
        let mut out = String::new();
        let mut rest = value;
        while let Some(at) = rest.find("${") {
            if let Some(before) = rest[..at].strip_suffix('$') {
                self.take(&mut out, before);
                self.take(&mut out, "${");
                rest = &rest[at + 2..];
                continue;
            }
            self.take(&mut out, &rest[..at]);
            rest = &rest[at + 2..];
            let Some((name, after)) = rest.split_once('}').filter(|(name, _)| is_variable(name)) else {
                let start = self.shown.len();
                self.shown.push_str("${");
                let help = "write `${PASSWORD}`, or `$${` if no variable is meant";
                self.diagnostic(start, "no name of a variable and a `}` follow this `${`", help);
                break;
            };
            let start = self.shown.len();
            self.shown.extend(["${", name, "}"]);
            match (self.variable)(name) {
                Some(text) => out.push_str(&text),
                None => {
                    let help = format!("set it: `export {name}=…`; or write `$${{` if no variable is meant");
                    self.diagnostic(start, format!("the variable `{name}` is not set"), help);
                }
            }
            rest = after;
        }
        self.take(&mut out, rest);
        out
    }

    /// Appends text to `out` unchanged, and hides it in the text that may be shown.
    fn take(&mut self, out: &mut String, text: &str) {
        out.push_str(text);
        if !text.is_empty() && !self.shown.ends_with(HIDDEN) {
            self.shown.push_str(HIDDEN);
        }
    }

    /// Reports a mistake in the shown text from `start` on.
    fn diagnostic(&mut self, start: usize, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Unplaced { span: start..self.shown.len(), message: message.into(), help: help.into() });
    }

    fn finish(self, name: &str) -> Result<(), Error> {
        if self.diagnostics.is_empty() {
            return Ok(());
        }
        let source = Source::new(name, self.shown);
        let diagnostic =
            |diagnostic: Unplaced| Diagnostic::new(&source, diagnostic.span, diagnostic.message).help(diagnostic.help);
        Err(self.diagnostics.into_iter().map(diagnostic).collect::<Vec<_>>().into())
    }
}

/// Whether a text looks like the name of a property.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Whether a text can be the name of an environment variable.
fn is_variable(text: &str) -> bool {
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
