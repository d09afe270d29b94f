//! Whether everything that a template can write is a `CloudEvent`: an object with the attributes that receivers need,
//! under names that they take, and with data.
//!
//! Decided from the checked template, over all its branches, so that a rare event is found as well as a usual one.
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes>

use super::{
    Template,
    check::{self, Checked, TextPart},
    parse::{self, Json, Kind, Member},
};
use crate::{
    error::{Diagnostic, Source, list_of},
    template::shape::{Constant, Shape},
};
use chrono::DateTime;
use std::{ops::Range, sync::Arc};

/// Attributes that every event has, and an example of each.
const REQUIRED: [(&str, &str); 4] =
    [("specversion", "1.0"), ("id", "${event.id}"), ("source", "//audit.example.com"), ("type", "com.example.audit")];

/// Attributes that are texts if an event has them.
const TEXTS: [&str; 8] = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"];

/// A value that a member may have.
enum Leaf {
    /// No value: the member is left out, or null, which means the same of an attribute.
    Absent { null: bool },
    /// A text, if it is known.
    Text(Option<String>),
    /// A whole number or a boolean.
    Plain,
    /// A list, an object, or a number that is not whole.
    Other,
}

impl Template {
    /// Mistakes that keep the template's events from being valid `CloudEvents`; empty if all events are valid.
    /// Constants are as for [`Template::compile`].
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub(crate) fn envelope(
        &self,
        shape: &Shape,
        constants: &[(&str, Constant)],
    ) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let checked = check::check(&self.source, &self.root, shape, constants)?;
        let json = parse::parse(&self.source, "template")?;
        let mut faults = Faults { source: &self.source, json: &json, found: Vec::new() };
        faults.document(&checked);
        Ok(faults.found)
    }
}

struct Faults<'a> {
    source: &'a Arc<Source>,
    json: &'a Json,
    found: Vec<Diagnostic>,
}

impl Faults<'_> {
    fn document(&mut self, checked: &Checked) {
        match checked {
            Checked::If { then, otherwise, .. } => {
                self.document(then);
                self.document(otherwise);
            }
            Checked::Object(members) => self.object(members),
            _ => self.add(None, "the event is no object".to_owned(), "write the event as `{ … }`, with its attributes"),
        }
    }

    fn object(&mut self, members: &[(&str, Checked)]) {
        let leaves = |name: &str| {
            let mut all = Vec::new();
            match members.iter().find(|(key, _)| *key == name) {
                Some((_, value)) => collect(value, &mut all),
                None => all.push(Leaf::Absent { null: false }),
            }
            all
        };
        let mut missing = Vec::new();
        for (name, example) in REQUIRED {
            let leaves = leaves(name);
            match leaves.iter().filter(|leaf| matches!(leaf, Leaf::Absent { .. })).count() {
                0 => {}
                absent if absent == leaves.len() => missing.push((name, example)),
                _ => {
                    let help = format!("write one in each branch, such as `\"{name}\": \"{example}\"`");
                    self.add(Some(name), format!("the event may have no `{name}`"), &help);
                }
            }
        }
        // Attributes missing at one place are a single mistake.
        if !missing.is_empty() {
            let names = list_of(missing.iter().map(|(name, _)| *name));
            let members = missing.iter().map(|(name, example)| format!("\"{name}\": \"{example}\""));
            let help = format!("add `{}`", members.collect::<Vec<_>>().join(", "));
            self.add(None, format!("the event has no {names}"), &help);
        }
        for (name, _) in members {
            if !matches!(*name, "data" | "data_base64") {
                self.attribute(name, &leaves(name));
            }
        }
        self.data(&leaves("data"), &leaves("data_base64"));
    }

    fn attribute(&mut self, name: &str, leaves: &[Leaf]) {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if name.is_empty() || !name.bytes().all(is_letter) {
            let letters: String =
                name.to_ascii_lowercase().bytes().filter(|byte| is_letter(*byte)).map(char::from).collect();
            let instead = if letters.is_empty() { String::new() } else { format!(", such as `{letters}`") };
            let help = format!("write the name in small letters and digits{instead}, or put the value into `data`");
            self.add(Some(name), format!("`{name}` cannot be the name of an attribute"), &help);
            return;
        }
        for leaf in leaves {
            let fault = match leaf {
                Leaf::Other => Some("is neither a text nor a whole number, `true` or `false`".to_owned()),
                Leaf::Plain if TEXTS.contains(&name) => Some("is no text".to_owned()),
                Leaf::Absent { .. } | Leaf::Plain | Leaf::Text(None) => None,
                Leaf::Text(Some(text)) => text_fault(name, text),
            };
            if let Some(fault) = fault {
                let help = "an attribute is a text, a whole number, `true` or `false`; all else belongs into `data`";
                self.add(Some(name), format!("`{name}` {fault}"), help);
                return;
            }
        }
    }

    fn data(&mut self, data: &[Leaf], encoded: &[Leaf]) {
        let absent =
            |leaves: &[Leaf]| leaves.iter().filter(|leaf| matches!(leaf, Leaf::Absent { null: false })).count();
        let (without, without_encoded) = (absent(data), absent(encoded));
        if without_encoded == encoded.len() {
            if without > 0 {
                let key = Some("data").filter(|_| without < data.len());
                let help =
                    "add `\"data\": …`, `null` if there is nothing to say: a record without a value deletes its key";
                self.add(key, format!("the event {} `data`", lacks(without, data.len())), help);
            }
            return;
        }
        if without == data.len() && without_encoded > 0 {
            self.add(Some("data_base64"), "the event may have no data".to_owned(), "give the outer `$if` an `else`");
            return;
        }
        if without < data.len() {
            self.add(Some("data_base64"), "the event has both `data` and `data_base64`".to_owned(), "leave one out");
            return;
        }
        let wrong = encoded.iter().any(|leaf| !matches!(leaf, Leaf::Text(Some(text)) if is_base64(text)));
        if wrong {
            let help = "write base64 with its padding, always the same, or write the value as `data`";
            self.add(Some("data_base64"), "`data_base64` is not base64".to_owned(), help);
        }
    }

    fn add(&mut self, key: Option<&str>, message: String, help: &str) {
        let span =
            key.and_then(|key| key_span(self.json, key)).unwrap_or(self.json.span.start..self.json.span.start + 1);
        if self.found.iter().all(|known| known.span != span || known.message != message) {
            self.found.push(Diagnostic::new(self.source, span, message).help(help));
        }
    }
}

fn lacks(absent: usize, of: usize) -> &'static str {
    if absent == of { "has no" } else { "may have no" }
}

/// The mistake in a constant attribute, if there is one.
fn text_fault(name: &str, text: &str) -> Option<String> {
    match name {
        "specversion" => (text != "1.0").then(|| format!("is `{text}`, and `1.0` is the version that receivers know")),
        "time" => {
            DateTime::parse_from_rfc3339(text).err().map(|_| format!("is `{text}`, which is no time in RFC 3339"))
        }
        _ => (text.is_empty() && TEXTS.contains(&name)).then(|| "is empty".to_owned()),
    }
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// All values that a member may have.
fn collect(checked: &Checked, leaves: &mut Vec<Leaf>) {
    match checked {
        Checked::If { then, otherwise, .. } => {
            collect(then, leaves);
            collect(otherwise, leaves);
        }
        Checked::Deleted => leaves.push(Leaf::Absent { null: false }),
        Checked::Literal(json) => leaves.push(match serde_json::from_str(json) {
            Ok(serde_json::Value::Null) => Leaf::Absent { null: true },
            Ok(serde_json::Value::Bool(_)) => Leaf::Plain,
            Ok(serde_json::Value::Number(number)) if number.is_i64() || number.is_u64() => Leaf::Plain,
            Ok(serde_json::Value::String(text)) => Leaf::Text(Some(text)),
            _ => Leaf::Other,
        }),
        Checked::Text(parts) => leaves.push(Leaf::Text(known_text(parts))),
        Checked::TextOrNull(_) => leaves.extend([Leaf::Text(None), Leaf::Absent { null: true }]),
        Checked::Bare(reference) => {
            leaves.push(Leaf::Plain);
            if matches!(reference.shape, Shape::Nullable(_)) {
                leaves.push(Leaf::Absent { null: true });
            }
        }
        Checked::Index => leaves.push(Leaf::Plain),
        Checked::Array(_) | Checked::Object(_) | Checked::Map(..) => leaves.push(Leaf::Other),
    }
}

fn known_text(parts: &[TextPart]) -> Option<String> {
    let mut escaped = vec![b'"'];
    for part in parts {
        match part {
            TextPart::Literal(literal) => escaped.extend_from_slice(literal),
            _ => return None,
        }
    }
    escaped.push(b'"');
    serde_json::from_slice(&escaped).ok()
}

/// Where a member of the document is named, in the first branch that has it.
fn key_span(json: &Json, wanted: &str) -> Option<Range<usize>> {
    let Kind::Object(members) = &json.kind else { return None };
    let branch = |member: &&Member| matches!(member.key.as_str(), "then" | "else");
    if members.iter().any(|member| member.key == "$if") {
        return members.iter().filter(branch).find_map(|member| key_span(&member.value, wanted));
    }
    let written = |member: &&Member| member.key == wanted || member.key.strip_prefix('$') == Some(wanted);
    members.iter().find(written).map(|member| member.key_span.clone())
}
