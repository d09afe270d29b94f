//! Forecast of a run without emitting it: simulates the run and renders a sample.
//!
//! A simulated event costs a small part of a rendered one, so a run of up to [`MOST`] events is simulated as a whole and
//! its counts are exact. The counts of a longer run are those of its beginning plus the expected number of the rest,
//! which follows from the averages of its scenarios. Sizes and keys need bytes, and so come from a sample: whole frames
//! of consecutive events, as a compressor sees them, and of each event kind at least the first ones.

mod error;
mod rate_profile;
mod rest;
mod sample;
mod tally;

pub(crate) use rate_profile::RateProfile;
pub(crate) use sample::Size;

use crate::{
    plan::Plan,
    run::{Slice, Summary},
    simulation::{Stream, simulate_injected},
    sink::{compress::Compression, format::Format},
};
use rest::{Rest, Simulated};
use std::{
    num::NonZero,
    time::{Duration, Instant},
};
use tally::{Tally, Unseen};

/// Options of a forecast.
#[derive(Debug, Clone, Default)]
pub struct ForecastOptions {
    /// The shard and selection of the run.
    pub part: Slice,
    /// Output format.
    pub format: Format,
    /// Compression of the output file.
    pub compression: Option<Compression>,
    /// Number of partitions of the topic, to predict their shares.
    pub partitions: Option<NonZero<u32>>,
    /// Maximum number of events to simulate; the rest is extrapolated. [`MOST`] if `None`.
    pub most: Option<u64>,
}

/// Default maximum of simulated events: some tenths of a second. It does not depend on the machine.
pub(crate) const MOST: u64 = 1_000_000;

/// The rows whose error [`Estimate::rows`] gives have at least this many events.
pub(crate) const LARGE_ROW: u64 = 10_000;

/// A day in nanoseconds: the simulated length of a run without end.
const DAY: i64 = 86_400_000_000_000;

/// The predicted properties of a run.
#[derive(Debug)]
pub struct Forecast {
    /// Counts of its events; the number of bytes is from the sample.
    pub summary: Summary,
    /// Whether every event was simulated; if not, counts are extrapolated.
    pub exact: bool,
    /// The errors of extrapolated counts.
    pub estimate: Option<Estimate>,
    /// Whether the run has no end; the forecast then covers at most its first day.
    pub(crate) endless: bool,
    /// Number of simulated events, including those outside the selection.
    pub simulated: u64,
    /// Number of instances of each scenario, indexed as [`Plan::scenarios`].
    pub instances: Vec<u64>,
    /// By kind: number of resources created.
    pub(crate) created: Vec<u64>,
    /// By kind: number of different principals that act in the simulated part.
    pub(crate) acting: Vec<u64>,
    /// Rate profile: events over time.
    pub(crate) rate_profile: RateProfile,
    /// Output sizes.
    pub size: Size,
    /// Events and bytes of each method that occurs, in the catalog's order.
    pub(crate) methods: Vec<MethodSize>,
    /// Mean bytes of an event in steady state, without injected scenarios.
    pub(crate) bytes_per_event: f64,
    /// Share of each partition, if requested.
    pub(crate) partitions: Option<Vec<f64>>,
    /// Time that the run takes on this machine.
    pub(crate) cost: Cost,
    /// Whether the run has fewer events than requested, because event time ends in the year 2262.
    pub(crate) cut_by_time: bool,
    /// A warning that steps happen much later than their delays say, if they do.
    pub(crate) waves: Option<String>,
}

/// Relative errors of a forecast that is extrapolated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The largest error of a row, a method with an outcome, that has at least [`LARGE_ROW`] events.
    pub rows: f64,
    /// The error of the number of bytes.
    pub bytes: f64,
}

/// The share of a method in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MethodSize {
    /// The method, by index.
    pub(crate) method: usize,
    /// Number of its events.
    pub(crate) events: u64,
    /// Number of bytes in their bodies.
    pub(crate) bytes: u64,
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

/// How the simulation of a run's beginning ended.
struct Ended {
    /// Number of simulated events.
    simulated: u64,
    /// Whether the selection has no further event.
    is_over: bool,
    /// Whether that is because the selection ends before the run.
    by_selection: bool,
}

impl Forecast {
    /// Forecasts a selection of a run. Simulates at most as many events as the options say.
    pub fn new(plan: &Plan, options: &ForecastOptions) -> Forecast {
        let begun = Instant::now();
        let mut stream = plan.stream();
        let beginning = begun.elapsed();
        // Of a selection that begins after more events than are simulated, the beginning of the run is the sample.
        let is_far = options.part.skip > MOST;
        let part = Slice { skip: if is_far { 0 } else { options.part.skip }, ..options.part.clone() };
        let mut tally = Tally::new(plan, options);
        let begun = Instant::now();
        let Ended { simulated, is_over, by_selection } = simulate(plan, &mut stream, (&part, options), &mut tally);
        let took = begun.elapsed();
        let endless = plan.timing.is_endless() && !is_over && !options.part.has_end();
        let unseen = (!is_over && !endless).then(|| unseen(plan, options, &tally, (simulated, &stream)));
        if is_far {
            // Only what comes after the skipped events counts.
            tally.selected.fill(0);
        }
        if is_far && is_over {
            tally = Tally::new(plan, options);
        }
        let mut forecast = tally.finish(unseen.as_ref(), (beginning, took));
        let is_whole = options.part == Slice { shard: options.part.shard, ..Slice::default() };
        if let (Some(unseen), Some(schedule)) = (&unseen, plan.timing.schedule.as_ref().filter(|_| is_whole)) {
            let (from, last) = (plan.timing.from, unseen.rest.last);
            forecast.rate_profile = RateProfile::from_schedule(schedule, from, last, unseen.share);
        }
        forecast.simulated = simulated;
        forecast.exact = is_over;
        forecast.endless = endless;
        forecast.cut_by_time = is_over && !by_selection && stream.is_cut_by_time();
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

/// Simulates the beginning of a run, and counts the events of its part.
fn simulate(plan: &Plan, stream: &mut Stream, (part, options): (&Slice, &ForecastOptions), tally: &mut Tally) -> Ended {
    let most = options.most.unwrap_or(MOST).saturating_add(part.skip);
    let until = if plan.timing.is_endless() && !options.part.has_end() {
        plan.timing.from.saturating_add(DAY)
    } else {
        i64::MAX
    };
    let mut slots = Vec::new();
    let mut simulated = 0;
    loop {
        slots.clear();
        let Some(record) = stream.next(&mut slots) else {
            return Ended { simulated, is_over: true, by_selection: false };
        };
        if part.ends_before(record.number) {
            return Ended { simulated, is_over: true, by_selection: true };
        }
        // Instances without events cost something, too.
        if simulated >= most || stream.started_in_run() > most || record.time >= until {
            return Ended { simulated, is_over: false, by_selection: false };
        }
        simulated += 1;
        tally.last = record.time;
        tally.kinds[record.event_kind as usize] += 1;
        tally.blocks.note(simulated, &tally.kinds);
        if part.holds(plan, &record) {
            tally.add(&record, &slots);
        }
    }
}

/// The part of a run after its simulated beginning.
fn unseen(plan: &Plan, options: &ForecastOptions, tally: &Tally, (simulated, stream): (u64, &Stream)) -> Unseen {
    let part = &options.part;
    let is_injected = |kind: &usize| usize::from(plan.event_kinds[*kind].scenario) >= plan.background;
    let injected_seen: u64 = (0..tally.kinds.len()).filter(is_injected).map(|kind| tally.kinds[kind]).sum();
    let (events, started) = (simulated - injected_seen, stream.started());
    let beginning = Simulated { kinds: &tally.kinds, events, last: tally.last, started };
    let mut rest = Rest::new(plan, &beginning, part.first);
    let events = rest.kinds.iter().sum::<f64>();
    let of_shard = part.shard.map_or(1.0, |shard| 1.0 / shard.of as f64);
    let share = if let Some(only) = &part.only {
        // The selected events among those that were not simulated.
        let left = only.ranges().iter().map(|range| (range.end() + 1).saturating_sub(simulated.max(*range.start())));
        (left.sum::<u64>() as f64 / events.max(1.0)).min(1.0) * of_shard
    } else if part.skip > MOST {
        let left = events - part.skip.saturating_sub(simulated) as f64;
        (left / events.max(1.0)).max(0.0) * of_shard
    } else {
        of_shard
    };
    let mut injected = vec![0.0; tally.kinds.len()];
    simulate_injected(plan, |record| {
        if plan.timing.to.is_none_or(|to| record.time < to) && part.has_instance(plan, record) {
            injected[record.event_kind as usize] += 1.0;
            rest.last = rest.last.max(record.time);
        }
    });
    Unseen { rest, share, injected }
}
