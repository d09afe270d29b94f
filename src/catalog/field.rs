//! What resources have, and where each value comes from.

use super::{FieldId, KindId, Text};
use crate::{
    template::Shape,
    value::{Clock, Pattern, WeightedIndex},
    yaml::{Node, Value},
};
use std::fmt;

/// A value that stands in a file as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// No value.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number that 64 bits hold, with a sign or without: [`Scalar::LEAST`] to [`Scalar::MOST`].
    Integer(i128),
    /// A text.
    Text(String),
}

/// One field of a kind.
#[derive(Debug)]
pub struct Field {
    /// Name in templates and scenarios.
    pub name: String,
    /// Where its value comes from.
    pub generator: Generator,
    /// What a value that a scenario gives must look like.
    pub matches: Option<regex_lite::Regex>,
}

/// Where a field's value comes from.
#[derive(Debug)]
pub enum Generator {
    /// Characters drawn by the entity's identity; `unique` ones never repeat in a run.
    Pattern {
        /// What it looks like.
        pattern: Pattern,
        /// Whether it identifies.
        unique: bool,
    },
    /// Put together from other fields.
    Text(Text),
    /// One of several texts, by the value of another field.
    By {
        /// The field that decides: one with choices.
        field: FieldId,
        /// A text for each of its choices.
        cases: Vec<Text>,
    },
    /// One of several values.
    Choose {
        /// The values, in the order in which `next` goes through them.
        choices: Vec<Scalar>,
        /// How often each is drawn.
        weights: WeightedIndex,
        /// The weights as written.
        counts: Vec<u64>,
    },
    /// When the resource was made or changed, with six digits of a second.
    Time(Moment),
    /// A text with the time in it at which the resource was made.
    Clock {
        /// The text.
        clock: Clock,
        /// The kind within which it is given out only once.
        unique_in: Option<KindId>,
    },
    /// A text that depends on the resource's age.
    Stage {
        /// Until it is ready.
        young: Vec<u8>,
        /// From then on.
        ready: Vec<u8>,
    },
    /// A number that grows with the resource's age, from 0 when it becomes ready up to another field.
    Ramp {
        /// The field that bounds it.
        up_to: FieldId,
        /// Nanoseconds for each step of one.
        every: u64,
    },
    /// Another resource or principal.
    Refer {
        /// The kinds that it may be of.
        kinds: Vec<KindId>,
        /// Whether it may be null.
        nullable: bool,
        /// What it is when a scenario does not say.
        default: ReferDefault,
    },
    /// A mail address of a person, under one of these domains.
    Email(Vec<String>),
    /// A client address in one of these ranges.
    Address(Vec<String>),
    /// A column of the kind's table.
    Column(usize),
}

/// Which of a resource's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// When it was made.
    Created,
    /// When it was last changed, by a call or by becoming ready.
    Updated,
}

/// What a reference is when a scenario does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferDefault {
    /// The story's own resource of that kind, else one that existed before.
    ResolvedScenario,
    /// Nothing.
    Null,
    /// Whoever makes the resource.
    Caller,
}

/// The rows of a kind that is a fixed list.
#[derive(Debug)]
pub struct Table {
    /// For each row its columns.
    pub rows: Vec<Vec<Scalar>>,
    /// How often each row is drawn.
    pub weights: WeightedIndex,
    /// What templates see of each column.
    pub shapes: Vec<Shape>,
}

impl Field {
    /// What templates see.
    pub fn shape(&self, table: Option<&Table>) -> Shape {
        match &self.generator {
            Generator::Choose { choices, .. } => Scalar::shape_of(choices),
            Generator::Ramp { .. } => Shape::Integer,
            Generator::Column(column) => table.map_or(Shape::Text, |table| table.shapes[*column].clone()),
            Generator::Refer { nullable, .. } => {
                let object = Shape::Object([("id".to_owned(), Shape::Text)].into());
                if *nullable { Shape::Nullable(Box::new(object)) } else { object }
            }
            _ => Shape::Text,
        }
    }

    /// The texts that make its value.
    pub fn texts(&self) -> Vec<&Text> {
        match &self.generator {
            Generator::Text(text) => vec![text],
            Generator::By { cases, .. } => cases.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a scenario may give its value.
    pub fn settable(&self) -> bool {
        // What is put together from other fields follows from them, unless the catalog says what it must look like.
        match self.generator {
            Generator::Choose { .. } | Generator::Refer { .. } | Generator::Email(_) | Generator::Address(_) => true,
            Generator::Pattern { .. } | Generator::Text(_) | Generator::By { .. } | Generator::Clock { .. } => {
                self.name == "id" || self.matches.is_some()
            }
            Generator::Time(_) | Generator::Stage { .. } | Generator::Ramp { .. } | Generator::Column(_) => false,
        }
    }
}

impl Table {
    /// The values of a column, row by row.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &Scalar> + Clone {
        self.rows.iter().map(move |row| &row[column])
    }
}

impl Scalar {
    /// The lowest whole number.
    pub const LEAST: i128 = i64::MIN as i128;
    /// The highest whole number.
    pub const MOST: i128 = u64::MAX as i128;

    /// The value as JSON shows it, texts escaped and without quotes; `None` is null.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Scalar::Null => None,
            Scalar::Text(text) => Some(escaped(text)),
            Scalar::Boolean(_) | Scalar::Integer(_) => Some(self.to_string().into_bytes()),
        }
    }

    /// What templates see of values of which all that are not null have the type of the first such.
    pub fn shape_of<'a>(values: impl IntoIterator<Item = &'a Scalar, IntoIter: Clone>) -> Shape {
        let mut values = values.into_iter();
        let has_null = values.clone().any(|value| *value == Scalar::Null);
        let shape = values.find_map(Scalar::shape).unwrap_or(Shape::Text);
        if has_null { Shape::Nullable(Box::new(shape)) } else { shape }
    }

    /// Its type; `None` is null, which is of any.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Scalar::Null => None,
            Scalar::Boolean(_) => Some(Shape::Boolean),
            Scalar::Integer(_) => Some(Shape::Integer),
            Scalar::Text(_) => Some(Shape::Text),
        }
    }

    /// Which of these values a node stands for: the same value, or else the text that is written there.
    pub fn position<'a>(mut values: impl Iterator<Item = &'a Scalar> + Clone, node: &Node) -> Option<usize> {
        let is_same = |value: &Scalar| match (value, &node.value) {
            (Scalar::Null, Value::Null) => true,
            (Scalar::Boolean(value), Value::Bool(given)) => value == given,
            (Scalar::Integer(value), Value::Int(given)) => value == given,
            (Scalar::Text(value), Value::Text(given)) => value == given,
            _ => false,
        };
        let is_typed = |value: &Scalar| matches!(value, Scalar::Text(text) if node.typed() == Some(text));
        values.clone().position(is_same).or_else(|| values.position(is_typed))
    }
}

/// As people write it.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Null => f.write_str("null"),
            Scalar::Boolean(value) => value.fmt(f),
            Scalar::Integer(value) => value.fmt(f),
            Scalar::Text(text) => f.write_str(text),
        }
    }
}

/// A text as JSON shows it, without quotes.
pub fn escaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    crate::bytes::escape_into(text, &mut bytes);
    bytes
}
