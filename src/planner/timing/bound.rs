//! An upper bound of the length of a run without a rate, from the averages of its scenarios.
//!
//! The start of a run follows from its length if only its end is known. To simulate a long run for that would make its
//! user wait, so the bound takes the place of the length: such a run ends a little before its end, and never after it.

use crate::{
    plan::{Starts, Workload},
    planner::timing::Asked,
    simulation::{Ages, Expectation},
};

/// Chernoff exponent: a run of given length has fewer events than its bound says with a probability of e⁻²⁵.
const EXPONENT: f64 = 25.0;

/// The low-discrepancy sequence of scenarios keeps each share to within some instances; this many of the largest
/// scenario's events are allowed for.
const UNEVEN: f64 = 32.0;

/// How far off the mean of a sample of a few thousand instances may be: four times its standard deviation.
const SAMPLE_ERROR: f64 = 0.08;

/// An upper bound of the time from the start of a run without a rate to its last background event, in nanoseconds;
/// `None` if there is none or it is beyond the end of event time.
pub(super) fn bound(workload: Workload<'_>, asked: &Asked) -> Option<u64> {
    let every = asked.every;
    let scenarios: Vec<_> =
        Expectation::for_background(workload).into_iter().filter(|(share, _)| *share > 0.0).collect();
    let longest = scenarios.iter().map(|(_, expected)| expected.longest).max().unwrap_or(0);
    let of_instances = |instances: u64| every.checked_mul(instances)?.checked_add(longest);
    let span = match (asked.starts, asked.events) {
        (Starts::Once, _) => of_instances(workload.background as u64)?,
        (Starts::Instances(instances), _) => of_instances(instances)?,
        (Starts::Unbounded, Some(events)) => {
            let fewest = scenarios.iter().map(|(_, expected)| expected.fewest).min().unwrap_or(0);
            let certain = if fewest > 0 { of_instances(events.div_ceil(fewest)) } else { None };
            let averages = Averages::new(&scenarios, every);
            let likely = certain.into_iter().chain(averages.until(events)).min();
            // Where instances last about as long as the run, most of them are not over at its end.
            let is_short = likely.is_none_or(|likely| likely / 20 < longest);
            let sampled = if is_short { averages.until_by_sample(workload, events) } else { None };
            likely.into_iter().chain(sampled).min()?
        }
        (Starts::Unbounded, None) => return None,
    };
    i64::try_from(span).is_ok().then_some(span)
}

/// Averages of all instances of a run, from which the time of an event is bounded.
struct Averages {
    /// Nanoseconds between starts.
    every: f64,
    longest: f64,
    /// Per instance: mean number of events, its variance within the scenarios, its mean square, and the sum of ages.
    events: f64,
    variance: f64,
    mean_square: f64,
    ages: f64,
    /// The mean number of events of the largest scenario.
    largest: f64,
}

impl Averages {
    fn new(scenarios: &[(f64, Expectation)], every: u64) -> Self {
        let sum = |of: &dyn Fn(&Expectation) -> f64| scenarios.iter().map(|(share, it)| share * of(it)).sum::<f64>();
        Averages {
            every: every as f64,
            longest: scenarios.iter().map(|(_, it)| it.longest).max().unwrap_or(0) as f64,
            events: sum(&|it| it.events),
            variance: sum(&|it| it.variance),
            mean_square: sum(&|it| it.variance + it.events * it.events),
            ages: sum(&Expectation::ages),
            largest: scenarios.iter().map(|(_, it)| it.events).fold(0.0, f64::max),
        }
    }

    /// The time by which this many events have happened, with a margin, from the ages that a sample of instances have at
    /// their events.
    fn until_by_sample(&self, workload: Workload<'_>, events: u64) -> Option<u64> {
        let scenarios = Expectation::for_background(workload);
        let ages = Ages::new(workload, &scenarios, false);
        let wanted = (events as f64 + UNEVEN * self.largest) * (1.0 + SAMPLE_ERROR);
        let mut time = ages.time_of(wanted, self.every);
        for _ in 0..3 {
            let deviation = (2.0 * EXPONENT * (time as f64 / self.every + 1.0) * self.mean_square).sqrt();
            time = ages.time_of(wanted + deviation, self.every);
        }
        let time = time as f64 * 1.01 + 2.0 * self.every;
        (time < i64::MAX as f64).then_some(time as u64)
    }

    /// The time by which this many events have happened, with a margin.
    ///
    /// Instances older than the longest are over: Bernstein's inequality bounds from below the number of their events.
    /// The younger ones are either left out, or have at least the mean minus a deviation, bounded by their mean square.
    fn until(&self, events: u64) -> Option<u64> {
        if self.events <= 0.0 {
            return None;
        }
        let young = self.longest / self.every;
        let deviation = (2.0 * EXPONENT * (young + 1.0) * self.mean_square).sqrt();
        let of_young = young * self.events - self.ages / self.every - deviation;
        let margin = UNEVEN * self.largest + 2.0 / 3.0 * EXPONENT * self.events;
        let wanted = events as f64 + margin - of_young.max(0.0);
        // Solves `mean · n - sqrt(2 · exponent · variance · n) = wanted` for the number of instances that are over.
        let spread = (2.0 * EXPONENT * self.variance).sqrt();
        let wanted = wanted.max(0.0);
        let root = (spread + (spread * spread + 4.0 * self.events * wanted).sqrt()) / (2.0 * self.events);
        let span = (root * root + 2.0) * self.every + self.longest;
        (span < i64::MAX as f64).then_some(span as u64)
    }
}
