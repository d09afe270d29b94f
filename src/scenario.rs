//! Scenarios as written: the syntax tree of a scenario file or of the one-line form.
//!
//! Reading checks everything that needs no catalog: keys, types, ranges and parameters. The planner checks whether
//! methods, kinds and failures exist and whether the steps are possible. Every node keeps its span, so that the
//! planner's diagnostics can point at it.

mod daily;
mod inject;
mod one_line;
mod params;
mod read;
mod read_common;
mod show;
mod steps;

use std::sync::Arc;

pub(crate) use inject::{DEFAULT_LABEL, is_label};
pub use one_line::read_one_line;
pub(crate) use one_line::{method_of_step, read_one_line_in, unusual_names};
pub use params::Override;
pub use read::read;
pub(crate) use read::read_what_can_be;
pub use show::to_yaml;

use crate::{
    error::Source,
    units::{CountRange, DurationRange, Rate, TimeOfDay, Zone},
    yaml::{Node, Spanned},
};

/// A scenario: either steps, or a workload (`mix`).
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The text that all spans point into.
    pub source: Arc<Source>,
    /// The file's name without extension, or the one-line text itself.
    pub name: String,
    /// A description for people.
    pub description: Option<String>,
    /// The seed, if the file gives one.
    pub seed: Option<Spanned<u64>>,
    /// The start of event time, as written; see [`crate::units::time`].
    pub from: Option<Spanned<String>>,
    /// Nanoseconds between the starts of two instances.
    pub every: Option<Spanned<u64>>,
    /// The declared parameters with their current values.
    pub params: Vec<Param>,
    /// Declared actors.
    pub actors: Vec<Actor>,
    /// Declared resources.
    pub resources: Vec<Resource>,
    /// Steps or a mix.
    pub body: Body,
    /// Whether all steps could be read.
    pub(crate) whole: bool,
    /// Actors and resources that could not be read.
    pub(crate) unread: Unread,
}

/// Names of declared actors and resources that could not be read; references to them are not reported as unknown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread {
    /// The names.
    pub(crate) names: Vec<String>,
    /// Whether there may be more names, because `actors` or `resources` as a whole cannot be read.
    pub(crate) sections: bool,
}

impl Unread {
    /// Whether something of this name may have been declared.
    pub(crate) fn may_be(&self, name: &str) -> bool {
        self.sections || self.names.iter().any(|unread| unread == name)
    }
}

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// The name, without `$`.
    pub(crate) name: Spanned<String>,
    /// The current value: that of the last override, else the declared one. Its span is that of the declaration.
    pub(crate) value: Node,
}

/// A principal that calls methods.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The name that steps use.
    pub(crate) name: Spanned<String>,
    /// The kind of principal, as the catalog names it.
    pub(crate) kind: Option<Spanned<String>>,
    /// Values of fields, `id` included; all other fields are random.
    pub(crate) pins: Vec<Field>,
}

/// A resource, or several of one kind, that calls are about.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The name that steps use.
    pub(crate) name: Spanned<String>,
    /// The kind of resource, as the catalog names it.
    pub(crate) kind: Option<Spanned<String>>,
    /// The number of resources, at least 1; 1 if left out.
    pub count: Option<Spanned<u64>>,
    /// Whether it existed before the instance began.
    pub(crate) existing: Option<Spanned<bool>>,
    /// Values of fields, `id` included; all other fields are random.
    pub(crate) fields: Vec<Field>,
}

/// The name of a field, an input or a parameter, with a value.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name.
    pub name: Spanned<String>,
    /// The value.
    pub(crate) value: Node,
}

/// The main part of a scenario file.
#[derive(Debug, Clone)]
pub enum Body {
    /// The steps of one scenario; never empty.
    Steps(Vec<Step>),
    /// Weighted scenarios.
    Mix(Mix),
}

/// A workload: weighted scenarios, and the population that they share.
#[derive(Debug, Clone)]
pub struct Mix {
    /// The scenarios; never empty.
    pub entries: Vec<MixEntry>,
    /// Sizes of the population, by the plural name of each kind.
    pub(crate) population: Vec<Field>,
    /// The rate, if the file gives one.
    pub pace: Option<Pace>,
    /// Scenarios injected at exact times, in addition to the weighted ones.
    pub(crate) inject: Vec<Injection>,
}

/// A scenario that a mix injects at an exact time.
#[derive(Debug, Clone)]
pub(crate) struct Injection {
    /// Name or path of the scenario.
    pub(crate) scenario: Spanned<String>,
    /// The time as written: `+20m` after the start of the run, or a point in time.
    pub(crate) at: Spanned<String>,
    /// Values for its parameters.
    pub(crate) with: Vec<Field>,
    /// The label in the ground truth.
    pub label: Option<Spanned<String>>,
}

/// The rate of a workload.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// `rate: 500/s`: constant.
    Rate(Spanned<Rate>),
    /// `stages`: the rate changes linearly from one target to the next.
    Stages {
        /// The rate before the first stage; 0 if left out.
        start: Option<Spanned<Rate>>,
        /// The stages; never empty.
        stages: Vec<Stage>,
    },
    /// `daily`: the rate rises and falls with the time of day.
    Daily(Daily),
}

/// A rate that rises and falls with the time of day.
#[derive(Debug, Clone, PartialEq)]
pub struct Daily {
    /// The highest rate, above 0.
    pub(crate) peak: Spanned<Rate>,
    /// The lowest rate, twelve hours from the highest; at most `peak`.
    pub(crate) trough: Spanned<Rate>,
    /// The local time of the highest rate.
    pub(crate) peak_at: Spanned<TimeOfDay>,
    /// The time zone; UTC if left out.
    pub(crate) timezone: Option<Spanned<Zone>>,
    /// The factor for Saturdays and Sundays, in thousandths; 1,000 if left out.
    pub(crate) weekend: Option<Spanned<u32>>,
}

/// A period in which the rate changes linearly to a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Nanoseconds; with 0 the rate jumps.
    pub(crate) duration: Spanned<u64>,
    /// The rate at the end of the stage.
    pub(crate) target: Spanned<Rate>,
}

/// A scenario of a mix.
#[derive(Debug, Clone)]
pub struct MixEntry {
    /// Name or path of the scenario.
    pub(crate) scenario: Spanned<String>,
    /// Its weight, more than 0; 1 if left out.
    pub(crate) weight: Spanned<f64>,
    /// Values for its parameters.
    pub with: Vec<Field>,
}

/// A step of a scenario.
#[derive(Debug, Clone)]
pub enum Step {
    /// A call (or several, with `repeat` or `each`).
    Call(Box<Call>),
    /// A random choice between branches.
    Choose(Choose),
}

/// An audited call.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "it is the key of the scenario language")]
pub struct Call {
    /// A name to which the step's random values are keyed, so that inserting other steps does not change them.
    pub(crate) id: Option<Spanned<String>>,
    /// The full or short name of the method.
    pub call: Spanned<String>,
    /// The resource, by its name in the scenario.
    pub(crate) target: Option<Spanned<String>>,
    /// The actor, by its name in the scenario.
    pub(crate) by: Option<Spanned<String>>,
    /// The delay after the preceding step.
    pub after: Option<Spanned<DurationRange>>,
    /// Values for inputs.
    pub(crate) with: Vec<Field>,
    /// The outcome of the call; success if left out.
    pub outcome: Option<Spanned<Outcome>>,
    /// Repetition of the call; never together with `each`.
    pub(crate) repeat: Option<Repeat>,
    /// A call for each of several resources; never together with `repeat` or `target`.
    pub(crate) each: Option<Each>,
    /// The probability of the step, more than 0 and at most 1.
    pub(crate) chance: Option<Spanned<f64>>,
}

/// The outcome of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Success; the planner proves that it is possible.
    Success,
    /// Success or failure, depending on the state of the resource.
    Auto,
    /// The method's default failure: `outcome: failure`, or `-failure` in the one-line form.
    UsualFailure,
    /// A failure by its name in the catalog.
    Named(String),
}

impl Outcome {
    /// The outcome that a scenario file calls `name`.
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "success" => Self::Success,
            "auto" => Self::Auto,
            "failure" => Self::UsualFailure,
            _ => Self::Named(name.to_owned()),
        }
    }
}

/// Repetition of a call.
#[derive(Debug, Clone)]
pub(crate) struct Repeat {
    /// The number of calls; its upper bound is at least 1.
    pub(crate) times: Spanned<CountRange>,
    /// The delay between two calls.
    pub(crate) every: Option<Spanned<DurationRange>>,
}

/// A call for each of several resources.
#[derive(Debug, Clone)]
pub(crate) struct Each {
    /// The resources, by their name in the scenario.
    pub(crate) resources: Spanned<String>,
    /// The delay between two calls, from the step's key `every`.
    pub(crate) every: Option<Spanned<DurationRange>>,
}

/// A random choice between branches.
#[derive(Debug, Clone)]
pub struct Choose {
    /// A name to which the draw is keyed, so that inserting other steps does not change it.
    pub(crate) id: Option<Spanned<String>>,
    /// The branches; never empty.
    pub(crate) branches: Vec<Branch>,
}

/// A branch of a choice and its weight.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// The weight, more than 0; 1 if left out.
    pub(crate) weight: Spanned<f64>,
    /// The steps of the branch; never empty.
    pub(crate) steps: Vec<Step>,
}
