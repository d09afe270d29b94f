//! The simulation by itself: what an event and a story that is going on cost.

use crate::{
    sample::{Simulated, median, medians, plan, timed},
    table::{Row, at_most},
};
use falsetrail::machinery::{Plan, bytes::Chunk, simulation::Stream};
use std::{fs, hint::black_box};

/// Events between two looks at the time.
const EVENTS: usize = 100_000;

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut kept = Vec::new();
    for (scenarios, required) in [(1_000, 80.0), (100_000, 150.0)] {
        let plan = with_stories(scenarios);
        let before = resident_bytes();
        let mut stream = plan.stream();
        let going_on = stream.going_on();
        kept.push([going_on, stream.resources_kept(), resident_bytes().saturating_sub(before)].map(|it| it as f64));
        let simulating = simulating(&mut stream);
        let rendering = rendering(&plan);
        rows.push(
            at_most(&format!("simulation, {scenarios} active stories, ns an event"), simulating, required)
                .note(format!("{:.2} of rendering the same events; {going_on} going on", simulating / rendering)),
        );
    }
    let [few, many] = kept[..] else { return rows };
    let [scenarios, resources, bytes] = [0, 1, 2].map(|at| many[at] - few[at]);
    let (each, resources) = (bytes / scenarios, resources / scenarios);
    rows.push(
        at_most("memory of an active story with its resources, bytes", each, (128.0 + 64.0 * resources).floor())
            .note(format!("128 and 64 for each of {resources:.1} resources")),
    );
    rows
}

/// Nanoseconds for simulating an event.
fn simulating(stream: &mut Stream) -> f64 {
    let mut words = Vec::new();
    let times = (0..8).map(|_| {
        let time = timed(|| {
            for _ in 0..EVENTS {
                words.clear();
                black_box(stream.next(&mut words));
            }
        });
        time.as_secs_f64() * 1e9 / EVENTS as f64
    });
    median(times.collect())
}

/// A day at the rate that keeps so many stories going on.
fn with_stories(wanted: u64) -> Plan {
    let rate = 20;
    let going_on = plan("busy-day", u64::MAX / 2, Some(rate)).stream().going_on();
    plan("busy-day", u64::MAX / 2, Some((rate * wanted).div_ceil(going_on)))
}

/// Nanoseconds for rendering an event of the same run.
fn rendering(plan: &Plan) -> f64 {
    let events = 16_384;
    let simulated = Simulated::new(plan, None, events);
    let (mut renderer, mut chunk) = (simulated.renderer(), Chunk::default());
    let [time] = medians(
        5,
        [&mut || {
            timed(|| {
                simulated.render(&mut renderer, &mut chunk, |chunk| {
                    black_box(&chunk.bodies);
                });
            })
        }],
    );
    time * 1e9 / events as f64
}

/// The memory that this process has; 0 where there is no `/proc`.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0_u64) * 1024
}
