//! The tree that a YAML text is parsed to: values with their places.

use std::{ops::Range, sync::Arc};

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
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
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
    pub(crate) quoted: bool,
    /// The literal spelling of a scalar that is not a text, such as `0x1F` for 31, for keys that want a text.
    pub(crate) written: Option<Arc<str>>,
    /// Whether the value was substituted for a parameter.
    pub(crate) is_given: bool,
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
    pub(crate) fn new(value: Value, span: Range<usize>) -> Self {
        Self { value, span, defined: None, quoted: false, written: None, is_given: false }
    }

    /// The scalar as a text: a text, or a number, a boolean or `null` as written.
    pub(crate) fn typed(&self) -> Option<&str> {
        self.as_text().or(self.written.as_deref())
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}
