//! One kind of event of a run: a story's call with one outcome, prepared so that rendering it is copying.
//!
//! What is known when the run is planned is known here: which template and which of its branches, whose field every
//! name is, which values are the same in all instances and which are others put together. What is left for each event is
//! a short list of [`Make`]s, each of which gives one value, and a program that copies these to their places.

use crate::{
    bytes::Padded,
    catalog::{FailureId, FieldId, KindId, MethodId},
    plan::story::{Row, Story},
    template::Program,
    value::{Key, Lane, Pattern, Salt, Skew},
};
use std::sync::Arc;

/// One kind of event.
#[derive(Debug)]
pub struct Emission {
    /// Which story.
    pub story: u16,
    /// Which of its calls, as an index into its operations.
    pub operation: usize,
    /// The call's number in the scenario.
    pub step: u16,
    /// The call's number in event ids.
    pub step_tag: u16,
    /// Which method.
    pub method: MethodId,
    /// `None` is success.
    pub failure: Option<FailureId>,
    /// The compiled template for the values that `makes` give; shared by all calls for which it is the same.
    pub program: Arc<Program>,
    /// The first values: somebody's of the population. Behind them is what all events have of their own ([`OfEvent`]).
    pub known: Vec<Known>,
    /// The other values, each of which may use those before it.
    pub makes: Vec<Make>,
    /// For each of the program's lists how its items are made.
    pub lists: Vec<ItemList>,
    /// The record's key: one of the values.
    pub key: Option<usize>,
    /// The value that the first listed item's subject replaces, if the method has it so.
    pub first_subject: Option<usize>,
    /// Whose state the simulation hands over with an event.
    pub snapshot: Snapshot,
    /// Rows that it takes place in.
    pub rows: Vec<(KindId, Row)>,
    /// Where the words of listed elements begin among those that the simulation hands over.
    pub listed_at: usize,
}

/// A member of the population: all of its fields are values, whichever are needed.
#[derive(Debug)]
pub struct Known {
    /// Who.
    pub role: Role,
    /// Its kind.
    pub kind: KindId,
}

/// What the simulation copies out of an instance for one event, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The target's words.
    pub target: Option<usize>,
    /// Words that the call asks for, one for each of its asks.
    pub asks: usize,
    /// First elements of other resources of the story.
    pub others: Vec<usize>,
    /// Resources of the story whose live elements are listed.
    pub listed: Vec<usize>,
}

/// How the items of a list are made.
#[derive(Debug, Default)]
pub struct ItemList {
    /// For each listed resource of the story: its index, its values, and the slots' values.
    pub own: Vec<OwnItem>,
    /// Items that exist beside the story's.
    pub beside: Option<Beside>,
    /// How many items there are at most.
    pub page: usize,
    /// How many there are, if their values are part of the program.
    pub placed: Option<usize>,
}

/// How an item that is the story's own is made.
#[derive(Debug)]
pub struct OwnItem {
    /// The story's resource.
    pub resource: usize,
    /// How many words each element has.
    pub stride: usize,
    /// Its values.
    pub makes: Vec<Make>,
    /// For each of the template's slots the value that it takes.
    pub slots: Vec<usize>,
    /// The value that takes the subject's place if the item is the first.
    pub subject: Option<usize>,
}

/// Items that exist whatever the story does.
#[derive(Debug)]
pub struct Beside {
    /// Their kind.
    pub kind: KindId,
    /// The kind of the population that they lie in, if any.
    pub parent: Option<KindId>,
    /// The table that they lie in, if any.
    pub table: Option<KindId>,
    /// For each slot the field, and whether only its presence counts.
    pub fields: Vec<(FieldId, bool)>,
    /// The field that takes the subject's place if the item is the first.
    pub subject: Option<FieldId>,
}

/// A way to make one value. All of an event's are looked at for each event, so that they had better be small: what not
/// all have is in a box.
#[derive(Debug, PartialEq)]
pub enum Make {
    /// The same in all instances.
    Fixed(Padded),
    /// Null.
    Null,
    /// Put together.
    Text(Vec<Part>),
    /// A field of a member of the population, or of the row of a table.
    Member {
        /// Who.
        role: Role,
        /// Which field.
        field: FieldId,
    },
    /// Whether a member of the population has a field: `{}` or null.
    MemberPresent {
        /// Who.
        role: Role,
        /// Which field.
        field: FieldId,
    },
    /// The id of a member of the population that a reference draws.
    DrawnMember {
        /// Its kind.
        kind: KindId,
        /// What tells this reference from others.
        salt: u64,
    },
    /// An identifying field of the story's own resource.
    Unique {
        /// Its kind.
        kind: KindId,
        /// The field.
        field: FieldId,
        /// The resource's lane.
        lane: Lane,
        /// Elements of the resource, as a power of two: its number is the instance's times that, plus the element's.
        shift: u32,
        /// Whether it is the element that the event is about (else the first).
        element: bool,
    },
    /// An identifying field of somebody who is nobody of the population.
    Stranger {
        /// The kind of principal.
        kind: KindId,
        /// The field.
        field: FieldId,
        /// The number, beyond the population's.
        number: u64,
    },
    /// Characters drawn for an own resource.
    Pattern {
        /// What they look like.
        pattern: Box<Pattern>,
        /// What they are drawn from.
        draw: Draw,
    },
    /// One of several values, by an own resource's state.
    Chosen {
        /// Where the state's word is.
        word: Word,
        /// The values; `None` is null.
        choices: Vec<Option<Padded>>,
    },
    /// One of several values, drawn.
    Drawn {
        /// What it is drawn from.
        draw: Draw,
        /// How.
        weights: Box<Skew>,
        /// The values; `None` is null.
        choices: Vec<Option<Padded>>,
    },
    /// A text that a call may have replaced.
    Replaced {
        /// Where the state's word is: 0 for the original, else a literal's number plus one.
        word: Word,
        /// The value that it had at first.
        original: usize,
    },
    /// One of several values made before, drawn.
    Select {
        /// What it is drawn from.
        draw: Draw,
        /// How.
        weights: Box<Skew>,
        /// The values.
        cases: Vec<usize>,
    },
    /// When an own resource was made.
    Created(Word),
    /// When an own resource was last changed.
    Updated {
        /// Where its state is.
        word: Word,
        /// When it becomes ready.
        ready: Option<Box<Ready>>,
    },
    /// The time at which an own resource was made, in a text.
    Clock {
        /// The kind and field whose text it is.
        of: (KindId, FieldId),
        /// Where its state is.
        word: Word,
        /// Whether the time was given out rather than being the creation's.
        stamped: bool,
    },
    /// By age.
    Stage {
        /// The value until it is ready, and from then on.
        values: [Padded; 2],
        /// Where its state is.
        word: Word,
        /// When it becomes ready.
        ready: Box<Ready>,
    },
    /// By age, up to another value.
    Ramp {
        /// Where its state is.
        word: Word,
        /// When it becomes ready.
        ready: Box<Ready>,
        /// The value that bounds it.
        up_to: usize,
        /// Nanoseconds for each step of one.
        every: u64,
    },
    /// The id of what a state's word refers to.
    Referred(Word),
    /// Whether a state's word refers to something: `{}` or null.
    Present(Word),
    /// What all events have of their own.
    OfEvent(OfEvent),
}

/// What all events have of their own: these are values of each, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfEvent {
    /// The event's id.
    Id,
    /// The event's time, nine digits.
    Time,
    /// The request's id.
    Request,
}

impl OfEvent {
    /// How many there are.
    pub const COUNT: usize = 3;
}

const _: () = assert!(size_of::<Make>() <= 64);

/// A piece of a [`Make::Text`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Characters.
    Literal(Padded),
    /// A value made before: of the event.
    Event(usize),
    /// A value made before: of the item.
    Item(usize),
}

/// A word of state: an offset into what the simulation handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The offset.
    pub at: usize,
    /// Whether it counts from the beginning of the item's words, instead of the event's.
    pub of_item: bool,
}

impl Word {
    /// One of the event's.
    pub fn of_event(at: usize) -> Self {
        Word { at, of_item: false }
    }

    /// One of the item's.
    pub fn of_item(at: usize) -> Self {
        Word { at, of_item: true }
    }

    /// The one that is so many behind it.
    #[must_use]
    pub fn behind(self, offset: usize) -> Self {
        Word { at: self.at + offset, ..self }
    }
}

/// Whose field a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What surrounds the story.
    Scope(KindId),
    /// Who acts: one of the story's actors.
    Principal(usize),
    /// One of the story's resources that belongs to the population.
    Shared(usize),
}

impl Role {
    /// The kind of whoever it is.
    pub fn kind(self, story: &Story) -> KindId {
        match self {
            Role::Scope(kind) => kind,
            Role::Principal(actor) => story.actors[actor].kind,
            Role::Shared(resource) => story.resources[resource].kind,
        }
    }
}

/// What a resource's own draws start from: its key in the instance, and its element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// The story's key, followed by the resource's name.
    pub resource: Key,
    /// The field.
    pub field: Salt,
    /// Whether it is the element that the event is about (else the first).
    pub element: bool,
}

/// When an own resource becomes ready.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ready {
    /// What it is drawn from.
    pub draw: Draw,
    /// Nanoseconds after its creation, at least.
    pub low: u64,
    /// And at most.
    pub high: u64,
    /// At least, in whole microseconds.
    pub earliest: i64,
    /// When at the earliest it is noted for the first time.
    pub first_note: i64,
}

/// What tells the draws of a resource's fields apart.
pub fn field_salt(field: &str) -> u64 {
    Key::root(0).name(field).bits()
}

/// A microsecond in nanoseconds.
const MICROSECOND: i64 = 1_000;

/// How long after its creation something that becomes ready so late is noted for the first time.
pub(crate) fn first_note(ready: i64) -> i64 {
    whole_microseconds(ready / 64)
}

/// So many nanoseconds, cut.
pub(crate) fn whole_microseconds(nanoseconds: i64) -> i64 {
    nanoseconds / MICROSECOND * MICROSECOND
}
