//! A run with a rate that starts without instances in progress: how many instances start when, and with that how many
//! events each call has.
//!
//! The schedule says how many events there are in each interval, the ages of instances at their events how many of them
//! are of instances that started earlier; the others begin with the starts of the interval. Solved interval by interval,
//! from the beginning on.

use crate::{schedule::Schedule, simulation::Ages};

/// Number of intervals.
const INTERVALS: usize = 512;

/// The expected events of each call of each scenario up to `end` (nanoseconds since the run's start), and the expected
/// number of instances that start until then.
pub(super) fn events(ages: &Ages, schedule: &Schedule, end: u64) -> (Vec<Vec<f64>>, f64) {
    let width = (end / INTERVALS as u64 + 1).max(1);
    let by_age = ages.histograms(width, INTERVALS);
    let mut all = vec![0.0; INTERVALS];
    for histogram in by_age.iter().flatten() {
        histogram.iter().zip(&mut all).for_each(|(events, all)| *all += events);
    }
    let before = |interval: usize| schedule.count_before(end.min(width.saturating_mul(interval as u64))) as f64;
    let mut starts = vec![0.0; INTERVALS];
    let mut left = 0.0;
    for interval in 0..INTERVALS {
        let earlier: f64 = (0..interval).map(|start| starts[start] * all[interval - start]).sum();
        left += before(interval + 1) - before(interval) - earlier;
        // Steps that are due wait for the next interval.
        starts[interval] = (left / all[0].max(1e-9)).max(0.0);
        left = left.min(0.0);
    }
    let of_call = |histogram: &Vec<f64>| {
        let mut sum = 0.0;
        let until: Vec<f64> = histogram
            .iter()
            .map(|events| {
                sum += events;
                sum
            })
            .collect();
        starts.iter().zip(until.iter().rev()).map(|(starts, events)| starts * events).sum()
    };
    let events = by_age.iter().map(|calls| calls.iter().map(of_call).collect()).collect();
    (events, starts.iter().sum())
}
