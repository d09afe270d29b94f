//! Resolved scenarios, as the simulation executes them: every name is replaced by an index.

use crate::{
    catalog::{Effect, FailureId, FieldId, KindId, MethodId},
    units::{CountRange, DurationRange},
    value::{Key, Lane, WeightedIndex},
};

/// One scenario of a run, resolved.
#[derive(Debug)]
pub struct ResolvedScenario {
    /// Name in the run: its scenario's, followed by `#2` if it is the second of that name, or by `@` and the time if
    /// injected.
    pub name: String,
    /// Name of the scenario: a shipped name, a file's stem, or the one-line form.
    pub(crate) scenario_name: String,
    /// Values of the parameters.
    pub(crate) params: Vec<(String, serde_json::Value)>,
    /// Key of all its draws.
    pub(crate) key: Key,
    /// Number in event ids.
    pub(crate) tag: u16,
    /// Actors; a step that names none uses the first.
    pub(crate) actors: Vec<Actor>,
    /// Resources.
    pub(crate) resources: Vec<Resource>,
    /// Identities around it that the scenario pins, such as the organization's.
    pub(crate) scope_pins: Vec<ScopePin>,
    /// The row of each table that it uses.
    pub(crate) rows: Vec<(KindId, Row)>,
    /// Operations, in order.
    pub operations: Vec<Operation>,
    /// State slots of an instance.
    pub(crate) state_slots: usize,
    /// Whether all instances take place where the first does, because they share a resource.
    pub(crate) in_one_place: bool,
    /// When it happens, if it is injected.
    pub injection: Option<Injection>,
}

/// Injection of a scenario at an exact time, in addition to all other events.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    /// Start.
    pub(crate) at: At,
    /// Label in the ground truth, such as `positive`.
    pub label: String,
    /// Which members of the population act, as a share of all times 2⁶⁴. It follows from seed, scenario and time, such
    /// that other injections of the scenario have other actors.
    pub(crate) position: u64,
}

/// A time of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Nanoseconds after the run's start.
    After(u64),
    /// Nanoseconds since the Unix epoch.
    Time(i64),
}

impl At {
    /// The time in nanoseconds since the Unix epoch, in a run that starts at `from`.
    pub(crate) fn time(self, from: i64) -> i64 {
        match self {
            At::After(offset) => from.saturating_add_unsigned(offset),
            At::Time(time) => time,
        }
    }
}

/// A pinned field of an entity around a scenario.
#[derive(Debug, Clone)]
pub(crate) struct ScopePin {
    /// The kind, such as an organization.
    pub(crate) kind: KindId,
    /// The field.
    pub(crate) field: FieldId,
    /// Its value as events show it; `None` is null.
    pub(crate) bytes: Option<Box<[u8]>>,
}

/// The row of a table that a scenario uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    /// Drawn by each instance.
    Drawn,
    /// The same in all instances.
    Fixed(u32),
    /// The row of a shared resource, by its index.
    Of(usize),
}

/// An actor of a scenario.
#[derive(Debug)]
pub(crate) struct Actor {
    /// Name in the scenario.
    pub(crate) name: String,
    /// A kind of principal.
    pub(crate) kind: KindId,
    /// Number of earlier actors of the same kind: the instance draws a different member for each.
    pub(crate) other: usize,
    /// Number among the external principals, if the scenario pins its identity.
    pub(crate) external: Option<u64>,
    /// Fixed fields; `None` is null.
    pub(crate) pins: Vec<(FieldId, Option<Box<[u8]>>)>,
}

/// A resource of a scenario.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Name in the scenario.
    pub(crate) name: String,
    /// Kind of resource.
    pub(crate) kind: KindId,
    /// Number of elements.
    pub count: u32,
    /// Whether it belongs to the scenario or to the population.
    pub(crate) owner: Owner,
    /// Lane of its ids among those of its kind.
    pub(crate) lane: Lane,
    /// Key of its draws, derived from the scenario's key and its name.
    pub(crate) key: Key,
    /// Whether a call of the scenario creates it.
    pub(crate) made: bool,
    /// Pinned fields that no call changes.
    pub(crate) pins: Vec<(FieldId, Pin)>,
    /// Table rows that differ from the scenario's.
    pub(crate) rows: Vec<(KindId, Row)>,
    /// Offset in the instance's state slots; each element has `stride` of them.
    pub(crate) state_at: usize,
    /// State slots of each element.
    pub(crate) stride: usize,
    /// Initial values of the fields that calls change, in the order of `Kind::changing`.
    pub(crate) initial: Vec<Initial>,
    /// Where instances share it, because its id is pinned and they only read it: its number, beyond those of the
    /// population.
    pub(crate) shared: Option<u64>,
}

impl Resource {
    /// log2 of the number of elements, rounded up: an element's number in its lane is the instance's number shifted by
    /// this, plus the element's.
    pub(crate) fn shift(&self) -> u32 {
        self.count.max(1).next_power_of_two().trailing_zeros()
    }
}

/// Owner of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The scenario's instance.
    Instance {
        /// Whether it exists when the instance starts.
        existing: bool,
        /// Lane of its ids among those of its kind.
        lane: Lane,
    },
    /// The population; scenarios only read it. The instance draws the `other`th.
    Population {
        /// Number of earlier resources of the same kind.
        other: usize,
    },
}

/// A pinned field of a resource.
#[derive(Debug, Clone)]
pub(crate) enum Pin {
    /// The value as events show it.
    Bytes(Box<[u8]>),
    /// Index of one of the field's choices.
    Choice(usize),
    /// A reference to another entity.
    Reference(Reference),
}

/// Initial value of a field that calls change.
#[derive(Debug, Clone)]
pub(crate) enum Initial {
    /// The same in all instances, as a code.
    Fixed(u64),
    /// One of the field's choices, drawn with these weights.
    Drawn(WeightedIndex),
    /// A reference to another entity.
    Reference(Reference),
}

/// Target of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    /// None: the field is null.
    Null,
    /// A resource of the scenario, by index.
    Resource(usize),
    /// An actor of the scenario, by index.
    Actor(usize),
    /// A member of the population, drawn by the instance.
    Population(KindId),
}

/// A step of a scenario's control flow.
#[derive(Debug)]
pub enum Operation {
    /// An audited call.
    Call(Call),
    /// A weighted branch.
    Choose {
        /// Number of its draw.
        salt: u64,
        /// Weights of the branches.
        weights: WeightedIndex,
        /// Operation at which each branch begins.
        targets: Vec<usize>,
    },
    /// A jump to an operation.
    Jump(usize),
}

/// An audited call.
#[derive(Debug)]
pub struct Call {
    /// The step's `id`, or its method's short name, numbered from its second call on: `get-pool`, `get-pool#2`.
    pub name: String,
    /// Hash of the name: the number of its key.
    pub(crate) salt: u64,
    /// Number in event ids.
    pub(crate) tag: u16,
    /// Number in the scenario, from 0.
    pub number: u16,
    /// The method.
    pub(crate) method: MethodId,
    /// Effect of the method on its resource.
    pub(crate) does: Effect,
    /// The resource, by index.
    pub(crate) target: Option<usize>,
    /// Location of the resource's state, if it belongs to the scenario.
    pub(crate) state: Option<Place>,
    /// The actor, by index.
    pub(crate) actor: usize,
    /// Nanoseconds to wait before it.
    pub after: DurationRange,
    /// Probability that it happens, times 2⁶⁴; `None` is always.
    pub(crate) chance: Option<u64>,
    /// Number of turns.
    pub(crate) turns: TurnCount,
    /// Nanoseconds between turns.
    pub every: DurationRange,
    /// How its outcome is decided.
    pub outcome: Outcome,
    /// Requested field values, in the order of the method's inputs that change a field.
    pub(crate) asks: Vec<Ask>,
    /// The automatic failure that occurs if the request of that index lowers its field.
    pub(crate) lowers: Option<(FailureId, usize)>,
}

/// Location of a resource's state among an instance's state slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Offset of the first element's state.
    pub(crate) at: u32,
    /// State slots of each element.
    pub(crate) stride: u32,
}

impl Place {
    /// State slots of an element.
    pub(crate) fn slots(self, element: u32) -> std::ops::Range<usize> {
        let (at, stride) = (self.at as usize, self.stride as usize);
        at + stride * element as usize..at + stride * (element as usize + 1)
    }
}

/// Number of turns of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnCount {
    /// A number drawn from this range.
    Repeat(CountRange),
    /// One turn for each element of its target.
    Each,
}

/// How the outcome of a call is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Success, unless the catalog's automatic failures apply.
    Success {
        /// Whether the scenario says `success`, which rules out automatic failures.
        insists: bool,
    },
    /// From the resource's state.
    Auto,
    /// Always this failure.
    Failure(FailureId),
}

/// The request of a call for one field.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// Index among the kind's changing fields.
    pub(crate) slot: usize,
    /// Requested value.
    pub(crate) value: Asked,
}

/// A requested value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A code, as stored in a state slot.
    Code(u64),
    /// A reference to another entity.
    Reference(Reference),
    /// The next choice, at most the last.
    Next {
        /// Index of the last choice.
        last: u64,
    },
    /// The previous choice, at least the first.
    Previous,
    /// None: the field keeps its value, and the request shows a constant.
    Nothing,
    /// None, and the field becomes null.
    Clear,
}
