//! The scenario as a person wrote it, nothing else.
//!
//! Reading checks what can be checked without a catalog: known keys, types, ranges, parameters.
//! Whether a method, a kind or a failure exists, and whether the story can happen, is the plan's
//! business. Every part keeps its place in the text, so that the plan's errors can point at it.

mod daily;
mod inject;
mod one_line;
mod params;
mod read;
mod show;
mod steps;

use std::{ops::Range, sync::Arc};

pub use inject::{DEFAULT_LABEL, is_label};
pub use one_line::{method_of_step, read_one_line, read_one_line_in, unusual_names};
pub use params::Override;
pub use read::{read, read_what_can_be};
pub use show::to_yaml;

use crate::{
    error::Source,
    units::{CountRange, DurationRange, Rate, TimeOfDay, Zone},
    yaml::{Node, Spanned},
};

/// A story or a mix of stories.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The text that all spans point into.
    pub source: Arc<Source>,
    /// The file's stem, or the one-line text itself.
    pub name: String,
    /// What it is about, for people.
    pub description: Option<String>,
    /// The seed, if the file pins it.
    pub seed: Option<Spanned<u64>>,
    /// Where event time begins, as written; see [`crate::units::time`].
    pub from: Option<Spanned<String>>,
    /// Nanoseconds between the starts of two instances.
    pub every: Option<Spanned<u64>>,
    /// The declared parameters with the values in force.
    pub params: Vec<Param>,
    /// Who acts.
    pub actors: Vec<Actor>,
    /// What is acted upon.
    pub resources: Vec<Resource>,
    /// What happens.
    pub body: Body,
    /// Whether all steps could be read.
    pub whole: bool,
    /// Actors and resources that could not be read.
    pub unread: Unread,
}

/// Actors and resources that are declared and could not be read: nothing is wrong for lack of them.
#[derive(Debug, Clone, Default)]
pub struct Unread {
    /// Their names.
    pub names: Vec<String>,
    /// Whether there may be others, because all that stands under `actors` or `resources` cannot be read.
    pub sections: bool,
}

impl Unread {
    /// Whether a name may be that of one of them.
    pub fn may_be(&self, name: &str) -> bool {
        self.sections || self.names.iter().any(|unread| unread == name)
    }
}

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name, without `$`.
    pub name: Spanned<String>,
    /// The value in force: the declared one or that of the last override. Its place is the declaration.
    pub value: Node,
}

/// Somebody who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The name by which steps refer to it.
    pub name: Spanned<String>,
    /// The kind of principal, a word of the catalog.
    pub kind: Option<Spanned<String>>,
    /// What the scenario fixes instead of leaving it to chance, `id` included.
    pub pins: Vec<Field>,
}

/// Something, or several of a kind, that is acted upon.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The name by which steps refer to it.
    pub name: Spanned<String>,
    /// The kind of resource, a word of the catalog.
    pub kind: Option<Spanned<String>>,
    /// How many there are, at least 1; one if left out.
    pub count: Option<Spanned<u64>>,
    /// Whether it existed before the story.
    pub existing: Option<Spanned<bool>>,
    /// What the scenario fixes instead of leaving it to chance, `id` included.
    pub fields: Vec<Field>,
}

/// A name of the catalog (or of a parameter) and a value for it.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name.
    pub name: Spanned<String>,
    /// The value.
    pub value: Node,
}

/// What a scenario does.
#[derive(Debug, Clone)]
pub enum Body {
    /// One story; never empty.
    Steps(Vec<Step>),
    /// Several stories by weight.
    Mix(Mix),
}

/// A load: stories by weight, and the population that they share.
#[derive(Debug, Clone)]
pub struct Mix {
    /// The stories; never empty.
    pub entries: Vec<MixEntry>,
    /// Sizes of the population, words of the catalog.
    pub population: Vec<Field>,
    /// Events over time, if the file says so.
    pub pace: Option<Pace>,
    /// Stories at exact times, on top of the rest.
    pub inject: Vec<Injection>,
}

/// A story that a mix puts at an exact time.
#[derive(Debug, Clone)]
pub struct Injection {
    /// Name or path of the scenario.
    pub scenario: Spanned<String>,
    /// When, as written: `+20m` after the run's beginning, or a point in time.
    pub at: Spanned<String>,
    /// Values for its parameters.
    pub with: Vec<Field>,
    /// What the truth says that it is.
    pub label: Option<Spanned<String>>,
}

/// How many events happen when.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// `rate: 500/s`, always the same.
    Rate(Spanned<Rate>),
    /// `stages`, one after another; the rate goes linearly from the one before to the target.
    Stages {
        /// The rate before the first stage; 0 if left out.
        start: Option<Spanned<Rate>>,
        /// The stages; never empty.
        stages: Vec<Stage>,
    },
    /// `daily`, a rate that rises and falls with the day.
    Daily(Daily),
}

/// A rate that rises and falls with the day.
#[derive(Debug, Clone, PartialEq)]
pub struct Daily {
    /// The highest rate, more than 0.
    pub peak: Spanned<Rate>,
    /// The lowest, twelve hours apart; at most `peak`.
    pub trough: Spanned<Rate>,
    /// When it is highest, by the zone's clocks.
    pub peak_at: Spanned<TimeOfDay>,
    /// Whose clocks; UTC if left out.
    pub timezone: Option<Spanned<Zone>>,
    /// The rate on Saturdays and Sundays, in thousandths of that on other days; the same if left out.
    pub weekend: Option<Spanned<u32>>,
}

/// A stretch of time in which the rate goes to a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Nanoseconds; 0 jumps.
    pub duration: Spanned<u64>,
    /// The rate at its end.
    pub target: Spanned<Rate>,
}

/// A story of a mix.
#[derive(Debug, Clone)]
pub struct MixEntry {
    /// Name or path of the scenario.
    pub scenario: Spanned<String>,
    /// Its share among all weights, more than 0; 1 if left out.
    pub weight: Spanned<f64>,
    /// Values for its parameters.
    pub with: Vec<Field>,
}

/// A step of a story.
#[derive(Debug, Clone)]
pub enum Step {
    /// One audited call (or several, by `repeat` and `each`).
    Call(Box<Call>),
    /// One of several branches.
    Choose(Choose),
}

/// An audited call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The whole step.
    pub span: Range<usize>,
    /// The name by which the step keeps its random values when others are inserted.
    pub id: Option<Spanned<String>>,
    /// The method, by its name or a short name.
    pub call: Spanned<String>,
    /// The resource, by its name in the scenario.
    pub target: Option<Spanned<String>>,
    /// The actor, by its name in the scenario.
    pub by: Option<Spanned<String>>,
    /// The delay after the step before.
    pub after: Option<Spanned<DurationRange>>,
    /// What the caller asks for.
    pub with: Vec<Field>,
    /// How the call ends; success if left out.
    pub outcome: Option<Spanned<Outcome>>,
    /// Several times the same; never together with `each`.
    pub repeat: Option<Repeat>,
    /// Once for each of several resources; never together with `repeat` or `target`.
    pub each: Option<Each>,
    /// The probability that it happens at all, more than 0 and at most 1.
    pub chance: Option<Spanned<f64>>,
}

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeds, and the plan proves that it can.
    Success,
    /// Whatever the state dictates.
    Auto,
    /// The method's usual failure: `outcome: failure`, or `-failure` in the one-line form.
    UsualFailure,
    /// A failure that the catalog names.
    Named(String),
}

/// Several times the same call.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// How often, at least once at most.
    pub times: Spanned<CountRange>,
    /// The delay between two of them.
    pub every: Option<Spanned<DurationRange>>,
}

/// A call for each of several resources.
#[derive(Debug, Clone)]
pub struct Each {
    /// The resources, by their name in the scenario.
    pub resources: Spanned<String>,
    /// The delay between two of them, from the step's key `every`.
    pub every: Option<Spanned<DurationRange>>,
}

/// One of several branches.
#[derive(Debug, Clone)]
pub struct Choose {
    /// The name by which the choice keeps its draw when others are inserted.
    pub id: Option<Spanned<String>>,
    /// The whole step.
    pub span: Range<usize>,
    /// The branches; never empty.
    pub branches: Vec<Branch>,
}

/// A branch and how often it is taken.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its share among all weights, more than 0; 1 if left out.
    pub weight: Spanned<f64>,
    /// What happens in it; never empty.
    pub steps: Vec<Step>,
}
