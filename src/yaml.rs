//! YAML as a tree that knows where everything stands, so that a reader can report all mistakes at once.
//!
//! Derived deserializers stop at their first error and forget places. The tree is built from the
//! parser's events (the parser that `serde-saphyr` rests on), because they tell byte offsets,
//! quotes and aliases, which a deserializer does not pass on. Aliases and merge keys are resolved
//! here; everything that could make a small file large or deep is bounded.

mod build;
mod load;
mod reader;
mod scalar;

use std::{ops::Range, sync::Arc};

pub use load::{LARGEST_FILE, load, load_standard_input};
pub use reader::{MapReader, Reader};
pub(crate) use scalar::is_yaml_1_1_boolean;
pub use scalar::{json, scalar_text, value_text};

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

    /// Another value from the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned::new(change(self.value), self.span)
    }
}

/// A value of a YAML document and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// Where it is used: for an alias the bytes of `*name`.
    pub span: Range<usize>,
    /// Where it is written, if it came by an alias or a merge key.
    pub defined: Option<Range<usize>>,
    /// Whether it is a text in quotes or a block text, which is never a number or `true`.
    pub quoted: bool,
}

/// What a YAML value is, by YAML 1.2's core rules.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`; `yes` and `on` are texts.
    Bool(bool),
    /// A whole number; wide enough for all of `u64` and `i64`.
    Int(i128),
    /// A number with a point or an exponent.
    Float(f64),
    /// Everything else that is not a collection.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file; keys are unique.
    Map(Vec<(Spanned<String>, Node)>),
}

/// Places are not part of what a document says.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Places are not part of what a document says.
impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// The value that a plain scalar stands for, such as the right side of `--set name=value`.
    pub fn scalar(text: &str, span: Range<usize>) -> Self {
        Self { value: scalar::plain(text), span, defined: None, quoted: false }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What stands there, for `found …` in a message: ``text `abc` ``, ``the number `5` ``, `a list`.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Int(value) => format!("the number `{value}`"),
            Value::Float(value) => format!("the number `{value}`"),
            Value::Text(text) if text.is_empty() => "an empty text".to_owned(),
            Value::Text(text) => format!("the text {}", quoted(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}

/// Reads the one document of a YAML text.
///
/// # Errors
/// Texts that are no YAML, hold nothing or more than one document, repeat a key, use tags, or
/// would grow beyond bounds through aliases.
pub fn parse(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    load::check_text(source)?;
    build::document(source)
}
