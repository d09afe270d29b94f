//! Rendering against copying an event that was rendered before: what templates cost.

use crate::{
    sample::{BATCH, Simulated, median, medians, plan, timed},
    table::{Row, ratio},
};
use falsetrail::machinery::bytes::Chunk;
use std::{collections::HashMap, hint::black_box};

pub fn rows() -> Vec<Row> {
    let (alone, alone_ns, alone_bytes) = measure("create-pool", Some("CreateComputePool"));
    let (mix, mix_ns, mix_bytes) = measure("every-method", None);
    vec![
        ratio("render ÷ memcpy, CreateComputePool", alone, 0.16)
            .note(format!("{alone_ns:.0} ns for {alone_bytes} bytes")),
        ratio("render ÷ memcpy, all 17 methods", mix, 0.20).note(format!("{mix_ns:.0} ns for {mix_bytes} bytes")),
    ]
}

/// Speed of rendering by speed of copying, nanoseconds an event, bytes an event.
fn measure(scenario: &str, method: Option<&str>) -> (f64, f64, usize) {
    let events = 16 * BATCH;
    let plan = plan(scenario, events as u64, None);
    let simulated = Simulated::new(&plan, method, events);
    let (mut renderer, mut chunk) = (simulated.renderer(), Chunk::default());
    // One event of each kind: they lie in the processor's nearest cache.
    let mut kinds: HashMap<u16, Vec<u8>> = HashMap::new();
    let mut bytes = 0;
    simulated.render(&mut renderer, &mut chunk, |chunk| {
        for event in &chunk.events {
            kinds.entry(event.method).or_insert_with(|| [chunk.body(event), b"\n"].concat());
        }
        bytes += chunk.bodies.len();
    });
    let copies: Vec<&[u8]> = simulated
        .records
        .iter()
        .map(|record| kinds[&(plan.event_kinds[record.event_kind as usize].method as u16)].as_slice())
        .collect();
    let (mut times, mut limits, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..16 {
        // In other memory each time: where that lies decides up to a quarter of what copying takes.
        let (mut chunk, mut buffer) = (Chunk::default(), Vec::with_capacity(2 * BATCH * bytes / events));
        // A batch at a time, which is short enough that other programs seldom interrupt it.
        let (mut rendered_batches, mut copied_batches) = ((0..16).cycle(), (0..16).cycle());
        let [rendering, copying] = medians(
            208,
            [
                &mut || {
                    let batch = rendered_batches.next().unwrap_or_default();
                    timed(|| {
                        simulated.render_batch(batch, &mut renderer, &mut chunk);
                        black_box(&chunk.bodies);
                    })
                },
                &mut || {
                    let batch = copied_batches.next().unwrap_or_default();
                    timed(|| {
                        buffer.clear();
                        for event in &copies[batch * BATCH..][..BATCH] {
                            buffer.extend_from_slice(event);
                        }
                        black_box(&buffer);
                    })
                },
            ],
        );
        times.push(rendering);
        limits.push(copying);
        kept.push((chunk, buffer));
    }
    let (rendering, copying) = (median(times), median(limits));
    (copying / rendering, rendering * 1e9 / BATCH as f64, bytes / events)
}
