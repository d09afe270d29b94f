//! Averages over a run's scenarios, from walking through a sample of instances without simulating their state.

use crate::{
    catalog::{Catalog, Effect},
    plan::{
        Workload,
        resolved::{Operation, ResolvedScenario},
    },
    simulation::{GOLDEN, Instance, delay_smoothing::DelaySmoothing, steps::Steps},
};

/// Totals of a sample of instances, drawn in the shares in which the run starts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// Number of instances in the sample.
    pub(crate) instances: u64,
    /// Events of all instances.
    pub(crate) events: u64,
    /// Duration of the longest instance, in nanoseconds.
    pub(crate) longest: u64,
    /// Sum of the durations of all instances, in nanoseconds.
    pub(crate) durations: u128,
    /// State slots of all instances.
    pub(crate) slots: u64,
    /// By kind: number of resources that the instances create.
    pub(crate) created: Vec<u64>,
    /// By kind: number of actors of that kind in the instances.
    pub(crate) actors: Vec<u64>,
}

/// Size of the sample.
const SAMPLE: u64 = 4_096;

/// Steps that are walked one by one, some tenths of a second: where scenarios are so long that they have more, fewer
/// instances are looked at, and the rest of a repetition is taken to last as long as its mean delay says.
const MOST_WALKED: u64 = 1 << 24;

impl Outlook {
    /// Walks through a sample of a workload's instances.
    pub(crate) fn new(catalog: &Catalog, workload: Workload<'_>) -> Self {
        let kinds = catalog.kinds.len();
        let mut outlook = Outlook {
            instances: SAMPLE,
            events: 0,
            longest: 0,
            durations: 0,
            slots: 0,
            created: vec![0; kinds],
            actors: vec![0; kinds],
        };
        let steps = Steps::without_state(workload.scenarios);
        let mut left = MOST_WALKED;
        for number in 0..SAMPLE {
            let scenario = workload.weights.at(number.wrapping_mul(GOLDEN));
            let instance = Instance::at_beginning(workload.scenarios, scenario as u16, number);
            outlook.add(catalog, workload.scenarios, &steps, instance, &mut left);
            if left == 0 {
                outlook.instances = number + 1;
                break;
            }
        }
        outlook
    }

    /// Whether any of a million instances has an event; of scenarios with very many steps, of fewer.
    pub(crate) fn has_events(workload: Workload<'_>) -> bool {
        let scenarios = workload.scenarios;
        let (steps, mut loads) = (Steps::without_state(scenarios), DelaySmoothing::unknown());
        let longest = scenarios.iter().map(|scenario| scenario.operations.len()).max().unwrap_or(0).max(16);
        (0..MOST_WALKED / longest as u64).any(|number| {
            let scenario = workload.weights.at(number.wrapping_mul(GOLDEN));
            Instance::at_beginning(scenarios, scenario as u16, number)
                .enter(scenarios, (&steps, &mut loads), 0)
                .is_some()
        })
    }

    /// Adds an instance that is at its beginning. `left`: how many steps may still be walked.
    fn add(
        &mut self,
        catalog: &Catalog,
        scenarios: &[ResolvedScenario],
        steps: &Steps,
        mut instance: Instance,
        left: &mut u64,
    ) {
        let scenario = &scenarios[usize::from(instance.scenario)];
        self.slots += scenario.state_slots as u64;
        for actor in &scenario.actors {
            self.actors[actor.kind] += 1;
        }
        // Only the path through the scenario counts, not its effects, so the instance gets no state.
        let mut loads = DelaySmoothing::unknown();
        let mut due = instance.enter(scenarios, (steps, &mut loads), 0);
        while let Some(mut time) = due {
            let mut events = 1;
            *left = left.saturating_sub(1);
            if let Some(Operation::Call(call)) = steps.operation(scenarios, instance.scenario, instance.at) {
                if *left == 0 {
                    let turns = instance.skip_turns();
                    let mean = u128::midpoint(call.every.low.into(), call.every.high.into());
                    let took = i64::try_from(mean * u128::from(turns)).unwrap_or(i64::MAX);
                    (events, time) = (1 + u64::from(turns), time.saturating_add(took));
                }
                if creates(catalog, call.method) {
                    self.created[catalog.methods[call.method].kind] += events;
                }
            }
            self.events += events;
            self.longest = self.longest.max(time as u64);
            due = instance.next_time(scenarios, (steps, &mut loads), time);
            if due.is_none() {
                self.durations += time as u128;
            }
        }
    }
}

fn creates(catalog: &Catalog, method: usize) -> bool {
    catalog.methods[method].does == Effect::Create
}
