//! Catalog: the model of an audited system, with its resource kinds, their fields, its principals and its methods.
//!
//! Only the catalog (`catalog.yaml` and the templates next to it) contains names of an audited system, so the engine
//! works for any system that has resources, principals, calls and outcomes.

mod check;
mod complete;
mod field;
mod load;
mod names;
mod read;
mod read_common;
mod read_field;
mod read_kind;
mod read_method;
mod read_table;
mod shape;
mod sound;
mod text;

use crate::{
    error::{Error, Source},
    sources::RunSources,
    template::{Shape, Template},
    units::DurationRange,
};
use std::{ops::Range, path::Path, sync::Arc};

pub(crate) use field::{Field, Moment, ReferDefault, Table, escaped};
pub use field::{Generator, Scalar};
pub use names::template_file;
pub(crate) use sound::POPULATION_WORDS;
pub use text::{Text, TextPart};

/// Index of a kind in [`Catalog::kinds`].
pub(crate) type KindId = usize;
/// Index of a field in [`Kind::fields`].
pub(crate) type FieldId = usize;
/// Index of a method in [`Catalog::methods`].
pub(crate) type MethodId = usize;
/// Index of a failure in [`Catalog::failures`].
pub(crate) type FailureId = usize;

/// The largest population of one kind.
pub(crate) const MOST_MEMBERS: u64 = 10_000_000;

/// The most inputs of an updating method that change a field; the simulation keeps them in an array of this size.
pub(crate) const MOST_ASKS: usize = 16;

/// A checked catalog of one audited system: every name in it resolves.
#[derive(Debug)]
pub struct Catalog {
    /// The catalog's name, such as `confluent-flink`.
    pub name: String,
    /// The delay before a step without `after`.
    pub(crate) after: DurationRange,
    /// The default of a method's `subject`: the field whose value events give as their subject.
    pub(crate) subject: String,
    /// The exponent of the Zipf distribution by which instances draw members of the population; 0 is uniform.
    pub(crate) skew: f64,
    /// Kinds of resources and principals.
    pub kinds: Vec<Kind>,
    /// Audited calls.
    pub methods: Vec<Method>,
    /// Ways in which calls fail.
    pub failures: Vec<Failure>,
    /// The available record keys.
    pub keys: Vec<RecordKey>,
    /// The index in `keys` of the record key used without `--key`.
    pub(crate) default_key: usize,
    /// The template of each method's events, by [`MethodId`]; a method without one cannot be called.
    pub templates: Vec<Option<Arc<Template>>>,
    /// The text of `catalog.yaml`.
    pub(crate) source: Arc<Source>,
    /// The span of its key `population`, if it has one.
    pub(crate) population_at: Option<Range<usize>>,
    /// The file name of each method's template, whether or not the file exists.
    pub template_names: Vec<String>,
}

/// A kind of resource or principal.
#[derive(Debug)]
pub struct Kind {
    /// Name in scenarios, such as `compute-pool`.
    pub name: String,
    /// Name in messages and texts, such as `compute pool`.
    pub label: String,
    /// Name in templates, such as `pool`.
    pub variable: String,
    /// Name under `population`, such as `compute_pools`.
    pub plural: Option<String>,
    /// The kinds that contain it, outermost first.
    pub(crate) scope: Vec<KindId>,
    /// Whether its members can act, that is, call methods.
    pub(crate) principal: bool,
    /// Fields of each member.
    pub fields: Vec<Field>,
    /// The rows of a kind that is a fixed table, whose members nobody creates.
    pub table: Option<Table>,
    /// The time from creation until a member is ready.
    pub(crate) ready_after: Option<DurationRange>,
    /// The number of members that exist before a run begins.
    pub(crate) population: u64,
    /// The span of that number in `catalog.yaml`, else of the kind's name.
    pub(crate) population_at: Range<usize>,
    /// Whether `catalog.yaml` gives that number.
    pub(crate) populated: bool,
    /// The fields that calls can change, in the order of the state slots.
    pub(crate) changing: Vec<FieldId>,
    /// The field that is a unique clock, if there is one. Its values are assigned in the simulation.
    pub(crate) stamp: Option<FieldId>,
}

/// The effect of a call on its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The resource exists after the call.
    Create,
    /// The event shows the resource.
    Get,
    /// The event shows all resources of the kind in the scope that the instance knows of.
    List,
    /// Fields of the resource change.
    Update,
    /// The resource no longer exists after the call.
    Delete,
}

/// An audited call.
#[derive(Debug)]
pub struct Method {
    /// Name in events and template files, such as `CreateComputePool`.
    pub name: String,
    /// The span of the name in `catalog.yaml`.
    pub(crate) name_at: Range<usize>,
    /// Name in scenarios, such as `create-pool`: from the catalog, or derived from the name.
    pub short: String,
    /// The kind of its resource.
    pub(crate) kind: KindId,
    /// The effect on the resource.
    pub does: Effect,
    /// The kinds that its events name as scope, outermost first.
    pub(crate) scope: Vec<KindId>,
    /// The most items that an event of a list shows.
    pub(crate) page: usize,
    /// The subject of its events.
    pub subject: Text,
    /// For a list: the field of the first item that replaces the subject if there is an item.
    pub(crate) subject_of_first: Option<FieldId>,
    /// The inputs of a request.
    pub input: Vec<Input>,
    /// Its possible failures; the first is the default.
    pub failures: Vec<FailureId>,
    /// The delay before it, for a step without `after`.
    pub(crate) after: Option<DurationRange>,
}

/// An input of a request.
#[derive(Debug)]
pub struct Input {
    /// Name under `input` in templates and under `with` in scenarios.
    pub name: String,
    /// The origin of its value.
    pub(crate) value: InputValue,
}

/// The origin of an input's value.
#[derive(Debug)]
pub(crate) enum InputValue {
    /// A constant.
    Always(Scalar),
    /// The new value of a field of the resource.
    Changes {
        /// The field that changes.
        field: FieldId,
        /// The value sent by a call that does not change the field.
        unset: Unset,
        /// The change requested by a step that does not mention the input.
        usual: Option<Usual>,
    },
}

/// The value that a request sends for a field that it does not change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unset {
    /// A constant; the field keeps its value.
    Fixed(Scalar),
    /// Null, which sets the field to null.
    Clears,
    /// The current value of the field.
    Current,
}

/// The change that a step requests if it does not mention the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usual {
    /// The choice that follows the current one.
    Next,
    /// A random member of the population of this kind.
    Of(KindId),
}

/// The state of a resource in which a call can fail in a certain way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// The resource does not exist.
    Absent,
    /// The resource exists.
    Live,
    /// Any state.
    Any,
}

/// A way in which a call can fail.
#[derive(Debug)]
pub struct Failure {
    /// Name in scenarios, such as `not-found`.
    pub name: String,
    /// The status in events.
    pub(crate) status: String,
    /// The message in events.
    pub(crate) detail: Text,
    /// The state of the resource in which it can happen.
    pub precondition: Precondition,
    /// Set if the failure follows from a request: an input lowers the field.
    pub(crate) when: Option<Lowers>,
}

/// A condition that makes a call fail: the request asks for an earlier one of a field's choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lowers {
    /// The name of the input.
    pub(crate) input: String,
    /// The name of the field that may not be lowered.
    pub(crate) field: String,
}

/// A way to key the records of a topic.
#[derive(Debug)]
pub struct RecordKey {
    /// Name for `--key`.
    pub name: String,
    /// Alternatives: the key is the first text whose names all exist for the method.
    pub(crate) texts: Vec<Text>,
}

impl Catalog {
    /// The catalog that is built into the binary.
    ///
    /// # Errors
    ///
    /// All mistakes in it, as for any catalog.
    pub fn built_in() -> Result<Arc<Catalog>, Error> {
        load::built_in(None).map(Arc::new)
    }

    /// The catalog in a folder. If the folder has no `catalog.yaml`, the built-in catalog, with the folder's templates
    /// replacing built-in ones.
    ///
    /// # Errors
    ///
    /// Files that cannot be read, and all mistakes in them.
    pub fn load(folder: &Path) -> Result<Arc<Catalog>, Error> {
        load::folder(folder).map(Arc::new)
    }

    /// The catalog in a run file.
    ///
    /// # Errors
    ///
    /// All mistakes in it, as for any catalog.
    pub fn from_run(run: &RunSources) -> Result<Arc<Catalog>, Error> {
        load::from_run(run).map(Arc::new)
    }

    /// Finds a kind by its name.
    pub(crate) fn kind(&self, name: &str) -> Option<KindId> {
        self.kinds.iter().position(|kind| kind.name == name)
    }

    /// Finds a method by its name or short name.
    pub fn method(&self, name: &str) -> Option<MethodId> {
        self.methods.iter().position(|method| method.name == name || method.short == name)
    }

    /// Finds a failure by its name.
    pub fn failure(&self, name: &str) -> Option<FailureId> {
        self.failures.iter().position(|failure| failure.name == name)
    }

    /// Finds a kind by its variable in templates.
    pub(crate) fn variable(&self, variable: &str) -> Option<KindId> {
        self.kinds.iter().position(|kind| kind.variable == variable)
    }

    /// Names and short names of all methods, for suggestions.
    pub fn method_names(&self) -> Vec<&str> {
        self.methods.iter().flat_map(|method| [method.short.as_str(), method.name.as_str()]).collect()
    }
}

impl Kind {
    /// Finds a field by its name.
    pub(crate) fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Whether the field of this name may be null. Returns `false` for references, which callers check separately.
    pub(crate) fn may_be_null(&self, name: &str) -> bool {
        self.field(name).map(|field| &self.fields[field]).is_some_and(|field| {
            !matches!(field.generator, Generator::Refer { .. })
                && matches!(field.shape(self.table.as_ref()), Shape::Nullable(_))
        })
    }

    /// The ids of the rows of its table, in order.
    pub(crate) fn row_ids(&self) -> impl Iterator<Item = &Scalar> + Clone {
        let column = match self.fields.get(self.id()).map(|field| &field.generator) {
            Some(Generator::Column(column)) => Some(*column),
            _ => None,
        };
        self.table.iter().zip(column).flat_map(|(table, column)| table.column(column))
    }

    /// The index of the field `id`, which identifies a member.
    pub fn id(&self) -> FieldId {
        self.field("id").unwrap_or_default()
    }
}

impl Method {
    /// Whether a call creates, changes or removes its resource.
    pub(crate) fn changes(&self) -> bool {
        matches!(self.does, Effect::Create | Effect::Update | Effect::Delete)
    }

    /// Finds an input by its name.
    pub(crate) fn input(&self, name: &str) -> Option<&Input> {
        self.input.iter().find(|input| input.name == name)
    }
}

impl Catalog {
    /// The kind among whose members the members of `kind` are divided: the innermost one of its scope that is no table.
    pub(crate) fn parent(&self, kind: KindId) -> Option<KindId> {
        self.kinds[kind].scope.iter().rev().copied().find(|scope| self.kinds[*scope].table.is_none())
    }
}

/// The failure of a call whose resource does not meet the call's precondition: the method's first failure with exactly
/// that precondition.
pub(crate) fn automatic_failure(catalog: &Catalog, method: MethodId) -> Option<FailureId> {
    let method = &catalog.methods[method];
    let wanted = if method.does == Effect::Create { Precondition::Live } else { Precondition::Absent };
    method
        .failures
        .iter()
        .copied()
        .find(|failure| catalog.failures[*failure].precondition == wanted && catalog.failures[*failure].when.is_none())
}
