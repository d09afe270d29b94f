//! A scenario file, as `src/scenario` reads it. Examples that need words of a catalog come from there: see `suggest.rs`.

use super::words::{
    ActorKind, Chance, Count, Duration, DurationRange, Factor, Label, Method, Name, Outcome, Rate, ResourceKind,
    ScenarioName, ShortStep, SomeRate, Text, TimeOfDay,
};
use schemars::JsonSchema;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A scenario of Falsetrail (`steps`), or a workload of several scenarios (`mix`).
///
/// `$name` stands for a parameter wherever a value stands, and keys that begin with `x-` are free.
#[derive(JsonSchema)]
#[schemars(title = "Falsetrail scenario", deny_unknown_fields)]
#[schemars(extend("patternProperties" = { "^x-": true }))]
#[schemars(extend("oneOf" = [{ "required": ["steps"] }, { "required": ["mix"] }]))]
#[schemars(extend("dependentRequired" = {
    "population": ["mix"], "rate": ["mix"], "stages": ["mix"], "start": ["stages"], "daily": ["mix"], "inject": ["mix"],
}))]
#[schemars(extend("dependentSchemas" = {
    "mix": { "properties": { "actors": false, "resources": false } },
    "rate": { "properties": { "stages": false, "daily": false } },
    "stages": { "properties": { "daily": false } },
}))]
pub(super) struct Scenario {
    /// A description for people: content and purpose.
    description: Option<Text>,
    /// The seed from which everything random follows, if the file pins it. The same seed and start give the same bytes.
    #[schemars(example = 7, extend("maximum" = u64::MAX))]
    seed: Option<u64>,
    /// Where event time begins: RFC 3339, a date, `now`, or an offset from now such as `-7d`.
    #[schemars(example = "2026-01-05T08:00:00Z", example = "-7d")]
    from: Option<Text>,
    /// The time between the starts of two instances. If it is shorter than an instance, instances overlap.
    every: Option<Duration>,
    /// Values that can be set from outside, by `--set` or by `with` in a mix, and stand in the file as `$name`.
    #[schemars(example = json!({ "deletes": 12, "gap": "4s" }))]
    params: Option<Params>,
    /// Who acts.
    actors: Option<Actors>,
    /// The resources that steps act on.
    resources: Option<Resources>,
    /// The steps, in order.
    #[schemars(length(min = 1))]
    steps: Option<Vec<Step>>,
    /// Several scenarios by weight, in place of `steps`.
    #[schemars(length(min = 1))]
    mix: Option<Vec<MixEntry>>,
    /// How much exists before a run begins, by the kinds' plurals, and how unevenly instances draw from it: with a `skew`
    /// of 0 evenly, with 1 the busiest acts twice as often as the next. Kinds that are not named keep the catalog's numbers.
    population: Option<Population>,
    /// Events per second, always the same.
    rate: Option<SomeRate>,
    /// Rates that change: each stage goes linearly from the rate before it to its `target`.
    #[schemars(length(min = 1))]
    stages: Option<Vec<Stage>>,
    /// The rate before the first of `stages`; 0 if it is left out.
    start: Option<Rate>,
    /// A rate that rises and falls with the day.
    daily: Option<Daily>,
    /// Scenarios at exact times, on top of the rest, which they do not change.
    inject: Option<Vec<Injection>>,
}

/// A name and its value if nobody sets it.
#[derive(JsonSchema)]
#[schemars(extend("propertyNames" = { "$ref": "#/$defs/Name" }))]
pub(super) struct Params(BTreeMap<String, ParamValue>);

/// Any value, `null` included. A text that begins with a dollar is written with two.
#[derive(JsonSchema)]
#[schemars(extend("not" = { "type": "string", "pattern": r"^\$([^$]|$)" }))]
pub(super) struct ParamValue(Value);

/// The name by which steps refer to an actor, and who it is.
#[derive(JsonSchema)]
#[schemars(extend("propertyNames" = { "$ref": "#/$defs/Name" }))]
pub(super) struct Actors(BTreeMap<String, Actor>);

/// Somebody who acts. Values that are not given here are drawn once for each instance: `id`, and the fields of its kind.
#[derive(JsonSchema)]
#[schemars(extend("additionalProperties" = true))]
pub(super) struct Actor {
    /// The kind of principal, from the catalog.
    kind: Option<ActorKind>,
}

/// The name by which steps refer to a resource, and what it is.
#[derive(JsonSchema)]
#[schemars(extend("propertyNames" = { "$ref": "#/$defs/Name" }))]
pub(super) struct Resources(BTreeMap<String, Resource>);

/// Something, or several of a kind, that steps act on. Values that are not given here are drawn: `id`, and the fields of its kind.
#[derive(JsonSchema)]
#[schemars(extend("additionalProperties" = true))]
pub(super) struct Resource {
    /// The kind of resource, from the catalog.
    kind: Option<ResourceKind>,
    /// How many there are; a step acts on one after another by `each`.
    #[schemars(range(min = 1), extend("maximum" = u64::MAX, "default" = 1))]
    count: Option<u64>,
    /// Whether it existed before the instance began.
    #[schemars(extend("default" = false))]
    existing: Option<bool>,
}

/// A step of a scenario.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Step {
    /// A call alone.
    Short(ShortStep),
    /// A call with what there is to say about it.
    Call(Box<Call>),
    /// One of several branches.
    Choose(Choose),
}

/// An audited call.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("dependentRequired" = { "every": ["each"] }))]
#[schemars(extend("dependentSchemas" = { "each": { "properties": { "repeat": false, "target": false } } }))]
#[expect(clippy::struct_field_names, reason = "the key is called so")]
pub(super) struct Call {
    /// The method, by its name or its short name.
    call: Method,
    /// The resource, by its name in this file. May be left out where the method says enough.
    target: Option<Text>,
    /// Once for each of several resources, by their name in this file.
    each: Option<Text>,
    /// The delay between two of `each`.
    every: Option<DurationRange>,
    /// The actor, by its name in this file. Left out, the actor of the previous step.
    by: Option<Text>,
    /// The delay after the step before; left out, the catalog's usual one.
    after: Option<DurationRange>,
    /// Several times the same.
    repeat: Option<Repeat>,
    /// How likely it happens at all.
    chance: Option<Chance>,
    /// Inputs of the request, by the names that the method gives them.
    with: Option<Inputs>,
    /// How it ends; `success` if it is left out, and the plan proves that it can.
    outcome: Option<Outcome>,
    /// The name on which its random values hang, so that they stay when steps are inserted.
    id: Option<Name>,
}

/// Several times the same call.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Repeat {
    /// So often, with the usual delay between two.
    Count(Count),
    /// A number of times, with a delay between them.
    Full(FullRepeat),
}

/// Several times the same call, with a delay between two.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, example = json!({ "times": "3..8", "every": "2s" }))]
pub(super) struct FullRepeat {
    /// How often.
    times: Count,
    /// The delay between two.
    every: Option<DurationRange>,
}

/// One of several branches, by their weights.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Choose {
    /// The branches.
    #[schemars(length(min = 1))]
    choose: Vec<Branch>,
    /// The name on which its draw hangs, so that it stays when other choices are inserted.
    id: Option<Name>,
}

/// A branch and how often it is taken.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Branch {
    /// Its share among all weights.
    weight: Option<Weight>,
    /// Its steps, in order.
    #[schemars(length(min = 1))]
    steps: Vec<Step>,
}

/// A share among all weights, more than 0.
#[derive(JsonSchema)]
#[schemars(extend("exclusiveMinimum" = 0, "default" = 1))]
pub(super) struct Weight(f64);

/// Inputs of a request, by the names that the catalog gives them.
#[derive(JsonSchema)]
pub(super) struct Inputs(BTreeMap<String, Value>);

/// Values for the parameters of a scenario, by their names without `$`.
#[derive(JsonSchema)]
pub(super) struct Values(BTreeMap<String, Value>);

/// How many of each exist before a run begins, by the kinds' plurals.
#[derive(JsonSchema)]
pub(super) struct Population(BTreeMap<String, Value>);

/// A scenario of a mix.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum MixEntry {
    /// With a weight of 1.
    Name(ScenarioName),
    /// With a weight or parameters.
    Full(FullMixEntry),
}

/// A scenario of a mix, its share among all weights, and its parameters.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "scenario": "stale-client", "weight": 3, "with": { "asks": "5..12" } }))]
pub(super) struct FullMixEntry {
    /// A shipped scenario by its name, or a file by its path relative to this one.
    scenario: ScenarioName,
    /// Its share of the instances (not of the events) among all weights.
    weight: Option<Weight>,
    /// Values for its parameters.
    with: Option<Values>,
}

/// A stretch of time in which the rate goes to a target.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, example = json!({ "duration": "10m", "target": "500/s" }))]
pub(super) struct Stage {
    /// How long it takes; `0s` jumps.
    duration: Duration,
    /// The rate at its end.
    target: Rate,
}

/// A rate that rises and falls with the day.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "peak": "500/s", "trough": "20/s", "peak_at": "14:00", "timezone": "Europe/Berlin" }))]
pub(super) struct Daily {
    /// The highest rate.
    peak: SomeRate,
    /// The lowest, twelve hours apart; at most `peak`.
    trough: Rate,
    /// When it is highest, by the clocks of `timezone`; in quotes.
    peak_at: TimeOfDay,
    /// A name of the IANA database; UTC if it is left out.
    #[schemars(example = "Europe/Berlin", example = "America/New_York")]
    timezone: Option<Text>,
    /// The rate on Saturdays and Sundays, as a part of that on other days.
    weekend: Option<Factor>,
}

/// A scenario at an exact time, on top of the rest.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(example = json!({ "scenario": "mass-deletion", "at": "+2h", "label": "positive" }))]
pub(super) struct Injection {
    /// A shipped scenario by its name, or a file by its path relative to this one.
    scenario: ScenarioName,
    /// When: `+20m` after the run's beginning, or a point in time.
    #[schemars(example = "+20m", example = "2026-01-05T10:00:00Z")]
    at: Text,
    /// Values for its parameters.
    with: Option<Values>,
    /// Its label in the truth file; `injected` if it is left out.
    label: Option<Label>,
}
