//! A past that is as long and as full as was asked for, and people who are as busy as was asked for.

use super::trail;
use falsetrail::machinery::{Plan, units::rate};
use std::collections::HashMap;

const SECOND: i64 = 1_000_000_000;
/// A Monday, not at a whole second.
const NOW: i64 = 1_767_601_234 * SECOND + 123_456_789;

#[test]
fn seven_days_at_twenty_a_second_are_all_there_and_past() {
    let run = falsetrail::Run::new("busy-day").seed(7).from("-7d").with(|options| {
        options.to = Some("now".to_owned());
        options.rate = Some(rate("20/s").unwrap());
        options.now = Some(NOW);
    });
    let plan = run.plan().unwrap();
    let days = 7 * 86_400;
    assert_eq!(
        (plan.timing.from, plan.timing.to),
        (NOW / SECOND * SECOND - days * SECOND, Some(NOW / SECOND * SECOND))
    );
    let (mut stream, mut words) = (plan.stream(), Vec::new());
    let (mut count, mut last, mut second, mut in_second) = (0_u64, plan.timing.from, 0, 0);
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        assert!(record.time >= last, "event {count} is {} ns before the one before it", last - record.time);
        assert_eq!(record.number, count);
        let of = (record.time - plan.timing.from) / SECOND;
        if of != second {
            assert_eq!((of, in_second), (second + 1, 20), "second {second}");
            (second, in_second) = (of, 0);
        }
        in_second += 1;
        count += 1;
        last = record.time;
    }
    assert_eq!((count, second, in_second), (20 * days as u64, days - 1, 20));
    assert!(last < NOW, "the future");
}

/// Who acts in each of so many stories, as ranks of the population; nothing else is in the story.
fn draws(users: usize, skew: &str, scenarios: u64) -> Vec<f64> {
    let mix = format!("every: 1ms\npopulation: {{ users: {users}, skew: {skew} }}\nmix: [list-regions]\n");
    let plan: Plan = trail::plan_of_file("crowd", &mix, |options| options.instances = Some(scenarios));
    let kind = plan.catalog.kinds.iter().position(|kind| kind.name == "user").unwrap();
    let id = plan.catalog.kinds[kind].id();
    let of_rank = |rank: usize| plan.population.value(kind, rank as u32, id).unwrap().bytes().to_vec();
    let ranks: HashMap<Vec<u8>, usize> = (0..users).map(|rank| (of_rank(rank), rank)).collect();
    let mut counts = vec![0.0; users];
    for event in plan.events() {
        let text = std::str::from_utf8(&event.body).unwrap();
        let id = text.split("/identity=").nth(1).unwrap().split('"').next().unwrap();
        counts[ranks[id.as_bytes()]] += 1.0;
    }
    counts
}

/// The slope of the line through the logarithms of ranks and counts that fits best.
fn slope(counts: &[f64]) -> f64 {
    let points: Vec<(f64, f64)> =
        counts.iter().enumerate().map(|(rank, count)| ((rank as f64 + 1.0).ln(), count.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let product: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    product / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

#[test]
fn users_are_as_uneven_as_the_skew_says() {
    for (text, skew) in [("0.5", 0.5), ("1.0", 1.0), ("1.5", 1.5)] {
        let counts = draws(200, text, 20_000);
        // The first forty: a hundred draws each, or most of them.
        let found = -slope(&counts[..40]);
        println!("skew {skew}: slope {found:.3}");
        assert!((found - skew).abs() < 0.08, "skew {skew}: slope {found:.3}");
    }
}

#[test]
fn without_a_skew_users_are_even() {
    let counts = draws(100, "0", 20_000);
    let expected = 200.0;
    let distance: f64 = counts.iter().map(|count| (count - expected) * (count - expected) / expected).sum();
    // Chi-square with 99 degrees of freedom: beyond 150 less than once in a thousand times.
    println!("chi-square {distance:.1}");
    assert!(distance < 150.0, "{distance}");
    assert!(slope(&counts).abs() < 0.05, "{}", slope(&counts));
}
