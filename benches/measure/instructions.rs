//! Renders 10,000 events of a template, for valgrind to count: see `benches/guard`.

use crate::sample::{Simulated, plan};
use falsetrail::machinery::{Renderer, bytes::Chunk};
use std::{hint::black_box, process::ExitCode};

/// Renders what is counted; named in `benches/guard`.
#[inline(never)]
fn counted_rendering(simulated: &Simulated, renderer: &mut Renderer, chunk: &mut Chunk) {
    for _ in 0..50 {
        simulated.render(renderer, chunk, |chunk| {
            black_box(&chunk.bodies);
        });
    }
}

/// One method's events, or, without one, the names of all.
pub fn run(method: Option<&str>) -> ExitCode {
    let plan = plan("every-method", 17 * 400, None);
    let Some(method) = method else {
        plan.catalog.methods.iter().for_each(|method| println!("{}", method.name));
        return ExitCode::SUCCESS;
    };
    let simulated = Simulated::new(&plan, Some(method), 200);
    let (mut renderer, mut chunk) = (simulated.renderer(), Chunk::default());
    // Memory is taken before, so that only rendering is counted.
    simulated.render(&mut renderer, &mut chunk, |_| {});
    counted_rendering(&simulated, &mut renderer, &mut chunk);
    ExitCode::SUCCESS
}
