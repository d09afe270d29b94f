//! What a long run is made of: shares of stories, how long steps wait, and a beginning like the middle.

use super::trail;
use falsetrail::{Options, Plan, units::rate};
use std::collections::HashMap;

const SECOND: i64 = 1_000_000_000;

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

/// Over a million events each scenario's share of the stories that have started is within 1 % of its weight.
#[test]
fn shares_of_stories_are_their_weights() {
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
        while let Some(record) = stream.next(&mut words) {
            words.clear();
            let story = usize::from(plan.emissions[record.emission as usize].story);
            // Instances are numbered as they start.
            started[story] = started[story].max(record.instance + 1);
        }
        let all: u64 = started.iter().sum();
        for ((name, weight), (story, count)) in WEIGHTS.iter().zip(plan.stories.iter().zip(started)) {
            assert_eq!(*name, story.name);
            let off = count as f64 / all as f64 / (weight / 100.0) - 1.0;
            println!("{what}: {name} {count} of {all}, off by {:.3} %", off * 100.0);
            assert!(off.abs() < 0.01, "{what}: the share of {name} is off by {:.2} %", off * 100.0);
        }
    }
}

/// A step of an instance (operation and turn), and when it happened.
type Step = ((usize, u32), i64);

/// The steps of each instance, by story and number, of those that are asked for.
fn steps(plan: &Plan, wanted: impl Fn(&(u16, u64)) -> bool) -> HashMap<(u16, u64), Vec<Step>> {
    let (mut stream, mut words, mut steps) = (plan.stream(), Vec::new(), HashMap::<_, Vec<_>>::new());
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        let emission = &plan.emissions[record.emission as usize];
        let instance = (emission.story, record.instance);
        if wanted(&instance) {
            steps.entry(instance).or_default().push(((emission.operation, record.occurrence), record.time));
        }
    }
    steps
}

/// A story's delays do not depend on the rate, and without one every step happens when it is due: the same instances
/// without a rate say how long each delay is.
///
/// How long a step waits is a matter of how many steps stories have. Every slot is filled, and those that no due step
/// needs are the first steps of stories: with `n` steps a story, one slot in `n`. So the due steps are a queue with a
/// load of `1 - 1/n`, and even if they came independently of each other (M/D/1), one in a hundred would wait
/// `ln(100) · n / 2` slots. That is 50 for the 22 steps of `busy-day`, and its stories have steps that come in bursts.
#[test]
fn no_step_comes_early_and_hardly_one_late() {
    // In slots it is about the same at each rate, and the higher one takes a debug build long.
    let text = if std::env::var_os("FALSETRAIL_TEST_ALL").is_some() { "5000/s" } else { "500/s" };
    let per_second: i64 = text.trim_end_matches("/s").parse().unwrap();
    let paced = day(|options| {
        options.rate = Some(rate(text).unwrap());
        options.duration = Some(20 * SECOND as u64);
    });
    let seen = steps(&paced, |_| true);
    let mut last = [0; WEIGHTS.len()];
    for (story, instance) in seen.keys() {
        last[usize::from(*story)] = last[usize::from(*story)].max(*instance);
    }
    let instances = last.iter().sum::<u64>();
    let unpaced = day(|options| {
        options.instances = Some(instances + instances / 50 + 20);
        options.every = Some(1_000_000);
    });
    let due = steps(&unpaced, |instance| seen.contains_key(instance));
    let mut late = Vec::new();
    for (instance, steps) in &seen {
        // An instance that was going on when the run began is seen from then on.
        let due = &due[instance];
        let at = due.iter().position(|(step, _)| *step == steps[0].0).expect("the same steps");
        for (pair, due) in steps.windows(2).zip(due[at..].windows(2)) {
            assert_eq!(pair[1].0, due[1].0, "the same steps");
            late.push(pair[1].1 - pair[0].1 - (due[1].1 - due[0].1));
        }
    }
    late.sort_unstable();
    let of = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
    let (p50, p99, most) = (of(0.5) / 1000, of(0.99) / 1000, of(1.0) / 1000);
    println!("{text}: {} steps, late at p50 {p50} µs, p99 {p99} µs, at most {most} µs", late.len());
    assert!(late.len() as i64 > 5 * per_second, "{} steps", late.len());
    assert!(late[0] >= 0, "a step came {} ns early", -late[0]);
    assert!(of(0.99) < 100 * SECOND / per_second, "at p99 a step came {p99} µs late");
}
