//! The one loop: simulate, render, hand over, until the run or its sink ends.

mod only;
mod part;
mod summary;

pub use only::Only;
pub use part::{Part, Shard};
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

/// Events that are passed over between two looks at whether to stop.
const PASSED_AT_ONCE: u32 = 65_536;

/// Emits a part of a plan's events into a sink. Ends early when `stop` becomes true. With `digest` the summary has a
/// digest of what was emitted.
pub fn emit(plan: &Plan, part: &Part, mut sink: Box<dyn Sink>, digest: bool, stop: &AtomicBool) -> Outcome {
    let mut summary = Summary::new(plan, digest);
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
        let mut passed = 0;
        while !chunk.is_full() && passed < PASSED_AT_ONCE {
            let Some(record) = stream.next(&mut words).filter(|record| !part.ends_before(record.number)) else {
                ended = true;
                break;
            };
            if part.holds(plan, &record) {
                renderer.render(&record, &words, &mut chunk);
            } else {
                words.truncate(record.words_at as usize);
                passed += 1;
            }
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
    let whole = plan.timing.to.is_none() && plan.timing.schedule.is_none() && part.only.is_none();
    let wanted = plan.timing.events.filter(|_| whole);
    if ended && error.is_none() && wanted.is_some_and(|wanted| stream.emitted() < wanted) {
        let message = format!("the run ended after {} events: event time ends in the year 2262", stream.emitted());
        error = Some(Error::failed(message).help("let instances start more often, by `--every`"));
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
