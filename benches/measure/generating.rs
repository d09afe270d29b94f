//! A whole run against rendering alone: what the simulation, batches and counting cost.

use crate::{
    sample::{Simulated, medians, plan, timed},
    table::{Row, ratio},
};
use falsetrail::machinery::{
    bytes::Chunk,
    run::{self, EmitOptions, Slice},
    sink::Null,
};
use std::{hint::black_box, num::NonZero, sync::atomic::AtomicBool};

/// Events of a run.
const EVENTS: u64 = 50_000;
/// Events that are passed over.
const SKIPPED: u64 = 500_000;

pub fn rows() -> Vec<Row> {
    let whole = plan("busy-day", EVENTS, None);
    let simulated = Simulated::new(&whole, None, EVENTS as usize);
    let (mut renderer, mut chunk) = (simulated.renderer(), Chunk::default());
    let emit = |plan, skip| {
        let how = EmitOptions {
            part: Slice { skip, ..Slice::default() },
            threads: NonZero::new(1),
            ..EmitOptions::default()
        };
        let outcome = run::emit(plan, Box::new(Null::default()), how, &AtomicBool::new(false));
        assert!(outcome.error.is_none());
    };
    let [generating, rendering] = medians(
        9,
        [&mut || timed(|| emit(&whole, 0)), &mut || {
            timed(|| {
                simulated.render(&mut renderer, &mut chunk, |chunk| {
                    black_box(&chunk.bodies);
                });
            })
        }],
    );
    let long = plan("busy-day", SKIPPED, None);
    let [skipping, simulating] = medians(
        3,
        [&mut || timed(|| emit(&long, SKIPPED - 1)), &mut || {
            timed(|| {
                black_box(long.stream().run_through());
            })
        }],
    );
    let nanoseconds = skipping * 1e9 / SKIPPED as f64;
    vec![
        ratio("generate ÷ rendering alone, in memory", rendering / generating, 0.6)
            .note(format!("{:.0} ns an event", generating * 1e9 / EVENTS as f64)),
        ratio("`--skip` ÷ simulation alone", simulating / skipping, 0.9)
            .note(format!("{nanoseconds:.0} ns an event passed over")),
    ]
}
