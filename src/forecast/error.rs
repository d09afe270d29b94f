//! The error of an extrapolated forecast: how far its counts vary by chance.
//!
//! The simulated beginning is divided into blocks. How much the count of a row differs from block to block says how much
//! it will differ in the rest; how many events of a call were seen says how well the shares of its outcomes are known.

use crate::plan::Plan;

/// Snapshots of the counts of the simulated events, by event kind.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    snapshots: Vec<Vec<u64>>,
}

/// Number of events of a block.
const BLOCK: u64 = 1 << 14;

/// Standard deviations within which a count lies, all but once in some hundred times.
const DEVIATIONS: f64 = 2.5;

impl Blocks {
    /// Takes a snapshot after every block of events.
    pub(super) fn note(&mut self, simulated: u64, kinds: &[u64]) {
        if simulated.is_multiple_of(BLOCK) {
            self.snapshots.push(kinds.to_vec());
        }
    }

    /// The variance of a row, of these event kinds, among as many events as a block has.
    fn variance(&self, row: &[usize]) -> f64 {
        let sum = |snapshot: &[u64]| row.iter().map(|kind| snapshot[*kind]).sum::<u64>();
        let counts: Vec<f64> = self.snapshots.windows(2).map(|pair| (sum(&pair[1]) - sum(&pair[0])) as f64).collect();
        let mean = counts.iter().sum::<f64>() / counts.len().max(1) as f64;
        let squares = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>();
        // With few blocks, as much as of independent events.
        if counts.len() < 4 { mean.max(1.0) } else { squares / (counts.len() - 1) as f64 }
    }

    /// The relative error of a row that has `count` events, `rest` of them among the `all` events that were not
    /// simulated. `shares` is the variance of the part of the row that is due to the shares of outcomes.
    pub(super) fn of_row(&self, row: &[usize], count: f64, all: f64, shares: f64) -> f64 {
        let variance = self.variance(row) * all / BLOCK as f64 + shares;
        DEVIATIONS * variance.sqrt() / count.max(1.0)
    }
}

/// By event kind: the variance of its expected rest, because the share of its outcome is known from `seen` events only.
pub(super) fn of_shares(plan: &Plan, rest: &[f64], seen: &[u64]) -> Vec<f64> {
    let mut variances = vec![0.0; rest.len()];
    for call in plan.calls.iter().flatten() {
        let kinds = || call.event_kinds.clone().map(|kind| kind as usize);
        if call.event_kinds.len() < 2 {
            continue;
        }
        let all = kinds().map(|kind| seen[kind]).sum::<u64>().max(1) as f64;
        let events = kinds().map(|kind| rest[kind]).sum::<f64>();
        for kind in kinds() {
            let share = seen[kind] as f64 / all;
            variances[kind] = events * events * share * (1.0 - share) / all;
        }
    }
    variances
}
