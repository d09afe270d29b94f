//! The plan of a run: scenarios, catalog and options, resolved and checked.
//!
//! Everything that can fail has failed before the first event. What comes out is immutable and shared: the
//! simulation ([`crate::simulation`]) and the renderer ([`crate::render`]) only read it.

pub mod event_kind;
mod needs;
pub mod roles;
pub mod story;
mod timing;

use crate::{
    bytes::{Names, Padded},
    catalog::Catalog,
    identity::{EventName, Identities},
    population::Population,
    sources::{ScenarioText, Texts},
    units::Rate,
    value::{Key, Skew},
};
use event_kind::Emission;
pub use needs::Needs;
use std::{path::PathBuf, sync::Arc};
use story::{Operation, Story};

pub use timing::{Starts, Timing};

/// What defines a run, as the command line or a test says it. Everything but `scenarios` may be left at its default.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Options {
    /// Names of shipped scenarios, paths, or stories in one line.
    pub scenarios: Vec<String>,
    /// A folder of templates, with or without a catalog.
    pub templates: Option<PathBuf>,
    /// The seed; drawn at random if neither this nor a scenario says one.
    pub seed: Option<u64>,
    /// Where event time begins: RFC 3339, a date, `now` or `-7d`.
    pub from: Option<String>,
    /// Where it ends.
    pub to: Option<String>,
    /// How long it is, in nanoseconds.
    pub duration: Option<u64>,
    /// Exactly so many events.
    pub events: Option<u64>,
    /// Exactly so many whole instances.
    pub instances: Option<u64>,
    /// So many events in every second (minute, …), in total.
    pub rate: Option<Rate>,
    /// Stages of a changing rate: nanoseconds, and the rate at their end; the first one starts from 0.
    pub stages: Vec<(u64, Rate)>,
    /// Stories at exact times, on top of the rest: `mass-deletion@+2h`, and behind the time `,label=positive` and
    /// `,deletes=4`.
    pub inject: Vec<String>,
    /// With a rate: begin with no story going on, instead of in the middle of life.
    pub cold_start: bool,
    /// A run with a rate and a beginning needs no end: it goes on for ever, or is only looked at.
    pub endless: bool,
    /// Nothing ends it unless another option does: instances start one after another, as in a live run. Needs a `from`.
    pub unbounded: bool,
    /// Nanoseconds between the starts of two instances; a second if neither this nor a scenario says otherwise.
    pub every: Option<u64>,
    /// Parameters, fields and identities: `deletes=4`, `pool.max_cfu=20`, `organization.id=…`.
    pub set: Vec<String>,
    /// Envelopes as printed in the documentation, incomplete ones too.
    pub as_documented: bool,
    /// What records are keyed by: a name of the catalog, `none` or `instance`.
    pub key: Option<String>,
    /// Whether it will be emitted at the pace of the wall clock: then it begins now and needs no end.
    pub live: bool,
    /// Where scenarios, catalog and templates are read from.
    pub texts: Texts,
    /// The wall time in nanoseconds since the Unix epoch, for times that are relative to it; now if `None`.
    pub now: Option<i64>,
}

/// A run, ready to be simulated.
#[derive(Debug)]
pub struct Plan {
    /// The audited system.
    pub catalog: Arc<Catalog>,
    /// What the run is called: its scenarios' names.
    pub name: String,
    /// The seed in force.
    pub seed: u64,
    /// Whether seed and beginning were given, so that what was asked for gives the same events whenever it is asked.
    pub is_repeatable: bool,
    /// Its stories: those of the mix, then those that are injected.
    pub stories: Vec<Story>,
    /// How many of them are not injected.
    pub background: usize,
    /// How often each story is told.
    pub weights: Skew,
    /// Where the choice among stories starts.
    pub pick: Key,
    /// When.
    pub timing: Timing,
    /// Its kinds of events.
    pub emissions: Vec<Emission>,
    /// Makers of ids.
    pub identities: Identities,
    /// Who and what existed before.
    pub population: Population,
    /// Texts that scenarios give.
    pub literals: Vec<Padded>,
    /// What records are keyed by.
    pub key: RecordKey,
    /// The texts of its scenarios.
    pub texts: Vec<ScenarioText>,
    /// Whether envelopes are as the documentation prints them, incomplete ones too.
    pub as_documented: bool,
}

/// What records are keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKey {
    /// Nothing.
    None,
    /// The instance: story and number.
    Instance,
    /// One of the catalog's keys.
    Catalog(usize),
}

impl Plan {
    /// The names behind the numbers in events.
    pub fn names(&self) -> Names {
        let mut outcomes = vec!["success".to_owned()];
        outcomes.extend(self.catalog.failures.iter().map(|failure| failure.name.clone()));
        Names {
            stories: self.stories.iter().map(|story| story.name.clone()).collect(),
            methods: self.catalog.methods.iter().map(|method| method.name.clone()).collect(),
            outcomes,
        }
    }

    /// Which event of this run has that id, or `None` if it is none of this run.
    pub fn event_of(&self, id: &str) -> Option<WhichEvent<'_>> {
        let name: EventName = self.identities.event_of(id.parse().ok()?)?;
        let story = self.stories.iter().find(|story| story.tag == name.story)?;
        let call = story.operations.iter().find_map(|operation| match operation {
            Operation::Call(call) if call.tag == name.step => Some(call),
            _ => None,
        })?;
        Some(WhichEvent { story: &story.name, instance: name.instance, step: &call.name, occurrence: name.occurrence })
    }
}

/// What an event id says of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhichEvent<'p> {
    /// The story's name.
    pub story: &'p str,
    /// The instance of the story, from 0.
    pub instance: u64,
    /// The step: its `id`, or its method's short name (with `#2` for the second call of it, and so on).
    pub step: &'p str,
    /// Which turn of a repeated step, from 0.
    pub occurrence: u32,
}
