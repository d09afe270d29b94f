//! What a long run is made of: each story has its share.

use super::trail;
use falsetrail::machinery::{Options, Plan, units::rate};

fn day(change: impl FnOnce(&mut Options)) -> Plan {
    trail::plan(&trail::run_of("busy-day").with(change))
}

/// Weights of `busy-day` in the order of its stories.
const WEIGHTS: [(&str, f64); 10] = [
    ("notebook-session", 40.0),
    ("statement-lifecycle", 20.0),
    ("region-survey", 12.0),
    ("workspace-lifecycle", 8.0),
    ("pool-lifecycle", 6.0),
    ("terraform-apply", 5.0),
    ("pool-resize-failure", 3.0),
    ("stale-client", 3.0),
    ("every-method", 2.0),
    ("terraform-destroy", 1.0),
];

/// Over a million events each scenario's share of the instances that start is within 1 % of its weight.
#[test]
fn shares_of_instances_are_their_weights() {
    let with_rate = |text: &'static str, cold_start: bool| {
        move |options: &mut Options| {
            options.rate = Some(rate(text).unwrap());
            options.cold_start = cold_start;
        }
    };
    let runs: [(&str, Plan); 3] = [
        ("every second", day(|options| options.events = Some(1_000_000))),
        (
            "a rate, cold",
            day(|options| {
                options.events = Some(1_000_000);
                with_rate("2000/s", true)(options);
            }),
        ),
        (
            "a rate",
            day(|options| {
                options.events = Some(1_000_000);
                with_rate("200/s", false)(options);
            }),
        ),
    ];
    for (what, plan) in runs {
        let (mut stream, mut words, mut started) = (plan.stream(), Vec::new(), [0_u64; WEIGHTS.len()]);
        // Long scenarios have more than their share of the instances that are in progress at the start.
        let in_progress = stream.started().to_vec();
        while let Some(record) = stream.next(&mut words) {
            words.clear();
            let scenario = usize::from(plan.event_kinds[record.event_kind as usize].scenario);
            // Instances are numbered as they start.
            started[scenario] = started[scenario].max(record.instance + 1);
        }
        for (started, in_progress) in started.iter_mut().zip(in_progress) {
            *started -= in_progress.min(*started);
        }
        let all: u64 = started.iter().sum();
        for ((name, weight), (scenario, count)) in WEIGHTS.iter().zip(plan.scenarios.iter().zip(started)) {
            assert_eq!(*name, scenario.name);
            let off = count as f64 / all as f64 / (weight / 100.0) - 1.0;
            println!("{what}: {name} {count} of {all}, off by {:.3} %", off * 100.0);
            assert!(off.abs() < 0.01, "{what}: the share of {name} is off by {:.2} %", off * 100.0);
        }
    }
}
