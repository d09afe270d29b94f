//! Averages of a scenario's instances, computed from its operations without drawing anything.
//!
//! Operations lead forward only, so one pass forward gives the probability that an instance comes to each of them, and
//! one pass backward what is left from there on. Only additions, multiplications and divisions are used, so that every
//! machine gets the same numbers: the steady state of a run follows from them.

use crate::plan::{
    Workload,
    resolved::{Call, Operation, ResolvedScenario, TurnCount},
};

/// Averages of one scenario.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expectation {
    /// By operation; those that are no calls have no events.
    pub calls: Vec<CallMeans>,
    /// Mean number of events.
    pub events: f64,
    /// Variance of the number of events.
    pub variance: f64,
    /// The fewest events that an instance may have.
    pub fewest: u64,
    /// The most events that an instance may have.
    pub most: u64,
    /// The longest time from the start of an instance to its last event, in nanoseconds.
    pub longest: u64,
}

/// Averages of a call, per instance of its scenario.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct CallMeans {
    /// Number of events.
    pub events: f64,
    /// Sum of the ages of its instance at these events, in nanoseconds.
    pub ages: f64,
    /// Nanoseconds for which an instance waits for the first turn, if that is not its first event: with a rate, an
    /// instance starts with its first event.
    pub first_wait: f64,
    /// Nanoseconds for which an instance waits for the later turns.
    pub later_waits: f64,
}

/// The distribution of the number of turns of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct TurnCounts {
    /// The probability that the call happens at all.
    happens: f64,
    pub low: u64,
    pub high: u64,
}

/// The rest of an instance from an operation on.
#[derive(Debug, Clone, Copy, Default)]
struct Rest {
    events: f64,
    variance: f64,
    fewest: u64,
    most: u64,
    longest: u64,
}

/// How an instance comes to an operation.
#[derive(Debug, Clone, Copy, Default)]
struct Arrival {
    /// The probability to come to it, and to come to it without an event before.
    reached: f64,
    without_event: f64,
    /// The mean age on arrival, times the probability.
    age: f64,
}

/// Twice 2⁶³: a chance of 1.
const CERTAIN: f64 = 18_446_744_073_709_551_616.0;

impl Expectation {
    /// The averages of a scenario.
    pub(crate) fn new(scenario: &ResolvedScenario) -> Self {
        let rest = rest(scenario);
        Expectation {
            calls: calls(scenario),
            events: rest.events,
            variance: rest.variance,
            fewest: rest.fewest,
            most: rest.most,
            longest: rest.longest,
        }
    }

    /// The averages of each scenario of a workload that is not injected, with its share of the instances. Scenarios of
    /// weight 0 have a share of 0.
    pub(crate) fn for_background(workload: Workload<'_>) -> Vec<(f64, Expectation)> {
        let scenarios = workload.scenarios[..workload.background].iter().enumerate();
        scenarios.map(|(number, scenario)| (workload.weights.chance(number), Expectation::new(scenario))).collect()
    }

    /// The mean sum of the ages of an instance at its events, in nanoseconds.
    pub(crate) fn ages(&self) -> f64 {
        self.calls.iter().map(|call| call.ages).sum()
    }
}

impl TurnCounts {
    pub(super) fn new(call: &Call, scenario: &ResolvedScenario) -> Self {
        let (low, high) = match call.turns {
            TurnCount::Repeat(times) => (times.low, times.high),
            TurnCount::Each => {
                let count = call.target.map_or(0, |target| scenario.resources[target].count.into());
                (count, count)
            }
        };
        TurnCounts { happens: call.chance.map_or(1.0, |chance| chance as f64 / CERTAIN), low, high }
    }

    /// The turns of a call that always happens.
    #[cfg(test)]
    pub(super) fn certain(low: u64, high: u64) -> Self {
        TurnCounts { happens: 1.0, low, high }
    }

    fn width(self) -> f64 {
        (self.high - self.low) as f64 + 1.0
    }

    /// The probability of at least one turn.
    fn any(self) -> f64 {
        self.happens * if self.low > 0 { 1.0 } else { self.high as f64 / self.width() }
    }

    fn mean(self) -> f64 {
        self.happens * f64::midpoint(self.low as f64, self.high as f64)
    }

    fn mean_square(self) -> f64 {
        let middle = f64::midpoint(self.low as f64, self.high as f64);
        self.happens * ((self.width() * self.width() - 1.0) / 12.0 + middle * middle)
    }

    /// The fewest turns.
    fn fewest(self) -> u64 {
        if self.happens < 1.0 { 0 } else { self.low }
    }
}

fn middle(range: crate::units::DurationRange) -> f64 {
    f64::midpoint(range.low as f64, range.high as f64)
}

/// The averages of each call: a pass forward.
fn calls(scenario: &ResolvedScenario) -> Vec<CallMeans> {
    let count = scenario.operations.len();
    let mut arrivals = vec![Arrival::default(); count + 1];
    arrivals[0] = Arrival { reached: 1.0, without_event: 1.0, age: 0.0 };
    let mut calls = vec![CallMeans::default(); count];
    for (at, operation) in scenario.operations.iter().enumerate() {
        let here = arrivals[at];
        match operation {
            Operation::Call(call) => {
                let turns = TurnCounts::new(call, scenario);
                let (any, mean) = (turns.any(), turns.mean());
                let (after, every) = (middle(call.after), middle(call.every));
                let pairs = (turns.mean_square() - mean) / 2.0;
                calls[at] = CallMeans {
                    events: here.reached * mean,
                    ages: here.age * mean + here.reached * (mean * after + pairs * every),
                    first_wait: (here.reached - here.without_event) * any * after,
                    later_waits: here.reached * (mean - any) * every,
                };
                arrivals[at + 1].add(Arrival {
                    reached: here.reached,
                    without_event: here.without_event * (1.0 - any),
                    age: here.age + here.reached * (any * after + (mean - any) * every),
                });
            }
            Operation::Choose { weights, targets, .. } => {
                for (branch, target) in targets.iter().enumerate() {
                    arrivals[*target].add(here.times(weights.chance(branch)));
                }
            }
            Operation::Jump(to) => arrivals[*to].add(here),
        }
    }
    calls
}

/// The averages of each operation's rest: a pass backward.
fn rest(scenario: &ResolvedScenario) -> Rest {
    let mut rests = vec![Rest::default(); scenario.operations.len() + 1];
    for (at, operation) in scenario.operations.iter().enumerate().rev() {
        rests[at] = match operation {
            Operation::Call(call) => rests[at + 1].after_call(call, TurnCounts::new(call, scenario)),
            Operation::Choose { weights, targets, .. } => {
                let branches = targets.iter().enumerate().filter(|(branch, _)| weights.draws(*branch));
                Rest::either(branches.map(|(branch, target)| (weights.chance(branch), rests[*target])))
            }
            Operation::Jump(to) => rests[*to],
        };
    }
    rests.first().copied().unwrap_or_default()
}

impl Arrival {
    fn add(&mut self, other: Arrival) {
        self.reached += other.reached;
        self.without_event += other.without_event;
        self.age += other.age;
    }

    fn times(self, chance: f64) -> Arrival {
        Arrival { reached: self.reached * chance, without_event: self.without_event * chance, age: self.age * chance }
    }
}

impl Rest {
    fn after_call(self, call: &Call, turns: TurnCounts) -> Rest {
        let mean = turns.mean();
        let later = call.every.high.saturating_mul(turns.high.saturating_sub(1));
        let lasts = if turns.high > 0 { call.after.high.saturating_add(later) } else { 0 };
        Rest {
            events: self.events + mean,
            variance: self.variance + (turns.mean_square() - mean * mean).max(0.0),
            fewest: self.fewest.saturating_add(turns.fewest()),
            most: self.most.saturating_add(turns.high),
            longest: self.longest.saturating_add(lasts),
        }
    }

    /// One of several, with the probability of each.
    fn either(branches: impl Iterator<Item = (f64, Rest)>) -> Rest {
        let mut one = Rest { fewest: u64::MAX, ..Rest::default() };
        let mut square = 0.0;
        for (chance, rest) in branches {
            one.events += chance * rest.events;
            square += chance * (rest.variance + rest.events * rest.events);
            one.fewest = one.fewest.min(rest.fewest);
            one.most = one.most.max(rest.most);
            one.longest = one.longest.max(rest.longest);
        }
        Rest { variance: (square - one.events * one.events).max(0.0), ..one }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Run,
        simulation::{Instance, delay_smoothing::DelaySmoothing, steps::Steps},
    };

    const SCENARIO: &str = "\
resources: { pool: { kind: compute-pool, existing: true } }
steps:
  - { call: get-pool, target: pool, chance: 60%, repeat: { times: 0..3, every: 1s..3s } }
  - choose:
      - { weight: 3, steps: [{ call: list-pools, after: 10s..20s, repeat: { times: 2..6, every: 5s } }] }
      - { weight: 1, steps: [{ call: list-pools, after: 1h..2h }, { call: list-pools, chance: 0.5, after: 0s..9s }] }
  - { call: delete-pool, target: pool, after: 30s }
";

    /// The averages are those of walked instances: events, ages, the extremes, and their variance.
    #[test]
    fn averages_are_those_of_many_instances() {
        const INSTANCES: u64 = 40_000;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("averages.yaml");
        std::fs::write(&path, SCENARIO).unwrap();
        let plan = Run::new(path.to_str().unwrap()).seed(3).from("2026-01-05").plan().unwrap();
        let (scenarios, mut smoothing) = (&plan.scenarios[..], DelaySmoothing::unknown());
        let steps = Steps::without_state(scenarios);
        let expected = Expectation::new(&plan.scenarios[0]);
        let mut calls = vec![(0.0, 0.0); expected.calls.len()];
        let (mut squares, mut fewest, mut most, mut longest) = (0.0, u64::MAX, 0, 0);
        for number in 0..INSTANCES {
            let mut instance = Instance::at_beginning(scenarios, 0, number);
            let mut due = instance.enter(scenarios, (&steps, &mut smoothing), 0);
            let mut events = 0;
            while let Some(time) = due {
                let call = &mut calls[(instance.at - steps.first(0)) as usize];
                (call.0, call.1, events, longest) = (call.0 + 1.0, call.1 + time as f64, events + 1, longest.max(time));
                due = instance.next_time(scenarios, (&steps, &mut smoothing), time);
            }
            squares += (events * events) as f64;
            (fewest, most) = (fewest.min(events), most.max(events));
        }
        let near = |one: f64, other: f64| (one - other).abs() <= 0.02 * other.abs() + 1e-9;
        for (found, expected) in calls.iter().zip(&expected.calls) {
            let found = (found.0 / INSTANCES as f64, found.1 / INSTANCES as f64);
            assert!(near(found.0, expected.events) && near(found.1, expected.ages), "{found:?}, not {expected:?}");
        }
        let events = calls.iter().map(|call| call.0).sum::<f64>() / INSTANCES as f64;
        let variance = squares / INSTANCES as f64 - events * events;
        assert!(near(events, expected.events) && near(variance, expected.variance), "{events} {variance} {expected:?}");
        assert_eq!((fewest, most), (expected.fewest, expected.most));
        assert!(longest as u64 <= expected.longest && near(longest as f64, expected.longest as f64), "{longest}");
    }
}
