//! The one loop: simulate, render, hand over, until the run or its sink ends.

mod summary;

pub use summary::Summary;

use crate::{
    error::Error,
    plan::Plan,
    render::Renderer,
    sink::{Chunk, Delivered, Ending, Flow, Sink},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// What a run has done when it is over.
#[derive(Debug)]
pub struct Outcome {
    /// What was generated, counted.
    pub summary: Summary,
    /// What the sink has delivered.
    pub delivered: Delivered,
    /// Whether it was stopped from outside before its end.
    pub stopped: bool,
    /// Why it failed, if it did.
    pub error: Option<Error>,
}

/// Emits a plan's events into a sink. Ends early when `stop` becomes true.
pub fn emit(plan: &Plan, mut sink: Box<dyn Sink>, stop: &AtomicBool) -> Outcome {
    let mut summary = Summary::new(plan);
    let mut stream = plan.stream();
    let mut renderer = Renderer::new(plan);
    let mut words = Vec::new();
    let mut chunk = Chunk::default();
    let mut error = None;
    let mut ended = false;
    let mut stopped = false;
    while !ended && !stopped {
        chunk.clear();
        words.clear();
        while !chunk.is_full() {
            let Some(record) = stream.next(&mut words) else {
                ended = true;
                break;
            };
            renderer.render(&record, &words, &mut chunk);
        }
        summary.count(&chunk);
        match sink.take(&chunk) {
            Ok(Flow::Open) => {}
            Ok(Flow::Closed) => break,
            Err(failed) => {
                error = Some(failed);
                break;
            }
        }
        stopped = !ended && stop.load(Ordering::Relaxed);
    }
    let ending = if ended && error.is_none() { Ending::Complete } else { Ending::Stopped };
    let delivered = match sink.finish(ending) {
        Ok(delivered) => delivered,
        Err(failed) => {
            error = error.or(Some(failed));
            Delivered::default()
        }
    };
    Outcome { summary, delivered, stopped, error }
}
