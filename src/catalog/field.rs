//! What resources have, and where each value comes from.

use super::{FieldId, KindId, Text};
use crate::{
    template::Shape,
    value::{Clock, Pattern, Skew},
};

/// A value that stands in a file as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// No value.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
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
        weights: Skew,
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
    Story,
    /// Nothing.
    Null,
    /// Whoever makes the resource.
    Caller,
}

/// The rows of a kind that is a fixed list.
#[derive(Debug)]
pub struct Table {
    /// For each row its columns: texts are escaped for JSON.
    pub rows: Vec<Vec<Vec<u8>>>,
    /// How often each row is drawn; `None` where all weights are 0.
    pub weights: Skew,
    /// Which columns are numbers.
    pub integers: Vec<bool>,
}

impl Field {
    /// What templates see.
    pub fn shape(&self, table: Option<&Table>) -> Shape {
        match &self.generator {
            Generator::Choose { choices, .. } => match choices.first() {
                Some(Scalar::Integer(_)) => Shape::Integer,
                Some(Scalar::Boolean(_)) => Shape::Boolean,
                _ => Shape::Text,
            },
            Generator::Ramp { .. } => Shape::Integer,
            Generator::Column(column) if table.is_some_and(|table| table.integers[*column]) => Shape::Integer,
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

impl Scalar {
    /// The value as JSON shows it: texts escaped, without quotes.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Scalar::Null => b"null".to_vec(),
            Scalar::Boolean(value) => value.to_string().into_bytes(),
            Scalar::Integer(value) => value.to_string().into_bytes(),
            Scalar::Text(text) => {
                let mut bytes = Vec::new();
                crate::template::escape_into(text, &mut bytes);
                bytes
            }
        }
    }
}
