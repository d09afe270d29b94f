//! Comparison of an event with the body that a record has for it: form, additions, values.

use super::{
    encoded::inner,
    json::{Json, Node, parse},
    times,
};
use std::{borrow::Cow, fmt::Write};

/// The members of an object.
type Members<'a> = [(Cow<'a, str>, Node<'a>)];

/// Classes of differences in form: the same values, written otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forms(u16);

impl Forms {
    pub(super) const KEYS: Forms = Forms(1);
    pub(super) const ESCAPES: Forms = Forms(1 << 1);
    pub(super) const TIME_DIGITS: Forms = Forms(1 << 2);
    pub(super) const TIME_FORM: Forms = Forms(1 << 3);
    pub(super) const DOUBLES: Forms = Forms(1 << 4);
    pub(super) const TEXTS: Forms = Forms(1 << 5);
    pub(super) const NULLS: Forms = Forms(1 << 6);
    pub(super) const EMPTY: Forms = Forms(1 << 7);
    pub(super) const RENAMED: Forms = Forms(1 << 8);
    pub(super) const FLATTENED: Forms = Forms(1 << 9);
    pub(super) const APART: Forms = Forms(1 << 10);
    pub(super) const GONE: Forms = Forms(1 << 11);

    /// All classes in order: key of the summary, and what people read.
    pub const NAMES: [(&'static str, &'static str); 12] = [
        ("keys", "order or spacing of keys"),
        ("escapes", "`\\/` and other escapes"),
        ("time-digits", "times with fewer digits"),
        ("time-form", "times with another separator or zone"),
        ("integer-as-double", "integers as doubles"),
        ("value-as-text", "numbers or booleans as text"),
        ("null-dropped", "null dropped"),
        ("empty-dropped", "`{}` or `[]` dropped"),
        ("key-renamed", "keys renamed"),
        ("flattened", "flattened"),
        ("envelope-apart", "envelope apart from the data"),
        ("envelope-gone", "envelope gone"),
    ];

    pub(super) fn add(&mut self, others: Forms) {
        self.0 |= others.0;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, others: Forms) -> bool {
        self.0 & others.0 == others.0
    }

    /// The numbers of the classes in it.
    pub(super) fn numbers(self) -> impl Iterator<Item = usize> {
        (0..Self::NAMES.len()).filter(move |number| self.0 >> number & 1 == 1)
    }
}

/// A value that is not as it was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Keys with points between them; `[]` stands for any item of a list.
    pub path: String,
    pub expected: String,
    /// `None` if it is gone.
    pub found: Option<String>,
}

/// The result of a comparison.
#[derive(Debug, Clone, Default)]
pub(super) struct Comparison {
    pub forms: Forms,
    /// Whether there are more fields than the event has.
    pub added: bool,
    pub changes: Vec<Change>,
    /// Scalars of the event that the record has, changed or not.
    pub present: usize,
}

/// Characters of a value in a message.
const SHOWN: usize = 80;

/// How flattening joins keys.
const SEPARATORS: [&str; 4] = [".", "_", "/", "__"];

/// Compares the value of an event with what a record has in its place. With a prefix the record's object is a flat one,
/// whose keys all begin so.
pub(super) fn compare(expected: &Node<'_>, found: &Node<'_>, prefix: &str) -> Comparison {
    let mut comparing =
        Comparing { comparison: Comparison::default(), path: Vec::new(), missing: Vec::new(), unused: Vec::new() };
    match (&expected.value, &found.value) {
        (Json::Object(expected), Json::Object(found)) => comparing.objects(expected, found, prefix),
        _ => comparing.value(expected, found),
    }
    comparing.finish()
}

/// How many scalars a value has.
pub(super) fn scalars(node: &Node<'_>) -> usize {
    match &node.value {
        Json::List(items) => items.iter().map(scalars).sum(),
        Json::Object(members) => members.iter().map(|(_, member)| scalars(member)).sum(),
        // Values that may be dropped as empty say nothing about whether a body is there.
        Json::Null => 0,
        Json::Text(text) if text.is_empty() => 0,
        _ => 1,
    }
}

struct Comparing<'e, 'f> {
    comparison: Comparison,
    path: Vec<&'e str>,
    /// Values of the event that were not found under their names.
    missing: Vec<(Vec<&'e str>, &'e Node<'e>)>,
    /// Members of the record that no value of the event has asked for.
    unused: Vec<&'f Node<'f>>,
}

impl<'e, 'f> Comparing<'e, 'f> {
    fn objects(&mut self, expected: &'e Members<'e>, found: &'f Members<'f>, prefix: &str) {
        let has_same_keys = expected.len() == found.len()
            && prefix.is_empty()
            && expected.iter().zip(found).all(|((one, _), (other, _))| one == other);
        if has_same_keys {
            return expected.iter().zip(found).for_each(|((key, value), (_, found))| {
                self.path.push(key);
                self.value(value, found);
                self.path.pop();
            });
        }
        let mut used = vec![false; found.len()];
        if !prefix.is_empty() {
            self.comparison.forms.add(Forms::FLATTENED);
        }
        self.members(expected, found, &mut used, prefix);
        for ((key, node), _) in found.iter().zip(used).filter(|((key, _), used)| !used && key.starts_with(prefix)) {
            // Of a key that is there twice most readers take the last value, and none takes both.
            let name = &key[prefix.len()..];
            match expected.iter().find(|(expected, _)| expected == name) {
                Some((name, value)) => {
                    self.path.push(name);
                    self.value(value, node);
                    self.path.pop();
                }
                None => self.unused.push(node),
            }
        }
    }

    fn members(&mut self, expected: &'e Members<'e>, found: &'f Members<'f>, used: &mut [bool], prefix: &str) {
        let mut next = 0;
        for (key, value) in expected {
            self.path.push(key);
            if let Some(at) = position(found, prefix, key, next) {
                used[at] = true;
                if at < next && prefix.is_empty() {
                    self.comparison.forms.add(Forms::KEYS);
                }
                next = at + 1;
                self.value(value, &found[at].1);
            } else if !self.flattened(value, found, used, &format!("{prefix}{key}")) {
                self.gone(value);
            }
            self.path.pop();
        }
    }

    /// Looks for the members of a value as members of a flat object; false if there are none.
    fn flattened(&mut self, value: &'e Node<'e>, found: &'f Members<'f>, used: &mut [bool], name: &str) -> bool {
        let separator = SEPARATORS.iter().find(|separator| {
            let begins = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with(**separator));
            found.iter().any(|(key, _)| begins(key))
        });
        let Some(separator) = separator else { return false };
        let prefix = format!("{name}{separator}");
        match &value.value {
            Json::Object(members) if !members.is_empty() => self.members(members, found, used, &prefix),
            Json::List(items) if !items.is_empty() => {
                for (number, item) in items.iter().enumerate() {
                    self.path.push("[]");
                    let number = number.to_string();
                    if let Some(at) = position(found, &prefix, &number, 0) {
                        used[at] = true;
                        self.value(item, &found[at].1);
                    } else if !self.flattened(item, found, used, &format!("{prefix}{number}")) {
                        self.gone(item);
                    }
                    self.path.pop();
                }
            }
            _ => return false,
        }
        self.comparison.forms.add(Forms::FLATTENED);
        true
    }

    fn value(&mut self, expected: &'e Node<'e>, found: &'f Node<'f>) {
        match (&expected.value, &found.value) {
            (Json::Object(of), Json::Object(members)) => self.objects(of, members, ""),
            (Json::List(of), Json::List(items)) if of.len() == items.len() => {
                self.path.push("[]");
                of.iter().zip(items).for_each(|(of, item)| self.value(of, item));
                self.path.pop();
            }
            (Json::Object(_) | Json::List(_), Json::Text(text)) => self.as_text(expected, found, text),
            (Json::Object(_) | Json::List(_), Json::Null) => self.gone(expected),
            (Json::Object(_) | Json::List(_), _) => self.altered(expected, found),
            (Json::Text(text), Json::Null) if text.is_empty() => self.gone(expected),
            _ => self.scalar(expected, found),
        }
    }

    /// A list or object that a record has as text.
    fn as_text(&mut self, expected: &'e Node<'e>, found: &Node<'_>, text: &str) {
        let text = inner(text);
        let Some(Ok(parsed)) = text.as_deref().map(parse) else { return self.altered(expected, found) };
        if !matches!(parsed.value, Json::Object(_) | Json::List(_)) {
            return self.altered(expected, found);
        }
        let inner = compare(expected, &parsed, "");
        self.comparison.forms.add(inner.forms);
        self.comparison.forms.add(Forms::FLATTENED);
        self.comparison.added |= inner.added;
        self.comparison.present += inner.present;
        let place = self.place();
        let joined = |path: String| match (place.as_str(), path.as_str()) {
            ("", _) => path,
            (_, "") => place.clone(),
            _ => format!("{place}.{path}"),
        };
        let changes = inner.changes.into_iter().map(|change| Change { path: joined(change.path), ..change });
        self.comparison.changes.extend(changes);
    }

    fn scalar(&mut self, expected: &Node<'_>, found: &Node<'_>) {
        match same_scalar(expected, found) {
            Some(forms) => self.comparison.forms.add(forms),
            None => return self.altered(expected, found),
        }
        self.comparison.present += scalars(expected);
    }

    fn altered(&mut self, expected: &Node<'_>, found: &Node<'_>) {
        self.comparison.present += scalars(expected);
        let change = Change { path: self.place(), expected: shown(expected), found: Some(shown(found)) };
        self.comparison.changes.push(change);
    }

    /// A value that the record does not have under its name.
    fn gone(&mut self, expected: &'e Node<'e>) {
        match &expected.value {
            Json::Null => self.comparison.forms.add(Forms::NULLS),
            Json::Text(text) if text.is_empty() => self.comparison.forms.add(Forms::NULLS),
            Json::List(items) if items.is_empty() => self.comparison.forms.add(Forms::EMPTY),
            Json::Object(members) if members.is_empty() => self.comparison.forms.add(Forms::EMPTY),
            // An object of nothing but such values goes with them.
            _ if scalars(expected) == 0 => self.comparison.forms.add(Forms::EMPTY),
            _ => self.missing.push((self.path.clone(), expected)),
        }
    }

    fn place(&self) -> String {
        place(&self.path)
    }

    /// Looks for missing values under other names; the rest is gone, or was added.
    fn finish(mut self) -> Comparison {
        for (path, expected) in std::mem::take(&mut self.missing) {
            match self.unused.iter().position(|found| is_renamed(expected, found)) {
                Some(at) => {
                    let found = self.unused.swap_remove(at);
                    self.comparison.forms.add(Forms::RENAMED);
                    self.comparison.present += scalars(expected);
                    self.comparison.forms.add(same_scalar(expected, found).unwrap_or_default());
                }
                None => {
                    let change = Change { path: place(&path), expected: shown(expected), found: None };
                    self.comparison.changes.push(change);
                }
            }
        }
        self.comparison.added |= !self.unused.is_empty();
        self.comparison
    }
}

fn place(path: &[&str]) -> String {
    let mut text = String::new();
    for key in path {
        let _ = write!(text, "{}{key}", if text.is_empty() || *key == "[]" { "" } else { "." });
    }
    text
}

/// Whether a value is another one under another name: texts that are long enough to say so, times, and objects.
fn is_renamed(expected: &Node<'_>, found: &Node<'_>) -> bool {
    match (&expected.value, &found.value) {
        (Json::Text(text), Json::Text(_) | Json::Number(_)) => {
            text.len() >= 8 && same_scalar(expected, found).is_some()
        }
        (Json::Object(_) | Json::List(_), Json::Object(_) | Json::List(_) | Json::Text(_)) => {
            let comparison = compare(expected, found, "");
            comparison.changes.is_empty() && comparison.present >= 2
        }
        _ => false,
    }
}

/// The forms in which two scalars of the same value differ; `None` if their values differ.
pub(super) fn same_scalar(expected: &Node<'_>, found: &Node<'_>) -> Option<Forms> {
    match (&expected.value, &found.value) {
        (Json::Null, Json::Null) => Some(Forms::default()),
        (Json::Bool(one), Json::Bool(other)) => (one == other).then_some(Forms::default()),
        (Json::Bool(_), Json::Text(text)) => {
            let expected = expected.scalar()?;
            text.eq_ignore_ascii_case(&expected).then_some(Forms::TEXTS)
        }
        (Json::Number(one), Json::Number(other)) => same_number(one, other),
        (Json::Number(one), Json::Text(other)) => {
            let mut forms = same_number(one, other)?;
            forms.add(Forms::TEXTS);
            Some(forms)
        }
        (Json::Null, Json::Text(text)) => matches!(&**text, "" | "null").then_some(Forms::TEXTS),
        (Json::Text(one), Json::Text(other)) if one == other => {
            let is_escaped = !expected.raw.is_empty() && !found.raw.is_empty() && expected.raw != found.raw;
            Some(if is_escaped { Forms::ESCAPES } else { Forms::default() })
        }
        (Json::Text(one), Json::Text(other) | Json::Number(other)) => {
            let differs = times::same(one, other)?;
            let mut forms = Forms::default();
            if differs.digits {
                forms.add(Forms::TIME_DIGITS);
            }
            if differs.form {
                forms.add(Forms::TIME_FORM);
            }
            Some(forms)
        }
        _ => None,
    }
}

/// Numbers are the same if their values are, exactly: a double that has lost digits is another number.
fn same_number(expected: &str, found: &str) -> Option<Forms> {
    if expected == found {
        return Some(Forms::default());
    }
    let number: f64 = found.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
    match expected.parse::<i128>() {
        Ok(expected) => {
            let is_same = match found.parse::<i128>() {
                Ok(found) => found == expected,
                Err(_) => number.fract() == 0.0 && number.abs() < 1e30 && number as i128 == expected,
            };
            is_same.then_some(Forms::DOUBLES)
        }
        Err(_) => {
            let expected: f64 = expected.parse().ok()?;
            (expected.to_bits() == number.to_bits()).then_some(Forms::DOUBLES)
        }
    }
}

fn position(found: &Members<'_>, prefix: &str, key: &str, from: usize) -> Option<usize> {
    let is_it = |at: &usize| found[*at].0.strip_prefix(prefix) == Some(key);
    // Mostly the order is kept.
    (from..found.len()).find(is_it).or_else(|| (0..from.min(found.len())).find(is_it))
}

/// A value for a message.
fn shown(node: &Node<'_>) -> String {
    let text = match &node.value {
        Json::Text(text) => text.clone().into_owned(),
        Json::List(_) | Json::Object(_) if node.raw.is_empty() => "…".to_owned(),
        Json::List(_) | Json::Object(_) => String::from_utf8_lossy(node.raw).into_owned(),
        _ => node.scalar().unwrap_or_default().into_owned(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
