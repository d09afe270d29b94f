//! YAML as a tree with positions, so that a reader can report all mistakes at once.
//!
//! Derived deserializers stop at the first error and drop positions. The tree is built from the events of the parser on
//! which `serde-saphyr` is based, because they carry byte offsets, quoting and aliases, which a deserializer discards.
//! Aliases and merge keys are resolved here, and everything that could make a small file large or deep is bounded.

mod build;
mod load;
mod reader;
mod scalar;

use std::{ops::Range, sync::Arc};

pub use load::{LARGEST_FILE, load, load_standard_input};
pub use reader::{MapReader, Reader};
pub(crate) use scalar::is_yaml_1_1_boolean;
pub use scalar::{json, node_text, scalar_text, value_text};

use crate::error::{Diagnostic, Source, quoted};

/// A value and the bytes of the source that it was read from.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Byte range in the source.
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// A value read from `span`.
    pub fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }

    /// Converts the value and keeps the span.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned::new(change(self.value), self.span)
    }
}

/// A value of a YAML document and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The place where it is used: for an alias the bytes of `*name`.
    pub span: Range<usize>,
    /// The place where it is defined, if it comes from an alias or a merge key.
    pub defined: Option<Range<usize>>,
    /// Whether it is a quoted or block scalar, which is never a number or `true`.
    pub quoted: bool,
    /// The literal spelling of a scalar that is not a text, such as `0x1F` for 31, for keys that want a text.
    pub written: Option<Arc<str>>,
    /// Whether the value was substituted for a parameter.
    pub is_given: bool,
}

/// A YAML value, by the core schema of YAML 1.2.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`; `yes` and `on` are texts.
    Bool(bool),
    /// An integer; wide enough for all of `u64` and `i64`.
    Int(i128),
    /// A number with a point or an exponent.
    Float(f64),
    /// Any other scalar.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file; keys are unique.
    Map(Vec<(Spanned<String>, Node)>),
}

/// Equality ignores positions.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Equality ignores positions.
impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// A text, a list, a map, or a computed value, at its place.
    pub fn new(value: Value, span: Range<usize>) -> Self {
        Self { value, span, defined: None, quoted: false, written: None, is_given: false }
    }

    /// The value of an unquoted scalar.
    pub fn scalar(text: &str, span: Range<usize>) -> Self {
        let value = scalar::plain(text);
        // The parser has a text for what is left out, too.
        let written = Some(text).filter(|_| !matches!(value, Value::Text(_)) && !span.is_empty());
        Self { written: written.map(Arc::from), ..Self::new(value, span) }
    }

    /// The value of `name=value` on the command line: as after `name: ` in a file, but always a scalar. In quotes it is
    /// the text between them, and nothing at all is an empty text.
    ///
    /// # Errors
    /// Quotes around a text that cannot be read, with what to write.
    pub fn argument(text: &str, span: Range<usize>) -> Result<Self, &'static str> {
        let value = match scalar::unquoted(text) {
            Some(unquoted) => unquoted?,
            None if text.is_empty() => String::new(),
            None => return Ok(Self::scalar(text, span)),
        };
        Ok(Self { quoted: true, ..Self::new(Value::Text(value), span) })
    }

    /// The scalar as a text: a text, or a number, a boolean or `null` as written.
    pub fn typed(&self) -> Option<&str> {
        self.as_text().or(self.written.as_deref())
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as words for `found …` in a message: ``text `abc` ``, ``the number `5` ``, `a list`.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Int(_) | Value::Float(_) => format!("the number `{}`", node_text(self)),
            Value::Text(text) if text.is_empty() => "an empty text".to_owned(),
            Value::Text(text) => format!("the text {}", quoted(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}

/// Parses a YAML text that contains one document.
///
/// # Errors
/// Text that is not YAML, contains no document or more than one, repeats a key, uses tags, or exceeds the bounds
/// through aliases.
pub fn parse(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    load::check_text(source)?;
    build::document(source)
}
