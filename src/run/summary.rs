//! Counts of the generated events, by method and outcome and by scenario.

use crate::{
    bytes::Chunk,
    plan::{Plan, event_kind::EventKind},
    simulation::Record,
};
use xxhash_rust::xxh3::Xxh3;

/// Counts of the events of a run.
#[derive(Clone)]
pub struct Summary {
    /// Number of events.
    pub events: u64,
    /// Number of bytes in their bodies.
    pub bytes: u64,
    /// Time of the first event, in nanoseconds since the Unix epoch.
    pub(crate) first: Option<i64>,
    /// Time of the last event, in the same unit.
    pub last: Option<i64>,
    digest: Option<Box<Xxh3>>,
    outcomes: usize,
    counts: Vec<u64>,
    scenarios: Vec<u64>,
    /// For each event kind, its index in `counts` and in `scenarios`.
    places: Vec<(u32, u16)>,
}

/// The number of events of each event kind in a batch. The thread that renders a batch counts it, while the batch is in
/// its processor's cache.
#[derive(Debug, Default)]
pub(super) struct Kinds(Vec<u32>);

impl Kinds {
    /// Clears the counts, and counts the events of these records.
    pub(super) fn count(&mut self, plan: &Plan, records: &[Record]) {
        self.0.clear();
        self.0.resize(plan.event_kinds.len(), 0);
        for record in records {
            self.0[record.event_kind as usize] += 1;
        }
    }
}

impl Summary {
    /// An empty summary; `digest` makes it compute a digest.
    pub(crate) fn new(plan: &Plan, digest: bool) -> Self {
        let outcomes = plan.catalog.failures.len() + 1;
        let place = |event_kind: &EventKind| {
            let outcome = event_kind.failure.map_or(0, |failure| failure + 1);
            ((event_kind.method * outcomes + outcome) as u32, event_kind.scenario)
        };
        Summary {
            events: 0,
            bytes: 0,
            first: None,
            last: None,
            digest: digest.then(|| Box::new(Xxh3::new())),
            outcomes,
            counts: vec![0; plan.catalog.methods.len() * outcomes],
            scenarios: vec![0; plan.scenarios.len()],
            places: plan.event_kinds.iter().map(place).collect(),
        }
    }

    /// Adds a chunk whose events have these kinds.
    pub(super) fn count(&mut self, chunk: &Chunk, kinds: &Kinds) {
        self.events += chunk.events.len() as u64;
        self.bytes += (chunk.bodies.len() - chunk.events.len()) as u64;
        self.first = self.first.or(chunk.events.first().map(|event| event.time));
        self.last = chunk.events.last().map(|event| event.time).or(self.last);
        if let Some(digest) = &mut self.digest {
            digest.update(&chunk.bodies);
        }
        for ((place, scenario), count) in self.places.iter().zip(&kinds.0).filter(|(_, count)| **count > 0) {
            self.counts[*place as usize] += u64::from(*count);
            self.scenarios[usize::from(*scenario)] += u64::from(*count);
        }
    }

    /// Notes the time of an event that is not rendered.
    pub(crate) fn note_time(&mut self, time: i64) {
        self.first = self.first.or(Some(time));
        self.last = Some(time);
    }

    /// Sets all counts, from the number of events of each event kind, and the time of the last event, if it is later.
    pub(crate) fn set(&mut self, kinds: &[u64], last: Option<i64>) {
        self.events = kinds.iter().sum();
        for ((place, scenario), count) in self.places.iter().zip(kinds) {
            self.counts[*place as usize] += count;
            self.scenarios[usize::from(*scenario)] += count;
        }
        self.last = self.last.max(last);
    }

    /// XXH3 (128 bits) of the compact bodies, each followed by a line feed, in the order of the run: 32 hexadecimal
    /// digits. It does not depend on the format or the sink.
    pub fn digest(&self) -> Option<String> {
        self.digest.as_ref().map(|digest| format!("{:032x}", digest.digest128()))
    }

    /// Method, failure (`None` is success) and count of each combination that occurred, in the catalog's order.
    pub fn by_outcome<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (&'a str, Option<&'a str>, u64)> {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(move |(index, count)| {
            let method = plan.catalog.methods[index / self.outcomes].name.as_str();
            let failure =
                (index % self.outcomes).checked_sub(1).map(|failure| plan.catalog.failures[failure].name.as_str());
            (method, failure, *count)
        })
    }

    /// Scenario and count of each scenario with events, in the order of the run's scenarios.
    pub(crate) fn by_scenario<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (&'a str, u64)> {
        let scenarios = plan.scenarios.iter().zip(&self.scenarios).filter(|(_, count)| **count > 0);
        scenarios.map(|(scenario, count)| (scenario.name.as_str(), *count))
    }
}

impl std::fmt::Debug for Summary {
    /// The digest's internal state is left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Summary").field("events", &self.events).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
