//! A run with a rate begins in the middle of life: its first second is a second like any other.
//!
//! Pearson's test of two samples would not do. Its model is that each event is drawn for itself, but events come in
//! stories: a story's quick steps fall into the same second, and as every second has exactly so many events, a second
//! in which a few more steps are due has as many fewer first steps of stories, several times more than by chance. So
//! the counts of a later stretch say how much counts of one second vary, and together: a difference is measured by
//! their covariance, as in Hotelling's two-sample test, which is the chi-square test of what is not independent.

use super::trail;
use falsetrail::machinery::{Plan, units::rate};

const SECOND: i64 = 1_000_000_000;
/// The later stretch, in windows since the run's beginning.
const LATER: std::ops::Range<usize> = 101..301;

/// The length of a window in nanoseconds: a second, or longer where a second has fewer than a thousand events.
fn window(per_second: u64) -> i64 {
    SECOND * 1_000_u64.div_ceil(per_second) as i64
}

fn day(per_second: u64, cold_start: bool) -> Plan {
    let run = trail::run_of("busy-day").with(|options| {
        options.rate = Some(rate(&format!("{per_second}/s")).unwrap());
        options.duration = Some(LATER.end as u64 * window(per_second) as u64);
        options.cold_start = cold_start;
    });
    trail::plan(&run)
}

/// How many events of each method are in each window. One method is left out: how many it has follows from the others.
fn counts(plan: &Plan, window: i64) -> Vec<Vec<f64>> {
    let mut counts = vec![vec![0.0; plan.catalog.methods.len()]; LATER.end];
    let (mut stream, mut words) = (plan.stream(), Vec::new());
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        let number = ((record.time - plan.timing.from) / window) as usize;
        counts[number][plan.event_kinds[record.event_kind as usize].method] += 1.0;
    }
    for counts in &mut counts {
        counts.truncate(counts.len() - 1);
    }
    counts
}

fn mean(samples: &[Vec<f64>]) -> Vec<f64> {
    let sum = |at: usize| samples.iter().map(|sample| sample[at]).sum::<f64>();
    (0..samples[0].len()).map(|at| sum(at) / samples.len() as f64).collect()
}

fn covariance(samples: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mean = mean(samples);
    let of = |one: usize, other: usize| {
        let products = samples.iter().map(|sample| (sample[one] - mean[one]) * (sample[other] - mean[other]));
        products.sum::<f64>() / (samples.len() - 1) as f64
    };
    (0..mean.len()).map(|one| (0..mean.len()).map(|other| of(one, other)).collect()).collect()
}

/// `d · C⁻¹ · d`: Cholesky's way, with one forward substitution.
fn distance(difference: &[f64], covariance: &[Vec<f64>]) -> f64 {
    let size = difference.len();
    let mut lower = vec![vec![0.0; size]; size];
    let mut solved = vec![0.0; size];
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|at| lower[row][at] * lower[column][at]).sum();
            let left = covariance[row][column] - known;
            lower[row][column] = if row == column { left.sqrt() } else { left / lower[column][column] };
        }
        let known: f64 = (0..row).map(|at| lower[row][at] * solved[at]).sum();
        solved[row] = (difference[row] - known) / lower[row][row];
    }
    solved.iter().map(|value| value * value).sum()
}

/// Hotelling's T² of two samples of so many seconds each, given the covariance of one second.
fn statistic(one: &[Vec<f64>], other: &[Vec<f64>], covariance: &[Vec<f64>]) -> f64 {
    let difference: Vec<f64> = mean(one).iter().zip(mean(other)).map(|(one, other)| one - other).collect();
    distance(&difference, covariance) / (1.0 / one.len() as f64 + 1.0 / other.len() as f64)
}

/// With 16 free methods and 200 seconds T² is beyond this once in a thousand times: 16 · 199 / 184 · F(16, 184).
const ONCE_IN_A_THOUSAND: f64 = 17.3 * 2.64;

#[test]
fn the_first_second_is_like_the_hundredth_and_those_after_it() {
    let all = std::env::var_os("FALSETRAIL_TEST_ALL").is_some();
    let rates: &[u64] = if all { &[5, 500, 5_000, 50_000] } else { &[5, 500] };
    for per_second in rates.iter().copied() {
        let window = window(per_second);
        let warm = counts(&day(per_second, false), window);
        let later = &warm[LATER];
        let covariance_of_one = covariance(later);
        assert_eq!(covariance_of_one.len(), 16);
        let first = statistic(&warm[..1], &warm[99..100], &covariance_of_one);
        let stretch = statistic(&warm[..1], later, &covariance_of_one);
        let beginning = statistic(&warm[..20], later, &covariance_of_one);
        // For comparison: windows side by side, between which nothing changes.
        let usual = later.windows(2).map(|pair| statistic(&pair[..1], &pair[1..], &covariance_of_one));
        let usual = usual.sum::<f64>() / (later.len() - 1) as f64;
        println!(
            "{per_second}/s: T² to the hundredth {first:.1}, to the stretch {stretch:.1}; of the first twenty \
             {beginning:.1}; neighbours {usual:.1}"
        );
        assert!(first < ONCE_IN_A_THOUSAND, "{per_second}/s: first against hundredth window: {first}");
        assert!(stretch < ONCE_IN_A_THOUSAND, "{per_second}/s: first window against a later stretch: {stretch}");
        assert!(beginning < ONCE_IN_A_THOUSAND, "{per_second}/s: first windows against a later stretch: {beginning}");
        assert!((8.0..24.0).contains(&usual), "{per_second}/s: windows beside each other: {usual}");
        if per_second == 500 {
            let cold = statistic(&counts(&day(per_second, true), window)[..1], later, &covariance_of_one);
            assert!(cold > 10.0 * ONCE_IN_A_THOUSAND, "a cold start is not told from a warm one: {cold}");
        }
    }
}

/// One instance in ten thousand lasts for months: in the steady state most instances in progress are of that kind, and
/// not one in a million of those that began is looked at.
#[test]
fn the_steady_state_of_a_long_tail_is_there_at_once() {
    let text = "steps:\n\
        - create-pool\n\
        - { call: get-pool, after: 1s..3s, repeat: { times: 4..8, every: 2s..4s } }\n\
        - choose:\n\
        \x20   - { weight: 9999, steps: [{ call: list-pools, after: 5s }] }\n\
        \x20   - { weight: 1, steps: [{ call: update-pool, after: 30d..90d }, { call: list-regions, after: 1s }] }\n\
        - { call: delete-pool, after: 10s }\n";
    let plan = trail::plan_of_file("tail", text, |options| {
        options.rate = Some(rate("500/s").unwrap());
        options.duration = Some(7_200 * SECOND as u64);
    });
    let mut methods = std::collections::BTreeMap::new();
    let (mut stream, mut words) = (plan.stream(), Vec::new());
    // 500 events a second, 9 of each instance, of which one in ten thousand lasts for 60 days on average, the others 32 s.
    let expected = 500.0 / 9.0 * (60.0 * 86_400.0 / 10_000.0 + 32.0);
    let in_progress = stream.going_on() as f64;
    assert!((in_progress / expected - 1.0).abs() < 0.01, "{in_progress} in progress, not {expected}");
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        let method = plan.event_kinds[record.event_kind as usize].method;
        *methods.entry(plan.catalog.methods[method].short.as_str()).or_insert(0_u32) += 1;
    }
    // In two hours, some 40 of the 400,000 instances that begin would be of that kind; as many end.
    let updates = methods["update-pool"];
    assert!((15..=75).contains(&updates), "{methods:?}");
    assert!(updates.abs_diff(methods["list-regions"]) <= 3, "{methods:?}");
}
