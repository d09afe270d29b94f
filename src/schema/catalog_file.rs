//! A `catalog.yaml`, as `src/catalog/read.rs` and its neighbours read it.

use super::words::{Duration, DurationRange, Text, TextWithNames};
use schemars::JsonSchema;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A catalog of Falsetrail: one audited system, its kinds of resources and principals, its methods and how they fail.
///
/// Beside it lies one template, `<Method>.json`, for each method; the name is percent-encoded. Keys that begin with `x-` are
/// free.
#[derive(JsonSchema)]
#[schemars(title = "Falsetrail catalog", deny_unknown_fields, extend("patternProperties" = { "^x-": true }))]
pub(super) struct Catalog {
    /// Its name.
    name: Text,
    /// A description for people.
    description: Option<Text>,
    /// The delay before a step that does not say `after`.
    after: Option<DurationRange>,
    /// The default subject of an event: this field of its resource; `id` if it is left out.
    subject: Option<Text>,
    /// How many of each exist before a run begins, by the kinds' plurals, and how unevenly instances draw from them.
    #[schemars(example = json!({ "doors": 40, "houses": 6, "skew": 1.0 }))]
    population: Option<Population>,
    /// Kafka keys by name: the first text whose names the method has is the key.
    #[schemars(example = json!({ "house": ["${house.id}"] }))]
    keys: Option<BTreeMap<String, Vec<TextWithNames>>>,
    /// The key of `keys` that records have if nobody says.
    default_key: Option<Text>,
    /// Resources and principals by their names in scenarios, outer kinds above those that lie in them.
    #[schemars(extend("minProperties" = 1))]
    kinds: BTreeMap<String, Kind>,
    /// The ways in which calls fail, by their names in scenarios.
    failures: Option<BTreeMap<String, Failure>>,
    /// The audited calls, by their names in events.
    #[schemars(extend("minProperties" = 1))]
    methods: BTreeMap<String, Method>,
}

/// How many of each kind exist before a run begins.
#[derive(JsonSchema)]
pub(super) struct Population {
    /// How unevenly instances draw: 0 is evenly, 1 is Zipf's law.
    skew: Option<f64>,
    #[schemars(flatten)]
    counts: BTreeMap<String, u64>,
}

/// A kind of resource or principal.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["fields"], "properties": { "fields": { "required": ["id"] } } },
    { "required": ["table"], "properties": { "table": { "properties": { "columns": { "contains": { "const": "id" } } } } } },
]))]
pub(super) struct Kind {
    /// Its name in sentences; the name with spaces if it is left out.
    label: Option<Text>,
    /// Its name in a population, such as `doors`; without one none can exist before.
    plural: Option<Text>,
    /// Its name in templates, such as `door`; the name with `_` for `-` if it is left out.
    variable: Option<Variable>,
    /// The kinds that it lies in, outermost first.
    scope: Option<Vec<Text>>,
    /// Whether it can act.
    #[schemars(extend("default" = false))]
    principal: Option<bool>,
    /// How long after its creation it is ready.
    ready_after: Option<DurationRange>,
    /// Its fields by name; a field may refer to those above it. Every kind has an `id`.
    fields: Option<Fields>,
    /// The fixed rows that it consists of, for a kind that nobody creates; methods may only list it.
    table: Option<Table>,
}

/// A name in templates that means nothing else there.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"\S", "not" = { "enum": [
    "event", "request", "success", "as_documented", "failure", "principal", "subject", "items", "input", "target",
] }))]
pub(super) struct Variable(String);

/// Fields by their names, which are no words of the scenario language.
#[derive(JsonSchema)]
#[schemars(extend("propertyNames" = { "not": { "enum": ["kind", "count", "existing"] } }))]
pub(super) struct Fields(BTreeMap<String, Field>);

/// A field: exactly one key says where its value comes from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["pattern"] }, { "required": ["text"] }, { "required": ["by"] }, { "required": ["choose"] },
    { "required": ["time"] }, { "required": ["clock"] }, { "required": ["stage"] }, { "required": ["ramp"] },
    { "required": ["refer"] }, { "required": ["email"] }, { "required": ["address"] },
]))]
#[schemars(extend("dependentRequired" = {
    "by": ["cases"], "cases": ["by"], "unique": ["pattern"], "weights": ["choose"], "unique_in": ["clock"],
    "nullable": ["refer"], "default": ["refer"],
}))]
pub(super) struct Field {
    /// A pattern of literals, classes such as `[a-z0-9]` and counts such as `{6}`, at most 4096 characters in all; where
    /// it gives too few different ids, they get longer.
    #[schemars(example = "door-[a-z0-9]{6}")]
    pattern: Option<Text>,
    /// Whether `pattern` gives no value twice in a run; an `id` does not, if it is left out.
    unique: Option<bool>,
    /// A text made of other fields, of this kind or those that it lies in.
    text: Option<TextWithNames>,
    /// The field above, one of `choose`, that decides which of `cases` it is.
    by: Option<Text>,
    /// A text for each choice of `by`.
    cases: Option<BTreeMap<String, TextWithNames>>,
    /// One of these values, all of one type or `null`.
    #[schemars(length(min = 1), example = json!([5, 10, 20]))]
    choose: Option<Vec<Scalar>>,
    /// How often each of `choose` is drawn, whole numbers; 0 is only used when a scenario asks for it.
    #[schemars(example = json!([15, 40, 20]))]
    weights: Option<Vec<u64>>,
    /// When the resource was created or last updated.
    time: Option<Moment>,
    /// The time of its creation by `%Y`, `%m`, `%d`, `%H`, `%M` and `%S`.
    #[schemars(example = "door-%Y-%m-%d-%H%M%S")]
    clock: Option<Text>,
    /// The kind within which `clock` gives no value twice.
    unique_in: Option<Text>,
    /// Another value until the resource is ready.
    stage: Option<Stage>,
    /// A number that rises after the resource is ready.
    ramp: Option<Ramp>,
    /// A resource or principal of this kind, or of one of these.
    refer: Option<Refer>,
    /// Whether `refer` may be null.
    #[schemars(extend("default" = false))]
    nullable: Option<bool>,
    /// The default of `refer`: null, or the `caller`; left out, a resource or actor of the instance.
    default: Option<ReferDefault>,
    /// A person's mail address at one of these domains.
    #[schemars(example = json!(["example.com", "example.net"]))]
    email: Option<Vec<Text>>,
    /// An address in one of these ranges.
    #[schemars(length(min = 1), example = json!(["192.0.2.0/24", "2001:db8::/32"]))]
    address: Option<Vec<Range>>,
    /// A regular expression for values that a scenario fixes, where the field is put together from others.
    matches: Option<Text>,
}

/// A range of IPv4 or IPv6 addresses.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/[0-9]{1,3})$"))]
pub(super) struct Range(String);

/// A text, a whole number that 64 bits hold, `true`, `false` or `null`.
#[derive(JsonSchema)]
#[schemars(extend("type" = ["string", "integer", "boolean", "null"], "minimum" = i64::MIN, "maximum" = u64::MAX))]
pub(super) struct Scalar(Value);

/// A moment in a resource's life.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(super) enum Moment {
    /// Its creation.
    Created,
    /// Its last change.
    Updated,
}

/// One value until the resource is ready, then another.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, example = json!({ "young": "DRYING", "ready": "DRY" }))]
pub(super) struct Stage {
    /// Until it is ready.
    young: Text,
    /// From then on.
    ready: Text,
}

/// 0 until the resource is ready, then one more from time to time.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, example = json!({ "up_to": "height", "every": "20s" }))]
pub(super) struct Ramp {
    /// The field above that says where it ends.
    up_to: Text,
    /// The time between two; 1s if it is left out.
    every: Option<Duration>,
}

/// One kind or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Refer {
    /// This kind.
    One(Text),
    /// One of these kinds.
    Several(#[schemars(length(min = 1))] Vec<Text>),
}

/// `null`, or `caller`.
#[derive(JsonSchema)]
#[schemars(extend("enum" = [null, "caller"]))]
pub(super) struct ReferDefault(Value);

/// Rows and their columns: values of one type or `null` in each column, each `id` once. The column `weight` says how
/// often a row is drawn, in whole numbers.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "columns": ["id", "weight"], "rows": [["north", 3], ["south", 1]] }))]
pub(super) struct Table {
    /// The fields' names, `id` among them.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    columns: Vec<Text>,
    /// A value for each column.
    #[schemars(length(min = 1))]
    rows: Vec<Vec<Scalar>>,
}

/// A way to fail.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "status": "404", "needs": "absent", "detail": "The ${target.label} ${target.id} was not found." }))]
pub(super) struct Failure {
    /// The status as events show it, in quotes.
    status: Text,
    /// The sentence that events show.
    detail: TextWithNames,
    /// The precondition of the failure; `any` if it is left out.
    needs: Option<Needs>,
    /// When it happens by itself.
    when: Option<When>,
}

/// The state of a resource in which a call can fail this way.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(super) enum Needs {
    /// It does not exist.
    Absent,
    /// It exists.
    Live,
    /// Nothing.
    Any,
}

/// When a call fails by itself: it asks for a lower one of a field's choices.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, example = json!({ "input": "height", "lowers": "height" }))]
pub(super) struct When {
    /// The input that asks.
    input: Text,
    /// The field that may not be lowered.
    lowers: Text,
}

/// An audited call.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Method {
    /// Its name in scenarios; the words of the full name in lower case, with `-` between them, if it is left out.
    short: Option<Short>,
    /// The kind of its resource.
    kind: Text,
    /// Its effect on the resource.
    does: Effect,
    /// The kinds that its events name as scope, outermost first; those of its kind if it is left out.
    scope: Option<Vec<Text>>,
    /// How many items a list shows at most.
    page: Option<u64>,
    /// The subject of its events.
    subject: Option<TextWithNames>,
    /// For a list: the field of the first item that takes the subject's place when there is an item.
    subject_of_first: Option<Text>,
    /// The inputs of a request, by name.
    input: Option<BTreeMap<String, Input>>,
    /// How it can fail, the usual way first.
    failures: Option<Vec<Text>>,
    /// The delay before it, where a step does not say.
    after: Option<DurationRange>,
}

/// A short name: small letters, digits, and `-` between them.
#[derive(JsonSchema)]
#[schemars(example = "create-door", extend("pattern" = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
pub(super) struct Short(String);

/// The effect of a call on its resource.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(super) enum Effect {
    /// It exists afterwards.
    Create,
    /// It is shown.
    Get,
    /// The event shows all that the instance knows.
    List,
    /// It is changed.
    Update,
    /// It is gone afterwards.
    Delete,
}

/// Something that a caller asks for: always the same, or a change of a field.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{ "required": ["always"] }, { "required": ["changes"] }]))]
#[schemars(example = json!({ "changes": "height", "unset": 0, "usual": "next" }))]
pub(super) struct Input {
    /// The value, always.
    always: Option<Scalar>,
    /// The field that it changes.
    changes: Option<Text>,
    /// The value sent if a step does not set the input: a value, `null` with `clears`, or `current` for the field as it is.
    unset: Option<Scalar>,
    /// The default request of a step: `next` of the field's choices, or a member of a kind.
    usual: Option<Text>,
    /// Whether `unset: null` makes the field null.
    #[schemars(extend("default" = false))]
    clears: Option<bool>,
}
