//! Walks through instances without simulating their state: which calls they have, and when.

use crate::{
    plan::resolved::{Operation, ResolvedScenario},
    simulation::{Instance, delay_smoothing::DelaySmoothing, instance::drawn_turns, steps::Steps},
};
use std::ops::Range;

/// Walks through the instances of a workload, each by itself.
#[derive(Debug)]
pub(crate) struct Walker<'p> {
    scenarios: &'p [ResolvedScenario],
    steps: Steps,
    smoothing: DelaySmoothing,
}

/// A call with at least this many turns is walked in as many groups of turns, at their mean delay.
const GROUPS: u64 = 64;

impl<'p> Walker<'p> {
    /// A walker through the instances of these scenarios.
    pub(crate) fn new(scenarios: &'p [ResolvedScenario]) -> Self {
        Walker { scenarios, steps: Steps::without_state(scenarios), smoothing: DelaySmoothing::unknown() }
    }

    /// Walks through an instance of a scenario. `each` gets the index of a call's operation, the age of the instance in
    /// nanoseconds, and the number of turns at about that age.
    pub(crate) fn walk(&mut self, scenario: usize, number: u64, mut each: impl FnMut(usize, u64, u64)) {
        let Walker { scenarios, steps, smoothing } = self;
        let first = steps.first(scenario as u16);
        let mut instance = Instance::at_beginning(scenarios, scenario as u16, number);
        let mut due = instance.enter(scenarios, (steps, smoothing), 0);
        while let Some(mut time) = due {
            let turns = u64::from(instance.later_turns()) + 1;
            let call = (instance.at - first) as usize;
            match steps.operation(scenarios, instance.scenario, instance.at) {
                Some(Operation::Call(of)) if turns >= GROUPS => {
                    let every = u64::midpoint(of.every.low, of.every.high);
                    let begun = time.unsigned_abs();
                    let age = |turn: u64| begun.saturating_add(every.saturating_mul(turn));
                    let size = turns.div_ceil(GROUPS);
                    for turn in (0..turns).step_by(size as usize) {
                        let group = size.min(turns - turn);
                        each(call, age(turn + group / 2), group);
                    }
                    instance.skip_turns();
                    time = i64::try_from(age(turns - 1)).unwrap_or(i64::MAX);
                }
                _ => each(call, time.unsigned_abs(), 1),
            }
            due = instance.next_time(scenarios, (steps, smoothing), time);
        }
    }

    /// The number of turns of each call of a scenario, by operation, in these instances together. Draws the paths alone,
    /// so that many instances are walked in a short time.
    pub(crate) fn turns(scenario: &ResolvedScenario, numbers: Range<u64>) -> Vec<f64> {
        let mut turns = vec![0_u64; scenario.operations.len()];
        for number in numbers {
            let key = scenario.key.number(number);
            let mut at = 0;
            while let Some(operation) = scenario.operations.get(at) {
                at = match operation {
                    Operation::Jump(to) => *to,
                    Operation::Choose { salt, weights, targets } => targets[weights.draw(key.number(*salt))],
                    Operation::Call(call) => {
                        turns[at] += u64::from(drawn_turns(call, scenario, key.number(call.salt)));
                        at + 1
                    }
                };
            }
        }
        turns.into_iter().map(|turns| turns as f64).collect()
    }
}
