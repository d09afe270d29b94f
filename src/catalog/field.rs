//! Fields of resources and their generators.

use super::{FieldId, KindId, Text};
use crate::{
    template::Shape,
    value::{Clock, Pattern, WeightedIndex},
    yaml::{Node, Value},
};
use std::fmt;

/// A constant in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Null.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number from [`Scalar::LEAST`] to [`Scalar::MOST`], the ranges of `i64` and `u64` together.
    Integer(i128),
    /// A text.
    Text(String),
}

/// One field of a kind.
#[derive(Debug)]
pub struct Field {
    /// Name in templates and scenarios.
    pub name: String,
    /// The origin of its value.
    pub generator: Generator,
    /// The format that values from scenarios must match.
    pub(crate) matches: Option<regex_lite::Regex>,
}

/// The origin of a field's value.
#[derive(Debug)]
pub enum Generator {
    /// Random characters of a pattern, derived from the member's identity; with `unique`, never repeated within a run
    /// (a keyed permutation).
    Pattern {
        /// The format of the characters.
        pattern: Pattern,
        /// Whether the value is unique within a run.
        unique: bool,
    },
    /// A text with the values of other fields in it.
    Text(Text),
    /// One of several texts, selected by the value of another field.
    By {
        /// The selecting field, which has choices.
        field: FieldId,
        /// One text for each of its choices.
        cases: Vec<Text>,
    },
    /// One of several constants.
    Choose {
        /// The constants, in the order in which `next` steps through them.
        choices: Vec<Scalar>,
        /// The weights as an alias table.
        weights: WeightedIndex,
        /// The weights as written.
        counts: Vec<u64>,
    },
    /// The time of creation or of the last change, with microseconds.
    Time(Moment),
    /// A text that contains the resource's creation time.
    Clock {
        /// The text.
        clock: Clock,
        /// The kind within whose members each value is assigned only once.
        unique_in: Option<KindId>,
    },
    /// One of two texts, by the resource's age.
    Stage {
        /// The text before the resource is ready.
        young: Vec<u8>,
        /// The text from then on.
        ready: Vec<u8>,
    },
    /// A number that grows with the resource's age, from 0 when it becomes ready up to the value of another field.
    Ramp {
        /// The field that is the upper limit.
        up_to: FieldId,
        /// Nanoseconds per increment.
        every: u64,
    },
    /// A reference to another resource or principal.
    Refer {
        /// The kinds that it may refer to.
        kinds: Vec<KindId>,
        /// Whether it may be null.
        nullable: bool,
        /// The target if the scenario gives none.
        default: ReferDefault,
    },
    /// The e-mail address of a person, in one of these domains.
    Email(Vec<String>),
    /// An IP address in one of these ranges.
    Address(Vec<String>),
    /// The index of a column of the kind's table.
    Column(usize),
}

/// A point in a resource's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The creation.
    Created,
    /// The last change, made by a call or by becoming ready.
    Updated,
}

/// The target of a reference that a scenario does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferDefault {
    /// The instance's resource of that kind, else one that existed before.
    ResolvedScenario,
    /// Null.
    Null,
    /// The principal that creates the resource.
    Caller,
}

/// The rows of a kind that is a fixed table.
#[derive(Debug)]
pub struct Table {
    /// The rows, each with a value for every column.
    pub rows: Vec<Vec<Scalar>>,
    /// The weights of the rows as an alias table.
    pub(crate) weights: WeightedIndex,
    /// The type of each column in templates.
    pub(crate) shapes: Vec<Shape>,
}

impl Field {
    /// The type in templates.
    pub(crate) fn shape(&self, table: Option<&Table>) -> Shape {
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

    /// The texts from which the value is composed.
    pub fn texts(&self) -> Vec<&Text> {
        match &self.generator {
            Generator::Text(text) => vec![text],
            Generator::By { cases, .. } => cases.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a scenario may set it.
    pub(crate) fn settable(&self) -> bool {
        // A text follows from other fields, unless the catalog restricts it with `matches`.
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
    pub(crate) fn column(&self, column: usize) -> impl Iterator<Item = &Scalar> + Clone {
        self.rows.iter().map(move |row| &row[column])
    }
}

impl Scalar {
    /// The lowest whole number: that of `i64`.
    pub(crate) const LEAST: i128 = i64::MIN as i128;
    /// The highest whole number: that of `u64`.
    pub(crate) const MOST: i128 = u64::MAX as i128;

    /// The value as JSON with texts escaped but not quoted; `None` is null.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Scalar::Null => None,
            Scalar::Text(text) => Some(escaped(text)),
            Scalar::Boolean(_) | Scalar::Integer(_) => Some(self.to_string().into_bytes()),
        }
    }

    /// The type in templates of a list of constants. All that are not null must have the type of the first such.
    pub(crate) fn shape_of<'a>(values: impl IntoIterator<Item = &'a Scalar, IntoIter: Clone>) -> Shape {
        let mut values = values.into_iter();
        let has_null = values.clone().any(|value| *value == Scalar::Null);
        let shape = values.find_map(Scalar::shape).unwrap_or(Shape::Text);
        if has_null { Shape::Nullable(Box::new(shape)) } else { shape }
    }

    /// The type; `None` for null, which is compatible with every type.
    pub(crate) fn shape(&self) -> Option<Shape> {
        match self {
            Scalar::Null => None,
            Scalar::Boolean(_) => Some(Shape::Boolean),
            Scalar::Integer(_) => Some(Shape::Integer),
            Scalar::Text(_) => Some(Shape::Text),
        }
    }

    /// The index of the constant that a node denotes: an equal value, else a text that equals the node as written.
    pub(crate) fn position<'a>(mut values: impl Iterator<Item = &'a Scalar> + Clone, node: &Node) -> Option<usize> {
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

/// Formats the value as people write it.
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

/// The text with JSON escapes, without quotes.
pub(crate) fn escaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    crate::bytes::escape_into(text, &mut bytes);
    bytes
}
