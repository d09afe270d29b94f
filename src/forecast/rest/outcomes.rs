//! How often the calls of a run end in each of their outcomes.
//!
//! An outcome may depend on the state of a resource, so it cannot be computed from averages. Scenarios with such calls
//! are simulated by themselves, which costs less than simulating them among all others until enough were seen.

use crate::{
    plan::Plan,
    simulation::{Expectation, simulate_alone},
};

/// The most events that are simulated, of all scenarios together: some tenths of a second.
const EVENTS: f64 = 3_000_000.0;

/// Instances looked at of each scenario, at most.
const INSTANCES: u64 = 1 << 17;

/// By event kind: number of events of a sample that is at least as large as the simulated beginning.
pub(super) fn outcomes(plan: &Plan, seen: &[u64], scenarios: &[(f64, Expectation)]) -> Vec<u64> {
    let mut counts = seen.to_vec();
    let several: Vec<usize> = (0..plan.background).filter(|scenario| has_several(plan, *scenario)).collect();
    for scenario in &several {
        let (share, expected) = &scenarios[*scenario];
        if *share <= 0.0 || expected.events <= 0.0 {
            continue;
        }
        let instances = ((EVENTS / several.len() as f64 / expected.events) as u64).min(INSTANCES);
        let mut alone = vec![0; counts.len()];
        simulate_alone(plan, *scenario, instances, |record| alone[record.event_kind as usize] += 1);
        let sum = |of: &[u64]| kinds(plan, *scenario).map(|kind| of[kind]).sum::<u64>();
        if sum(&alone) > sum(seen) {
            kinds(plan, *scenario).for_each(|kind| counts[kind] = alone[kind]);
        }
    }
    counts
}

/// Whether a call of the scenario has more than one outcome.
fn has_several(plan: &Plan, scenario: usize) -> bool {
    plan.calls[scenario].iter().any(|call| call.event_kinds.len() > 1)
}

/// The event kinds of a scenario.
fn kinds(plan: &Plan, scenario: usize) -> impl Iterator<Item = usize> {
    let of = move |kind: &usize| usize::from(plan.event_kinds[*kind].scenario) == scenario;
    (0..plan.event_kinds.len()).filter(of)
}
