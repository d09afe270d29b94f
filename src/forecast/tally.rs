//! Counters of the simulated events of a run, from which its forecast is made.

use super::{
    Cost, Estimate, Forecast, ForecastOptions, LARGE_ROW, MethodSize,
    error::{Blocks, of_shares},
    rate_profile::RateProfile,
    rest::Rest,
    sample::{Rendered, Sample},
};
use crate::{
    catalog::Effect,
    plan::{
        Plan, Starts,
        event_kind::Role,
        resolved::Operation,
        roles::{InstanceStart, Roles},
    },
    run::Summary,
    simulation::{Expectation, Record},
};
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

/// Counters of the simulated events.
pub(super) struct Tally<'p> {
    plan: &'p Plan,
    summary: Summary,
    sample: Sample<'p>,
    rate_profile: RateProfile,
    /// By event kind: number of all simulated events, and of those of the selection.
    pub kinds: Vec<u64>,
    pub selected: Vec<u64>,
    pub blocks: Blocks,
    /// By scenario: a bit for each instance, and for each actor in it.
    seen: Vec<Bits>,
    acted: Vec<Bits>,
    instances: Vec<u64>,
    /// By kind: numbers of members that have acted; and of external principals.
    members: Vec<Bits>,
    external_principals: HashSet<(usize, u64)>,
    acting: Vec<u64>,
    roles: Roles,
    pub last: i64,
}

/// The relative error of the bytes of a simulated run, because only a sample is rendered.
const SAMPLE_ERROR: f64 = 0.005;

/// The part of a run that was not simulated.
pub(super) struct Unseen {
    pub rest: Rest,
    /// The share of these events that the selection holds.
    pub share: f64,
    /// By event kind: events of injected scenarios that the selection holds.
    pub injected: Vec<f64>,
}

impl<'p> Tally<'p> {
    pub(super) fn new(plan: &'p Plan, options: &ForecastOptions) -> Self {
        let (scenarios, kinds) = (plan.scenarios.len(), plan.catalog.kinds.len());
        Tally {
            plan,
            summary: Summary::new(plan, false),
            sample: Sample::new(plan, options),
            rate_profile: RateProfile::new(plan.timing.from),
            kinds: vec![0; plan.event_kinds.len()],
            selected: vec![0; plan.event_kinds.len()],
            blocks: Blocks::default(),
            seen: vec![Bits::default(); scenarios],
            acted: vec![Bits::default(); scenarios],
            instances: vec![0; scenarios],
            members: vec![Bits::default(); kinds],
            external_principals: HashSet::new(),
            acting: vec![0; kinds],
            roles: Roles::new(&plan.catalog),
            last: plan.timing.from,
        }
    }

    /// Counts an event that the selection holds.
    pub(super) fn add(&mut self, record: &Record, slots: &[u64]) {
        let plan = self.plan;
        let event_kind = &plan.event_kinds[record.event_kind as usize];
        self.selected[record.event_kind as usize] += 1;
        self.summary.note_time(record.time);
        self.rate_profile.add(record.time);
        self.sample.add(record, slots);
        let scenario = usize::from(event_kind.scenario);
        self.instances[scenario] += u64::from(self.seen[scenario].set(record.instance));
        if let Operation::Call(call) = &plan.scenarios[scenario].operations[event_kind.operation] {
            self.act(scenario, record.start(), call.actor);
        }
    }

    /// Counts the actor of an event, drawn once for each actor of an instance.
    fn act(&mut self, story_id: usize, start: InstanceStart, index: usize) {
        let (plan, scenario) = (self.plan, &self.plan.scenarios[story_id]);
        if !self.acted[story_id].set(start.number * scenario.actors.len() as u64 + index as u64) {
            return;
        }
        let actor = &scenario.actors[index];
        let new = match actor.external {
            Some(number) => self.external_principals.insert((actor.kind, number)),
            None => {
                self.roles.draw(&plan.catalog, &plan.population, scenario, start);
                self.members[actor.kind].set(self.roles.in_role(Role::Principal(index)).into())
            }
        };
        self.acting[actor.kind] += u64::from(new);
    }

    /// The forecast, with the part that was not simulated, if there is one.
    pub(super) fn finish(mut self, unseen: Option<&Unseen>, (beginning, took): (Duration, Duration)) -> Forecast {
        let plan = self.plan;
        let all: u64 = self.selected.iter().sum();
        let counts = whole(&expected_counts(plan, &self.selected, unseen));
        let last = unseen.map(|unseen| unseen.rest.last);
        self.summary.set(&counts, last.filter(|_| all > 0));
        let each = self.sample.bytes_by_kind();
        let (size, partitions, rendered) = self.sample.finish();
        let bytes: Vec<f64> = counts.iter().zip(&each).map(|(count, each)| *count as f64 * each).collect();
        let total: f64 = bytes.iter().sum();
        self.summary.bytes = total.round() as u64;
        let grown = if size.bytes > 0 { total / size.bytes as f64 } else { 1.0 };
        let factor = self.summary.events as f64 / all.max(1) as f64;
        let mut instances: Vec<u64> = self.instances;
        if let Some(unseen) = unseen {
            for (count, starts) in instances.iter_mut().zip(&unseen.rest.starts) {
                let starts = (starts * unseen.share).round() as u64;
                *count = if plan.timing.starts == Starts::Once { (*count).max(starts.min(1)) } else { *count + starts };
            }
        }
        Forecast {
            cost: cost(beginning, took, &rendered, (factor, self.summary.events)),
            size: size.scaled(grown),
            methods: methods(plan, &bytes, &counts),
            bytes_per_event: steady_bytes(plan, &self.kinds, &each),
            instances,
            created: created(plan, &counts),
            acting: self.acting,
            rate_profile: self.rate_profile,
            summary: self.summary,
            exact: unseen.is_none(),
            estimate: unseen.map(|unseen| estimate(plan, (&counts, &bytes), unseen, &self.blocks)),
            endless: false,
            simulated: 0,
            partitions,
            cut_by_time: false,
            waves: None,
        }
    }
}

/// The errors of counts that are extrapolated.
fn estimate(plan: &Plan, (counts, bytes): (&[u64], &[f64]), unseen: &Unseen, blocks: &Blocks) -> Estimate {
    let all: f64 = unseen.rest.kinds.iter().sum::<f64>() * unseen.share;
    let shares = of_shares(plan, &unseen.rest.kinds, &unseen.rest.outcomes);
    let mut rows: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (number, event_kind) in plan.event_kinds.iter().enumerate().filter(|(number, _)| counts[*number] > 0) {
        rows.entry((event_kind.method, event_kind.failure)).or_default().push(number);
    }
    let (mut largest, mut of_bytes) = (0.0_f64, 0.0);
    for row in rows.values() {
        let count = row.iter().map(|kind| counts[*kind]).sum::<u64>();
        let variance = row.iter().map(|kind| shares[*kind]).sum::<f64>() * unseen.share * unseen.share;
        let error = blocks.of_row(row, count as f64, all, variance);
        if count >= LARGE_ROW {
            largest = largest.max(error);
        }
        let part = error * row.iter().map(|kind| bytes[*kind]).sum::<f64>();
        of_bytes += part * part;
    }
    // The mean size of each kind of event is from a sample.
    let total = bytes.iter().sum::<f64>().max(1.0);
    Estimate { rows: largest, bytes: of_bytes.sqrt() / total + SAMPLE_ERROR }
}

fn cost(beginning: Duration, took: Duration, rendered: &Rendered, (factor, events): (f64, u64)) -> Cost {
    Cost {
        beginning,
        simulating: took.saturating_sub(rendered.all).mul_f64(factor),
        rendering: rendered.one.mul_f64(events as f64),
        packing: rendered.packing.mul_f64(factor),
    }
}

/// By event kind: the simulated events, and the expected number of the others.
fn expected_counts(plan: &Plan, selected: &[u64], unseen: Option<&Unseen>) -> Vec<f64> {
    let mut counts: Vec<f64> = selected.iter().map(|count| *count as f64).collect();
    let Some(unseen) = unseen else { return counts };
    for (number, count) in counts.iter_mut().enumerate() {
        if usize::from(plan.event_kinds[number].scenario) < plan.background {
            *count += unseen.rest.kinds[number] * unseen.share;
        } else {
            *count = count.max(unseen.injected[number]);
        }
    }
    counts
}

/// Rounds numbers such that their sum is the rounded sum.
fn whole(numbers: &[f64]) -> Vec<u64> {
    let (mut sum, mut given) = (0.0, 0_u64);
    let round = |number: &f64| {
        sum += number;
        let count = (sum.round() as u64).saturating_sub(given);
        given += count;
        count
    };
    numbers.iter().map(round).collect()
}

/// By kind of resource: how many are created.
fn created(plan: &Plan, counts: &[u64]) -> Vec<u64> {
    let mut created = vec![0; plan.catalog.kinds.len()];
    for (event_kind, count) in plan.event_kinds.iter().zip(counts) {
        let method = &plan.catalog.methods[event_kind.method];
        created[method.kind] += if method.does == Effect::Create && event_kind.failure.is_none() { *count } else { 0 };
    }
    created
}

/// Events and bytes of each method that occurs, in the catalog's order.
fn methods(plan: &Plan, bytes: &[f64], counts: &[u64]) -> Vec<MethodSize> {
    let mut methods: Vec<_> = (0..plan.catalog.methods.len()).map(|method| (method, 0, 0.0)).collect();
    for ((event_kind, bytes), count) in plan.event_kinds.iter().zip(bytes).zip(counts) {
        let method = &mut methods[event_kind.method];
        (method.1, method.2) = (method.1 + count, method.2 + bytes);
    }
    let sizes = methods.into_iter().filter(|(_, events, _)| *events > 0);
    sizes.map(|(method, events, bytes)| MethodSize { method, events, bytes: bytes.round() as u64 }).collect()
}

/// The mean size of an event of the background in steady state.
fn steady_bytes(plan: &Plan, seen: &[u64], each: &[f64]) -> f64 {
    let (mut events, mut bytes) = (0.0, 0.0);
    for (scenario, (share, expected)) in Expectation::for_background(plan.workload()).iter().enumerate() {
        let calls: Vec<f64> = expected.calls.iter().map(|call| share * call.events).collect();
        let mut kinds = vec![0.0; plan.event_kinds.len()];
        super::rest::divide(plan, scenario, &calls, seen, &mut kinds);
        events += kinds.iter().sum::<f64>();
        bytes += kinds.iter().zip(each).map(|(events, each)| events * each).sum::<f64>();
    }
    if events > 0.0 { bytes / events } else { 0.0 }
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
