//! The rest of a run that is too long to be simulated: the expected number of its events, from the averages of its
//! scenarios ([`Expectation`]).
//!
//! The events of a call up to time `t` are those of all instances started by then, minus those that are still to come.
//! In a steady state the number to come does not change, so each call has its share of the rest. Where it does change
//! (no instance in progress at the start, a rate that varies), the change is known from the ages that instances have at
//! their events.

mod outcomes;
mod start_up;

use crate::{
    plan::{Plan, Starts},
    schedule::Schedule,
    simulation::{Ages, CallMeans, Expectation, Walker},
    units::{Rate, elapsed},
};

/// The simulated beginning of a run.
pub(super) struct Simulated<'a> {
    /// By event kind: number of events, including those outside the selection.
    pub kinds: &'a [u64],
    /// Number of events.
    pub events: u64,
    /// Time of the last one.
    pub last: i64,
    /// By scenario: number of instances that have started.
    pub started: &'a [u64],
}

/// The expected rest of a run.
pub(super) struct Rest {
    /// By event kind.
    pub kinds: Vec<f64>,
    /// By event kind: the events from which the shares of outcomes are known.
    pub outcomes: Vec<u64>,
    /// By scenario: number of instances that start.
    pub starts: Vec<f64>,
    /// Time of the last event.
    pub last: i64,
}

/// Averages of a run's background, per instance that starts.
struct Averages {
    /// By scenario: its share of the instances (or 1, if each is executed once), and its averages.
    scenarios: Vec<(f64, Expectation)>,
    events: f64,
    ages: f64,
    longest: u64,
}

const SECOND: u64 = 1_000_000_000;

/// The most operations whose turns are drawn, some tenths of a second.
const MOST_DRAWN: f64 = 40e6;

impl Rest {
    /// The rest of a run after its simulated beginning, up to its end or, if that is earlier, its event `first`.
    pub(super) fn new(plan: &Plan, beginning: &Simulated<'_>, first: Option<u64>) -> Rest {
        let averages = Averages::new(plan);
        let (mut calls, last, started) = match &plan.timing.schedule {
            Some(schedule) => averages.of_schedule(plan, schedule, beginning, first),
            None => {
                let (calls, last) = averages.of_starts(plan, beginning, first);
                (calls, last, started_by(plan, last))
            }
        };
        averages.draw(plan, beginning.started, &mut calls);
        let outcomes = outcomes::outcomes(plan, beginning.kinds, &averages.scenarios);
        let mut kinds = vec![0.0; plan.event_kinds.len()];
        for (scenario, calls) in calls.iter().enumerate() {
            divide(plan, scenario, calls, &outcomes, &mut kinds);
        }
        let starts = match started {
            Some(started) => averages.starts_after(started, beginning.started),
            None => averages.starts(&calls),
        };
        Rest { kinds, outcomes, starts, last }
    }
}

impl Averages {
    fn new(plan: &Plan) -> Self {
        let mut scenarios = Expectation::for_background(plan.workload());
        if plan.timing.starts == Starts::Once {
            for (share, _) in &mut scenarios {
                *share = if *share > 0.0 { 1.0 } else { 0.0 };
            }
        }
        let sum = |of: &dyn Fn(&Expectation) -> f64| scenarios.iter().map(|(share, it)| share * of(it)).sum::<f64>();
        let (events, ages) = (sum(&|it| it.events), sum(&Expectation::ages));
        let longest = scenarios.iter().filter(|(share, _)| *share > 0.0).map(|(_, it)| it.longest).max().unwrap_or(0);
        Averages { events: events.max(f64::MIN_POSITIVE), ages, longest, scenarios }
    }

    /// One number for each call of each scenario.
    fn calls(&self, of: impl Fn(f64, &CallMeans) -> f64) -> Vec<Vec<f64>> {
        let calls = |(share, expected): &(f64, Expectation)| expected.calls.iter().map(|it| of(*share, it)).collect();
        self.scenarios.iter().map(calls).collect()
    }

    /// Expected starts by scenario, from the expected events of its calls.
    fn starts(&self, calls: &[Vec<f64>]) -> Vec<f64> {
        let starts = self.scenarios.iter().zip(calls).map(|((_, expected), calls)| {
            if expected.events > 0.0 { calls.iter().sum::<f64>() / expected.events } else { 0.0 }
        });
        starts.collect()
    }

    /// Expected starts by scenario, from those of the whole run.
    fn starts_after(&self, all: f64, started: &[u64]) -> Vec<f64> {
        let starts = self.scenarios.iter().zip(started);
        starts.map(|((share, _), started)| (share * all - *started as f64).max(0.0)).collect()
    }

    /// Replaces averages by what is drawn: the instances that will start are known by their numbers, and with them their
    /// paths, though not the times of their events. Without this, small counts would be off by chance.
    fn draw(&self, plan: &Plan, started: &[u64], calls: &mut [Vec<f64>]) {
        if plan.timing.starts == Starts::Once {
            return;
        }
        let total = calls.iter().flatten().sum::<f64>();
        let starts = self.starts(calls);
        let operations = |scenario: usize| plan.scenarios[scenario].operations.len() as f64;
        let all: f64 = starts.iter().enumerate().map(|(scenario, starts)| starts * operations(scenario)).sum();
        // Of a longer run, the first part; chance matters less the longer it is.
        let part = (MOST_DRAWN / all.max(1.0)).min(1.0);
        for (scenario, calls) in calls.iter_mut().enumerate() {
            let drawn = (starts[scenario] * part).round();
            if drawn < 1.0 {
                continue;
            }
            let first = started[scenario];
            let turns = Walker::turns(&plan.scenarios[scenario], first..first + drawn as u64);
            for ((call, turns), expected) in calls.iter_mut().zip(turns).zip(&self.scenarios[scenario].1.calls) {
                if expected.events > 0.0 {
                    *call += (turns - drawn * expected.events) * (*call / (starts[scenario] * expected.events));
                }
            }
        }
        // With a rate, or with a number of events, their sum is known.
        if plan.timing.schedule.is_some() || plan.timing.events.is_some() {
            scale(calls, total);
        }
    }

    /// The rest of a run with a rate: the number of its events is known. Returns the calls' events, the time of the last
    /// one, and the number of instances that start in the whole run where that does not follow from the events.
    fn of_schedule(
        &self,
        plan: &Plan,
        schedule: &Schedule,
        beginning: &Simulated<'_>,
        first: Option<u64>,
    ) -> (Vec<Vec<f64>>, i64, Option<f64>) {
        let timing = &plan.timing;
        let span = timing.to.map(|to| elapsed(timing.from, to)).into_iter().chain(schedule.length()).min();
        let by_span = span.map(|span| schedule.count_before(span));
        let all = timing.events.into_iter().chain(by_span).chain(first).min().unwrap_or(beginning.events);
        let rest = all.saturating_sub(beginning.events) as f64;
        let end = all.checked_sub(1).and_then(|last| schedule.slot(last)).unwrap_or(0);
        let passed = elapsed(timing.from, beginning.last);
        // Instances that start in a nanosecond around a time.
        let window = ((self.ages / self.events * 2.0) as u64).max(SECOND);
        let rate = |time: u64| {
            let before = time.saturating_sub(window);
            let count = schedule.count_before(time) - schedule.count_before(before);
            count as f64 / (time - before).max(1) as f64 / self.events
        };
        let is_settled = passed >= self.longest || timing.warm && schedule.first_rate() > Rate::ZERO;
        let (mut calls, started) = if is_settled {
            let growth = rate(end) - rate(passed);
            let starts = (rest + growth * self.ages) / self.events;
            (self.calls(|share, it| (share * (starts * it.events - growth * it.ages)).max(0.0)), None)
        } else {
            let ages = Ages::new(plan.workload(), &self.scenarios, true);
            let (all, started) = start_up::events(&ages, schedule, end);
            (without(plan, all, beginning.kinds), Some(started))
        };
        scale(&mut calls, rest);
        (calls, timing.from.saturating_add_unsigned(end), started)
    }

    /// The rest of a run without a rate: instances start at fixed intervals.
    fn of_starts(&self, plan: &Plan, beginning: &Simulated<'_>, first: Option<u64>) -> (Vec<Vec<f64>>, i64) {
        let timing = &plan.timing;
        let (every, passed) = (timing.every.max(1) as f64, elapsed(timing.from, beginning.last));
        let ages = Ages::new(plan.workload(), &self.scenarios, false);
        // Events up to a time, while instances start.
        let until = |time: u64| ages.until(time, |mean, young| (mean * time as f64 - young) / every);
        let total = |calls: &[Vec<f64>]| calls.iter().flatten().sum::<f64>();
        let most =
            timing.events.into_iter().chain(first).min().map(|events| events.saturating_sub(beginning.events) as f64);
        let instances = match timing.starts {
            Starts::Once => Some(1.0),
            Starts::Instances(instances) => Some(instances as f64),
            Starts::Unbounded => None,
        };
        let (mut calls, last) = if let Some(instances) = instances {
            let all = match timing.starts {
                Starts::Once => (0..plan.background).map(|scenario| turns_of_first(plan, scenario)).collect(),
                _ => self.calls(|share, it| share * instances * it.events),
            };
            let last = timing.every.saturating_mul(instances as u64).saturating_add((self.ages / self.events) as u64);
            (without(plan, all, beginning.kinds), last.max(passed))
        } else {
            let span = match (timing.to, most) {
                (Some(to), None) => elapsed(timing.from, to),
                (to, Some(most)) => {
                    let seen = total(&until(passed));
                    let end = ages.time_of(seen + most, every);
                    to.map_or(end, |to| elapsed(timing.from, to).min(end))
                }
                (None, None) => passed,
            };
            let seen = until(passed);
            let mut calls = until(span.max(passed));
            for (all, seen) in calls.iter_mut().flatten().zip(seen.iter().flatten()) {
                *all = (*all - seen).max(0.0);
            }
            (calls, span.max(passed))
        };
        // A number of events is exact, unless the run ends before.
        let is_by_count = timing.to.is_none() && instances.is_none();
        if let Some(most) = most.filter(|most| is_by_count || total(&calls) > *most) {
            scale(&mut calls, most);
        }
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        (calls, timing.to.unwrap_or(timing.from.saturating_add(last)).min(timing.from.saturating_add(last)))
    }
}

/// The number of instances that start up to the time of the last event, without a rate: they start at fixed intervals.
/// `None` if each scenario is executed once.
fn started_by(plan: &Plan, last: i64) -> Option<f64> {
    let most = match plan.timing.starts {
        Starts::Once => return None,
        Starts::Instances(instances) => instances as f64,
        Starts::Unbounded => f64::INFINITY,
    };
    Some(most.min((elapsed(plan.timing.from, last) / plan.timing.every.max(1) + 1) as f64))
}

/// Scales numbers so that their sum is `total`.
fn scale(calls: &mut [Vec<f64>], total: f64) {
    calls.iter_mut().flatten().for_each(|it| *it = it.max(0.0));
    let sum = calls.iter().flatten().sum::<f64>();
    if sum > 0.0 {
        calls.iter_mut().flatten().for_each(|it| *it *= total / sum);
    }
}

/// The number of turns of each call in the first instance of a scenario.
fn turns_of_first(plan: &Plan, scenario: usize) -> Vec<f64> {
    Walker::turns(&plan.scenarios[scenario], 0..u64::from(plan.weights.draws(scenario)))
}

/// The calls' events without the simulated ones.
fn without(plan: &Plan, mut calls: Vec<Vec<f64>>, kinds: &[u64]) -> Vec<Vec<f64>> {
    for (event_kind, events) in plan.event_kinds.iter().zip(kinds) {
        if let Some(calls) = calls.get_mut(usize::from(event_kind.scenario)) {
            calls[event_kind.operation] -= *events as f64;
        }
    }
    calls.iter_mut().flatten().for_each(|it| *it = it.max(0.0));
    calls
}

/// Divides the events of a scenario's calls among their outcomes as in a sample.
pub(super) fn divide(plan: &Plan, scenario: usize, calls: &[f64], seen: &[u64], kinds: &mut [f64]) {
    for (operation, events) in calls.iter().enumerate() {
        let ids = || plan.calls[scenario][operation].event_kinds.clone().map(|kind| kind as usize);
        let all = ids().map(|id| seen[id]).sum::<u64>();
        for (place, id) in ids().enumerate() {
            // Of a call that was not simulated, the usual outcome is the first.
            let share = if all > 0 { seen[id] as f64 / all as f64 } else { f64::from(u8::from(place == 0)) };
            kinds[id] += events * share;
        }
    }
}
