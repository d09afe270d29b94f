//! Runs with a rate: every second holds its count, and no step comes before its delay has passed.

use falsetrail::machinery::{Operation, Plan, Run, units::rate};
use std::collections::HashMap;

const FROM: &str = "2026-01-05T08:00:00Z";
const SECOND: i64 = 1_000_000_000;

fn paced(scenario: &str, text: &str, seconds: i64) -> Plan {
    let run = Run::new(scenario).seed(7).from(FROM).with(|options| {
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

/// Goes through a run without keeping it: events in order, and every whole second as full as the rate says.
fn check_seconds(text: &str, thousandths: u64, events: u64) {
    let run = Run::new("busy-day").seed(7).from(FROM).events_limit(events).with(|options| {
        options.rate = Some(rate(text).expect(text));
        // What goes on before the run fills no second of it.
        options.cold_start = thousandths > 10_000_000;
    });
    let plan = run.plan().expect("the run can be planned");
    let (mut stream, mut words) = (plan.stream(), Vec::new());
    let (mut count, mut second, mut last) = (0_u64, 0_u64, 0);
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        let time = record.time - plan.timing.from;
        assert!(time >= last, "{text}: event {count} comes before the one before it");
        while time >= (second as i64 + 1) * SECOND {
            second += 1;
            let wanted = second * thousandths;
            // Whole rates exactly, others within a whole event for ever.
            let off = (count * 1_000).abs_diff(wanted);
            let exact = thousandths.is_multiple_of(1_000);
            assert!(off < if exact { 1 } else { 1_000 }, "{text}: {count} events in {second} s");
        }
        (count, last) = (count + 1, time);
    }
    assert_eq!(count, events, "{text}");
}

#[test]
fn every_second_holds_its_count() {
    let all = std::env::var_os("FALSETRAIL_TEST_ALL").is_some();
    for (text, thousandths, few) in [
        ("1/s", 1_000, 50),
        ("7/s", 7_000, 350),
        ("333/s", 333_000, 13_320),
        ("5000/s", 5_000_000, 60_000),
        ("100000/s", 100_000_000, 250_000),
        ("0.3/s", 300, 300),
    ] {
        check_seconds(text, thousandths, if all { 10_000_000 } else { few });
    }
}

/// Events up to a time by the stages' own words: seconds, and the rate at their end in events a second. From 0 on.
fn integral(stages: &[(f64, f64)], time: f64) -> f64 {
    let (mut sum, mut begin, mut before) = (0.0, 0.0, 0.0);
    for (duration, target) in stages {
        let passed = (time - begin).clamp(0.0, *duration);
        if *duration > 0.0 {
            sum += passed * (before + (target - before) * passed / duration / 2.0);
        }
        (begin, before) = (begin + duration, *target);
    }
    sum
}

#[test]
fn stages_hold_the_integral_of_the_rate() {
    let runs: [&[(f64, f64)]; 3] = [
        &[(10.0, 500.0), (5.0, 500.0), (0.0, 20.0), (10.0, 20.0)],
        // Down to nothing for a while, up again, a jump.
        &[(0.0, 40.0), (6.0, 0.0), (4.0, 0.0), (6.0, 300.0), (0.0, 50.0), (5.0, 5.0)],
        &[(3.0, 100.0), (3.0, 10.0), (3.0, 333.0), (7.5, 0.5), (20.0, 0.5)],
    ];
    for stages in runs {
        let run = Run::new("busy-day").seed(7).from(FROM).with(|options| {
            let stage = |(seconds, target): &(f64, f64)| {
                ((seconds * SECOND as f64) as u64, rate(&format!("{target}/s")).expect("a rate"))
            };
            options.stages = stages.iter().map(stage).collect();
        });
        let times = times(&run.plan().expect("the run can be planned"));
        let length = stages.iter().map(|stage| stage.0).sum::<f64>();
        // An event lies in its slot, which lasts from where the integral has reached its number to the next.
        for step in 0..=(length / 0.05) as i64 {
            let time = step as f64 * 0.05;
            let count = times.iter().filter(|it| (**it as f64) < time * SECOND as f64).count() as f64;
            let wanted = integral(stages, time);
            assert!((count - wanted).abs() < 1.0 + 1e-6, "{count} events, not {wanted}, after {time} s of {stages:?}");
        }
        assert_eq!(times.len(), integral(stages, length).ceil() as usize, "{stages:?}");
    }
}

#[test]
fn a_step_waits_for_its_delay_and_hardly_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("fixed.yaml");
    let steps = "steps:\n  - create-pool\n  - { call: get-pool, after: 3s }\n  - { call: list-pools, after: 800ms }\n  - { call: delete-pool, after: 5s }\n";
    std::fs::write(&scenario, steps).expect("a file");
    let plan = paced(scenario.to_str().expect("a path"), "5000/s", 30);
    let mut stream = plan.stream();
    let mut words = Vec::new();
    let mut last: HashMap<u64, (u16, i64)> = HashMap::new();
    let mut late = Vec::new();
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        let step = plan.event_kinds[record.event_kind as usize].step;
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
fn delays_from_ranges_are_kept() {
    let plan = paced("busy-day", "500/s", 60);
    let (mut stream, mut words) = (plan.stream(), Vec::new());
    let mut last: HashMap<(u16, u64), i64> = HashMap::new();
    let mut checked = 0;
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        let event_kind = &plan.event_kinds[record.event_kind as usize];
        let Operation::Call(call) = &plan.scenarios[usize::from(event_kind.scenario)].operations[event_kind.operation]
        else {
            panic!("an event is of a call");
        };
        let range = if record.occurrence == 0 { call.after } else { call.every };
        let Some(before) = last.insert((event_kind.scenario, record.instance), record.time) else { continue };
        let waited = u64::try_from(record.time - before).expect("events are in order");
        assert!(waited >= range.low, "a step came {} ns early", range.low - waited);
        // How late it may be is measured beside the simulation; here it only must not be a matter of seconds.
        assert!(waited <= range.high + 2 * SECOND as u64, "a step came {} ns late", waited - range.high);
        checked += 1;
    }
    assert!(checked > 10_000, "only {checked} delays were seen");
}

#[test]
fn the_same_run_at_another_time_is_the_same() {
    let times_from = |from: &str| {
        let run = Run::new("busy-day").seed(7).from(from).events_limit(2_000).with(|options| {
            options.rate = Some(rate("100/s").expect("a rate"));
        });
        times(&run.plan().expect("the run can be planned"))
    };
    assert_eq!(times_from(FROM), times_from("2031-12-24T23:59:59.987654321Z"));
}

#[test]
fn a_run_begins_in_the_middle_of_life_unless_it_starts_cold() {
    let first_steps = |cold: bool| {
        let run = Run::new("notebook-session").seed(7).from(FROM).with(|options| {
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
        let run = Run::new("busy-day").seed(7).from(FROM).events_limit(events).with(|options| {
            options.rate = Some(rate("100/s").expect("a rate"));
        });
        run.plan().expect("the run can be planned").events().map(|event| event.body).collect::<Vec<_>>()
    };
    let (short, long) = (bodies(300), bodies(700));
    assert_eq!((short.len(), long.len()), (300, 700));
    assert!(long.starts_with(&short));
}
