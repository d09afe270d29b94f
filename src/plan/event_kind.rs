//! An event kind: a call of a scenario with one outcome, compiled so that rendering it is copying.
//!
//! Everything known when the run is planned is resolved here: the template and its decided branches, the field that
//! each name means, which values are constant, and which are concatenations of others. Per event there remains a short
//! list of value sources ([`ValueSource`]), each of which yields one value, and a program that copies the values to
//! their places.

use crate::{
    bytes::Padded,
    catalog::{FailureId, FieldId, KindId, MethodId},
    plan::{
        resolved::{ResolvedScenario, Row},
        snapshot::Snapshot,
    },
    population::Roaming,
    template::Program,
    value::{Key, Lane, Pattern, Salt, WeightedIndex},
};
use std::sync::Arc;

/// One event kind.
#[derive(Debug)]
pub struct EventKind {
    /// Scenario, by index.
    pub scenario: u16,
    /// Call, as an index into the scenario's operations.
    pub operation: usize,
    /// Number of the call in the scenario.
    pub step: u16,
    /// Number of the call in event ids.
    pub(crate) step_tag: u16,
    /// The method.
    pub method: MethodId,
    /// The failure; `None` is success.
    pub(crate) failure: Option<FailureId>,
    /// The template, compiled for the values in this slot layout; shared by all event kinds for which it is the same.
    pub(crate) program: Arc<Program>,
    /// The first values: fields of members of the population. They are followed by the values of every event
    /// ([`PerEvent`]).
    pub(crate) known: Vec<MemberValues>,
    /// Sources of the other values; each may use earlier ones.
    pub(crate) value_sources: Vec<ValueSource>,
    /// Item sources for each of the program's lists.
    pub(crate) lists: Vec<ItemList>,
    /// The value that is the record key.
    pub(crate) key: Option<usize>,
    /// The value that the first listed item's subject replaces, if the method is declared so.
    pub(crate) first_subject: Option<usize>,
    /// State that the simulation copies for an event.
    pub(crate) snapshot: Snapshot,
    /// Table rows that its events use.
    pub(crate) rows: Vec<(KindId, Row)>,
    /// Offset of the listed elements in the event's state slots.
    pub(crate) listed_at: usize,
}

/// A member of the population: all its fields are values, whether needed or not.
#[derive(Debug)]
pub(crate) struct MemberValues {
    /// Role of the member.
    pub(crate) role: Role,
    /// Kind of the member.
    pub(crate) kind: KindId,
}

/// Sources of a list's items.
#[derive(Debug, Default)]
pub(crate) struct ItemList {
    /// For each listed resource of the scenario, the sources of an item.
    pub(crate) own: Vec<OwnItem>,
    /// Items from the population.
    pub(crate) beside: Option<Beside>,
    /// Maximum number of items.
    pub(crate) page: usize,
    /// Number of items, if their values are constants in the program.
    pub(crate) placed: Option<usize>,
}

/// Sources of an item that belongs to the scenario.
#[derive(Debug)]
pub(crate) struct OwnItem {
    /// The resource, by index.
    pub(crate) resource: usize,
    /// State slots of each element.
    pub(crate) stride: usize,
    /// Value sources.
    pub(crate) value_sources: Vec<ValueSource>,
    /// For each slot of the template the index of its value.
    pub(crate) slots: Vec<usize>,
    /// The value that replaces the event's subject if the item is the first.
    pub(crate) subject: Option<usize>,
}

/// Items from the population, which exist independently of the scenario.
#[derive(Debug)]
pub(crate) struct Beside {
    /// Their kind.
    pub(crate) kind: KindId,
    /// The kind that they lie in, if any.
    pub(crate) parent: Option<KindId>,
    /// The table that they lie in, if any.
    pub(crate) table: Option<KindId>,
    /// For each slot the field, and whether only its presence counts.
    pub(crate) fields: Vec<(FieldId, bool)>,
    /// The field that replaces the event's subject if the item is the first.
    pub(crate) subject: Option<FieldId>,
}

/// A value source: a way to get one value. Each event evaluates all of its sources, so they are kept small: rare data
/// is boxed.
#[derive(Debug, PartialEq)]
pub(crate) enum ValueSource {
    /// A constant.
    Fixed(Padded),
    /// Null.
    Null,
    /// A concatenation.
    Text(Vec<Part>),
    /// A field of a member of the population, or of a table row.
    Member {
        /// Role of the member.
        role: Role,
        /// The field.
        field: FieldId,
    },
    /// Whether a member of the population has a field: `{}` or null.
    MemberPresent {
        /// Role of the member.
        role: Role,
        /// The field.
        field: FieldId,
    },
    /// The id of a member of the population that a reference draws.
    DrawnMember {
        /// Kind of the member.
        kind: KindId,
        /// Number of the reference's draw.
        salt: u64,
    },
    /// An identifying field of a resource that belongs to the scenario.
    Unique {
        /// Kind of the resource.
        kind: KindId,
        /// The field.
        field: FieldId,
        /// Lane of the resource.
        lane: Lane,
        /// log2 of the elements: the number is the instance's shifted by this, plus the element's.
        shift: u32,
        /// Whether it is the element that the event is about (else the first).
        element: bool,
    },
    /// The client address of an actor that may be away from its usual one.
    Roaming {
        /// The actor, by index.
        actor: usize,
        /// The field.
        field: FieldId,
        /// How many addresses it has, and how often it is away.
        roaming: Roaming,
    },
    /// An identifying field of an external principal.
    External {
        /// The kind of principal.
        kind: KindId,
        /// The field.
        field: FieldId,
        /// Its number, greater than those of the population.
        number: u64,
    },
    /// Random characters for a resource of the scenario.
    Pattern {
        /// Their pattern.
        pattern: Box<Pattern>,
        /// Key of the draw.
        draw: Draw,
    },
    /// One of several values, selected by a state slot.
    Chosen {
        /// The state slot.
        slot: StateSlot,
        /// The values; `None` is null.
        choices: Vec<Option<Padded>>,
    },
    /// One of several values, drawn.
    Drawn {
        /// Key of the draw.
        draw: Draw,
        /// Weights of the values.
        weights: Box<WeightedIndex>,
        /// The values; `None` is null.
        choices: Vec<Option<Padded>>,
    },
    /// A text that a call may have replaced.
    Replaced {
        /// The state slot: 0 for the original, else a literal's index plus one.
        slot: StateSlot,
        /// Index of the original value.
        original: usize,
    },
    /// One of several earlier values, drawn.
    Select {
        /// Key of the draw.
        draw: Draw,
        /// Weights of the values.
        weights: Box<WeightedIndex>,
        /// Indices of the values.
        cases: Vec<usize>,
    },
    /// Creation time of a resource of the scenario.
    Created(StateSlot),
    /// Time of the last change of a resource of the scenario.
    Updated {
        /// Its first state slot.
        slot: StateSlot,
        /// When it becomes ready.
        ready: Option<Box<Ready>>,
    },
    /// The creation time of a resource of the scenario, formatted within a text.
    Clock {
        /// Kind and field with the format.
        of: (KindId, FieldId),
        /// The state slot.
        slot: StateSlot,
        /// Whether the slot is an allocated name rather than the creation time.
        stamped: bool,
    },
    /// One of two values, by age.
    Stage {
        /// Values before and after it is ready.
        values: [Padded; 2],
        /// Its first state slot.
        slot: StateSlot,
        /// When it becomes ready.
        ready: Box<Ready>,
    },
    /// A number that grows with age, up to another value.
    Ramp {
        /// Its first state slot.
        slot: StateSlot,
        /// When it becomes ready.
        ready: Box<Ready>,
        /// Index of the upper bound.
        up_to: usize,
        /// Nanoseconds per increment of one.
        every: u64,
    },
    /// The id that a reference in a state slot refers to.
    Referred(StateSlot),
    /// Whether a reference in a state slot refers to anything: `{}` or null.
    Present(StateSlot),
    /// One of the values that every event has.
    PerEvent(PerEvent),
}

/// The values that every event has, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PerEvent {
    /// The event's id.
    Id,
    /// The event's time with nine fractional digits.
    Time,
    /// The request's id.
    Request,
}

impl PerEvent {
    /// Number of these values.
    pub(crate) const COUNT: usize = 3;
}

const _: () = assert!(size_of::<ValueSource>() <= 64);

/// A part of a [`ValueSource::Text`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// A constant.
    Literal(Padded),
    /// Index of an earlier value of the event.
    Event(usize),
    /// Index of an earlier value of the item.
    Item(usize),
}

/// A state slot: an offset into what the simulation copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateSlot {
    /// The offset.
    pub(crate) at: usize,
    /// Whether the offset counts from the item's state slots, instead of the event's.
    pub(crate) of_item: bool,
}

impl StateSlot {
    /// A state slot of the event.
    pub(crate) fn per_event(at: usize) -> Self {
        StateSlot { at, of_item: false }
    }

    /// A state slot of the item.
    pub(crate) fn per_item(at: usize) -> Self {
        StateSlot { at, of_item: true }
    }

    /// The state slot `offset` after this one.
    #[must_use]
    pub(crate) fn after(self, offset: usize) -> Self {
        StateSlot { at: self.at + offset, ..self }
    }
}

/// The entity that a value describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A kind around the scenario.
    Scope(KindId),
    /// An actor of the scenario, by index.
    Principal(usize),
    /// A resource of the scenario that belongs to the population, by index.
    Shared(usize),
}

impl Role {
    /// The kind of the entity.
    pub(crate) fn kind(self, scenario: &ResolvedScenario) -> KindId {
        match self {
            Role::Scope(kind) => kind,
            Role::Principal(actor) => scenario.actors[actor].kind,
            Role::Shared(resource) => scenario.resources[resource].kind,
        }
    }
}

/// Key of a draw for a resource: its key in the instance, the element and the field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Draw {
    /// The scenario's key, followed by the resource's name.
    pub(crate) resource: Key,
    /// Salt of the field.
    pub(crate) field: Salt,
    /// Whether it is the element that the event is about (else the first).
    pub(crate) element: bool,
}

/// When a resource of the scenario becomes ready.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ready {
    /// Key of the draw.
    pub(crate) draw: Draw,
    /// Minimum age in nanoseconds.
    pub(crate) low: u64,
    /// Maximum age in nanoseconds.
    pub(crate) high: u64,
    /// Minimum age, truncated to whole microseconds.
    pub(crate) earliest: i64,
    /// Minimum age at the first status update, which precedes that.
    pub(crate) first_note: i64,
}

/// Key number of the draws for a field.
pub(crate) fn field_salt(field: &str) -> u64 {
    Key::root(0).name(field).bits()
}

/// A microsecond in nanoseconds.
const MICROSECOND: i64 = 1_000;

/// Age at the first status update of a resource that becomes ready at age `ready`.
pub(crate) fn first_note(ready: i64) -> i64 {
    whole_microseconds(ready / 64)
}

/// Truncates to whole microseconds.
pub(crate) fn whole_microseconds(nanoseconds: i64) -> i64 {
    nanoseconds / MICROSECOND * MICROSECOND
}
