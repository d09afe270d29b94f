//! The audited system as data: its resource kinds, their fields, its principals, its methods.
//!
//! Everything that is particular to an audited system comes from a `catalog.yaml` and the templates beside it;
//! the engine knows resources, principals, calls and outcomes, and no name of any of them.

mod check;
mod complete;
mod field;
mod load;
mod names;
mod read;
mod read_field;
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

pub use field::{Field, Generator, Moment, ReferDefault, Scalar, Table, escaped};
pub use names::template_file;
pub use text::{Text, TextPart};

/// Index of a kind in [`Catalog::kinds`].
pub type KindId = usize;
/// Index of a field in [`Kind::fields`].
pub type FieldId = usize;
/// Index of a method in [`Catalog::methods`].
pub type MethodId = usize;
/// Index of a failure in [`Catalog::failures`].
pub type FailureId = usize;

/// The most members of a kind that can exist before a run.
pub const MOST_MEMBERS: u64 = 10_000_000;

/// How many inputs of a method that updates may change a field: a simulated call keeps their values on the stack.
pub const MOST_ASKS: usize = 16;

/// One audited system, checked: every name resolves.
#[derive(Debug)]
pub struct Catalog {
    /// The catalog's name, such as `confluent-flink`.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// The delay before a step that does not say `after`.
    pub after: DurationRange,
    /// The field that an event is about, where a method does not say.
    pub subject: String,
    /// How unevenly stories draw from the population: 0 evenly, 1 by Zipf's law.
    pub skew: f64,
    /// Resources and principals.
    pub kinds: Vec<Kind>,
    /// Audited calls.
    pub methods: Vec<Method>,
    /// Ways in which calls fail.
    pub failures: Vec<Failure>,
    /// What a record may be keyed by.
    pub keys: Vec<RecordKey>,
    /// The key that is used when nobody says otherwise: an index into `keys`.
    pub default_key: usize,
    /// The event body of each method, by [`MethodId`]; a method without one cannot be called.
    pub templates: Vec<Option<Arc<Template>>>,
    /// The `catalog.yaml`.
    pub source: Arc<Source>,
    /// Where its `population` stands, if it has one.
    pub population_at: Option<Range<usize>>,
    /// Where each template was read from or looked for.
    pub template_names: Vec<String>,
}

/// A kind of resource or principal.
#[derive(Debug)]
pub struct Kind {
    /// Name in scenarios, such as `compute-pool`.
    pub name: String,
    /// Name in sentences, such as `compute pool`.
    pub label: String,
    /// Name in templates, such as `pool`.
    pub variable: String,
    /// Name in a population, such as `compute_pools`.
    pub plural: Option<String>,
    /// The kinds that it lies in, outermost first.
    pub scope: Vec<KindId>,
    /// Whether it can act.
    pub principal: bool,
    /// What it has.
    pub fields: Vec<Field>,
    /// The fixed rows that it consists of, for a kind that nobody creates.
    pub table: Option<Table>,
    /// How long after its creation it is ready.
    pub ready_after: Option<DurationRange>,
    /// How many exist before a run begins.
    pub population: u64,
    /// Where that stands in the `catalog.yaml`, or else the kind's name.
    pub population_at: Range<usize>,
    /// Whether the catalog says how many exist.
    pub populated: bool,
    /// The fields that calls change, in the order in which a resource's state keeps them.
    pub changing: Vec<FieldId>,
    /// The unique clock among its fields, if it has one: such a name is given out while the run is simulated.
    pub stamp: Option<FieldId>,
}

/// What a call does to its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The resource exists afterwards.
    Create,
    /// It is shown.
    Get,
    /// All that the story knows of in the scope are shown.
    List,
    /// It is changed.
    Update,
    /// It is gone afterwards.
    Delete,
}

/// One audited call.
#[derive(Debug)]
pub struct Method {
    /// Name in events and files, such as `CreateComputePool`.
    pub name: String,
    /// Where it stands in the `catalog.yaml`.
    pub name_at: Range<usize>,
    /// Name in scenarios, such as `create-pool`: given, or derived from the name.
    pub short: String,
    /// What it is about.
    pub kind: KindId,
    /// What it does.
    pub does: Effect,
    /// The kinds that its events name as scope, outermost first.
    pub scope: Vec<KindId>,
    /// How many items a list shows at most.
    pub page: usize,
    /// What its events are about.
    pub subject: Text,
    /// For a list: the field of the first item that takes the subject's place when there is an item.
    pub subject_of_first: Option<FieldId>,
    /// What the caller asks for.
    pub input: Vec<Input>,
    /// How it can fail, the usual way first.
    pub failures: Vec<FailureId>,
    /// The delay before it, where a step does not say.
    pub after: Option<DurationRange>,
}

/// Something that a caller asks for.
#[derive(Debug)]
pub struct Input {
    /// Name under `input` in templates and under `with` in scenarios.
    pub name: String,
    /// Where its value comes from.
    pub value: InputValue,
}

/// Where an input's value comes from.
#[derive(Debug)]
pub enum InputValue {
    /// Always the same.
    Always(Scalar),
    /// It changes a field of the resource.
    Changes {
        /// Which field.
        field: FieldId,
        /// What is sent when it is not asked for.
        unset: Unset,
        /// What is asked for when a step does not say anything.
        usual: Option<Usual>,
    },
}

/// What a request says about a field that it does not change.
#[derive(Debug, Clone, PartialEq)]
pub enum Unset {
    /// A fixed value, and the field stays.
    Fixed(Scalar),
    /// Null, and the field becomes null.
    Clears,
    /// The field's value as it is.
    Current,
}

/// The change that a step asks for when it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// The next of the field's choices.
    Next,
    /// Somebody of this kind from the population.
    Of(KindId),
}

/// What must be true of a resource for a call to fail so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// It does not exist.
    Absent,
    /// It exists.
    Live,
    /// Nothing.
    Any,
}

/// A way to fail.
#[derive(Debug)]
pub struct Failure {
    /// Name in scenarios, such as `not-found`.
    pub name: String,
    /// The status as events show it.
    pub status: String,
    /// The sentence that events show.
    pub detail: Text,
    /// When it can happen.
    pub needs: Precondition,
    /// When it happens by itself: the input lowers the field.
    pub when: Option<Lowers>,
}

/// A condition under which a call fails by itself: it asks for a lower one of a field's choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowers {
    /// The input that asks.
    pub input: String,
    /// The field that may not be lowered.
    pub field: String,
}

/// What a record may be keyed by.
#[derive(Debug)]
pub struct RecordKey {
    /// Name on the command line.
    pub name: String,
    /// Texts to try in order: the first whose names a method has.
    pub texts: Vec<Text>,
}

impl Catalog {
    /// The catalog that is built into the binary.
    ///
    /// # Errors
    ///
    /// Every mistake in it, as for any other catalog.
    pub fn built_in() -> Result<Arc<Catalog>, Error> {
        load::built_in(None).map(Arc::new)
    }

    /// The catalog in a folder; without a `catalog.yaml` there, the built-in one with the folder's templates in place
    /// of its own.
    ///
    /// # Errors
    ///
    /// Files that cannot be read, and every mistake in them.
    pub fn load(folder: &Path) -> Result<Arc<Catalog>, Error> {
        load::folder(folder).map(Arc::new)
    }

    /// The catalog in a run file.
    ///
    /// # Errors
    ///
    /// Every mistake in it, as for any other catalog.
    pub fn of_run(run: &RunSources) -> Result<Arc<Catalog>, Error> {
        load::of_run(run).map(Arc::new)
    }

    /// The kind of that name.
    pub fn kind(&self, name: &str) -> Option<KindId> {
        self.kinds.iter().position(|kind| kind.name == name)
    }

    /// The method of that name or short name.
    pub fn method(&self, name: &str) -> Option<MethodId> {
        self.methods.iter().position(|method| method.name == name || method.short == name)
    }

    /// The failure of that name.
    pub fn failure(&self, name: &str) -> Option<FailureId> {
        self.failures.iter().position(|failure| failure.name == name)
    }

    /// The kind whose variable in templates is `variable`.
    pub fn variable(&self, variable: &str) -> Option<KindId> {
        self.kinds.iter().position(|kind| kind.variable == variable)
    }

    /// Names and short names of all methods, for suggestions.
    pub fn method_names(&self) -> Vec<&str> {
        self.methods.iter().flat_map(|method| [method.short.as_str(), method.name.as_str()]).collect()
    }
}

impl Kind {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Whether a field of that name may be null; references are asked for in another way.
    pub fn may_be_null(&self, name: &str) -> bool {
        self.field(name).map(|field| &self.fields[field]).is_some_and(|field| {
            !matches!(field.generator, Generator::Refer { .. })
                && matches!(field.shape(self.table.as_ref()), Shape::Nullable(_))
        })
    }

    /// The ids of its table's rows, in their order.
    pub fn row_ids(&self) -> impl Iterator<Item = &Scalar> + Clone {
        let column = match self.fields.get(self.id()).map(|field| &field.generator) {
            Some(Generator::Column(column)) => Some(*column),
            _ => None,
        };
        self.table.iter().zip(column).flat_map(|(table, column)| table.column(column))
    }

    /// The field that identifies.
    pub fn id(&self) -> FieldId {
        self.field("id").unwrap_or_default()
    }
}

impl Method {
    /// Whether a call of it changes or removes the resource, or makes it.
    pub fn changes(&self) -> bool {
        matches!(self.does, Effect::Create | Effect::Update | Effect::Delete)
    }

    /// The input of that name.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.input.iter().find(|input| input.name == name)
    }
}

impl Catalog {
    /// The kind that members of a kind are dealt out to: the innermost of its scope that has a population.
    pub fn parent(&self, kind: KindId) -> Option<KindId> {
        self.kinds[kind].scope.iter().rev().copied().find(|scope| self.kinds[*scope].table.is_none())
    }
}

/// The failure of a call whose resource is not as it must be: the method's first one that needs just that.
pub(crate) fn automatic_failure(catalog: &Catalog, method: MethodId) -> Option<FailureId> {
    let method = &catalog.methods[method];
    let needs = if method.does == Effect::Create { Precondition::Live } else { Precondition::Absent };
    method
        .failures
        .iter()
        .copied()
        .find(|failure| catalog.failures[*failure].needs == needs && catalog.failures[*failure].when.is_none())
}
