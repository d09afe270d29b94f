//! The plan of a run: scenarios, catalog and options, resolved and checked.
//!
//! Everything that can fail has failed before the first event. A plan is immutable and shared: the simulation
//! ([`crate::simulation`]) and the renderer ([`crate::render`]) only read it.

pub(crate) mod event_kind;
pub(crate) mod reference_code;
mod required_roles;
pub(crate) mod resolved;
pub(crate) mod roles;
pub(crate) mod snapshot;
pub(crate) mod state_slots;
mod timing;

use crate::{
    bytes::{Names, Padded},
    catalog::Catalog,
    identity::{EventName, Identities},
    population::Population,
    sources::{ScenarioSource, SourceProvider},
    units::Rate,
    value::{Key, WeightedIndex},
};
use event_kind::EventKind;
pub(crate) use required_roles::RequiredRoles;
use resolved::{Operation, ResolvedScenario};
use std::{ops::Range, path::PathBuf, sync::Arc};

pub(crate) use timing::{DryRun, Starts, Timing};

/// The options that define a run, as given on the command line or by a test. Everything but `scenarios` has a default.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate option")]
pub struct Options {
    /// Names of shipped scenarios, paths, or inline scenarios.
    pub scenarios: Vec<String>,
    /// A folder of templates, with or without a catalog.
    pub templates: Option<PathBuf>,
    /// The seed; random if neither this nor a scenario sets it.
    pub seed: Option<u64>,
    /// Start of event time: RFC 3339, a date, `now` or `-7d`.
    pub from: Option<String>,
    /// End of event time, in the same forms.
    pub to: Option<String>,
    /// Length of event time in nanoseconds.
    pub duration: Option<u64>,
    /// Exact number of events.
    pub events: Option<u64>,
    /// Exact number of whole instances.
    pub instances: Option<u64>,
    /// Total rate: exactly this many events in every second (minute, …).
    pub rate: Option<Rate>,
    /// Stages of a changing rate: nanoseconds, and the rate at their end; the first starts from 0.
    pub stages: Vec<(u64, Rate)>,
    /// Injected scenarios: `mass-deletion@+2h`, optionally followed by `,label=positive` and arguments such as
    /// `,deletes=4`.
    pub inject: Vec<String>,
    /// With a rate: start with no instance in progress, instead of in steady state.
    pub cold_start: bool,
    /// A run with a rate and a start needs no end, because it runs until it is stopped or is only inspected.
    pub endless: bool,
    /// Nothing ends it unless another option does: instances start one after another, as in a live run. Needs a `from`.
    pub unbounded: bool,
    /// Nanoseconds between the starts of two instances; a second if neither this nor a scenario says otherwise.
    pub every: Option<u64>,
    /// Overrides of parameters, fields and identities: `deletes=4`, `pool.max_cfu=20`, `organization.id=…`.
    pub set: Vec<String>,
    /// Envelopes as printed in the documentation, even if incomplete.
    pub as_documented: bool,
    /// The record key: a key of the catalog, `none` or `instance`.
    pub key: Option<String>,
    /// Whether events are emitted in real time: the run then starts now and needs no end.
    pub live: bool,
    /// Sources of scenarios, catalog and templates.
    pub texts: SourceProvider,
    /// Wall time that relative times refer to, in nanoseconds since the Unix epoch; `None` is the current time.
    pub now: Option<i64>,
}

/// A run, ready to be simulated. Its methods are the API; its fields are inner parts, which may change at any time.
#[derive(Debug)]
pub struct Plan {
    /// Catalog of the audited system.
    pub catalog: Arc<Catalog>,
    /// Name of the run, composed of its scenarios' names.
    pub name: String,
    /// The effective seed.
    pub seed: u64,
    /// Whether seed and start were given, so that the same options always generate the same events.
    pub is_repeatable: bool,
    /// The scenarios of the mix, followed by the injected ones.
    pub scenarios: Vec<ResolvedScenario>,
    /// Number of scenarios that are not injected.
    pub background: usize,
    /// Weights of the scenarios.
    pub weights: WeightedIndex,
    /// Key of the choice among scenarios.
    pub pick: Key,
    /// Start, end and rate.
    pub timing: Timing,
    /// The simulation of the whole run without its state, if planning needed one.
    pub dry_run: Option<DryRun>,
    /// Event kinds.
    pub event_kinds: Vec<EventKind>,
    /// The compiled calls, by scenario and operation; operations that are no calls have an empty entry.
    pub calls: Vec<Box<[CompiledCall]>>,
    /// Generators of ids.
    pub identities: Identities,
    /// The entities that exist before the run.
    pub population: Population,
    /// Texts given by scenarios, referred to by index.
    pub literals: Vec<Padded>,
    /// The record key.
    pub key: RecordKey,
    /// Texts of the scenario files.
    pub texts: Vec<ScenarioSource>,
    /// Whether envelopes are as the documentation prints them, incomplete ones too.
    pub as_documented: bool,
}

/// The scenarios of a run, and how its instances are divided among them.
#[derive(Debug, Clone, Copy)]
pub struct Workload<'p> {
    /// As [`Plan::scenarios`].
    pub scenarios: &'p [ResolvedScenario],
    /// As [`Plan::background`].
    pub background: usize,
    /// As [`Plan::weights`].
    pub weights: &'p WeightedIndex,
    /// As [`Plan::pick`].
    pub pick: Key,
}

/// The compiled form of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompiledCall {
    /// Its event kinds, one for each possible outcome: indices into [`Plan::event_kinds`].
    pub event_kinds: Range<u32>,
    /// Offset of the state of another resource that its events show, if any.
    pub beside: u32,
}

/// Key of the records in Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKey {
    /// No key.
    None,
    /// The instance: its scenario and number.
    Instance,
    /// A key of the catalog, by index.
    Catalog(usize),
}

impl Plan {
    /// The scenarios, and how instances are divided among them.
    pub fn workload(&self) -> Workload<'_> {
        let Plan { scenarios, background, weights, pick, .. } = self;
        Workload { scenarios, background: *background, weights, pick: *pick }
    }

    /// Ends the run earlier: before a time, or after a number of events.
    pub fn end_early(&mut self, to: Option<i64>, events: Option<u64>) {
        self.timing.to = self.timing.to.into_iter().chain(to).min();
        self.timing.events = self.timing.events.into_iter().chain(events).min();
        // It was simulated to its former end.
        self.dry_run = None;
    }

    /// Names for the indices in events.
    pub fn names(&self) -> Names {
        let mut outcomes = vec!["success".to_owned()];
        outcomes.extend(self.catalog.failures.iter().map(|failure| failure.name.clone()));
        Names {
            scenarios: self.scenarios.iter().map(|scenario| scenario.name.clone()).collect(),
            methods: self.catalog.methods.iter().map(|method| method.name.clone()).collect(),
            outcomes,
        }
    }

    /// The event with this id, or `None` if the run has no such event.
    pub fn event_of(&self, id: &str) -> Option<WhichEvent<'_>> {
        let name: EventName = self.identities.event_of(id.parse().ok()?)?;
        let scenario = self.scenarios.iter().find(|scenario| scenario.tag == name.scenario)?;
        let call = scenario.operations.iter().find_map(|operation| match operation {
            Operation::Call(call) if call.tag == name.step => Some(call),
            _ => None,
        })?;
        Some(WhichEvent {
            scenario: &scenario.name,
            instance: name.instance,
            step: &call.name,
            occurrence: name.occurrence,
        })
    }
}

/// Identification of an event, decoded from its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhichEvent<'p> {
    /// Name of the scenario.
    pub scenario: &'p str,
    /// Number of the instance within its scenario, from 0.
    pub instance: u64,
    /// The step: its `id`, or its method's short name (with `#2` for the second call of it, and so on).
    pub step: &'p str,
    /// Turn of a repeated step, from 0.
    pub occurrence: u32,
}
