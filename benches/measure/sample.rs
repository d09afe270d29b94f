//! Interleaved runs and their medians, and the events that are measured.

use falsetrail::machinery::{Plan, Renderer, Run, bytes::Chunk, simulation::Record};
use std::time::{Duration, Instant};

/// Events of a batch, as a run renders them.
pub const BATCH: usize = 256;

/// Median seconds of each of the works, which take turns: whatever slows the machine down for a while slows all.
pub fn medians<const N: usize>(rounds: usize, mut works: [&mut dyn FnMut() -> Duration; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (work, times) in works.iter_mut().zip(&mut times) {
            let time = work().as_secs_f64();
            // The first round warms up caches, pipes and branch predictors.
            if round > 0 {
                times.push(time);
            }
        }
    }
    times.map(median)
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How long a work takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// A run of so many events.
pub fn plan(scenario: &str, events: u64, rate: Option<u64>) -> Plan {
    let run = Run::new(scenario).seed(7).from("2026-01-05T08:00:00Z").events_limit(events);
    let run = run.with(|options| {
        options.rate = rate.map(|rate| falsetrail::machinery::units::rate(&format!("{rate}/s")).expect("a rate"));
    });
    run.plan().expect("a shipped scenario can be planned")
}

/// Records of a run, simulated before anything is measured.
pub struct Simulated<'p> {
    plan: &'p Plan,
    pub records: Vec<Record>,
    slots: Vec<u64>,
}

impl<'p> Simulated<'p> {
    /// The run's first events, of one method only if that is given.
    pub fn new(plan: &'p Plan, method: Option<&str>, events: usize) -> Self {
        let (mut stream, mut slots, mut records) = (plan.stream(), Vec::new(), Vec::new());
        while records.len() < events {
            let Some(record) = stream.next(&mut slots) else { break };
            let name = &plan.catalog.methods[plan.event_kinds[record.event_kind as usize].method].name;
            if method.is_none_or(|method| method == name) {
                records.push(record);
            } else {
                slots.truncate(record.slots_at as usize);
            }
        }
        assert_eq!(records.len(), events, "the run has too few events");
        Simulated { plan, records, slots }
    }

    pub fn renderer(&self) -> Renderer<'p> {
        Renderer::new(self.plan)
    }

    /// Renders all of it, batch by batch into one chunk, and gives each batch to `after`.
    pub fn render(&self, renderer: &mut Renderer, chunk: &mut Chunk, mut after: impl FnMut(&Chunk)) {
        for batch in 0..self.records.len().div_ceil(BATCH) {
            self.render_batch(batch, renderer, chunk);
            after(chunk);
        }
    }

    /// Renders one batch.
    pub fn render_batch(&self, batch: usize, renderer: &mut Renderer, chunk: &mut Chunk) {
        chunk.clear();
        for record in self.records.iter().skip(batch * BATCH).take(BATCH) {
            renderer.render(record, &self.slots, chunk);
        }
    }
}
