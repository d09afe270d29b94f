//! The types of a template's names, and the values that a program takes from outside.

use std::collections::BTreeMap;

/// The type of a name in a template. The catalog makes one `Shape::Object` for each method.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shape {
    /// a string of characters
    Text,
    /// a whole number
    Integer,
    /// `true` or `false`
    Boolean,
    /// the value may be null instead
    Nullable(Box<Shape>),
    /// named members; a template writes out the ones it wants
    Object(BTreeMap<String, Shape>),
    /// any number of items of one shape; a template iterates over it with `$map`
    List(Box<Shape>),
}

impl Shape {
    /// The type with its article, for messages.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "an integer",
            Self::Boolean => "a boolean",
            Self::Nullable(_) => "nullable",
            Self::Object(_) => "an object",
            Self::List(_) => "a list",
        }
    }

    /// The type without nullability.
    pub(super) fn not_null(&self) -> &Self {
        match self {
            Self::Nullable(inner) => inner.not_null(),
            other => other,
        }
    }

    /// Whether a constant is of this type.
    pub(super) fn fits(&self, constant: &Constant) -> bool {
        match (self, constant) {
            (Self::Nullable(inner), constant) => *constant == Constant::Null || inner.fits(constant),
            (Self::Text, Constant::Text(_))
            | (Self::Integer, Constant::Integer(_))
            | (Self::Boolean, Constant::Boolean(_)) => true,
            _ => false,
        }
    }
}

/// A value that is known when the template is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// no value
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// a whole number that 64 bits hold, with a sign or without
    Integer(i128),
    /// a string of characters, not escaped
    Text(String),
}

/// A value that the caller supplies for each event, see [`Slots`](super::Slots).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Path from the context's root, or from the item for a slot of a list. Empty: the item itself.
    pub path: Vec<String>,
    /// Type of the value.
    ///
    /// A slot that is a nullable object (or list) only carries its presence: the value is `{}` (or `[]`) if it is
    /// present, and null otherwise. A slot below an object that is null is not read; pass null.
    pub shape: Shape,
}

/// A list that a template iterates over with `$map`, or tests for emptiness.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListSlot {
    /// Path of the list from the context's root. A list below an object that is null has no items.
    pub path: Vec<String>,
    /// Slots of each item. May be empty: then only the number of items matters.
    pub slots: Vec<Slot>,
}
