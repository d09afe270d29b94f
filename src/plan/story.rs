//! Stories as the simulation runs them: scenarios with every name resolved to a number.

use crate::{
    catalog::{Effect, FailureId, FieldId, KindId, MethodId},
    units::{CountRange, DurationRange},
    value::{Key, Lane, Skew},
};

/// One scenario of a run, resolved.
#[derive(Debug)]
pub struct Story {
    /// Its name in the run: its scenario's, with `#2` behind it for the second of that name, or `@` and the time if it
    /// is injected.
    pub name: String,
    /// Its scenario's name: a shipped name, a file's stem, or the one-line form.
    pub scenario: String,
    /// The values of its parameters.
    pub params: Vec<(String, serde_json::Value)>,
    /// What its identities grow from.
    pub key: Key,
    /// Its number in event ids.
    pub tag: u16,
    /// Who acts; the first one where a step does not say.
    pub actors: Vec<Actor>,
    /// What is acted on.
    pub resources: Vec<Resource>,
    /// Identities of what surrounds it, such as the organization's, that a scenario fixes.
    pub scope_pins: Vec<ScopePin>,
    /// Which row of each table it takes place in.
    pub rows: Vec<(KindId, Row)>,
    /// What happens.
    pub operations: Vec<Operation>,
    /// Words of state that an instance needs.
    pub state_words: usize,
    /// Whether all instances take place where the first does, because they share a resource.
    pub in_one_place: bool,
    /// When it happens, if it is injected.
    pub injection: Option<Injection>,
}

/// A story that is put at an exact time, on top of everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    /// When it begins.
    pub at: At,
    /// What the truth says that it is, such as `positive`.
    pub label: String,
}

/// A time of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Nanoseconds after the run's beginning.
    After(u64),
    /// Nanoseconds since the Unix epoch.
    Time(i64),
}

impl At {
    /// The time in a run that begins at `from`, in nanoseconds since the Unix epoch.
    pub fn time(self, from: i64) -> i64 {
        match self {
            At::After(offset) => from.saturating_add_unsigned(offset),
            At::Time(time) => time,
        }
    }
}

/// A fixed field of something that surrounds a story.
#[derive(Debug, Clone)]
pub struct ScopePin {
    /// The kind, such as an organization.
    pub kind: KindId,
    /// Which field.
    pub field: FieldId,
    /// Its value as events show it; `None` is null.
    pub bytes: Option<Box<[u8]>>,
}

/// A table's row for a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Drawn by each instance.
    Drawn,
    /// The same for all.
    Fixed(u32),
    /// The one in which a shared resource lies.
    Of(usize),
}

/// Somebody who acts in a story.
#[derive(Debug)]
pub struct Actor {
    /// Name in the scenario.
    pub name: String,
    /// A kind of principal.
    pub kind: KindId,
    /// How many actors of the same kind stand before it: they are different people.
    pub other: usize,
    /// Its number among those who are nobody of the population because a scenario fixes who they are.
    pub stranger: Option<u64>,
    /// Fixed fields; `None` is null.
    pub pins: Vec<(FieldId, Option<Box<[u8]>>)>,
}

/// Something that is acted on in a story.
#[derive(Debug)]
pub struct Resource {
    /// Name in the scenario.
    pub name: String,
    /// Its kind.
    pub kind: KindId,
    /// How many there are of it.
    pub count: u32,
    /// Whose it is.
    pub owner: Owner,
    /// Its lane in the ids of its kind.
    pub lane: Lane,
    /// What its draws grow from: the story's key and its name.
    pub key: Key,
    /// Whether the story has a call that makes it.
    pub made: bool,
    /// Fixed fields that no call changes.
    pub pins: Vec<(FieldId, Pin)>,
    /// The rows that it lies in, where they are not the story's.
    pub rows: Vec<(KindId, Row)>,
    /// Where its state begins among the instance's words, and how many each element has.
    pub state_at: usize,
    /// See `state_at`.
    pub stride: usize,
    /// What the fields that calls change are at first, in the order of `Kind::changing`.
    pub initial: Vec<Initial>,
    /// Where instances share it, because its id is pinned and they only read it: its number, beyond those of the
    /// population.
    pub shared: Option<u64>,
}

impl Resource {
    /// Elements as a power of two: an element's number in its lane is the instance's times that, plus its own.
    pub fn shift(&self) -> u32 {
        self.count.max(1).next_power_of_two().trailing_zeros()
    }
}

/// Whose a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The story's alone.
    Story {
        /// Whether it exists when the story begins.
        existing: bool,
        /// Its lane in the ids of its kind.
        lane: Lane,
    },
    /// One that existed before, which stories only read: the `other`th drawn.
    Population {
        /// How many of the same kind stand before it.
        other: usize,
    },
}

/// A fixed field of a resource.
#[derive(Debug, Clone)]
pub enum Pin {
    /// Bytes as events show them.
    Bytes(Box<[u8]>),
    /// One of the field's choices.
    Choice(usize),
    /// A reference.
    Reference(Reference),
}

/// What a field that calls change is at first.
#[derive(Debug, Clone)]
pub enum Initial {
    /// The same in all instances.
    Fixed(u64),
    /// One of the field's choices, drawn.
    Drawn(Skew),
    /// A reference.
    Reference(Reference),
}

/// What a reference refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// Nothing.
    Null,
    /// A resource of the story.
    Resource(usize),
    /// An actor of the story.
    Actor(usize),
    /// Somebody or something of the population, drawn by the instance.
    Population(KindId),
}

/// What a story does next.
#[derive(Debug)]
pub enum Operation {
    /// An audited call.
    Call(Call),
    /// One of several ways: where each begins, by weight.
    Choose {
        /// What tells its draw from others.
        salt: u64,
        /// Weights.
        weights: Skew,
        /// Where each way begins.
        targets: Vec<usize>,
    },
    /// Goes on elsewhere.
    Jump(usize),
}

/// An audited call of a story.
#[derive(Debug)]
pub struct Call {
    /// The step's `id`, or its method's short name and which of its calls it is: `get-pool`, `get-pool#2`.
    pub name: String,
    /// What its draws grow from: the name, hashed once.
    pub salt: u64,
    /// Its number in event ids.
    pub tag: u16,
    /// Its number in the scenario, from 0.
    pub number: u16,
    /// Which method.
    pub method: MethodId,
    /// What the method does to its resource.
    pub does: Effect,
    /// Which resource.
    pub target: Option<usize>,
    /// Where the state of the resource lies, if it is the story's own.
    pub state: Option<Place>,
    /// Which actor.
    pub actor: usize,
    /// Nanoseconds to wait before it.
    pub after: DurationRange,
    /// The chance that it happens, of 2⁶⁴; `None` is always.
    pub chance: Option<u64>,
    /// How often.
    pub turns: Turns,
    /// Nanoseconds between turns.
    pub every: DurationRange,
    /// How it ends.
    pub outcome: Outcome,
    /// What it asks for, in the order of the method's inputs that change a field.
    pub asks: Vec<Ask>,
    /// The failure that happens by itself when the ask of that number lowers its field.
    pub lowers: Option<(FailureId, usize)>,
    /// Events by outcome: index into the plan's emissions.
    pub emissions: Vec<(Option<FailureId>, u32)>,
    /// Where the state begins of another resource that its events show, if they do.
    pub beside: u32,
}

/// Where the state of a resource lies among an instance's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Where that of its first element begins.
    pub at: u32,
    /// How many words each element has.
    pub stride: u32,
}

impl Place {
    /// The words of an element.
    pub fn of(self, element: u32) -> std::ops::Range<usize> {
        let (at, stride) = (self.at as usize, self.stride as usize);
        at + stride * element as usize..at + stride * (element as usize + 1)
    }
}

/// How often a call happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// That many times.
    Repeat(CountRange),
    /// Once for each element of its target.
    Each,
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Well, unless the catalog says that it fails by itself.
    Success {
        /// Whether the scenario says `success` and so overrides the catalog.
        insists: bool,
    },
    /// As the resource's state has it.
    Auto,
    /// In that way.
    Failure(FailureId),
}

/// What a call asks for of one field.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Which of the kind's changing fields.
    pub word: usize,
    /// Which value.
    pub value: Asked,
}

/// A value that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A code as state keeps it.
    Code(u64),
    /// A reference.
    Reference(Reference),
    /// The next choice, up to the last one.
    Next {
        /// The last choice.
        last: u64,
    },
    /// The choice before, down to the first one.
    Previous,
    /// Nothing: the field keeps its value, and the request says something fixed.
    Nothing,
    /// Nothing, and the field becomes null.
    Clear,
}

/// Words of a resource's state, from its beginning: few, because every line of memory that an event touches costs.
pub mod word {
    use crate::catalog::Kind;

    /// When it was made, in nanoseconds since the Unix epoch (see [`created`]), and whether it [`exists`].
    pub const CREATED: usize = 0;
    /// When it was last changed.
    pub const UPDATED: usize = 1;
    /// The first of the fields that calls change. Behind them is the name that was given out, if the kind has such: a
    /// second and a number (see [`stamp`]).
    pub const FIELDS: usize = 2;

    /// How many words a resource of a kind has.
    pub fn count(kind: &Kind) -> usize {
        stamp_of(kind) + usize::from(kind.stamp.is_some())
    }

    /// Which word is the name that was given out, if the kind has such.
    pub fn stamp_of(kind: &Kind) -> usize {
        FIELDS + kind.changing.len()
    }

    /// Times are in whole microseconds, so their lowest bit is free.
    const EXISTS: u64 = 1;

    /// The word for something that was made then.
    pub fn made(created: i64, exists: bool) -> u64 {
        created as u64 & !EXISTS | u64::from(exists)
    }

    /// Whether the first word of a resource says that it exists.
    pub fn exists(word: u64) -> bool {
        word & EXISTS != 0
    }

    /// When it was made.
    pub fn created(word: u64) -> i64 {
        (word & !EXISTS) as i64
    }

    /// A given-out name: a second since the epoch, and 0 or the number of its suffix.
    pub fn stamp(second: i64, suffix: u64) -> u64 {
        ((second as u64) << 24) | (suffix & 0xFF_FFFF)
    }

    /// The parts of a [`stamp`].
    pub fn unstamp(stamp: u64) -> (i64, u64) {
        ((stamp as i64) >> 24, stamp & 0xFF_FFFF)
    }
}

/// References as words: what, and which.
pub mod code {
    /// Nothing.
    pub const NULL: u64 = 0;
    const RESOURCE: u64 = 1 << 56;
    const ACTOR: u64 = 2 << 56;
    const POPULATION: u64 = 3 << 56;

    /// A word's meaning.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Meaning {
        /// Nothing.
        Null,
        /// A resource of the story.
        Resource(usize),
        /// An actor of the story.
        Actor(usize),
        /// A member of the population: kind and index.
        Population(usize, u32),
    }

    /// The word for a resource of the story.
    pub fn resource(index: usize) -> u64 {
        RESOURCE | index as u64
    }

    /// The word for an actor of the story.
    pub fn actor(index: usize) -> u64 {
        ACTOR | index as u64
    }

    /// The word for a member of the population.
    pub fn population(kind: usize, index: u32) -> u64 {
        POPULATION | ((kind as u64) << 32) | u64::from(index)
    }

    /// What a word means.
    pub fn meaning(word: u64) -> Meaning {
        let which = word & ((1 << 56) - 1);
        match word & (0xFF << 56) {
            RESOURCE => Meaning::Resource(which as usize),
            ACTOR => Meaning::Actor(which as usize),
            POPULATION => Meaning::Population((which >> 32) as usize, which as u32),
            _ => Meaning::Null,
        }
    }
}
