//! Runs with a rate: every second holds its count, and no step comes before its delay has passed.

use falsetrail::{Plan, Run, units::rate};
use std::collections::HashMap;

const FROM: &str = "2026-01-05T08:00:00Z";
const SECOND: i64 = 1_000_000_000;

fn paced(scenario: &str, text: &str, seconds: i64) -> Plan {
    let run = Run::of(scenario).seed(7).from(FROM).with(|options| {
        options.rate = Some(rate(text).expect(text));
        options.duration = Some((seconds * SECOND) as u64);
    });
    run.plan().expect("the run can be planned")
}

/// Event times in nanoseconds since the run's beginning, without rendering anything.
fn times(plan: &Plan) -> Vec<i64> {
    let mut stream = plan.stream();
    let mut words = Vec::new();
    let mut times = Vec::new();
    while let Some(record) = stream.next(&mut words) {
        times.push(record.time - plan.timing.from);
        words.clear();
    }
    times
}

fn per_second(times: &[i64], seconds: i64) -> Vec<u32> {
    let mut counts = vec![0; seconds as usize];
    for time in times {
        counts[(time / SECOND) as usize] += 1;
    }
    counts
}

#[test]
fn every_second_holds_its_count() {
    for (text, seconds) in [("1/s", 50), ("7/s", 50), ("333/s", 40), ("5000/s", 12)] {
        let times = times(&paced("busy-day", text, seconds));
        assert!(times.is_sorted(), "{text}");
        let wanted: u32 = text.trim_end_matches("/s").parse().expect(text);
        assert!(per_second(&times, seconds).iter().all(|count| *count == wanted), "{text}");
    }
    // Three in ten seconds: never off by a whole event.
    let times = times(&paced("busy-day", "0.3/s", 1000));
    for second in 1..=1000 {
        let count = times.iter().filter(|time| **time < second * SECOND).count() as f64;
        assert!((count - 0.3 * second as f64).abs() < 1.0 + 1e-9, "{count} after {second} s");
    }
}

#[test]
fn stages_hold_the_integral_of_the_rate() {
    let run = Run::of("busy-day").seed(7).from(FROM).with(|options| {
        let stage = |seconds: u64, text: &str| (seconds * SECOND as u64, rate(text).expect(text));
        options.stages = vec![stage(10, "500/s"), stage(5, "500/s"), stage(0, "20/s"), stage(10, "20/s")];
    });
    let times = times(&run.plan().expect("the run can be planned"));
    assert_eq!(times.len(), 2_500 + 2_500 + 200);
    for (second, wanted) in [(2, 100.0), (5, 625.0), (10, 2_500.0), (15, 5_000.0), (20, 5_100.0)] {
        let count = times.iter().filter(|time| **time < second * SECOND).count() as f64;
        assert!((count - wanted).abs() <= 1.0, "{count} events after {second} s");
    }
}

#[test]
fn a_step_waits_for_its_delay_and_hardly_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    let story = folder.path().join("fixed.yaml");
    let steps = "steps:\n  - create-pool\n  - { call: get-pool, after: 3s }\n  - { call: list-pools, after: 800ms }\n  - { call: delete-pool, after: 5s }\n";
    std::fs::write(&story, steps).expect("a file");
    let plan = paced(story.to_str().expect("a path"), "5000/s", 30);
    let mut stream = plan.stream();
    let mut words = Vec::new();
    let mut last: HashMap<u64, (u16, i64)> = HashMap::new();
    let mut late = Vec::new();
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        let step = plan.emissions[record.emission as usize].step;
        if let Some((before, time)) = last.insert(record.instance, (step, record.time)) {
            assert_eq!(before + 1, step);
            let delay = [0, 3_000, 800, 5_000][usize::from(step)] * SECOND / 1000;
            late.push(record.time - time - delay);
        }
    }
    late.sort_unstable();
    assert!(late[0] >= 0, "a step came {} ns early", -late[0]);
    let p99 = late[late.len() * 99 / 100];
    println!(
        "late at p50 {} µs, p99 {} µs, max {} µs",
        late[late.len() / 2] / 1000,
        p99 / 1000,
        late[late.len() - 1] / 1000
    );
    assert!(p99 < 5 * SECOND / 1000, "p99 is {p99} ns late");
}

#[test]
fn a_run_begins_in_the_middle_of_life_unless_it_starts_cold() {
    let first_steps = |cold: bool| {
        let run = Run::of("notebook-session").seed(7).from(FROM).with(|options| {
            options.rate = Some(rate("200/s").expect("a rate"));
            options.duration = Some(2 * SECOND as u64);
            options.cold_start = cold;
        });
        let plan = run.plan().expect("the run can be planned");
        let events: Vec<_> = plan.events().map(|event| event.step).collect();
        assert_eq!(events.len(), 400);
        events.iter().filter(|step| **step == 0).count()
    };
    let (cold, warm) = (first_steps(true), first_steps(false));
    assert!(cold > 3 * warm, "{cold} of the first 400 events begin a story in a cold start, {warm} in a warm one");
}

#[test]
fn a_shorter_run_is_the_beginning_of_a_longer_one() {
    let bodies = |events: u64| {
        let run = Run::of("busy-day").seed(7).from(FROM).events_limit(events).with(|options| {
            options.rate = Some(rate("100/s").expect("a rate"));
        });
        run.plan().expect("the run can be planned").events().map(|event| event.body).collect::<Vec<_>>()
    };
    let (short, long) = (bodies(300), bodies(700));
    assert_eq!((short.len(), long.len()), (300, 700));
    assert!(long.starts_with(&short));
}
