//! Forecast of a run without emitting it: simulates the run and renders a sample.
//!
//! A simulated event costs a small part of a rendered one, so the run is simulated as a whole and counts are exact up
//! to [`MOST`] events. Sizes and keys need bytes, and so come from a sample: whole frames of consecutive events, as a
//! compressor sees them, and of each event kind at least the first ones.

mod rate_profile;
mod sample;

pub(crate) use rate_profile::RateProfile;
pub(crate) use sample::Size;

use crate::{
    catalog::Effect,
    plan::{Plan, Starts, Timing, event_kind::Role, resolved::Operation, roles::Roles},
    run::{Slice, Summary},
    schedule::Schedule,
    simulation::Record,
    sink::{compress::Compression, format::Format},
    units::elapsed,
};
use sample::Sample;
use std::{
    collections::HashSet,
    num::NonZero,
    time::{Duration, Instant},
};

/// Options of a forecast.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForecastOptions {
    /// The shard and selection of the run.
    pub(crate) part: Slice,
    /// Output format.
    pub(crate) format: Format,
    /// Compression of the output file.
    pub(crate) compression: Option<Compression>,
    /// Number of partitions of the topic, to predict their shares.
    pub(crate) partitions: Option<NonZero<u32>>,
    /// Maximum number of events to simulate; the rest is extrapolated. [`MOST`] if `None`.
    pub(crate) most: Option<u64>,
}

/// Default maximum of simulated events: some seconds.
pub(crate) const MOST: u64 = 20_000_000;

/// A day in nanoseconds: the simulated length of a run without end.
const DAY: i64 = 86_400_000_000_000;

/// The predicted properties of a run.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else of the run")]
pub(crate) struct Forecast {
    /// Counts of its events; the number of bytes is from the sample.
    pub(crate) summary: Summary,
    /// Whether every event was simulated; if not, counts are extrapolated.
    pub(crate) exact: bool,
    /// Whether the run has no end; the forecast then covers at most its first day.
    pub(crate) endless: bool,
    /// Number of simulated events, including those outside the selection.
    pub(crate) simulated: u64,
    /// Number of instances of each scenario, indexed as [`Plan::scenarios`].
    pub(crate) instances: Vec<u64>,
    /// By kind: number of resources created.
    pub(crate) created: Vec<u64>,
    /// By kind: number of different principals that act.
    pub(crate) acting: Vec<u64>,
    /// Rate profile: events over time.
    pub(crate) course: RateProfile,
    /// Output sizes.
    pub(crate) size: Size,
    /// Share of each partition, if requested.
    pub(crate) partitions: Option<Vec<f64>>,
    /// Time that the run takes on this machine.
    pub(crate) cost: Cost,
    /// Whether the run starts before its steady state, because its longest scenario lasts longer than can be simulated.
    pub(crate) begins_early: bool,
    /// Whether the run has fewer events than requested, because event time ends in the year 2262.
    pub(crate) cut_by_time: bool,
    /// A warning that steps happen much later than their delays say, if they do.
    pub(crate) waves: Option<String>,
}

/// Time measured on this machine, for one thread.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Before the first event.
    pub(crate) beginning: Duration,
    /// To simulate the whole run.
    pub(crate) simulating: Duration,
    /// To render the selection.
    pub(crate) rendering: Duration,
    /// To compress the output, if it is compressed.
    pub(crate) packing: Duration,
}

impl Forecast {
    /// Forecasts a selection of a run. Takes as long as simulating the run.
    pub(crate) fn new(plan: &Plan, options: &ForecastOptions) -> Forecast {
        let begun = Instant::now();
        let mut stream = plan.stream();
        let beginning = begun.elapsed();
        let most = options.most.unwrap_or(MOST);
        // A part after more events than are simulated is taken to be like the beginning.
        let is_far = options.part.skip > MOST;
        let skip = if is_far { 0 } else { options.part.skip };
        let part = Slice { skip, ..options.part.clone() };
        let most = most.saturating_add(skip);
        let until = if plan.timing.is_endless() && !options.part.has_end() {
            plan.timing.from.saturating_add(DAY)
        } else {
            i64::MAX
        };
        let mut tally = Tally::new(plan, options);
        let mut words = Vec::new();
        let mut simulated = 0;
        let begun = Instant::now();
        let ended = loop {
            words.clear();
            let Some(record) = stream.next(&mut words) else { break true };
            if part.ends_before(record.number) {
                break true;
            }
            // Instances without events cost something, too.
            if simulated >= most || stream.started_in_run() > most || record.time >= until {
                break false;
            }
            simulated += 1;
            tally.last = record.time;
            if part.holds(plan, &record) {
                tally.add(&record, &words);
            }
        };
        let took = begun.elapsed();
        let factor = if ended {
            1.0
        } else {
            scale(&plan.timing, simulated, (skip, options.part.skip), (tally.last, options.part.first))
        };
        if ended && is_far {
            // The run is over before the part begins.
            tally = Tally::new(plan, options);
        }
        let mut forecast = tally.finish(factor, (beginning, took));
        forecast.simulated = simulated;
        forecast.exact = ended;
        forecast.endless = plan.timing.is_endless() && !ended;
        forecast.begins_early = stream.begins_early();
        forecast.cut_by_time = ended && stream.is_cut_by_time();
        forecast.waves = stream.waves();
        forecast
    }

    /// Expected duration with `threads` threads on this machine, not counting the destination.
    pub(crate) fn takes(&self, threads: usize) -> Duration {
        let Cost { beginning, simulating, rendering, packing } = self.cost;
        beginning
            + simulating.max((simulating + rendering + packing) / u32::try_from(threads.max(1)).unwrap_or(u32::MAX))
    }
}

/// Counters of the simulated events.
struct Tally<'p> {
    plan: &'p Plan,
    summary: Summary,
    sample: Sample<'p>,
    course: RateProfile,
    /// By scenario: a bit for each instance, and for each actor in it.
    seen: Vec<Bits>,
    acted: Vec<Bits>,
    instances: Vec<u64>,
    created: Vec<u64>,
    /// By kind: numbers of members that have acted; and of external principals.
    members: Vec<Bits>,
    strangers: HashSet<(usize, u64)>,
    acting: Vec<u64>,
    roles: Roles,
    last: i64,
}

impl<'p> Tally<'p> {
    fn new(plan: &'p Plan, options: &ForecastOptions) -> Self {
        let (scenarios, kinds) = (plan.scenarios.len(), plan.catalog.kinds.len());
        Tally {
            plan,
            summary: Summary::new(plan, false),
            sample: Sample::new(plan, options),
            course: RateProfile::new(plan.timing.from),
            seen: vec![Bits::default(); scenarios],
            acted: vec![Bits::default(); scenarios],
            instances: vec![0; scenarios],
            created: vec![0; kinds],
            members: vec![Bits::default(); kinds],
            strangers: HashSet::new(),
            acting: vec![0; kinds],
            roles: Roles::new(&plan.catalog),
            last: plan.timing.from,
        }
    }

    fn add(&mut self, record: &Record, words: &[u64]) {
        let plan = self.plan;
        let event_kind = &plan.event_kinds[record.event_kind as usize];
        let outcome = event_kind.failure.map_or(0, |failure| failure as u16 + 1);
        self.summary.count_one(record.time, event_kind.scenario, event_kind.method as u16, outcome);
        self.course.add(record.time);
        self.sample.add(record, words);
        let story_id = usize::from(event_kind.scenario);
        self.instances[story_id] += u64::from(self.seen[story_id].set(record.instance));
        let method = &plan.catalog.methods[event_kind.method];
        self.created[method.kind] += u64::from(method.does == Effect::Create && event_kind.failure.is_none());
        if let Operation::Call(call) = &plan.scenarios[story_id].operations[event_kind.operation] {
            self.act(story_id, record.instance, call.actor);
        }
    }

    /// Counts the actor of an event, drawn once for each actor of an instance.
    fn act(&mut self, story_id: usize, instance: u64, index: usize) {
        let (plan, scenario) = (self.plan, &self.plan.scenarios[story_id]);
        if !self.acted[story_id].set(instance * scenario.actors.len() as u64 + index as u64) {
            return;
        }
        let actor = &scenario.actors[index];
        let new = match actor.external {
            Some(number) => self.strangers.insert((actor.kind, number)),
            None => {
                self.roles.draw(&plan.catalog, &plan.population, scenario, instance);
                self.members[actor.kind].set(self.roles.in_role(Role::Principal(index)).into())
            }
        };
        self.acting[actor.kind] += u64::from(new);
    }

    /// `factor` is the ratio of the run's events to the simulated ones.
    fn finish(self, factor: f64, (beginning, took): (Duration, Duration)) -> Forecast {
        let mut summary = self.summary;
        let (size, partitions, rendered) = self.sample.finish();
        let each = size.bytes as f64 / summary.events.max(1) as f64;
        let scaled =
            |counts: Vec<u64>| counts.into_iter().map(|count| (count as f64 * factor).round() as u64).collect();
        if (factor - 1.0).abs() > f64::EPSILON {
            summary.scale(factor, self.plan.timing.to);
        }
        summary.bytes = (each * summary.events as f64).round() as u64;
        let simulating = took.saturating_sub(rendered.all).mul_f64(factor);
        Forecast {
            cost: Cost {
                beginning,
                simulating,
                rendering: rendered.one.mul_f64(summary.events as f64),
                packing: rendered.packing.mul_f64(factor),
            },
            size: size.scaled(factor),
            instances: scaled(self.instances),
            created: scaled(self.created),
            acting: self.acting,
            course: self.course,
            summary,
            exact: true,
            endless: false,
            simulated: 0,
            partitions,
            begins_early: false,
            cut_by_time: false,
            waves: None,
        }
    }
}

/// The factor from counted to actual events. Of those simulated until `last`, all but the first `left_out` were
/// counted; of the run, all but the first `skip` are emitted.
fn scale(timing: &Timing, simulated: u64, (left_out, skip): (u64, u64), (last, first): (i64, Option<u64>)) -> f64 {
    if timing.is_endless() || simulated <= left_out {
        return 1.0;
    }
    let span = timing.to.map(|to| elapsed(timing.from, to));
    let length = timing.schedule.as_ref().and_then(Schedule::length);
    let span = [span, length].into_iter().flatten().min();
    let by_rate = timing.schedule.as_ref().zip(span).map(|(schedule, span)| schedule.count_before(span));
    let passed = elapsed(timing.from, last).max(1) as f64;
    let all = match ([timing.events, by_rate].into_iter().flatten().min(), timing.starts) {
        (Some(events), _) => events as f64,
        (None, Starts::Instances(instances)) => simulated as f64 * instances as f64 * timing.every as f64 / passed,
        (None, _) => simulated as f64 * span.unwrap_or(0) as f64 / passed,
    };
    let all = first.map_or(all, |first| all.min(first as f64));
    let factor = (all - skip as f64) / (simulated - left_out) as f64;
    if left_out == skip { factor.max(1.0) } else { factor.max(0.0) }
}

/// A set of small numbers, as a bitmap.
#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number; returns whether it was new.
    fn set(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1_u64 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}
