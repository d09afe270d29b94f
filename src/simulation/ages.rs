//! The ages that instances have at their events, from a sample of each scenario.
//!
//! Of a run in which instances start at fixed intervals, they say how many events there are up to a time before which
//! not all instances are over.

use crate::{
    plan::Workload,
    simulation::{CallMeans, Expectation, Walker},
};

/// The scenarios of a run and, if some may last longer than is looked at, a sample of their instances.
pub(crate) struct Ages<'a> {
    scenarios: &'a [(f64, Expectation)],
    longest: u64,
    samples: Vec<Sample>,
}

/// By call of a scenario: the ages at its events, in nanoseconds, each with the number of events of that age.
type Sample = Vec<Vec<(u64, f64)>>;

/// Ages in all samples together, some megabytes.
const MOST: usize = 1 << 19;

/// Instances looked at of each scenario.
const INSTANCES: u64 = 2_048;

impl<'a> Ages<'a> {
    /// Samples the scenarios of a workload.
    pub(crate) fn new(workload: Workload<'_>, scenarios: &'a [(f64, Expectation)], with_rate: bool) -> Self {
        let longest = scenarios.iter().filter(|(share, _)| *share > 0.0).map(|(_, it)| it.longest).max().unwrap_or(0);
        let each = MOST / scenarios.len().max(1);
        let mut walker = Walker::new(workload.scenarios);
        let sample = |(scenario, (_, expected)): (usize, &(f64, Expectation))| {
            let mut calls = vec![Vec::new(); expected.calls.len()];
            let (mut instances, mut taken) = (0, 0);
            while instances < INSTANCES && taken < each {
                // With a rate, an instance starts with its first event.
                let mut start = (!with_rate).then_some(0);
                walker.walk(scenario, instances, |call, age, turns| {
                    let start = *start.get_or_insert(age);
                    calls[call].push((age - start, turns as f64));
                    taken += 1;
                });
                instances += 1;
            }
            calls
        };
        Ages { scenarios, longest, samples: scenarios.iter().enumerate().map(sample).collect() }
    }

    /// For each call of each scenario: `of` of its mean number of events per start, and of the mean sum of their ages,
    /// none of them older than `time`.
    pub(crate) fn until(&self, time: u64, of: impl Fn(f64, f64) -> f64) -> Vec<Vec<f64>> {
        let scenario = |((share, expected), sample): (&(f64, Expectation), &Sample)| {
            let young = |(call, ages): (&CallMeans, &Vec<(u64, f64)>)| {
                if time >= self.longest || ages.is_empty() {
                    return of(share * call.events, share * call.ages.min(call.events * time as f64));
                }
                let sum = ages.iter().map(|(age, events)| (*age).min(time) as f64 * events).sum::<f64>();
                let all = ages.iter().map(|(_, events)| events).sum::<f64>();
                // The mean age of the sampled events; their number per instance is known exactly.
                of(share * call.events, share * call.events * sum / all)
            };
            expected.calls.iter().zip(sample).map(young).collect()
        };
        self.scenarios.iter().zip(&self.samples).map(scenario).collect()
    }

    /// For each call of each scenario: the mean number of events per start in each of `count` intervals after it. A start
    /// lies anywhere in its interval.
    pub(crate) fn histograms(&self, width: u64, count: usize) -> Vec<Vec<Vec<f64>>> {
        let scenario = |((share, expected), sample): (&(f64, Expectation), &Sample)| {
            let histogram = |(call, ages): (&CallMeans, &Vec<(u64, f64)>)| {
                let mut histogram = vec![0.0; count];
                let all = ages.iter().map(|(_, events)| events).sum::<f64>();
                for (age, events) in ages {
                    let intervals = *age as f64 / width as f64;
                    let (at, into) = (intervals as usize, intervals.fract());
                    let mean = share * call.events * events / all;
                    for (at, mean) in [(at, mean * (1.0 - into)), (at + 1, mean * into)] {
                        if let Some(interval) = histogram.get_mut(at) {
                            *interval += mean;
                        }
                    }
                }
                histogram
            };
            expected.calls.iter().zip(sample).map(histogram).collect()
        };
        self.scenarios.iter().zip(&self.samples).map(scenario).collect()
    }

    /// The time until which there are this many events, if an instance starts in each interval of `every` nanoseconds.
    pub(crate) fn time_of(&self, events: f64, every: f64) -> u64 {
        let count = |time: u64| {
            let calls = self.until(time, |mean, young| (mean * time as f64 - young) / every);
            calls.iter().flatten().sum::<f64>()
        };
        let (mut low, mut high) = (0, i64::MAX as u64);
        // To a ten-thousandth, or a nanosecond.
        while high - low > (low / 10_000).max(1) {
            let middle = low + (high - low) / 2;
            if count(middle) < events { low = middle } else { high = middle }
        }
        high
    }
}
